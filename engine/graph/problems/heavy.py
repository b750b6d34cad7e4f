"""Layers with so many weights that no ordinary computer holds them, which nearly always is a picture left too large."""

from __future__ import annotations

from collections.abc import Iterator

from engine.graph.cost import FLOAT_BYTES
from engine.graph.problems.base import View, register, title, try_layer
from engine.graph.repairs import put_between
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import BLOCK, EdgeSpec

# Eight gigabytes of weights: training takes four times as much, with gradients and the averages of Adam.
_MOST = 2 * 1024**3
_POOLED = 7


@register("too-many-weights")
def too_many_weights(view: View) -> Iterator[Problem]:
    """A layer whose weights alone take more than eight gigabytes."""
    for node in view.spec.nodes:
        info = view.level.infos[node.id]
        if node.type == BLOCK or info.parameters <= _MOST:
            continue
        size = info.parameters * FLOAT_BYTES / 1024**3
        into = " and ".join(written(shape) for shape in info.input_shapes)
        yield Problem(
            "warning",
            "too-many-weights",
            node.id,
            f"{title(node)} has {info.parameters:,} weights for its {into} values, which take {size:,.0f} GB.",
            "Let a smaller picture reach it, by pooling or strides before it, or give it fewer outputs.",
            tuple(_pooled(view, node.id)),
        )


def _pooled(view: View, id: str) -> Iterator[Repair]:
    """Pool the picture to 7×7 before it is flattened, as VGG and AlexNet do."""
    edge: EdgeSpec | None = view.level.feeding(id)
    while edge is not None:
        source = view.spec.by_id[edge.source]
        shapes = view.level.shapes_into(source.id)
        if source.type == "Flatten" and shapes and len(shapes[0]) == 3:
            before = view.level.feeding(source.id)
            step = ("AdaptiveAvgPool2d", {"output_size": _POOLED})
            if before is not None and try_layer(*step, (shapes[0],)):
                label = f"Pool the picture to {_POOLED}×{_POOLED} before {source.id}"
                yield put_between(before, (step,), label)
            return
        edge = view.level.feeding(source.id) if len(shapes) == 1 else None
