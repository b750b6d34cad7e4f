"""Four sizes of the system's font and one monospace, with tabular figures so that changing numbers stand still."""

from __future__ import annotations

from typing import Literal

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

Role = Literal["title", "heading", "body", "small", "mono"]

# Relative to the system's size, so that a person who reads at 200 % gets all of them at 200 %.
_SCALE = {"title": 1.7, "heading": 1.2, "body": 1.0, "small": 0.88, "mono": 0.95}
_WEIGHT = {"title": QFont.Weight.DemiBold, "heading": QFont.Weight.DemiBold}


def font(role: Role = "body") -> QFont:
    """The font for a role, made from the application's own font."""
    base = QApplication.font()
    made = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont) if role == "mono" else QFont(base)
    size = base.pointSizeF() if base.pointSizeF() > 0 else base.pixelSize() * 0.75
    made.setPointSizeF(size * _SCALE[role])
    made.setWeight(_WEIGHT.get(role, QFont.Weight.Normal))
    if hasattr(QFont, "Tag"):
        made.setFeature(QFont.Tag("tnum"), 1)
    return made
