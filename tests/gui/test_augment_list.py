"""The methods of the Augment page with real mouse and key events: on and off, strength, options and order."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.datasets.spec import Choice
from gui.augment.page import AugmentPage
from tests.helpers.augment_page import click, drag_slider, open_page, pull, settled, shapes, tick

# The offscreen platform has no windows to put in front of others.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)


@pytest.fixture
def page(qtbot, context):
    return open_page(qtbot, context, shapes())


def ids(page: AugmentPage) -> list[str]:
    return [choice.id for choice in page.context.document.project.data.augmentation]


def shown_ids(page: AugmentPage) -> list[str]:
    return [card.choice.id for card in page.methods.cards]


def augment(page: AugmentPage, *choices: Choice) -> None:
    page.model.edit("Augment", choices)


def undo(page: AugmentPage) -> None:
    page.context.document.undo_stack.undo()


def laid_out(qtbot, page: AugmentPage) -> None:
    """Wait until the cards lie below one another in their order."""

    def in_order() -> bool:
        tops = [card.y() for card in page.methods.cards]
        return tops == sorted(set(tops))

    qtbot.waitUntil(in_order)


# -- methods


def test_methods_are_switched_on_and_off_and_come_back_as_they_were(page):
    methods = page.methods
    assert methods.empty.isVisible()
    assert not methods.reset.isEnabled()
    tick(methods.rows["rotate"].switch)
    tick(methods.rows["noise"].switch)
    assert ids(page) == shown_ids(page) == ["rotate", "noise"]
    assert not methods.empty.isVisible()
    assert not methods.rows["rotate"].isVisible()

    drag_slider(methods.cards[0].slider, 1.0)
    assert page.model.choices[0].options["degrees"] == 45
    tick(methods.cards[0].switch)
    assert ids(page) == ["noise"]
    assert methods.rows["rotate"].isVisible()
    assert not methods.rows["rotate"].switch.isChecked()
    tick(methods.rows["rotate"].switch)
    assert page.model.choices[1] == Choice(id="rotate", options={"degrees": 45.0})

    click(methods.reset)
    assert ids(page) == []
    undo(page)
    assert ids(page) == shown_ids(page) == ["noise", "rotate"]
    assert all(card.switch.isChecked() for card in methods.cards)


def test_pulling_a_slider_is_one_step_and_changes_what_is_seen(qtbot, page):
    augment(page, Choice(id="brightness", options={"strength": 0.0}))
    settled(qtbot, page)
    first = page.model.gallery.shots
    assert all(np.array_equal(shot.picture, first[0].picture) for shot in first)
    count = page.context.document.undo_stack.count()
    card = page.methods.cards[0]
    drag_slider(card.slider, 0.75, stops=8)
    assert page.context.document.undo_stack.count() == count + 1
    assert page.model.choices[0].options["strength"] == pytest.approx(0.6, abs=0.02)
    assert "Strength 0.6" in card.words.text()
    settled(qtbot, page)
    later = page.model.gallery.shots
    assert np.array_equal(later[0].picture, first[0].picture)
    assert not np.array_equal(later[1].picture, first[1].picture)
    undo(page)
    assert card.slider.value() == 0


def test_options_are_unfolded_and_typed(page):
    tick(page.methods.rows["rotate"].switch)
    card = page.methods.cards[0]
    assert card.form is None
    click(card.details)
    line = card.form.editor("degrees").lineEdit()
    line.selectAll()
    QTest.keyClicks(line, "30")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert page.model.choices[0].options["degrees"] == 30
    assert card.slider.value() == 67
    click(card.details)
    assert not card.form.isVisible()
    undo(page)
    assert line.text() == "10"


def test_the_order_is_changed_by_buttons_keys_and_dragging(qtbot, page):
    augment(page, Choice(id="flip"), Choice(id="rotate"), Choice(id="noise"))
    cards = page.methods.cards
    assert not cards[0].up.isEnabled()
    assert cards[0].up.toolTip() == "It is the first already"
    assert not cards[2].down.isEnabled()
    click(cards[0].down)
    assert ids(page) == shown_ids(page) == ["rotate", "flip", "noise"]
    page.methods.cards[1].slider.setFocus()
    QTest.keyClick(page.methods.cards[1].slider, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert ids(page) == ["rotate", "noise", "flip"]

    laid_out(qtbot, page)
    pull(page.methods.cards[2].handle, page.methods.cards[0], below=False)
    assert ids(page) == shown_ids(page) == ["flip", "rotate", "noise"]
    laid_out(qtbot, page)
    pull(page.methods.cards[0].handle, page.methods.cards[1], below=True)
    assert ids(page) == ["rotate", "flip", "noise"]
    laid_out(qtbot, page)
    pull(page.methods.cards[1].handle, page.methods.cards[2], below=False)
    assert ids(page) == ["rotate", "flip", "noise"]
    undo(page)
    assert ids(page) == shown_ids(page) == ["flip", "rotate", "noise"]


def test_what_the_task_cannot_use_is_told_on_the_card(qtbot, page):
    augment(page, Choice(id="mixup"))
    assert "only classification can learn from" in page.methods.cards[0].note.text
    document = page.context.document
    document.edit("Classify", document.project.with_(task="classification"))
    assert page.methods.cards[0].note.text == ""
    augment(page, Choice(id="mixup"), Choice(id="cutmix"))
    assert "Keep one" in page.methods.cards[1].note.text
    settled(qtbot, page)
    assert "MixUp and CutMix" in page.stage.empty.text.text()
    augment(page, Choice(id="cutmix", options={"chance": 1.0}))
    page.stage.show_mode("batch")
    settled(qtbot, page)
    mixed = [shot for shot in page.model.gallery.shots if shot.known["label_share"] < 0.99]
    assert mixed
    for shot in mixed:
        classes, share = page.model.pictures.classes, round(100 * float(shot.known["label_share"]))
        assert shot.caption == f"{classes[int(shot.known['label'])]} · {share} %"
        assert shot.detail == f"+ {classes[int(shot.known['label_other'])]} · {100 - share} %"


def test_an_unknown_method_is_named_and_can_be_removed(page):
    augment(page, Choice(id="melt"), Choice(id="flip"))
    card = page.methods.cards[0]
    assert card.switch.text() == "melt (unknown)"
    assert "no such augmentation" in card.note.text
    tick(card.switch)
    assert ids(page) == ["flip"]
