"""The controls of a settings form. Each has `value()` (raises `ValueError` in words), `set_value()` and two signals:
`typed` while a person is still typing, `decided` when a value has been chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from gui import theme
from gui.widgets.field_kind import FieldKind, spoken_name
from gui.widgets.field_text import TextFormat, WordOr

_NAMES = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS", "relu": "ReLU", "tanh": "Tanh", "mackey-glass": "Mackey-Glass"}


class _Given:
    """The value that was last shown, given back exactly while its text stands untouched: 2/3 must not turn 0.6667."""

    def __init__(self, format: TextFormat) -> None:
        self._format = format
        self._value: Any = None
        self._text: str | None = None

    def show(self, value: Any) -> str:
        self._value, self._text = value, self._format.show(value)
        return self._text

    def parse(self, text: str) -> Any:
        return self._value if text == self._text else self._format.parse(text)

    def step(self, value: Any, count: int) -> Any:
        return self._format.step(value, count)


class CheckEditor(QCheckBox):
    """Yes or no; the label stands beside the box."""

    typed = Signal()
    decided = Signal()

    def __init__(self, kind: FieldKind, parent: QWidget | None = None) -> None:
        super().__init__(kind.label, parent)
        self.clicked.connect(self.decided)

    def value(self) -> bool:
        return self.isChecked()

    def set_value(self, value: Any) -> None:
        self.setChecked(bool(value))


class TextSpin(QAbstractSpinBox):
    """A text field with step buttons, for one number or a few; out of range is told in words, not swallowed."""

    typed = Signal()
    decided = Signal()

    def __init__(self, kind: FieldKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._format = _Given(kind.format)
        self._line = self.lineEdit()
        self._line.setPlaceholderText(kind.empty)
        self._line.textEdited.connect(self.typed)
        self.editingFinished.connect(self.decided)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        steps = self._format.step(kind.default, 1) if kind.default is not None else 1
        if steps is None:
            self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)

    def value(self) -> Any:
        return self._format.parse(self._line.text())

    def set_value(self, value: Any) -> None:
        text = self._format.show(value)
        if text != self._line.text():
            self._line.setText(text)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text, position

    def fixup(self, text: str) -> str:
        return text

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def stepBy(self, steps: int) -> None:
        try:
            moved = self._format.step(self.value(), steps)
        except ValueError:
            return
        if moved is not None:
            self.set_value(moved)
            self._line.selectAll()
            self.typed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        # Scrolling a panel must not change the numbers that pass under the pointer.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class LineEditor(QLineEdit):
    """One line of text."""

    typed = Signal()
    decided = Signal()

    def __init__(self, kind: FieldKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._format = _Given(kind.format)
        self.setPlaceholderText(kind.empty)
        self.textEdited.connect(self.typed)
        self.editingFinished.connect(self.decided)

    def value(self) -> Any:
        return self._format.parse(self.text())

    def set_value(self, value: Any) -> None:
        text = self._format.show(value)
        if text != self.text():
            self.setText(text)
            self.home(False)  # a long text shows its beginning


class LinesEditor(QPlainTextEdit):
    """Several lines, one row of a table each."""

    typed = Signal()
    decided = Signal()

    def __init__(self, kind: FieldKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._format = _Given(kind.format)
        self.setTabChangesFocus(True)
        self.textChanged.connect(self._changed)
        self._setting = False
        self._themed()
        theme.watcher().changed.connect(self._themed)

    def _themed(self) -> None:
        self.setFont(theme.font("mono"))
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 6 + theme.space(2))

    def _changed(self) -> None:
        if not self._setting:
            self.typed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.decided.emit()

    def value(self) -> Any:
        return self._format.parse(self.toPlainText())

    def set_value(self, value: Any) -> None:
        text = self._format.show(value)
        if text != self.toPlainText():
            self._setting = True
            self.setPlainText(text)
            self._setting = False


class ComboEditor(QComboBox):
    """One of a few values."""

    typed = Signal()
    decided = Signal()

    def __init__(self, kind: FieldKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        for value in kind.values:
            self.addItem(kind.empty if value is None else _spoken(value), value)
        guard_wheel(self)
        self.activated.connect(lambda _index: self.decided.emit())

    def value(self) -> Any:
        # Not `currentData`: Qt's variants would turn some values into others.
        return self.itemData(self.currentIndex())

    def set_value(self, value: Any) -> None:
        for index in range(self.count()):
            if self.itemData(index) == value:
                self.setCurrentIndex(index)
                return


class WordOrNumber(QComboBox):
    """A few words to choose from, or numbers to type."""

    typed = Signal()
    decided = Signal()

    def __init__(self, kind: FieldKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._format = _Given(kind.format)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]  # Qt's stub forgets that None switches it off
        self.addItems([str(word) for word in kind.values])
        guard_wheel(self)
        line = self.lineEdit()
        if line is not None:
            line.textEdited.connect(self.typed)
            line.editingFinished.connect(self.decided)
        self.activated.connect(lambda _index: self.decided.emit())

    def value(self) -> Any:
        return self._format.parse(self.currentText())

    def set_value(self, value: Any) -> None:
        text = self._format.show(value)
        if text != self.currentText():
            self.setEditText(text)


class _WheelGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def guard_wheel(widget: QWidget) -> None:
    """Let the wheel change `widget` only while it has the focus; otherwise the panel scrolls."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelGuard(widget))


def _spoken(value: Any) -> str:
    """A value as an entry of a list: words begin with a capital, names of PyTorch's types stay as they are."""
    if not isinstance(value, str) or any(letter.isdigit() for letter in value):
        return str(value)
    return _NAMES.get(value) or (spoken_name(value) if value.split(" ")[0].islower() else value)


def make_editor(kind: FieldKind, parent: QWidget) -> QWidget:
    """The control for a field that is neither a choice nor a nested form."""
    makers: dict[str, Callable[..., QWidget]] = {
        "check": CheckEditor,
        "combo": WordOrNumber if isinstance(kind.format, WordOr) else ComboEditor,
        "spin": TextSpin,
        "text": LineEditor,
        "lines": LinesEditor,
    }
    return makers[kind.look](kind, parent)
