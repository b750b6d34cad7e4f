"""What lies under the drawing: the paper with its dots, and the frames of named groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.graph.spec import GroupSpec
from gui.canvas import painting
from gui.canvas.node import NodeItem
from gui.theme import tokens

_GRID = 32


def paint(painter: QPainter, box: QRectF, groups: Sequence[GroupSpec], nodes: Mapping[str, NodeItem]) -> None:
    """Paint a part of the paper."""
    t = tokens()
    painter.fillRect(box, QColor(t.canvas))
    detail = painting.detail(painter)
    if detail >= painting.MIDDLE:
        painter.setPen(QPen(QColor(t.border), 2.0))
        left, top = int(box.left() // _GRID) * _GRID, int(box.top() // _GRID) * _GRID
        dots = [
            QPointF(x, y)
            for x in range(left, int(box.right()) + _GRID, _GRID)
            for y in range(top, int(box.bottom()) + _GRID, _GRID)
        ]
        painter.drawPoints(dots)
    for group in groups:
        _paint_group(painter, group, nodes)


def _paint_group(painter: QPainter, group: GroupSpec, nodes: Mapping[str, NodeItem]) -> None:
    box = QRectF()
    for id in group.nodes:
        if id in nodes:
            box = box.united(nodes[id].body.translated(nodes[id].pos()))
    if box.isEmpty():
        return
    t = tokens()
    frame = box.adjusted(-20, -34, 20, 20)
    painter.setPen(QPen(QColor(t.border_strong), 1, Qt.PenStyle.DashLine))
    painter.setBrush(QColor(t.panel))
    painter.drawRoundedRect(frame, 12, 12)
    painter.setPen(QColor(t.text_muted))
    painter.setFont(painting.scene_font("body", 13, bold=True))
    painter.drawText(frame.adjusted(12, 6, -12, 0), Qt.AlignmentFlag.AlignLeft, group.label)
