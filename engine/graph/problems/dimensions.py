"""Pictures where vectors are expected, and vectors where pictures are expected."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt, prod

from engine.graph.problems.base import View, register, title, try_layer
from engine.graph.repairs import Steps, become, put_between, take_out
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import EdgeSpec, NodeSpec, Shape

_DENSE = ("Linear", "RBF", "BatchNorm1d")
# The same operation for inputs of another kind.
_TWINS = {"BatchNorm2d": "BatchNorm1d", "BatchNorm1d": "BatchNorm2d", "Dropout2d": "Dropout"}


@register("picture-into-dense")
def picture_into_dense(view: View) -> Iterator[Problem]:
    """A dense layer that is fed a picture."""
    for node, shapes in view.failed(*_DENSE):
        shape = shapes[0]
        edge = view.level.feeding(node.id)
        if len(shape) < 2 or edge is None:
            continue
        repairs: list[Repair] = []
        if node.type in _TWINS and try_layer(_TWINS[node.type], node.params, shapes):
            repairs.append(become(node.id, _TWINS[node.type], node.params))
        flat = (prod(shape),)
        if try_layer(node.type, node.params, (flat,)):
            repairs.append(put_between(edge, (("Flatten", {}),), f"Insert Flatten before {node.id}"))
        if len(shape) == 3 and try_layer(node.type, node.params, ((shape[0],),)):
            pooled: Steps = (("AdaptiveAvgPool2d", {}), ("Flatten", {}))
            label = f"Insert global average pooling and Flatten before {node.id} (leaves {shape[0]} values)"
            repairs.append(put_between(edge, pooled, label))
        yield Problem(
            "error",
            "picture-into-dense",
            node.id,
            f"{title(node)} expects a vector but gets {written(shape)}, a picture of {prod(shape):,} values.",
            "Insert a Flatten between them.",
            (*repairs, take_out(node.id)),
        )


@register("vector-into-picture-layer")
def vector_into_picture_layer(view: View) -> Iterator[Problem]:
    """A convolution, a pooling or the like that is fed a vector, most often because it stands after Flatten."""
    for node, shapes in view.failed():
        if node.type in _DENSE or len(shapes) != 1 or len(shapes[0]) != 1:
            continue
        if not any(try_layer(node.type, node.params, ((c, s, s),)) for c in (shapes[0][0], 1) for s in (64, 4096)):
            continue  # it would not take a picture either, so that is not the reason
        yield Problem(
            "error",
            "vector-into-picture-layer",
            node.id,
            f"{title(node)} expects a picture (channels × height × width) but gets a vector of "
            f"{shapes[0][0]:,} values{_after_flatten(view, node)}.",
            "Move it before the Flatten, or turn the vector into a picture with Reshape.",
            tuple(_for_vector(view, node, shapes[0])),
        )


def _after_flatten(view: View, node: NodeSpec) -> str:
    flatten = _flatten_before(view, node)
    return f", because {flatten.id} has flattened the picture" if flatten else ""


def _flatten_before(view: View, node: NodeSpec) -> NodeSpec | None:
    """The Flatten that the vector comes from, through layers that keep shapes."""
    id = node.id
    while (edge := view.level.feeding(id)) is not None:
        before = view.spec.by_id[edge.source]
        if before.type == "Flatten":
            return before
        info = view.level.infos[before.id]
        if len(info.input_shapes) != 1 or info.input_shapes[0] != info.output_shape:
            return None
        id = before.id
    return None


def _for_vector(view: View, node: NodeSpec, shape: Shape) -> Iterator[Repair]:
    edge = view.level.feeding(node.id)
    flatten = _flatten_before(view, node)
    if node.type in _TWINS and try_layer(_TWINS[node.type], node.params, (shape,)):
        yield become(node.id, _TWINS[node.type], node.params)
    picture: Shape | None = None
    if flatten is not None:
        picture = view.level.shapes_into(flatten.id)[0]
        only = view.spec.edges_out_of.get(flatten.id, ())
        direct = len(only) == 1 and only[0].target == node.id
        if direct and try_layer(node.type, node.params, (picture,)):
            yield take_out(flatten.id, f"Remove {flatten.id}, so that {node.id} gets the picture {written(picture)}")
    if edge is not None:
        yield from _reshapes(node, edge, shape, picture)
    yield take_out(node.id)


def _reshapes(node: NodeSpec, edge: EdgeSpec, shape: Shape, picture: Shape | None) -> Iterator[Repair]:
    total = shape[0]
    side = isqrt(total)
    guesses = [picture] if picture else []
    if side * side == total:
        guesses.append((1, side, side))
    guesses += [(total // (s * s), s, s) for s in (8, 7, 6, 5, 4, 3, 2, 1) if total % (s * s) == 0]
    for guess in guesses:
        if prod(guess) == total and try_layer(node.type, node.params, (guess,)):
            label = f"Insert Reshape to {written(guess)} before {node.id}"
            yield put_between(edge, (("Reshape", {"shape": guess}),), label)
            return
