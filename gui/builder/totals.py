"""The totals of the network on one line, in as many words as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.canvas.numbers import shape, short, size
from gui.widgets.notes import ThemedLabel

if TYPE_CHECKING:
    from engine.graph.results import Analysis

_MANY = 3
_MEANING = "From input to output; numbers that are stored; multiply-accumulates and activation memory for one picture"


class TotalsLabel(ThemedLabel):
    """Says what the network turns into what, and at what cost; the tooltip always says all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "text_muted", "small", parent)
        self._variants: tuple[str, ...] = ("",)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Totals of the network")

    @property
    def whole(self) -> str:
        """All of it, however narrow the window is."""
        return self._variants[0]

    def show_analysis(self, analysis: Analysis) -> None:
        """Take over new totals."""
        totals = analysis.totals
        if not analysis.spec.nodes:
            self._variants = ("",)
        else:
            way = f"{_end(analysis.input, 'inputs')} → {_end(analysis.output, 'outputs')}"
            exact, macs = f"{totals.parameters:,} parameters", f"{short(totals.macs)} MACs"
            gap = "   ·   "
            self._variants = (
                gap.join((way, exact, macs, size(totals.activation_bytes))),
                gap.join((exact, macs)),
                exact,
                short(totals.parameters),
            )
        self.setToolTip(f"{self.whole}\n{_MEANING}" if self.whole else "")
        self.setAccessibleDescription(self.whole)
        self._choose()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width(self._variants[-1]), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(self._width(self.whole), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose()

    def _choose(self) -> None:
        fitting = [text for text in self._variants if self._width(text) <= self.width()]
        text = fitting[0] if fitting else self._variants[-1]
        if text != self.text():
            self.setText(text)

    def _width(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text) + 4


def _end(of: object, many: str) -> str:
    """The shape at an end of the network or how many there are, "?" while it is unknown."""
    if isinstance(of, tuple) and of and all(isinstance(one, tuple) for one in of):
        return " and ".join(shape(one) for one in of) if len(of) < _MANY else f"{len(of)} {many}"
    return shape(of) if isinstance(of, tuple) and all(isinstance(one, int) for one in of) else "?"
