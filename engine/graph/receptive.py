"""Receptive fields: how each layer's window widens what a value can see (Araujo et al. 2019). Never imports torch.

For a window of reach k, stride s and padding p on an axis whose values are j input pixels apart:
size grows by (k − 1)·j, the jump becomes s·j, and the centre moves by ((k − 1)/2 − p)·j.
Normalisation over a whole picture is not counted: its pull from far away is one common scale, not a pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.graph.results import ReceptiveField
from engine.graph.spec import Shape


@dataclass(frozen=True, slots=True)
class Window:
    """What a layer does to positions, per axis: reach of the window, stride, padding before the first value."""

    reach: tuple[int, ...]
    stride: tuple[float, ...]
    before: tuple[float, ...]


POINTWISE = "pointwise"
EVERYTHING = "everything"
UNKNOWN = "unknown"
Step = Window | str
"""A window, or one of the three words: each position by itself, all positions together, not known."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A receptive field on its way through the network, with the number of positions left on each axis."""

    field: ReceptiveField
    extent: tuple[int, ...]


def at_input(shape: Shape) -> Sight | None:
    """What an input value sees: itself. None for inputs that have no positions (a vector)."""
    axes = len(shape) - 1
    if axes < 1:
        return None
    return Sight(ReceptiveField((1,) * axes, (1.0,) * axes, (0.0,) * axes), tuple(shape[1:]))


def after(step: Step, sights: Sequence[Sight | None], output: Shape) -> Sight | None:
    """What the values of a layer see, given what the values that come in see."""
    sight = union(sights)
    if sight is None or step == UNKNOWN:
        return None
    axes = len(sight.field.size)
    if step == EVERYTHING:
        return _all_of(sight)
    if isinstance(step, Window):
        if len(step.reach) != axes:
            return None
        return Sight(_through(step, sight.field), tuple(output[1:]) if len(output) == axes + 1 else (1,) * axes)
    # Pointwise. A flattened picture keeps its positions until a dense layer mixes them.
    return Sight(sight.field, tuple(output[1:])) if len(output) == axes + 1 else sight


def _through(window: Window, field: ReceptiveField) -> ReceptiveField:
    axes = range(len(field.size))
    size = tuple(round(field.size[i] + (window.reach[i] - 1) * field.jump[i]) for i in axes)
    centre = tuple(field.centre[i] + ((window.reach[i] - 1) / 2 - window.before[i]) * field.jump[i] for i in axes)
    jump = tuple(field.jump[i] * window.stride[i] for i in axes)
    return ReceptiveField(size, jump, centre)


def _all_of(sight: Sight) -> Sight:
    field, extent = sight.field, sight.extent
    axes = range(len(field.size))
    size = tuple(round(field.size[i] + (extent[i] - 1) * field.jump[i]) for i in axes)
    centre = tuple(field.centre[i] + (extent[i] - 1) * field.jump[i] / 2 for i in axes)
    return Sight(ReceptiveField(size, (0.0,) * len(size), centre), (1,) * len(size))


def union(sights: Sequence[Sight | None]) -> Sight | None:
    """The smallest field that covers those of several branches; None if nothing is known about one of them."""
    if not sights or sights[0] is None:
        return None
    first = sights[0]
    if len(sights) == 1:
        return first
    fields = [sight.field for sight in sights if sight is not None]
    if len(fields) < len(sights) or any(len(field.size) != len(first.field.size) for field in fields):
        return None
    size, centre = [], []
    for axis in range(len(first.field.size)):
        low = min(field.centre[axis] - (field.size[axis] - 1) / 2 for field in fields)
        high = max(field.centre[axis] + (field.size[axis] - 1) / 2 for field in fields)
        size.append(round(high - low) + 1)
        centre.append((low + high) / 2)
    jump = tuple(max(field.jump[axis] for field in fields) for axis in range(len(size)))
    widest = max((sight for sight in sights if sight is not None), key=lambda sight: sight.extent)
    return Sight(ReceptiveField(tuple(size), jump, tuple(centre)), widest.extent)
