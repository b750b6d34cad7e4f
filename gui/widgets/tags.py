"""Words on a filled ground beside a thing in a picture, such as "person 87 %" at the corner of a box.

Laying out text takes a hundred times as long as copying the result, and all that while Python's lock is held, for which
a model that looks at a camera would have to wait. So words are kept as small pictures, and a number that changes from
frame to frame is a word of its own: "person" and "87 %" come again, "person 87 %" hardly does.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPixmap

from gui.theme.contrast import readable_on

_PAD, _GAP = 6, 4
_KEPT = 1024  # about 5 kB each


class Tags:
    """Writes any number of tags with one painter, in the font that it has now.

    Args:
        room: where they must stay; what would lie above it goes below its corner.
    """

    def __init__(self, painter: QPainter, room: QRectF) -> None:
        self._painter = painter
        self._font = painter.font()
        self._ratio = painter.device().devicePixelRatio()
        self._height = painter.fontMetrics().height() + 4
        self._left, self._top = round(room.left()), round(room.top())
        self._right, self._bottom = round(room.right()), round(room.bottom())

    def write(self, words: tuple[str, ...], x: int, y: int, ground: QColor, above: bool = True) -> QRect:
        """Write a tag with its lower left at this corner (its upper left unless `above`).

        Args:
            words: what is written, with a space between them.
            ground: colour of the ground; the text is black or white, whichever is better read.

        Returns where it was painted. On whole pixels, so that the letters are copied as they were drawn.
        """
        ink = _ink(ground.rgba())
        made = [_letters(word, self._font, ink, self._ratio) for word in words]
        width = 2 * _PAD + sum(wide for _, wide in made) + _GAP * (len(made) - 1)
        if above and y - self._height >= self._top:
            y -= self._height
        x = max(self._left, min(x, self._right - width))
        y = max(self._top, min(y, self._bottom - self._height))
        self._painter.fillRect(x, y, width, self._height, ground)
        at = x + _PAD
        for letters, wide in made:
            self._painter.drawPixmap(at, y + 2, letters)
            at += wide + _GAP
        return QRect(x, y, width, self._height)


def tag(painter: QPainter, text: str, corner: QPointF, room: QRectF, ground: QColor, above: bool = True) -> QRect:
    """Write a single tag; see `Tags`."""
    return Tags(painter, room).write((text,), round(corner.x()), round(corner.y()), ground, above)


@lru_cache(maxsize=512)
def _ink(ground: int) -> int:
    return readable_on(QColor.fromRgba(ground)).rgba()


@lru_cache(maxsize=_KEPT)
def _letters(text: str, font: QFont, ink: int, ratio: float) -> tuple[QPixmap, int]:
    metrics = QFontMetrics(font)
    size = QSize(max(1, metrics.horizontalAdvance(text)), metrics.height())
    made = QPixmap(size * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setFont(font)
    painter.setPen(QColor.fromRgba(ink))
    painter.drawText(QRectF(0, 0, size.width(), size.height()), Qt.AlignmentFlag.AlignLeft, text)
    painter.end()
    return made, size.width()
