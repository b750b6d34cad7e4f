"""The pictures behind a number: those of a cell, of a class, or the most confident mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from engine.training.evaluate import ClassEvaluation
from gui import theme
from gui.widgets.exports import Export, csv_bytes
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.picture_grid import GridPicture, PictureGrid
from gui.widgets.words import percent

SIDES = (48, 72, 112, 176)


class Answers(Sequence[GridPicture]):
    """Pictures of an evaluation as grid cells, made when they are looked at."""

    def __init__(self, evaluation: ClassEvaluation, places: np.ndarray) -> None:
        self.evaluation = evaluation
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> GridPicture: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[GridPicture]: ...

    def __getitem__(self, index: int | slice) -> GridPicture | Sequence[GridPicture]:
        if isinstance(index, slice):
            return Answers(self.evaluation, self.places[index])
        told, place = self.evaluation, int(self.places[index])
        truth, predicted = told.classes[told.truth[place]], told.classes[told.predicted[place]]
        sure = percent(float(told.confidence[place]), 0)
        right = truth == predicted
        caption = truth if right else f"{truth} → {predicted}"
        tip = f"{told.names[place]}\nTruth: {truth}\nAnswer: {predicted}, {sure} sure"
        return GridPicture(told.images[place], caption, sure, "right" if right else "wrong", tip)


class PicturesPanel(QWidget):
    """A heading, the pictures, and how large they are.

    Signals:
        mistakes_wanted(): show all mistakes instead of a cell.
    """

    mistakes_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = ThemedLabel("", "text", "heading", self)
        self.heading.setWordWrap(True)
        self.nothing = QuietLabel("", self)
        self.grid = PictureGrid(side=SIDES[1], lines=2, parent=self)
        self._side = 1
        self.mistakes = QToolButton(self)
        self.mistakes.setText("All mistakes")
        self.mistakes.setToolTip("Show every wrong answer, the most confident first")
        self.mistakes.setAccessibleName("Show all mistakes")
        self.mistakes.clicked.connect(self.mistakes_wanted)
        self.smaller = self._zoom("zoom_out", "Smaller pictures", -1)
        self.larger = self._zoom("zoom_in", "Larger pictures", 1)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        for button in (self.mistakes, self.smaller, self.larger):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(1))
        layout.addLayout(head)
        layout.addWidget(self.nothing)
        layout.addWidget(self.grid, 1)

    def _zoom(self, icon: str, tip: str, step: int) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: self._resize(step))
        return button

    def _resize(self, step: int) -> None:
        self._side = min(max(self._side + step, 0), len(SIDES) - 1)
        self.grid.set_side(SIDES[self._side])
        self.smaller.setEnabled(self._side > 0)
        self.larger.setEnabled(self._side < len(SIDES) - 1)

    def show_places(self, evaluation: ClassEvaluation, chosen: np.ndarray, title: str, nothing: str) -> None:
        """Show the pictures where `chosen` (bool, (N,)) holds, the most confident answers first."""
        places = np.flatnonzero(chosen)
        places = places[np.argsort(-evaluation.confidence[places], kind="stable")]
        self.heading.setText(title)
        self.grid.setAccessibleName(title)
        self.grid.set_pictures(Answers(evaluation, places))
        self.grid.scrollToTop()
        self.grid.setVisible(len(places) > 0)
        self.nothing.setText(nothing)
        self.nothing.setVisible(len(places) == 0)


def answers_csv(evaluation: ClassEvaluation, name: str) -> Export:
    """Every picture with truth, answer and confidence."""
    rows = [
        (picture, evaluation.classes[truth], evaluation.classes[predicted], round(float(confidence), 6))
        for picture, truth, predicted, confidence in zip(
            evaluation.names, evaluation.truth, evaluation.predicted, evaluation.confidence, strict=True
        )
    ]
    return Export(f"{name}-answers.csv", "Table", csv_bytes(("picture", "truth", "answer", "confidence"), rows))
