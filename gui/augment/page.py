"""The Augment page: methods on the left, what they make of the user's own pictures beside them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QWidget

from gui import theme
from gui.actions import make_action
from gui.augment.methods_panel import MethodsPanel
from gui.augment.model import AugmentModel
from gui.augment.stage import Stage
from gui.context import Context, Page
from gui.document.document import Change
from gui.widgets.section import SidePanel


class AugmentPage(Page):
    """Choose how training pictures are changed, and see it done. Every choice is an edit of the document."""

    id = "augment"
    title = "Augment"
    icon = "auto"
    order = 2

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.model = AugmentModel(context, self)
        self.methods = MethodsPanel(self.model, self)
        self.stage = Stage(self.model, self)
        self.stage.toggled.connect(self.methods.toggle)
        self.stage.data_wanted.connect(lambda: context.navigate("data"))
        context.document.changed.connect(self._document_changed)
        context.document.replaced.connect(self._show_document)
        self._lay_out()
        self._actions = self._make_actions()
        self._show_document()

    def _lay_out(self) -> None:
        self.left_panel = SidePanel("Augmentation methods", [self.methods], self)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.left_panel)
        splitter.addWidget(self.stage)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([theme.space(42), theme.space(120)])
        settings = self.context.settings
        kept = settings.layout("augment")
        if kept is not None:
            splitter.restoreState(kept)
        splitter.splitterMoved.connect(lambda _at, _number: settings.set_layout("augment", splitter.saveState()))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _make_actions(self) -> list[QAction]:
        return [
            make_action(
                self, "Switch All Augmentations Off", self.methods.reset.click, icon="reset",
                tip="Hand the pictures to the network as they are", keywords="reset clear augmentation",
            ),
            make_action(
                self, "Show the Exact Batch", lambda: self.stage.show_mode("batch"), icon="eye",
                tip="See a batch exactly as the network will", keywords="mini-batch augmentation input",
            ),
        ]  # fmt: skip

    # what the shell calls

    def entered(self) -> None:
        self.model.start()

    def left(self) -> None:
        self.model.stop()

    def page_actions(self) -> list[QAction]:
        return self._actions

    def accept_hint(self, **hints: Any) -> None:
        index = hints.get("picture")
        if isinstance(index, int):
            self.model.look(index=index)
            self.stage.show_mode("variants")

    # following

    def _document_changed(self, change: Change) -> None:
        before, after = change.before, change.after
        self.left_panel.setVisible(self.model.kind == "pictures")
        if before.data.augmentation != after.data.augmentation or before.task != after.task:
            self.methods.show_choices(after.data.augmentation)
        if before.data.preprocess != after.data.preprocess or before.task != after.task:
            self.model.forget_reading()
        elif before.data.augmentation != after.data.augmentation or before.training != after.training:
            self.model.refresh()
        if before.training.batch_size != after.training.batch_size or before.task != after.task:
            self.model.found.emit()

    def _show_document(self) -> None:
        project = self.context.document.project
        self.methods.show_choices(project.data.augmentation)
        self.left_panel.setVisible(self.model.kind == "pictures")
