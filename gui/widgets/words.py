"""Numbers as a person reads them, with their units. No Qt."""

from __future__ import annotations

import time

from engine.words import figure as figure
from engine.words import percent as percent

_LARGE = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def rate(per_second: float, unit: str) -> str:
    """ "1.2 k img/s": a number per second, with a decimal prefix."""
    for step, prefix in _LARGE:
        if per_second >= step:
            shown = per_second / step
            return f"{shown:.0f} {prefix} {unit}/s" if shown >= 100 else f"{shown:.1f} {prefix} {unit}/s"
    return f"{per_second:.0f} {unit}/s"


def memory(size: float) -> str:
    """Bytes with a decimal unit, such as "1.2 GB"."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def duration(seconds: float) -> str:
    """A time span with two units at most, such as "3 min 20 s"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def clock(seconds: float) -> str:
    """A time of day, with the date when that is not today; `seconds` since 1970."""
    then, now = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%d %b, %H:%M", then)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 problem", "3 problems"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
