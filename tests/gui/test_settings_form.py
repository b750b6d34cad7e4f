"""The settings form, driven by keys and clicks, for every kind of field."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel
from pytestqt.qtbot import QtBot

from engine.datasets.spec import Choice, PreprocessSpec, SplitSpec
from engine.idle import counts_if, counts_unless
from engine.layers.base import LAYERS
from engine.training.optimisers.base import OPTIMISERS
from engine.training.schedules.base import SCHEDULES
from engine.training.spec import TrainingSpec
from gui.widgets.form import SettingsForm

Extent = Annotated[int, Field(ge=1, le=64)]


class Everything(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(3, ge=1, le=10, description="How many.")
    rate: float = Field(0.001, gt=0, le=1, description="How fast.")
    flag: bool = Field(True, description="Whether.")
    mode: Literal["zeros", "reflect"] = Field("zeros", description="Which.")
    limit: float | None = Field(None, gt=0, description="Up to where; empty for never.")
    size: Extent | tuple[Extent, Extent] = Field(3, description="Size.")
    padding: Literal["valid", "same", "full"] | Extent | tuple[Extent, Extent] = Field("valid", description="Rows.")
    shape: tuple[Extent, ...] = Field((1, 32, 32), min_length=1, description="Shape.")
    mean: tuple[float, ...] = Field((0.5,), description="Mean.")
    name: str = Field("abc", max_length=5, description="Name.")
    split: SplitSpec = Field(default_factory=SplitSpec)

    @model_validator(mode="after")
    def _together(self) -> Everything:
        if self.count == 9 and not self.flag:
            raise ValueError("nine needs the flag")
        return self


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    made = SettingsForm(Everything)
    qtbot.addWidget(made)
    made.set_values(Everything())
    made.resize(300, 600)
    made.show()
    return made


def retype(qtbot: QtBot, form: SettingsForm, name: str, text: str) -> None:
    editor = form.editor(name)
    line = editor.lineEdit() if hasattr(editor, "lineEdit") else editor
    editor.setFocus()
    line.selectAll()
    if text:
        qtbot.keyClicks(line, text)
    else:
        qtbot.keyClick(line, Qt.Key.Key_Delete)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "7", 7),
        ("rate", "2e-4", 2e-4),
        ("rate", "0,5", 0.5),
        ("limit", "1.5", 1.5),
        ("size", "5", 5),
        ("size", "5x7", (5, 7)),
        ("size", "5, 7", (5, 7)),
        ("padding", "same", "same"),
        ("padding", "2", 2),
        ("padding", "2 3", (2, 3)),
        ("shape", "3 64 64", (3, 64, 64)),
        ("mean", "0.1, 0.2, 0.3", (0.1, 0.2, 0.3)),
        ("name", "xyz", "xyz"),
    ],
)
def test_what_is_typed_arrives_as_the_value(
    qtbot: QtBot, form: SettingsForm, name: str, text: str, value: object
) -> None:
    with qtbot.waitSignal(form.changed, timeout=3000) as seen:
        retype(qtbot, form, name, text)
    assert getattr(seen.args[0], name) == value
    assert form.last_field == name


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("count", "11", "Must be at most 10."),
        ("count", "many", "“many” is not a whole number."),
        ("count", "", "A number is needed here."),
        ("rate", "0", "Must be above 0."),
        ("size", "0", "Must be at least 1."),
        ("size", "1 2 3", "One number, or 2 numbers such as 3 × 3 are needed here."),
        ("padding", "sane", "“sane” is not known here: choose valid, same, full or a number."),
        ("shape", "3 99 1", "Must be at most 64."),
        ("name", "abcdefg", "At most 5 characters can stand here."),
    ],
)
def test_what_cannot_be_used_is_told_in_words_and_never_emitted(
    qtbot: QtBot, form: SettingsForm, name: str, text: str, words: str
) -> None:
    heard: list[object] = []
    form.changed.connect(heard.append)
    with qtbot.waitSignal(form.problems_changed, timeout=3000):
        retype(qtbot, form, name, text)
        editor = form.editor(name)
        qtbot.keyClick(editor.lineEdit() if hasattr(editor, "lineEdit") else editor, Qt.Key.Key_Return)
    assert form.problems == {name: words}
    assert any(label.text() == words and label.isVisible() for label in form.findChildren(QLabel))
    assert all(getattr(model, name) == getattr(Everything(), name) for model in heard)
    assert getattr(form.values(), name) == getattr(Everything(), name)


def test_an_empty_optional_field_says_what_empty_means(qtbot: QtBot, form: SettingsForm) -> None:
    line = form.editor("limit").lineEdit()
    assert line.text() == ""
    assert line.placeholderText() == "never"
    form.reset(Everything(limit=2.0))
    with qtbot.waitSignal(form.changed, timeout=3000) as seen:
        retype(qtbot, form, "limit", "")
    assert seen.args[0].limit is None


def test_boxes_and_lists_count_at_once(qtbot: QtBot, form: SettingsForm) -> None:
    box = form.editor("flag")
    assert isinstance(box, QCheckBox)
    with qtbot.waitSignal(form.changed) as seen:
        qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() - box.rect().bottomRight() / 2 * 0.9)
    assert seen.args[0].flag is False
    combo = form.editor("mode")
    assert isinstance(combo, QComboBox)
    combo.setFocus()
    with qtbot.waitSignal(form.changed) as seen:
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert seen.args[0].mode == "reflect"


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("count", Qt.Key.Key_Up, 4),
        ("rate", Qt.Key.Key_Up, 0.0011),
        ("size", Qt.Key.Key_Up, 4),
        ("count", Qt.Key.Key_Down, 2),
    ],
)
def test_arrow_keys_step_sensibly(qtbot: QtBot, form: SettingsForm, name: str, key: Qt.Key, value: float) -> None:
    form.editor(name).setFocus()
    with qtbot.waitSignal(form.changed, timeout=3000) as seen:
        qtbot.keyClick(form.editor(name), key)
    assert getattr(seen.args[0], name) == pytest.approx(value)


def test_a_rule_about_two_fields_is_told_below_the_form(qtbot: QtBot, form: SettingsForm) -> None:
    form.reset(Everything(flag=False))
    with qtbot.waitSignal(form.problems_changed, timeout=3000):
        retype(qtbot, form, "count", "9")
    assert form.problems == {"": "Nine needs the flag."}
    form.reset(Everything())
    assert form.problems == {}


def test_a_nested_model_has_its_own_fields(qtbot: QtBot, form: SettingsForm) -> None:
    inner = form.editor("split").form
    with qtbot.waitSignal(form.changed, timeout=3000) as seen:
        retype(qtbot, inner, "seed", "5")
    assert seen.args[0].split == SplitSpec(seed=5)


def test_setting_values_from_outside_keeps_half_typed_text_but_not_after_a_reset(
    qtbot: QtBot, form: SettingsForm
) -> None:
    retype(qtbot, form, "count", "12")
    form.flush()
    form.set_values(Everything(rate=0.1))
    assert form.editor("count").lineEdit().text() == "12"
    assert form.editor("rate").lineEdit().text() == "0.1"
    form.reset(Everything())
    assert form.editor("count").lineEdit().text() == "3"


def test_every_control_has_a_name_and_its_help(form: SettingsForm) -> None:
    for name, info in Everything.model_fields.items():
        editor = form.editor(name)
        assert editor.accessibleName()
        assert (info.description or "") == editor.accessibleDescription()
        assert name in editor.toolTip()


def test_a_choice_shows_its_options_and_remembers_them(qtbot: QtBot) -> None:
    form = SettingsForm(TrainingSpec, registries={"optimiser": OPTIMISERS, "schedule": SCHEDULES})
    qtbot.addWidget(form)
    form.reset(TrainingSpec(optimiser=Choice(id="sgd", options={"momentum": 0.8})))
    form.show()
    editor = form.editor("optimiser")
    assert editor.form.values().momentum == 0.8
    with qtbot.waitSignal(form.changed, timeout=3000) as seen:
        retype(qtbot, editor.form, "momentum", "0.5")
    assert seen.args[0].optimiser == Choice(id="sgd", options={"momentum": 0.5})
    editor.combo.setFocus()
    with qtbot.waitSignal(form.changed) as seen:
        qtbot.keyClick(editor.combo, Qt.Key.Key_Home)
    first = seen.args[0].optimiser
    assert first.id != "sgd"
    assert dict(first.options) == {}
    with qtbot.waitSignal(form.changed, timeout=3000):
        while editor.combo.currentData() != "sgd":
            qtbot.keyClick(editor.combo, Qt.Key.Key_Down)
    assert form.values().optimiser == Choice(id="sgd", options={"momentum": 0.5})


def test_an_invalid_option_stops_the_whole_form(qtbot: QtBot) -> None:
    form = SettingsForm(TrainingSpec, registries={"optimiser": OPTIMISERS, "schedule": SCHEDULES})
    qtbot.addWidget(form)
    form.reset(TrainingSpec())
    form.show()
    retype(qtbot, form.editor("optimiser").form, "learning_rate", "-1")
    assert not form.flush()


@pytest.mark.parametrize("id", list(LAYERS))
def test_every_layer_gets_a_form_that_gives_its_defaults_back(qtbot: QtBot, id: str) -> None:
    declared = LAYERS.get(id)
    form = SettingsForm(declared)
    qtbot.addWidget(form)
    given = declared()
    form.set_values(given)
    assert form.flush()
    assert form.values() == given


def test_settings_that_pages_edit_get_a_form(qtbot: QtBot) -> None:
    for model in (PreprocessSpec, SplitSpec):
        form = SettingsForm(model)
        qtbot.addWidget(form)
        form.set_values(model())
        assert form.flush()
        assert form.values() == model()


class Dependent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: Literal["plain", "focal"] = "plain"
    gamma: float = Field(2.0, ge=0, json_schema_extra=counts_if(loss=["focal"]))
    momentum: float = Field(0.9, ge=0, lt=1)
    nesterov: bool = Field(False, json_schema_extra=counts_unless(momentum=[0.0]))
    further: float = Field(0.3, json_schema_extra=counts_unless(outputs=[0, 1]))


@pytest.fixture
def dependent(qtbot: QtBot) -> SettingsForm:
    made = SettingsForm(Dependent)
    qtbot.addWidget(made)
    made.set_values(Dependent())
    made.resize(300, 400)
    made.show()
    return made


def shown(form: SettingsForm) -> set[str]:
    return {name for name in form.model_type.model_fields if form.editor(name).isVisible()}


def choose_loss(form: SettingsForm, loss: str) -> None:
    combo = form.editor("loss")
    combo.setCurrentIndex(combo.findData(loss))
    combo.activated.emit(combo.currentIndex())


def test_only_fields_that_count_are_shown_and_they_keep_their_values(qtbot: QtBot, dependent: SettingsForm) -> None:
    assert shown(dependent) == {"loss", "momentum", "nesterov", "further"}
    choose_loss(dependent, "focal")
    assert "gamma" in shown(dependent)
    assert any(label.text() == "Gamma" and label.isVisible() for label in dependent.findChildren(QLabel))
    retype(qtbot, dependent, "gamma", "5")
    choose_loss(dependent, "plain")
    assert "gamma" not in shown(dependent)
    assert not any(label.text() == "Gamma" and label.isVisible() for label in dependent.findChildren(QLabel))
    assert dependent.values() == Dependent(gamma=5)
    choose_loss(dependent, "focal")
    assert dependent.editor("gamma").value() == 5


def test_what_cannot_be_used_goes_with_its_field(qtbot: QtBot, dependent: SettingsForm) -> None:
    choose_loss(dependent, "focal")
    retype(qtbot, dependent, "gamma", "-5")
    assert not dependent.flush()
    choose_loss(dependent, "plain")
    assert dependent.problems == {}
    assert dependent.values() == Dependent()


def test_nothing_goes_while_somebody_types(qtbot: QtBot, dependent: SettingsForm) -> None:
    retype(qtbot, dependent, "momentum", "0")
    with qtbot.waitSignal(dependent.changed):
        pass
    dependent.set_values(dependent.values())
    assert "nesterov" in shown(dependent)
    qtbot.keyClick(dependent.editor("momentum"), Qt.Key.Key_Tab)
    assert "nesterov" not in shown(dependent)
    dependent.reset(Dependent(momentum=0.5))
    assert "nesterov" in shown(dependent)


def test_a_form_can_be_told_what_lies_outside_of_it(dependent: SettingsForm) -> None:
    dependent.tell(outputs=1)
    assert "further" not in shown(dependent)
    dependent.tell(outputs=3)
    assert "further" in shown(dependent)


def test_options_of_a_choice_hear_it_too(qtbot: QtBot) -> None:
    registries = {"optimiser": OPTIMISERS, "schedule": SCHEDULES}
    form = SettingsForm(TrainingSpec, registries=registries)
    qtbot.addWidget(form)
    form.set_values(TrainingSpec(schedule=Choice(id="one_cycle")))
    form.show()
    form.tell(momentum=True, cycled=True)
    adam, cycle = form.editor("optimiser").form, form.editor("schedule").form
    assert not adam.editor("beta1").isVisible()
    assert adam.editor("beta2").isVisible()
    assert cycle.editor("low_momentum").isVisible()
    cycle.editor("cycle_momentum").click()
    assert not cycle.editor("low_momentum").isVisible()
    form.tell(cycled=False)
    assert adam.editor("beta1").isVisible()
