"""The Label page: pictures at the left, the one that is labelled in the middle, classes and the rest at the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from engine.errors import VitrineError
from engine.labelling import edits
from engine.labelling.spec import LabelSet
from gui import theme
from gui.actions import make_action
from gui.context import Context, Page
from gui.labelling import keys
from gui.labelling.bring import Bringing, EmptyPage, dropped
from gui.labelling.camera_view import CameraView
from gui.labelling.canvas import STEP, LabelCanvas
from gui.labelling.classes_panel import ClassesPanel
from gui.labelling.model import LabelModel
from gui.labelling.outcome_panel import OutcomePanel
from gui.labelling.pixels import PictureReader, SmallReader
from gui.labelling.proposals_panel import ProposalsPanel
from gui.labelling.strip import FilmStrip
from gui.labelling.tools.brush import BrushTool
from gui.widgets.empty_state import EmptyState
from gui.widgets.flow import FlowRow
from gui.widgets.notes import ThemedLabel
from gui.widgets.section import SidePanel

_LAYOUT = "label.splitter"
_HERE = Qt.ShortcutContext.WidgetWithChildrenShortcut


class LabelPage(Page):
    """Labels lie in the project's folder and are saved by themselves; every change is a step of the project's undo."""

    id = "label"
    title = "Label"
    icon = "label"
    order = 15

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.model = LabelModel(context, self)
        self.pixels = PictureReader(context.runner, self)
        self.canvas = LabelCanvas(self.model, self)
        self.strip = FilmStrip(self.model, SmallReader(context.runner, self), self)
        self.classes = ClassesPanel(self.canvas, self)
        self.proposals = ProposalsPanel(context, self.model, self)
        self.outcome = OutcomePanel(context, self.model, self)
        self.bringing = Bringing(context, self.model, self)
        self.empty = EmptyPage(self)
        self.fault = EmptyState("warning", "", parent=self)
        self.camera = CameraView(context, self)
        self._showing = ""
        self._actions: list[QAction] = []
        self._make_actions()
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self._show_state()
        self._show_hint()

    # making

    def _add(self, text: str, slot: Callable[[], object], key: str, icon: str, tip: str, words: str = "") -> QAction:
        action = make_action(
            self, text, slot, shortcut=key or None, icon=icon, tip=tip, keywords=f"label annotate {words}", scope=_HERE
        )
        action.setObjectName(f"label.{text.rstrip('…').lower().replace(' ', '_')}")
        self.addAction(action)
        self._actions.append(action)
        return action

    def _make_actions(self) -> None:
        group = QActionGroup(self)
        self.tool_actions: dict[str, QAction] = {}
        for id, tool in self.canvas.tools.items():
            action = self._add(tool.title, partial(self.canvas.take, id), tool.key, tool.icon, tool.help, "tool draw")
            action.setCheckable(True)
            group.addAction(action)
            self.tool_actions[id] = action
        self.tool_actions["box"].setChecked(True)
        add, model = self._add, self.model
        self.next = add("Next picture", lambda: model.go(1), "N", "down", "Go on to the next picture")
        self.previous = add("Previous picture", lambda: model.go(-1), "P", "up", "Go back to the picture before")
        self.copy = add(
            "Copy from previous", self._copy, "Ctrl+D", "duplicate", "Put the objects of the picture before on this one"
        )
        self.finish = add(
            "Nothing in it",
            self._finish,
            "F",
            "success",
            "Mark the picture as finished although nothing is drawn on it",
        )
        self.finish.setCheckable(True)
        self.propose = add(
            "Propose labels",
            self.proposals.propose,
            "R",
            "sparkle",
            "Let the chosen model suggest labels",
            "assist auto",
        )
        add(
            "Add pictures…", self.bringing.ask, "", "folder", "Copy the pictures of a folder into the project", "import"
        )
        add(
            "Take pictures", self._open_camera, "", "camera", "Take pictures with the camera or out of a film", "webcam"
        )
        add("Add sample pictures", self.bringing.samples, "", "shuffle", "Add pictures to try labelling on")
        self.remove = add(
            "Take picture out", self._remove, "", "delete", "Take the picture out of the set; undo brings it back"
        )
        zoom_in = add("Zoom in", partial(self.canvas.zoom_by, STEP), "", "zoom_in", "Show more detail (Ctrl and +)")
        zoom_out = add("Zoom out", partial(self.canvas.zoom_by, 1 / STEP), "", "zoom_out", "Show more (Ctrl and -)")
        fit = add("Whole picture in view", self.canvas.fit, "", "fit", "Show the whole picture (Ctrl and 0)")
        self._zooming = (zoom_out, zoom_in, fit)

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text().rstrip("…"))
        return button

    def _lay_out(self) -> None:
        self.hint = ThemedLabel("", "text_muted", "small", self)
        self.hint.setWordWrap(True)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        above = QHBoxLayout()
        above.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(1), theme.space(0.5))
        above.addWidget(self._toolbar())
        column.addLayout(above)
        column.addWidget(self.canvas, 1)
        below = QHBoxLayout()
        below.setContentsMargins(theme.space(1.5), theme.space(0.5), theme.space(1.5), theme.space(0.5))
        below.addWidget(self.hint, 1)
        column.addLayout(below)
        self.side = SidePanel("Labels", [self.classes, self.proposals, self.outcome], self)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        for widget, stretch in ((self._left(), 0), (middle, 1), (self.side, 0)):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(self.splitter.count() - 1, stretch)
        self.splitter.setSizes([theme.space(20), 900, theme.space(37)])
        kept = self.context.settings.layout(_LAYOUT)
        if kept is not None:
            self.splitter.restoreState(kept)
        self.splitter.splitterMoved.connect(
            lambda: self.context.settings.set_layout(_LAYOUT, self.splitter.saveState())
        )
        self.stack = QStackedWidget(self)
        for page in (self.empty, self.splitter, self.fault, self.camera):
            self.stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.stack)

    def _left(self) -> QWidget:
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(0.5), theme.space(0.5))
        row.setSpacing(0)
        self.place = ThemedLabel("", "text_muted", "small", left)
        row.addWidget(self.place, 1)
        by_text = {action.text(): action for action in self._actions}
        for text in ("Add pictures…", "Take pictures"):
            row.addWidget(self._button(by_text[text]))
        column.addLayout(row)
        column.addWidget(self.strip, 1)
        return left

    def _toolbar(self) -> QWidget:
        """The tools, then what is done to the picture, then how it is seen; broken into rows where room is scarce."""
        bar = FlowRow(theme.space(0.25), theme.space(0.25), self)
        for action in self.tool_actions.values():
            button = self._button(action)
            button.setIconSize(QSize(theme.icon_side(20), theme.icon_side(20)))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            bar.flow.addWidget(button)
        self.zoom = ThemedLabel("", "text_muted", "small", self)
        for actions, more in (((self.copy, self.finish, self.remove), None), (self._zooming, self.zoom)):
            group = QWidget(self)  # stays in one row
            row = QHBoxLayout(group)
            row.setContentsMargins(theme.space(1), 0, 0, 0)
            row.setSpacing(theme.space(0.25))
            for action in actions:
                row.addWidget(self._button(action))
            if more is not None:
                row.addWidget(more)
            bar.flow.addWidget(group)
        return bar

    def _connect(self) -> None:
        model = self.model
        model.picture_changed.connect(self._picture_changed)
        model.changed.connect(self._show_state)
        model.state_changed.connect(self._show_state)
        model.stepped.connect(self._stepped)
        self.pixels.arrived.connect(self._arrived)
        self.canvas.told.connect(self._show_hint)
        self.proposals.proposed.connect(self.canvas.setFocus)
        self.outcome.near_found.connect(self.strip.warn)
        self.outcome.show_wanted.connect(model.go_to)
        self.bringing.brought.connect(self._brought)
        self.empty.folder_wanted.connect(self.bringing.ask)
        self.empty.camera_wanted.connect(self._open_camera)
        self.empty.samples_wanted.connect(self.bringing.samples)
        self.camera.taken.connect(self.bringing.keep)
        self.camera.closed.connect(self._close_camera)

    # what the shell calls

    def entered(self) -> None:
        self.model.open()
        self.context.runs.refresh()
        self.proposals.look_for_models()
        self.canvas.setFocus()

    def left(self) -> None:
        self._close_camera()
        self.canvas.stop()
        self.proposals.let_go()
        self.model.save()

    def shutdown(self) -> None:
        self.camera.runner.shutdown()
        self.model.flush()

    def page_actions(self) -> list[QAction]:
        return self._actions

    def accept_hint(self, **hints: Any) -> None:
        """`pictures=(Path, ...)` are brought in."""
        if paths := hints.get("pictures"):
            self.bringing.add(tuple(Path(path) for path in paths))

    # what is shown

    def _show_state(self) -> None:
        model = self.model
        if self.stack.currentWidget() is not self.camera:
            if model.error is not None:
                error: VitrineError = model.error
                self.fault.say(error.what, error.advice)
                self.stack.setCurrentWidget(self.fault)
            else:
                self.stack.setCurrentWidget(self.splitter if model.labels.pictures else self.empty)
        picture = model.picture
        number = model.labels.places.get(model.file, -1) + 1
        self.place.setText(f"{number} of {len(model.labels.pictures):,}" if number else "")
        for action, usable, why in (
            (self.next, 0 < number < len(model.labels.pictures), "This is the last picture"),
            (self.previous, number > 1, "This is the first picture"),
            (self.copy, number > 1 and bool(model.labels.pictures[number - 2].objects), "Nothing is on the one before"),
            (self.finish, picture is not None and not picture.objects and not picture.labels, "Something is on it"),
            (self.remove, picture is not None, "There is no picture"),
        ):
            _enable(action, usable, why)
        self.finish.setChecked(picture is not None and picture.checked)

    def _show_hint(self) -> None:
        tool = self.canvas.tool
        self.tool_actions[tool.id].setChecked(True)
        words = tool.hint
        if isinstance(tool, BrushTool):
            what = "Erasing" if tool.erasing else "Painting"
            words = f"{what} with {tool.size:.0f} px. {words}"
        self.hint.setText(words)
        self.zoom.setText(f"{self.canvas.view.scale * 100:.0f} %")

    def _picture_changed(self) -> None:
        self._show_picture(fit=True)
        self._show_state()
        self._show_hint()

    def _paths(self) -> list[Path]:
        """The current picture and the one after it."""
        labels, place = self.model.labels, self.model.labels.places.get(self.model.file)
        if place is None:
            return []
        return [self.model.folder / picture.file for picture in labels.pictures[place : place + 2]]

    def _show_picture(self, fit: bool = False) -> None:
        paths = self._paths()
        self.pixels.want(paths)
        if not paths:
            self.canvas.show_image(None, "", fit=fit)
            return
        what = self.pixels.get(paths[0])
        if isinstance(what, VitrineError):
            self.canvas.show_image(None, str(what), fit=fit)
        else:
            self.canvas.show_image(what, "Reading the picture…", fit=fit)
        self._show_hint()

    def _arrived(self, path: Path) -> None:
        if path in self._paths()[:1]:
            self._show_picture()

    def _stepped(self) -> None:
        """A step of the history is shown where it happened."""
        if not self.isVisible():
            self.context.navigate("label")

    # commands

    def _copy(self) -> None:
        place = self.model.labels.places.get(self.model.file, 0)
        if place < 1:
            return
        source, file = self.model.labels.pictures[place - 1].file, self.model.file
        count = len(self.model.labels.pictures[place - 1].objects)
        before = len(self.model.objects)

        def change(labels: LabelSet) -> LabelSet:
            return edits.copy_objects(labels, source, file)

        self.model.edit("Copy from the previous picture", change, choose=range(before, before + count))

    def _finish(self) -> None:
        picture = self.model.picture
        if picture is None:
            return
        checked = not picture.checked
        words = "Mark as finished" if checked else "Mark as not finished"
        self.model.edit(words, lambda labels: edits.set_checked(labels, picture.file, checked))
        self._show_state()

    def _remove(self) -> None:
        file = self.model.file
        place = self.model.labels.places.get(file, 0)
        if self.model.edit("Take a picture out", lambda labels: edits.remove_picture(labels, file)):
            pictures = self.model.labels.pictures
            if pictures:
                self.model.go_to(pictures[min(place, len(pictures) - 1)].file)

    def _open_camera(self) -> None:
        self.stack.setCurrentWidget(self.camera)
        self.camera.begin()

    def _close_camera(self) -> None:
        if self.stack.currentWidget() is self.camera:
            self.camera.end()
            self.stack.setCurrentWidget(self.splitter)
            self._show_state()
            self.canvas.setFocus()

    def _brought(self) -> None:
        if self.stack.currentWidget() is not self.camera:
            self.canvas.setFocus()

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that nobody took belong to the picture, wherever on the page the keyboard is."""
        if self.stack.currentWidget() is not self.splitter or not keys.press(self.canvas, event):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = dropped(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.bringing.add(paths)


def _enable(action: QAction, usable: bool, why: str) -> None:
    """Enable an action, or say in its tooltip why it cannot be used."""
    tip = action.property("tip") or action.toolTip()
    action.setProperty("tip", tip)
    action.setEnabled(usable)
    action.setToolTip(tip if usable else f"{tip}. {why}.")
