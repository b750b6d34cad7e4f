"""The list of augmentations, in the order in which they are done."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QMenu, QPushButton, QToolButton, QWidget

from engine.datasets.augment import AUGMENTATIONS
from engine.datasets.spec import Choice
from gui import theme
from gui.data.model import DataModel
from gui.data.section import PanelSection
from gui.widgets.form import SettingsForm, first_sentence
from gui.widgets.notes import QuietLabel

_SHOWN_ROWS = 6


class AugmentationPanel(PanelSection):
    """Add, remove, reorder and set augmentations; every step is one of the document's undo steps."""

    def __init__(self, model: DataModel, parent: QWidget | None = None) -> None:
        super().__init__("Augmentation", parent)
        self._model = model
        self._shown: tuple[Choice, ...] | None = None
        self.add = QPushButton(theme.icon("plus"), "Add", self)
        self.add.setToolTip("Change the training pictures a little in every epoch")
        self.add.setAccessibleName("Add augmentation")
        self.add.setMenu(self._menu())
        self.corner.addWidget(self.add)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Augmentations in their order")
        self.list.setToolTip("Done from top to bottom. Del removes, Alt+Up and Alt+Down move")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.currentRowChanged.connect(self._show_options)
        self.empty = QuietLabel(
            "None yet. Small changes such as turns and shifts, new in every epoch, keep a network from learning "
            "its pictures by heart.",
            self,
        )
        self.form: SettingsForm | None = None
        self.about = QuietLabel("", self)
        self._tools = QHBoxLayout()
        self._tools.setSpacing(theme.space(0.5))
        self._tools.addStretch(1)
        self.up = self._tool("up", "Move up", "Alt+Up", lambda: self._move(-1))
        self.down = self._tool("down", "Move down", "Alt+Down", lambda: self._move(1))
        self.remove = self._tool("delete", "Remove", "Del", self._remove)
        self.body.addWidget(self.empty)
        self.body.addWidget(self.list)
        self.body.addLayout(self._tools)
        self.body.addWidget(self.about)
        self.show_choices(())

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for id, declared in sorted(AUGMENTATIONS.items(), key=lambda item: item[1].label):
            action = menu.addAction(declared.label)
            action.setToolTip(first_sentence(declared))
            action.setData(id)
            action.triggered.connect(lambda checked=False, id=id: self._add(id))
        return menu

    def _tool(self, icon: str, name: str, keys: str, slot: Any) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme.icon(icon))
        button.setAutoRaise(True)
        button.setAccessibleName(name)
        button.setToolTip(f"{name} ({QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)})")
        button.clicked.connect(slot)
        shortcut = QShortcut(QKeySequence(keys), self.list, context=Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(slot)
        self._tools.addWidget(button)
        return button

    def show_choices(self, choices: tuple[Choice, ...]) -> None:
        """Show the document's list; the current row stays where it can."""
        if choices == self._shown:
            return
        row = min(max(self.list.currentRow(), 0), len(choices) - 1)
        self._shown = choices
        self.list.blockSignals(True)
        self.list.clear()
        for choice in choices:
            self.list.addItem(self._item(choice))
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        self.list.setVisible(bool(choices))
        for button in (self.up, self.down, self.remove):
            button.setVisible(bool(choices))
        self.empty.setVisible(not choices)
        height = self.list.sizeHintForRow(0) if choices else 0
        self.list.setFixedHeight(min(len(choices), _SHOWN_ROWS) * height + 2 * self.list.frameWidth())
        self._show_options(row)

    def _item(self, choice: Choice) -> QListWidgetItem:
        declared = AUGMENTATIONS.get(choice.id) if choice.id in AUGMENTATIONS else None
        if declared is None:
            item = QListWidgetItem(theme.icon("problem", "problem"), f"{choice.id} (unknown)")
            item.setToolTip("This version has no such augmentation. Remove it from the list.")
            return item
        item = QListWidgetItem(f"{declared.label}  {_summary(declared, choice)}".strip())
        item.setToolTip(first_sentence(declared))
        item.setSizeHint(QSize(0, self.fontMetrics().height() + theme.space(1.25)))
        return item

    def _show_options(self, row: int) -> None:
        choices = self._shown or ()
        chosen = choices[row] if 0 <= row < len(choices) else None
        for button, usable, why in (
            (self.remove, chosen is not None, "Choose an augmentation first"),
            (self.up, row > 0, "It is the first already"),
            (self.down, 0 <= row < len(choices) - 1, "It is the last already"),
        ):
            button.setEnabled(usable)
            tip = button.property("tip") or button.toolTip()
            button.setProperty("tip", tip)
            button.setToolTip(tip if usable else why if chosen is not None else "Choose an augmentation first")
        declared = AUGMENTATIONS.get(chosen.id) if chosen is not None and chosen.id in AUGMENTATIONS else None
        if declared is None or chosen is None:
            self._drop_form()
            self.about.hide()
            return
        if self.form is None or self.form.model_type is not declared:
            self._drop_form()
            self.form = SettingsForm(declared, parent=self)
            self.form.changed.connect(self._edited)
            self.body.addWidget(self.form)
            self.form.reset(_options(declared, chosen))
        else:
            self.form.set_values(_options(declared, chosen))
        self.about.setText(first_sentence(declared))
        self.about.show()

    def _drop_form(self) -> None:
        if self.form is not None:
            self.body.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None

    # edits

    def _put(self, label: str, choices: list[Choice], row: int, merge: str | None = None) -> None:
        self.list.blockSignals(True)
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        self._model.edit(label, merge=merge, augmentation=tuple(choices))
        self.list.setCurrentRow(row)

    def _add(self, id: str) -> None:
        choices = list(self._model.data.augmentation)
        row = self.list.currentRow() + 1 if choices else 0
        choices.insert(row, Choice(id=id))
        self._put(f"Add {AUGMENTATIONS.get(id).label}", choices, row)

    def _remove(self) -> None:
        row, choices = self.list.currentRow(), list(self._model.data.augmentation)
        if 0 <= row < len(choices):
            gone = choices.pop(row)
            self._put(f"Remove {gone.id}", choices, min(row, len(choices) - 1))

    def _move(self, step: int) -> None:
        row, choices = self.list.currentRow(), list(self._model.data.augmentation)
        if 0 <= row < len(choices) and 0 <= row + step < len(choices):
            choices.insert(row + step, choices.pop(row))
            self._put("Reorder augmentations", choices, row + step)

    def _edited(self, options: BaseModel) -> None:
        row, choices = self.list.currentRow(), list(self._model.data.augmentation)
        if 0 <= row < len(choices) and self.form is not None:
            id = choices[row].id
            choices[row] = Choice(id=id, options=options.model_dump(mode="json", exclude_defaults=True))
            merge = f"data.augmentation.{row}.{self.form.last_field}"
            self._put(f"Change {AUGMENTATIONS.get(id).label}", choices, row, merge)


def _options(declared: type[BaseModel], choice: Choice) -> BaseModel:
    try:
        return declared.model_validate(dict(choice.options))
    except ValidationError:
        # A file may hold options of another version; the form starts from the defaults and the run says why.
        return declared()


def _summary(declared: type[BaseModel], choice: Choice) -> str:
    """The numbers that matter, such as "degrees 10"."""
    options = _options(declared, choice)
    parts = [
        f"{name} {value:g}"
        for name in declared.model_fields
        if isinstance(value := getattr(options, name), int | float) and not isinstance(value, bool)
    ]
    return "· ".join(["", ", ".join(parts[:2])]) if parts else ""
