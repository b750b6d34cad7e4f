"""What gestures, menus and keys do to the drawing: each is one pure edit, given to the document as one step.

Nodes are named by their path, as on the canvas; every edit is made in the level of the document where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from PySide6.QtGui import QGuiApplication

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.borders import change, connect_across
from engine.graph.columns import in_columns
from engine.graph.edits import Edit
from engine.graph.layout import GRID, layout
from engine.graph.paths import find, is_inside, join, level_of, name_of, parent_of
from engine.graph.ports import input_ports, is_variadic, output_ports
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.graph.topology import reachable
from engine.graph.unfold import End
from gui.canvas import clipboard, placing
from gui.canvas.placing import Prototype
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
        """The whole network of the document."""
        return self.document.project.network

    def node(self, id: str) -> NodeSpec | None:
        """A node of the document by its path, with its own short name."""
        return find(self.spec, id)

    def level(self, path: str) -> NetworkSpec:
        """The network, or the one inside the block at `path`."""
        return level_of(self.spec, path)

    def apply(self, label: str, change: Change, merge: str | None = None) -> bool:
        """Make an edit; what is impossible is told and leaves the drawing alone."""
        try:
            return self.document.edit_network(label, change, merge)
        except BadInput as error:
            self.tell(error)
            return False

    def tell(self, error: BadInput) -> None:
        """Show a person what is wrong."""
        self._notifier.error(error)

    def edit(self, path: str, label: str, edit: Edit, merge: str | None = None) -> bool:
        """Make an edit in the level at `path`."""
        return self.apply(label, lambda spec: change(spec, path, edit), merge)

    def selection(self) -> tuple[str, ...]:
        """The selected nodes; without those inside a block that is selected as a whole."""
        chosen = self.scene.selected_nodes()
        frames = [id for id in chosen if id in self.scene.view.frames]
        return tuple(id for id in chosen if not any(is_inside(id, frame) for frame in frames))

    def one_level(self, ids: Iterable[str]) -> tuple[str, tuple[str, ...]]:
        """The level that all these nodes are in, and their names there. Raises `BadInput` if they are in several."""
        some = tuple(ids)
        levels = list(dict.fromkeys(parent_of(id) for id in some))
        if len(levels) > 1:
            first, second = (f"in {path}" if path else "outside of all blocks" for path in levels[:2])
            raise BadInput(f"Some of the selected layers are {first}, others {second}.", "Select layers of one level.")
        return levels[0] if levels else self.scene.view.scope, tuple(name_of(id) for id in some)

    # adding

    def add(self, what: Prototype, position: Position) -> str | None:
        """Put a new layer or block at a place of the canvas, unconnected; returns its path."""
        path = self.scene.view.level_at(position)
        node = placing.make(self.level(path), what, self.scene.view.in_document(path, position))
        return self._added("Add", path, node, lambda level: placing.add_free(level, node))

    def insert(self, what: Prototype, edge: EdgeSpec) -> str | None:
        """Put a new layer or block on an edge of the canvas; returns its path."""
        origin = self.scene.view.origins[edge]
        node = placing.make(self.level(origin.path), what)
        return self._added("Insert", origin.path, node, lambda level: placing.insert(level, origin.edge, node))

    def add_after_selection(self, what: Prototype, centre: Position = (0.0, 0.0)) -> str | None:
        """Put it on the selected edge, else after the selected node, else at the end of the level in view."""
        edges, nodes = self.scene.selected_edges(), self.scene.selected_nodes()
        path = parent_of(nodes[-1]) if nodes else self.scene.view.scope
        node = placing.make(self.level(path), what, self.scene.view.in_document(path, centre))
        if edges and input_ports(node) and output_ports(node):
            return self.insert(what, edges[0])
        if nodes:
            return self._added("Add", path, node, lambda level: placing.insert_after(level, name_of(nodes[-1]), node))
        return self._added("Add", path, node, lambda level: placing.append(level, node))

    def open_network(self, network: NetworkSpec) -> bool:
        """Replace the drawing by another network, as one step that can be undone."""
        self.scene.forget_analysis()
        return self.apply(f"Open {network.name}", network)

    def _added(self, verb: str, path: str, node: NodeSpec, edit: Edit) -> str | None:
        what = node.id if node.subgraph is not None else node.type
        if not self.edit(path, f"{verb} {what}", edit):
            return None
        self.scene.pick([join(path, node.id)])
        return join(path, node.id)

    # connecting

    def can_connect(self, source: PortRef, target: PortRef) -> bool:
        """Whether an edge from an output to an input is possible, new, and closes no cycle."""
        spec = self.scene.spec
        if source.is_input or not target.is_input or source.node == target.node:
            return False
        if source.node not in spec.by_id or target.node not in spec.by_id:
            return False
        if EdgeSpec(source.node, target.node, source.port, target.port) in spec.edges:
            return False
        one, other = self._end(source), self._end(target)
        for inner, outer in ((one, other), (other, one)):
            if is_inside(join(inner.path, inner.node), join(outer.path, outer.node)):
                return False
        return source.node not in reachable(spec, [target.node])

    def connect(self, source: PortRef, target: PortRef, instead: EdgeSpec | None = None) -> bool:
        """Draw an edge; `instead` is the one that was pulled off its port. Borders that it crosses get ports."""
        one, other = self._end(source), self._end(target)

        def edit(spec: NetworkSpec) -> NetworkSpec:
            if instead is not None:
                spec = self._without(spec, [instead])
            return connect_across(spec, one, other)

        return self.apply(f"Connect {source.node} to {target.node}", edit)

    def _end(self, port: PortRef) -> End:
        return self.scene.view.end(port.node, port.port, port.is_input)

    def connect_selection(self) -> bool:
        """Connect the selected nodes one after the other, from top to bottom."""
        where = {node.id: node.position[::-1] for node in self.scene.spec.nodes}
        ids = sorted(self.selection(), key=where.__getitem__)

        def edit(spec: NetworkSpec) -> NetworkSpec:
            for one, other in pairwise(ids):
                level = level_of(spec, parent_of(other))
                if parent_of(one) == parent_of(other):
                    edge = placing.link(level, name_of(one), name_of(other))
                    spec = change(spec, parent_of(one), lambda level, edge=edge: edits.connect(level, edge))  # type: ignore[misc]
                    continue
                out = placing.output_of(level_of(spec, parent_of(one)), name_of(one))
                into = placing.input_of(level, name_of(other))
                spec = connect_across(
                    spec, End(parent_of(one), name_of(one), out), End(parent_of(other), name_of(other), into)
                )
            return spec

        return len(ids) > 1 and self.apply("Connect the selection", edit)

    def disconnect(self, edges: Iterable[EdgeSpec]) -> bool:
        some = tuple(edges)
        return self.apply("Disconnect", lambda spec: self._without(spec, some))

    def _without(self, spec: NetworkSpec, edges: Iterable[EdgeSpec]) -> NetworkSpec:
        for edge in edges:
            origin = self.scene.view.origins[edge]
            if origin.edge in level_of(spec, origin.path).edges:
                spec = change(spec, origin.path, lambda level, gone=origin.edge: edits.disconnect(level, gone))  # type: ignore[misc]
        return spec

    def accepts_more(self, target: PortRef) -> bool:
        """Whether an input takes one more edge without losing the one it has."""
        node = self.scene.spec.node(target.node)
        used = {edge.target_port for edge in self.scene.spec.edges_into.get(node.id, ())}
        return is_variadic(node) or target.port not in used

    # moving

    def move(self, positions: Mapping[str, Position]) -> bool:
        """Put nodes to other places of the canvas."""
        label = "Move" if len(positions) != 1 else f"Move {next(iter(positions))}"
        return self._place(label, {id: self._in_document(id, at) for id, at in positions.items()})

    def _in_document(self, id: str, at: Position) -> Position:
        view, node = self.scene.view, self.node(id)
        before = node.position if node is not None else at
        if id in view.frames:
            x, y = view.spec.by_id[id].position
            return placing.snapped(before[0] + at[0] - x, before[1] + at[1] - y)
        place = view.in_document(parent_of(id), at)
        if id in view.gates:
            return (placing.snapped(*place)[0], before[1])
        return placing.snapped(*place) if view.frames else place

    def _place(self, label: str, positions: Mapping[str, Position], merge: str | None = None) -> bool:
        levels: dict[str, dict[str, Position]] = {}
        for id, at in positions.items():
            levels.setdefault(parent_of(id), {})[name_of(id)] = at

        def edit(spec: NetworkSpec) -> NetworkSpec:
            for path, some in levels.items():
                spec = change(spec, path, lambda level, some=some: edits.move(level, some))  # type: ignore[misc]
            return spec

        return self.apply(label, edit, merge)

    def nudge(self, dx: int, dy: int) -> bool:
        """Move the selection by steps of the grid; quick repetitions are one step of undo."""
        moved = {}
        for id in self.selection():
            node = self.node(id)
            if node is not None:
                moved[id] = (node.position[0] + dx * GRID, node.position[1] + dy * GRID)
        return bool(moved) and self._place("Move", moved, merge=f"nudge {sorted(moved)}")

    def align(self, side: str) -> bool:
        return self._in_one_level("Align", lambda level, ids: edits.align(level, ids, side))

    def distribute(self, axis: str) -> bool:
        return self._in_one_level("Distribute", lambda level, ids: edits.distribute(level, ids, axis))

    def _in_one_level(self, label: str, edit: Callable[[NetworkSpec, tuple[str, ...]], NetworkSpec]) -> bool:
        chosen = self.selection()

        def whole(spec: NetworkSpec) -> NetworkSpec:
            path, ids = self.one_level(chosen)
            return change(spec, path, lambda level: edit(level, ids))

        return self.apply(label, whole)

    def auto_layout(self) -> bool:
        """Arrange the whole level in view anew, with what is in its blocks."""
        return self.edit(self.scene.view.scope, "Arrange", layout)

    def arrange_in_columns(self) -> bool:
        """Arrange the level in view in columns side by side, as it fits on a slide."""
        return self.edit(self.scene.view.scope, "Arrange in columns", in_columns)

    # removing, copying

    def delete_selection(self) -> bool:
        """Remove what is selected; around removed nodes the network closes again."""
        ids, edges = self.selection(), self.scene.selected_edges()
        if not ids and not edges:
            return False
        levels: dict[str, list[str]] = {}
        for id in sorted(ids, key=lambda id: -id.count(".")):
            levels.setdefault(parent_of(id), []).append(name_of(id))

        def edit(spec: NetworkSpec) -> NetworkSpec:
            spec = self._without(spec, edges)
            for path, names in levels.items():
                spec = change(spec, path, lambda level, names=names: edits.remove(level, names, heal=True))  # type: ignore[misc]
            return spec

        what = ids[0] if len(ids) == 1 else "the selection" if ids else "connection"
        return self.apply(f"Delete {what}", edit)

    def copy_selection(self) -> bool:
        """Put the selected nodes on the clipboard, as JSON text."""
        fragment = self._fragment()
        if fragment is None:
            return False
        QGuiApplication.clipboard().setText(clipboard.to_text(fragment))
        return True

    def _fragment(self) -> NetworkSpec | None:
        ids = self.selection()
        try:
            path, names = self.one_level(ids)
        except BadInput as error:
            self.tell(error)
            return None
        return edits.copy(self.level(path), names) if ids else None

    def cut_selection(self) -> bool:
        return self.copy_selection() and self.delete_selection()

    def paste(self, centre: Position | None = None) -> bool:
        """Add what the clipboard holds: beside its original, or around `centre`."""
        try:
            fragment = clipboard.from_text(QGuiApplication.clipboard().text())
        except BadInput as error:
            self.tell(error)
            return False
        return self._paste("Paste", fragment, centre)

    def duplicate_selection(self) -> bool:
        """Add copies of the selected nodes beside them."""
        fragment = self._fragment()
        return fragment is not None and self._paste("Duplicate", fragment, None)

    def _paste(self, label: str, fragment: NetworkSpec, centre: Position | None) -> bool:
        levels = {parent_of(id) for id in self.selection()}
        path = levels.pop() if len(levels) == 1 else self.scene.view.scope
        level = self.level(path)
        place = self.scene.view.in_document(path, centre) if centre is not None else None
        pasted, ids = edits.paste(level, fragment, clipboard.offset(fragment, level, place))
        done = self.edit(path, label, lambda level: pasted)
        if done:
            self.scene.pick([join(path, id) for id in ids])
        return done

    def rename(self, old: str, new: str) -> bool:
        """Give the node at a path another name."""
        path, name = parent_of(old), name_of(old)
        if new == name:
            return False
        opening = self.scene.opening.renamed(old, join(path, new))
        done = self.edit(path, f"Rename {name} to {new}", lambda level: edits.rename(level, name, new))
        if done:
            self.scene.show_opening(opening)
            self.scene.pick([join(path, new)])
        return done
