"""From a module that code makes to a drawing: torch.fx first, torch.export where that cannot follow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import BadInput, VitrineError
from engine.export.program.capture import first_line
from engine.graph.compile import compile_network
from engine.graph.spec import Shape
from engine.importing.job import Imported
from engine.importing.sizes import usual_shapes
from engine.importing.targets import open_target
from engine.importing.trace import Traced, in_use, trace
from engine.layers.windows import shown

_CLOSE = 1e-4


def import_target(
    text: str,
    options: Mapping[str, Any],
    shapes: Sequence[Shape],
    say: Callable[[str], None],
    keep: Collection[str] = (),
) -> Imported:
    """Run what a person named and draw the module that it makes."""
    say(f"Running {text}")
    target = open_target(text, options)
    given = tuple(shapes) or target.shapes or usual_shapes(target.made)
    found = import_module(target.made, given, name=target.name, say=say, keep=keep)
    if target.fresh and text.endswith(".py"):
        return Imported(found.spec, None, found.notes, found.how)
    return found


def import_module(
    module: nn.Module,
    shapes: Sequence[Shape],
    name: str = "",
    say: Callable[[str], None] = lambda text: None,
    keep: Collection[str] = (),
) -> Imported:
    """Draw a module and compare the drawing's answer with the module's own.

    Raises `BadInput` with what kept both ways from working, or if the drawing computes something else.
    """
    say("Following it with torch.fx")
    notes: list[str] = []
    try:
        traced, how = trace(module, *shapes, name=name, keep=keep), "torch.fx"
    except BadInput as first:
        from engine.importing.exported import export_module

        say("Following it with torch.export")
        try:
            traced, how = export_module(module, shapes, name=name), "torch.export"
        except BadInput as second:
            if refused := _refusal(module, shapes):
                given = " and ".join(shown(shape) for shape in shapes)
                raise BadInput(
                    f"{type(module).__name__} itself does not run on an input of {given}: {refused}.",
                    "Give the sizes that it is made for, channels first.",
                    details=f"{first.what}\n{second.what}",
                ) from None
            raise BadInput(
                first.what,
                first.advice,
                details=f"torch.fx: {first.details or first.what}\ntorch.export: {second.what}\n{second.details}",
            ) from None
        notes.append(f"It was followed with torch.export, since torch.fx failed: {first.what}")
    state = traced.load(module.state_dict())
    say("Comparing")
    apart = _difference(module, traced, state, shapes)
    if apart is None:
        notes.append("The drawing could not be compared with the module, which does not run on these inputs.")
    elif apart > _CLOSE:
        raise BadInput(
            f"The drawing of {type(module).__name__} computes something else than the module: {apart:.1e} apart.",
            "Its forward does more than can be followed; take out what depends on values.",
        )
    else:
        notes.append(f"The drawing's output agrees with the module's ({apart:.0e} apart).")
    return Imported(traced.spec, state, tuple(notes), how)


def _refusal(module: nn.Module, shapes: Sequence[Shape]) -> str:
    """What the module itself says against inputs of these shapes; "" if it takes them."""
    try:
        with torch.no_grad(), in_use(module):
            module(*(torch.zeros(2, *shape) for shape in shapes))
    except Exception as error:  # noqa: BLE001 - it is the module's own affair
        return first_line(error)
    return ""


def _difference(
    module: nn.Module, traced: Traced, state: Mapping[str, Tensor], shapes: Sequence[Shape]
) -> float | None:
    """How far the outputs are apart, relative to their size; None if the module itself fails."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        inputs = [torch.randn(2, *shape) for shape in shapes]
        try:
            with in_use(module):
                wanted = tensors_of(module(*inputs))
        except Exception:  # noqa: BLE001 - it is the module's own affair
            return None
        try:
            net = compile_network(traced.spec).eval()
            net.load_state_dict(dict(state), strict=True)
            found = tensors_of(net(*inputs))
        except VitrineError:
            raise
        except Exception as error:
            raise BadInput(
                f"The drawing of {type(module).__name__} does not run: {error}.",
                "Try other inputs.",
                details=repr(error),
            ) from error
    worst = 0.0
    for a, b in zip(found, wanted, strict=False):
        if a.shape != b.shape:
            return float("inf")
        worst = max(worst, float((a - b).abs().max() / (1 + b.abs().max())) if a.numel() else 0.0)
    return worst if len(found) == len(wanted) else float("inf")


def tensors_of(answer: Any) -> list[Tensor]:
    """All tensors that a forward returns, in order."""
    if isinstance(answer, Tensor):
        return [answer]
    if isinstance(answer, Mapping):
        return [tensor for value in answer.values() for tensor in tensors_of(value)]
    return [tensor for value in answer if value is not None for tensor in tensors_of(value)]
