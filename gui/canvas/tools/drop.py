"""Dropping a layer from the palette: onto an edge it goes between, elsewhere it stands by itself."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPointF

from engine.graph.ports import input_ports, output_ports
from engine.graph.spec import NodeSpec
from engine.layers.base import LAYERS
from gui.canvas.edge import EdgeItem
from gui.canvas.tools.base import Tool

LAYER_MIME = "application/x-vitrine-layer"
_REACH = 40.0


def mime_of(type: str) -> QMimeData:
    """What the palette hands over when a layer is dragged."""
    data = QMimeData()
    data.setData(LAYER_MIME, type.encode())
    data.setText(type)
    return data


def layer_in(data: QMimeData) -> str | None:
    """The layer type in dragged data, or None if it is anything else."""
    if not data.hasFormat(LAYER_MIME):
        return None
    type = bytes(data.data(LAYER_MIME).data()).decode("utf-8", "replace")
    return type if type in LAYERS else None


class DropTool(Tool):
    """Started by the view when a layer is dragged in."""

    type: str = ""
    _edge: EdgeItem | None = None

    def enter(self, data: QMimeData) -> bool:
        found = layer_in(data)
        self.type = found or ""
        return found is not None

    def hover(self, pos: QPointF) -> None:
        """Show where the layer would go."""
        node = NodeSpec("dropped", self.type)
        fits = bool(input_ports(node) and output_ports(node))
        self._light(self.scene.edge_at(pos, _REACH) if fits else None)
        if self._edge is None:
            self.view.show_ghost(pos, self.type)
        else:
            self.view.hide_preview()

    def drop(self, pos: QPointF) -> str | None:
        """Put the layer there; returns the new node's id."""
        edge = self._edge
        self.cancel()
        if edge is not None:
            return self.editor.insert(self.type, edge.spec)
        return self.editor.add(self.type, (pos.x(), pos.y()))

    def cancel(self) -> None:
        self._light(None)
        self.view.hide_preview()

    def _light(self, edge: EdgeItem | None) -> None:
        if edge is not self._edge:
            for item in (self._edge, edge):
                if item is not None:
                    item.set_lit(item is edge)
            self._edge = edge
