"""The middle of the page: the pictures by class, what they come to, and what was found out about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.datasets.base import PictureSet
from engine.datasets.drawn_series import DrawnSeries
from engine.datasets.report import Finding, left_out_words, unlabelled_words
from gui import theme
from gui.context import Context
from gui.data.census import BY_CLASS, CensusModel, findings, shown_in, tally, uncounted
from gui.data.checks import ChecksPanel, FaultTable
from gui.data.class_bars import ClassBars
from gui.data.model import DataModel
from gui.data.no_pictures import NoPictures
from gui.data.picture_wall import PictureWall
from gui.data.progress_row import ProgressRow
from gui.data.split_bar import NAMES
from gui.data.thumbnails import ThumbnailLoader
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.words import count

_NARROW = 50  # letters: below this, parts stand below one another


@dataclass(frozen=True)
class _Only:
    """Some pictures alone on the wall, and why."""

    words: str
    indices: np.ndarray


class PicturesView(QWidget):
    """Follows a `DataModel`.

    Signals:
        folder_wanted(), file_wanted(): the user wants to choose a folder or a file.
        labels_wanted(): the user wants to label pictures.
    """

    folder_wanted = Signal()
    file_wanted = Signal()
    labels_wanted = Signal()

    def __init__(self, context: Context, model: DataModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._only: _Only | None = None
        self.loader = ThumbnailLoader(context.runner, self)
        self.wall = PictureWall(self.loader, self)
        self.bars = ClassBars(self)
        self.faults = FaultTable(self)
        self.checks = ChecksPanel(self)
        self.progress = ProgressRow(self)
        self.empty = NoPictures(model, self)
        self.empty.folder_wanted.connect(self.folder_wanted)
        self.empty.file_wanted.connect(self.file_wanted)
        self.empty.labels_wanted.connect(self.labels_wanted)
        self._lay_out()
        self.bars.chosen.connect(self._class_chosen)
        self.checks.show_pictures.connect(self._show_finding)
        self.checks.show_faults.connect(self._show_faults)
        self.wall.cell_changed.connect(self._show_wall)
        self.classes = CensusModel(context, model, self)
        self.classes.changed.connect(self._census_changed)
        model.pictures_changed.connect(self._pictures_changed)
        model.report_changed.connect(self._report_changed)
        model.state_changed.connect(self._state_changed)
        theme.watcher().changed.connect(self._arrange)
        self._arrange()
        self._pictures_changed()
        self._state_changed()

    # parts of the view

    def _lay_out(self) -> None:
        self.middle = middle = QSplitter(Qt.Orientation.Horizontal, self)
        middle.setChildrenCollapsible(False)
        middle.addWidget(self.bars)
        self.stack = QStackedWidget(self)
        for widget in (self.wall, self.faults):
            self.stack.addWidget(widget)
        middle.addWidget(self.stack)
        middle.setStretchFactor(1, 1)
        middle.setSizes([200, 560])
        self.shown = QWidget(self)
        column = QVBoxLayout(self.shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._header())
        column.addWidget(self.progress)
        column.addWidget(self._filter_row())
        column.addWidget(middle, 1)
        column.addWidget(self.checks)
        self.outer = QStackedWidget(self)
        self.outer.addWidget(self.shown)
        self.outer.addWidget(self.empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.outer)

    def _header(self) -> QBoxLayout:
        self.title = ThemedLabel("", "text", "heading", self)
        self.title.setWordWrap(True)
        self.subtitle = QuietLabel("", self)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        self.seen = QToolButton(self)
        self.seen.setIcon(theme.icon("eye"))
        self.seen.setText("Network's view")
        self.seen.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.seen.setCheckable(True)
        self.seen.setAutoRaise(True)
        self.seen.setToolTip("Show every picture after preprocessing, as it goes into the network")
        self.seen.setAccessibleName("Network's view")
        self.seen.toggled.connect(self._show_wall)
        self.smaller = self._zoom_button("zoom_out", "Smaller pictures (-)", -1)
        self.larger = self._zoom_button("zoom_in", "Larger pictures (+)", 1)
        buttons = QHBoxLayout()
        for button in (self.seen, self.smaller, self.larger):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._head = row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        row.setContentsMargins(theme.space(2), theme.space(1.5), theme.space(1), theme.space(1))
        row.addLayout(words, 1)
        row.addLayout(buttons)
        return row

    def _arrange(self) -> None:
        """Side by side, or below one another where large words leave no room for that."""
        letter = self.fontMetrics().averageCharWidth()
        narrow = self.width() < letter * _NARROW
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if way != self._head.direction():
            self._head.setDirection(way)
            self._head.setContentsMargins(
                theme.space(1 if narrow else 2), theme.space(1.5), theme.space(1), theme.space(1)
            )
        across = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        self.bars.setMinimumWidth(0 if narrow else letter * 20)
        if across != self.middle.orientation():
            self.middle.setOrientation(across)
            self.middle.setSizes([200, 200] if narrow else [200, 560])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _zoom_button(self, icon: str, tip: str, step: int) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme.icon(icon))
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip.split(" (")[0])
        button.clicked.connect(lambda: self.wall.zoom(step))
        return button

    def _filter_row(self) -> QWidget:
        self.filter = QWidget(self)
        self.filter_words = ThemedLabel("", parent=self.filter)
        self.filter_words.setWordWrap(True)
        self.show_all = QPushButton(theme.icon("close"), "Show all", self.filter)
        self.show_all.setToolTip("Back to all pictures")
        self.show_all.setAccessibleName("Show all pictures")
        self.show_all.clicked.connect(self._show_everything)
        row = QHBoxLayout(self.filter)
        row.setContentsMargins(theme.space(2), 0, theme.space(2), theme.space(1))
        row.addWidget(self.filter_words, 1)
        row.addWidget(self.show_all)
        self.filter.hide()
        return self.filter

    # what is shown

    def _pictures_changed(self) -> None:
        self._only = None
        self.filter.hide()
        self.stack.setCurrentWidget(self.wall)
        self._show_bars()
        self.wall.show_parts(None)
        self._show_wall()
        self._show_words()

    def _report_changed(self) -> None:
        report, pictures = self._model.report, self._model.pictures
        if report is None or pictures is None:
            self.checks.show_words("")
            return
        self._show_bars()
        self.wall.show_parts(self._model.part)
        self.faults.show_faults(report.faults)
        self._show_findings()
        self._show_words()

    def _census_changed(self) -> None:
        self._show_bars()
        self._show_findings()
        self._show_wall()

    def _show_bars(self) -> None:
        """The classes with what they come to: one class for each picture, or what was counted."""
        pictures, report, census = self._model.pictures, self._model.report, self.classes.census
        if pictures is None:
            self.bars.show_counts((), np.zeros((0, 3), np.int64), False)
            return
        nothing = np.zeros((len(pictures.classes), 3), np.int64)
        if census is not None:
            part = self._model.part
            amounts = census.amounts(part)
            self.bars.show_counts(
                pictures.classes, amounts, part is not None, tally(census, amounts, census.holders(part))
            )
        elif self.classes.unit is not None:
            tallied = uncounted(len(pictures.classes), self.classes.ended)
            self.bars.show_counts(pictures.classes, nothing, False, tallied)
        elif report is not None:
            self.bars.show_counts(pictures.classes, report.counts, True)
        else:
            if pictures.classes:
                nothing[:, 0] = np.bincount(pictures.labels, minlength=len(pictures.classes))
            self.bars.show_counts(pictures.classes, nothing, False)

    def _show_findings(self) -> None:
        report, pictures = self._model.report, self._model.pictures
        if report is None or pictures is None:
            return
        found, census = report.findings, self.classes.census
        if self.classes.unit is not None:
            found = tuple(finding for finding in found if finding.kind not in BY_CLASS)
        if census is not None and self.classes.learned:
            found += findings(census, pictures.classes, census.amounts(self._model.part))
        self.checks.show_findings(found)

    def settings_changed(self) -> None:
        """The preprocessing may be different; pictures shown as the network sees them are made anew."""
        if self.seen.isChecked():
            self._show_wall()

    def _show_wall(self) -> None:
        pictures = self._model.pictures
        ratio = self.devicePixelRatioF()
        self.seen.setVisible(self._model.noun == "picture")
        seen = self.seen.isChecked() and self._model.noun == "picture"
        preprocess = self._model.data.preprocess if seen else None
        self.loader.show(pictures, round(self.wall.cell * ratio), preprocess)
        if pictures is None:
            self.wall.show_pictures(np.zeros(0, np.int64), np.zeros(0, np.int64), (), str)
            return
        if self._only is not None:
            indices = self._only.indices
        elif self.bars.label is None:
            indices = np.arange(len(pictures))
        elif self.classes.census is not None:
            indices = self.classes.census.holding(self.bars.label)
        else:
            indices = np.flatnonzero(pictures.labels == self.bars.label)
        labels, sections = pictures.labels, pictures.classes
        if self.classes.unit is not None:
            # A picture may show several classes, so there is no one class to put it under.
            chosen = self.bars.label
            labels = np.zeros_like(labels)
            sections = ("All pictures" if chosen is None else f"Pictures with {pictures.classes[chosen]}",)
        self.wall.show_pictures(indices, labels, sections, self._describe)

    def _describe(self, index: int) -> str:
        pictures, looked, part = self._model.pictures, self._model.examination, self._model.part
        if pictures is None:
            return ""
        words = [pictures.names[index], *self._class_words(pictures, index)]
        if looked is not None and looked.sizes[index].all():
            words.append(f"{looked.sizes[index][0]}×{looked.sizes[index][1]} pixels")
        if part is not None:
            words.append(NAMES[part[index]] if part[index] >= 0 else "Cannot be read")
        return " · ".join(words)

    def _class_words(self, pictures: PictureSet, index: int) -> list[str]:
        """What a picture shows, for its tooltip."""
        census = self.classes.census
        if self.classes.unit is None:
            return [f"Class {pictures.classes[pictures.labels[index]]}"] if pictures.classes else []
        if census is None:
            return []
        return [words] if (words := shown_in(census, pictures.classes, index)) else []

    def _show_words(self) -> None:
        pictures, report = self._model.pictures, self._model.report
        if pictures is None:
            self.title.setText("")
            self.subtitle.setText("")
            return
        total = len(pictures) if report is None else report.total
        words = count(total, self._model.noun)
        told = bool(pictures.classes) and (not isinstance(pictures, DrawnSeries) or "label" in pictures.gives)
        if told:
            words += f" in {count(len(pictures.classes), 'class', 'classes')}"
        self.bars.setVisible(told)
        self.title.setText(words)
        self.subtitle.setText(self._sizes(pictures) if report is not None else "Sizes and the split follow")

    def _sizes(self, pictures: PictureSet) -> str:
        report = self._model.report
        assert report is not None
        if isinstance(pictures, DrawnSeries):
            return pictures.extent
        small, large = ("×".join(map(str, size)) for size in (report.smallest, report.largest))
        sizes = f"{small} pixels" if small == large else f"{small} to {large} pixels"
        if small != large:
            sizes += f", mostly {'×'.join(map(str, report.usual))}"
        lost = [fault for fault in report.faults if not fault.repaired]
        mended = len(report.faults) - len(lost)
        told = [
            *(f"{words} cannot be used" for words in left_out_words([fault for fault in lost if not fault.thing])),
            *(f"{words} left out" for words in left_out_words([fault for fault in lost if fault.thing])),
            *([words] if (words := unlabelled_words(lost)) else []),
            *([f"{mended:,} repaired"] if mended else []),
        ]
        return " · ".join([sizes, *told])

    def _state_changed(self) -> None:
        model = self._model
        self.progress.follow(model.work)
        failed = model.state == "failed" and model.pictures is None
        stopped = model.state == "stopped" and model.pictures is None
        waiting = model.state in ("idle", "loading")
        self.outer.setCurrentWidget(self.empty if failed or stopped else self.shown)
        if failed:
            self.empty.explain()
        elif stopped:
            self.empty.say_stopped()
        elif model.state == "stopped":
            self.checks.show_words(
                "Looking at the pictures was stopped, so sizes, copies and broken files are unknown."
            )
        elif waiting or model.state == "looking":
            self.checks.show_words("")
        elif model.state == "failed" and model.error is not None:
            self.checks.show_words(str(model.error))

    # choosing

    def _class_chosen(self, label: int | None) -> None:
        self._show_everything()

    def _show_finding(self, finding: Finding) -> None:
        words = finding.what
        self._only = _Only(words, np.array(finding.pictures, np.int64))
        self.filter_words.setText(words)
        self.filter.show()
        self.stack.setCurrentWidget(self.wall)
        self._show_wall()
        self.wall.setFocus()

    def _show_faults(self) -> None:
        self.filter_words.setText("What could not be used, or was repaired")
        self.filter.show()
        self.stack.setCurrentWidget(self.faults)
        self.faults.setFocus()

    def _show_everything(self) -> None:
        self._only = None
        self.filter.hide()
        self.stack.setCurrentWidget(self.wall)
        self._show_wall()
