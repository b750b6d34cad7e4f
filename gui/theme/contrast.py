"""Colours that are the same in both themes: paper and ink of drawings, and text on any ground."""

from __future__ import annotations

from PySide6.QtGui import QColor

_LIGHT, _DARK = "#ffffff", "#000000"


def paper(light: bool) -> QColor:
    """White or black, for what a person draws; not the window's colours, since a network looks at it."""
    return QColor(_LIGHT if light else _DARK)


def readable_on(ground: QColor) -> QColor:
    """Black or white text, whichever has the higher contrast on `ground` (WCAG's relative luminance)."""
    return QColor(_DARK if _luminance(ground) > 0.179 else _LIGHT)


def _luminance(colour: QColor) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(value) for value in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
