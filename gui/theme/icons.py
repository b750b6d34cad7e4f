"""Icons by our own names, drawn as vectors in the theme's colours at whatever size and resolution is asked for."""

from __future__ import annotations

import difflib
import json
import re
from functools import cache

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPainterPath, QPixmap

from engine.paths import resources
from gui.theme.theme import tokens

_UNITS = 24.0
_STEP = re.compile(r"([MLC])([^MLC]+)")


def icon(name: str, colour: str | None = None) -> QIcon:
    """The icon called `name`; it follows the theme unless a `colour` ("#rrggbb" or a token's name) is given.

    Raises:
        ValueError: for an unknown name, with the closest known ones.
    """
    _path(name)
    return QIcon(_Engine(name, colour))


@cache
def _outlines() -> dict[str, str]:
    return json.loads((resources() / "icons" / "icons.json").read_text("utf-8"))


@cache
def _path(name: str) -> QPainterPath:
    known = _outlines()
    if name not in known:
        close = ", ".join(difflib.get_close_matches(name, known, n=3)) or "see gui/theme/glyphs.py"
        raise ValueError(f"there is no icon {name!r}; close: {close}")
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for letter, rest in _STEP.findall(known[name]):
        numbers = [float(part) for part in rest.split()]
        if letter == "M":
            path.moveTo(*numbers)
        elif letter == "L":
            path.lineTo(*numbers)
        else:
            path.cubicTo(*numbers)
    return path


class _Engine(QIconEngine):
    """Paints one glyph; asked anew for every size and state, so a theme change needs no new icon."""

    def __init__(self, name: str, colour: str | None) -> None:
        super().__init__()
        self._name = name
        self._colour = colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(rect)
        painter.translate(area.center().x() - side / 2, area.center().y() - side / 2)
        painter.scale(side / _UNITS, side / _UNITS)
        painter.fillPath(_path(self._name), self._ink(mode))
        painter.restore()

    def _ink(self, mode: QIcon.Mode) -> QColor:
        t = tokens()
        if mode == QIcon.Mode.Disabled:
            faded = QColor(t.text_muted)
            faded.setAlphaF(0.55)
            return faded
        wanted = self._colour or ("accent_text" if mode == QIcon.Mode.Selected else "text")
        return QColor(wanted if wanted.startswith("#") else getattr(t, wanted))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        if made.isNull():  # a button that has no room yet asks for an icon without pixels
            return made
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._colour)
