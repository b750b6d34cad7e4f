"""What the network answers for the same few validation pictures, epoch after epoch."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.training.events import SamplePredictions
from gui import theme
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.picture_grid import GridPicture, PictureGrid

SMALL, LARGE = 52, 112  # sides of a sample on the page
PLAIN = 100  # side in pixels up to which a sample is a picture with nothing drawn into it


class SamplesPanel(QWidget):
    """Pictures with the newest answers; right and wrong are marked by shape and colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = ThemedLabel("Sample predictions", "text", "heading", self)
        self.state = ThemedLabel("", "text_muted", "small", self)
        self.nothing = QuietLabel("While a network trains, its answers for a few validation samples change here.", self)
        self.grid = PictureGrid(side=SMALL, lines=2, parent=self)
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

    def show_answers(self, event: SamplePredictions) -> None:
        """Show the answers after an epoch."""
        pictures = [
            GridPicture(sample.image, sample.caption, sample.note, sample.mark, sample.tip) for sample in event.samples
        ]
        # Where boxes or several pictures are drawn into a sample, it must be larger to be read.
        sizes = [sample.image.shape[:2] for sample in event.samples]
        drawn = any(max(size) > PLAIN or max(size) > 2 * min(size) for size in sizes)
        self.grid.set_side(LARGE if drawn else SMALL)
        self.grid.set_pictures(pictures)
        self.grid.setVisible(bool(pictures))
        self.nothing.setVisible(not pictures)
        self.state.show()
        judged = [sample for sample in event.samples if sample.mark]
        right = sum(sample.mark == "right" for sample in judged)
        self.state.setText(f"Epoch {event.epoch}" + (f" · {right} of {len(judged)} right" if judged else ""))
