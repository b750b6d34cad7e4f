"""Weights that are used again, and blocks that are applied to each element, where the input does not allow it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from engine.graph.edits import own_weights, set_each
from engine.graph.ports import is_each
from engine.graph.problems.base import View, register, title, try_edit
from engine.graph.problems.heads import width_setting
from engine.graph.repairs import put_between, take_out
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import BLOCK


@register("shared-weights")
def shared_weights(view: View) -> Iterator[Problem]:
    """A node whose input does not fit the weights that it shares."""
    for node in view.spec.nodes:
        failure = view.level.failures.get(node.id)
        if node.shares is None or failure is None or "weights of" not in failure.what:
            continue
        repairs: list[Repair] = []
        owner = view.level.infos.get(node.shares)
        ours = view.level.shapes_into(node.id)
        alike = "not the same layer" not in failure.what
        if alike and owner is not None and owner.input_shapes and ours and owner.input_shapes != ours:
            theirs = owner.input_shapes[0]
            setting = width_setting(view.level, node.id) if ours[0][1:] == theirs[1:] or len(theirs) == 3 else None
            if setting is not None and ours[0][:1] != theirs[:1]:
                repairs.append(setting(theirs[0]))
        label = f"Give {node.id} weights of its own"
        repairs.append(Repair("own-weights", label, partial(own_weights, id=node.id)))
        message = f"{title(node)} cannot share: {failure.what}"
        yield Problem("error", "shared-weights", node.id, message, failure.advice, (*repairs, take_out(node.id)))


@register("not-for-each")
def not_for_each(view: View) -> Iterator[Problem]:
    """A block that is applied to each element of an input which has no such elements, or not equally many."""
    for id, failure in view.level.failures.items():
        node = view.spec.by_id[id]
        if node.type != BLOCK or node.shares is not None or not is_each(node):
            continue
        shapes = view.level.shapes_into(id)
        repairs = [
            Repair("each-off", f"Apply {id} to the whole input", partial(set_each, id=id, each=False)),
        ]
        if len({shape[0] for shape in shapes}) == 1:
            edges = view.level.arriving(id)
            short = [edge for edge, shape in zip(edges, shapes, strict=True) if len(shape) < 2]
            repairs += [put_between(edge, (("Unsqueeze", {}),), f"Insert an Unsqueeze before {id}") for edge in short]
        yield Problem(
            "error",
            "not-for-each",
            id,
            f"{id} (Block) cannot run: {failure.what}",
            f"{failure.advice} Now it gets {' and '.join(map(written, shapes))}.",
            (*repairs, take_out(id)),
        )
    for id, inner in view.level.inside.items():
        node, shapes = view.spec.by_id[id], view.level.shapes_into(id)
        if not is_each(node) or not inner.failures:
            continue
        repair = Repair("each-off", f"Apply {id} to the whole input", partial(set_each, id=id, each=False))
        whole = try_edit(view, repair.apply)
        if whole is None or id not in whole.inside or whole.inside[id].failures:
            continue
        yield Problem(
            "error",
            "not-for-each",
            id,
            f"{id} (Block) is applied to each of the {shapes[0][0]} elements of {written(shapes[0])}, so that what is "
            f"in it gets {written(shapes[0][1:])} and cannot run.",
            "Apply it to the whole input, for which its layers are made.",
            (repair, take_out(id)),
        )
