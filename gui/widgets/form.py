"""A form made from a settings model: one control per field, with help, ranges and complaints in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from engine.complaints import problems_of
from engine.datasets.spec import Choice
from engine.errors import VitrineError
from engine.registry import Registry
from gui import theme
from gui.widgets.field_editors import guard_wheel, make_editor
from gui.widgets.field_kind import FieldKind, kinds_of
from gui.widgets.notes import ProblemNote, WholeLabel

TYPING_PAUSE_MS = 250
INDENT = 2  # of a form within a form, in steps of the grid
_ONE_LINE = ("spin", "combo", "text", "check")


class SettingsForm(QWidget):
    """Edits a frozen pydantic model.

    Args:
        model_type: the class of the model; its fields' annotations, ranges and descriptions make the controls.
        registries: for fields of type `Choice`, the registry whose entries may be chosen, by field name.
        labels: other labels than the spoken field names, by field name.
        hidden: fields that get no control and keep the value they were given.

    Signals:
        changed(object): the new, valid model, after a person has edited. Typing is waited out for a moment; leaving a
            field, Enter and choosing from a list count at once. What is invalid is shown in place and never emitted.
        problems_changed(): `problems` is different now.
        typed(): a person is typing; `changed` or a problem follows.
    """

    changed = Signal(object)
    typed = Signal()
    problems_changed = Signal()

    def __init__(
        self,
        model_type: type[BaseModel],
        *,
        registries: Mapping[str, Registry] | None = None,
        labels: Mapping[str, str] | None = None,
        hidden: Collection[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.model_type = model_type
        self.last_field = ""  # the field that the last `changed` came from, for merging undo steps
        self.problems: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._touched: set[str] = set()  # fields that show something else than their value in `_values`
        self._rows: dict[str, _Row] = {}
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(theme.space(1.5))
        self._layout.setVerticalSpacing(theme.space(1))
        self._layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for kind in kinds_of(model_type, registries or {}, labels or {}):
            self._values[kind.name] = kind.default
            if kind.name not in hidden:
                self._add(kind)
        self._whole = ProblemNote(self)
        self._layout.addRow(self._whole)
        self._typing = QTimer(self, singleShot=True)
        self._typing.setInterval(TYPING_PAUSE_MS)
        self._typing.timeout.connect(self.flush)
        for name, row in self._rows.items():
            row.set_value(self._values[name])

    # what the page uses

    def set_values(self, model: BaseModel) -> None:
        """Show `model`. A field whose value stays the same keeps what is being typed in it."""
        self._show(model, keep_typed=True)

    def reset(self, model: BaseModel) -> None:
        """Show `model` and forget whatever was being typed."""
        self._show(model, keep_typed=False)

    def values(self) -> BaseModel:
        """The last valid model. Raises `pydantic.ValidationError` while a required field has never been given."""
        return self.model_type.model_validate(self._values)

    def flush(self) -> bool:
        """Take over what is being typed now; False while something is invalid."""
        self._typing.stop()
        for name, row in self._rows.items():
            inner = row.inner_form()
            if inner is not None and not inner.flush():
                self._touched.add(name)
            if name in self._touched:
                self._take(name)
        return not self.problems

    def editor(self, name: str) -> QWidget:
        """The control of a field, for focus, tours and tests."""
        return self._rows[name].editor

    def focus_field(self, name: str) -> None:
        """Put the keyboard into a field."""
        self._rows[name].editor.setFocus()

    # inside

    def _add(self, kind: FieldKind) -> None:
        row = _Row(kind, self)
        self._rows[kind.name] = row
        if kind.look == "nested":
            self._layout.addRow(row.label)
            self._layout.addRow(row)
        elif kind.look == "check":
            row.label.hide()
            self._layout.addRow(row)
        else:
            self._layout.addRow(row.label, row)
        if isinstance(row.editor, ChoiceEditor):
            self._layout.addRow(row.editor.options)
        row.typed.connect(lambda: self._typed(kind.name))
        row.decided.connect(lambda: self._decided(kind.name))

    def _show(self, model: BaseModel, keep_typed: bool) -> None:
        for name, row in self._rows.items():
            value = getattr(model, name)
            if keep_typed and name in self._touched and value == self._values[name]:
                continue
            self._values[name] = value
            self._touched.discard(name)
            row.set_value(value)
            self._tell(name, "")
        for name in self._values.keys() - self._rows.keys():
            self._values[name] = getattr(model, name)
        if not self._touched:
            self._typing.stop()
            self._tell("", "")

    def _typed(self, name: str) -> None:
        self._touched.add(name)
        self._typing.start()
        self.typed.emit()
        # A complaint goes as soon as it no longer holds, but comes only after the pause.
        if name in self.problems:
            self._complaint(name)

    def _decided(self, name: str) -> None:
        self._typing.stop()
        self._take(name)

    def _complaint(self, name: str) -> dict[str, Any] | None:
        """Judge what stands in the field; tell its problem, or return the values with it."""
        try:
            values = {**self._values, name: self._rows[name].value()}
            self.model_type.model_validate(values)
        except ValidationError as error:
            found = problems_of(error)
            mine = found.get(name, "")
            self._tell(name, mine)
            self._tell("", "" if mine else next(iter(found.values())))
            return None
        except ValueError as error:
            self._tell(name, str(error))
            return None
        self._tell(name, "")
        self._tell("", "")
        return values

    def _take(self, name: str) -> None:
        values = self._complaint(name)
        if values is None:
            self._touched.add(name)
            return
        self._touched.discard(name)
        model = self.model_type.model_validate(values)
        value = getattr(model, name)
        if value == self._values[name] and type(value) is type(self._values[name]):
            return
        self._values[name] = value
        self.last_field = name
        self.changed.emit(model)

    def _tell(self, name: str, problem: str) -> None:
        before = dict(self.problems)
        if problem:
            self.problems[name] = problem
        else:
            self.problems.pop(name, None)
        (self._rows[name].note if name else self._whole).show_text(problem)
        if self.problems != before:
            self.problems_changed.emit()


class _Row(QWidget):
    """A control with room for its complaint below."""

    typed = Signal()
    decided = Signal()

    def __init__(self, kind: FieldKind, parent: QWidget) -> None:
        super().__init__(parent)
        self.kind = kind
        self.note = ProblemNote(self)
        if kind.look == "choice" and kind.registry is not None:
            self.editor: QWidget = ChoiceEditor(kind.registry, self)
        elif kind.look == "nested" and kind.model is not None:
            self.editor = NestedEditor(kind.model, self)
        else:
            self.editor = make_editor(kind, self)
        self.editor.setObjectName(kind.name)
        self.label = QLabel(kind.label, parent)
        self.label.setBuddy(self.editor)
        tip = f"{kind.help} ({kind.name})" if kind.help else kind.name
        for widget in (self.label, self.editor):
            widget.setToolTip(tip)
        self.editor.setAccessibleName(kind.label)
        self.editor.setAccessibleDescription(kind.help)
        # Labels stand beside the first line of what may be several.
        self.label.setMinimumHeight(self.editor.sizeHint().height() if kind.look in _ONE_LINE else 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(0.5))
        layout.addWidget(self.editor)
        layout.addWidget(self.note)
        self.editor.typed.connect(self.typed)  # type: ignore[attr-defined]
        self.editor.decided.connect(self.decided)  # type: ignore[attr-defined]

    def value(self) -> Any:
        return self.editor.value()  # type: ignore[attr-defined]

    def set_value(self, value: Any) -> None:
        self.editor.set_value(value)  # type: ignore[attr-defined]

    def inner_form(self) -> SettingsForm | None:
        return getattr(self.editor, "form", None)


class NestedEditor(QWidget):
    """A form within the form, for a field that is itself a model."""

    typed = Signal()
    decided = Signal()

    def __init__(self, model: type[BaseModel], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = SettingsForm(model, parent=self)
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

    def __init__(self, registry: Registry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._registry = registry
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
            self.form = SettingsForm(declared, parent=self.options)
            self.form.reset(options)
            self.form.changed.connect(lambda _model: self.decided.emit())
            self.form.typed.connect(self.typed)
            self._options.addWidget(self.form)
        self.options.setVisible(declared is not None and bool(declared.model_fields))


def first_sentence(entry: Any) -> str:
    """The first line of a declaration's docstring, which is written for the person who chooses."""
    return (entry.__doc__ or "").strip().split("\n")[0].replace("`", "")
