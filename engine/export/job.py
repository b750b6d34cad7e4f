"""Exporting as a job. Never imports torch until it runs, so that the window can make one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Progress
from engine.export.base import EXPORTS, Exported, Package, Say
from engine.graph.spec import NetworkSpec

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ExportJob:
    """Writes a network in one of the formats of `EXPORTS`.

    Args:
        spec: the drawing; with `run`, None for that of the run.
        format: id in `EXPORTS`.
        path: the file to write; it is replaced whole or not at all.
        weights: a safetensors or PyTorch file whose weights travel along.
        run: folder of a training, whose best weights, class names and preprocessing travel along.
        nested: whether summaries and tables go into the blocks.
        state: weights that the network came with, under its own names.

    Called as a job it emits `Progress`, returns an `Exported`, and can be cancelled between its steps.

    Raises:
        BadInput: the drawing has errors, a file does not fit it, or a part of the installation is missing (it names
            the command that installs it).
        JobFailed: the format cannot hold this network, or what was written does not compute the same.
    """

    spec: NetworkSpec | None
    format: str
    path: Path
    weights: Path | None = None
    run: Path | None = None
    nested: bool = False
    state: Mapping[str, Tensor] | None = None

    def __call__(self, emit: Emit, token: CancelToken) -> Exported:
        def say(text: str) -> None:
            token.raise_if_cancelled()
            emit(Progress(text))

        form = EXPORTS.get(self.format)
        path = Path(self.path)
        if path.is_dir():
            raise BadInput(f"{path} is a folder.", "Choose the name of a file.")
        if not path.parent.is_dir():
            raise BadInput(f"There is no folder {path.parent}.", "Choose a folder that exists.")
        missing = form.missing()
        if missing is not None:
            raise missing
        package = self._package(say)
        written = form().write(package, path, say)
        fresh = form.holds_weights and package.weights is None
        return Exported(path, self.format, package.spec.name, written.more, fresh, written.note)

    def _package(self, say: Say) -> Package:
        """The network with what travels with it."""
        if self.run is not None:
            say("Opening the training")
            package = package_of_run(Path(self.run))
            if self.spec is not None:
                package = replace(package, spec=self.spec)
        elif self.spec is not None:
            package = Package(self.spec, self.state)
        else:
            raise BadInput("There is no network to export.", "Give a drawing or a training.")
        if self.weights is not None:
            say("Reading the weights")
            from engine.export.weights import weights_for

            package = replace(package, weights=weights_for(package.spec, Path(self.weights)))
        return replace(package, nested=self.nested)


def package_of_run(folder: Path) -> Package:
    """A trained network with its best weights (its newest if there are no best ones yet), classes and preprocessing.

    Raises `BadInput` when a file is missing, damaged or does not belong to the others.
    """
    from engine.training.runs import load_run

    run = load_run(folder)
    if run.config.baseline:
        raise BadInput(f"{folder.name} is a baseline and has no network to export.", "Choose a run of a network.")
    return Package(run.spec, run.model.state_dict(), run.classes, run.config.data.preprocess)
