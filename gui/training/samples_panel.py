"""What the network answers for the same few validation pictures, epoch after epoch."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.training.events import SamplePredictions
from gui import theme
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.picture_grid import GridPicture, PictureGrid
from gui.widgets.words import percent


class SamplesPanel(QWidget):
    """Pictures with the newest answers; right and wrong are marked by shape and colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = ThemedLabel("Sample predictions", "text", "heading", self)
        self.state = ThemedLabel("", "text_muted", "small", self)
        self.nothing = QuietLabel(
            "While a network trains, its answers for a few validation pictures change here.", self
        )
        self.grid = PictureGrid(side=52, lines=2, parent=self)
        self.grid.setAccessibleName("Sample predictions")
        self.grid.hide()
        self.state.hide()
        title.setWordWrap(True)
        self.state.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(0.5))
        layout.addWidget(title)
        layout.addWidget(self.state)
        layout.addWidget(self.nothing)
        layout.addWidget(self.grid, 1)
        layout.addStretch(0)

    def clear(self) -> None:
        """A new training begins."""
        self.grid.set_pictures(())
        self.grid.hide()
        self.nothing.show()
        self.state.hide()

    def show_answers(self, event: SamplePredictions, classes: tuple[str, ...]) -> None:
        """Show the answers after an epoch."""
        pictures = []
        for image, truth, predicted, confidence in zip(
            event.images, event.truth, event.predicted, event.confidence, strict=True
        ):
            right = truth == predicted
            answer = f"{classes[predicted]}, {percent(confidence, 0)} sure"
            tip = f"Answer: {answer}\n{'Right' if right else f'Truth: {classes[truth]}'}"
            caption = classes[truth] if right else f"{classes[truth]} → {classes[predicted]}"
            pictures.append(GridPicture(image, caption, percent(confidence, 0), "right" if right else "wrong", tip))
        self.grid.set_pictures(pictures)
        self.grid.setVisible(bool(pictures))
        self.nothing.setVisible(not pictures)
        count = sum(t == p for t, p in zip(event.truth, event.predicted, strict=True))
        self.state.show()
        self.state.setText(f"Epoch {event.epoch} · {count} of {len(pictures)} right")
