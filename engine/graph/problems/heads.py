"""The end of the network: how many values come out, and what must not be done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import prod

from engine.graph.level import Level
from engine.graph.ports import output_ports
from engine.graph.problems.base import View, register, title, try_edit
from engine.graph.problems.other_task import for_another_task
from engine.graph.repairs import Steps, put_between, set_param, take_out, within
from engine.graph.results import NodeInfo, Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import BLOCK, EdgeSpec, NodeSpec
from engine.layers.base import LAYERS

_WIDTHS = ("out_features", "out_channels")


def width_setting(
    level: Level, id: str, path: str = "", edge: EdgeSpec | None = None
) -> Callable[[int], Repair] | None:
    """Find the layer before `id` that decides how many values arrive there; returns what sets its width.

    It looks through layers that have one input and as many channels as come in, and into blocks. `edge` says by which
    of several edges to go.
    """
    edge = edge or level.feeding(id)
    while edge is not None:
        node = level.spec.by_id[edge.source]
        if node.type == BLOCK and node.id in level.inside:
            inner = level.inside[node.id]
            ends = [end.id for port, end in zip(output_ports(node), inner.spec.outputs, strict=True)
                    if port == edge.source_port]  # fmt: skip
            return width_setting(inner, ends[0], f"{path}.{node.id}".strip(".")) if ends else None
        if node.type not in LAYERS:
            return None
        name = next((name for name in _WIDTHS if name in LAYERS.get(node.type).model_fields), None)
        if name is not None:
            return partial(_set_width, path, node.id, name)
        info = level.infos[node.id]
        if len(info.input_shapes) != 1 or not _keeps_width(info):
            return None
        edge = level.feeding(node.id)
    return None


def _keeps_width(info: NodeInfo) -> bool:
    """Whether a layer passes on as many channels as it gets, like a normalisation, or has nothing to learn."""
    return not info.parameters or (info.output_shape or ())[:1] == info.input_shapes[0][:1]


def _set_width(path: str, id: str, name: str, value: int) -> Repair:
    called = f"{path}.{id}".strip(".")
    return within(path, set_param(id, name, value, f"Set {name} of {called} to {value}"))


@register("head-width")
def head_width(view: View) -> Iterator[Problem]:
    """A classifier that does not answer with one value per class."""
    if not view.top or view.classes is None or for_another_task(view):
        return
    for place, node in enumerate(view.spec.outputs):
        signal = view.level.leaving[place]
        if signal is None or signal.shape == (view.classes,):
            continue
        shape = signal.shape
        flat = len(shape) == 1
        values = f"{prod(shape)} value{'' if prod(shape) == 1 else 's'}"
        what = values if flat else f"{written(shape)}, a picture of {prod(shape):,} values"
        # A warning: the drawing is sound, and it may be there to be looked at. Training refuses it by the same numbers.
        yield Problem(
            "warning",
            "head-width",
            node.id,
            f"{title(node)} gets {what}, but the data has {view.classes} classes.",
            f"Let the last layer have {view.classes} outputs."
            if flat
            else f"A training for classes wants {view.classes} values for a whole picture. As it is, the network can "
            "be changed, measured, exported and looked at.",
            tuple(_heads(view, node.id, place, shape)),
        )


def _heads(view: View, id: str, place: int, shape: tuple[int, ...]) -> Iterator[Repair]:
    classes = view.classes or 1
    setting = width_setting(view.level, id) if len(shape) == 1 else None
    if setting is not None:
        repair = setting(classes)
        level = try_edit(view, repair.apply)
        signal = level.leaving[place] if level is not None else None
        if signal is not None and signal.shape == (classes,):
            yield repair
    edge = view.level.feeding(id)
    if edge is not None:
        flatten: Steps = () if len(shape) == 1 else (("Flatten", {}),)
        steps = (*flatten, ("Linear", {"out_features": classes}))
        words = f"{'Flatten and ' if flatten else ''}a Linear with {classes} outputs"
        yield put_between(edge, steps, f"Insert {words} before {id}")


def _sigmoid(node: NodeSpec, count: int) -> Problem:
    """A squashing at the end, which the losses for yes and no and for classes do themselves, and more exactly."""
    return Problem(
        "info",
        "sigmoid-before-loss",
        node.id,
        f"{title(node)} squashes the {count} scores at the end, but cross-entropy, also the binary one with logits, "
        "does that itself.",
        "Remove it, unless the loss wants values between 0 and 1.",
        (take_out(node.id),),
    )


@register("double-output")
def double_output(view: View) -> Iterator[Problem]:
    """Two Outputs that give the same value."""
    seen: dict[tuple[str, str], str] = {}
    for node in view.spec.outputs:
        edge = view.level.feeding(node.id)
        if edge is None:
            continue
        first = seen.setdefault((edge.source, edge.source_port), node.id)
        if first != node.id:
            yield Problem(
                "warning" if view.top else "info",
                "double-output",
                node.id,
                f"{node.id} gives out the same as {first}: both are fed by {edge.source}.",
                "Remove one of them, or feed it something else.",
                (take_out(node.id),),
            )


def _softmax(node: NodeSpec) -> Problem:
    what = f"{title(node)} is the last layer, but the cross-entropy loss applies a softmax itself."
    why = "twice softmax flattens the scores and slows learning down"
    if node.type == "LogSoftmax":
        why = "the loss takes the logarithm too, and a second time it changes nothing"
    advice = f"Remove it: {why}; the live view shows probabilities anyway."
    return Problem("warning", "softmax-before-loss", node.id, what, advice, (take_out(node.id),))


@register("softmax-before-loss")
def softmax_before_loss(view: View) -> Iterator[Problem]:
    """A softmax as the last layer, although cross-entropy applies its own."""
    if not view.top:
        return
    for node in view.spec.outputs:
        edge = view.level.feeding(node.id)
        while edge is not None:
            before = view.spec.by_id[edge.source]
            if before.type in ("Softmax", "LogSoftmax"):
                yield _softmax(before)
                break
            signal = view.level.leaving[view.spec.outputs.index(node)]
            if before.type in ("Sigmoid", "LogSigmoid") and signal is not None and len(signal.shape) == 1:
                yield _sigmoid(before, signal.shape[0])
                break
            info = view.level.infos[before.id]
            if before.type == BLOCK or info.parameters or len(info.input_shapes) != 1:
                break
            edge = view.level.feeding(before.id)
