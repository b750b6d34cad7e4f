"""The Data page: the pictures, where they come from on the left, what the network sees of them on the right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QWidget

from gui import theme
from gui.actions import make_action
from gui.context import Context, Page
from gui.data.augmentation_panel import AugmentationPanel
from gui.data.memory_panel import MemoryPanel
from gui.data.model import shared_model
from gui.data.pictures_view import PicturesView
from gui.data.preprocess_panel import PreprocessPanel
from gui.data.preview import PreviewPanel
from gui.data.source_panel import SourcePanel
from gui.data.split_panel import SplitPanel
from gui.data.task_panel import TaskPanel
from gui.document.document import Change
from gui.widgets.section import SidePanel


class DataPage(Page):
    """Choose pictures, share them out, and see what the network sees. Every choice is an edit of the document."""

    id = "data"
    title = "Data"
    icon = "data"
    order = 1

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.model = shared_model(context)
        self.task = TaskPanel(context.document, self)
        self.source = SourcePanel(self.model, lambda: context.document.folder, self)
        self.split = SplitPanel(self.model, self)
        self.preprocess = PreprocessPanel(context, self.model, self)
        self.memory = MemoryPanel(self.model, self)
        self.preview = PreviewPanel(context, self.model, self)
        self.augmentation = AugmentationPanel(self)
        self.augmentation.wanted.connect(self._to_augment)
        self.pictures = PicturesView(context, self.model, self)
        self.pictures.folder_wanted.connect(self.source.ask_for_folder)
        self.pictures.file_wanted.connect(self.source.ask_for_file)
        self.pictures.labels_wanted.connect(lambda: context.navigate("label"))
        self.pictures.wall.current_changed.connect(self.preview.show_index)
        self.model.pictures_changed.connect(self._pictures_changed)
        self.model.task_fitted.connect(self.task.show_fit)
        self.model.network_fitted.connect(self.task.show_network_fit)
        self.model.report_changed.connect(self._report_changed)
        context.document.changed.connect(self._document_changed)
        context.document.replaced.connect(self._show_document)
        self._lay_out()
        self._actions = self._make_actions()
        self._show_document()

    def _lay_out(self) -> None:
        self.left_panel = SidePanel(
            "Data settings", [self.task, self.source, self.split, self.preprocess, self.memory], self
        )
        self.right_panel = SidePanel("What the network sees", [self.preview, self.augmentation], self)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        for widget in (self.left_panel, self.pictures, self.right_panel):
            splitter.addWidget(widget)
        for number, stretch in enumerate((0, 1, 0)):
            splitter.setStretchFactor(number, stretch)
        splitter.setSizes([theme.space(38), theme.space(90), theme.space(40)])
        for key, panels in (("data", splitter), ("data.pictures", self.pictures.middle)):
            self._remember(key, panels)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _remember(self, key: str, panels: QSplitter) -> None:
        """Put the panels where they were, and keep where they are moved to."""
        settings = self.context.settings
        kept = settings.layout(key)
        if kept is not None:
            panels.restoreState(kept)
        panels.splitterMoved.connect(lambda _position, _number: settings.set_layout(key, panels.saveState()))

    def _make_actions(self) -> list[QAction]:
        return [
            make_action(
                self, "Choose Picture Folder…", self.source.ask_for_folder, icon="folder",
                tip="Choose the folder with the pictures to learn from", keywords="dataset images open",
            ),
            make_action(
                self, "Look for Pictures Again", self.model.reload, icon="refresh", shortcut="Ctrl+R",
                tip="Look for the pictures again, after files have changed", keywords="reload refresh dataset",
            ),
            make_action(
                self, "Compute Mean and Deviation", self.preprocess.toggle_measuring, icon="auto",
                tip="Measure mean and deviation of the training pictures", keywords="normalise standardise",
            ),
        ]  # fmt: skip

    # what the shell calls

    def entered(self) -> None:
        self.model.start()

    def left(self) -> None:
        self.pictures.loader.pause()

    def page_actions(self) -> list[QAction]:
        return self._actions

    def accept_hint(self, **hints: Any) -> None:
        folder = hints.get("folder")
        if folder is not None:
            self.source.take_pictures(Path(folder), str(hints.get("source") or "folder"))

    def _to_augment(self) -> None:
        """Go on with the picture that is looked at here."""
        index = self.pictures.wall.current
        self.context.navigate("augment", **({} if index is None else {"picture": int(index)}))

    # following

    def _document_changed(self, change: Change) -> None:
        before, after = change.before, change.after
        if before.data != after.data:
            self._show_data()
        if (before.task, before.task_options) != (after.task, after.task_options):
            self.task.show_project(after)
        if before.data.preprocess != after.data.preprocess:
            self.pictures.settings_changed()
        if before.data.preprocess != after.data.preprocess or before.data.augmentation != after.data.augmentation:
            self.preview.refresh()
        if before.network is not after.network or before.data.preprocess != after.data.preprocess:
            self.preprocess.show_network(after.network)
        if before.network is not after.network:
            self.task.show_network(after.network)

    def _show_document(self) -> None:
        self._show_data()
        self.preprocess.show_network(self.context.document.project.network)

    def _show_data(self) -> None:
        data = self.context.document.project.data
        drawn = self.model.noun == "picture"
        for widget in (self.preprocess, self.memory, self.right_panel):
            widget.setVisible(drawn)  # sequences go into the network as they are
        self.source.heading.setText("Text" if self.model.noun == "passage" else f"{self.model.noun.capitalize()}s")
        self.task.show_project(self.context.document.project)
        self.source.show_source(data.source)
        self.split.show_split(data.split)
        self.preprocess.show_preprocess(data.preprocess)
        self.memory.show_data(data)
        self.augmentation.show_choices(data.augmentation)

    def _pictures_changed(self) -> None:
        self.task.show_samples(self.model.pictures)
        self.preview.show_index(self.pictures.wall.current)

    def _report_changed(self) -> None:
        report, pictures = self.model.report, self.model.pictures
        counts = None if report is None else report.counts.sum(axis=0)
        prescribed = pictures is not None and bool((pictures.fixed >= 0).any())
        self.split.show_counts(counts, prescribed)
