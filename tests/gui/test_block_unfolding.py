"""Blocks with mouse and keyboard: opened in place, gone into, edited inside; every edit is one step of undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.gallery import open_network
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.paths import inner, level_of
from engine.graph.spec import EdgeSpec, NodeSpec
from engine.project.spec import ProjectSpec
from gui.builder.page import BuildPage
from gui.context import Context
from tests.helpers import hands
from tests.helpers.build_page import (
    ALT,
    CTRL,
    LEFT,
    NONE,
    SHIFT,
    at,
    click,
    double_click,
    draw,
    make_page,
    middle,
    nested,
    press,
    spec_of,
    undo,
    with_block,
)

INSIDE = {"block1.input1", "block1.conv2d1", "block1.relu1", "block1.output1"}


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> BuildPage:
    return make_page(context, qtbot)


def set_number(page: BuildPage, field: str, value: str) -> None:
    form: Any = page.inspector.panel.form  # type: ignore[union-attr]
    editor = form.editor(field)
    hands.type_over(editor.findChild(type(editor)) or editor, value)


def test_a_double_click_opens_a_block_in_place_and_folds_it_again(page: BuildPage) -> None:
    draw(page, with_block())
    before = spec_of(page)
    top = middle(page, "block1") - QPoint(0, 30)
    double_click(page, "block1")
    assert set(page.scene.nodes) >= INSIDE
    frame = page.scene.view.frames["block1"]
    assert abs(page.view.mapFromScene(QPointF(0, frame[1])).y() - top.y()) <= 2
    assert spec_of(page) is before
    assert page.scene.selected_nodes() == ("block1",)
    double_click(page, "block1")
    assert not INSIDE & set(page.scene.nodes)
    assert spec_of(page) is before


def test_the_button_on_card_and_frame_does_the_same(page: BuildPage) -> None:
    draw(page, with_block())
    for opened in (True, False):
        item = page.scene.nodes["block1"]
        where = page.view.mapFromScene(item.pos() + item.fold_box().center())
        QTest.mouseClick(page.view.viewport(), LEFT, NONE, where)
        assert page.view.blocks.is_open("block1") is opened


def test_keys_open_and_fold(page: BuildPage) -> None:
    draw(page, nested())
    click(page, "block1")
    press(page, Qt.Key.Key_BracketRight, CTRL)
    assert page.view.blocks.is_open("block1")
    press(page, Qt.Key.Key_BraceRight, CTRL | SHIFT)
    page.commands["unfold_all"].trigger()
    assert page.view.blocks.is_open("block1.core")
    click(page, "block1.core.relu1")
    press(page, Qt.Key.Key_BracketLeft, CTRL)
    assert not page.view.blocks.is_open("block1.core")
    assert page.scene.selected_nodes() == ("block1.core",)
    page.commands["fold_all"].trigger()
    assert not page.scene.view.frames


def test_enter_goes_inside_and_the_breadcrumbs_lead_out(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, nested())
    assert not page.frame.crumbs.isVisible()
    click(page, "block1")
    press(page, Qt.Key.Key_Return)
    click(page, "block1.core")
    press(page, Qt.Key.Key_Return)
    assert set(page.scene.nodes) == {"block1.core.input1", "block1.core.relu1", "block1.core.output1"}
    assert [button.text() for button in page.frame.crumbs.buttons] == ["Untitled", "block1", "core"]
    qtbot.waitUntil(page.frame.crumbs.buttons[1].isVisible)
    hands.click(page.frame.crumbs.buttons[1])
    assert page.scene.opening.scope == "block1"
    press(page, Qt.Key.Key_Up, ALT)
    assert page.scene.opening.scope == ""
    assert page.scene.selected_nodes() == ("block1",)
    assert not page.frame.crumbs.isVisible()


def test_inside_a_block_the_inspector_is_about_the_block_and_its_input_says_what_comes_in(
    page: BuildPage, qtbot: QtBot
) -> None:
    spec = open_network("unet")
    draw(page, spec)
    page.scene.show_analysis(analyse(spec))
    page.view.blocks.enter("down1")
    panel: Any = page.inspector.panel
    assert panel.about[:2] == ("block", "down1")
    assert panel.name.text() == "down1"
    item = page.scene.nodes["down1.input"]
    assert item.card.summary == ""
    assert item.facts.shape == "1×572×572"
    page.view.blocks.leave()
    page.scene.pick()
    assert page.inspector.panel is not None
    assert page.inspector.panel.about == ("network",)


def test_a_setting_of_an_inner_layer_is_edited_in_the_inspector_and_undone(page: BuildPage) -> None:
    draw(page, with_block())
    before = spec_of(page)
    double_click(page, "block1")
    click(page, "block1.conv2d1")
    panel: Any = page.inspector.panel
    form = panel.form
    form.changed.emit(form.values().model_copy(update={"out_channels": 7}))
    assert inner(spec_of(page), "block1.conv2d1").params["out_channels"] == 7
    assert page.scene.nodes["block1.conv2d1"].card.summary.startswith("7 filters")
    undo(page)
    assert spec_of(page) == before


def test_a_layer_dropped_onto_an_inner_edge_goes_between_inside(page: BuildPage) -> None:
    draw(page, with_block())
    before = spec_of(page)
    double_click(page, "block1")
    edge = page.scene.edges[EdgeSpec("block1.conv2d1", "block1.relu1")]
    added = hands.drop_layer(page, "BatchNorm2d", QPointF(*edge.route.label))
    assert added == "block1.batchnorm2d1"
    inside = level_of(spec_of(page), "block1")
    assert EdgeSpec("conv2d1", "batchnorm2d1") in inside.edges
    assert EdgeSpec("batchnorm2d1", "relu1") in inside.edges
    assert page.scene.selected_nodes() == ("block1.batchnorm2d1",)
    undo(page)
    assert spec_of(page) == before


def test_a_layer_dropped_into_a_frame_stands_inside(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    left, top, _, bottom = page.scene.view.frames["block1"]
    added = hands.drop_layer(page, "Tanh", QPointF(left + 60, (top + bottom) / 2))
    assert added == "block1.tanh1"


def test_inner_layers_are_moved_inside_and_outer_ones_outside(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    inside, outside = inner(spec_of(page), "block1.relu1").position, inner(spec_of(page), "flatten1").position
    for id in ("block1.relu1", "flatten1"):
        start = middle(page, id)
        hands.drag(page.view.viewport(), start, start + QPoint(80, 16))
    moved = inner(spec_of(page), "block1.relu1").position
    assert (moved[0] - inside[0], moved[1] - inside[1]) == pytest.approx((80, 16), abs=8)
    moved = inner(spec_of(page), "flatten1").position
    assert (moved[0] - outside[0], moved[1] - outside[1]) == pytest.approx((80, 16), abs=8)


def test_a_frame_is_moved_by_its_title_with_what_is_in_it(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    before = inner(spec_of(page), "block1").position
    shown = page.scene.nodes["block1.relu1"].pos()
    frame = page.scene.nodes["block1"]
    start = page.view.mapFromScene(frame.pos() + frame.header.topLeft() + QPointF(40, 12))
    hands.drag(page.view.viewport(), start, start + QPoint(160, 0))
    after = inner(spec_of(page), "block1").position
    assert after[0] - before[0] == pytest.approx(160, abs=8)
    assert page.scene.nodes["block1.relu1"].x() - shown.x() == pytest.approx(160, abs=8)
    assert inner(spec_of(page), "block1.relu1").position == inner(with_block(), "block1.relu1").position


def test_deleting_inside_heals_inside_and_copies_paste_inside(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    click(page, "block1.relu1")
    press(page, Qt.Key.Key_C, CTRL)
    assert '"type": "ReLU"' in QGuiApplication.clipboard().text()
    press(page, Qt.Key.Key_V, CTRL)
    assert page.scene.selected_nodes() == ("block1.relu2",)
    press(page, Qt.Key.Key_Delete)
    click(page, "block1.relu1")
    press(page, Qt.Key.Key_Delete)
    assert level_of(spec_of(page), "block1").edges == (
        EdgeSpec("input1", "conv2d1"),
        EdgeSpec("conv2d1", "output1"),
    )
    assert spec_of(page).edges == with_block().edges


def test_an_edge_out_of_a_block_gets_a_port(page: BuildPage) -> None:
    spec = edits.add_node(with_block(), NodeSpec("add1", "Add", position=(360, 208)))
    draw(page, spec)
    double_click(page, "block1")
    page.view.fit()
    start = page.scene.nodes["block1.conv2d1"].port_position("out", False)
    end = page.scene.nodes["add1"].port_position("in", True)
    hands.drag(page.view.viewport(), at(page, *start), at(page, *end))
    (edge,) = spec_of(page).edges_into["add1"]
    assert edge.source == "block1"
    assert [node.id for node in level_of(spec_of(page), "block1").outputs] == ["output1", "output2"]
    assert edge.source_port == "output2"
    undo(page)
    assert spec_of(page) == spec


def test_an_outer_edge_ends_at_the_gate_of_the_block(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    assert EdgeSpec("input1", "block1.input1") in page.scene.edges
    page.scene.pick([], [EdgeSpec("input1", "block1.input1")])
    press(page, Qt.Key.Key_Delete)
    assert "block1" not in spec_of(page).edges_into
    start = page.scene.nodes["input1"].port_position("out", False)
    end = page.scene.nodes["block1.input1"].port_position("in", True)
    page.view.reveal(["input1"])
    hands.drag(page.view.viewport(), at(page, *start), at(page, *end))
    assert EdgeSpec("input1", "block1") in spec_of(page).edges


def test_ctrl_g_makes_a_block_and_ctrl_shift_g_takes_it_apart(page: BuildPage) -> None:
    from tests.helpers.build_page import chain

    draw(page, chain("Input", "Conv2d", "ReLU", "Flatten", "Output"))
    click(page, "conv2d1")
    click(page, "relu1", SHIFT)
    press(page, Qt.Key.Key_G, CTRL)
    assert page.scene.selected_nodes() == ("block1",)
    assert set(level_of(spec_of(page), "block1").by_id) == {"input1", "conv2d1", "relu1", "output1"}
    press(page, Qt.Key.Key_G, CTRL | SHIFT)
    assert "block1" not in spec_of(page).by_id
    assert {"block1_conv2d1", "block1_relu1"} <= set(spec_of(page).by_id)


def test_a_selection_across_levels_is_refused_with_a_sentence(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    told: list[Any] = []
    page.context.notifier.shown.connect(told.append)
    page.scene.pick(["block1.relu1", "flatten1"])
    press(page, Qt.Key.Key_G, CTRL)
    assert "in block1" in told[0].what
    assert spec_of(page) == with_block()


def test_renaming_an_opened_block_keeps_it_open(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    panel: Any = page.inspector.panel
    hands.type_over(panel.name, "stem")
    assert "stem" in spec_of(page).by_id
    assert page.view.blocks.is_open("stem")
    assert page.scene.selected_nodes() == ("stem",)


def test_what_is_opened_is_found_again_when_the_project_is_opened_again(
    page: BuildPage, qtbot: QtBot, tmp_path: Path
) -> None:
    document = page.context.document
    draw(page, with_block())
    double_click(page, "block1")
    with qtbot.waitSignal(document.state_changed):
        document.save_as(tmp_path / "Mine")
    with qtbot.waitSignal(document.replaced):
        document.new(ProjectSpec("Other", network=with_block()))
    assert not page.view.blocks.is_open("block1")
    with qtbot.waitSignal(document.replaced):
        document.open(tmp_path / "Mine")
    assert page.view.blocks.is_open("block1")
