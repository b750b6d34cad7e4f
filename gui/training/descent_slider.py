"""From stochastic to full-batch descent by one slider, with what that means for a step and for an epoch."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.field_editors import guard_wheel
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.words import count

STEPS = 100
UNKNOWN = 1024  # samples, while nobody has counted them


class DescentSlider(QWidget):
    """Signals:
    chosen(object): int, samples of a batch.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples: int | None = None
        self._size = 0
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(STEPS // 10)
        self.slider.setAccessibleName("Samples of a batch")
        self.slider.setToolTip(
            "How many samples decide on a step: one (stochastic), some (mini-batch) or all (full batch)"
        )
        guard_wheel(self.slider)
        self.slider.sliderMoved.connect(self._moved)
        self.slider.actionTriggered.connect(lambda _action: self._moved(self.slider.sliderPosition()))
        ends = QHBoxLayout()
        ends.addWidget(ThemedLabel("Stochastic", "text_muted", "small", self))
        ends.addStretch(1)
        ends.addWidget(ThemedLabel("Full batch", "text_muted", "small", self))
        self.effect = QuietLabel("", self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(0.5))
        column.addWidget(self.slider)
        column.addLayout(ends)
        column.addWidget(self.effect)

    def show_size(self, size: int, samples: int | None) -> None:
        """Show a batch of `size` of `samples` training samples (None while that is not known)."""
        self._size, self._samples = size, samples
        most = max(2, samples or max(UNKNOWN, size))
        if not self.slider.isSliderDown():
            self.slider.setValue(round(STEPS * math.log(max(1, min(size, most))) / math.log(most)))
        self.effect.setText(self._words())

    def size_at(self, place: int) -> int:
        """The batch that a place of the slider stands for; the distances are those of a logarithm."""
        most = max(2, self._samples or UNKNOWN)
        return min(most, max(1, round(most ** (place / STEPS))))

    def _moved(self, place: int) -> None:
        size = self.size_at(place)
        if size != self._size:
            self.chosen.emit(size)

    def _words(self) -> str:
        """What the size means, with the numbers of this dataset."""
        size, samples = self._size, self._samples
        scatter = f"A step's direction scatters {100 / math.sqrt(size):.0f} % as much as with one sample."
        if samples is None:
            return scatter if size > 1 else "Every sample makes a step of its own."
        steps = count(-(-samples // size), "step")
        if size >= samples:
            return f"Full batch: all {samples:,} samples decide on the one step of an epoch, which does not scatter."
        if size == 1:
            return f"Stochastic: each of {samples:,} samples makes a step of its own, so the loss jumps about."
        return f"Mini-batch: {steps} an epoch. {scatter}"
