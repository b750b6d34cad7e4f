"""The drawing that a detector is trained with: without the choice of the best boxes, and fed with the true ones.

A network as it is used thins its answers out, which takes time and which nothing is learned from. In two stages,
training adds the true boxes to the regions that the second stage looks at, as torchvision does, and lets the mask head
look at them in place of what was found; so both see every object from the first step on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.edits import remove
from engine.graph.ids import free_id
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec
from engine.tasks.detection.boxes import Weights
from engine.tasks.detection.families import FOUND, Family

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.detection.boxes import Truth

HANDED = 32
"""How many boxes the drawing speaks of; a batch may hold any number."""
SHAKE = 0.15
"""How far the sides of shaken boxes move at most, as a share of the box."""
_SLOT = 1 << 17  # beyond the places of any list of augmentations, whose draws these must not repeat

_WEIGHTS: dict[str, Weights] = {
    "ssd": (10.0, 10.0, 5.0, 5.0),
    "regions": (10.0, 10.0, 5.0, 5.0),
    "retina": (1.0, 1.0, 1.0, 1.0),
}
_DROPPED = (*FOUND, "masks", "keypoints", "keypoint_scores")


def check_drawing(spec: NetworkSpec, family: Family) -> None:
    """Raise `BadInput` when boxes are read in another way than they are learned in."""
    wanted = _WEIGHTS.get(family.kind)
    for node in spec.nodes:
        if node.type == "LevelDetections" and family.kind == "ssd":
            raise BadInput(
                f"{node.id} has no class for the background, and the network has a score more than there are classes.",
                "Set the network's number of classes to that of the data.",
                node=node.id,
            )
        if node.type == "ClassDetections" and family.kind == "retina":
            raise BadInput(
                f"{node.id} takes the first class for the background, and the network has as many scores as classes.",
                "Set the network's number of classes to one more than the data has.",
                node=node.id,
            )
    for node in spec.nodes:
        given = tuple(float(value) for value in node.params.get("weights", (1.0, 1.0, 1.0, 1.0)))
        if node.type == "DecodeBoxes" and wanted is not None and given != wanted:
            raise BadInput(
                f"{node.id} divides by {_written(given)}, and such a network learns boxes with {_written(wanted)}.",
                f"Set its weights to {_written(wanted)}.",
                node=node.id,
            )


def _written(weights: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in weights)


def training_drawing(spec: NetworkSpec, family: Family) -> NetworkSpec:
    """The drawing with the same weights whose outputs are what the loss of the family asks for."""
    if family.kind == "queries" or (family.kind == "grid" and len(spec.outputs) == 1):
        return spec
    if family.kind == "regions":
        return _with_true_boxes(spec)
    return _without(spec, FOUND)


def _without(spec: NetworkSpec, outputs: tuple[str, ...]) -> NetworkSpec:
    """The drawing without these Outputs and without what only they needed."""
    idle = {node.id for node in spec.outputs if node.id in outputs}
    while idle:
        spec = remove(spec, idle)
        needed = {edge.source for edge in spec.edges}
        idle = {node.id for node in spec.nodes if node.type not in (INPUT, OUTPUT) and node.id not in needed}
    return spec


def _with_true_boxes(spec: NetworkSpec) -> NetworkSpec:
    proposals, found = _source(spec, "proposals"), _source(spec, "boxes")
    if proposals is None:
        return spec
    truth = NodeSpec(free_id("true_boxes", spec.by_id), INPUT, FrozenDict({"shape": (HANDED, 4)}))
    spec = replace(spec, nodes=(*spec.nodes, truth))
    both = NodeSpec(free_id("regions_and_truth", spec.by_id), "Concatenate")
    spec = replace(spec, nodes=(*spec.nodes, both))
    spec = _moved(spec, proposals, both.id, lambda edge: True)
    if found is not None:
        results = {node.id for node in spec.outputs}
        spec = _moved(spec, found, truth.id, lambda edge: edge.target not in results)
    feeding = (EdgeSpec(proposals.source, both.id, proposals.source_port), EdgeSpec(truth.id, both.id))
    spec = replace(spec, edges=(*spec.edges, *feeding))
    return _without(spec, _DROPPED)


def _source(spec: NetworkSpec, output: str) -> EdgeSpec | None:
    """The edge into an Output."""
    return next(iter(spec.edges_into.get(output, ())), None)


def _moved(spec: NetworkSpec, edge: EdgeSpec, source: str, which: Callable[[EdgeSpec], bool]) -> NetworkSpec:
    """Let what the source of `edge` feeds by the same port be fed by another node, as far as `which` says so."""
    origin = (edge.source, edge.source_port)
    return replace(
        spec,
        edges=tuple(
            replace(one, source=source, source_port="out")
            if (one.source, one.source_port) == origin and which(one)
            else one
            for one in spec.edges
        ),
    )


def handed_boxes(truth: Truth) -> Tensor:
    """What is handed to the second stage: the true boxes, and each once more with its sides shaken; (N, 2·M, 4).

    Boxes that the network finds itself are never quite right, and the mask head has to cope with that. How far sides
    move depends on the seed, the epoch and the picture alone.
    """
    import torch

    from engine.datasets.draws import Draws

    boxes = truth.boxes
    count = boxes.shape[1]
    words = Draws(truth.keys, _SLOT).words(4 * count, boxes.device).reshape(len(truth), count, 4)
    size = (boxes[..., 2:] - boxes[..., :2]).repeat(1, 1, 2)
    shaken = boxes + (words.to(boxes.dtype) / 32768 - 1) * SHAKE * size
    limit = boxes.new_tensor([truth.width, truth.height, truth.width, truth.height])
    return torch.cat([boxes, torch.minimum(shaken.clamp(min=0), limit)], dim=1)
