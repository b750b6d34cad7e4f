"""The keyboard on the picture: numbers are classes, arrows nudge, Tab goes through the objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from engine.labelling import edits

if TYPE_CHECKING:
    from gui.labelling.canvas import LabelCanvas
    from gui.labelling.model import LabelModel

_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_ARROWS = {
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_ZOOM_IN, _ZOOM_OUT = (Qt.Key.Key_Plus, Qt.Key.Key_Equal), (Qt.Key.Key_Minus, Qt.Key.Key_Underscore)
_FAR = 10


def own(event: QKeyEvent) -> bool:
    """Whether a key that the window knows too means something else here: Ctrl with +, - and 0 zoom the picture."""
    zooming = (*_ZOOM_IN, *_ZOOM_OUT, Qt.Key.Key_0)
    return bool(event.modifiers() & _CONTROL) and event.key() in zooming


def press(canvas: LabelCanvas, event: QKeyEvent) -> bool:
    """Whether the key means something here; then it has been done."""
    key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if own(event):
        _zoom(canvas, key)
        return True
    if modifiers & ~_SHIFT:
        return False
    if key in _ARROWS and canvas.model.chosen:
        _nudge(canvas.model, key, _FAR if modifiers & _SHIFT else 1)
    elif Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
        give_class(canvas, key - Qt.Key.Key_1)
    elif key in _ENTER:
        return canvas.model.accept(every=bool(modifiers & _SHIFT))
    elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
        return _delete(canvas.model, every=bool(modifiers & _SHIFT))
    elif key == Qt.Key.Key_Escape:
        return _let_go(canvas)
    elif key == Qt.Key.Key_Space:
        if not event.isAutoRepeat():
            canvas.space_held = True
            canvas.take_cursor()
    elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
        canvas.model.go(1 if key == Qt.Key.Key_PageDown else -1)
    else:
        return False
    return True


def give_class(canvas: LabelCanvas, label: int) -> None:
    """Give a class to the whole picture, to the chosen objects, or to what is drawn next."""
    model = canvas.model
    picture = model.picture
    if picture is None or not 0 <= label < len(model.labels.classes):
        return
    name, file, chosen = model.labels.classes[label].name, model.file, model.chosen
    if canvas.tool.id == "whole":
        given = () if picture.labels == (label,) else (label,)
        model.edit(f"Call the picture {name}", lambda labels: edits.set_labels(labels, file, given))
    elif chosen:
        model.edit(f"Change to {name}", lambda labels: edits.relabel(labels, file, chosen, label))
    model.choose_class(label)


def walk(canvas: LabelCanvas, back: bool) -> bool:
    """Choose the next object, or proposal where there are any; False behind the last, where the focus goes on."""
    model = canvas.model
    if model.proposals:
        place = model.proposal + (-1 if back else 1)
        if not 0 <= place < len(model.proposals):
            return False
        model.choose_proposal(place)
        return True
    count = len(model.objects)
    first = count - 1 if back else 0
    place = model.chosen[-1] + (-1 if back else 1) if model.chosen else first
    if not 0 <= place < count:
        model.choose(())
        return False
    model.choose((place,))
    return True


def _zoom(canvas: LabelCanvas, key: int) -> None:
    from gui.labelling.canvas import STEP

    if key == Qt.Key.Key_0:
        canvas.fit()
    else:
        canvas.zoom_by(STEP if key in _ZOOM_IN else 1 / STEP)


def _nudge(model: LabelModel, key: int, far: int) -> None:
    dx, dy = _ARROWS[Qt.Key(key)]
    file, chosen = model.file, model.chosen
    words = "Nudge object" if len(chosen) == 1 else f"Nudge {len(chosen)} objects"
    merge = f"nudge {file} {chosen}"
    model.edit(words, lambda labels: edits.move(labels, file, chosen, dx * far, dy * far), choose=chosen, merge=merge)


def _delete(model: LabelModel, every: bool) -> bool:
    file, chosen = model.file, model.chosen
    if chosen:
        words = "Delete object" if len(chosen) == 1 else f"Delete {len(chosen)} objects"
        return model.edit(words, lambda labels: edits.remove_objects(labels, file, chosen), choose=())
    return model.refuse(every)


def _let_go(canvas: LabelCanvas) -> bool:
    model = canvas.model
    if model.chosen:
        model.choose(())
    elif model.proposals:
        model.refuse(every=True)
    else:
        return False
    return True
