"""Numbers as a person reads them, in the window and on the command line alike."""

from __future__ import annotations

import math


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as "98.6 %"; a dash for what is not defined."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f} %"


def figure(value: float) -> str:
    """A number of any size in four characters or so: "0.0123", "1.2e-05", "432"."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "–"
    size = abs(value)
    if size != 0 and (size < 1e-3 or size >= 1e5):
        return f"{value:.1e}"
    return f"{value:.4f}" if size < 10 else f"{value:.1f}" if size < 1000 else f"{value:,.0f}"
