"""The colours of a measured value: viridis by Smith and van der Walt (2015), even to the eye, safe for colour-blind."""

from __future__ import annotations

_VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")


def heat_colour(value: float) -> str:
    """The colour of a value from 0 to 1 as "#rrggbb"; what lies outside counts as the nearer end."""
    place = min(1.0, max(0.0, value)) * (len(_VIRIDIS) - 1)
    number = min(int(place), len(_VIRIDIS) - 2)
    share = place - number
    low, high = _VIRIDIS[number], _VIRIDIS[number + 1]
    parts = (round(int(low[at : at + 2], 16) * (1 - share) + int(high[at : at + 2], 16) * share) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)
