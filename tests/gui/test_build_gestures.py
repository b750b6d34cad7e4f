"""Drawing with mouse and keyboard on the real page: every gesture is one step of the document."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.graph import edits
from engine.graph.layout import layout
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from gui.builder.page import BuildPage
from gui.context import Context
from tests.helpers import hands

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def chain(*types: str) -> NetworkSpec:
    spec = NetworkSpec()
    last = ""
    for type in types:
        node = NodeSpec(edits.fresh_id(spec, type), type)
        spec = edits.add_node(spec, node)
        if last:
            spec = edits.connect(spec, EdgeSpec(last, node.id))
        last = node.id
    return layout(spec)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> BuildPage:
    made = BuildPage(context)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    qtbot.waitExposed(made)
    return made


def draw(page: BuildPage, spec: NetworkSpec) -> None:
    page.editor.open_network(spec)
    page.view.zoom_to(1.0)
    page.view.centerOn(0.0, 150.0)


def at(page: BuildPage, x: float, y: float) -> QPoint:
    return page.view.mapFromScene(QPointF(x, y))


def port(page: BuildPage, id: str, is_input: bool = False) -> QPoint:
    return at(page, *page.scene.nodes[id].port_position("in" if is_input else "out", is_input))


def press(page: BuildPage, where: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.mousePress(page.view.viewport(), LEFT, modifiers, where)


def drag(page: BuildPage, start: QPoint, end: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
    viewport = page.view.viewport()
    press(page, start, modifiers)
    for part in (0.3, 0.7, 1.0):
        QTest.mouseMove(viewport, start + (end - start) * part)
    QTest.mouseRelease(viewport, LEFT, modifiers, end)


def drop(page: BuildPage, type: str, where: QPoint) -> None:
    """What the palette's drag does once the pointer is over the drawing."""
    data = page.palette_panel.tree.mimeData([page.palette_panel.tree.item_of(type)])
    hands.carry_over(page.view.viewport(), data, QPointF(where))
    hands.let_go(page.view.viewport(), data, QPointF(where))


def spec_of(page: BuildPage) -> NetworkSpec:
    return page.context.document.project.network


def undo(page: BuildPage) -> None:
    page.context.document.undo_stack.undo()


def test_a_layer_dragged_from_the_palette_stands_where_it_was_dropped(page: BuildPage) -> None:
    assert page.frame.empty.isVisible()
    drop(page, "Conv2d", at(page, 100, 60))
    (node,) = spec_of(page).nodes
    assert (node.id, node.type) == ("conv2d1", "Conv2d")
    assert abs(node.position[0] - 100) <= 8
    assert abs(node.position[1] - 60) <= 8
    assert node.position[0] % 8 == node.position[1] % 8 == 0
    assert page.scene.selected_nodes() == ("conv2d1",)
    assert not page.frame.empty.isVisible()


def test_dropping_on_an_edge_inserts_and_makes_room(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d"))
    edge = page.scene.edges[EdgeSpec("input1", "conv2d1")]
    drop(page, "ReLU", at(page, *edge.route.label))
    assert spec_of(page).edges == (EdgeSpec("input1", "relu1"), EdgeSpec("relu1", "conv2d1"))
    heights = [spec_of(page).node(id).position[1] for id in ("input1", "relu1", "conv2d1")]
    assert heights[0] + 60 < heights[1] < heights[2] - 60
    undo(page)
    assert spec_of(page) == chain("Input", "Conv2d")


def test_an_output_cannot_be_dropped_on_an_edge_but_beside_it(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d"))
    edge = page.scene.edges[EdgeSpec("input1", "conv2d1")]
    drop(page, "Output", at(page, *edge.route.label))
    assert spec_of(page).edges == (EdgeSpec("input1", "conv2d1"),)
    assert "output1" in spec_of(page).by_id


def test_dragging_between_ports_connects_and_snaps(page: BuildPage) -> None:
    draw(page, NetworkSpec(nodes=(NodeSpec("input1", "Input"), NodeSpec("relu1", "ReLU", position=(0, 200)))))
    end = port(page, "relu1", is_input=True)
    press(page, port(page, "input1") + QPoint(9, 6))  # within the 24-pixel target, beside the dot
    assert page.scene.nodes["relu1"].port_states == {("in", True): "valid"}
    QTest.mouseMove(page.view.viewport(), end + QPoint(-15, 12))
    assert page.scene.nodes["relu1"].port_states == {("in", True): "hover"}
    QTest.mouseRelease(page.view.viewport(), LEFT, NONE, end + QPoint(-15, 12))
    assert spec_of(page).edges == (EdgeSpec("input1", "relu1"),)
    assert page.scene.nodes["relu1"].port_states == {}


def test_an_edge_drawn_backwards_from_an_input_connects_too(page: BuildPage) -> None:
    draw(page, NetworkSpec(nodes=(NodeSpec("input1", "Input"), NodeSpec("relu1", "ReLU", position=(0, 200)))))
    drag(page, port(page, "relu1", is_input=True), port(page, "input1"))
    assert spec_of(page).edges == (EdgeSpec("input1", "relu1"),)


def test_an_edge_that_would_close_a_cycle_is_not_offered(page: BuildPage) -> None:
    draw(page, chain("Input", "ReLU", "Add", "ReLU"))
    press(page, port(page, "relu2"))
    states = {id: item.port_states.get(("in", True)) for id, item in page.scene.nodes.items()}
    assert states == {"input1": None, "relu1": "off", "add1": "off", "relu2": "off"}
    QTest.mouseMove(page.view.viewport(), port(page, "add1", is_input=True))
    QTest.mouseRelease(page.view.viewport(), LEFT, NONE, port(page, "add1", is_input=True))
    assert len(spec_of(page).edges) == 3


def test_pulling_an_edge_off_its_port_moves_or_removes_it(page: BuildPage) -> None:
    spec = edits.add_node(chain("Input", "ReLU"), NodeSpec("tanh1", "Tanh", position=(240, 104)))
    draw(page, spec)
    drag(page, port(page, "relu1", is_input=True), port(page, "tanh1", is_input=True))
    assert spec_of(page).edges == (EdgeSpec("input1", "tanh1"),)
    drag(page, port(page, "tanh1", is_input=True), at(page, 300, 300))
    assert spec_of(page).edges == ()
    undo(page)
    undo(page)
    assert spec_of(page) == spec


def test_escape_calls_a_gesture_off(page: BuildPage) -> None:
    draw(page, chain("Input", "ReLU"))
    before = spec_of(page)
    press(page, at(page, 0, 104))
    QTest.mouseMove(page.view.viewport(), at(page, 160, 200))
    assert page.scene.nodes["relu1"].x() == 160
    QTest.keyClick(page.view, Qt.Key.Key_Escape)
    QTest.mouseRelease(page.view.viewport(), LEFT, NONE, at(page, 160, 200))
    assert page.scene.nodes["relu1"].x() == 0
    assert spec_of(page) is before


def test_several_selected_cards_move_as_one_step(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d", "ReLU"))
    before, steps = spec_of(page), page.context.document.undo_stack.count()
    drag(page, at(page, -140, -60), at(page, 140, 150))  # the rubber band touches the first two
    assert page.scene.selected_nodes() == ("input1", "conv2d1")
    drag(page, at(page, 30, 104), at(page, 30 + 80, 104 + 40))
    moved = {node.id: node.position for node in spec_of(page).nodes}
    assert moved == {"input1": (80, 40), "conv2d1": (80, 144), "relu1": (0, 208)}
    assert page.context.document.undo_stack.count() == steps + 1
    undo(page)
    assert spec_of(page) == before
    assert page.scene.nodes["conv2d1"].x() == 0


def test_shift_click_adds_to_the_selection_and_a_click_picks_one(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d", "ReLU"))
    QTest.mouseClick(page.view.viewport(), LEFT, NONE, at(page, 0, 0))
    QTest.mouseClick(page.view.viewport(), LEFT, Qt.KeyboardModifier.ShiftModifier, at(page, 0, 104))
    assert page.scene.selected_nodes() == ("input1", "conv2d1")
    QTest.mouseClick(page.view.viewport(), LEFT, NONE, at(page, 0, 104))
    assert page.scene.selected_nodes() == ("conv2d1",)


def test_delete_heals_the_gap(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d", "ReLU"))
    QTest.mouseClick(page.view.viewport(), LEFT, NONE, at(page, 0, 104))
    QTest.keyClick(page.view, Qt.Key.Key_Delete)
    assert spec_of(page).edges == (EdgeSpec("input1", "relu1"),)
    assert set(page.scene.nodes) == {"input1", "relu1"}


def test_an_edge_can_be_selected_and_deleted(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d"))
    edge = page.scene.edges[EdgeSpec("input1", "conv2d1")]
    QTest.mouseClick(page.view.viewport(), LEFT, NONE, at(page, *edge.route.label))
    assert page.scene.selected_edges() == (EdgeSpec("input1", "conv2d1"),)
    QTest.keyClick(page.view, Qt.Key.Key_Backspace)
    assert spec_of(page).edges == ()
    assert len(spec_of(page).nodes) == 2


def test_copy_and_paste_through_the_clipboard(page: BuildPage) -> None:
    draw(page, edits.set_params(chain("Input", "Conv2d", "ReLU"), "conv2d1", out_channels=7))
    page.scene.pick(["conv2d1", "relu1"])
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert '"out_channels": 7' in QGuiApplication.clipboard().text()
    QTest.keyClick(page.view, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    spec = spec_of(page)
    assert [node.id for node in spec.nodes] == ["input1", "conv2d1", "relu1", "conv2d2", "relu2"]
    assert spec.node("conv2d2").params["out_channels"] == 7
    assert EdgeSpec("conv2d2", "relu2") in spec.edges
    assert page.scene.selected_nodes() == ("conv2d2", "relu2")
    undo(page)
    assert len(spec_of(page).nodes) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        '{"format": "something"}',
        '{"format": "vitrine-network", "version": 1, "nodes": 3}',
        "{" * 5000,
    ],
)
def test_a_clipboard_with_anything_else_is_refused_with_a_sentence(page: BuildPage, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    told: list[object] = []
    page.context.notifier.shown.connect(told.append)
    assert not page.editor.paste()
    assert len(told) == 1
    assert spec_of(page) == NetworkSpec()


def test_duplicates_stand_beside_their_originals(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d"))
    page.scene.pick(["conv2d1"])
    page.commands["duplicate"].trigger()
    one, other = spec_of(page).node("conv2d1").position, spec_of(page).node("conv2d2").position
    assert other[1] == one[1]
    assert other[0] - one[0] > 180


def test_double_clicking_layers_builds_a_chain(page: BuildPage) -> None:
    tree = page.palette_panel.tree
    for type in ("Input", "Conv2d", "ReLU", "Output"):
        item = tree.item_of(type)
        tree.scrollToItem(item)
        where = tree.visualItemRect(item).center()
        QTest.mouseClick(tree.viewport(), LEFT, NONE, where)
        QTest.mouseDClick(tree.viewport(), LEFT, NONE, where)
    spec = spec_of(page)
    assert [(edge.source, edge.target) for edge in spec.edges] == [
        ("input1", "conv2d1"),
        ("conv2d1", "relu1"),
        ("relu1", "output1"),
    ]
    assert {node.position[0] for node in spec.nodes} == {0.0}


def test_searching_and_enter_insert_on_the_selected_edge(page: BuildPage) -> None:
    draw(page, chain("Input", "Conv2d"))
    page.scene.pick([], [EdgeSpec("input1", "conv2d1")])
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_Slash)
    search = page.palette_panel.search
    assert search.hasFocus()
    QTest.keyClicks(search, "batch norm")
    assert page.palette_panel.tree.currentItem().text(0) in ("BatchNorm1d", "BatchNorm2d")
    search.clear()
    QTest.keyClicks(search, "flat")
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert spec_of(page).edges == (EdgeSpec("input1", "flatten1"), EdgeSpec("flatten1", "conv2d1"))


def test_a_layer_inserted_after_one_with_two_branches_feeds_both(page: BuildPage) -> None:
    spec = edits.add_node(chain("Input", "ReLU"), NodeSpec("tanh1", "Tanh", position=(240, 104)))
    draw(page, edits.connect(spec, EdgeSpec("input1", "tanh1")))
    page.scene.pick(["input1"])
    page.palette_panel.chosen.emit("Conv2d")
    assert set(spec_of(page).edges) == {
        EdgeSpec("input1", "conv2d1"),
        EdgeSpec("conv2d1", "relu1"),
        EdgeSpec("conv2d1", "tanh1"),
    }


def test_the_keyboard_walks_moves_and_connects(page: BuildPage) -> None:
    draw(page, NetworkSpec(nodes=(NodeSpec("input1", "Input"), NodeSpec("relu1", "ReLU", position=(0, 104)))))
    view = page.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert page.scene.selected_nodes() == ("input1",)
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert page.scene.selected_nodes() == ("relu1",)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert spec_of(page).node("relu1").position == (16, 104)
    undo(page)
    assert spec_of(page).node("relu1").position == (0, 104)
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_C)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert spec_of(page).edges == (EdgeSpec("input1", "relu1"),)
    assert page.scene.selected_nodes() == ("relu1",)


def test_c_connects_several_from_top_to_bottom(page: BuildPage) -> None:
    nodes = tuple(
        NodeSpec(id, type, position=(0, y))
        for id, type, y in (("b", "ReLU", 104), ("a", "Input", 0), ("c", "Tanh", 208))
    )
    draw(page, NetworkSpec(nodes=nodes))
    page.scene.pick(["a", "b", "c"])
    page.commands["connect"].trigger()
    assert set(spec_of(page).edges) == {EdgeSpec("a", "b"), EdgeSpec("b", "c")}


def test_align_distribute_and_arrange(page: BuildPage) -> None:
    draw(page, edits.move(chain("Input", "Conv2d", "ReLU"), {"conv2d1": (64, 96), "relu1": (200, 400)}))
    page.scene.pick(["input1", "conv2d1", "relu1"])
    page.commands["align_left"].trigger()
    assert {node.position[0] for node in spec_of(page).nodes} == {0}
    page.commands["distribute_vertical"].trigger()
    assert [node.position[1] for node in spec_of(page).nodes] == [0, 200, 400]
    page.commands["layout"].trigger()
    assert spec_of(page) == chain("Input", "Conv2d", "ReLU")


def test_detaching_a_block_shows_its_layers_without_overlap(page: BuildPage) -> None:
    from engine.gallery import open_network

    draw(page, open_network("resnet18"))
    page.scene.pick(["layer2"])
    assert page.commands["detach"].isEnabled()
    page.commands["detach"].trigger()
    spec = spec_of(page)
    assert "layer2" not in spec.by_id
    places = [node.position for node in spec.nodes]
    assert not [
        (a, b)
        for i, a in enumerate(places)
        for b in places[i + 1 :]
        if abs(a[0] - b[0]) < 180 and abs(a[1] - b[1]) < 60
    ]
    undo(page)
    assert spec_of(page) == open_network("resnet18")


def test_wheel_zooms_with_ctrl_around_the_pointer(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, chain("Input", "Conv2d"))
    view, at = page.view, QPointF(200, 100)
    zoom, under = view.zoom, view.mapToScene(at.toPoint())
    hands.turn_wheel(view, at, 2, Qt.KeyboardModifier.ControlModifier)
    assert view.zoom > zoom
    now = view.mapToScene(at.toPoint())
    assert (now.x(), now.y()) == pytest.approx((under.x(), under.y()), abs=2)
    zoom, top = view.zoom, view.visible().top()
    hands.turn_wheel(view, at, -1)
    assert view.zoom == zoom
    assert view.visible().top() > top
    page.view.fit()
    seen = page.view.visible()
    assert seen.contains(page.scene.content())


def test_the_picture_and_the_vectors_hold_the_drawing(page: BuildPage) -> None:
    from PySide6.QtGui import QImage

    from gui.canvas import picture

    draw(page, chain("Input", "Conv2d"))
    page.scene.pick(["conv2d1"])
    image = QImage.fromData(picture.png(page.scene, 2.0))
    content = page.scene.content()
    assert image.width() == round((content.width() + 48) * 2)
    assert page.scene.selected_nodes() == ("conv2d1",)
    vectors = picture.svg(page.scene)
    assert b"<svg" in vectors
    assert vectors.count(b"<path") > 4
