"""A gate: where an edge passes through the frame of an opened block. It is the block's Input or Output node."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from engine.graph.opened_level import FOOTER, HEADER
from engine.graph.spec import INPUT, NodeSpec
from gui.canvas import painting
from gui.canvas.card import Card
from gui.canvas.node import NodeItem
from gui.canvas.port import Point
from gui.theme import tokens

_HALF = 12.0


class GateItem(NodeItem):
    """Two dots: one outside, where edges of the outer level end or begin, and one inside."""

    kind = "gate"

    def __init__(self, spec: NodeSpec) -> None:
        tall = HEADER if spec.type == INPUT else FOOTER
        self._body = QRectF(-_HALF, -tall / 2, 2 * _HALF, tall)
        super().__init__(spec)

    @property
    def body(self) -> QRectF:
        return self._body

    def keep_picture(self, kept: bool) -> None:
        """Never: two dots are painted faster than a picture is looked up."""

    def boundingRect(self) -> QRectF:
        return self._body.adjusted(-4, -9, 4, 9)

    def ports_of(self, card: Card) -> tuple[dict[str, Point], dict[str, Point]]:
        return {"in": (0.0, self._body.top())}, {"out": (0.0, self._body.bottom())}

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        detail = painting.detail(painter)
        if detail < painting.FAR:
            return
        t = tokens()
        colour = painting.colour_of(self.card)
        if self.isSelected() or self.mark is not None:
            ring = t.accent if self.isSelected() else painting.mark_colour(self.mark)
            painter.setPen(QColor(ring))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self._body.adjusted(1, 1, -1, -1), 6, 6)
        for ports, is_input in ((self.inputs, True), (self.outputs, False)):
            for port, at in ports.items():
                usual = "wired" if (port, is_input) in self.wired else "idle"
                painting.paint_port(painter, at, self.port_states.get((port, is_input), usual), colour)

    def holds(self, scene_pos: QPointF) -> bool:
        return self._body.contains(scene_pos - self.pos())
