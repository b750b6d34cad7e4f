"""The frame of a block that is opened in place: a title bar in the block's tint, with a button that folds it again."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.graph.opened_level import FOOTER, HEADER
from engine.graph.routing import Box
from engine.graph.spec import NodeSpec
from gui.canvas import painting
from gui.canvas.node import NodeItem
from gui.canvas.numbers import counted
from gui.theme import icon, tokens

_ROUND = 12.0
_EDGE = 7.0
_LARGEST = 22
_NEAR = 400.0
"""How much of a frame beyond what is seen of it is painted, in scene units."""


class FrameItem(NodeItem):
    """Only its title bar, its foot and its border can be grabbed: what lies between belongs to the nodes in it."""

    kind = "frame"

    def __init__(self, spec: NodeSpec) -> None:
        self._body = QRectF(painting.BODY)
        super().__init__(spec)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setZValue(-10.0 + spec.id.count(".") * 0.1)

    @property
    def body(self) -> QRectF:
        return self._body

    def show_frame(self, box: Box) -> None:
        """Take this room in the scene."""
        left, top, right, bottom = box
        body = QRectF(left, top, right - left, bottom - top).translated(-QPointF(*self.spec.position))
        if body != self._body:
            self.prepareGeometryChange()
            self._body = body
            self.update()

    def keep_picture(self, kept: bool) -> None:
        """Never: it would be as large as all that the frame holds."""

    def boundingRect(self) -> QRectF:
        return self._body.adjusted(-8, -8, 8, 8)

    @property
    def header(self) -> QRectF:
        return QRectF(self._body.left(), self._body.top(), self._body.width(), HEADER)

    def holds(self, scene_pos: QPointF) -> bool:
        at = scene_pos - self.pos()
        if not self._body.contains(at):
            return False
        return not self._body.adjusted(_EDGE, HEADER, -_EDGE, -FOOTER).contains(at)

    def fold_box(self) -> QRectF:
        return QRectF(self._body.right() - 27, self._body.top() + 6, 18, 18)

    def bulb_box(self) -> QRectF:
        return self.fold_box().translated(-22, 0)

    def port_at(self, scene_pos: QPointF) -> tuple[str, bool] | None:
        return None  # its gates are its ports

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        t = tokens()
        detail = painting.detail(painter)
        tint = painting.colour_of(self.card)
        around = option.exposedRect.adjusted(-_NEAR, -_NEAR, _NEAR, _NEAR)
        # Rounding costs by the size of the whole frame, of which a large one shows only a part.
        body = self._body.intersected(around)
        painter.setPen(Qt.PenStyle.NoPen)
        foot = QRectF(self._body.left(), self._body.bottom() - FOOTER, self._body.width(), FOOTER)
        painter.setBrush(painting.mixed(tint, t.canvas, 0.08))
        painter.drawRoundedRect(body, _ROUND, _ROUND)
        painter.setBrush(painting.mixed(tint, t.canvas, 0.28))
        for strip in (self.header, foot):
            part = strip.intersected(body)
            if not part.isEmpty():
                painter.save()
                painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
                painter.drawRoundedRect(body, _ROUND, _ROUND)
                painter.restore()
        ring = QColor(t.accent) if self.isSelected() or self.lit else painting.faded(tint, 0.8)
        width = 2.5 if self.isSelected() else 1.5
        if self.mark is not None and not self.isSelected():
            ring, width = QColor(painting.mark_colour(self.mark)), 2.5
        elif self.change and not self.isSelected():
            ring, width = QColor(painting.change_colour(self.change)), 3.0
        painter.setPen(QPen(ring, max(width, 1.2 / max(detail, 0.05))))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(body, _ROUND, _ROUND)
        if detail >= painting.FAR:
            self._paint_title(painter, detail)

    def _paint_title(self, painter: QPainter, detail: float) -> None:
        t = tokens()
        box = self.header.adjusted(12, 0, -34, 0)
        right = painting.paint_marks(painter, self.mark, self.bulb_box() if self.mark else self.fold_box())
        if self.mark is not None:
            box.setRight(min(box.right(), right))
        icon("fold", t.text).paint(painter, self.fold_box().toAlignedRect())
        title = self.card.title if self.card.title == self.card.name else f"{self.card.title}  {self.card.name}"
        pixels = painting.fitting(
            title, min(_LARGEST, max(13, round(11 / max(detail, 0.1)))), 9, box.width(), bold=True
        )
        painter.setPen(QColor(t.text))
        painter.setFont(painting.scene_font("body", pixels, bold=True))
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, left, painting.elided(title, pixels, box.width(), bold=True))
        used = painting.text_width(title, pixels, bold=True) + 14
        about = counted(self.card.layers, "layer")
        if self.facts.parameters:
            about += f" · {self.facts.parameters}"
        if self.card.each:
            about += " · for each element"
        small = min(pixels, 12 if detail >= painting.MIDDLE else 16)
        if used + painting.text_width(about, small) <= box.width():
            painter.setPen(QColor(t.text_muted))
            painter.setFont(painting.scene_font("body", small))
            painter.drawText(box.adjusted(used, 0, 0, 0), left, about)
