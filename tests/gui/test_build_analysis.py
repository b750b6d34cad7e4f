"""What the Build page says about the drawing: shapes, numbers, problems with repairs, settings, code, costs."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine.gallery import open_network
from engine.graph import edits
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from gui.builder.node_panel import NodePanel
from gui.builder.page import BuildPage
from gui.builder.panels import GroupPanel
from gui.context import Context
from tests.helpers import hands

SHAPES = {  # of LeNet-5, by hand: 32 - 5 + 1 = 28, 28 / 2 = 14, 14 - 5 + 1 = 10, 10 / 2 = 5, 16 · 5 · 5 = 400
    "input": "1×32×32",
    "conv1": "6×28×28",
    "pool1": "6×14×14",
    "conv2": "16×10×10",
    "pool2": "16×5×5",
    "flatten": "400",
    "fc1": "120",
    "fc3": "10",
}


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> BuildPage:
    made = BuildPage(context)
    qtbot.addWidget(made)
    made.resize(1300, 820)
    made.show()
    with qtbot.waitSignal(context.engine.ready, timeout=60_000):
        context.engine.start()
    return made


def settle(page: BuildPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.context.checker.up_to_date, timeout=20_000)


def draw(page: BuildPage, qtbot: QtBot, spec: NetworkSpec) -> None:
    page.editor.open_network(spec)
    settle(page, qtbot)
    page.view.zoom_to(1.0)
    page.view.centerOn(0.0, 200.0)


def labels(page: BuildPage) -> dict[str, str]:
    return {edge.source: item.label for edge, item in page.scene.edges.items()}


def test_lenet_shows_its_shapes_numbers_and_totals(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    found = labels(page)
    assert {id: found[id] for id in SHAPES} == SHAPES
    assert page.scene.nodes["conv2"].facts.parameters == "2.4 k"
    assert any("240 k MACs" in line for line in page.scene.nodes["conv2"].facts.details)
    assert any("14×14 px" in line for line in page.scene.nodes["conv2"].facts.details)
    assert "61,706 parameters" in page.toolbar.totals.whole
    assert page.toolbar.totals.whole.startswith("1×32×32 → 10")
    assert all(item.mark is None for item in page.scene.nodes.values())


def test_a_setting_changed_in_the_inspector_changes_the_shapes(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    steps = page.context.document.undo_stack.count()
    page.scene.pick(["conv1"])
    panel = page.inspector.panel
    assert isinstance(panel, NodePanel)
    assert panel.form is not None
    field = panel.form.editor("out_channels")
    spin = field if isinstance(field, QAbstractSpinBox) else field.findChild(QAbstractSpinBox)
    spin.selectAll()
    QTest.keyClicks(spin, "9")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    assert page.context.document.project.network.node("conv1").params["out_channels"] == 9
    assert page.context.document.undo_stack.count() == steps + 1
    settle(page, qtbot)
    assert labels(page)["conv1"] == "9×28×28"
    assert labels(page)["pool1"] == "9×14×14"
    assert "9×28×28" in panel.figures.text()
    assert "9·(5·5·1 + 1)" in panel.formula.text()
    assert page.inspector.panel is panel, "the form stays while one works in it"
    page.context.document.undo_stack.undo()
    settle(page, qtbot)
    assert labels(page)["conv1"] == "6×28×28"
    assert panel.form.values().out_channels == 6  # type: ignore[attr-defined]


def test_another_network_never_shows_the_numbers_of_the_one_before(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    page.editor.open_network(open_network("alexnet"))
    assert page.scene.nodes["conv1"].facts.parameters == ""
    assert set(labels(page).values()) == {"?"}
    settle(page, qtbot)
    assert labels(page)["conv1"] == "96×55×55"


def broken() -> NetworkSpec:
    """LeNet-5 with a kernel that is larger than its input."""
    return edits.set_params(open_network("lenet5_modern"), "conv2", kernel_size=20)


def test_a_problem_is_marked_listed_and_repaired_by_one_click(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, broken())
    mark = page.scene.nodes["conv2"].mark
    assert mark is not None
    assert (mark.severity, mark.repairable) == ("error", True)
    assert "20×20" in mark.messages[0]
    assert page.drawer.tabText(0) == "Problems 1"
    (row,) = page.drawer.problems.rows
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    assert page.scene.selected_nodes() == ("conv2",)
    assert page.view.visible().contains(page.scene.nodes["conv2"].sceneBoundingRect())
    steps = page.context.document.undo_stack.count()
    hands.click(row.buttons[0])
    settle(page, qtbot)
    assert page.context.document.undo_stack.count() == steps + 1
    assert page.scene.nodes["conv2"].mark is None
    assert page.drawer.problems.rows == []
    assert "can be trained" in page.drawer.problems.note.text()
    page.context.document.undo_stack.undo()
    settle(page, qtbot)
    assert page.scene.nodes["conv2"].mark is not None


# The offscreen platform has no window manager that a menu could ask.
@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_light_bulb_on_the_card_offers_the_repairs(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, broken())
    item = page.scene.nodes["conv2"]
    bulb = page.view.mapFromScene(item.pos() + QPointF(90 - 17, -30 + 14))
    QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, bulb)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    offers = {action.text(): action for action in menu.actions()}
    assert set(offers) == {button.text() for button in page.drawer.problems.rows[0].buttons}
    menu.actions()[0].trigger()
    menu.close()
    settle(page, qtbot)
    assert item.mark is None


def test_the_inspector_repairs_too(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, broken())
    page.scene.pick(["conv2"])
    panel = page.inspector.panel
    assert isinstance(panel, NodePanel)
    hands.click(panel.rows[0].buttons[0])
    settle(page, qtbot)
    assert page.scene.nodes["conv2"].mark is None
    assert panel.rows == []


def test_renaming_in_the_inspector(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    page.scene.pick(["conv1"])
    panel = page.inspector.panel
    assert isinstance(panel, NodePanel)
    panel.name.selectAll()
    QTest.keyClicks(panel.name, "for")
    assert "Python or PyTorch uses that word" in panel.name_note.text
    panel.name.selectAll()
    QTest.keyClicks(panel.name, "first")
    QTest.keyClick(panel.name, Qt.Key.Key_Return)
    assert "first" in page.scene.nodes
    assert page.scene.selected_nodes() == ("first",)
    assert EdgeSpec("input", "first") in page.scene.edges


def test_several_nodes_show_their_sum(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    page.scene.pick(["conv1", "conv2"])
    panel = page.inspector.panel
    assert isinstance(panel, GroupPanel)
    assert f"{156 + 2416:,}" in panel.figures.text()


def test_an_unknown_layer_is_drawn_and_named(page: BuildPage, qtbot: QtBot) -> None:
    spec = NetworkSpec(
        nodes=(NodeSpec("input1", "Input"), NodeSpec("odd1", "Oddity", {"a": 1}, (0, 104))),
        edges=(EdgeSpec("input1", "odd1"),),
    )
    draw(page, qtbot, spec)
    assert page.scene.nodes["odd1"].card.known is False
    assert page.scene.nodes["odd1"].mark is not None
    page.scene.pick(["odd1"])
    assert page.context.document.project.network == spec


def test_the_code_follows_the_drawing_and_runs(page: BuildPage, qtbot: QtBot) -> None:
    pytest.importorskip("engine.export.source.generate")
    page.drawer.setCurrentWidget(page.drawer.code)
    draw(page, qtbot, open_network("lenet5_modern"))
    code = page.drawer.code
    qtbot.waitUntil(lambda: "class " in code.text.toPlainText(), timeout=20_000)
    hands.click(code.copy)
    source = QGuiApplication.clipboard().text()
    assert source == code.text.toPlainText()
    check = (
        "import sys; names = {}; exec(compile(sys.stdin.read(), 'net', 'exec'), names)\n"
        "import torch; nets = [c for c in names.values() if isinstance(c, type) and c.__module__ == 'builtins']\n"
        "count = [sum(p.numel() for p in n().parameters()) for n in nets]; print(max(count))"
    )
    ran = subprocess.run([sys.executable, "-c", check], input=source, capture_output=True, text=True, timeout=120)
    assert ran.stdout.strip() == "61706", ran.stderr
    page.editor.apply("Set", lambda spec: edits.set_params(spec, "fc3", out_features=7))
    qtbot.waitUntil(lambda: "7)" in code.text.toPlainText(), timeout=20_000)


def test_the_cost_table_adds_up_and_jumps(page: BuildPage, qtbot: QtBot) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    page.drawer.setCurrentWidget(page.drawer.costs)
    table = page.drawer.costs.table
    rows = list(csv.DictReader(io.StringIO(table.export().data.decode())))
    assert sum(int(row["Parameters"] or 0) for row in rows) == 61706
    place = next(n for n, row in enumerate(rows) if row["Layer"] == "fc1")
    table.select_row(place)
    table.opened.emit(place)
    assert page.scene.selected_nodes() == ("fc1",)


def test_a_network_file_comes_back_as_it_was(page: BuildPage, qtbot: QtBot, tmp_path: Path) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    path = tmp_path / "Grüße.json"
    page.files.save_path(path)
    qtbot.waitUntil(path.exists, timeout=10_000)
    page.editor.open_network(NetworkSpec())
    page.files.open_path(path)
    qtbot.waitUntil(lambda: "conv1" in page.scene.nodes, timeout=10_000)
    assert page.context.document.project.network == open_network("lenet5_modern")
    for suffix, head in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        target = tmp_path / f"drawing{suffix}"
        page.files.export_path(target)
        qtbot.waitUntil(target.exists, timeout=10_000)
        assert target.read_bytes().startswith(head)


def test_a_broken_file_is_refused_and_the_drawing_kept(page: BuildPage, qtbot: QtBot, tmp_path: Path) -> None:
    draw(page, qtbot, open_network("lenet5_modern"))
    path = tmp_path / "bad.json"
    path.write_text('{"format": "vitrine-network", "version": 1, "nodes": "all"}')
    with qtbot.waitSignal(page.context.notifier.shown, timeout=10_000) as told:
        page.files.open_path(path)
    assert "bad.json" in told.args[0].what
    assert page.context.document.project.network == open_network("lenet5_modern")


def test_the_gallery_opens_onto_the_drawing_as_one_step(page: BuildPage, qtbot: QtBot) -> None:
    page.context.gallery.load()
    qtbot.waitUntil(lambda: bool(page.context.gallery.entries), timeout=20_000)
    action = page.toolbar.gallery.found["resnet18"]
    action.trigger()
    qtbot.waitUntil(lambda: "layer4" in page.scene.nodes, timeout=10_000)
    assert page.scene.nodes["layer4"].card.layers == 16
    settle(page, qtbot)
    assert "11,689,512 parameters" in page.toolbar.totals.whole
    page.context.document.undo_stack.undo()
    assert page.scene.nodes == {}
