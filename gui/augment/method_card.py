"""One augmentation of the list: whether it is used, how strongly, and its options when they are unfolded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSlider, QToolButton, QVBoxLayout, QWidget

from engine.datasets.augment import AUGMENTATIONS, Augmentation
from engine.datasets.spec import Choice
from engine.frozen import thaw
from gui import theme
from gui.widgets.field_editors import guard_wheel
from gui.widgets.field_forms import first_sentence
from gui.widgets.form import SettingsForm
from gui.widgets.notes import ProblemNote, QuietLabel

STEPS = 100


def method_of(choice: Choice) -> type[Augmentation] | None:
    """The registered method, or None for one that this version does not have."""
    return AUGMENTATIONS.get(choice.id) if choice.id in AUGMENTATIONS else None


def options_of(method: type[Augmentation], choice: Choice) -> Augmentation:
    """The method with the options of a choice."""
    try:
        return method.model_validate(thaw(choice.options))
    except ValidationError:
        # A file may hold options of another version; the defaults are shown and the run says why.
        return method()


def choice_of(id: str, options: BaseModel) -> Choice:
    """What the document keeps: only what differs from the usual."""
    return Choice(id=id, options=options.model_dump(mode="json", exclude_defaults=True))


def summary(options: Augmentation) -> str:
    """What the dials are set to, such as "Strength 0.05", or "10°" for a turn."""
    values = [(dial.field, f"{getattr(options, dial.field):g}") for dial in options.dials[:2]]
    words = " · ".join(f"{value}°" if name == "degrees" else f"{name} {value}" for name, value in values)
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Edit:
    """Other options of a method, and the name of what was changed, for joining undo steps."""

    choice: Choice
    what: str


class DragHandle(QWidget):
    """Six dots to pull a card up or down by.

    Signals:
        pulled(object): the pointer's place on the screen, QPointF, while the button is down.
        dropped(object): where it was let go.
    """

    pulled = Signal(object)
    dropped = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._down = False
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip("Drag to change the order in which the methods are done")
        self._themed()
        theme.watcher().changed.connect(self._themed)

    def _themed(self) -> None:
        self.setFixedSize(theme.icon_side(16), theme.icon_side(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme.icon("drag", "text_muted").paint(QPainter(self), self.rect())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._down = event.button() == Qt.MouseButton.LeftButton
        if self._down:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._down:
            self.pulled.emit(QPointF(event.globalPosition()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._down:
            self._down = False
            self.setCursor(Qt.CursorShape.OpenHandCursor)
            self.dropped.emit(QPointF(event.globalPosition()))


class MethodCard(QWidget):
    """A method that is in use.

    Signals:
        edited(object): an `Edit`.
        removed(): it is to be switched off.
        moved(object): one place up (-1) or down (1).
    """

    edited = Signal(object)
    removed = Signal()
    moved = Signal(object)

    def __init__(self, choice: Choice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = choice
        self.method = method_of(choice)
        name = self.method.label if self.method is not None else f"{choice.id} (unknown)"
        self.handle = DragHandle(self)
        self.switch = QCheckBox(name, self)
        self.switch.setChecked(True)
        self.switch.setAccessibleName(f"Use {name}")
        about = first_sentence(self.method) if self.method else "This version has no such augmentation. Switch it off."
        self.switch.setToolTip(about)
        self.switch.clicked.connect(lambda: self.removed.emit())
        self.up = self._tool("up", f"Do {name} earlier", lambda: self.moved.emit(-1))
        self.down = self._tool("down", f"Do {name} later", lambda: self.moved.emit(1))
        self.details = self._tool("tune", f"Options of {name}", self._fold)
        self.details.setCheckable(True)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName(f"Strength of {name}")
        self.slider.setToolTip("How strongly pictures are changed; the options hold the exact numbers")
        guard_wheel(self.slider)
        self.slider.valueChanged.connect(self._slid)
        self.words = QuietLabel("", self)
        self.words.setWordWrap(False)
        self.note = ProblemNote(self)
        self.about = QuietLabel(about, self)
        self.form: SettingsForm | None = None
        self._lay_out()
        if self.method is None:
            for widget in (self.slider, self.words, self.details):
                widget.hide()
            self.note.show_text(about)
        self.show_choice(choice)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.space(0.5))
        top.addWidget(self.handle)
        top.addWidget(self.switch, 1)
        for tool in (self.up, self.down, self.details):
            top.addWidget(tool)
        middle = QHBoxLayout()
        middle.setSpacing(theme.space(1))
        middle.addWidget(self.slider, 1)
        middle.addWidget(self.words)
        self._body = QVBoxLayout(self)
        self._body.setContentsMargins(theme.space(1), theme.space(0.75), theme.space(1), theme.space(1))
        self._body.setSpacing(theme.space(0.5))
        self._body.addLayout(top)
        self._body.addLayout(middle)
        self._body.addWidget(self.note)
        self._body.addWidget(self.about)
        self.about.hide()

    def _tool(self, icon: str, tip: str, slot: Any) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme.icon(icon))
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(slot)
        return button

    # showing

    def show_choice(self, choice: Choice) -> None:
        """Show other options of the same method."""
        self.choice = choice
        if self.method is None:
            return
        options = options_of(self.method, choice)
        self.slider.blockSignals(True)
        if round(options.power * STEPS) != self.slider.value():
            self.slider.setValue(round(options.power * STEPS))
        self.slider.blockSignals(False)
        self.words.setText(summary(options))
        if self.form is not None:
            self.form.set_values(options)

    def show_place(self, row: int, count: int) -> None:
        """Say where in the list it stands."""
        name = self.switch.text()
        for button, usable, tip, why in (
            (self.up, row > 0, f"Do {name} earlier", "It is the first already"),
            (self.down, row < count - 1, f"Do {name} later", "It is the last already"),
        ):
            button.setEnabled(usable)
            button.setToolTip(tip if usable else why)

    def show_fault(self, why: str) -> None:
        """Say why it cannot be used as it is, or "" when it can."""
        if self.method is not None:
            self.note.show_text(why)

    # edits

    def _fold(self) -> None:
        opened = self.details.isChecked()
        if opened and self.form is None and self.method is not None:
            self.form = SettingsForm(self.method, parent=self)
            self.form.reset(options_of(self.method, self.choice))
            self.form.changed.connect(self._typed)
            self._body.addWidget(self.form)
        self.about.setVisible(opened)
        if self.form is not None:
            self.form.setVisible(opened)

    def _slid(self, step: int) -> None:
        if self.method is None:
            return
        options = options_of(self.method, self.choice).with_power(step / STEPS)
        self.edited.emit(Edit(choice_of(self.choice.id, options), "power"))

    def _typed(self, options: BaseModel) -> None:
        field = self.form.last_field if self.form is not None else ""
        self.edited.emit(Edit(choice_of(self.choice.id, options), field))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(t.border), 1))
        painter.setBrush(QColor(t.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()


class OffRow(QWidget):
    """A method that is not in use.

    Signals:
        chosen(): it is to be switched on.
    """

    chosen = Signal()

    def __init__(self, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.id = id
        method = AUGMENTATIONS.get(id)
        self.switch = QCheckBox(method.label, self)
        self.switch.setAccessibleName(f"Use {method.label}")
        self._about = first_sentence(method)
        self.switch.setToolTip(self._about)
        self.switch.clicked.connect(self._clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(1), 0, theme.space(1), 0)
        row.addWidget(self.switch, 1)

    def show_fault(self, why: str) -> None:
        """Offer it, unless the task cannot learn from it, which the tooltip then says."""
        self.switch.setEnabled(not why)
        self.switch.setToolTip(why or self._about)

    def _clicked(self) -> None:
        self.switch.setChecked(False)  # the card in the list above says that it is on
        self.chosen.emit()
