"""Samples of an evaluation: small ones to choose from, the chosen one large, and the worst first on demand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSplitter, QToolButton, QVBoxLayout, QWidget

from engine.tasks.base import Sketch
from gui import theme
from gui.widgets.flow import FlowLayout
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
        self.worst.setAccessibleName("Worst samples first")
        self.worst.setToolTip("Sort the samples by how well they were answered, the worst first")
        self.worst.toggled.connect(self._fill)
        self.grid = PictureGrid(side=SIDE, lines=2, parent=self)
        self.grid.setAccessibleName("Samples with their answers")
        self.large = _Large(self)
        self.words = QuietLabel("", self)
        self.legend = Legend(self)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.worst)
        below = QWidget(self)
        inner = QVBoxLayout(below)
        inner.setContentsMargins(0, theme.space(1), 0, 0)
        inner.addWidget(self.large, 1)
        inner.addWidget(self.legend)
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

    def show_sketches(self, sketches: Sequence[Sketch], count: int, noun: tuple[str, str]) -> None:
        """Show these samples out of `count` that were measured, the first one large; `noun` is one and several."""
        self.sketches = tuple(sketches)
        shown = len(self.sketches)
        some = f"{shown:,} of {count:,}" if shown < count else f"{shown:,}"
        self.heading.setText(f"{some} {noun[max(shown, count) != 1]}" if shown else "Samples")
        self.heading.setToolTip("Taken evenly from all that were measured" if shown < count else "")
        self.worst.setToolTip(f"Sort these {noun[1]} by how well they were answered, the worst first")
        self.grid.fit_words([words for sketch in self.sketches for words in (sketch.caption, sketch.note)])
        self.worst.setVisible(any(math.isfinite(sketch.score) for sketch in self.sketches))
        self._fill()

    def show_legend(self, legend: Sequence[tuple[str, tuple[int, int, int]]]) -> None:
        """Say what the colours in the pictures mean."""
        self.legend.show_colours(legend)

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


class Legend(QWidget):
    """Names with the colours that they have in pictures, hidden while there are none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._flow = FlowLayout(self, gap=theme.space(1.5))
        self._entries: list[QWidget] = []
        self.hide()

    def show_colours(self, legend: Sequence[tuple[str, tuple[int, int, int]]]) -> None:
        """Show these names instead."""
        for entry in self._entries:
            self._flow.removeWidget(entry)
            entry.deleteLater()
        self._entries = [_entry(name, QColor(*colour), self) for name, colour in legend]
        for entry in self._entries:
            self._flow.addWidget(entry)
            entry.show()
        self.setVisible(bool(legend))


def _entry(name: str, colour: QColor, parent: QWidget) -> QWidget:
    made = QWidget(parent)
    side = theme.icon_side(12)
    swatch = QPixmap(side, side)
    swatch.fill(colour)
    mark = QLabel(made)
    mark.setPixmap(swatch)
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.space(0.5))
    row.addWidget(mark)
    row.addWidget(ThemedLabel(name, "text", "small", made))
    return made


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
