"""Choosing objects, moving them, and changing boxes and outlines by their handles."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication

from engine.labelling import edits, shapes
from engine.labelling.spec import Box, Corner, LabelSet, Polygon, Ring, Shape
from gui.labelling.painting import HANDLE, class_hue, handles
from gui.labelling.tools.base import Tool

_ADDING = Qt.KeyboardModifier.ShiftModifier
_REACH = HANDLE
# Handles of a box, clockwise from the upper left corner: which side each one moves (-1 the first, 1 the second).
_SIDES = ((-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0))


class SelectTool(Tool):
    id = "select"
    title = "Choose"
    icon = "label_select"
    key = "V"
    help = "Choose, move and resize objects"
    hint = (
        "Click an object, Shift adds. Drag it or its handles; arrows nudge it, Delete removes it. Tab goes to the next."
    )
    cursor = Qt.CursorShape.ArrowCursor

    _start: Corner | None = None
    _handle: int | None = None
    _moving = False
    _proposal = False

    def press(self, event: QMouseEvent, pos: Corner) -> bool:
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        self._start, self._at, self._moving = pos, event.position(), False
        self._handle, self._proposal = self._handle_at(event.position()), False
        if self._handle is not None:
            if event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self._drop_corner(self._handle)
                self._start = None
            return True
        number = self.canvas.object_at(pos)
        proposal = self.canvas.proposal_at(pos)
        if number is None and proposal is not None:
            self.model.choose_proposal(proposal)
            self._proposal = True
        elif number is None:
            self._start = None
            self.model.choose(self.model.chosen if event.modifiers() & _ADDING else ())
        elif event.modifiers() & _ADDING:
            others = tuple(n for n in self.model.chosen if n != number)
            self.model.choose(others if number in self.model.chosen else (*others, number))
            self._start = None
        elif number not in self.model.chosen:
            self.model.choose((number,))
        return True

    def follow(self, event: QMouseEvent, pos: Corner) -> None:
        if self._start is None:
            return
        far = (event.position() - self._at).manhattanLength() >= QApplication.startDragDistance()
        self._moving = self._moving or far or self._handle is not None
        if self._moving:
            self.canvas.preview = self._changed(pos)
            self.canvas.update()

    def release(self, event: QMouseEvent, pos: Corner) -> None:
        start, moving = self._start, self._moving
        if start is not None and moving:
            changed, word = self._changed(pos), "Move" if self._handle is None else "Resize"
            self.cancel()
            if self._proposal:
                self.model.accept(corrected=changed.get(-1))
            elif changed:
                self._push(word, changed)
        else:
            self.cancel()

    def double(self, event: QMouseEvent, pos: Corner) -> None:
        """Onto the border of the chosen outline: a corner more."""
        shape = self._only()
        if isinstance(shape, Polygon) and self._handle_at(event.position()) is None:
            made = _with_corner(shape, pos, _REACH / self.canvas.view.scale)
            if made is not None:
                self._push("Add a corner to", {self.model.chosen[0]: made})

    def cancel(self) -> None:
        self._start, self._moving, self._handle = None, False, None
        self.canvas.preview = {}
        self.canvas.update()

    def hover(self, pos: Corner) -> None:
        handle = self._handle_at(self.canvas.view.to_screen(*pos))
        over = handle is None and self.canvas.object_at(pos) is not None
        if handle is not None:
            self.canvas.setCursor(_cursor(handle, self._only()))
        else:
            self.canvas.setCursor(Qt.CursorShape.SizeAllCursor if over else self.cursor)
        self.canvas.light(self.canvas.object_at(pos))

    def paint(self, painter: QPainter) -> None:
        shape = self._only()
        if shape is None:
            return
        shape = self.canvas.preview.get(self.model.chosen[0], shape)
        hue = class_hue(self.model.labels, self.model.objects[self.model.chosen[0]].label)
        handles(painter, self._handles(shape), hue)

    def _changed(self, pos: Corner) -> dict[int, Shape]:
        """The shapes as they would be if the button went up here; the proposal has the number -1."""
        assert self._start is not None
        picture = self.model.picture
        if picture is None:
            return {}
        dx, dy = pos[0] - self._start[0], pos[1] - self._start[1]
        if self._proposal:
            shape = self.model.proposals[self.model.proposal].shape
            if shape is None:
                return {}
            return {-1: shapes.moved(shape, *shapes.allowed([shape], dx, dy, picture.width, picture.height))}
        if self._handle is not None:
            only = self._only()
            made = None if only is None else _pulled(only, self._handle, self.canvas.inside(pos))
            return {} if made is None else {self.model.chosen[0]: made}
        group = {number: picture.objects[number].shape for number in self.model.chosen}
        step = shapes.allowed(tuple(group.values()), dx, dy, picture.width, picture.height)
        return {number: shapes.moved(shape, *step) for number, shape in group.items()}

    def _push(self, word: str, changed: dict[int, Shape]) -> None:
        file, chosen = self.model.file, self.model.chosen

        def change(labels: LabelSet) -> LabelSet:
            for number, shape in changed.items():
                labels = edits.reshape(labels, file, number, shape)
            return labels

        self.model.edit(f"{word} {'object' if len(changed) == 1 else f'{len(changed)} objects'}", change, choose=chosen)

    def _only(self) -> Shape | None:
        chosen = self.model.chosen
        return self.model.objects[chosen[0]].shape if len(chosen) == 1 else None

    def _handles(self, shape: Shape) -> list[QPointF]:
        return [self.canvas.view.to_screen(*at) for at in _handle_places(shape)]

    def _handle_at(self, at: QPointF) -> int | None:
        shape = self._only()
        near = [
            (math.hypot(place.x() - at.x(), place.y() - at.y()), number)
            for number, place in enumerate(self._handles(shape) if shape is not None else [])
        ]
        return min(((far, number) for far, number in near if far <= _REACH), default=(0.0, None))[1]

    def _drop_corner(self, handle: int) -> None:
        shape = self._only()
        if not isinstance(shape, Polygon):
            return
        rings, place = [], 0
        for ring in shape.rings:
            rings.append(tuple(corner for n, corner in enumerate(ring, place) if n != handle))
            place += len(ring)
        if all(len(ring) >= 3 for ring in rings):
            self._push("Take a corner from", {self.model.chosen[0]: Polygon(tuple(rings))})


def _handle_places(shape: Shape) -> list[Corner]:
    if isinstance(shape, Box):
        middle = ((shape.left + shape.right) / 2, (shape.top + shape.bottom) / 2)
        across, down = (shape.left, middle[0], shape.right), (shape.top, middle[1], shape.bottom)
        return [(across[x + 1], down[y + 1]) for x, y in _SIDES]
    if isinstance(shape, Polygon):
        return [corner for ring in shape.rings for corner in ring]
    return []


def _pulled(shape: Shape, handle: int, pos: Corner) -> Shape | None:
    """The shape with one handle at `pos`; a box pulled over its other side turns over."""
    if isinstance(shape, Box):
        across, down = [shape.left, shape.right], [shape.top, shape.bottom]
        x, y = _SIDES[handle]
        if x:
            across[x > 0] = pos[0]
        if y:
            down[y > 0] = pos[1]
        return Box(min(across), min(down), max(across), max(down))
    if isinstance(shape, Polygon):
        rings: list[Ring] = []
        place = 0
        for ring in shape.rings:
            rings.append(tuple(pos if n == handle else corner for n, corner in enumerate(ring, place)))
            place += len(ring)
        return Polygon(tuple(rings))
    return None


def _with_corner(shape: Polygon, pos: Corner, reach: float) -> Polygon | None:
    """The outline with a corner more where `pos` lies on its border."""
    for number, ring in enumerate(shape.rings):
        for place in range(len(ring)):
            side = Polygon(((ring[place], ring[(place + 1) % len(ring)], ring[place]),))
            if shapes.border_distance(side, *pos) <= reach:
                grown = (*ring[: place + 1], pos, *ring[place + 1 :])
                return Polygon((*shape.rings[:number], grown, *shape.rings[number + 1 :]))
    return None


def _cursor(handle: int, shape: Shape | None) -> Qt.CursorShape:
    if not isinstance(shape, Box):
        return Qt.CursorShape.PointingHandCursor
    return {
        (-1, -1): Qt.CursorShape.SizeFDiagCursor,
        (1, 1): Qt.CursorShape.SizeFDiagCursor,
        (1, -1): Qt.CursorShape.SizeBDiagCursor,
        (-1, 1): Qt.CursorShape.SizeBDiagCursor,
        (0, -1): Qt.CursorShape.SizeVerCursor,
        (0, 1): Qt.CursorShape.SizeVerCursor,
    }.get(_SIDES[handle], Qt.CursorShape.SizeHorCursor)
