"""What several detectors are made of: ResNet-50 as a backbone, the pyramid behind it, and the end of every network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import Field

from engine.blocks.fpn import Top, fpn, levels, ports
from engine.frozen import FrozenDict
from engine.gallery.base import Drawing, Options
from engine.gallery.resnet import bottleneck_stages, stem
from engine.gallery.resnet import rename as rename_resnet
from engine.graph.spec import NetworkSpec

DEPTHS = (3, 4, 6, 3)
RATIOS = (0.5, 1.0, 2.0)
RESULTS = ("boxes", "scores", "labels")


class DetectorOptions(Options):
    """Options that all detectors have."""

    num_classes: int = Field(91, ge=2, le=100_000, description="Kinds of object, and the background as the first.")
    detections: int = Field(100, ge=1, le=10_000, description="Rows of the result; unused ones hold label −1.")
    score_threshold: float = Field(0.05, ge=0, le=1, description="Results with a lower score are dropped.")
    raw: bool = Field(True, description="Also give what the heads say, which training needs.")


class ResNetDetectorOptions(DetectorOptions):
    norm: Literal["batch", "frozen"] = Field(
        "batch", description="Batch normalisation that learns, or frozen as with loaded weights of the backbone."
    )


def resnet50(in_channels: int, norm: str, first: int = 2) -> NetworkSpec:
    """ResNet-50 without its head. Outputs c2 to c5, the results of its four stages, from c`first` on."""
    net = Drawing("ResNet-50 backbone")
    bottleneck_stages(net, stem(net, net.input(in_channels, 800, 800)), DEPTHS)
    spec = net.outputs({f"c{number}": f"layer{number - 1}" for number in range(first, 6)})
    return frozen(spec) if norm == "frozen" else spec


def frozen(spec: NetworkSpec) -> NetworkSpec:
    """The same with every batch normalisation frozen, also inside blocks."""
    nodes = []
    for node in spec.nodes:
        if node.subgraph is not None:
            node = replace(node, subgraph=frozen(node.subgraph))
        elif node.type == "BatchNorm2d":
            kept = {name: value for name, value in node.params.items() if name == "eps"}
            node = replace(node, type="FrozenBatchNorm2d", params=FrozenDict(kept))
        nodes.append(node)
    return replace(spec, nodes=tuple(nodes))


def pyramid(net: Drawing, image: str, options: ResNetDetectorOptions, *, first: int, top: Top) -> list[str]:
    """Draw `backbone` and `fpn`; returns where its levels leave, finest first."""
    count = 6 - first
    backbone = net.block("backbone", resnet50(options.in_channels, options.norm, first), image)
    stages = [backbone, *(f"{backbone}:c{number}" for number in range(first + 1, 6))]
    widths = tuple(256 * 2 ** (number - 2) for number in range(first, 6))
    neck = net.block("fpn", fpn(widths, first=first, top=top), stages)
    return ports(neck, levels(first, count, top))


def rename_backbone(key: str, first: int = 2) -> str | None:
    """torchvision's "backbone.body.…" and "backbone.fpn.…" to ours, or None for another name."""
    if key.startswith("backbone.body."):
        return "backbone." + rename_resnet(key.removeprefix("backbone.body."))
    match = re.fullmatch(r"backbone\.fpn\.(inner|layer)_blocks\.(\d)\.(?:0\.)?(\w+)", key)
    if match:
        return f"fpn.{match[1]}{int(match[2]) + first}.{match[3]}"
    match = re.fullmatch(r"backbone\.fpn\.extra_blocks\.p(\d)\.(\w+)", key)
    return f"fpn.conv{match[1]}.{match[2]}" if match else None


def finish(net: Drawing, found: str, raw: Mapping[str, str], *, more: Mapping[str, str] | None = None) -> NetworkSpec:
    """End in boxes, scores and labels, whatever `more` there is, and the heads' own answers `raw`."""
    results = {"boxes": found, "scores": f"{found}:scores", "labels": f"{found}:labels"}
    return net.outputs({**results, **(more or {}), **raw})
