"""The drawing as PyTorch code. It is written by a job while this is in view, and follows every change."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed, Finished
from engine.graph.spec import NetworkSpec
from gui import theme
from gui.builder.highlighter import PythonHighlighter
from gui.context import Context
from gui.runtime.jobs import JobHandle
from gui.widgets.notes import QuietLabel


@dataclass(frozen=True)
class _Generate:
    spec: NetworkSpec

    def __call__(self, emit: Emit, token: CancelToken) -> str:
        from engine.export.source.generate import generate

        return generate(self.spec)


class CodeView(QWidget):
    """Read-only code with a copy button."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._handle: JobHandle | None = None
        self._shown: NetworkSpec | None = None
        self._asked: NetworkSpec | None = None
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.text.setAccessibleName("PyTorch code of the network")
        self.text.setTabChangesFocus(True)
        self._highlighter = PythonHighlighter(self.text.document())
        self.note = QuietLabel("", self)
        self.copy = QPushButton(theme.icon("copy"), "Copy code", self)
        self.copy.setToolTip("Put the whole code on the clipboard")
        self.copy.clicked.connect(self._copy)
        bar = QHBoxLayout()
        bar.addWidget(self.note, 1)
        bar.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(1), 0)
        layout.setSpacing(theme.space(0.5))
        layout.addLayout(bar)
        layout.addWidget(self.text, 1)
        context.checker.analysed.connect(self.refresh)
        theme.watcher().changed.connect(self._themed)
        self._themed()
        self.refresh()

    def _themed(self) -> None:
        self.text.setFont(theme.font("mono"))

    def refresh(self, analysis: object = None) -> None:
        """Write the code anew if this is in view and the network is another one."""
        spec = self._context.document.project.network
        if not self._context.engine.is_ready:
            self._say("The code appears as soon as the engine is loaded.", "")
        elif self.isVisible() and self._handle is None and spec is not self._shown:
            self._asked = spec
            self._handle = self._context.runner.start(_Generate(spec), title="Writing the code", show=False)
            self._handle.ended.connect(self._ended)

    def _ended(self, end: Event) -> None:
        self._handle = None
        self._shown = self._asked
        if isinstance(end, Finished):
            lines = end.result.count("\n")
            self._say(f"{lines:,} lines of PyTorch that need nothing else.", end.result)
        elif isinstance(end, Failed):
            self._say(f"There is no code yet. {end.error}", "")
        self.refresh()

    def _say(self, note: str, code: str) -> None:
        self.note.setText(note)
        self.copy.setEnabled(bool(code))
        if code != self.text.toPlainText():
            place = self.text.verticalScrollBar().value()
            self.text.setPlainText(code)
            self.text.verticalScrollBar().setValue(place)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._context.notifier.show("success", "The code is on the clipboard.")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
