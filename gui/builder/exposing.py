"""Showing a layer's parameter on a block around it, and the form of such parameters on the block."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import BaseModel, Field, create_model
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from engine.graph.exposed import Exposed, declared, exposed
from engine.graph.paths import name_of
from engine.graph.spec import NodeSpec
from engine.layers.base import LAYERS
from gui import theme
from gui.canvas.blocks import Blocks
from gui.canvas.editor import Editor
from gui.widgets.field_kind import spoken_name
from gui.widgets.form import SettingsForm
from gui.widgets.notes import QuietLabel


class ExposeButton(QToolButton):
    """Opens a list of the layer's parameters, each to be shown on one of the blocks around it."""

    def __init__(self, id: str, editor: Editor, blocks: Blocks, parent: QWidget) -> None:
        super().__init__(parent)
        self._id = id
        self._editor = editor
        self._blocks = blocks
        self.setText("Expose on the block…")
        self.setIcon(theme.icon("block"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setToolTip("Let a parameter of this layer be set on the block around it, without opening the block")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.choices = QMenu(self)
        self.choices.aboutToShow.connect(self._fill)
        self.setMenu(self.choices)

    def _fill(self) -> None:
        self.choices.clear()
        node = self._editor.node(self._id)
        if node is None or node.type not in LAYERS:
            return
        for block in self._blocks.around(self._id):
            owner = self._editor.node(block)
            if owner is None:
                continue
            self.choices.addSection(f"On {name_of(block)}")
            known = declared(owner)
            for parameter in LAYERS.get(node.type).model_fields:
                label = spoken_name(parameter).lower()
                label = label if label not in known else f"{label} of {node.id}"
                action = self.choices.addAction(spoken_name(parameter))
                action.setObjectName(f"{block}:{parameter}")
                action.triggered.connect(partial(self._choose, parameter, block, label))
            for label, targets in known.items():
                action = self.choices.addAction(f"{spoken_name(targets[0].parameter)}, together with “{label}”")
                action.triggered.connect(partial(self._choose, targets[0].parameter, block, label))
                action.setEnabled(targets[0].parameter in LAYERS.get(node.type).model_fields)

    def _choose(self, parameter: str, block: str, label: str, checked: bool = False) -> None:
        self._blocks.expose(self._id, parameter, block, label)


def form_model(shown: dict[str, Exposed]) -> tuple[type[BaseModel], dict[str, str]]:
    """A settings model with one field per parameter that a block shows, and the labels of its fields."""
    fields: dict[str, Any] = {}
    labels: dict[str, str] = {}
    for number, (name, one) in enumerate(shown.items()):
        info = LAYERS.get(one.type).model_fields[one.targets[0].parameter]
        where = ", ".join(target.node for target in one.targets)
        key = f"shown_{number}"
        labels[key] = spoken_name(name)
        if one.targets[0].factor == 1 and info.annotation is not None:
            kept = Field(one.value, description=f"{info.description or ''} Written to {where}.".strip())
            kept.metadata = list(info.metadata)
            fields[key] = (info.annotation, kept)
        else:
            fields[key] = (
                int,
                Field(one.value, ge=1, le=1_000_000, description=f"Written, times a factor, to {where}."),
            )
    return create_model("Shown", **fields), labels


class ExposedForm(QWidget):
    """The parameters that a block shows, as a form; each can be taken off the block again."""

    def __init__(self, id: str, blocks: Blocks, parent: QWidget) -> None:
        super().__init__(parent)
        self._id = id
        self._blocks = blocks
        self._names: list[str] = []
        self._signature: tuple[object, ...] = ()
        self.form: SettingsForm | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._remove = QHBoxLayout()
        self.remove = QToolButton(self)
        self.remove.setText("No longer show…")
        self.remove.setToolTip("Take a parameter off the block; its value inside stays")
        self.remove.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.remove.setAutoRaise(True)
        self.remove.setMenu(QMenu(self))
        self.remove.hide()
        self._remove.addWidget(self.remove)
        self._remove.addStretch(1)
        self._column.addLayout(self._remove)
        self.hint = QuietLabel("Open the block, choose a layer in it and expose one of its parameters here.", self)
        self._column.addWidget(self.hint)

    def show_block(self, block: NodeSpec) -> None:
        """Take over the parameters of a block, and their values."""
        shown = exposed(block)
        signature = tuple((name, one.type, one.targets) for name, one in shown.items())
        if signature != self._signature or (shown and self.form is None):
            self._signature = signature
            self._make(shown)
        if self.form is not None:
            values = {f"shown_{number}": one.value for number, one in enumerate(shown.values())}
            self.form.set_values(self.form.model_type.model_construct(**values))

    def _make(self, shown: dict[str, Exposed]) -> None:
        if self.form is not None:
            self._column.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        self._names = list(shown)
        menu = self.remove.menu()
        menu.clear()
        for name in shown:
            menu.addAction(spoken_name(name)).triggered.connect(partial(self._hide, name))
        self.remove.setVisible(bool(shown))
        self.hint.setVisible(not shown)
        if shown:
            model, labels = form_model(shown)
            self.form = SettingsForm(model, labels=labels, parent=self)
            self.form.changed.connect(self._edited)
            self._column.insertWidget(0, self.form)

    def _hide(self, name: str, checked: bool = False) -> None:
        self._blocks.hide(self._id, name)

    def _edited(self, model: BaseModel) -> None:
        field = self.form.last_field if self.form is not None else ""
        if field:
            value = model.model_dump(mode="json")[field]
            self._blocks.set_exposed(self._id, self._names[int(field.removeprefix("shown_"))], value)
