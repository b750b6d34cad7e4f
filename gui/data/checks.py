"""What was found out about the pictures: one row for each finding, and the list of what is left out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.datasets.base import Fault
from engine.datasets.report import Finding
from gui import theme
from gui.widgets.notes import QuietLabel, ThemedLabel

LISTED = ("unreadable", "left_out", "unlabelled")
"""Findings about faults, which a list tells one by one."""
_WRAPPED = 500  # rows up to which each gets the height that its words need
_ICONS = {"info": ("info", "text_muted"), "warning": ("warning", "warning"), "error": ("problem", "problem")}


class _Row(QWidget):
    """One finding: a mark, two sentences, and a button for what it is about."""

    def __init__(self, icon: str, colour: str, what: str, advice: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = (icon, colour)
        self.mark = QLabel(self)
        self.what = ThemedLabel(what, parent=self)
        self.what.setWordWrap(True)
        self.what.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.what)
        if advice:
            words.addWidget(QuietLabel(advice, self))
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(theme.space(1))
        self.row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        self.row.addLayout(words, 1)
        self.setAccessibleName(f"{what} {advice}".strip())
        theme.watcher().changed.connect(self._themed)
        self._themed()

    def _themed(self) -> None:
        self.mark.setPixmap(theme.icon(*self._icon).pixmap(18, 18))


class ChecksPanel(QScrollArea):
    """The findings, as high as they need up to a third of the page.

    Signals:
        show_pictures(object): a `Finding` whose pictures a person wants to see.
        show_faults(): a person wants to see what is left out.
    """

    show_pictures = Signal(object)
    show_faults = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Checks")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows: list[_Row] = []
        self.buttons: dict[str, QPushButton] = {}
        self._fill([], None)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show the findings, or that there are none."""
        self.buttons = {}
        self._fill([self._finding(finding) for finding in findings] or [self._fine()], None)

    def show_words(self, words: str) -> None:
        """Show one quiet sentence instead of findings; nothing if it is empty."""
        self.buttons = {}
        self._fill([_Row("info", "text_muted", words, "", self)] if words else [], words)

    def _fine(self) -> _Row:
        words = "Everything can be read; no copies, leaks or imbalance were found."
        return _Row("success", "success", words, "", self)

    def _finding(self, finding: Finding) -> _Row:
        row = _Row(*_ICONS[finding.severity], finding.what, finding.advice, self)
        if finding.kind in LISTED:
            button = QPushButton("Show files" if finding.kind == "unreadable" else "Show them", row)
            button.setToolTip("List what is left out, with the reason for each")
            button.clicked.connect(lambda: self.show_faults.emit())
        elif finding.pictures:
            button = QPushButton("Show them", row)
            button.setToolTip("Show only what this is about")
            button.clicked.connect(lambda: self.show_pictures.emit(finding))
        else:
            return row
        button.setAccessibleName(f"{button.text()}: {finding.what}")
        row.row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.buttons[finding.kind] = button
        return row

    def _fill(self, rows: list[_Row], words: str | None) -> None:
        content = QWidget(self)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(theme.space(2), theme.space(1), theme.space(2), theme.space(1))
        layout.setSpacing(theme.space(1.25))
        for row in rows:
            layout.addWidget(row)
        layout.addStretch(1)
        self.rows = rows
        self.setWidget(content)
        self.setVisible(bool(rows))
        self._fit()

    def _fit(self) -> None:
        content = self.widget()
        layout = content.layout() if content is not None else None
        wanted = layout.heightForWidth(max(200, self.viewport().width())) if layout is not None else 0
        page = self.parentWidget()
        most = page.height() // 4 if page is not None and page.height() > 300 else 200
        self.setFixedHeight(min(max(wanted, self.fontMetrics().height() * 2), most))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class FaultTable(QTableWidget):
    """What is left out or was put right, with the reason for each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self.setAccessibleName("What is left out or was put right")
        self.setHorizontalHeaderLabels(["File", "What is the matter"])
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(0, 240)

    def show_faults(self, faults: Sequence[Fault]) -> None:
        """List the faults, at most the first 5,000."""
        shown = faults[:5000]
        self.setRowCount(len(shown))
        for row, fault in enumerate(shown):
            for column, text in enumerate((fault.place, fault.reason)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.setItem(row, column, item)
        if len(shown) <= _WRAPPED:
            self.resizeRowsToContents()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.rowCount() <= _WRAPPED:
            self.resizeRowsToContents()
