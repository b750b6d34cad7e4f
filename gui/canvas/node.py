"""One node on the canvas: a single item that paints its card and its ports."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.graph.routing import Box
from engine.graph.spec import NodeSpec
from gui.canvas import painting
from gui.canvas.card import Card, card_of
from gui.canvas.port import Point, near, offsets
from gui.canvas.state import NO_FACTS, Facts, Mark


class NodeItem(QGraphicsItem):
    """Shows a NodeSpec. It holds the spec it shows, its numbers and its mark, and never changes any of them itself.

    Class attributes: `kind` is "card", or that of a derived item.
    """

    kind = "card"

    def __init__(self, spec: NodeSpec) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setZValue(1)
        self.facts: Facts = NO_FACTS
        self.mark: Mark | None = None
        self.heat: float | None = None
        self.change = ""
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

    @property
    def body(self) -> QRectF:
        """What it takes up, relative to its place."""
        return painting.BODY

    def holds(self, scene_pos: QPointF) -> bool:
        """Whether this point of the scene is on it."""
        return self.body.contains(scene_pos - self.pos())

    def ports_of(self, card: Card) -> tuple[dict[str, Point], dict[str, Point]]:
        """Where inputs and outputs are, relative to its place."""
        return offsets(card.inputs, is_input=True), offsets(card.outputs, is_input=False)

    def show_frame(self, box: Box) -> None:
        """Take this room in the scene; a card's size is always the same."""

    def keep_picture(self, kept: bool) -> None:
        """Whether to be painted from a picture made once for a zoom."""
        modes = QGraphicsItem.CacheMode
        self.setCacheMode(modes.DeviceCoordinateCache if kept else modes.NoCache)

    def show_tint(self, heat: float | None, change: str) -> None:
        """Be tinted by a value from 0 to 1, and marked as "added", "removed" or "changed"."""
        if (heat, change) != (self.heat, self.change):
            self.heat, self.change = heat, change
            self.update()

    def show_spec(self, spec: NodeSpec) -> bool:
        """Show another version of the node; whether edges end elsewhere now."""
        self.spec = spec
        card, before = card_of(spec), (self.inputs, self.outputs, self.x(), self.y())
        if card is not self.card or not (self.inputs or self.outputs):
            self.card = card
            self.inputs, self.outputs = self.ports_of(card)
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
        x, y = ports.get(port, (0.0, self.body.top() if is_input else self.body.bottom()))
        return self.x() + x, self.y() + y

    def on_bulb(self, scene_pos: QPointF) -> bool:
        """Whether this point of the scene is on the light bulb of a repair."""
        return self.mark is not None and self.mark.repairable and self.bulb_box().contains(scene_pos - self.pos())

    def on_fold(self, scene_pos: QPointF) -> bool:
        """Whether this point of the scene is on the button that opens or folds a block."""
        return bool(self.card.layers) and self.fold_box().contains(scene_pos - self.pos())

    @property
    def header(self) -> QRectF:
        """The part that says what it is, which is brought into view."""
        return self.body

    def fold_box(self) -> QRectF:
        return painting.CORNER

    def bulb_box(self) -> QRectF:
        return painting.CORNER.translated(-20 if self.card.layers else 0, 0)

    def boundingRect(self) -> QRectF:
        return painting.BOUNDS

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        detail = painting.detail(painter)
        if detail < painting.MIDDLE:
            named = detail >= painting.FAR
            painting.paint_far(painter, self.card, self.mark, self.isSelected(), named, self.heat, self.change)
            return
        painting.paint_card(
            painter,
            self.card,
            self.facts,
            self.mark,
            selected=self.isSelected(),
            close=detail >= painting.CLOSE,
            lit=self.lit,
            heat=self.heat,
            change=self.change,
        )
        colour = painting.colour_of(self.card)
        for ports, is_input in ((self.inputs, True), (self.outputs, False)):
            for port, at in ports.items():
                usual = "wired" if (port, is_input) in self.wired else "idle"
                painting.paint_port(painter, at, self.port_states.get((port, is_input), usual), colour)
