"""Weights from a file, put under the names of a network, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.gallery import GALLERY
from engine.graph.spec import NetworkSpec

if TYPE_CHECKING:
    from torch import Tensor

    from engine.importing.weights import WeightReport


def weights_for(spec: NetworkSpec, path: Path) -> dict[str, Tensor]:
    """The weights of a file under the network's names; those of torchvision are renamed for networks of the gallery.

    Raises `BadInput` if the file cannot be read safely, or with the first weight that it lacks or has in another size.
    """
    import torch

    from engine.graph.compile import compile_network
    from engine.importing.weights import match, read_weights

    entry = next((entry for _, entry in GALLERY.items() if entry.name == spec.name), None)
    report = match(spec, read_weights(path), entry)
    if not report.complete:
        raise _unfit(spec, report, path)
    with torch.device("meta"):
        own = compile_network(spec).state_dict()
    # Older files lack the counters that only training reads.
    counters = {
        name: torch.zeros(one.shape, dtype=one.dtype) for name, one in own.items() if name not in report.matched
    }
    return {**report.tensors, **counters}


def _unfit(spec: NetworkSpec, report: WeightReport, path: Path) -> BadInput:
    if report.missing:
        first = f"lacks the weight {report.missing[0]} of {spec.name}"
    else:
        one = report.mismatched[0]
        sizes = ["×".join(map(str, shape)) or "one number" for shape in (one.their_shape, one.shape)]
        first = f"holds {one.theirs} with the sizes {sizes[0]}, and {spec.name} needs {sizes[1]}"
    more = len(report.missing) + len(report.mismatched) - 1
    others = f", and {more:,} more {'does' if more == 1 else 'do'} not fit" if more else ""
    return BadInput(
        f"{path.name} {first}{others}.",
        "Choose the weights of this network, or open the network that they belong to.",
        details="\n".join(report.lines()),
    )
