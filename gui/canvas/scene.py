"""The drawing on screen: items for the nodes and edges of one NetworkSpec, changed by diffs and never by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsScene, QStyleOptionGraphicsItem

from engine.graph.spec import EdgeSpec, NetworkSpec
from gui.canvas import facts, painting
from gui.canvas.diff import NetworkDiff, diff
from gui.canvas.edge import EdgeItem
from gui.canvas.node import NodeItem
from gui.canvas.port import REACH, PortRef
from engine.graph.routing import Known, Router, Wire
from gui.canvas.state import NO_FACTS, Facts, Mark
from gui.theme import tokens

if TYPE_CHECKING:
    from engine.graph.results import Analysis

_EDGE_REACH = 7.0
_GRID = 32
_ROOM = 4000.0
_ITEMS = Qt.ItemSelectionMode.IntersectsItemBoundingRect


class CanvasScene(QGraphicsScene):
    """Shows a NetworkSpec and an Analysis of it.

    Signals:
        shown(object): the NetworkDiff that was just applied.
        picked(): other nodes or edges are selected now (once per change, however many).
    """

    shown = Signal(object)
    picked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.spec = NetworkSpec()
        self.nodes: dict[str, NodeItem] = {}
        self.edges: dict[EdgeSpec, EdgeItem] = {}
        self._facts: dict[str, Facts] = {}
        self._marks: dict[str, Mark] = {}
        self._ways: Known = {}
        self._picking = False
        self.selectionChanged.connect(self._selection_changed)

    # showing

    def show_spec(self, spec: NetworkSpec) -> NetworkDiff:
        """Become a picture of `spec` by touching only what differs from what is shown."""
        change = diff(self.spec, spec)
        self.spec = spec
        if not change:
            return change
        self._picking = True
        for edge in change.edges_removed:
            self.removeItem(self.edges.pop(edge))
        for id in change.removed:
            self.removeItem(self.nodes.pop(id))
        for id in change.added:
            item = NodeItem(spec.by_id[id])
            item.show_facts(self._facts.get(id, NO_FACTS), self._marks.get(id))
            self.nodes[id] = item
            self.addItem(item)
        elsewhere = bool(change.added or change.removed or change.edges_added or change.edges_removed)
        for id in {*change.moved, *change.changed}:
            elsewhere |= self.nodes[id].show_spec(spec.by_id[id])
        for edge in change.edges_added:
            item_of_edge = EdgeItem(edge)
            self.edges[edge] = item_of_edge
            self.addItem(item_of_edge)
        self._picking = False
        self._wire(change)
        if elsewhere:
            self.route()
        if change.added or change.removed or change.moved:
            self._fit_room()
        if change.groups:
            self.update()
        if change.removed or change.edges_removed:
            self.picked.emit()
        self.shown.emit(change)
        return change

    def show_analysis(self, analysis: Analysis) -> None:
        """Put shapes on the edges, and numbers and problems on the nodes."""
        self._facts = {id: facts.facts_of(info) for id, info in analysis.nodes.items() if id in self.nodes}
        self._marks = facts.marks_of(analysis.problems)
        for id, item in self.nodes.items():
            item.show_facts(self._facts.get(id, NO_FACTS), self._marks.get(id))
        self._label()

    def forget_analysis(self) -> None:
        """Another network comes: its nodes must not show numbers of namesakes."""
        self._facts, self._marks = {}, {}
        for item in self.nodes.values():
            item.show_facts(NO_FACTS, None)
        self._label()

    def route(self, moving: Iterable[str] = ()) -> None:
        """Lead the edges around the cards; only those at `moving` nodes when given, as while dragging."""
        some = set(moving)
        wires = [
            Wire(edge, (edge.source, edge.source_port), *self._ends(edge))
            for edge in self.edges
            if not some or edge.source in some or edge.target in some
        ]
        if len(self._ways) > 8 * len(self.edges) + 200:
            self._ways.clear()
        router = Router(((item.x(), item.y()) for item in self.nodes.values()), self._ways)
        for edge, way in router.route_all(wires).items():
            self.edges[edge].show_route(way)  # type: ignore[index]

    def refresh(self) -> None:
        """Paint everything anew, after the theme has changed."""
        painting.forget()
        for item in self.nodes.values():
            item.update()
        self.update()

    # finding

    def node_at(self, pos: QPointF) -> NodeItem | None:
        """The topmost card at a point."""
        for item in self.items(QRectF(pos.x() - 1, pos.y() - 1, 2, 2), _ITEMS):
            if isinstance(item, NodeItem) and painting.BODY.contains(pos - item.pos()):
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
            box = box.united(painting.BOUNDS.translated(item.pos()))
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
        t = tokens()
        box = QRectF(rect)
        painter.fillRect(box, QColor(t.canvas))
        detail = QStyleOptionGraphicsItem.levelOfDetailFromTransform(painter.worldTransform())
        if detail >= painting.MIDDLE:
            painter.setPen(QPen(QColor(t.border), 2.0))
            left, top = int(box.left() // _GRID) * _GRID, int(box.top() // _GRID) * _GRID
            dots = [
                QPointF(x, y)
                for x in range(left, int(box.right()) + _GRID, _GRID)
                for y in range(top, int(box.bottom()) + _GRID, _GRID)
            ]
            painter.drawPoints(dots)
        for group in self.spec.groups:
            self._paint_group(painter, group.label, group.nodes)

    def _paint_group(self, painter: QPainter, label: str, ids: tuple[str, ...]) -> None:
        box = QRectF()
        for id in ids:
            if id in self.nodes:
                box = box.united(painting.BODY.translated(self.nodes[id].pos()))
        if box.isEmpty():
            return
        t = tokens()
        frame = box.adjusted(-20, -34, 20, 20)
        painter.setPen(QPen(QColor(t.border_strong), 1, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(t.panel))
        painter.drawRoundedRect(frame, 12, 12)
        painter.setPen(QColor(t.text_muted))
        painter.setFont(painting.scene_font("body", 13, bold=True))
        painter.drawText(frame.adjusted(12, 6, -12, 0), Qt.AlignmentFlag.AlignLeft, label)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        detail = QStyleOptionGraphicsItem.levelOfDetailFromTransform(painter.worldTransform())
        if detail < painting.FAR:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        large = detail < painting.MIDDLE
        for item in self.items(QRectF(rect), _ITEMS):
            if isinstance(item, EdgeItem):
                painting.paint_pill(painter, item.route.label, item.label, item.strong, large)

    # within

    def _ends(self, edge: EdgeSpec) -> tuple[tuple[float, float], tuple[float, float]]:
        start = self.nodes[edge.source].port_position(edge.source_port, is_input=False)
        end = self.nodes[edge.target].port_position(edge.target_port, is_input=True)
        return start, end

    def _wire(self, change: NetworkDiff) -> None:
        touched = {*change.added, *change.changed}
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

    def _label(self) -> None:
        for edge, item in self.edges.items():
            item.show_label(self._shape_on(edge))

    def _shape_on(self, edge: EdgeSpec) -> str:
        shapes = self._facts.get(edge.source, NO_FACTS).shapes
        ports = list(self.nodes[edge.source].outputs)
        index = ports.index(edge.source_port) if edge.source_port in ports else 0
        return shapes[index] if index < len(shapes) else "?"

    def _fit_room(self) -> None:
        room = self.content().adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)
        if not self.sceneRect().contains(room) or self.sceneRect().width() > 3 * room.width():
            self.setSceneRect(room)
