"""`--weights FILE`: what of a file's weights fits the network that the other arguments name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.gallery import GALLERY
from engine.graph.spec import NetworkSpec

if TYPE_CHECKING:
    from engine.importing.weights import WeightReport


def add_weights(parser: ArgumentParser) -> None:
    """Declare the argument."""
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="report what of these weights fits (.safetensors, .pt, .pth)"
    )


def weights_report(args: Namespace, spec: NetworkSpec) -> WeightReport | None:
    """Compare the file with the network, if one is named. Raises `BadInput` for a file that cannot be read."""
    if args.weights is None:
        return None
    from engine.importing.weights import match, read_weights

    return match(spec, read_weights(args.weights), GALLERY.get(args.network) if args.network in GALLERY else None)


def plain_report(report: WeightReport) -> dict[str, Any]:
    """The JSON form of a report."""
    return {
        "matched": len(report.matched),
        "missing": report.missing,
        "unexpected": report.unexpected,
        "mismatched": [
            {"name": one.name, "theirs": one.theirs, "shape": one.shape, "their_shape": one.their_shape}
            for one in report.mismatched
        ],
        "complete": report.complete,
        "how": report.how,
    }
