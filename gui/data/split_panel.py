"""How the pictures are shared out."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QSpinBox, QToolButton, QWidget

from engine.datasets.spec import SplitSpec
from gui import theme
from gui.data.model import DataModel
from gui.data.split_bar import LEAST_TRAINING, NAMES, SplitBar
from gui.widgets.field_editors import guard_wheel
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.section import PanelSection

_MEANING = (
    "The network learns from these samples",
    "The best epoch is chosen by these samples; the network never learns from them",
    "Kept aside until the end, for an honest measure",
)


class _Dot(QWidget):
    """The colour of a part, as everywhere on the page."""

    def __init__(self, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._number = number
        self.setFixedSize(10, 10)
        theme.watcher().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tokens().series[self._number]))
        painter.drawRoundedRect(self.rect(), 2, 2)


class SplitPanel(PanelSection):
    """A bar to drag, the shares as numbers with what they come to, and the seed."""

    def __init__(self, model: DataModel, parent: QWidget | None = None) -> None:
        super().__init__("Split", parent)
        self._model = model
        self.bar = SplitBar(self)
        self.bar.moved.connect(lambda shares: self._put(*shares))
        self.body.addWidget(self.bar)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.space(1))
        grid.setVerticalSpacing(theme.space(0.75))
        grid.setColumnStretch(3, 1)
        self.fields: list[QSpinBox] = []
        self.counts: list[ThemedLabel] = []
        for number, name in enumerate(NAMES):
            label = ThemedLabel(name, parent=self)
            label.setToolTip(_MEANING[number])
            field = self._field(f"{name} share", _MEANING[number], " %", 100)
            label.setBuddy(field)
            count = ThemedLabel("", "text_muted", "body", self)
            count.setToolTip(f"{name} samples")
            count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, widget in enumerate((_Dot(number, self), label, field, count)):
                grid.addWidget(widget, number, column)
            self.fields.append(field)
            self.counts.append(count)
        self.fields[0].setMinimum(LEAST_TRAINING)
        for number, field in enumerate(self.fields):
            field.valueChanged.connect(lambda value, number=number: self._typed(number, value))
        self.seed = self._field("Split seed", "The same seed gives the same split", "", 2**31 - 1)
        self.seed.valueChanged.connect(lambda value: self._edit("Change the split's seed", seed=value))
        seed_label = ThemedLabel("Seed", parent=self)
        seed_label.setToolTip(self.seed.toolTip())
        seed_label.setBuddy(self.seed)
        self.shuffle = QToolButton(self)
        self.shuffle.setIcon(theme.icon("shuffle"))
        self.shuffle.setAutoRaise(True)
        self.shuffle.setToolTip("Split anew with the next seed")
        self.shuffle.setAccessibleName("Split anew")
        self.shuffle.clicked.connect(lambda: self.seed.setValue((self.seed.value() + 1) % (2**31 - 1)))
        self.body.addLayout(grid)
        # A row of its own: the seed may have ten digits, which the shares needn't be as wide as.
        row = QHBoxLayout()
        row.setSpacing(theme.space(1))
        row.addWidget(seed_label)
        row.addWidget(self.seed, 1)
        row.addWidget(self.shuffle)
        self.body.addLayout(row)
        self.whole = self._whole_classes()
        self.note = QuietLabel("", self)
        self.body.addWidget(self.whole)
        self.body.addWidget(self.note)

    def _whole_classes(self) -> QCheckBox:
        box = QCheckBox("Keep whole classes together", self)
        box.setToolTip("Test with classes that were never learned, as one-shot matching is measured")
        box.toggled.connect(lambda on: self._edit("Change how it is split", by="class" if on else "picture"))
        return box

    def _field(self, name: str, tip: str, suffix: str, most: int) -> QSpinBox:
        field = QSpinBox(self)
        field.setRange(0, most)
        field.setSuffix(suffix)
        field.setToolTip(tip)
        field.setAccessibleName(name)
        field.setKeyboardTracking(False)
        guard_wheel(field)
        return field

    def show_split(self, spec: SplitSpec) -> None:
        """Show the document's shares and seed."""
        validation, test = round(spec.validation * 100), round(spec.test * 100)
        shares = (100 - validation - test, validation, test)
        self.bar.show_shares(shares)
        for field, value in zip((*self.fields, self.seed), (*shares, spec.seed), strict=True):
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)
        self.whole.blockSignals(True)
        self.whole.setChecked(spec.by == "class")
        self.whole.blockSignals(False)

    def show_counts(self, counts: np.ndarray | None, prescribed: bool) -> None:
        """Show how many pictures each part has; `prescribed` when the dataset itself names the test pictures."""
        for number, label in enumerate(self.counts):
            label.setText("" if counts is None else f"{int(counts[number]):,}")
        self.note.setText(
            "The dataset itself says which of them are for testing; the shares divide the others." if prescribed else ""
        )
        self.note.setVisible(prescribed)

    def _typed(self, number: int, value: int) -> None:
        """One share was typed: training and validation take from each other last, test is left alone if it can be."""
        shares = [field.value() for field in self.fields]
        shares[number] = value
        giver = 1 if number == 0 else 0
        for other in (giver, *(n for n in (0, 1, 2) if n not in (number, giver))):
            least = LEAST_TRAINING if other == 0 else 0
            shares[other] = max(least, shares[other] + 100 - sum(shares))
        shares[number] += 100 - sum(shares)
        self._put(*shares)

    def _put(self, training: int, validation: int, test: int) -> None:
        self._edit(
            "Change the split", train=(100 - validation - test) / 100, validation=validation / 100, test=test / 100
        )

    def _edit(self, label: str, **changes: float | str) -> None:
        before = self._model.data.split
        split = SplitSpec.model_validate({**before.model_dump(), **changes})
        self._model.edit(label, merge="data.split", split=split)
        self.show_split(self._model.data.split)
