"""Painting the pixels of an object, and erasing them again."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from engine.labelling import edits
from engine.labelling.shapes import holds
from engine.labelling.spec import Corner, LabelSet, Mask
from gui import theme
from gui.labelling.model import with_class
from gui.labelling.painting import class_hue
from gui.labelling.tools.base import Tool

SMALLEST, LARGEST, FIRST = 1.0, 400.0, 12.0
_STEP = 1.25


class BrushTool(Tool):
    id = "brush"
    title = "Brush"
    icon = "label_brush"
    key = "M"
    help = "Paint the pixels of an object"
    hint = (
        "Paint with the left button, erase with the right one or after E. [ and ] change the size, Escape begins anew."
    )
    cursor = Qt.CursorShape.BlankCursor

    def __init__(self, canvas: object) -> None:
        super().__init__(canvas)  # type: ignore[arg-type]
        self.size = FIRST  # pixels of the picture across
        self.erasing = False
        self._path: list[Corner] = []
        self._erase_now = False

    def press(self, event: QMouseEvent, pos: Corner) -> bool:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return False
        self._erase_now = self.erasing or event.button() == Qt.MouseButton.RightButton
        self._path = [pos]
        self.canvas.update()
        return True

    def follow(self, event: QMouseEvent, pos: Corner) -> None:
        if self._path and self._path[-1] != pos:
            self._path.append(pos)
            self.canvas.update()

    def release(self, event: QMouseEvent, pos: Corner) -> None:
        path, self._path = self._path, []
        if not path:
            return
        if self._erase_now:
            self._erase(path)
        else:
            self._paint(path)
        self.canvas.update()

    def _paint(self, path: list[Corner]) -> None:
        model, radius = self.model, self.size / 2
        number = self._chosen_mask()
        if number is not None and model.objects[number].label != model.active_class:
            number = None

        def change(labels: LabelSet) -> LabelSet:
            labels = with_class(labels)
            return edits.paint(labels, model.file, number, model.active_class, path, radius)

        model.edit("Paint", change, choose=(-1 if number is None else number,))

    def _erase(self, path: list[Corner]) -> None:
        model, radius = self.model, self.size / 2
        number = self._chosen_mask()
        if number is None:
            met = (
                n for n, one in enumerate(model.objects) if isinstance(one.shape, Mask) and holds(one.shape, *path[0])
            )
            number = max(met, default=None)
        if number is not None:
            erased = number
            model.edit("Erase", lambda labels: edits.erase(labels, model.file, erased, path, radius))

    def _chosen_mask(self) -> int | None:
        chosen = self.model.chosen
        alone = len(chosen) == 1 and isinstance(self.model.objects[chosen[0]].shape, Mask)
        return chosen[0] if alone else None

    def press_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_BracketLeft:
            self.size = max(SMALLEST, self.size / _STEP)
        elif event.key() == Qt.Key.Key_BracketRight:
            self.size = min(LARGEST, self.size * _STEP)
        elif event.key() == Qt.Key.Key_E:
            self.erasing = not self.erasing
        else:
            return False
        self.canvas.update()
        self.canvas.told.emit()
        return True

    def hover(self, pos: Corner) -> None:
        self.canvas.update()

    def cancel(self) -> None:
        self._path = []
        self.canvas.update()

    def paint(self, painter: QPainter) -> None:
        view, pointer = self.canvas.view, self.canvas.pointer
        across = self.size * view.scale
        erasing = self._erase_now if self._path else self.erasing
        t = theme.tokens()
        hue = QColor(t.text_muted) if erasing else class_hue(self.model.labels, self.model.active_class)
        if self._path:
            stroke = QColor(hue)
            stroke.setAlphaF(0.5)
            pen = QPen(stroke, across, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            places = [view.to_screen(*at) for at in self._path]
            painter.drawPolyline(QPolygonF(places if len(places) > 1 else [*places, *places]))
        if pointer is not None:
            style = Qt.PenStyle.DashLine if erasing else Qt.PenStyle.SolidLine
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in ((QColor(t.window), 3.0), (hue, 1.5)):
                painter.setPen(QPen(colour, width, style))
                painter.drawEllipse(pointer, across / 2, across / 2)
