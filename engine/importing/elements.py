"""Reading each element of a tensor by itself: what stands between `flatten(0, 1)` and `unflatten(0, ...)`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.importing.sketch import Call, Step


@dataclass(eq=False)
class Elements:
    """The elements along a tensor's first axis, counted as so many more pictures.

    Attributes:
        count: how many there are for each picture.
        calls: the module calls that all of this happens in, outermost first.
        joined: the elements that these are read together with, which speak for both.
    """

    count: int
    calls: tuple[Call, ...]
    joined: Elements | None = None

    def root(self) -> Elements:
        at = self
        while at.joined is not None:
            at = at.joined
        return at

    def join(self, other: Elements) -> None:
        """Read these together with others of the same number."""
        ours, theirs = self.root(), other.root()
        if ours is not theirs:
            theirs.calls = common(ours.calls, theirs.calls)
            ours.joined = theirs


Depth = tuple[Elements, ...]
"""The elements that a tensor is read by, outermost first; () for whole pictures."""


def join(depths: Sequence[Depth]) -> Depth | None:
    """What layers that read several tensors read them by; None if these do not go together."""
    if len({tuple(one.count for one in depth) for depth in depths}) > 1:
        return None
    for depth in depths[1:]:
        for one, other in zip(depth, depths[0], strict=True):
            one.join(other)
    return depths[0] if depths else ()


def same(one: Depth, other: Depth) -> bool:
    return [part.root() for part in one] == [part.root() for part in other]


def common(one: tuple[Call, ...], other: tuple[Call, ...]) -> tuple[Call, ...]:
    """The calls around both."""
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[:length]


def surround(steps: Iterable[Step]) -> None:
    """Let every step happen in a call for each of the elements that it reads, where their reading begins."""
    from engine.importing.sketch import Call

    read = [step for step in steps if step.each]
    for step in read:
        for part in step.each:
            part.root().calls = common(part.root().calls, step.calls)
    for step in read:
        calls = list(step.calls)
        place = 0
        for added, part in enumerate(step.each):
            root = part.root()
            place = max(place, len(root.calls) + added)
            calls.insert(place, Call(f"each{id(root)}", "", each=True))
            place += 1
        step.calls = tuple(calls)
