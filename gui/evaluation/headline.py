"""The measures over all pictures, the accuracy first and largest."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import ThemedLabel
from gui.widgets.words import figure, percent

MEASURES = {
    "accuracy": ("Accuracy", "Share of the pictures that were recognised"),
    "precision_macro": ("Precision", "Mean of the classes' precision"),
    "recall_macro": ("Recall", "Mean of the classes' recall"),
    "f1_macro": ("F1", "Mean of the classes' F1"),
    "loss": ("Loss", "Mean cross-entropy, which also counts how sure the answers are"),
}


class Headline(QWidget):
    """One number beside another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, ThemedLabel] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(5))
        for name, (title, help) in (*MEASURES.items(), ("count", ("Pictures", "How many were measured"))):
            tile = QWidget(self)
            tile.setToolTip(help)
            column = QVBoxLayout(tile)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(ThemedLabel(title, "text_muted", "small", tile))
            value = ThemedLabel("–", "text", "title", tile)
            column.addWidget(value)
            self.values[name] = value
            row.addWidget(tile)
        row.addStretch(1)

    def show_measures(self, measures: Mapping[str, float], count: int) -> None:
        """Write the measures; a dash for what is undefined."""
        for name, label in self.values.items():
            if name == "count":
                text = f"{count:,}"
            else:
                value = measures.get(name)
                text = "–" if value is None else figure(value) if name == "loss" else percent(value)
            label.setText(text)
            title = MEASURES[name][0] if name in MEASURES else "Pictures"
            label.setAccessibleName(f"{title}: {text}")
