"""What the pointer is over: the port grows, the edge lights up, the cursor says what a press would do."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from gui.canvas.edge import EdgeItem
from gui.canvas.port import PortRef
from gui.canvas.scene import CanvasScene


class Hover:
    """Remembers what is lit, so that it can be put out."""

    def __init__(self, scene: CanvasScene, viewport: QWidget) -> None:
        self._scene = scene
        self._viewport = viewport
        self._port: PortRef | None = None
        self._edge: EdgeItem | None = None

    def at(self, pos: QPointF) -> None:
        """The pointer is here, and no gesture is running."""
        port = self._scene.port_at(pos)
        node = None if port else self._scene.node_at(pos)
        edge = None if port or node else self._scene.edge_at(pos)
        self._light(port, edge)
        if port is not None:
            self._viewport.setCursor(Qt.CursorShape.CrossCursor)
        elif edge is not None or (node is not None and (node.on_bulb(pos) or node.on_fold(pos))):
            self._viewport.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self._viewport.unsetCursor()

    def clear(self) -> None:
        """Nothing is lit any more."""
        self._light(None, None)

    def _light(self, port: PortRef | None, edge: EdgeItem | None) -> None:
        if port != self._port:
            for ref in (self._port, port):
                if ref is not None and ref.node in self._scene.nodes:
                    state = "hover" if ref == port else None
                    self._scene.nodes[ref.node].set_port_state(ref.port, ref.is_input, state)
            self._port = port
        if edge is not self._edge:
            for item in (self._edge, edge):
                if item is not None and item.spec in self._scene.edges:
                    item.set_lit(item is edge)
            self._edge = edge
