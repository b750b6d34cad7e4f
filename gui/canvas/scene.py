"""The drawing on screen: items for the nodes and edges of one picture, changed by diffs and never by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsScene

from engine.graph.paths import parent_of
from engine.graph.routing import Known, Router, Wire
from engine.graph.spec import EdgeSpec, NetworkSpec
from engine.graph.unfold import View, unfold
from gui.canvas import facts, painting, paper
from gui.canvas.diff import NetworkDiff, diff
from gui.canvas.edge import EdgeItem
from gui.canvas.frame import FrameItem
from gui.canvas.gate import GateItem
from gui.canvas.node import NodeItem
from gui.canvas.opening import Opening
from gui.canvas.port import REACH, PortRef
from gui.canvas.state import NO_FACTS, Facts, Mark

if TYPE_CHECKING:
    from engine.graph.results import Analysis

_EDGE_REACH = 7.0
_ROOM = 4000.0
_ITEMS = Qt.ItemSelectionMode.IntersectsItemBoundingRect


class CanvasScene(QGraphicsScene):
    """Shows a NetworkSpec, some of its blocks opened, and an Analysis of it. Nodes are called by their path.

    Signals:
        shown(object): the NetworkDiff of the picture that was just applied.
        picked(): other nodes or edges are selected now (once per change, however many).
        heated(): nodes are tinted by other values now, or by none.
    """

    shown = Signal(object)
    picked = Signal()
    heated = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.network = NetworkSpec()
        self.opening = Opening()
        self.view: View = unfold(self.network)
        self.nodes: dict[str, NodeItem] = {}
        self.edges: dict[EdgeSpec, EdgeItem] = {}
        self.heat: Mapping[str, float] = {}
        self.legend = ""
        self._changes: Mapping[str, str] = {}
        self._analysis: Analysis | None = None
        self._facts: dict[str, Facts] = {}
        self._marks: dict[str, Mark] = {}
        self._ways: Known = {}
        self._picking = False
        self._kept = True
        self.selectionChanged.connect(self._selection_changed)

    @property
    def spec(self) -> NetworkSpec:
        """The nodes and edges in the picture, under their paths."""
        return self.view.spec

    # showing

    def show_spec(self, network: NetworkSpec) -> NetworkDiff:
        """Become a picture of `network` by touching only what differs from what is shown."""
        return self._become(network, self.opening)

    def show_opening(self, opening: Opening) -> NetworkDiff:
        """Show the same network with other blocks opened, or another level of it."""
        return self._become(self.network, opening)

    def _become(self, network: NetworkSpec, opening: Opening) -> NetworkDiff:
        before = self.view
        self.network, self.opening = network, opening.fitting(network)
        self.view = unfold(network, self.opening.opened, self.opening.scope, before)
        change = diff(before.spec, self.view.spec)
        if not change and self.view.frames == before.frames:
            return change
        self._picking = True
        for edge in change.edges_removed:
            self.removeItem(self.edges.pop(edge))
        replaced = [id for id, item in self.nodes.items() if id in self.spec.by_id and item.kind != self._kind(id)]
        chosen = [id for id in replaced if self.nodes[id].isSelected()]
        for id in (*change.removed, *replaced):
            self.removeItem(self.nodes.pop(id))
        fresh = (*change.added, *replaced)
        for id in fresh:
            self._add(id)
        for id in {*change.moved, *change.changed} - set(replaced):
            self.nodes[id].show_spec(self.spec.by_id[id])
        for id, box in self.view.frames.items():
            self.nodes[id].show_frame(box)
        for edge in change.edges_added:
            item_of_edge = EdgeItem(edge)
            self.edges[edge] = item_of_edge
            self.addItem(item_of_edge)
        for id in chosen:
            self.nodes[id].setSelected(True)
        self._picking = False
        self._wire(change, fresh)
        self.route()
        if change.geometry:
            self._place_pills()
        if fresh and self._analysis is not None:
            self._mark()
        if fresh and (self.heat or self._changes):
            self._tint()
        if fresh or change.removed or change.moved:
            self._fit_room()
        self.update()
        if change.removed or change.edges_removed or replaced:
            self.picked.emit()
        self.shown.emit(change)
        return change

    def _kind(self, id: str) -> str:
        return "frame" if id in self.view.frames else "gate" if id in self.view.gates else "card"

    def _add(self, id: str) -> None:
        made = {"frame": FrameItem, "gate": GateItem, "card": NodeItem}[self._kind(id)]
        item = made(self.spec.by_id[id])
        item.show_facts(self._facts_of(id), self._marks.get(id))
        item.keep_picture(self._kept)
        self.nodes[id] = item
        self.addItem(item)

    def show_analysis(self, analysis: Analysis) -> None:
        """Put shapes on the edges, and numbers and problems on the nodes."""
        self._analysis = analysis
        self._facts = {}
        self._mark()
        self._label()

    def _mark(self) -> None:
        found = self._analysis.problems if self._analysis is not None else ()
        self._marks = facts.marks_of(found, self.view.shown_at)
        for id, item in self.nodes.items():
            item.show_facts(self._facts_of(id), self._marks.get(id))

    def _facts_of(self, id: str) -> Facts:
        if self._analysis is None:
            return NO_FACTS
        if id not in self._facts:
            info = self._analysis.nodes.get(id)
            self._facts[id] = facts.facts_of(info) if info is not None else NO_FACTS
        return self._facts[id]

    def forget_analysis(self) -> None:
        """Another network comes: its nodes must not show numbers of namesakes."""
        self._analysis, self._facts = None, {}
        self._mark()
        self._label()

    def set_heat(self, values: Mapping[str, float] | None, legend: str = "") -> None:
        """Tint nodes by values from 0 to 1, such as their share of the time; `legend` says what 0 and 1 stand for.

        The values are by path; those of nodes inside closed blocks do not show. None ends it.
        """
        self.heat, self.legend = dict(values or {}), legend if values is not None else ""
        self._tint()
        self.heated.emit()

    def set_marks(self, marks: Mapping[str, str]) -> None:
        """Mark nodes by path as "added", "removed" or "changed"; a closed block around a marked node is "changed"."""
        self._changes = dict(marks)
        self._tint()

    def _tint(self) -> None:
        shown: dict[str, str] = {}
        for path, word in self._changes.items():
            id = self.view.shown_at(path)
            if id is not None:
                shown[id] = word if id == path else shown.get(id, "changed")
        for id, item in self.nodes.items():
            item.show_tint(self.heat.get(id), shown.get(id, ""))

    def route(self, moving: Iterable[str] = ()) -> None:
        """Let the edges run as in the picture, or lead those at `moving` nodes to where these are now."""
        some = set(moving)
        if not some:
            for edge, way in self.view.routes.items():
                self.edges[edge].show_route(way)
            return
        levels: dict[str, list[Wire]] = {}
        for edge, item in self.edges.items():
            ends = (edge.source in some) + (edge.target in some)
            if ends == 2:
                step = self.nodes[edge.source].pos() - QPointF(*self.spec.by_id[edge.source].position)
                item.show_route(self.view.routes[edge].moved(step.x(), step.y()))
            elif ends:
                wire = Wire(edge, (edge.source, edge.source_port), *self._ends(edge))
                levels.setdefault(self.view.origins[edge].path, []).append(wire)
        if len(self._ways) > 8 * len(self.edges) + 200:
            self._ways.clear()
        for path, wires in levels.items():
            for key, way in Router(self._boxes(path), self._ways).route_all(wires).items():
                self.edges[key].show_route(way)  # type: ignore[index]

    def _boxes(self, path: str) -> Iterable[tuple[float, float, float, float]]:
        """What stands in a level's way now, while something is dragged."""
        for id, item in self.nodes.items():
            if item.kind != "gate" and parent_of(id) == path:
                box = item.body.translated(item.pos())
                yield box.left(), box.top(), box.right(), box.bottom()

    def refresh(self) -> None:
        """Paint everything anew, after the theme has changed."""
        painting.forget()
        for item in self.nodes.values():
            item.update()
        self.update()

    def keep_pictures(self, kept: bool) -> None:
        """Whether cards keep the picture of themselves. From far away they are painted faster than looked up, and
        zooming would make every picture anew."""
        if kept != self._kept:
            self._kept = kept
            for item in self.nodes.values():
                item.keep_picture(kept)

    # finding

    def node_at(self, pos: QPointF) -> NodeItem | None:
        """The topmost card at a point."""
        for item in self.items(QRectF(pos.x() - 1, pos.y() - 1, 2, 2), _ITEMS):
            if isinstance(item, NodeItem) and item.holds(pos):
                return item
        return None

    def port_at(self, pos: QPointF, reach: float = REACH) -> PortRef | None:
        """The port whose target contains a point."""
        around = QRectF(pos.x() - reach, pos.y() - reach, 2 * reach, 2 * reach)
        for item in self.items(around, _ITEMS):
            if isinstance(item, NodeItem):
                found = item.port_at(pos)
                if found is not None:
                    return PortRef(item.id, *found)
        return None

    def edge_at(self, pos: QPointF, reach: float = _EDGE_REACH) -> EdgeItem | None:
        """The edge closest to a point, if it is within reach."""
        around = QRectF(pos.x() - reach, pos.y() - reach, 2 * reach, 2 * reach)
        best: tuple[float, EdgeItem | None] = (reach, None)
        for item in self.items(around, _ITEMS):
            if isinstance(item, EdgeItem):
                distance = item.distance(pos)
                if distance <= best[0]:
                    best = (distance, item)
        return best[1]

    def content(self) -> QRectF:
        """What surrounds all cards and edges; empty for an empty drawing."""
        box = QRectF()
        for item in self.nodes.values():
            box = box.united(item.boundingRect().translated(item.pos()))
        for edge in self.edges.values():
            box = box.united(edge.boundingRect())
        return box

    # selection

    def selected_nodes(self) -> tuple[str, ...]:
        """Ids of the selected nodes, in drawing order."""
        chosen = {item.id for item in self.selectedItems() if isinstance(item, NodeItem)}
        return tuple(node.id for node in self.spec.nodes if node.id in chosen)

    def selected_edges(self) -> tuple[EdgeSpec, ...]:
        return tuple(item.spec for item in self.selectedItems() if isinstance(item, EdgeItem))

    def pick(self, nodes: Iterable[str] = (), edges: Iterable[EdgeSpec] = (), add: bool = False) -> None:
        """Select these (and, with `add`, what is selected already)."""
        self._picking = True
        if not add:
            self.clearSelection()
        for id in nodes:
            if id in self.nodes:
                self.nodes[id].setSelected(True)
        for edge in edges:
            if edge in self.edges:
                self.edges[edge].setSelected(True)
        self._picking = False
        self._selection_changed()

    def _selection_changed(self) -> None:
        if not self._picking:
            self.update()
            self.picked.emit()

    # painting

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        paper.paint(painter, QRectF(rect), self.spec.groups, self.nodes)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        detail = painting.detail(painter)
        if detail < painting.FAR:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        large = detail < painting.MIDDLE
        for item in self.items(QRectF(rect), _ITEMS):
            if isinstance(item, EdgeItem) and item.labelled:
                painting.paint_pill(painter, item.route.label, item.label, item.strong, large)

    # within

    def _ends(self, edge: EdgeSpec) -> tuple[tuple[float, float], tuple[float, float]]:
        start = self.nodes[edge.source].port_position(edge.source_port, is_input=False)
        end = self.nodes[edge.target].port_position(edge.target_port, is_input=True)
        return start, end

    def _wire(self, change: NetworkDiff, fresh: Iterable[str]) -> None:
        touched = {*fresh, *change.changed}
        for edge in (*change.edges_added, *change.edges_removed):
            touched.update((edge.source, edge.target))
        for id in touched:
            item = self.nodes.get(id)
            if item is not None:
                into = {(edge.target_port, True) for edge in self.spec.edges_into.get(id, ())}
                out = {(edge.source_port, False) for edge in self.spec.edges_out_of.get(id, ())}
                item.show_wired(frozenset(into | out))
        for edge in change.edges_added:
            self.edges[edge].show_label(self._shape_on(edge))

    def _place_pills(self) -> None:
        """One pill for all edges out of a port: on the one that runs straightest."""
        best: dict[tuple[str, str], tuple[tuple[bool, float, float], EdgeSpec]] = {}
        for edge, way in self.view.routes.items():
            across, down = abs(way.end[0] - way.start[0]), way.end[1] - way.start[1]
            rank = ((way.lane is not None, across, down), edge)
            port = (edge.source, edge.source_port)
            if port not in best or rank < best[port]:
                best[port] = rank
        for edge, item in self.edges.items():
            item.show_pill(best[edge.source, edge.source_port][1] == edge)

    def _label(self) -> None:
        for edge, item in self.edges.items():
            item.show_label(self._shape_on(edge))

    def _shape_on(self, edge: EdgeSpec) -> str:
        """The pill's text; none just inside a frame, where the edge outside says it."""
        path = self.view.origins[edge].path
        for id in (edge.source, edge.target):
            if id in self.view.gates and parent_of(id) == path:
                return ""
        shapes = self._facts_of(edge.source).shapes
        ports = list(self.nodes[edge.source].outputs)
        index = ports.index(edge.source_port) if edge.source_port in ports else 0
        return shapes[index] if index < len(shapes) else "?"

    def _fit_room(self) -> None:
        room = self.content().adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)
        if not self.sceneRect().contains(room) or self.sceneRect().width() > 3 * room.width():
            self.setSceneRect(room)
