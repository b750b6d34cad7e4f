"""The source of every gallery network comes in again as the drawing that it was written from.

Bringing source in compares the drawing's answer with the module's own on the module's weights, and refuses a drawing
that computes something else; so nothing is computed here once more.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cancel import CancelSource
from engine.export.source.generate import generate
from engine.gallery import GALLERY
from engine.graph.analyse import analyse
from engine.graph.spec import NetworkSpec
from engine.importing.job import Imported, ImportJob
from tests.helpers.gallery_samples import small

# Chains, branches, dense and shared layers, loops, states, elements, attention and detection.
QUICK = (
    "lenet5", "googlenet", "resnet18", "densenet121", "mobilenet_v3_small", "lstm", "cnn_lstm", "siamese",
    "detr_small", "yolo_small",
)  # fmt: skip
# Brought in beside their drawing only: computing them for the comparison takes from 15 seconds to more than a minute,
# for the regions of large pictures and for YOLO's 270 million weights.
ONCE = ("fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn", "keypointrcnn_resnet50_fpn", "yolo_v1")


def bring_in(text: str, folder: Path, like: NetworkSpec | None) -> Imported:
    path = folder / "net.py"
    path.write_text(text, encoding="utf-8")
    return ImportJob(path, trusted=True, like=like)(lambda event: None, CancelSource().token)


def drawn(spec: NetworkSpec) -> list[object]:
    """All that a drawing computes and looks like; the titles of blocks are no part of source."""
    nodes = [
        (n.id, n.type, n.params, n.position, n.shares, drawn(n.subgraph) if n.subgraph else None) for n in spec.nodes
    ]
    return [*nodes, *spec.edges]


def cost(spec: NetworkSpec) -> tuple[object, ...]:
    """What stays the same whatever the nodes are called and however they are gathered in blocks."""
    whole = analyse(spec)
    return whole.totals.parameters, whole.totals.macs, whole.output


def check(id: str, folder: Path) -> None:
    spec = small(id)
    text = generate(spec)
    found = bring_in(text, folder, spec)
    assert found.how == "torch.fx"
    assert drawn(found.spec) == drawn(spec)
    if id not in ONCE:
        assert cost(bring_in(text, folder, None).spec) == cost(spec)


@pytest.mark.parametrize("id", QUICK)
def test_source_comes_back(id: str, tmp_path: Path) -> None:
    check(id, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("id", [id for id in GALLERY if id not in QUICK])
def test_the_source_of_every_network_comes_back(id: str, tmp_path: Path) -> None:
    check(id, tmp_path)
