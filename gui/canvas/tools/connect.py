"""Connecting by dragging from port to port. Ports that the edge may end at light up, and it snaps to them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from engine.graph.spec import EdgeSpec
from gui.canvas.port import SNAP, PortRef
from gui.canvas.tools.base import Tool


class ConnectTool(Tool):
    """From an output to an input, or the other way round. Pulling at a wired input takes its edge along."""

    def begin(self, event: QMouseEvent, pos: QPointF) -> bool:
        port = self.scene.port_at(pos)
        if event.button() != Qt.MouseButton.LeftButton or port is None:
            return False
        self._pulled: EdgeSpec | None = None
        self._fixed = port
        if port.is_input:
            into = [edge for edge in self.scene.spec.edges_into.get(port.node, ()) if edge.target_port == port.port]
            if into and not self.editor.accepts_more(port):
                self._pulled = into[-1]
                self._fixed = PortRef(self._pulled.source, self._pulled.source_port, is_input=False)
                self.scene.edges[self._pulled].setVisible(False)
        self._target: PortRef | None = None
        self._moved = False
        self._light()
        return True

    def follow(self, event: QMouseEvent, pos: QPointF) -> None:
        self._moved = True
        target = self._snap(pos)
        if target != self._target:
            for port in (self._target, target):
                if port is not None:
                    state = "hover" if port == target else "valid"
                    self.scene.nodes[port.node].set_port_state(port.port, port.is_input, state)
            self._target = target
        end = self._position(target) if target else (pos.x(), pos.y())
        self.view.show_preview(self._position(self._fixed), end, upward=self._fixed.is_input)

    def end(self, event: QMouseEvent, pos: QPointF) -> None:
        target, pulled, fixed = self._target, self._pulled, self._fixed
        self.cancel()
        if not self._moved:
            return
        if target is not None:
            source, sink = (target, fixed) if fixed.is_input else (fixed, target)
            self.editor.connect(source, sink, instead=pulled)
        elif pulled is not None and self.scene.port_at(pos) != PortRef(pulled.target, pulled.target_port, True):
            self.editor.disconnect([pulled])

    def cancel(self) -> None:
        self.view.hide_preview()
        if self._pulled is not None and self._pulled in self.scene.edges:
            self.scene.edges[self._pulled].setVisible(True)
        for item in self.scene.nodes.values():
            for port, is_input in list(item.port_states):
                item.set_port_state(port, is_input, None)

    def _allowed(self, port: PortRef) -> bool:
        if self._pulled and (port.node, port.port) == (self._pulled.target, self._pulled.target_port):
            return False
        source, sink = (port, self._fixed) if self._fixed.is_input else (self._fixed, port)
        return self.editor.can_connect(source, sink)

    def _light(self) -> None:
        """Show where the edge may end."""
        wanted = not self._fixed.is_input
        for item in self.scene.nodes.values():
            for port in item.inputs if wanted else item.outputs:
                ref = PortRef(item.id, port, wanted)
                item.set_port_state(port, wanted, "valid" if self._allowed(ref) else "off")
        self.scene.nodes[self._fixed.node].set_port_state(self._fixed.port, self._fixed.is_input, "hover")

    def _snap(self, pos: QPointF) -> PortRef | None:
        """The port to end at: one close by, or that of the card under the pointer."""
        wanted = not self._fixed.is_input
        best, found = SNAP / max(self.view.zoom, 0.3), None
        for item in self.scene.nodes.values():
            if abs(item.x() - pos.x()) > 220 or abs(item.y() - pos.y()) > 220:
                continue
            inside = item is self.scene.node_at(pos)
            for port in item.inputs if wanted else item.outputs:
                ref = PortRef(item.id, port, wanted)
                x, y = item.port_position(port, wanted)
                distance = ((x - pos.x()) ** 2 + (y - pos.y()) ** 2) ** 0.5 * (0.2 if inside else 1)
                if (
                    distance < best
                    and item.port_states.get((port, wanted)) in ("valid", "hover")
                    and ref != self._fixed
                ):
                    best, found = distance, ref
        return found

    def _position(self, port: PortRef) -> tuple[float, float]:
        return self.scene.nodes[port.node].port_position(port.port, port.is_input)
