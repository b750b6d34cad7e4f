"""Which augmentations are in use, and the way to the page where they are chosen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from engine.datasets.augment import AUGMENTATIONS
from engine.datasets.spec import Choice
from gui import theme
from gui.widgets.notes import QuietLabel
from gui.widgets.section import PanelSection

_NONE = (
    "None. Small changes such as turns and shifts, new in every epoch, keep a network from learning its pictures by "
    "heart."
)


class AugmentationPanel(PanelSection):
    """Says what the Augment page has set.

    Signals:
        wanted(): the person wants to choose augmentations.
    """

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Augmentation", parent)
        self.words = QuietLabel(_NONE, self)
        self.open = QPushButton(theme.icon("auto"), "Choose on Augment", self)
        self.open.setToolTip("Switch augmentations on, and see them done to your pictures")
        self.open.setAccessibleName("Choose augmentations on the page Augment")
        self.open.clicked.connect(self.wanted)
        self.body.addWidget(self.words)
        self.body.addWidget(self.open)

    def show_choices(self, choices: tuple[Choice, ...]) -> None:
        """Name what the document holds, in its order."""
        labels = [
            AUGMENTATIONS.get(choice.id).label if choice.id in AUGMENTATIONS else f"{choice.id} (unknown)"
            for choice in choices
        ]
        self.words.setText(" · ".join(labels) if labels else _NONE)
