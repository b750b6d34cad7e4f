"""Networks that answer something else than which class a picture is of: fine to look at, but nothing to train here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.graph.problems.base import View, register
from engine.graph.results import Problem
from engine.graph.shapes import written
from engine.graph.spec import NodeSpec

_NAMED = 3


def for_another_task(view: View) -> str:
    """Say why the network as it is drawn is no classifier of pictures; "" if it may be one."""
    inputs, outputs = view.spec.inputs, view.spec.outputs
    if len(outputs) > 1:
        return f"The network has {len(outputs)} outputs ({_names(outputs)}), but a training for classes needs one."
    if len(inputs) > 1:
        return f"The network has {len(inputs)} inputs ({_names(inputs)}), but a training for classes has one."
    shape = tuple(inputs[0].params.get("shape", ())) if inputs else ()
    if shape and len(shape) != 3:
        return f"{inputs[0].id} takes {written(shape)}, but pictures are channels × height × width."
    return ""


def _names(nodes: Sequence[NodeSpec]) -> str:
    names = ", ".join(node.id for node in nodes[:_NAMED])
    return f"{names}, …" if len(nodes) > _NAMED else names


@register("other-task")
def other_task(view: View) -> Iterator[Problem]:
    """A network for detection, pairs or sequences in a project whose data has classes."""
    if not view.top or view.classes is None:
        return
    reason = for_another_task(view)
    if reason:
        # No fault of the drawing, so there is nothing to repair: a Linear behind each output would only spoil it.
        yield Problem(
            "info",
            "other-task",
            None,
            reason,
            "It can be changed, measured, exported and looked at; to train it, give it one Input for a picture and one "
            f"Output with {view.classes} values.",
        )
