"""Branches that do not fit together in Add, Multiply or Concatenate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from engine.graph.problems.base import View, register, through, title, try_edit, try_layer
from engine.graph.repairs import Steps, combined, put_between, set_param, take_out
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import EdgeSpec, NodeSpec, Shape

Step = tuple[str, Mapping[str, Any]]


@register("lonely-branch")
def lonely_branch(view: View) -> Iterator[Problem]:
    """A merging layer with a single branch."""
    for node, shapes in view.failed("Add", "Multiply", "Concatenate"):
        if len(shapes) == 1:
            yield Problem(
                "error",
                "lonely-branch",
                node.id,
                f"{title(node)} has only 1 input and needs at least 2.",
                "Connect a second branch to it, or remove it.",
                (take_out(node.id),),
            )


@register("branch-mismatch")
def branch_mismatch(view: View) -> Iterator[Problem]:
    """Branches of different shapes."""
    for node, shapes in view.failed("Add", "Multiply", "Concatenate"):
        if len(shapes) < 2:
            continue
        edges = view.spec.edges_into[node.id]
        arriving = " and ".join(
            f"{written(shape)} from {edge.source}" for edge, shape in zip(edges, shapes, strict=True)
        )
        free = "all sizes but the channels" if node.type == "Concatenate" else "one shape"
        yield Problem(
            "error",
            "branch-mismatch",
            node.id,
            f"{title(node)} needs branches of {free} but gets {arriving}.",
            _difference(node, shapes),
            (*_repairs(view, node, edges, shapes), take_out(node.id)),
        )


def _difference(node: NodeSpec, shapes: tuple[Shape, ...]) -> str:
    if any(len(shape) != len(shapes[0]) for shape in shapes):
        return "Bring them to the same number of dimensions."
    if len(shapes[0]) == 1:
        return "Make the vectors equally long with a Linear layer."
    words = []
    if node.type != "Concatenate" and any(shape[0] != shapes[0][0] for shape in shapes):
        words.append("the channels equal, for example with a 1×1 convolution")
    if any(shape[1:] != shapes[0][1:] for shape in shapes):
        words.append("the height and width equal, by the same strides and paddings")
    return f"Make {' and '.join(words) or 'them equal'}."


def _repairs(view: View, node: NodeSpec, edges: tuple[EdgeSpec, ...], shapes: tuple[Shape, ...]) -> Iterator[Repair]:
    ranks = {len(shape) for shape in shapes}
    if node.type == "Concatenate" and node.params.get("dim", 1) != 1 and try_layer(node.type, {"dim": 1}, shapes):
        yield set_param(node.id, "dim", 1, "Join along the channels (dim 1)")
    if ranks == {3}:
        yield from _same_padding(view, node, edges)
    # The branch that is computed last is most often the main one; the others are to follow it.
    by_depth = sorted(range(len(edges)), key=lambda i: -view.rank[edges[i].source])
    found = 0
    for leader in dict.fromkeys(by_depth):
        repair = _follow(node, edges, shapes, shapes[leader])
        if repair is not None:
            yield repair
            found += 1
        if found == 2:
            return


def _follow(node: NodeSpec, edges: tuple[EdgeSpec, ...], shapes: tuple[Shape, ...], target: Shape) -> Repair | None:
    """Insert on every other branch what makes it fit `target`; None if that cannot be done."""
    parts, labels, result = [], [], []
    for edge, shape in zip(edges, shapes, strict=True):
        wanted = (shape[0], *target[1:]) if node.type == "Concatenate" and len(shape) == len(target) else target
        if shape == wanted:
            result.append(shape)
            continue
        steps = adapter(shape, wanted)
        after = through(steps, shape) if steps else None
        if not steps or after is None:
            return None
        label = f"{' and '.join(_spoken(step) for step in steps)} after {edge.source}"
        parts.append(put_between(edge, steps, label))
        labels.append(label)
        result.append(after)
    if not parts or try_layer(node.type, node.params, result) is None:
        return None
    label = "Insert " + "; ".join(labels)
    return combined(parts[0].id, label, parts) if len(parts) > 1 else Repair(parts[0].id, label, parts[0].apply)


def _spoken(step: Step) -> str:
    type, params = step
    if type == "Conv2d":
        stride = params.get("stride", 1)
        tail = f" and stride {stride if isinstance(stride, int) else '×'.join(map(str, stride))}" if stride != 1 else ""
        return f"a 1×1 Conv2d with {params['out_channels']} filters{tail}"
    if type == "Linear":
        return f"a Linear with {params['out_features']} outputs"
    if type == "AdaptiveAvgPool2d":
        return f"an AdaptiveAvgPool2d to {written(params['output_size'])}"
    if type == "Upsample":
        return f"an Upsample by {written(params['scale_factor'])}"
    return f"a {type}"


def adapter(shape: Shape, target: Shape) -> Steps | None:
    """Layers that turn one shape into another with as little as possible; None if there are none."""
    if len(shape) == len(target) == 1:
        return (("Linear", {"out_features": target[0]}),)
    if len(shape) == 3 and len(target) == 1:
        flat: Step = ("Flatten", {})
        return (flat,) if prod(shape) == target[0] else (flat, ("Linear", {"out_features": target[0]}))
    if len(shape) == 1 and len(target) == 3:
        reshape: Step = ("Reshape", {"shape": target})
        return (reshape,) if shape[0] == prod(target) else (("Linear", {"out_features": prod(target)}), reshape)
    if len(shape) == len(target) == 3:
        return _picture_adapter(shape, target)
    return None


def _picture_adapter(shape: Shape, target: Shape) -> Steps | None:
    steps: list[Step] = []
    size, wanted = shape[1:], target[1:]
    strides = tuple(_stride(a, b) for a, b in zip(size, wanted, strict=True))
    if shape[0] != target[0] and None not in strides:
        stride = strides[0] if strides[0] == strides[1] else strides
        params = {"out_channels": target[0], "kernel_size": 1, "stride": stride}
        return (("Conv2d", params if stride != 1 else {"out_channels": target[0], "kernel_size": 1}),)
    if size != wanted:
        if all(a >= b for a, b in zip(size, wanted, strict=True)):
            steps.append(("AdaptiveAvgPool2d", {"output_size": wanted}))
        elif all(b % a == 0 for a, b in zip(size, wanted, strict=True)):
            steps.append(("Upsample", {"scale_factor": tuple(b // a for a, b in zip(size, wanted, strict=True))}))
        else:
            return None
    if shape[0] != target[0]:
        steps.append(("Conv2d", {"out_channels": target[0], "kernel_size": 1}))
    return tuple(steps)


def _stride(size: int, wanted: int) -> int | None:
    """The stride with which a 1×1 kernel makes `wanted` positions out of `size`."""
    for stride in range(1, size + 1):
        made = (size - 1) // stride + 1
        if made == wanted:
            return stride
        if made < wanted:
            return None
    return None


def _same_padding(view: View, node: NodeSpec, edges: tuple[EdgeSpec, ...]) -> Iterator[Repair]:
    """Offer same padding where convolutions shrank a branch by their borders alone."""
    changed: list[str] = []
    for edge in edges:
        id: str | None = edge.source
        for _ in range(8):
            if id is None:
                break
            one = view.spec.by_id[id]
            if id not in changed and _shrinks_by_border(one):
                changed.append(id)
            before = view.spec.edges_into.get(id, ())
            id = before[0].source if len(before) == 1 and len(view.spec.edges_out_of.get(id, ())) == 1 else None
    if not changed:
        return
    parts = [set_param(id, "padding", "same") for id in changed]
    label = f"Give {' and '.join(changed)} the padding same, so that the size stays"
    repair = combined("set-padding", label, parts)
    level = try_edit(view, repair.apply)
    if level is not None and node.id not in level.failures and len(level.failures) < len(view.level.failures):
        yield repair


def _shrinks_by_border(node: NodeSpec) -> bool:
    """Whether it is a convolution that loses only the border, for want of padding."""
    if node.type != "Conv2d" or node.params.get("padding", "valid") not in ("valid", 0):
        return False
    return node.params.get("stride", 1) in (1, (1, 1)) and node.params.get("kernel_size", 3) not in (1, (1, 1))
