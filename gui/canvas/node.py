"""One node on the canvas: a single item that paints its card and its ports."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.graph.spec import NodeSpec
from gui.canvas import painting
from gui.canvas.card import Card, card_of
from gui.canvas.port import Point, near, offsets
from gui.canvas.state import NO_FACTS, Facts, Mark


class NodeItem(QGraphicsItem):
    """Shows a NodeSpec. It holds the spec it shows, its numbers and its mark, and never changes any of them itself."""

    def __init__(self, spec: NodeSpec) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.setZValue(1)
        self.facts: Facts = NO_FACTS
        self.mark: Mark | None = None
        self.lit = False
        self.port_states: dict[tuple[str, bool], str] = {}
        self.wired: frozenset[tuple[str, bool]] = frozenset()
        self.spec = spec
        self.card: Card = card_of(spec)
        self.inputs: dict[str, Point] = {}
        self.outputs: dict[str, Point] = {}
        self.show_spec(spec)

    @property
    def id(self) -> str:
        return self.spec.id

    def show_spec(self, spec: NodeSpec) -> bool:
        """Show another version of the node; whether edges end elsewhere now."""
        self.spec = spec
        card, before = card_of(spec), (self.inputs, self.outputs, self.x(), self.y())
        if card is not self.card or not (self.inputs or self.outputs):
            self.card = card
            self.inputs = offsets(card.inputs, is_input=True)
            self.outputs = offsets(card.outputs, is_input=False)
            self.update()
        self.setPos(QPointF(*spec.position))
        return before != (self.inputs, self.outputs, self.x(), self.y())

    def show_facts(self, facts: Facts, mark: Mark | None) -> None:
        """Show new numbers and problems."""
        if facts != self.facts or mark != self.mark:
            self.facts, self.mark = facts, mark
            self.update()

    def show_wired(self, wired: frozenset[tuple[str, bool]]) -> None:
        """Tell which ports, as (name, is input), carry an edge."""
        if wired != self.wired:
            self.wired = wired
            self.update()

    def set_lit(self, lit: bool) -> None:
        if lit != self.lit:
            self.lit = lit
            self.update()

    def set_port_state(self, port: str, is_input: bool, state: str | None) -> None:
        """Paint a port as "hover", "valid" or "off"; None for its usual look."""
        key = (port, is_input)
        if self.port_states.get(key) == state:
            return
        if state is None:
            self.port_states.pop(key, None)
        else:
            self.port_states[key] = state
        self.update()

    def port_at(self, scene_pos: QPointF) -> tuple[str, bool] | None:
        """The port whose 24-pixel target contains this point of the scene, as (name, is input)."""
        local = scene_pos - self.pos()
        point = (local.x(), local.y())
        for ports, is_input in ((self.outputs, False), (self.inputs, True)):
            found = near(ports, point)
            if found is not None:
                return found, is_input
        return None

    def port_position(self, port: str, is_input: bool) -> Point:
        """Where a port is in the scene; the middle of the edge for a port that the card does not have."""
        ports = self.inputs if is_input else self.outputs
        x, y = ports.get(port, (0.0, painting.BODY.top() if is_input else painting.BODY.bottom()))
        return self.x() + x, self.y() + y

    def on_bulb(self, scene_pos: QPointF) -> bool:
        """Whether this point of the scene is on the light bulb of a repair."""
        return self.mark is not None and self.mark.repairable and painting.BULB.contains(scene_pos - self.pos())

    def boundingRect(self) -> QRectF:
        return painting.BOUNDS

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        detail = QStyleOptionGraphicsItem.levelOfDetailFromTransform(painter.worldTransform())
        if detail < painting.MIDDLE:
            named = detail >= painting.FAR
            painting.paint_far(painter, self.card, self.mark, self.isSelected(), named)
            return
        painting.paint_card(
            painter,
            self.card,
            self.facts,
            self.mark,
            selected=self.isSelected(),
            close=detail >= painting.CLOSE,
            lit=self.lit,
        )
        colour = painting.colour_of(self.card)
        for ports, is_input in ((self.inputs, True), (self.outputs, False)):
            for port, at in ports.items():
                usual = "wired" if (port, is_input) in self.wired else "idle"
                painting.paint_port(painter, at, self.port_states.get((port, is_input), usual), colour)
