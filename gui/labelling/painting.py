"""How labels look: outlines of one thickness at any zoom, faintly filled, with the class in words beside them."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from engine.labelling.shapes import extent, pixels_of
from engine.labelling.spec import Box, LabelClass, LabelSet, Mask, Point, Polygon, Shape
from gui import theme
from gui.labelling.view import Viewpoint
from gui.theme.contrast import readable_on
from gui.widgets import marks

HANDLE = 9.0
_DOT = 6.0
_FILL, _FILL_CHOSEN, _FILL_MASK = 0.10, 0.22, 0.45
_HALO = 0.35
_MASKS_KEPT = 200


def hue_of(one: LabelClass) -> QColor:
    """The colour of a class, the one that its objects have on all pages."""
    return marks.class_hue(one.colour)


def class_hue(labels: LabelSet, label: int) -> QColor:
    """The colour of a class by its number; the accent where there is none yet."""
    return hue_of(labels.classes[label]) if 0 <= label < len(labels.classes) else QColor(theme.tokens().accent)


def path_of(shape: Box | Polygon, view: Viewpoint) -> QPainterPath:
    """The outline on the screen."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    if isinstance(shape, Box):
        path.addRect(QRectF(view.to_screen(shape.left, shape.top), view.to_screen(shape.right, shape.bottom)))
        return path
    for ring in shape.rings:
        path.moveTo(view.to_screen(*ring[0]))
        for corner in ring[1:]:
            path.lineTo(view.to_screen(*corner))
        path.closeSubpath()
    return path


class ShapePainter:
    """Paints shapes; keeps the pictures of masks."""

    def __init__(self) -> None:
        self._masks: OrderedDict[tuple[int, int], tuple[Mask, QImage]] = OrderedDict()

    def paint(
        self,
        painter: QPainter,
        view: Viewpoint,
        shape: Shape,
        hue: QColor,
        *,
        chosen: bool = False,
        dashed: bool = False,
        lit: bool = False,
    ) -> None:
        """Paint one shape; `lit` under the pointer, `dashed` while it is only a proposal."""
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        width = 3.0 if chosen else 2.5 if lit else 2.0
        if isinstance(shape, Mask):
            self._paint_mask(painter, view, shape, hue, chosen or lit or dashed, style)
        elif isinstance(shape, Point):
            self._paint_point(painter, view.to_screen(shape.x, shape.y), hue, chosen)
        else:
            fill, halo = QColor(hue), readable_on(hue)
            fill.setAlphaF(0.0 if dashed else _FILL_CHOSEN if chosen or lit else _FILL)
            halo.setAlphaF(_HALO)  # keeps the line apart from a picture of its own colour
            path = path_of(shape, view)
            painter.setBrush(fill)
            painter.setPen(Qt.PenStyle.NoPen if dashed else QPen(halo, width + 2))  # it would fill the gaps of a dash
            painter.drawPath(path)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(hue, width, style))
            painter.drawPath(path)

    def _paint_point(self, painter: QPainter, at: QPointF, hue: QColor, chosen: bool) -> None:
        painter.setBrush(hue)
        painter.setPen(QPen(readable_on(hue), 1.5))
        side = _DOT + 2 if chosen else _DOT
        painter.drawEllipse(at, side, side)
        painter.setPen(QPen(readable_on(hue), 1))
        painter.drawLine(at - QPointF(3, 0), at + QPointF(3, 0))
        painter.drawLine(at - QPointF(0, 3), at + QPointF(0, 3))

    def _paint_mask(
        self, painter: QPainter, view: Viewpoint, mask: Mask, hue: QColor, framed: bool, style: Qt.PenStyle
    ) -> None:
        area = QRectF(
            view.to_screen(mask.left, mask.top), view.to_screen(mask.left + mask.width, mask.top + mask.height)
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(area, self._image(mask, hue))
        if framed:
            painter.setPen(QPen(hue, 1.5, style if style == Qt.PenStyle.DashLine else Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area)

    def _image(self, mask: Mask, hue: QColor) -> QImage:
        key = (id(mask), hue.rgb())
        kept = self._masks.get(key)
        if kept is not None and kept[0] is mask:
            self._masks.move_to_end(key)
            return kept[1]
        tint = QColor(hue)
        tint.setAlphaF(_FILL_MASK)
        colours = np.array([0, tint.rgba()], np.uint32)
        pixels = np.ascontiguousarray(colours[pixels_of(mask).astype(np.uint8)])
        view = QImage(pixels.data, mask.width, mask.height, mask.width * 4, QImage.Format.Format_ARGB32)
        made = view.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        self._masks[key] = (mask, made)
        while len(self._masks) > _MASKS_KEPT:
            self._masks.popitem(last=False)
        return made


def handles(painter: QPainter, places: list[QPointF], hue: QColor) -> None:
    """Squares that can be dragged."""
    painter.setBrush(readable_on(hue))
    painter.setPen(QPen(hue, 2))
    for at in places:
        painter.drawRect(QRectF(at.x() - HANDLE / 2, at.y() - HANDLE / 2, HANDLE, HANDLE))


def tag_corner(shape: Shape, view: Viewpoint) -> QPointF:
    """Where the words of a shape begin."""
    left, top, _, _ = extent(shape)
    at = view.to_screen(left, top)
    return at + QPointF(_DOT + 4, -_DOT) if isinstance(shape, Point) else at - QPointF(1, 1)
