"""How far the engine is, in words and a thin bar, until it is ready."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from engine.errors import VitrineError
from gui import theme
from gui.runtime.engine_loader import EngineLoader


class EngineLine(QWidget):
    """Keeps its height when the engine is ready, so that nothing on the page jumps."""

    def __init__(self, engine: EngineLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(1.5))
        self.text = QLabel(self)
        self.text.setForegroundRole(self.text.palette().ColorRole.PlaceholderText)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName("Loading of the engine")
        self.again = QPushButton("Try again", self)
        self.again.setAccessibleName("Load the engine again")
        self.again.setToolTip("Load the engine again")
        self.again.clicked.connect(lambda: engine.start())
        for widget in (self.text, self.bar, self.again):
            row.addWidget(widget)
        row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(self.again.sizeHint().height())
        engine.progress.connect(self._show)
        engine.ready.connect(self._show)
        engine.failed.connect(self._show)
        self._show()

    def _show(self, news: object = None) -> None:
        engine = self._engine
        error: VitrineError | None = engine.error
        self.again.setVisible(error is not None)
        self.bar.setVisible(not engine.is_ready and error is None)
        self.bar.setValue(round(engine.share * 100))
        if error is not None:
            text = f"{error.what} {error.advice}"
        elif engine.is_ready:
            text = "Everything runs on this computer; nothing is sent anywhere."
        else:
            text = f"{engine.text}. You can already draw; training waits for it."
        self.text.setText(text)
