"""How the segmentation networks are laid out: from top to bottom, or as their papers draw them."""

from __future__ import annotations

import pytest

from engine.gallery import open_network

IDS = ("fcn32s", "fcn16s", "fcn8s", "fcn_resnet50", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large")


@pytest.mark.parametrize("id", IDS)
def test_its_drawing_reads_from_top_to_bottom(id: str) -> None:
    spec = open_network(id)
    where = {node.id: node.position for node in spec.nodes}
    assert all(where[edge.source][1] < where[edge.target][1] for edge in spec.edges)
    assert len(set(where.values())) == len(where)


@pytest.mark.parametrize("depth", [1, 4, 6])
def test_u_net_is_drawn_as_the_papers_u(depth: int) -> None:
    where = {node.id: node.position for node in open_network("unet", depth=depth, padded=True).nodes}
    for level in range(1, depth + 1):
        assert where[f"down{level}"][1] == where[f"up{level}"][1], "what is copied goes straight across"
        assert where[f"down{level}"][0] < where[f"up{level}"][0]
    assert max(y for _, y in where.values()) == where["bottom"][1]
    assert len(set(where.values())) == len(where)


@pytest.mark.parametrize("pixels", [0, 500])
def test_pixelnet_gathers_its_levels_beside_the_backbone(pixels: int) -> None:
    where = {node.id: node.position for node in open_network("pixelnet", pixels=pixels).nodes}
    backbone = [where[id] for id in ("input", "block1", "block2", "block3", "block4", "block5", "dense")]
    assert len({x for x, _ in backbone}) == 1
    assert [y for _, y in backbone] == sorted(y for _, y in backbone)
    assert where["hypercolumn"][0] < backbone[0][0]
    assert len(set(where.values())) == len(where)
