"""What is wrong with the drawing: one row per problem, which jumps to its node, with its repairs as buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.builder.wrapping_button import WrappingButton
from gui.widgets.flow import FlowLayout
from gui.widgets.notes import QuietLabel, ThemedLabel

if TYPE_CHECKING:
    from engine.graph.results import Problem

MOST = 60
_ICONS = {"error": ("problem", "problem"), "warning": ("warning", "warning"), "info": ("info", "accent")}


class ProblemRow(QFrame):
    """One problem. Signals: jump(object): its node's id; repair(object): the Repair that was clicked."""

    jump = Signal(object)
    repair = Signal(object)

    def __init__(self, problem: Problem, parent: QWidget | None = None, compact: bool = False) -> None:
        super().__init__(parent)
        self.problem = problem
        self.buttons: list[QPushButton] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if problem.node and not compact else Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(f"{problem.severity}: {problem.message} {problem.advice}".strip())
        if problem.node and not compact:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setToolTip(f"Show {problem.node} on the drawing (Enter)")
        icon, colour = _ICONS[problem.severity]
        mark = QLabel(self)
        side = self.fontMetrics().height() + 2
        mark.setPixmap(theme.icon(icon, colour).pixmap(side, side))
        words = ThemedLabel(problem.message, "text", "body", self)
        words.setWordWrap(True)
        advice = QuietLabel(problem.advice, self)
        advice.setVisible(bool(problem.advice))
        text = QVBoxLayout()
        text.setSpacing(2)
        if problem.node and not compact:
            text.addWidget(ThemedLabel(problem.node, "text_muted", "small", self))
        text.addWidget(words)
        text.addWidget(advice)
        repairs = QVBoxLayout() if compact else FlowLayout()
        for index, repair in enumerate(problem.repairs):
            repairs.addWidget(self._button(index, repair.label, compact))
        text.addLayout(repairs)
        layout = QHBoxLayout(self)
        side_room = 0 if compact else theme.space(1)
        layout.setContentsMargins(side_room, theme.space(0.75), side_room, theme.space(0.75))
        layout.setSpacing(theme.space(1))
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(text, 1)

    def _button(self, index: int, label: str, wraps: bool) -> QPushButton:
        button = WrappingButton("repair", label, self) if wraps else QPushButton(theme.icon("repair"), label, self)
        button.setAccessibleName(label)
        button.setToolTip(f"{label}; it can be undone")
        # The row outlives an analysis that finds the same problem again, with a newer repair.
        button.clicked.connect(lambda: self.repair.emit(self.problem.repairs[index]))
        self.buttons.append(button)
        return button

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.problem.node and event.button() == Qt.MouseButton.LeftButton:
            self.jump.emit(self.problem.node)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.problem.node:
            self.jump.emit(self.problem.node)
        else:
            super().keyPressEvent(event)


class ProblemList(QScrollArea):
    """Rows that stay where they are while their problem stays. Signals as of the rows."""

    jump = Signal(object)
    repair = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Problems of the network")
        self.rows: list[ProblemRow] = []
        self._problems: tuple[Problem, ...] = ()
        body = QWidget(self)
        self._layout = QVBoxLayout(body)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.note = QuietLabel("Problems appear here as soon as the engine is loaded.", body)
        self.note.setContentsMargins(theme.space(1.5), theme.space(1.5), theme.space(1.5), theme.space(1.5))
        self._layout.addWidget(self.note)
        self._layout.addStretch(1)
        self.setWidget(body)

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Show these, errors first as they come."""
        if problems == self._problems and self.rows:
            for row, problem in zip(self.rows, problems, strict=False):
                row.problem = problem
            return
        self._problems = problems
        kept = {row.problem: row for row in self.rows}
        rows = []
        for index, problem in enumerate(problems[:MOST]):
            row = kept.pop(problem) if problem in kept else self._row(problem)
            row.problem = problem
            if self._layout.indexOf(row) != index:
                self._layout.insertWidget(index, row)
                row.show()
            rows.append(row)
        for row in kept.values():
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = rows
        more = len(problems) - len(rows)
        self.note.setText(f"And {more:,} more." if more else "" if rows else "No problems. The network can be trained.")
        self.note.setVisible(bool(self.note.text()))

    def say(self, text: str) -> None:
        """Show a sentence instead of rows."""
        self.show_problems(())
        self.note.setText(text)
        self.note.show()

    def _row(self, problem: Problem) -> ProblemRow:
        row = ProblemRow(problem, self.widget())
        row.jump.connect(self.jump)
        row.repair.connect(self.repair)
        return row
