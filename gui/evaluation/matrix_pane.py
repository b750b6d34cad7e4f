"""A confusion matrix with room to scroll, and whether it writes counts or shares."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.evaluation.confusion_matrix import ConfusionMatrix
from gui.widgets.notes import ThemedLabel


class MatrixPane(QWidget):
    """A heading, the switch between counts and shares, and the matrix below."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.matrix = ConfusionMatrix(self)
        self.shares = QToolButton(self)
        self.shares.setText("% of truth")
        self.shares.setCheckable(True)
        self.shares.setToolTip("Write shares of each row instead of counts")
        self.shares.setAccessibleName("Shares of each row")
        self.shares.toggled.connect(self.matrix.set_shares)
        head = QHBoxLayout()
        head.addWidget(ThemedLabel(title, "text", "heading", self), 1)
        head.addWidget(self.shares)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.viewport().setAutoFillBackground(False)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.matrix)
        self.matrix.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, theme.space(1), 0)
        column.setSpacing(theme.space(1))
        column.addLayout(head)
        column.addWidget(scroll, 1)
