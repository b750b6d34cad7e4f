"""How a card is painted, from far away to very close. Only here are its lines placed; colours come from the theme."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem

from engine.graph.layout import NODE_HEIGHT, NODE_WIDTH
from gui.canvas.card import Card
from gui.canvas.numbers import counted
from gui.canvas.port import RADIUS, Point
from gui.canvas.state import Facts, Mark
from gui.theme import category_colour, font, heat_colour, icon, tokens

FAR, MIDDLE, CLOSE = 0.24, 0.62, 1.55
"""Levels of detail: below FAR only colour, below MIDDLE type and shapes writ large, from CLOSE on all numbers."""

BODY = QRectF(-NODE_WIDTH / 2, -NODE_HEIGHT / 2, NODE_WIDTH, NODE_HEIGHT)
BOUNDS = BODY.adjusted(-8, -8, 14, 12)
CORNER = QRectF(NODE_WIDTH / 2 - 26, -NODE_HEIGHT / 2 + 5, 18, 18)
"""The place at the top right of a card: of the button that opens a block, else of the light bulb of a repair."""
_ROUND = 8.0
_STRIPE = 6.0
_LEFT = -NODE_WIDTH / 2 + _STRIPE + 9
_RIGHT = NODE_WIDTH / 2 - 9


@cache
def scene_font(role: Literal["body", "mono"], pixels: int, bold: bool = False) -> QFont:
    """A theme font at a size in scene units, which a card needs since it zooms as a whole."""
    made = font(role)
    made.setPixelSize(pixels)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    # Hinted glyphs jump between positions while zooming.
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


@lru_cache(maxsize=20_000)
def _width(text: str, role: Literal["body", "mono"], pixels: int, bold: bool = False) -> float:
    return QFontMetricsF(scene_font(role, pixels, bold)).horizontalAdvance(text)


_fixed: float | None = None


def detail(painter: QPainter) -> float:
    """How many pixels a unit of the drawing takes, which decides how much is painted."""
    return _fixed or QStyleOptionGraphicsItem.levelOfDetailFromTransform(painter.worldTransform())


@contextmanager
def at_life_size() -> Iterator[None]:
    """Paint what is seen at 100 %, whatever the resolution of the device, as picture files want it."""
    global _fixed
    _fixed = 1.0
    try:
        yield
    finally:
        _fixed = None


def forget() -> None:
    """Make fonts and measures anew, after the theme's have changed."""
    scene_font.cache_clear()
    _width.cache_clear()


def colour_of(card: Card) -> QColor:
    """The colour of a card's edge; unknown types get the muted text's."""
    return QColor(category_colour(card.category)) if card.known else QColor(tokens().text_muted)


def faded(colour: QColor, alpha: float) -> QColor:
    """The colour, seen through."""
    made = QColor(colour)
    made.setAlphaF(alpha)
    return made


def mixed(colour: QColor, ground: str, share: float) -> QColor:
    """The colour laid thinly over a ground, as one that covers it."""
    below = QColor(ground)
    parts = (
        round(one * share + other * (1 - share))
        for one, other in zip(colour.getRgb()[:3], below.getRgb()[:3], strict=True)  # type: ignore[index]
    )
    return QColor(*parts)


def change_colour(change: str) -> str:
    """The colour of a mark of what a comparison says about a node; red is for problems only."""
    t = tokens()
    return {"added": t.success, "removed": t.warning}.get(change, t.accent)


def paint_far(
    painter: QPainter,
    card: Card,
    mark: Mark | None,
    selected: bool,
    named: bool,
    heat: float | None = None,
    change: str = "",
) -> None:
    """A block of colour, with the type on it while that can be read."""
    t = tokens()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour_of(card))
    if heat is not None and not named:
        painter.setBrush(QColor(heat_colour(heat)))
    if card.layers:
        painter.drawRect(BODY.translated(10, 10))
    painter.drawRect(BODY)
    if named:
        plate = BODY.adjusted(14, 4, -4, -4)
        painter.setBrush(QColor(t.raised))
        painter.drawRect(plate)
        if heat is not None:
            painter.setBrush(faded(QColor(heat_colour(heat)), 0.45))
            painter.drawRect(plate)
        painter.setPen(QColor(t.text))
        painter.setFont(scene_font("body", fitting(card.title, 22, 14, plate.width() - 6, bold=True), bold=True))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, card.title)
    if selected or mark or change:
        ring = t.accent if selected else mark_colour(mark) if mark else change_colour(change)
        painter.setPen(QPen(QColor(ring), 9))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(BODY.adjusted(-2, -2, 2, 2))


def paint_card(
    painter: QPainter,
    card: Card,
    facts: Facts,
    mark: Mark | None,
    *,
    selected: bool,
    close: bool,
    lit: bool,
    heat: float | None = None,
    change: str = "",
) -> None:
    """The whole card. `lit` is the look of a card that a dragged layer or edge would land on."""
    t = tokens()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = QColor(t.accent if selected or lit else mark_colour(mark) if mark else t.border_strong)
    width = 2.0 if selected or mark or lit else 1.0
    if card.layers:
        for step in (8, 4):
            painter.setPen(QPen(QColor(t.border_strong), 1))
            painter.setBrush(QColor(t.panel))
            painter.drawRoundedRect(BODY.translated(step, step), _ROUND, _ROUND)
    if selected:
        painter.setPen(QPen(QColor(t.accent_soft), 6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(BODY.adjusted(-3, -3, 3, 3), _ROUND + 3, _ROUND + 3)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(t.raised))
    painter.drawRoundedRect(BODY, _ROUND, _ROUND)
    if heat is not None:
        _paint_heat(painter, heat)
    painter.save()
    painter.setClipRect(QRectF(BODY.left(), BODY.top(), _STRIPE, BODY.height()))
    painter.setBrush(colour_of(card))
    painter.drawRoundedRect(BODY, _ROUND, _ROUND)
    painter.restore()
    pen = QPen(outline, width)
    if mark and not selected:
        pen.setStyle(Qt.PenStyle.SolidLine if mark.severity == "error" else Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(BODY, _ROUND, _ROUND)
    right = _paint_corner(painter, card, mark)
    _paint_title(painter, card, right)
    if change:
        _paint_change(painter, change)
    if close and facts.details:
        _paint_close(painter, card, facts)
    else:
        _paint_summary(painter, card, facts)


def paint_port(painter: QPainter, at: Point, state: str, category: QColor) -> None:
    """One port: "idle", "wired", "hover", "valid" (a dragged edge may end here) or "off"."""
    t = tokens()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    radius = {"hover": 7.0, "valid": 7.0, "off": 3.0}.get(state, RADIUS)
    ring = QColor(t.accent if state in ("hover", "valid") else t.border_strong)
    fill = {"hover": QColor(t.accent), "valid": QColor(t.accent_soft), "wired": QColor(t.text_muted)}
    painter.setPen(QPen(ring, 2.0 if state == "valid" else 1.5))
    painter.setBrush(fill.get(state, QColor(t.raised)))
    painter.drawEllipse(QPointF(*at), radius, radius)


def pill_size(text: str, large: bool = False) -> tuple[float, float]:
    """Width and height of the pill that carries a shape, in scene units; `large` for the view from farther away."""
    pixels = 18 if large else 11
    return _width(text, "mono", pixels) + pixels, pixels + 6.0


def paint_pill(painter: QPainter, at: Point, text: str, strong: bool, large: bool) -> None:
    """A shape on its edge; `strong` while the edge is selected or under the pointer."""
    t = tokens()
    width, height = pill_size(text, large)
    box = QRectF(at[0] - width / 2, at[1] - height / 2, width, height)
    painter.setPen(QPen(QColor(t.accent if strong else t.border), 1))
    painter.setBrush(QColor(t.canvas))
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(QColor(t.text if strong or text != "?" else t.text_muted))
    painter.setFont(scene_font("mono", 18 if large else 11))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def mark_colour(mark: Mark | None) -> str:
    t = tokens()
    return {"error": t.problem, "warning": t.warning}.get(mark.severity if mark else "", t.accent)


def _paint_corner(painter: QPainter, card: Card, mark: Mark | None) -> float:
    """The signs at the top right, from the corner leftwards; returns where the title must end."""
    t = tokens()
    right = _RIGHT
    corner = QRectF(CORNER)
    if card.layers:
        icon("unfold", t.text_muted).paint(painter, _whole(corner))
        right = corner.left() - 2
        corner.translate(-20, 0)
    if mark is not None:
        right = paint_marks(painter, mark, corner)
    if card.shares:
        icon("link", t.text_muted).paint(painter, QRect(round(right) - 15, round(CORNER.top()) + 2, 14, 14))
        right -= 17
    return right


def _paint_heat(painter: QPainter, heat: float) -> None:
    """A wash of the colour, and a bar whose length says the same."""
    colour = QColor(heat_colour(heat))
    painter.setBrush(faded(colour, 0.3))
    painter.drawRoundedRect(BODY, _ROUND, _ROUND)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(_LEFT, BODY.bottom() - 5, (_RIGHT - _LEFT) * max(0.02, heat), 3.5), 1.5, 1.5)


def _paint_change(painter: QPainter, change: str) -> None:
    """A badge at the corner that tells what is new, gone or different by its sign as well as by its colour."""
    t = tokens()
    colour = QColor(change_colour(change))
    painter.setPen(QPen(colour, 2.5, Qt.PenStyle.DashLine if change == "removed" else Qt.PenStyle.SolidLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(BODY.adjusted(-2, -2, 2, 2), _ROUND + 2, _ROUND + 2)
    badge = QRectF(BODY.left() - 8, BODY.top() - 8, 17, 17)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(badge)
    painter.setPen(QColor(t.accent_text if change == "changed" else t.raised))
    painter.setFont(scene_font("body", 13, bold=True))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, {"added": "+", "removed": "−"}.get(change, "≠"))


def paint_marks(painter: QPainter, mark: Mark | None, corner: QRectF) -> float:
    """The signs of a problem from `corner` leftwards; returns where the title must end."""
    if mark is None:
        return corner.right()
    colour = mark_colour(mark)
    box = QRectF(corner)
    if mark.repairable:
        icon("repair", colour).paint(painter, _whole(box))
        box.translate(-20, 0)
    sign = {"error": "problem", "warning": "warning"}.get(mark.severity, "info")
    icon(sign, colour).paint(painter, _whole(box))
    return box.left() - 3


def _paint_title(painter: QPainter, card: Card, right: float) -> None:
    t = tokens()
    box = QRectF(_LEFT, -NODE_HEIGHT / 2 + 5, right - _LEFT, 18)
    pixels = fitting(card.title, 13, 10, box.width(), bold=True)
    bold = scene_font("body", pixels, bold=True)
    painter.setFont(bold)
    painter.setPen(QColor(t.text))
    title = QFontMetricsF(bold).elidedText(card.title, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
    rest = box.adjusted(_width(title, "body", pixels, bold=True) + 7, 0, 0, 0)
    if card.name.lower() == card.title.lower():
        return
    alone = not _name_beside(card, rest.width())
    if rest.width() < 24 or (alone and (not card.summary or card.layers)):
        return
    small = scene_font("body", fitting(card.name, 11, 9, rest.width()))
    painter.setFont(small)
    painter.setPen(QColor(t.text_muted))
    # Names of one block begin alike, so what differs is kept.
    name = QFontMetricsF(small).elidedText(card.name, Qt.TextElideMode.ElideMiddle, rest.width())
    painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)


def _name_beside(card: Card, room: float) -> bool:
    """Whether the name has room beside the title, or need not be said; otherwise it may stand below."""
    return card.name.lower() == card.title.lower() or _width(card.name, "body", 9) <= room


def _paint_summary(painter: QPainter, card: Card, facts: Facts) -> None:
    """What matters about the parameters on one line or two, and how many weights there are."""
    t = tokens()
    small = scene_font("body", 11)
    right = f"{facts.parameters}" if facts.parameters else ""
    left = [counted(card.layers, "layer")] if card.layers else []
    bottom = QRectF(_LEFT, NODE_HEIGHT / 2 - 19, _RIGHT - _LEFT, 15)
    used = _width(right, "body", 11) + 6 if right else 0.0
    painter.setPen(QColor(t.text_muted))
    painter.setFont(small)
    if right:
        painter.drawText(bottom, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, right)
    lines = _broken(card.summary, bottom.width())
    if card.layers:
        # Blocks of one kind are told apart by their names, which matter more than what is in them.
        lines = [lines[0] if lines and _title_leaves_room(card) else card.name, left[0]]
    painter.setPen(QColor(t.text if card.known else t.problem))
    if not lines:
        painter.setPen(QColor(t.text_muted))
        lines = [_instead(card, facts)]
    for number, line in enumerate(lines[:2]):
        room = bottom.width() if number == 0 else bottom.width() - used
        box = QRectF(_LEFT, -NODE_HEIGHT / 2 + 24 + number * (bottom.top() + NODE_HEIGHT / 2 - 24), room, 15)
        if number == 1 and card.layers:
            painter.setPen(QColor(t.text_muted))
        painter.setFont(scene_font("body", fitting(line, 11, 9, room)))
        text = QFontMetricsF(painter.font()).elidedText(line, Qt.TextElideMode.ElideRight, room + 1)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def _title_leaves_room(card: Card) -> bool:
    """Whether the name of a block stands beside its title."""
    room = CORNER.left() - 2 - _LEFT
    title = _width(card.title, "body", fitting(card.title, 13, 10, room, bold=True), bold=True)
    return _name_beside(card, room - title - 7)


def _instead(card: Card, facts: Facts) -> str:
    """What stands where there is no summary: the result of an Output, a long name, or the sort of layer."""
    if card.category == "input":
        return facts.shape if facts.shapes else ""
    pixels = fitting(card.title, 13, 10, _RIGHT - _LEFT, bold=True)
    title = _width(card.title, "body", pixels, bold=True)
    return card.category if _name_beside(card, _RIGHT - _LEFT - title - 7) else card.name


def _paint_close(painter: QPainter, card: Card, facts: Facts) -> None:
    t = tokens()
    room = _RIGHT - _LEFT
    lines = [(card.summary, t.text)] if card.summary else []
    lines += [(line, t.text_muted) for line in facts.details]
    for number, (line, colour) in enumerate(lines[:3]):
        painter.setPen(QColor(colour))
        painter.setFont(scene_font("body", fitting(line, 9, 6, room)))
        box = QRectF(_LEFT, -NODE_HEIGHT / 2 + 22 + number * 11.5, room, 11)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, line)


def _broken(text: str, room: float) -> list[str]:
    """`text` on one line, or on two between its " · " parts."""
    if not text or _width(text, "body", 11) <= room:
        return [text] if text else []
    parts = text.split(" · ")
    for count in range(len(parts) - 1, 0, -1):
        head = " · ".join(parts[:count])
        if _width(head, "body", 11) <= room:
            return [head, " · ".join(parts[count:])]
    return [text]


def fitting(text: str, largest: int, least: int, room: float, bold: bool = False) -> int:
    """The largest size, down to `least`, at which `text` has room."""
    for pixels in range(largest, least, -1):
        if _width(text, "body", pixels, bold) <= room:
            return pixels
    return least


def text_width(text: str, pixels: int, bold: bool = False) -> float:
    """Width of a text in scene units."""
    return _width(text, "body", pixels, bold)


def elided(text: str, pixels: int, room: float, bold: bool = False) -> str:
    """`text`, cut with an ellipsis where it has no room."""
    return QFontMetricsF(scene_font("body", pixels, bold)).elidedText(text, Qt.TextElideMode.ElideRight, room)


def _whole(box: QRectF) -> QRect:
    return box.toAlignedRect()
