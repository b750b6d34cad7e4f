"""Receptive fields: which part of the picture a value sees, layer by layer, exact at every position. Torch-free.

On each axis a layer says from which of its inputs the output at place i is made: from `first` to `last`, which repeat
with a period and move on by `advance` each time. A convolution has the period 1 and advances by its stride; what
enlarges a picture by r has the period r and advances by 1, so that neighbours which were made of the same value are
told from those that were not. Chains of layers are chains of these maps, and branches that meet take the wider view.
For plain convolutions this is the arithmetic of Araujo et al. (2019).

Normalisation over a whole picture is not counted: its pull from far away is one common scale, not a pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, lcm, prod

from engine.graph.results import ReceptiveField
from engine.graph.spec import Shape

_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Taps:
    """On one axis: value i is made of `first[i]` to `last[i]` of what comes in.

    The tuples hold one period; the values of the next period see as much, `advance` places further on.
    """

    first: tuple[int, ...]
    last: tuple[int, ...]
    advance: int

    def low(self, place: int) -> int:
        turns, rest = divmod(place, len(self.first))
        return self.first[rest] + turns * self.advance

    def high(self, place: int) -> int:
        turns, rest = divmod(place, len(self.last))
        return self.last[rest] + turns * self.advance


STRAIGHT = Taps((0,), (0,), 1)
"""Every value is made of the one at the same place."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a layer with windows does to positions, per axis.

    `extent` is the number of positions that it leaves, where its output has not the form channels × positions.
    """

    axes: tuple[Taps, ...]
    extent: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Mixing:
    """Whether a layer mixes the places along each dimension of its first input, the channels included."""

    along: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """A layer that does something else to each of its inputs before it joins them; None for one that it ignores."""

    steps: tuple[Window | Mixing | None, ...]


UNKNOWN = "unknown"
Step = Window | Mixing | Branches | str


@dataclass(frozen=True, slots=True)
class Sight:
    """What the values see of the picture, on its way through the network, and how many positions each axis has left.

    Without axes it is a value that sees nothing of the picture, such as a learned query.
    """

    axes: tuple[Taps, ...]
    extent: tuple[int, ...]

    @property
    def field(self) -> ReceptiveField | None:
        """The largest extent among the positions, and where the first of them looks."""
        if not self.axes:
            return None
        return ReceptiveField(
            tuple(max(b - a for a, b in zip(one.first, one.last, strict=True)) + 1 for one in self.axes),
            tuple(one.advance / len(one.first) for one in self.axes),
            tuple(_centre(one) for one in self.axes),
        )


def _centre(taps: Taps) -> float:
    """Where the first value looks; of a period of unequal values, where the line through them begins."""
    length = len(taps.first)
    jump = taps.advance / length
    return sum((taps.first[n] + taps.last[n]) / 2 - n * jump for n in range(length)) / length


BLIND = Sight((), ())


def at_input(shape: Shape) -> Sight | None:
    """What an input value sees: itself. None for inputs that have no positions (a vector)."""
    axes = len(shape) - 1
    return Sight((STRAIGHT,) * axes, tuple(shape[1:])) if axes >= 1 else None


def after(step: Step, sights: Sequence[Sight | None], before: Shape, output: Shape) -> Sight | None:
    """What the values of a layer see, given what the values that come in (the first of shape `before`) see."""
    sight = union(sights)
    if sight is None or isinstance(step, str | Branches):
        return None
    axes = len(sight.axes)
    if axes == 0:
        return sight
    shown = tuple(output[1:]) if len(output) == axes + 1 else None
    if isinstance(step, Window):
        if len(step.axes) != axes:
            return None
        extent = step.extent or shown or (1,) * axes
        through = zip(step.axes, sight.axes, extent, strict=True)
        return Sight(tuple(chained(one, other, size) for one, other, size in through), extent)
    in_place = len(before) == axes + 1 and before[1:] == sight.extent
    over = _mixed_axes(step, sight, before, in_place)
    if not any(over):
        # A flattened picture keeps its positions until something mixes them.
        return Sight(sight.axes, shown if shown and in_place else sight.extent)
    extent = tuple(1 if mixed else size for mixed, size in zip(over, sight.extent, strict=True))
    seen = zip(sight.axes, over, sight.extent, strict=True)
    return Sight(
        tuple(_everything(taps, size) if mixed else taps for taps, mixed, size in seen),
        shown if shown and not all(over) else extent,
    )


def _mixed_axes(step: Mixing, sight: Sight, before: Shape, in_place: bool) -> tuple[bool, ...]:
    """Which axes of the picture the layer mixes; a sequence of tokens holds all positions in one of its dimensions."""
    if in_place:
        return step.along[1:]
    axes = len(sight.axes)
    if len(before) > 2:
        return (any(step.along),) * axes
    last = len(before) == 2 and before[1] == prod(sight.extent) != before[0]
    return (step.along[1 if last else 0],) * axes


def _everything(taps: Taps, size: int) -> Taps:
    """What a value sees that is made of all `size` positions."""
    places = range(min(size, len(taps.first))), range(max(size - len(taps.first), 0), size)
    return Taps((min(map(taps.low, places[0])),), (max(map(taps.high, places[1])),), 0)


def chained(outer: Taps, inner: Taps, size: int) -> Taps:
    """What the `size` values made by `outer` see of that of which `inner` made its own."""
    period = len(inner.first)
    turns = 1 if outer.advance == 0 else period // gcd(period, outer.advance)
    length = len(outer.first) * turns
    advance = turns * outer.advance * inner.advance // period
    if length > max(_LONGEST, size):
        length, advance = size, round(size * outer.advance * inner.advance / (len(outer.first) * period))
    first = tuple(inner.low(outer.low(place)) for place in range(length))
    last = tuple(inner.high(outer.high(place)) for place in range(length))
    return _shortest(Taps(first, last, advance))


def _shortest(taps: Taps) -> Taps:
    """The same with the smallest period."""
    length = len(taps.first)
    for period in range(1, length):
        if length % period or (taps.advance * period) % length:
            continue
        short = Taps(taps.first[:period], taps.last[:period], taps.advance * period // length)
        if all(short.low(n) == taps.first[n] and short.high(n) == taps.last[n] for n in range(period, length)):
            return short
    return taps


def union(sights: Sequence[Sight | None]) -> Sight | None:
    """What a value sees that is made of values of several branches; None if nothing is known about one of them."""
    known = [sight for sight in sights if sight is not None]
    if len(known) < len(sights) or not known:
        return None
    seeing = [sight for sight in known if sight.axes]
    if len(seeing) <= 1:
        return seeing[0] if seeing else known[0]
    first = seeing[0]
    if all(sight == first for sight in seeing):
        return first
    if any(len(sight.axes) != len(first.axes) for sight in seeing):
        return None
    extent = tuple(max(sizes) for sizes in zip(*(sight.extent for sight in seeing), strict=True))
    if any(own not in (1, size) for sight in seeing for own, size in zip(sight.extent, extent, strict=True)):
        return None  # rows of maps of several sizes, one behind the other: no place of one is a place of another
    columns = zip(*(_stretched(sight, extent) for sight in seeing), strict=True)
    return Sight(tuple(_wider(taps, size) for taps, size in zip(columns, extent, strict=True)), extent)


def _stretched(sight: Sight, extent: tuple[int, ...]) -> tuple[Taps, ...]:
    """What a branch sees from every position; where it has only one, that one is stretched over all of them."""
    return tuple(
        Taps(taps.first[:1], taps.last[:1], 0) if own == 1 < size else taps
        for taps, own, size in zip(sight.axes, sight.extent, extent, strict=True)
    )


def _wider(branches: Sequence[Taps], size: int) -> Taps:
    slopes = {one.advance / len(one.first) for one in branches}
    if 0.0 in slopes and len(slopes) > 1:
        # One branch sees the same from everywhere: together they see what any position sees.
        whole = [_everything(one, size) for one in branches]
        return Taps((min(one.first[0] for one in whole),), (max(one.last[0] for one in whole),), 0)
    length = lcm(*(len(one.first) for one in branches))
    advance = length * branches[0].advance // len(branches[0].first)
    if len(slopes) > 1 or length > max(_LONGEST, size):
        length, advance = size, round(size * max(slopes))
    places = range(length)
    return _shortest(
        Taps(
            tuple(min(one.low(place) for one in branches) for place in places),
            tuple(max(one.high(place) for one in branches) for place in places),
            advance,
        )
    )
