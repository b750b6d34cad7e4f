"""A form made from a settings model: one control per field, with help, ranges and complaints in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from engine.complaints import problems_of
from engine.idle import idle_fields
from engine.registry import Registry
from gui import theme
from gui.widgets.field_editors import make_editor
from gui.widgets.field_forms import ChoiceEditor, MakeForm, NestedEditor
from gui.widgets.field_kind import FieldKind, kinds_of
from gui.widgets.notes import ProblemNote

TYPING_PAUSE_MS = 250
MOUSE_PAUSE_MS = 100  # until a pressed button is looked at again
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
        settled(): nobody is typing in the form any longer.

    Fields that have no effect (`engine.idle`) are not shown. They come and go once a field is left, never under
    somebody who types, and keep their values meanwhile.
    """

    changed = Signal(object)
    typed = Signal()
    problems_changed = Signal()
    settled = Signal()

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
        self._facts: dict[str, Any] = {}
        self._typing_in: set[str] = set()  # fields that somebody has typed in and not left
        self._pressed = QTimer(self, singleShot=True, interval=MOUSE_PAUSE_MS)
        self._pressed.timeout.connect(self._arrange)
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
        self._arrange()

    # what the page uses

    def tell(self, **facts: Any) -> None:
        """Know what fields may depend on beside this form, by the names of `engine.idle.FACTS`."""
        self._facts.update(facts)
        for inner in self._inner_forms():
            inner.tell(**facts)
        self._arrange()

    @property
    def typing(self) -> bool:
        """Whether somebody has typed in a field and not left it yet."""
        return bool(self._typing_in) or any(inner.typing for inner in self._inner_forms())

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

    def _inner(self, model_type: type[BaseModel], parent: QWidget) -> SettingsForm:
        """A form within this one."""
        form = SettingsForm(model_type, parent=parent)
        form.tell(**self._facts)
        form.settled.connect(self._settle)
        return form

    def _inner_forms(self) -> list[SettingsForm]:
        return [inner for row in self._rows.values() if (inner := row.inner_form()) is not None]

    def _settle(self) -> None:
        self._arrange()
        self.settled.emit()

    def _arrange(self) -> None:
        """Show the fields that count."""
        if self.typing:
            return
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._pressed.start()  # what is being clicked must not move away
            return
        idle = idle_fields(self.model_type, self._values, self._facts)
        for name, row in self._rows.items():
            if row.idle == (name in idle):
                continue
            row.idle = name in idle
            if row.idle and name in self._touched:
                self._take(name)
            if row.idle and name in self._touched:  # and of no use
                self._touched.discard(name)
                row.set_value(self._values[name])
                self._tell(name, "")
            for line in row.lines:
                self._layout.setRowVisible(line, not row.idle)

    def _add(self, kind: FieldKind) -> None:
        row = _Row(kind, self._inner, self)
        self._rows[kind.name] = row
        if kind.look == "nested":
            self._layout.addRow(row.label)
            row.lines.append(row.label)
            self._layout.addRow(row)
        elif kind.look == "check":
            row.label.hide()
            self._layout.addRow(row)
        else:
            self._layout.addRow(row.label, row)
        row.lines.append(row)
        if isinstance(row.editor, ChoiceEditor):
            self._layout.addRow(row.editor.options)
            row.lines.append(row.editor.options)
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
        self._arrange()

    def _typed(self, name: str) -> None:
        self._touched.add(name)
        if self._rows[name].inner_form() is None:
            self._typing_in.add(name)
        self._typing.start()
        self.typed.emit()
        # A complaint goes as soon as it no longer holds, but comes only after the pause.
        if name in self.problems:
            self._complaint(name)

    def _decided(self, name: str) -> None:
        self._typing.stop()
        self._take(name)
        self._typing_in.clear()  # whoever decides here has left the others
        self._settle()

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

    def __init__(self, kind: FieldKind, make_form: MakeForm, parent: QWidget) -> None:
        super().__init__(parent)
        self.kind = kind
        self.idle = False  # it has no effect at present, and so is not shown
        self.note = ProblemNote(self)
        self.lines: list[QWidget] = []  # of the form's layout that belong to it
        if kind.look == "choice" and kind.registry is not None:
            self.editor: QWidget = ChoiceEditor(kind.registry, make_form, self)
        elif kind.look == "nested" and kind.model is not None:
            self.editor = NestedEditor(kind.model, make_form, self)
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
