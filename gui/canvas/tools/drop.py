"""Dropping a layer or a block from the palette: onto an edge it goes between, elsewhere it stands by itself."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPointF

from engine.errors import BadInput
from engine.graph.ports import input_ports, output_ports
from engine.graph.spec import NetworkSpec, NodeSpec
from engine.layers.base import LAYERS
from gui.canvas import clipboard
from gui.canvas.edge import EdgeItem
from gui.canvas.placing import Prototype, make
from gui.canvas.tools.base import Tool

LAYER_MIME = "application/x-vitrine-layer"
BLOCK_MIME = "application/x-vitrine-block"
_REACH = 40.0


def mime_of(what: Prototype) -> QMimeData:
    """What the palette hands over when a layer or a block is dragged."""
    data = QMimeData()
    if isinstance(what, NodeSpec):
        data.setData(BLOCK_MIME, clipboard.to_text(NetworkSpec(what.id, (what,))).encode())
        data.setText(what.id)
    else:
        data.setData(LAYER_MIME, what.encode())
        data.setText(what)
    return data


def dragged(data: QMimeData) -> Prototype | None:
    """The layer or block in dragged data, or None if it is anything else."""
    if data.hasFormat(BLOCK_MIME):
        try:
            fragment = clipboard.from_text(bytes(data.data(BLOCK_MIME).data()).decode("utf-8", "replace"))
        except BadInput:
            return None  # another program's data under our name is simply not taken
        return fragment.nodes[0]
    if not data.hasFormat(LAYER_MIME):
        return None
    type = bytes(data.data(LAYER_MIME).data()).decode("utf-8", "replace")
    return type if type in LAYERS else None


class DropTool(Tool):
    """Started by the view when a layer is dragged in."""

    what: Prototype | None = None
    _edge: EdgeItem | None = None

    def enter(self, data: QMimeData) -> bool:
        self.what = dragged(data)
        return self.what is not None

    def hover(self, pos: QPointF) -> None:
        """Show where it would go."""
        if self.what is None:
            return
        node = make(NetworkSpec(), self.what)
        fits = bool(input_ports(node) and output_ports(node))
        self._light(self.scene.edge_at(pos, _REACH) if fits else None)
        if self._edge is None:
            self.view.show_ghost(pos, self.what.id if isinstance(self.what, NodeSpec) else self.what)
        else:
            self.view.hide_preview()

    def drop(self, pos: QPointF) -> str | None:
        """Put it there; returns the new node's path."""
        edge, what = self._edge, self.what
        self.cancel()
        if what is None:
            return None
        if edge is not None:
            return self.editor.insert(what, edge.spec)
        return self.editor.add(what, (pos.x(), pos.y()))

    def cancel(self) -> None:
        self._light(None)
        self.view.hide_preview()

    def _light(self, edge: EdgeItem | None) -> None:
        if edge is not self._edge:
            for item in (self._edge, edge):
                if item is not None:
                    item.set_lit(item is edge)
            self._edge = edge
