"""Numbers as a person reads them."""

from __future__ import annotations

import time


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


def memory(size: float) -> str:
    """Bytes with a decimal unit, such as "1.2 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def clock(seconds: float) -> str:
    """A time of day, with the date when that is not today; `seconds` since 1970."""
    then, now = time.localtime(seconds), time.localtime()
    today = then[:3] == now[:3]
    return time.strftime("%H:%M" if today else "%d %b, %H:%M", then)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 problem", "3 problems"."""
    return f"{number} {one if number == 1 else many or one + 's'}"
