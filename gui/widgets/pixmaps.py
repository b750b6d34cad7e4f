"""From arrays to pictures on the screen."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from gui import theme

_MARK = 24


def to_pixmap(picture: np.ndarray) -> QPixmap:
    """Turn uint8 (H, W) or (H, W, 3) into a pixmap of its own."""
    picture = np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    grey = picture.ndim == 2
    format = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    # The copy that a pixmap is frees it from the array's memory.
    return QPixmap.fromImage(QImage(picture.data, width, height, width * (1 if grey else 3), format))


def fitted(size: QSize, room: QRect) -> QRect:
    """Where a picture of `size` goes in `room`: as large as fits, in the middle, its proportions kept."""
    factor = min(room.width() / max(1, size.width()), room.height() / max(1, size.height()))
    width, height = max(1, round(size.width() * factor)), max(1, round(size.height() * factor))
    return QRect(room.x() + (room.width() - width) // 2, room.y() + (room.height() - height) // 2, width, height)


def draw_fitted(painter: QPainter, pixmap: QPixmap, room: QRect) -> QRect:
    """Draw `pixmap` into `room`: enlarged pixels stay square, shrunk ones are smoothed. Returns where it went."""
    target = fitted(pixmap.size(), room)
    ratio = painter.device().devicePixelRatioF()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pixmap.width() > target.width() * ratio)
    painter.drawPixmap(target, pixmap)
    return target


def draw_small(painter: QPainter, pixmap: QPixmap | None, room: QRect, known: bool) -> None:
    """Draw a small picture, or its place: with a mark where it is `known` that the picture cannot be read."""
    if pixmap is not None:
        draw_fitted(painter, pixmap, room)
        return
    painter.fillRect(room, QColor(theme.tokens().hover))
    if known:
        side = min(_MARK, room.width() // 2)
        place = QRect(0, 0, side, side)
        place.moveCenter(room.center())
        theme.icon("broken_image", "warning").paint(painter, place)
