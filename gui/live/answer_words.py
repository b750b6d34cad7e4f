"""Answers in a few lines of words, for the panel beside the picture."""

from __future__ import annotations

from collections import Counter
from html import escape

import numpy as np

from engine.inference.detections import Classification, Detections, Labels, Match, Outcome
from engine.inference.maps import ClassMap, EdgeMap, NormalMap, Restored
from engine.inference.overlay import shown
from gui.live.overlay import hue_of

_LINES = 6
_NO_SWATCH = "□ "
_NAMED = 3


def answer_words(outcome: Outcome | None, threshold: float, hidden: frozenset[int]) -> str:
    """What was found, a line for each thing, as rich text; "" where bars say it."""
    if outcome is None or isinstance(outcome, Classification | Labels):
        return ""
    if isinstance(outcome, Detections):
        return _counted(shown(outcome, threshold, hidden))
    if isinstance(outcome, Match):
        return _distances(outcome)
    if isinstance(outcome, ClassMap):
        return _regions(outcome, hidden)
    if isinstance(outcome, EdgeMap):
        return f"{_percent(outcome.share(threshold))} of the places are edges"
    if isinstance(outcome, NormalMap):
        x, y, z = outcome.mean
        return f"On average the surfaces face {_towards(x, y, z)}"
    return f"Changed by {outcome.change:.1f} grey levels of 255"


def heeds_threshold(outcome: Outcome | None) -> bool:
    """Whether such answers are sure by a share that can be compared with a threshold."""
    return outcome is None or isinstance(outcome, Detections | Classification | Labels | EdgeMap)


def explanation(outcome: Outcome | None) -> str:
    """How to read what is shown, where it needs words."""
    if isinstance(outcome, NormalMap):
        return "Red faces right, green up, blue towards you."
    if isinstance(outcome, EdgeMap):
        return "The threshold says how sure an edge must be to be drawn."
    if isinstance(outcome, Restored):
        return "Shown is the picture that the network makes. Take the tick above away to see the one that came."
    return ""


def _counted(found: Detections) -> str:
    if not len(found):
        few = " or ".join(found.classes) if 0 < len(found.classes) <= _NAMED else "object"
        return f"No {few} found"
    counts = Counter(int(k) for k in found.class_ids).most_common()
    if len(found.classes) == 1:
        return f"{counts[0][1]} × {found.classes[0]}"
    return _lines([_swatch(found, k) + f"{count} × {escape(found.classes[k])}" for k, count in counts])


def _regions(found: ClassMap, hidden: frozenset[int]) -> str:
    numbers = {name: number for number, name in enumerate(found.classes)}
    lines = []
    for name, share in found.shares.items():
        number = numbers[name]
        mark = _NO_SWATCH if number == found.background else _swatch(found, number)
        if number not in hidden:
            lines.append(f"{mark}{_percent(share)} {escape(name)}")
    return _lines(lines) if lines else "Every class that there is, is hidden"


def _swatch(outcome: Detections | ClassMap, class_id: int) -> str:
    """A square in the colour in which the class is drawn, in rich text."""
    return f'<span style="color:{hue_of(outcome, class_id).name()}">■</span> '


def _distances(match: Match) -> str:
    order = np.argsort(match.distances, kind="stable")[:_LINES]
    lines = [f"{escape(match.classes[int(k)])} · {float(match.distances[k]):.2f}" for k in order]
    head = "Nearest, by distance:" if match.known else "Nothing known is near. Nearest, by distance:"
    return "<br>".join([head, *lines])


def _lines(lines: list[str]) -> str:
    rest = len(lines) - _LINES
    return "<br>".join([*lines[:_LINES], *([f"and {rest} more"] if rest > 0 else [])])


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _towards(x: float, y: float, z: float) -> str:
    sides = [(abs(x), "right" if x > 0 else "left"), (abs(y), "down" if y > 0 else "up"), (z, "you")]
    strong = [word for size, word in sorted(sides, reverse=True) if size > 0.25]
    return ", then ".join(strong) or "no one way"
