"""The large part of the page: one picture in many epochs, under every method, or the exact batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.augment.jobs import Shot
from gui.augment.model import VARIANTS, AugmentModel, Mode, in_families
from gui.data.progress_row import ProgressRow
from gui.widgets.empty_state import EmptyState
from gui.widgets.field_editors import guard_wheel
from gui.widgets.flow import FlowRow
from gui.widgets.marks import LAYERS, TIPS, Overlay, first_layers
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.picture_grid import GridPicture, PictureGrid

_MODES: tuple[tuple[Mode, str, str], ...] = (
    ("variants", "One picture", "One picture as some epochs of training will show it"),
    ("singles", "Every method", "One picture under every method by itself"),
    ("batch", "Exact batch", "A batch exactly as the training will hand it to the network"),
)
_SMALLEST, _LARGEST = 40, 240


class Stage(QWidget):
    """Shows what an `AugmentModel` has made.

    Signals:
        toggled(object): a method, by its id, was double-clicked.
        data_wanted(): there are no pictures, and the person wants to choose some.
    """

    toggled = Signal(object)
    data_wanted = Signal()

    def __init__(self, model: AugmentModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._shots: tuple[Shot, ...] = ()
        self.layers: set[str] = set()
        self._begun: tuple[tuple[str, ...], tuple[str, ...]] | None = None  # data and task that the layers are for
        self.modes = QButtonGroup(self)
        self.mode_buttons: dict[Mode, QToolButton] = {}
        self.layer_buttons: dict[str, QToolButton] = {}
        self.grid = PictureGrid(160, 1, self)
        self.grid.setAccessibleName("Pictures as the network sees them")
        self.grid.opened.connect(self._opened)
        self.grid.viewport().installEventFilter(self)
        self._room = QTimer(self, singleShot=True, interval=0)  # not while a layout is under way
        self._room.timeout.connect(self._fit)
        self.words = QuietLabel("", self)
        self.heading = ThemedLabel("", "text", "heading", self)
        self.heading.setWordWrap(True)
        self.progress = ProgressRow(self)
        self.empty = EmptyState("image", "", parent=self)
        self.empty.wanted.connect(self.data_wanted)
        self._lay_out()
        model.shown.connect(self._show)
        model.found.connect(self._found)
        model.data.state_changed.connect(self._state)
        self._found()
        self.show_mode("variants")

    # parts

    def _lay_out(self) -> None:
        modes = FlowRow(theme.space(0.5), theme.space(0.5), self)
        for number, (mode, text, tip) in enumerate(_MODES):
            button = self.mode_buttons[mode] = self._tool(modes, "", text, tip)
            button.setCheckable(True)
            self.modes.addButton(button, number)
            modes.flow.addWidget(button)
            button.clicked.connect(lambda _checked=False, mode=mode: self.show_mode(mode))
        self.layer_row = FlowRow(theme.space(0.5), theme.space(0.5), self)
        for name, text in LAYERS.items():
            button = self.layer_buttons[name] = self._tool(self.layer_row, "eye", text, TIPS[name])
            button.setCheckable(True)
            button.setChecked(name in self.layers)
            button.toggled.connect(lambda shown, name=name: self._layer(name, shown))
            self.layer_row.flow.addWidget(button)
        top = QHBoxLayout()
        top.setContentsMargins(theme.space(2), theme.space(1.5), theme.space(2), 0)
        top.setSpacing(theme.space(2))
        top.addWidget(modes, 1)
        top.addWidget(self.layer_row, 1)
        about = QHBoxLayout()
        about.setContentsMargins(theme.space(2), theme.space(1), theme.space(2), theme.space(0.5))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.heading)
        words.addWidget(self.words)
        about.addLayout(words, 1)
        about.addWidget(self._controls(), 0, Qt.AlignmentFlag.AlignTop)
        shown = QWidget(self)
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(about)
        column.addWidget(self.grid, 1)
        self.outer = QStackedWidget(self)
        self.outer.addWidget(shown)
        self.outer.addWidget(self.empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.progress)
        whole.addWidget(self.outer, 1)

    def _controls(self) -> QWidget:
        """What to look at: a picture, or a batch of an epoch."""
        self.controls = QWidget(self)
        row = QHBoxLayout(self.controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(0.5))
        self.previous = self._tool(self.controls, "left", "", "The training picture before")
        self.next = self._tool(self.controls, "right", "", "The next training picture")
        self.previous.clicked.connect(lambda: self._step(-1))
        self.next.clicked.connect(lambda: self._step(1))
        self.again = QPushButton(theme.icon("shuffle"), "Other epochs", self.controls)
        self.again.setToolTip("Show what the next epochs would make of the picture")
        self.again.setAccessibleName("Other epochs")
        self.again.clicked.connect(self._other_epochs)
        self.epoch = self._spin("Epoch ", "Which epoch of the training", lambda v: self._model.look(epoch=v - 1))
        self.epoch.setMaximum(100_000)
        self.number = self._spin("Batch ", "Which batch of the epoch", lambda v: self._model.look(number=v - 1))
        for widget in (self.previous, self.next, self.again, self.epoch, self.number):
            row.addWidget(widget)
        return self.controls

    def _tool(self, parent: QWidget, icon: str, text: str, tip: str) -> QToolButton:
        button = QToolButton(parent)
        if icon:
            button.setIcon(theme.icon(icon))
        if text:
            button.setText(text)
            button.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon if icon else Qt.ToolButtonStyle.ToolButtonTextOnly
            )
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(text or tip)
        return button

    def _spin(self, prefix: str, tip: str, slot: Callable[[int], None]) -> QSpinBox:
        spin = QSpinBox(self.controls)
        spin.setRange(1, 1)
        spin.setPrefix(prefix)
        spin.setKeyboardTracking(False)
        spin.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
        spin.setToolTip(tip)
        spin.setAccessibleName(prefix.strip())
        guard_wheel(spin)
        spin.valueChanged.connect(slot)
        return spin

    # what to look at

    def show_mode(self, mode: Mode) -> None:
        """Look at one picture in many epochs, under every method, or at a batch."""
        self.mode_buttons[mode].setChecked(True)
        batch = mode == "batch"
        for widget in (self.previous, self.next, self.again):
            widget.setVisible(not batch)
        for spin in (self.epoch, self.number):
            spin.setVisible(batch)
        self._model.look(mode=mode)

    def _step(self, step: int) -> None:
        train = self._model.train
        if len(train):
            place = int(np.searchsorted(train, self._model.index)) + step
            self._model.look(index=int(train[place % len(train)]))

    def _other_epochs(self) -> None:
        self._model.look(first_epoch=self._model.first_epoch + VARIANTS)

    def _layer(self, name: str, shown: bool) -> None:
        (self.layers.add if shown else self.layers.discard)(name)
        self._fill()

    def _opened(self, row: int) -> None:
        if self._model.mode == "singles" and 0 <= row < len(self._shots):
            self.toggled.emit(in_families()[row])

    # showing

    def _found(self) -> None:
        gives, needs = self._model.gives(), self._model.needs
        if (gives, needs) != self._begun:
            self._begun = gives, needs
            begin = first_layers(gives, needs)
            for name, button in self.layer_buttons.items():
                button.setChecked(name in begin)
        for name, button in self.layer_buttons.items():
            button.setVisible(name in gives)
        self.layer_row.setVisible(any(name in gives for name in LAYERS))
        for spin, value, most in (
            (self.epoch, self._model.epoch, self.epoch.maximum()),
            (self.number, self._model.number, self._model.batches),
        ):
            spin.blockSignals(True)
            spin.setMaximum(most)
            spin.setValue(value + 1)
            spin.blockSignals(False)
        self._state()

    def _state(self) -> None:
        """An explanation while there is nothing to show."""
        model, data = self._model, self._model.data
        self.progress.follow(data.work)
        if model.kind != "pictures":
            self._explain(
                "Augmentation changes pictures",
                "This project learns from sequences, which are handed to the network as they are.",
                "Choose data",
            )
        elif data.state == "failed" and data.error is not None:
            self._explain("Nothing to augment yet", str(data.error), "Choose data")
        elif data.state == "stopped":
            self._explain("Looking at the pictures was stopped", "", "Go to Data")
        elif model.error is not None:
            self._explain("This cannot be done to the pictures", str(model.error))
        elif not self._shots:
            self._explain("Your pictures are being made ready", "They follow in a moment.")
        else:
            self.outer.setCurrentIndex(0)

    def _explain(self, title: str, text: str, action: str = "") -> None:
        self.empty.say(title, text, action, "Choose the pictures to learn from on the Data page")
        self.outer.setCurrentWidget(self.empty)

    def _show(self) -> None:
        gallery = self._model.gallery
        self._shots = gallery.shots if gallery is not None else ()
        self._say()
        self._fill()
        self._state()
        self._fit()

    def _say(self) -> None:
        model, gallery, pictures = self._model, self._model.gallery, self._model.pictures
        if gallery is None or pictures is None:
            return
        changed = bool(model.choices)
        if model.mode == "batch":
            self.heading.setText(f"Batch {model.number + 1:,} of {model.batches:,} in epoch {model.epoch + 1:,}")
            words = f"{len(self._shots):,} pictures, seed {model.seed}: the very pixels that the network is given."
            self.words.setText(" ".join(part for part in (words, gallery.words) if part))
        else:
            place = int(np.searchsorted(model.train, model.index))
            name = pictures.names[gallery.shots[0].index]
            trained = place < len(model.train) and model.train[place] == model.index
            where = f"Training picture {place + 1:,} of {len(model.train):,}" if trained else "Not a training picture"
            self.heading.setText(f"{where} · {name}")
            self.words.setText(
                "Double-click a method to switch it on or off." if model.mode == "singles"
                else "Every epoch changes the picture anew; the same seed changes it alike." if changed
                else "Without augmentation every epoch shows the picture like this. Switch on a method on the left."
            )  # fmt: skip
        self.again.setEnabled(model.mode == "singles" or changed)
        self.again.setToolTip(
            "Show what the next epochs would make of the picture"
            if self.again.isEnabled()
            else "Every epoch shows the same picture; switch on a method first"
        )

    def _fill(self) -> None:
        cells = []
        for shot in self._shots:
            size = shot.picture.shape[:2]
            over = Overlay(shot.known, frozenset(self.layers), (size[0], size[1]))
            cells.append(GridPicture(shot.picture, shot.caption, shot.detail, tip=shot.tip, over=over))
        self.grid.set_pictures(cells)

    def _fit(self) -> None:
        """Give the pictures the largest space at which all of them are seen."""
        lines = 2 if any(shot.detail for shot in self._shots) else 1
        if lines != self.grid.lines:
            self.grid.lines = lines
            self.grid.set_side(self.grid.side)
        room: QSize = self.grid.viewport().size()
        count = max(1, len(self._shots))
        # Words are not cut if there is a way round it.
        metrics = QFontMetrics(self.grid.words_font)
        words = [text for shot in self._shots for text in (shot.caption, shot.detail)]
        widest = max((metrics.horizontalAdvance(text) for text in words), default=0)
        smallest = min(max(_SMALLEST, widest), _LARGEST // 2)
        before, side = self.grid.side, smallest
        for wanted in range(_LARGEST, smallest - 1, -4):
            self.grid.side = wanted
            cell = self.grid.cell_size()
            across = max(1, room.width() // cell.width())
            if -(-count // across) * cell.height() <= room.height():
                side = wanted
                break
        self.grid.side = before
        if side != before:
            self.grid.set_side(side)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._room.start()
        return super().eventFilter(watched, event)
