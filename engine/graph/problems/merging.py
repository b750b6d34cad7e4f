"""Branches that do not fit together in Add, Multiply, Concatenate and the like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.graph.problems.base import View, register, through, title, try_edit, try_layer
from engine.graph.problems.branches import Branch, adapter, chain_settings
from engine.graph.problems.drawing import possible_sources
from engine.graph.problems.heads import width_setting
from engine.graph.problems.search import remedies
from engine.graph.repairs import combined, put_between, set_param, spoken_step, take_out, wire
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import EdgeSpec, NodeSpec, Shape
from engine.layers.base import LAYERS

_ALIKE = ("Add", "Multiply", "Maximum", "Minimum", "Average", "Subtract", "Divide", "AbsoluteDifference",
          "EuclideanDistance", "CosineSimilarity")  # fmt: skip
_MERGES = (*_ALIKE, "Concatenate")


@register("lonely-branch")
def lonely_branch(view: View) -> Iterator[Problem]:
    """A merging layer with a single branch."""
    for node, shapes in view.failed(*_MERGES):
        if len(shapes) != 1 or not LAYERS.get(node.type).variadic:
            continue
        sources = possible_sources(view.level, node, "in")
        fed = {(edge.source, edge.source_port) for edge in view.level.arriving(node.id)}
        fits = [
            (source, port)
            for source, port in sources
            if (source, port) not in fed
            and try_layer(node.type, node.params, (*shapes, view.level.infos[source].output_shape or ()))
        ]
        loose = [one for one in fits if not view.spec.edges_out_of.get(one[0])]
        chosen = [*loose, *(one for one in fits if one not in loose)][:3]
        repairs = [wire(EdgeSpec(source, node.id, port, "in")) for source, port in chosen]
        yield Problem(
            "error",
            "lonely-branch",
            node.id,
            f"{title(node)} has only 1 input and needs at least 2.",
            "Connect a second branch to it, or remove it.",
            (*repairs, take_out(node.id)),
        )


@register("branch-mismatch")
def branch_mismatch(view: View) -> Iterator[Problem]:
    """Branches of different shapes."""
    for node, shapes in view.failed(*_MERGES):
        if len(shapes) < 2:
            continue
        edges = view.level.arriving(node.id)
        arriving = " and ".join(
            f"{written(shape)} from {edge.source}" for edge, shape in zip(edges, shapes, strict=True)
        )
        free = "all sizes but the channels" if node.type == "Concatenate" else "one shape"
        repairs = list(_repairs(view, node, edges, shapes))
        yield Problem(
            "error",
            "branch-mismatch",
            node.id,
            f"{title(node)} needs branches of {free} but gets {arriving}.",
            _difference(node, shapes),
            (*(repairs or remedies(view, node, shapes)), take_out(node.id)),
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
    if node.type == "Concatenate" and node.params.get("dim", 1) != 1 and try_layer(node.type, {"dim": 1}, shapes):
        yield set_param(node.id, "dim", 1, "Join along the channels (dim 1)")
    if {len(shape) for shape in shapes} == {3}:
        yield from _same_padding(view, node, edges)
    leaders = _leaders(view, edges, shapes, node)
    for leader in leaders:
        yield from _changed_settings(view, node, edges, shapes, shapes[leader])
    followed = (repair for one in leaders if (repair := _follow(node, edges, shapes, shapes[one])) is not None)
    for _, repair in zip(range(2), followed, strict=False):
        yield repair


def _leaders(view: View, edges: tuple[EdgeSpec, ...], shapes: tuple[Shape, ...], node: NodeSpec) -> list[int]:
    """One branch for each form that there is: that of most branches first, then that of the one computed last.

    The branch that is computed last is most often the main one; the others are to follow it.
    """
    form = (lambda shape: shape[1:]) if node.type == "Concatenate" else (lambda shape: shape)
    votes = Counter(form(shape) for shape in shapes)
    ordered = sorted(range(len(edges)), key=lambda i: (-votes[form(shapes[i])], -view.rank[edges[i].source]))
    first = {form(shapes[i]): i for i in reversed(ordered)}
    return [i for i in ordered if first[form(shapes[i])] == i]


def _wanted(node: NodeSpec, shape: Shape, target: Shape) -> Shape:
    return (shape[0], *target[1:]) if node.type == "Concatenate" and len(shape) == len(target) else target


def _changed_settings(
    view: View, node: NodeSpec, edges: tuple[EdgeSpec, ...], shapes: tuple[Shape, ...], target: Shape
) -> Iterator[Repair]:
    """One setting of a layer in the only branch that differs, so that it comes out as the others do."""
    odd = [n for n, shape in enumerate(shapes) if _wanted(node, shape, target) != shape]
    if len(odd) != 1:
        return
    edge, shape = edges[odd[0]], shapes[odd[0]]
    wanted = _wanted(node, shape, target)
    if shape[1:] == wanted[1:] and len(shape) == len(wanted):
        setting = width_setting(view.level, node.id, edge=edge)
        if setting is not None:
            yield setting(wanted[0])
        return
    yield from chain_settings(Branch(view.level, edge), wanted)


def _follow(node: NodeSpec, edges: tuple[EdgeSpec, ...], shapes: tuple[Shape, ...], target: Shape) -> Repair | None:
    """Insert on every other branch what makes it fit `target`; None if that cannot be done."""

    parts, labels, result = [], [], []
    for edge, shape in zip(edges, shapes, strict=True):
        wanted = _wanted(node, shape, target)
        if shape == wanted:
            result.append(shape)
            continue
        steps = adapter(shape, wanted)
        after = through(steps, shape) if steps else None
        if not steps or after is None:
            return None
        label = f"{' and '.join(spoken_step(step) for step in steps)} after {edge.source}"
        parts.append(put_between(edge, steps, label))
        labels.append(label)
        result.append(after)
    if not parts or try_layer(node.type, node.params, result) is None:
        return None
    label = "Insert " + "; ".join(labels)
    return combined(parts[0].id, label, parts) if len(parts) > 1 else Repair(parts[0].id, label, parts[0].apply)


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
