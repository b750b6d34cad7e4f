"""The picture with its labels, on which one draws. It paints what the model says and hands events to the tool."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.labelling.shapes import area, border_distance, holds
from engine.labelling.spec import Box, Corner, Polygon, Shape
from gui import theme
from gui.labelling import keys
from gui.labelling.model import LabelModel
from gui.labelling.painting import ShapePainter, class_hue, tag_corner
from gui.labelling.tools.base import Tool
from gui.labelling.tools.box import BoxTool
from gui.labelling.tools.brush import BrushTool
from gui.labelling.tools.pan import PanTool
from gui.labelling.tools.point import PointTool
from gui.labelling.tools.polygon import PolygonTool
from gui.labelling.tools.select import SelectTool
from gui.labelling.tools.whole import WholeTool
from gui.labelling.view import Viewpoint
from gui.widgets.tags import tag
from gui.widgets.words import count

STEP = 1.25
_NEAR = 6.0  # pixels of the screen


class LabelCanvas(QWidget):
    """Signals:
    told(): another tool, another size of the brush, or another zoom.
    finish_wanted(): the picture is to be marked as finished, or not.
    """

    told = Signal()
    finish_wanted = Signal()

    def __init__(self, model: LabelModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.view = Viewpoint()
        self.shapes = ShapePainter()
        self.preview: dict[int, Shape] = {}
        self.pointer: QPointF | None = None
        self.space_held = False
        self._image: QImage | None = None
        self._words = ""
        self._lit: int | None = None
        self._ground_key: tuple[Any, ...] = ()
        self._ground_kept = QPixmap()
        made = (SelectTool, BoxTool, PolygonTool, BrushTool, PointTool, WholeTool)
        self.tools: dict[str, Tool] = {kind.id: kind(self) for kind in made}
        self.tool = self.tools["box"]
        self._pan = PanTool(self)
        self._gesture: Tool | None = None
        self.setAccessibleName("Picture to label")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        for signal in (model.changed, model.chosen_changed, model.proposals_changed, theme.watcher().changed):
            signal.connect(self._model_changed)
        self.take_cursor()

    def sizeHint(self) -> QSize:
        return QSize(720, 560)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 180)

    # what the page uses

    def show_image(self, image: QImage | None, words: str = "", *, fit: bool = False) -> None:
        """Show a picture, or a sentence instead of one; `fit` for another picture than before."""
        self._image, self._words = image, words
        if fit:
            self.stop()
            self.preview, self._lit = {}, None
        if fit or self.view.fitted:
            self._fit()
        self.update()

    def take(self, id: str) -> None:
        """Take another tool."""
        if self.tool.id != id:
            self.stop()
            self.tool.cancel()
            self.tool = self.tools[id]
            self.take_cursor()
            self._lit = None
            self.update()
            self.told.emit()

    def zoom_by(self, factor: float, anchor: QPointF | None = None) -> None:
        """Zoom around a place of the widget, by default its middle."""
        if self._image is not None:
            self.view.zoom(factor, anchor or QRectF(self.rect()).center())
            self.update()
            self.told.emit()

    def fit(self) -> None:
        """Show the whole picture."""
        self._fit()
        self.update()
        self.told.emit()

    def pan(self, dx: float, dy: float) -> None:
        self.view.pan(dx, dy)
        self.update()

    def stop(self) -> None:
        """Call the running gesture off."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()

    # what tools use

    def take_cursor(self) -> None:
        """The tool's own cursor."""
        self.setCursor(Qt.CursorShape.OpenHandCursor if self.space_held else self.tool.cursor)

    def picture_area(self) -> QRectF:
        """Where the picture lies on the widget."""
        return self.view.area(self._size())

    def over(self, pos: Corner) -> bool:
        """Whether a place belongs to the picture."""
        size = self._size()
        return 0 <= pos[0] <= size.width() and 0 <= pos[1] <= size.height()

    def inside(self, pos: Corner) -> Corner:
        """The nearest place on the picture."""
        size = self._size()
        return min(max(pos[0], 0.0), size.width()), min(max(pos[1], 0.0), size.height())

    def object_at(self, pos: Corner) -> int | None:
        """The object under a place: one whose border is near, else the smallest that holds it."""
        return self._met([one.shape for one in self.model.objects], pos)

    def proposal_at(self, pos: Corner) -> int | None:
        """The number of the proposal under a place."""
        numbers = [n for n, one in enumerate(self.model.proposals) if one.shape is not None]
        met = self._met([self.model.proposals[n].shape for n in numbers], pos)  # type: ignore[misc]
        return None if met is None else numbers[met]

    def choose_at(self, pos: Corner) -> None:
        """Choose what is under a place, as a click does."""
        number, proposal = self.object_at(pos), self.proposal_at(pos)
        if number is None and proposal is not None:
            self.model.choose_proposal(proposal)
        else:
            self.model.choose(() if number is None else (number,))

    def light(self, number: int | None) -> None:
        """Show which object the pointer is over."""
        if number != self._lit:
            self._lit = number
            self.update()

    def _met(self, shapes: list[Shape], pos: Corner) -> int | None:
        slack = _NEAR / self.view.scale
        met = [n for n, shape in enumerate(shapes) if holds(shape, *pos, slack)]
        near = [
            n for n in met if not isinstance(shape := shapes[n], Box | Polygon) or border_distance(shape, *pos) <= slack
        ]
        return min(near or met, key=lambda n: (area(shapes[n]), -n), default=None)

    # Qt

    def _size(self) -> QSizeF:
        picture = self.model.picture
        return QSizeF(0, 0) if picture is None else QSizeF(picture.width, picture.height)

    def _fit(self) -> None:
        self.view.fit(self._size(), QSizeF(self.size()))

    def _model_changed(self) -> None:
        self.setAccessibleDescription(self._in_words())
        if self._gesture is None:
            self.preview = {}
        self.update()

    def _in_words(self) -> str:
        model = self.model
        if model.picture is None:
            return "No picture"
        names = model.labels.names
        chosen = ", ".join(names[model.objects[n].label] for n in model.chosen)
        words = f"{model.file}, {count(len(model.objects), 'object')}"
        return f"{words}, chosen: {chosen}" if chosen else words

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.view.fitted:
            self._fit()
            self.told.emit()

    def _pos(self, event: QMouseEvent) -> Corner:
        self.pointer = event.position()
        return self.view.to_picture(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()
        if self._gesture is not None or self._image is None:
            return
        held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        pos = self._pos(event)
        for tool in (self._pan, self.tools["select"] if held else self.tool):
            if tool.press(event, pos):
                self._gesture = tool
                return

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pos = self._pos(event)
        if self._gesture is not None:
            self._gesture.follow(event, pos)
        elif self._image is not None:
            self.tool.hover(pos)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.release(event, self._pos(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._image is not None and not self.space_held:
            self.stop()
            self.tool.double(event, self._pos(event))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned, pixels = event.angleDelta(), event.pixelDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan((pixels.x() or pixels.y() or turned.y() * 0.6), 0)
        else:
            self.zoom_by(STEP ** (turned.y() / 120), event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and keys.own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._gesture is not None:
            self.stop()
        elif not self.tool.press_key(event) and not keys.press(self, event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.space_held = False
            self.take_cursor()

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab walks over the objects first and leaves the picture behind the last one."""
        return keys.walk(self, back=not next) or super().focusNextPrevChild(next)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.space_held = False
        self.take_cursor()
        self.update()
        super().focusOutEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointer = None
        self.light(None)
        self.update()
        super().leaveEvent(event)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.canvas))
        if self._image is None:
            painter.setPen(QColor(t.text_muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(24, 24, -24, -24), flags, self._words)
        else:
            painter.drawPixmap(0, 0, self._ground(self._image))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(theme.font("small"))
            self._paint_objects(painter)
            self._paint_proposals(painter)
            self._paint_whole(painter)
            self.tool.paint(painter)
            if self.tool is not self.tools["select"]:
                self.tools["select"].paint(painter)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(t.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _ground(self, image: QImage) -> QPixmap:
        """The picture as it lies on the widget, kept while nothing moves: shrinking a large one takes its time."""
        ratio, area = self.devicePixelRatioF(), self.picture_area()
        key = (image.cacheKey(), area.getRect(), self.size().toTuple(), ratio, theme.tokens().canvas)
        if key != self._ground_key:
            made = QPixmap(self.size() * ratio)
            made.setDevicePixelRatio(ratio)
            made.fill(QColor(theme.tokens().canvas))
            painter = QPainter(made)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.view.scale < 1)
            painter.drawImage(area, image)
            painter.end()
            self._ground_key, self._ground_kept = key, made
        return self._ground_kept

    def _paint_objects(self, painter: QPainter) -> None:
        labels, room = self.model.labels, QRectF(self.rect())
        order = sorted(range(len(self.model.objects)), key=lambda n: n in self.model.chosen)
        for number in order:
            one = self.model.objects[number]
            shape, hue = self.preview.get(number, one.shape), class_hue(labels, one.label)
            chosen = number in self.model.chosen
            self.shapes.paint(painter, self.view, shape, hue, chosen=chosen, lit=number == self._lit)
            tag(painter, labels.classes[one.label].name, tag_corner(shape, self.view), room, hue)

    def _paint_proposals(self, painter: QPainter) -> None:
        labels, room = self.model.labels, QRectF(self.rect())
        known = {name.casefold(): number for number, name in enumerate(labels.names)}
        for number, one in enumerate(self.model.proposals):
            chosen = number == self.model.proposal
            shape = self.preview.get(-1, one.shape) if chosen else one.shape
            hue = class_hue(labels, known.get(one.name.casefold(), -1))
            if shape is not None:
                self.shapes.paint(painter, self.view, shape, hue, chosen=chosen, dashed=True)
                key = " · Enter" if chosen else ""
                corner = tag_corner(shape, self.view)
                tag(painter, f"{one.name}? {one.score * 100:.0f} %{key}", corner, room, hue)

    def _paint_whole(self, painter: QPainter) -> None:
        """The classes of the whole picture, and those proposed for it, in its corner."""
        labels, picture = self.model.labels, self.model.picture
        if picture is None:
            return
        at = self.picture_area().topLeft() + QPointF(8, 8)
        room = QRectF(self.rect())
        for label in picture.labels:
            place = tag(painter, labels.classes[label].name, at, room, class_hue(labels, label), above=False)
            at += QPointF(0, place.height() + 4)
        for number, one in enumerate(self.model.proposals):
            if one.shape is None:
                key = " · Enter" if number == self.model.proposal else ""
                words = f"{one.name}? {one.score * 100:.0f} %{key}"
                place = tag(painter, words, at, room, QColor(theme.tokens().text_muted), above=False)
                at += QPointF(0, place.height() + 4)
