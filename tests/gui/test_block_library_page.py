"""The user's own blocks, blocks of the library, parameters shown on a block, shared weights, and finding layers."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.blocks.base import BLOCKS
from engine.graph.analyse import analyse
from engine.graph.exposed import exposed
from engine.graph.paths import inner
from engine.graph.spec import BLOCK, NetworkSpec
from engine.layers.base import LAYERS
from engine.paths import blocks_dir
from engine.project.spec import ProjectSpec
from gui.builder.exposing import ExposedForm
from gui.builder.page import BuildPage
from gui.canvas.tools.drop import mime_of
from gui.context import Context
from tests.helpers import hands
from tests.helpers.build_page import (
    CTRL,
    SHIFT,
    chain,
    click,
    double_click,
    draw,
    make_page,
    nested,
    press,
    spec_of,
    undo,
    with_block,
)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> BuildPage:
    made = make_page(context, qtbot)
    with qtbot.waitSignal(made.mine.changed):
        made.entered()
    return made


def test_a_block_is_made_saved_and_dropped_into_another_project(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, chain("Input", "Conv2d", "ReLU", "Flatten", "Output"))
    click(page, "conv2d1")
    click(page, "relu1", SHIFT)
    press(page, Qt.Key.Key_G, CTRL)
    page.commands["save_block"].trigger()
    assert page.keeping.name.hasFocus()
    QTest.keyClick(page.keeping.name, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(page.keeping.name, "Filter and clip")
    with qtbot.waitSignal(page.mine.changed):
        QTest.keyClick(page.keeping.name, Qt.Key.Key_Return)
    assert [file.name for file in blocks_dir().glob("*.json")] == ["filter-and-clip.json"]
    with qtbot.waitSignal(page.context.document.replaced):
        page.context.document.new(ProjectSpec("Other", network=chain("Input", "Flatten", "Output")))
    tree = page.palette_panel.tree
    where = QPointF(page.view.mapFromScene(QPointF(400, 100)))
    mime = tree.mimeData([tree.item_of("Filter and clip")])
    assert hands.carry_over(page.view.viewport(), mime, where)
    assert hands.let_go(page.view.viewport(), mime, where)
    node = spec_of(page).node("block1")
    assert node.subgraph is not None
    assert {"conv2d1", "relu1"} <= set(node.subgraph.by_id)
    undo(page)
    assert "block1" not in spec_of(page).by_id


def test_own_blocks_are_renamed_deleted_and_restored(page: BuildPage, qtbot: QtBot) -> None:
    told: list[Any] = []
    page.context.notifier.shown.connect(told.append)
    with qtbot.waitSignal(page.mine.changed):
        page.mine.save("One", with_block().node("block1"))
    tree = page.palette_panel.tree
    with qtbot.waitSignal(page.mine.changed):
        tree.item_of("One").setText(0, "Two")
    assert [block.name for block in page.mine.blocks] == ["Two"]
    tree.setCurrentItem(tree.item_of("Two"))
    with qtbot.waitSignal(page.mine.changed):
        QTest.keyClick(tree, Qt.Key.Key_Delete)
    assert not page.mine.blocks
    text, restore = told[-1].action
    assert text == "Restore it"
    with qtbot.waitSignal(page.mine.changed):
        restore()
    assert [block.name for block in page.mine.blocks] == ["Two"]


def test_a_broken_file_among_the_blocks_is_named(context: Context, qtbot: QtBot) -> None:
    blocks_dir().mkdir(parents=True)
    (blocks_dir() / "damaged.json").write_text("{", encoding="utf-8")
    told: list[Any] = []
    context.notifier.shown.connect(told.append)
    page = make_page(context, qtbot)
    with qtbot.waitSignal(page.mine.changed):
        page.mine.load()
    assert any("damaged.json" in note.what for note in told)


def test_every_block_of_the_library_can_be_dropped_and_takes_its_input(page: BuildPage) -> None:
    tree = page.palette_panel.tree
    for id in sorted(dict(BLOCKS.items())):
        item = tree.item_of(id)
        mime = tree.mimeData([item])
        before = set(page.scene.nodes)
        where = QPointF(page.view.viewport().rect().center())
        assert hands.carry_over(page.view.viewport(), mime, where), id
        assert hands.let_go(page.view.viewport(), mime, where), id
        (added,) = set(page.scene.nodes) - before
        node = spec_of(page).node(added)
        assert node.type == BLOCK
        assert node.subgraph is not None
        assert node.subgraph.outputs


def test_dragged_data_that_is_no_block_is_not_taken(page: BuildPage) -> None:
    mime = mime_of("Conv2d")
    mime.setData("application/x-vitrine-block", b'{"format": "nothing"}')
    mime.removeFormat("application/x-vitrine-layer")
    assert not hands.carry_over(page.view.viewport(), mime, QPointF(100, 100))


def test_every_layer_is_in_the_palette_under_a_heading_that_folds(page: BuildPage) -> None:
    tree = page.palette_panel.tree
    for type in dict(LAYERS.items()):
        assert tree.item_of(type).text(0)
    head = tree.item_of("Conv2d").parent()
    assert head is not None
    assert head.isExpanded()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualItemRect(head).center())
    assert not head.isExpanded()
    QTest.keyClicks(page.palette_panel.search, "conv2d")
    assert head.isExpanded()
    page.palette_panel.search.clear()
    assert not head.isExpanded()


def test_a_parameter_is_shown_on_the_block_set_there_and_taken_off(page: BuildPage) -> None:
    draw(page, with_block())
    double_click(page, "block1")
    click(page, "block1.conv2d1")
    panel: Any = page.inspector.panel
    panel.expose.choices.aboutToShow.emit()
    chosen = next(action for action in panel.expose.choices.actions() if action.objectName() == "block1:out_channels")
    chosen.trigger()
    assert set(exposed(spec_of(page).node("block1"))) == {"out channels"}
    page.scene.pick(["block1"])
    panel = page.inspector.panel
    field = panel.shown.form.editor("shown_0")
    hands.type_over(field, "9")
    assert inner(spec_of(page), "block1.conv2d1").params["out_channels"] == 9
    undo(page)
    assert panel.shown.form.values().shown_0 == exposed(spec_of(page).node("block1"))["out channels"].value
    panel.shown.remove.menu().actions()[0].trigger()
    assert not exposed(spec_of(page).node("block1"))
    assert panel.shown.form is None


def test_the_same_weights_are_used_again_and_given_up(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d", "ReLU", "Output"))
    click(page, "conv2d1")
    page.commands["share"].trigger()
    (twin,) = page.scene.selected_nodes()
    assert spec_of(page).node(twin).shares == "conv2d1"
    assert page.scene.nodes[twin].card.shares == "conv2d1"
    panel: Any = page.inspector.panel
    assert "Shares the weights of" in panel.shares.text()
    panel.shares.linkActivated.emit("conv2d1")
    assert page.scene.selected_nodes() == ("conv2d1",)
    panel = page.inspector.panel
    assert "used again by" in panel.shares.text()
    page.scene.pick([twin])
    panel = page.inspector.panel
    hands.click(panel.own)
    assert spec_of(page).node(twin).shares is None
    assert not panel.own.isVisible()


def test_several_selected_layers_share_the_weights_of_the_first(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d", "Conv2d", "Output"))
    page.scene.pick(["conv2d1", "conv2d2"])
    page.commands["share"].trigger()
    assert spec_of(page).node("conv2d2").shares == "conv2d1"


def test_find_opens_what_hides_a_match_and_goes_on_with_enter(page: BuildPage) -> None:
    draw(page, nested())
    press(page, Qt.Key.Key_F, CTRL)
    bar = page.frame.finder
    assert bar.field.hasFocus()
    QTest.keyClicks(bar.field, "relu")
    assert [found.path for found in bar.found][-1] == "block1.core.relu1"
    for _ in bar.found:
        QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert page.scene.selected_nodes() == ("block1.core.relu1",)
    assert page.view.blocks.is_open("block1.core")
    assert page.view.visible().contains(page.scene.nodes["block1.core.relu1"].sceneBoundingRect())
    bar.field.clear()
    QTest.keyClicks(bar.field, "nothing like it")
    assert bar.count.text() == "No match"
    QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.isVisible()


def test_the_find_bar_stays_whole_while_its_words_change(page: BuildPage) -> None:
    draw(page, nested())
    press(page, Qt.Key.Key_F, CTRL)
    bar = page.frame.finder
    for text in ("relu", "nothing like it", "block1"):
        bar.field.setText(text)
        QApplication.processEvents()
        assert page.frame.rect().contains(bar.geometry()), text


def test_a_block_without_parameters_of_its_own_offers_none_to_take_off(page: BuildPage) -> None:
    draw(page, with_block())
    page.scene.pick(["block1"])
    forms = page.inspector.findChildren(ExposedForm)
    assert len(forms) == 1
    assert forms[0].hint.isVisible()
    assert not forms[0].remove.isVisible()


def test_find_looks_at_settings_and_problems(page: BuildPage) -> None:
    draw(page, with_block())
    bar = page.frame.finder
    bar.show_analysis(analyse(spec_of(page)))
    bar.start()
    bar.field.setText("shape 12")
    assert [found.path for found in bar.found] == ["input1"]
    broken = NetworkSpec("Broken", chain("Input", "Linear", "Linear").nodes)
    draw(page, broken)
    bar.show_analysis(analyse(broken))
    bar.field.setText("problem")
    assert {"linear1", "linear2"} <= {found.path for found in bar.found}


def test_a_problem_inside_is_marked_on_what_shows_it_and_jumped_to(page: BuildPage) -> None:
    from engine.graph import edits

    spec = edits.inside(with_block(), "block1", lambda level: edits.set_params(level, "conv2d1", kernel_size=99))
    draw(page, spec)
    page.scene.show_analysis(analyse(spec))
    assert page.scene.nodes["block1"].mark is not None
    page.jump("block1.conv2d1")
    assert page.scene.selected_nodes() == ("block1.conv2d1",)
    assert page.scene.nodes["block1.conv2d1"].mark is not None
    assert page.scene.nodes["block1"].mark is None
    problem = next(p for p in analyse(spec).problems if p.node == "block1.conv2d1" and p.repairs)
    page.repair(problem.repairs[0])
    assert not analyse(spec_of(page)).errors or spec_of(page) != spec
    undo(page)
    assert spec_of(page) == spec


def test_heat_and_marks_are_drawn_and_taken_away(page: BuildPage) -> None:
    draw(page, with_block())
    page.scene.set_heat({"block1": 0.9, "flatten1": 0.1}, "0 ms … 3.2 ms")
    assert page.frame.legend.isVisible()
    assert page.scene.nodes["block1"].heat == 0.9
    page.scene.set_marks({"block1.conv2d1": "added", "flatten1": "removed"})
    assert page.scene.nodes["block1"].change == "changed"
    assert page.scene.nodes["flatten1"].change == "removed"
    double_click(page, "block1")
    assert page.scene.nodes["block1.conv2d1"].change == "added"
    page.view.viewport().grab()
    page.scene.set_heat(None)
    page.scene.set_marks({})
    assert not page.frame.legend.isVisible()
    assert page.scene.nodes["block1"].heat is None
