"""Starting from weights that are there already, instead of random ones."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from engine.errors import BadInput
from engine.events import Notice
from engine.graph.spec import NetworkSpec
from engine.importing.weights import load, match, read_weights


def start_from(model: nn.Module, spec: NetworkSpec, name: str, root: Path) -> Notice:
    """Load what fits of the weights file `name` into a fresh model; returns what to tell about it.

    Args:
        name: path of the file relative to the project's folder `root`; it must lie in there, so that a project from
            somewhere else cannot reach for other files.

    Raises:
        BadInput: the file is outside the folder, is missing or broken, or holds nothing of this network.
    """
    base, path = root.resolve(), (root / name).resolve()
    if not path.is_relative_to(base):
        raise BadInput(
            f"The start weights {name} lie outside the project's folder.", "Copy the file into it, or import it again."
        )
    report = match(spec, read_weights(path))
    taken = load(model, report)
    whole = taken + len(report.missing) + len(report.mismatched)
    text = f"The training starts from {path.name}: {taken:,} of {whole:,} weights taken."
    rest = [f"{one.name} has another size" for one in report.mismatched] + [
        f"{one} is missing" for one in report.missing
    ]
    if not rest:
        return Notice("info", text)
    more = f" and {len(rest) - 2:,} more" if len(rest) > 2 else ""
    return Notice("warning", f"{text} New random ones: {', '.join(rest[:2])}{more}.")
