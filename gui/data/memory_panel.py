"""How much memory the pictures may take before they are read from disk while the network learns."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from engine.datasets.spec import DataSpec
from gui import theme
from gui.data.model import DataModel
from gui.widgets.field_editors import guard_wheel
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.section import PanelSection


class MemoryPanel(PanelSection):
    """One number; 0 leaves it to the program."""

    def __init__(self, model: DataModel, parent: QWidget | None = None) -> None:
        super().__init__("Memory", parent)
        self._model = model
        self.limit = QSpinBox(self)
        self.limit.setRange(0, 16_000_000)
        self.limit.setSingleStep(256)
        self.limit.setSuffix(" MB")
        self.limit.setSpecialValueText("40 % of what is free")
        self.limit.setKeyboardTracking(False)
        self.limit.setAccessibleName("Memory for pictures")
        self.limit.setToolTip("Sets that need more are read from disk by processes of their own while training")
        guard_wheel(self.limit)
        self.limit.valueChanged.connect(self._chosen)
        row = QHBoxLayout()
        row.setSpacing(theme.space(1))
        label = ThemedLabel("For pictures", parent=self)
        label.setBuddy(self.limit)
        row.addWidget(label)
        row.addWidget(self.limit, 1)
        self.body.addLayout(row)
        self.body.addWidget(QuietLabel("Larger sets are read from disk while the network learns.", self))

    def show_data(self, data: DataSpec) -> None:
        """Show the document's limit."""
        self.limit.blockSignals(True)
        self.limit.setValue(data.memory_limit_mb or 0)
        self.limit.blockSignals(False)

    def _chosen(self, value: int) -> None:
        self._model.edit("Change the memory for pictures", merge="data.memory", memory_limit_mb=value or None)
