"""Weights as safetensors, with what is needed to use them in the header."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.errors import BadInput
from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.project.atomic import write_atomic

# The library that reads these files refuses longer headers.
_LONGEST_HEADER = 90_000_000


@EXPORTS.register("safetensors")
class Safetensors(ExportFormat):
    label: ClassVar[str] = "Weights (safetensors)"
    suffix: ClassVar[str] = ".safetensors"
    help: ClassVar[str] = "The weights with the network, its classes and its preprocessing in the header."
    holds_weights: ClassVar[bool] = True

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from safetensors.torch import save

        metadata = {"format": "pt", **package.metadata()}
        if sum(len(value) for value in metadata.values()) > _LONGEST_HEADER:
            raise BadInput(
                "The drawing is too large for the header of a safetensors file.",
                "Write it as a network file beside it, and the weights as a PyTorch checkpoint.",
            )
        say("Gathering the weights")
        # Two names may share memory (tied weights), which safetensors refuses; and it wants them contiguous.
        weights = {
            name: tensor.detach().cpu().contiguous().clone() for name, tensor in package.network.state_dict().items()
        }
        data = save(weights, metadata)
        say("Writing the weights")
        write_atomic(path, data)
        return Written()
