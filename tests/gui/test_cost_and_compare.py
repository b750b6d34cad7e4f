"""What layers cost and how long they take, as a table and as heat; and two designs beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.gallery import open_network
from engine.graph import edits
from engine.graph.spec import EdgeSpec, NodeSpec
from engine.project.network_file import save_network
from engine.project.spec import ProjectSpec
from gui.builder.compare import CompareView
from gui.builder.cost_table import NO_HEAT, CostTable
from gui.builder.heat import TIME, duration
from gui.context import Context
from gui.widgets.flow import FlowRow
from tests.helpers import hands


@pytest.fixture
def ready(context: Context, qtbot: QtBot) -> Context:
    with qtbot.waitSignal(context.engine.ready, timeout=60_000):
        context.engine.start()
    return context


def put(context: Context, qtbot: QtBot, id: str) -> None:
    context.document.edit_network("Open", open_network(id))
    qtbot.waitUntil(lambda: context.checker.up_to_date, timeout=20_000)


@pytest.fixture
def costs(ready: Context, qtbot: QtBot) -> CostTable:
    made = CostTable(ready)
    qtbot.addWidget(made)
    made.resize(900, 320)
    made.show()
    ready.checker.analysed.connect(made.show_analysis)
    put(ready, qtbot, "resnet18")
    return made


def cell(table: CostTable, layer: str, column: str) -> object:
    source = table.table._source
    titles = [one.title for one in source.columns]
    row = next(row for row in source.rows if row[0] == layer)
    return row[titles.index(column)]


def test_the_table_lists_blocks_or_everything_inside_them(costs: CostTable, qtbot: QtBot) -> None:
    assert cell(costs, "conv1", "Parameters") == 64 * 3 * 49
    outer = len(costs.table._source.rows)
    hands.click(costs.inside)
    inner = len(costs.table._source.rows)
    assert inner > 2 * outer
    convolutions = [row for row in costs.table._source.rows if row[-1] == "Conv2d"]
    assert len(convolutions) == 20, "ResNet-18 has 20 convolutions, 3 of them in shortcuts"
    assert sum(row[2] or 0 for row in costs.table._source.rows) == 11_689_512


def test_measured_times_fill_the_table_and_heat_the_drawing(costs: CostTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(costs.heat_changed, timeout=60_000) as told:
        hands.click(costs.measure)
    heat = told.args[0]
    assert costs.heat.currentText() == TIME
    assert max(heat.shares[id] for id in ("conv1", "maxpool", "fc")) <= 1.0
    assert cell(costs, "conv1", "Time") > 0
    assert "img/s" in costs.total.text()
    assert costs.measure.text() == "&Measure time"


def test_measuring_can_be_stopped(costs: CostTable, qtbot: QtBot) -> None:
    hands.click(costs.measure)
    assert costs.measure.text() == "Stop measuring"
    hands.click(costs.measure)
    qtbot.waitUntil(lambda: costs.measure.text() == "&Measure time", timeout=20_000)
    assert costs.profile is None


def test_times_of_another_design_are_not_shown(costs: CostTable, ready: Context, qtbot: QtBot) -> None:
    with qtbot.waitSignal(costs.heat_changed, timeout=60_000):
        hands.click(costs.measure)
    ready.document.edit_network("Move", lambda spec: edits.move(spec, {"conv1": (3.0, 4.0)}))
    qtbot.waitUntil(lambda: ready.checker.up_to_date, timeout=20_000)
    assert costs.profile is not None, "moving a card changes no time"
    ready.document.edit_network("Change", lambda spec: edits.set_params(spec, "conv1", kernel_size=5, padding=2))
    qtbot.waitUntil(lambda: ready.checker.up_to_date, timeout=20_000)
    assert costs.profile is None
    assert cell(costs, "conv1", "Time") is None


def test_heat_of_parameters_is_the_share_of_the_heaviest_node(costs: CostTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(costs.heat_changed) as told:
        costs.heat.setCurrentText("Parameters")
    analysis = costs._analysis
    heaviest = max(analysis.nodes[node.id].parameters for node in analysis.spec.nodes)
    assert told.args[0].shares["conv1"] == pytest.approx(9408 / heaviest)
    with qtbot.waitSignal(costs.heat_changed) as told:
        costs.heat.setCurrentText(NO_HEAT)
    assert told.args[0] is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.01234, "12.3 ms"), (0.4, "400 ms"), (85e-6, "85.0 µs"), (3e-7, "0.3 µs")]
)
def test_times_have_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.fixture
def compare(ready: Context, qtbot: QtBot) -> CompareView:
    put(ready, qtbot, "lenet5_modern")
    made = CompareView(ready)
    qtbot.addWidget(made)
    made.resize(900, 320)
    made.show()
    with qtbot.waitSignal(ready.gallery.changed, timeout=60_000):
        ready.gallery.load()
    return made


def shown(view: CompareView) -> dict[str, tuple[str, str]]:
    return {row[0]: (row[1], row[2]) for row in view.totals._source.rows}


def test_two_networks_beside_each_other(compare: CompareView, qtbot: QtBot) -> None:
    compare.compare_with("alexnet")
    qtbot.waitUntil(lambda: compare.result is not None, timeout=20_000)
    assert shown(compare)["Parameters"] == ("61,706", "62,378,344")
    assert shown(compare)["Input"] == ("1×32×32", "3×227×227")
    hands.click(compare.beside)
    window = compare._window
    assert window is not None
    assert set(window.right.canvas.nodes) >= {"conv1", "fc1"}
    assert set(window.left.canvas.nodes) != set(window.right.canvas.nodes)
    window.close()


def test_what_was_changed_since_opening_is_listed_and_marked(
    compare: CompareView, ready: Context, qtbot: QtBot
) -> None:
    compare._replaced()
    told: list[dict[str, str]] = []
    compare.marks_changed.connect(told.append)
    compare.choice.setCurrentIndex(compare.choice.findData("opened"))
    compare.refresh()
    qtbot.waitUntil(lambda: compare.result is not None, timeout=20_000)
    assert "No difference" in compare.note.text()
    ready.document.edit_network("Wider", lambda spec: edits.set_params(spec, "conv1", out_channels=8))
    first = EdgeSpec("input", "conv1")
    ready.document.edit_network("Norm", lambda spec: edits.insert_on_edge(spec, first, NodeSpec("norm", "BatchNorm2d")))
    qtbot.waitUntil(lambda: told and told[-1] == {"conv1": "changed", "norm": "added"}, timeout=20_000)
    assert ("conv1", "changed", "out channels 6 → 8") in compare._rows
    hands.click(compare.mark)
    assert told[-1] == {}


def test_a_file_that_cannot_be_compared_says_so(
    compare: CompareView, ready: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    save_network(open_network("lenet5"), good)
    compare.compare_with_file(good)
    qtbot.waitUntil(lambda: compare.result is not None, timeout=20_000)
    bad.write_text("{", "utf-8")
    with qtbot.waitSignal(ready.notifier.shown, timeout=20_000) as told:
        compare.compare_with_file(bad)
    assert "bad.json" in str(told.args)
    assert compare.result is None


def test_no_control_is_cut_in_a_narrow_drawer(costs: CostTable) -> None:
    costs.resize(420, 100)
    QApplication.processEvents()
    row = costs.findChild(FlowRow)
    assert row is not None
    assert row.height() >= row.flow.heightForWidth(row.width()), "the rows overlap what is below"
    for widget in (costs.heat, costs.inside, costs.batch, costs.measure, costs.export):
        assert widget.width() >= widget.sizeHint().width(), widget.toolTip()
        assert costs.rect().contains(widget.geometry())


def test_another_project_is_not_marked_by_the_comparison_of_the_last(
    compare: CompareView, ready: Context, qtbot: QtBot
) -> None:
    compare.compare_with("alexnet")
    qtbot.waitUntil(lambda: compare.result is not None, timeout=20_000)
    with qtbot.waitSignal(compare.marks_changed) as told:
        ready.document.new(ProjectSpec("Next", network=open_network("lenet5_modern")))
    assert told.args == [{}]
    assert compare.result is None


def test_edits_repaint_no_marks_while_nothing_is_compared(compare: CompareView, ready: Context, qtbot: QtBot) -> None:
    told: list[dict[str, str]] = []
    compare.marks_changed.connect(told.append)
    ready.document.edit_network("Wider", lambda spec: edits.set_params(spec, "conv1", out_channels=8))
    qtbot.waitUntil(lambda: ready.checker.up_to_date, timeout=20_000)
    assert not told
