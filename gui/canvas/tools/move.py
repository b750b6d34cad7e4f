"""Dragging cards: all selected ones together, on the grid, as one step of undo."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from gui.canvas.node import NodeItem
from gui.canvas.placing import snapped
from gui.canvas.tools.base import Tool
from gui.canvas.tools.select import ADDING


class MoveTool(Tool):
    """Alt moves freely, without the grid."""

    def begin(self, event: QMouseEvent, pos: QPointF) -> bool:
        item = self.scene.node_at(pos)
        if event.button() != Qt.MouseButton.LeftButton or item is None:
            return False
        self._grabbed: NodeItem = item
        self._press = event.position()
        self._start = pos
        self._moving = False
        self._alone = False
        if event.modifiers() & ADDING:
            item.setSelected(not item.isSelected())
        elif not item.isSelected():
            self.scene.pick([item.id])
        else:
            self._alone = True  # a click on one of several, without dragging, means that one
        self._chosen = self.editor.selection()
        self._origins = {id: self.scene.nodes[id].pos() for id in self.view.blocks.opened_in(self._chosen)}
        return True

    def follow(self, event: QMouseEvent, pos: QPointF) -> None:
        if not self._moving:
            far = (event.position() - self._press).manhattanLength()
            if far < QApplication.startDragDistance() or self._grabbed.id not in self._origins:
                return
            self._moving = True
        step = pos - self._start
        if not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            home = self._origins[self._grabbed.id]
            x, y = snapped(home.x() + step.x(), home.y() + step.y())
            step = QPointF(x - home.x(), y - home.y())
        for id, home in self._origins.items():
            self.scene.nodes[id].setPos(home + step)
        self.scene.route(self._origins)
        self.view.moving()

    def end(self, event: QMouseEvent, pos: QPointF) -> None:
        if not self._moving:
            if self._alone:
                self.scene.pick([self._grabbed.id])
            return
        moved = {id: (self.scene.nodes[id].x(), self.scene.nodes[id].y()) for id in self._chosen}
        self.editor.move(moved)
        self.cancel()  # what is shown is what the document says, wherever the pointer left it

    def cancel(self) -> None:
        for id in self._origins:
            if id in self.scene.nodes:
                self.scene.nodes[id].setPos(QPointF(*self.scene.spec.by_id[id].position))
        if self._moving:
            self.scene.route()
