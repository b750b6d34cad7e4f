"""Weights as a PyTorch checkpoint: a plain state dict."""

from __future__ import annotations

import io
from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.project.atomic import write_atomic


@EXPORTS.register("checkpoint")
class Checkpoint(ExportFormat):
    label: ClassVar[str] = "Weights (PyTorch .pt)"
    suffix: ClassVar[str] = ".pt"
    help: ClassVar[str] = "A state dict that torch.load reads with weights_only=True."
    holds_weights: ClassVar[bool] = True

    def write(self, package: Package, path: Path, say: Say) -> Written:
        import torch

        say("Gathering the weights")
        buffer = io.BytesIO()
        torch.save({name: tensor.detach().cpu() for name, tensor in package.network.state_dict().items()}, buffer)
        say("Writing the weights")
        write_atomic(path, buffer.getvalue())
        return Written()
