"""One edge on the canvas: its curve. The pill with the shape is painted by the scene, above all edges."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.graph.routing import Route
from engine.graph.spec import EdgeSpec
from gui.canvas import painting
from gui.theme import tokens

_MARGIN = 4.0
_TIP = QPolygonF([QPointF(0, -4.5), QPointF(-3.6, -11.5), QPointF(3.6, -11.5)])


class EdgeItem(QGraphicsItem):
    """Shows an EdgeSpec along a route, with a label."""

    def __init__(self, spec: EdgeSpec) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.spec = spec
        self.route = Route((0.0, 0.0), (0.0, 0.0))
        self.label = "?"
        self.pill = True
        self.lit = False
        self._path = QPainterPath()
        self._bounds = QRectF()

    def show_route(self, route: Route) -> None:
        """Run along `route`."""
        if route == self.route and not self._path.isEmpty():
            return
        self.prepareGeometryChange()
        self.route = route
        path = QPainterPath(QPointF(*route.start))
        for begin, one, two, end in route.curves:
            path.lineTo(*begin)
            path.cubicTo(*one, *two, *end)
        self._path = path
        self._fit()

    def show_label(self, label: str) -> None:
        """Carry this shape."""
        if label != self.label:
            self.prepareGeometryChange()
            self.label = label
            self._fit()
            self.update()

    def show_pill(self, pill: bool) -> None:
        """Whether the shape stands on this edge; of the edges out of one port one carries it for all."""
        if pill != self.pill:
            self.pill = pill
            self.update()

    @property
    def labelled(self) -> bool:
        return self.pill and bool(self.label)

    def set_lit(self, lit: bool) -> None:
        """Look as if under the pointer, or as the place where a dragged layer goes."""
        if lit != self.lit:
            self.lit = lit
            self.setZValue(0.5 if lit else 0.0)
            self.update()

    @property
    def strong(self) -> bool:
        return self.lit or self.isSelected()

    def distance(self, point: QPointF) -> float:
        """How far a point of the scene is from the curve, or from the pill if that is closer."""
        width, height = painting.pill_size(self.label)
        x, y = self.route.label
        if self.labelled and abs(point.x() - x) <= width / 2 and abs(point.y() - y) <= height / 2:
            return 0.0
        flat = self.route.points()
        return min((_from_segment(point, a, b) for a, b in pairwise(flat)), default=float("inf"))

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        t = tokens()
        detail = painting.detail(painter)
        colour = QColor(t.accent if self.strong else t.text_muted)
        pen = QPen(colour, 2.6 if self.strong else 1.5)
        if detail < painting.MIDDLE:
            pen.setWidthF(3.0 if not self.strong else 6.0)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        if detail >= painting.MIDDLE:
            painter.translate(*self.route.end)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawPolygon(_TIP)

    def _fit(self) -> None:
        width, height = painting.pill_size(self.label, large=True)
        x, y = self.route.label
        pill = QRectF(x - width / 2, y - height / 2, width, height)
        self._bounds = self._path.controlPointRect().united(pill).adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)


def _from_segment(point: QPointF, a: tuple[float, float], b: tuple[float, float]) -> float:
    px, py, (ax, ay), (bx, by) = point.x(), point.y(), a, b
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0 if not length else max(0.0, min(1.0, ((px - ax) * dx + (py - ay) * dy) / length))
    return ((px - ax - t * dx) ** 2 + (py - ay - t * dy) ** 2) ** 0.5
