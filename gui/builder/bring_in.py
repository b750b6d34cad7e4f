"""The jobs behind importing: a network with its weights, or weights alone, kept in the project's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cancel import CancelToken
from engine.events import Emit
from engine.graph.spec import NetworkSpec
from engine.importing.job import Imported, ImportJob
from engine.project.atomic import write_atomic

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "weights"
"""The folder in a project's folder in which imported weights are kept."""


@dataclass(frozen=True)
class BroughtIn:
    """A network that was imported; `weights` is the file in the project's folder that its weights went into, or ""."""

    network: Imported
    weights: str = ""


@dataclass(frozen=True)
class BringIn:
    """Job: import a network and keep its weights in the project's folder."""

    job: ImportJob
    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> BroughtIn:
        found = self.job(emit, token)
        if not found.state:
            return BroughtIn(replace(found, state=None))
        return BroughtIn(replace(found, state=None), keep(found.state, found.spec.name, self.folder))


@dataclass(frozen=True)
class Fitted:
    """How the weights of a file fit a drawing, as lines for people; `weights` as of `BroughtIn`."""

    name: str
    matched: int
    whole: int
    lines: tuple[str, ...]
    weights: str = ""


@dataclass(frozen=True)
class FitWeights:
    """Job: compare the weights of a file with a drawing, and keep what fits in the project's folder."""

    spec: NetworkSpec
    path: Path
    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Fitted:
        from engine.gallery.base import GALLERY
        from engine.importing.weights import match, read_weights

        entry = next((entry for _, entry in GALLERY.items() if entry.name == self.spec.name), None)
        report = match(self.spec, read_weights(self.path), entry)
        token.raise_if_cancelled()
        kept = keep(report.tensors, self.path.stem, self.folder) if report.tensors else ""
        whole = len(report.matched) + len(report.missing) + len(report.mismatched)
        return Fitted(self.path.name, len(report.matched), whole, tuple(report.lines()), kept)


def keep(tensors: Mapping[str, Tensor], name: str, folder: Path) -> str:
    """Write weights into the project's folder; returns the file's path from there."""
    from safetensors.torch import save

    stem = re.sub(r"[^\w-]+", "_", name).strip("_") or "network"
    target = folder / WEIGHTS / f"{stem}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Tensors that share memory, as tied weights do, cannot be written; each gets its own.
    write_atomic(target, save({key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}))
    return f"{WEIGHTS}/{target.name}"
