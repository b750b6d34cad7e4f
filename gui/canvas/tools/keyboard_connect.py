"""Connecting without a mouse: C, then arrows or Tab to choose the target, Enter to connect, Escape to call it off."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from gui.canvas.navigate import reading_order
from gui.canvas.port import PortRef
from gui.canvas.tools.base import Tool

_FORWARD = (Qt.Key.Key_Tab, Qt.Key.Key_Down, Qt.Key.Key_Right)
_BACK = (Qt.Key.Key_Backtab, Qt.Key.Key_Up, Qt.Key.Key_Left)
_ACCEPT = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_C)


class KeyboardConnectTool(Tool):
    """Started by the view for the one selected node that has an output."""

    def start(self, id: str) -> bool:
        """Offer the targets of node `id`, those below it first; False when there are none."""
        item = self.scene.nodes[id]
        order = reading_order(self.scene.spec)
        here = order.index(id)
        sources = [PortRef(id, port, is_input=False) for port in item.outputs]
        self._pairs = [
            (source, target)
            for other in (*order[here + 1 :], *order[:here])
            for port in self.scene.nodes[other].inputs
            for target in [PortRef(other, port, is_input=True)]
            for source in sources
            if self.editor.can_connect(source, target)
        ]
        self._pairs.sort(key=lambda pair: not self.editor.accepts_more(pair[1]))
        self._index = 0
        if self._pairs:
            self._show()
        return bool(self._pairs)

    def key(self, event: QKeyEvent) -> bool:
        if event.key() in _FORWARD or event.key() in _BACK:
            self._clear()
            self._index = (self._index + (1 if event.key() in _FORWARD else -1)) % len(self._pairs)
            self._show()
        elif event.key() in _ACCEPT:
            pair = self._pairs[self._index]
            self.view.stop_tool()
            self.editor.connect(*pair)
            self.scene.pick([pair[1].node])
        elif event.key() == Qt.Key.Key_Escape:
            self.view.stop_tool()
        return True

    def cancel(self) -> None:
        self._clear()
        self.view.hide_preview()
        self.view.say("")

    def _show(self) -> None:
        source, target = self._pairs[self._index]
        start = self.scene.nodes[source.node].port_position(source.port, is_input=False)
        item = self.scene.nodes[target.node]
        item.set_port_state(target.port, True, "hover")
        item.set_lit(True)
        self.view.show_preview(start, item.port_position(target.port, is_input=True))
        self.view.reveal([target.node])
        self.view.say(
            f"Connect {source.node} to {target.node}: Enter connects, Tab or arrows choose another, Escape stops."
        )

    def _clear(self) -> None:
        target = self._pairs[self._index][1]
        if target.node in self.scene.nodes:
            item = self.scene.nodes[target.node]
            item.set_port_state(target.port, True, None)
            item.set_lit(False)
