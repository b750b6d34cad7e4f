"""What gestures, menus and keys do to the drawing: each is one pure edit, given to the document as one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from PySide6.QtGui import QGuiApplication

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.layout import GRID, layout
from engine.graph.ports import input_ports, is_variadic, output_ports
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.graph.topology import reachable
from gui.canvas import clipboard, placing
from gui.canvas.port import PortRef
from gui.canvas.scene import CanvasScene
from gui.document.document import Document
from gui.runtime.notifications import Notifier

Change = NetworkSpec | Callable[[NetworkSpec], NetworkSpec]
Position = tuple[float, float]


class Editor:
    """Edits the document's network on behalf of a canvas, and selects what came out."""

    def __init__(self, document: Document, scene: CanvasScene, notifier: Notifier) -> None:
        self.document = document
        self.scene = scene
        self._notifier = notifier

    @property
    def spec(self) -> NetworkSpec:
        return self.document.project.network

    def apply(self, label: str, change: Change, merge: str | None = None) -> bool:
        """Make an edit; what is impossible is told and leaves the drawing alone."""
        try:
            return self.document.edit_network(label, change, merge)
        except BadInput as error:
            self._notifier.error(error)
            return False

    # adding

    def add(self, type: str, position: Position) -> str | None:
        """Put a new layer on the canvas, unconnected; returns its id."""
        node = placing.make(self.spec, type, position)
        return self._added(f"Add {type}", node, placing.add_free(self.spec, node))

    def insert(self, type: str, edge: EdgeSpec) -> str | None:
        """Put a new layer on an edge; returns its id."""
        node = placing.make(self.spec, type)
        try:
            return self._added(f"Insert {type}", node, placing.insert(self.spec, edge, node))
        except BadInput as error:
            self._notifier.error(error)
            return None

    def add_after_selection(self, type: str, centre: Position = (0.0, 0.0)) -> str | None:
        """Put a new layer on the selected edge, else after the selected node, else at the end of the network."""
        edges, nodes, spec = self.scene.selected_edges(), self.scene.selected_nodes(), self.spec
        node = placing.make(spec, type, centre)
        if edges and input_ports(node) and output_ports(node):
            return self.insert(type, edges[0])
        if nodes:
            return self._added(f"Add {type}", node, placing.insert_after(spec, nodes[-1], node))
        return self._added(f"Add {type}", node, placing.append(spec, node))

    def open_network(self, network: NetworkSpec) -> bool:
        """Replace the drawing by another network, as one step that can be undone."""
        self.scene.forget_analysis()
        return self.apply(f"Open {network.name}", network)

    def _added(self, label: str, node: NodeSpec, spec: NetworkSpec) -> str | None:
        if not self.apply(label, spec):
            return None
        self.scene.pick([node.id])
        return node.id

    # connecting

    def can_connect(self, source: PortRef, target: PortRef) -> bool:
        """Whether an edge from an output to an input is possible, new, and closes no cycle."""
        spec = self.spec
        if source.is_input or not target.is_input or source.node == target.node:
            return False
        if source.node not in spec.by_id or target.node not in spec.by_id:
            return False
        if EdgeSpec(source.node, target.node, source.port, target.port) in spec.edges:
            return False
        return source.node not in reachable(spec, [target.node])

    def connect(self, source: PortRef, target: PortRef, instead: EdgeSpec | None = None) -> bool:
        """Draw an edge; `instead` is the one that was pulled off its port."""
        edge = EdgeSpec(source.node, target.node, source.port, target.port)

        def change(spec: NetworkSpec) -> NetworkSpec:
            return edits.connect(edits.disconnect(spec, instead) if instead else spec, edge)

        return self.apply(f"Connect {edge.source} to {edge.target}", change)

    def connect_selection(self) -> bool:
        """Connect the selected nodes one after the other, from top to bottom."""
        ids = sorted(self.scene.selected_nodes(), key=lambda id: self.spec.node(id).position[::-1])

        def change(spec: NetworkSpec) -> NetworkSpec:
            for one, other in pairwise(ids):
                spec = edits.connect(spec, placing.link(spec, one, other))
            return spec

        return len(ids) > 1 and self.apply("Connect the selection", change)

    def disconnect(self, edges: Iterable[EdgeSpec]) -> bool:
        def change(spec: NetworkSpec) -> NetworkSpec:
            for edge in edges:
                spec = edits.disconnect(spec, edge)
            return spec

        return self.apply("Disconnect", change)

    def accepts_more(self, target: PortRef) -> bool:
        """Whether an input takes one more edge without losing the one it has."""
        node = self.spec.node(target.node)
        used = {edge.target_port for edge in self.spec.edges_into.get(node.id, ())}
        return is_variadic(node) or target.port not in used

    # moving

    def move(self, positions: dict[str, Position]) -> bool:
        """Put nodes somewhere else."""
        label = "Move" if len(positions) != 1 else f"Move {next(iter(positions))}"
        return self.apply(label, lambda spec: edits.move(spec, positions))

    def nudge(self, dx: int, dy: int) -> bool:
        """Move the selection by steps of the grid; quick repetitions are one step of undo."""
        ids = self.scene.selected_nodes()
        where = {id: self.spec.node(id).position for id in ids}
        moved = {id: (x + dx * GRID, y + dy * GRID) for id, (x, y) in where.items()}
        return bool(ids) and self.apply("Move", lambda spec: edits.move(spec, moved), merge=f"nudge {sorted(ids)}")

    def align(self, side: str) -> bool:
        ids = self.scene.selected_nodes()
        return self.apply("Align", lambda spec: edits.align(spec, ids, side))

    def distribute(self, axis: str) -> bool:
        ids = self.scene.selected_nodes()
        return self.apply("Distribute", lambda spec: edits.distribute(spec, ids, axis))

    def auto_layout(self) -> bool:
        """Arrange the whole drawing anew."""
        return self.apply("Arrange", layout)

    # removing, copying

    def delete_selection(self) -> bool:
        """Remove what is selected; around removed nodes the network closes again."""
        ids, edges = self.scene.selected_nodes(), self.scene.selected_edges()
        if not ids and not edges:
            return False

        def change(spec: NetworkSpec) -> NetworkSpec:
            for edge in edges:
                spec = edits.disconnect(spec, edge)
            return edits.remove(spec, ids, heal=True)

        what = ids[0] if len(ids) == 1 else "the selection" if ids else "connection"
        return self.apply(f"Delete {what}", change)

    def copy_selection(self) -> bool:
        """Put the selected nodes on the clipboard, as JSON text."""
        ids = self.scene.selected_nodes()
        if not ids:
            return False
        QGuiApplication.clipboard().setText(clipboard.to_text(edits.copy(self.spec, ids)))
        return True

    def cut_selection(self) -> bool:
        return self.copy_selection() and self.delete_selection()

    def paste(self, centre: Position | None = None) -> bool:
        """Add what the clipboard holds: beside its original, or around `centre`."""
        try:
            fragment = clipboard.from_text(QGuiApplication.clipboard().text())
        except BadInput as error:
            self._notifier.error(error)
            return False
        return self._paste("Paste", fragment, clipboard.offset(fragment, self.spec, centre))

    def duplicate_selection(self) -> bool:
        """Add copies of the selected nodes beside them."""
        ids = self.scene.selected_nodes()
        fragment = edits.copy(self.spec, ids)
        return bool(ids) and self._paste("Duplicate", fragment, clipboard.offset(fragment, self.spec))

    def _paste(self, label: str, fragment: NetworkSpec, offset: Position) -> bool:
        pasted, ids = edits.paste(self.spec, fragment, offset)
        done = self.apply(label, pasted)
        if done:
            self.scene.pick(ids)
        return done

    def detach(self, id: str) -> bool:
        """Replace a block by the layers in it, arranged in the block's place."""
        before = set(self.spec.by_id)
        done = self.apply(f"Detach {id}", lambda spec: placing.detach(spec, id))
        if done:
            self.scene.pick([fresh for fresh in self.spec.by_id if fresh not in before])
        return done

    def rename(self, old: str, new: str) -> bool:
        done = old != new and self.apply(f"Rename {old} to {new}", lambda spec: edits.rename(spec, old, new))
        if done:
            self.scene.pick([new])
        return done
