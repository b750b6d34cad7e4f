"""The keyboard on the canvas: arrows walk, Ctrl and arrows move, Tab goes through the nodes, C connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from gui.canvas.navigate import Direction, following, neighbour

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

_ARROWS: dict[int, tuple[Direction, int, int]] = {
    Qt.Key.Key_Up: ("up", 0, -1),
    Qt.Key.Key_Down: ("down", 0, 1),
    Qt.Key.Key_Left: ("left", -1, 0),
    Qt.Key.Key_Right: ("right", 1, 0),
}


def press(view: CanvasView, event: QKeyEvent) -> bool:
    """Whether the key means something here; then it has been done."""
    key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    chosen = view.canvas.selected_nodes()
    if key in _ARROWS:
        direction, dx, dy = _ARROWS[key]
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            far = 4 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1
            view.editor.nudge(dx * far, dy * far)
        else:
            found = neighbour(view.canvas.spec, chosen[-1] if chosen else None, direction)
            _go(view, found, add=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))
        return True
    if modifiers:
        return False
    if key == Qt.Key.Key_C:
        view.connect_by_keyboard()
    elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and chosen:
        if view.blocks.is_block(chosen[-1]):
            view.blocks.enter(chosen[-1])
        else:
            view.opened.emit(chosen[-1])
    elif key == Qt.Key.Key_Escape and (chosen or view.canvas.selected_edges()):
        view.canvas.pick()
    elif key == Qt.Key.Key_Home:
        _go(view, following(view.canvas.spec, None), add=False)
    elif key == Qt.Key.Key_End:
        _go(view, following(view.canvas.spec, None, back=True), add=False)
    else:
        return False
    return True


def walk(view: CanvasView, back: bool) -> bool:
    """Select the next node in reading order; False behind the last, where the focus goes on."""
    chosen = view.canvas.selected_nodes()
    found = following(view.canvas.spec, chosen[-1] if chosen else None, back)
    _go(view, found, add=False)
    return found is not None


def _go(view: CanvasView, id: str | None, add: bool) -> None:
    if id is not None:
        view.canvas.pick([id], add=add)
        view.reveal([id])
