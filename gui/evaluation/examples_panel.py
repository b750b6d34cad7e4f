"""Samples of an evaluation: small ones to choose from, the chosen one large, and the worst first on demand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QToolButton, QVBoxLayout, QWidget

from engine.tasks.base import Sketch
from gui import theme
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.picture_grid import GridPicture, PictureGrid, paint_picture

SIDE = 112


class ExamplesPanel(QWidget):
    """Pictures with truth and answer drawn into them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sketches: tuple[Sketch, ...] = ()
        self._order: tuple[int, ...] = ()
        self.heading = ThemedLabel("Samples", "text", "heading", self)
        self.worst = QToolButton(self)
        self.worst.setText("Worst first")
        self.worst.setCheckable(True)
        self.worst.setToolTip("Sort the samples by how well they were answered, the worst first")
        self.worst.setAccessibleName("Worst samples first")
        self.worst.toggled.connect(self._fill)
        self.grid = PictureGrid(side=SIDE, lines=2, parent=self)
        self.grid.setAccessibleName("Samples with their answers")
        self.large = _Large(self)
        self.words = QuietLabel("", self)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.worst)
        below = QWidget(self)
        inner = QVBoxLayout(below)
        inner.setContentsMargins(0, theme.space(1), 0, 0)
        inner.addWidget(self.large, 1)
        inner.addWidget(self.words)
        halves = QSplitter(Qt.Orientation.Vertical, self)
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.grid)
        halves.addWidget(below)
        halves.setSizes([300, 380])
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(1), 0, 0, 0)
        column.setSpacing(theme.space(1))
        column.addLayout(head)
        column.addWidget(halves, 1)
        self.grid.selectionModel().currentChanged.connect(lambda now, _before: self.choose(now.row()))

    def show_sketches(self, sketches: Sequence[Sketch]) -> None:
        """Show these samples, the first one large."""
        self.sketches = tuple(sketches)
        self.heading.setText(f"{len(self.sketches)} samples" if self.sketches else "Samples")
        self.worst.setVisible(any(math.isfinite(sketch.score) for sketch in self.sketches))
        self._fill()

    def _fill(self) -> None:
        places = range(len(self.sketches))
        if self.worst.isChecked():
            places = sorted(places, key=lambda k: s if math.isfinite(s := self.sketches[k].score) else math.inf)  # type: ignore[assignment]
        self._order = tuple(places)
        chosen = [self.sketches[k] for k in self._order]
        self.grid.set_pictures([GridPicture(s.image, s.caption, s.note, s.mark, s.tip) for s in chosen])
        self.choose(0)

    def choose(self, place: int) -> None:
        """Show the sample at this place of the grid large."""
        if not 0 <= place < len(self._order):
            self.large.show_image(None)
            self.words.setText("")
            return
        sketch = self.sketches[self._order[place]]
        self.large.show_image(sketch.image)
        self.words.setText(sketch.tip or " · ".join(part for part in (sketch.caption, sketch.note) if part))


class _Large(QWidget):
    """One picture as large as there is room."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.image: np.ndarray | None = None
        self.setAccessibleName("The chosen sample")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)

    def show_image(self, image: np.ndarray | None) -> None:
        self.image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image is not None:
            painter = QPainter(self)
            paint_picture(painter, self.image, self.rect())
