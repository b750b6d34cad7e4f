"""The panel beside the picture: source, model, threshold, and what can be done with the picture."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.live.answers import AnswerPanel
from gui.live.model_chooser import ModelChooser
from gui.live.references import ReferenceChooser
from gui.live.source_chooser import SourceChooser
from gui.widgets.notes import ThemedLabel

WIDTH = 320
_THRESHOLD = "Show only what the model is at least so sure of"
_NO_THRESHOLD = "What this model answers has no share of sureness, so that a threshold would change nothing"


class SidePanel(QScrollArea):
    """Signals:
    threshold_changed(object): float, 0 to 1.
    overlay_changed(object): bool.
    """

    threshold_changed = Signal(object)
    overlay_changed = Signal(object)

    def __init__(self, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(260)
        body = QWidget(self)
        self.setWidget(body)
        self._column = QVBoxLayout(body)
        edge = theme.space(2)
        self._column.setContentsMargins(edge, edge, edge, edge)
        self._column.setSpacing(theme.space(1))
        self.source = SourceChooser(body)
        self._add("Source", self.source)
        self.model = ModelChooser(body)
        self._add("Model", self.model)
        self.references = ReferenceChooser(body)
        self._column.addWidget(self.references)
        self._add_threshold(body)
        self._add_buttons(actions, body)
        self.answers = AnswerPanel(body)
        self._add("Answer", self.answers)
        self._column.addStretch(1)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 600)

    @property
    def threshold(self) -> float:
        return self.slider.value() / 100

    def _add(self, title: str, widget: QWidget) -> None:
        heading = ThemedLabel(title, "text", "heading", self)
        self._column.addSpacing(theme.space(0.5))
        self._column.addWidget(heading)
        self._column.addWidget(widget)

    def _add_threshold(self, body: QWidget) -> None:
        self.slider = QSlider(Qt.Orientation.Horizontal, body)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setValue(50)
        self.slider.setAccessibleName("Threshold")
        self.slider.setToolTip(_THRESHOLD)
        self.value = QLabel("50 %", body)
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("100 %"))
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.threshold_title = QLabel("Threshold", body)
        self.threshold_title.setBuddy(self.slider)
        row = QHBoxLayout()
        row.setSpacing(theme.space(1))
        row.addWidget(self.threshold_title)
        row.addWidget(self.slider, 1)
        row.addWidget(self.value)
        self._column.addSpacing(theme.space(0.5))
        self._column.addLayout(row)
        self.overlay = QCheckBox("Draw the answers over the picture", body)
        self.overlay.setChecked(True)
        self.overlay.setToolTip("Boxes and labels in the picture, in snapshots and in recordings")
        self._column.addWidget(self.overlay)
        self.slider.valueChanged.connect(self._threshold_moved)
        self.overlay.toggled.connect(self.overlay_changed.emit)

    def _add_buttons(self, actions: list[QAction], body: QWidget) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.space(0.5))
        self.buttons: dict[str, QToolButton] = {}
        for action in actions:
            button = QToolButton(body)
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setAccessibleName(action.text())
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.buttons[action.objectName()] = button
            row.addWidget(button)
        row.addStretch(1)
        self._column.addLayout(row)

    def offer_threshold(self, useful: bool) -> None:
        """Let the threshold be moved while the answers heed it."""
        if useful != self.slider.isEnabled():
            for widget in (self.threshold_title, self.slider, self.value):
                widget.setEnabled(useful)
                widget.setToolTip(_THRESHOLD if useful else _NO_THRESHOLD)

    def _threshold_moved(self, value: int) -> None:
        self.value.setText(f"{value} %")
        self.threshold_changed.emit(value / 100)
