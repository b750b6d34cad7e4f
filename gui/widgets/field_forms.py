"""The controls of a form that hold forms themselves: a nested model, and one entry of a registry with its options."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from engine.datasets.spec import Choice
from engine.errors import VitrineError
from engine.registry import Registry
from gui import theme
from gui.widgets.field_editors import guard_wheel
from gui.widgets.notes import WholeLabel

if TYPE_CHECKING:
    from gui.widgets.form import SettingsForm

INDENT = 2  # of a form within a form, in steps of the grid
MakeForm = Callable[[type[BaseModel], QWidget], "SettingsForm"]


class NestedEditor(QWidget):
    """A form within the form, for a field that is itself a model."""

    typed = Signal()
    decided = Signal()

    def __init__(self, model: type[BaseModel], make_form: MakeForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = make_form(model, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space(INDENT), 0, 0, 0)
        layout.addWidget(self.form)
        self.setFocusProxy(self.form)
        self.form.changed.connect(lambda _model: self.decided.emit())
        self.form.typed.connect(self.typed)

    def value(self) -> BaseModel:
        if self.form.problems:
            raise ValueError("One of its settings cannot be used yet.")
        return self.form.values()

    def set_value(self, value: Any) -> None:
        if value is not None:
            self.form.reset(value)


class ChoiceEditor(QWidget):
    """One entry of a registry, what it is in a sentence, and a form for its options."""

    typed = Signal()
    decided = Signal()

    def __init__(self, registry: Registry, make_form: MakeForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._registry = registry
        self._make_form = make_form
        self._kept: dict[str, BaseModel] = {}  # options of entries left for another, in case of coming back
        self.combo = QComboBox(self)
        guard_wheel(self.combo)
        for index, (id, entry) in enumerate(registry.items()):
            self.combo.addItem(getattr(entry, "label", id), id)
            self.combo.setItemData(index, first_sentence(entry), 3)  # Qt.ItemDataRole.ToolTipRole
        self.about = WholeLabel("", self)
        self.form: SettingsForm | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(theme.space(0.5))
        self._layout.addWidget(self.combo)
        self._layout.addWidget(self.about)
        # Whoever owns the editor puts this below it, where there is more room than beside a label.
        self.options = QWidget(parent)
        self._options = QVBoxLayout(self.options)
        self._options.setContentsMargins(theme.space(INDENT), 0, 0, 0)
        self.setFocusProxy(self.combo)
        self.combo.activated.connect(self._chosen)

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self.combo.setAccessibleName(name)

    def setToolTip(self, text: str) -> None:
        super().setToolTip(text)
        self.combo.setToolTip(text)

    def value(self) -> Choice:
        id = self.combo.currentData()
        if self.form is None:
            raise ValueError("Choose one of the list.")
        if self.form.problems:
            raise ValueError("One of its settings below cannot be used yet.")
        return Choice(id=id, options=self.form.values().model_dump(mode="json", exclude_defaults=True))

    def set_value(self, value: Any) -> None:
        if value is None:
            return
        index = self.combo.findData(value.id)
        if index < 0:
            self.combo.setCurrentIndex(-1)
            self.combo.setPlaceholderText(f"{value.id} (unknown)")
            self._show_options(None, None)
            return
        self.combo.setCurrentIndex(index)
        declared = self._registry.get(value.id)
        try:
            options = declared.model_validate(dict(value.options))
        except ValidationError:
            # A file may hold options of another version; the form starts from the defaults and the run says why.
            options = declared()
        self._show_options(declared, options)

    def _chosen(self) -> None:
        try:
            declared = self._registry.get(self.combo.currentData())
        except VitrineError:
            return
        if self.form is None or self.form.model_type is not declared:
            self._show_options(declared, self._kept.get(declared.__name__) or declared())
        self.decided.emit()

    def _show_options(self, declared: type[BaseModel] | None, options: BaseModel | None) -> None:
        if self.form is not None and self.form.model_type is declared and options is not None:
            self.form.reset(options)
            return
        if self.form is not None:
            self._kept[self.form.model_type.__name__] = self.form.values()
            self._options.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        self.about.setText(first_sentence(declared) if declared is not None else "")
        if declared is not None and options is not None:
            self.form = self._make_form(declared, self.options)
            self.form.reset(options)
            self.form.changed.connect(lambda _model: self.decided.emit())
            self.form.typed.connect(self.typed)
            self._options.addWidget(self.form)
        self.options.setVisible(declared is not None and bool(declared.model_fields))


def first_sentence(entry: Any) -> str:
    """The first line of a declaration's docstring, which is written for the person who chooses."""
    return (entry.__doc__ or "").strip().split("\n")[0].replace("`", "")
