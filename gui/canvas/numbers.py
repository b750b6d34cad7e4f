"""Numbers as people read them: "2.4 k", "18.8 kB", "16×10×10". No Qt."""

from __future__ import annotations

from collections.abc import Sequence

_STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTES = ((1024.0**3, "GB"), (1024.0**2, "MB"), (1024.0, "kB"))


def short(value: float) -> str:
    """Three digits at most and a decimal prefix; whole numbers below a thousand stay whole."""
    for step, prefix in _STEPS:
        if abs(value) >= step * 0.9995:
            return f"{_three(value / step)} {prefix}"
    return f"{value:.0f}"


def size(value: float) -> str:
    """Bytes with a unit: "512 B", "18.8 kB"."""
    for step, unit in _BYTES:
        if abs(value) >= step:
            return f"{_three(value / step)} {unit}"
    return f"{value:.0f} B"


def shape(sizes: Sequence[int] | None) -> str:
    """Sizes without the batch, "16×10×10"; "?" while nobody knows them."""
    return "×".join(str(one) for one in sizes) if sizes else "?"


def counted(number: int, word: str) -> str:
    """ "1 layer", "2 layers", with thousands separated."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _three(value: float) -> str:
    if abs(value) >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}".removesuffix(".0")
