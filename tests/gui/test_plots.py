"""Live plots: what is drawn, hidden, smoothed, read off and saved."""

from __future__ import annotations

import csv
import io
import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine.training.events import EpochDone, RunStarted, StepsDone
from gui.training.curves_panel import CurvesPanel
from gui.training.run_curves import RunCurves
from gui.widgets.curves import Curve, CurveStyle, decimate, smooth
from gui.widgets.live_plot import LivePlot


def test_smoothing_is_the_unbiased_moving_average_whatever_the_length() -> None:
    rng = np.random.default_rng(0)
    for weight in (0.3, 0.9, 0.98):
        values = rng.normal(size=3000)
        values[[5, 800]] = math.nan
        total = mass = 0.0
        for value, found in zip(values, smooth(values, weight), strict=True):
            total *= weight
            mass *= weight
            if not math.isnan(value):
                total, mass = total + value, mass + 1
            assert found == pytest.approx(total / mass, rel=1e-9, abs=1e-9)


def test_decimation_keeps_every_peak_and_few_points() -> None:
    x = np.arange(100_000, dtype=float)
    y = np.zeros(100_000)
    y[[123, 77_777]] = 5.0, -3.0
    xs, ys = decimate(x, y, 0, 100_000, 500)
    assert len(xs) <= 2 * 500 + 2
    assert (ys.max(), ys.min()) == (5.0, -3.0)
    xs, ys = decimate(x, y, 77_700, 77_800, 500)
    assert xs[0] <= 77_700
    assert xs[-1] >= 77_800
    assert -3.0 in ys


def test_a_curve_grows_is_cut_back_and_answers_for_any_x() -> None:
    curve = Curve(CurveStyle("run-001", "training", 0))
    for start in range(0, 3000, 100):
        steps = [float(step) for step in range(start, start + 100)]
        curve.append(steps, [step / 100 for step in steps], [0.0] * 100, [2 * step for step in steps])
    assert len(curve) == 3000
    assert curve.value_at(12.004, "epoch") == 2400
    assert curve.value_at(40.0, "epoch") is None
    curve.cut_after(999)
    assert (len(curve), curve.last) == (1000, 1998)


@pytest.fixture
def plot(qtbot: QtBot) -> LivePlot:
    made = LivePlot("Loss")
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.show()
    for hue, (name, dashed) in enumerate((("training", False), ("validation", True))):
        curve = made.curve(("run-001", name), CurveStyle("run-001", name, hue, dashed))
        steps = [float(step) for step in range(1, 101)]
        curve.append(steps, [s / 10 for s in steps], [s / 60 for s in steps], [1 / s + hue for s in steps])
    made.refresh()
    return made


def lines(plot: LivePlot) -> dict:
    return plot.surface.shown_lines()


def test_what_arrives_is_drawn_on_the_clock(qtbot: QtBot, plot: LivePlot) -> None:
    curve = plot.curves["run-001", "training"]
    curve.append([101], [10.1], [2.0], [7.0])
    plot.schedule()
    key = (("run-001", "training"), "line")
    qtbot.waitUntil(lambda: lines(plot)[key][1][-1] == 7.0, timeout=3000)
    assert plot.surface.view.viewRange()[1][1] > 7


def test_a_click_in_the_legend_hides_a_curve_and_fits_the_rest(qtbot: QtBot, plot: LivePlot) -> None:
    entry = plot.legend.entries[1]
    qtbot.mouseClick(entry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (("run-001", "validation"), "line") not in lines(plot), timeout=3000)
    assert plot.surface.view.viewRange()[1][1] < 1.2
    qtbot.mouseClick(entry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (("run-001", "validation"), "line") in lines(plot), timeout=3000)


def test_log_axis_and_smoothing(plot: LivePlot) -> None:
    key = (("run-001", "training"), "line")
    plot.set_log(True)
    plot.refresh()
    assert lines(plot)[key][1][9] == pytest.approx(-1)
    plot.set_log(False)
    plot.set_smoothing(0.9)
    plot.refresh()
    assert (("run-001", "training"), "raw") in lines(plot)
    assert (("run-001", "validation"), "raw") not in lines(plot)
    assert lines(plot)[key][1][-1] == pytest.approx(smooth(plot.curves["run-001", "training"].y, 0.9)[-1])


def test_the_crosshair_follows_mouse_and_keys_and_the_values_are_read_off(qtbot: QtBot, plot: LivePlot) -> None:
    plot.hovered.connect(plot.set_crosshair)
    place = plot.surface.view.mapViewToScene(QPointF(5.0, 0.5))
    qtbot.mouseMove(plot.surface.viewport(), QPoint(5, 5))
    qtbot.mouseMove(plot.surface.viewport(), plot.surface.mapFromScene(place))
    assert plot.crosshair == pytest.approx(5.0, abs=0.05)
    assert plot.legend.entries[0].value == "0.02"
    before = plot.crosshair
    qtbot.keyClick(plot.surface, Qt.Key.Key_Right)
    assert plot.crosshair is not None
    assert plot.crosshair > before
    qtbot.keyClick(plot.surface, Qt.Key.Key_Home)
    assert plot.crosshair is None
    assert plot.legend.entries[0].value == "0.01"


def test_saving_from_the_context_menu(qtbot: QtBot, plot: LivePlot) -> None:
    saved = {}
    plot.export_wanted.connect(lambda export: saved.__setitem__(export.suffix, export.data))
    centre = plot.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, centre, plot.mapToGlobal(centre))
    QApplication.sendEvent(plot, event)
    menu = plot.findChild(QMenu)
    assert menu is not None
    for action in menu.actions():
        if action.text().startswith("Save"):
            action.trigger()
    menu.close()
    assert set(saved) == {"png", "svg", "csv"}
    image = QImage.fromData(saved["png"], "PNG")
    assert image.width() > plot.surface.width()
    assert ET.fromstring(saved["svg"]).tag.endswith("svg")
    rows = list(csv.DictReader(io.StringIO(saved["csv"].decode())))
    assert len(rows) == 200
    assert rows[9] == {
        "run": "run-001", "curve": "training", "step": "10", "epoch": "1.0", "minutes": "0.166667", "value": "0.1"
    }  # fmt: skip


@pytest.fixture
def panel(qtbot: QtBot) -> CurvesPanel:
    made = CurvesPanel()
    qtbot.addWidget(made)
    made.resize(800, 800)
    made.show()
    return made


def told(name: str = "run-001", epochs: int = 3, hue: int = 0) -> RunCurves:
    """A run of ten steps per epoch, told by events."""
    run = RunCurves(name, hue)
    run.begin(RunStarted("runs/" + name, "CPU", 100, 0, epochs, 10, ("a", "b")))
    for epoch in range(1, epochs + 1):
        steps = tuple(range(10 * epoch - 9, 10 * epoch + 1))
        run.steps(StepsDone(epoch, steps, (1 / epoch,) * 10, (0.1,) * 10, (2.0,) * 10, 100.0, 1000), epoch / 2)
        measures = {"train_accuracy": 0.5, "val_accuracy": 0.6 + epoch / 100, "val_f1_macro": 0.4}
        run.epoch(EpochDone(epoch, 10 * epoch, 1 / epoch, 0.5, measures, epoch * 30.0, best=epoch == 2))
    return run


def test_all_plots_share_the_x_axis_and_the_crosshair(qtbot: QtBot, panel: CurvesPanel) -> None:
    panel.show_runs([told()], "run-001")
    for plot in panel.plots.values():
        plot.refresh()
    ranges = {tuple(round(v, 6) for v in plot.surface.x_range()) for plot in panel.plots.values()}
    assert len(ranges) == 1
    low, high = ranges.pop()
    assert low == pytest.approx(0.1)
    assert 3.0 < high < 3.2
    qtbot.keyClick(panel.plots["norm"].surface, Qt.Key.Key_Left)
    assert len({plot.crosshair for plot in panel.plots.values()}) == 1
    panel.plots["loss"].surface.ranged.emit((1.0, 2.0))
    qtbot.waitUntil(lambda: panel.plots["rate"].surface.x_range() == (1.0, 2.0), timeout=3000)
    qtbot.mouseClick(panel.fit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.plots["rate"].surface.x_range()[1] > 3.0, timeout=3000)


def test_x_in_steps_and_minutes_other_measures_and_the_star_of_the_best_epoch(qtbot: QtBot, panel: CurvesPanel) -> None:
    panel.show_runs([told(), told("run-002", 5, 1)], "run-002")
    steps = next(button for button in panel.x_buttons.buttons() if button.text() == "Steps")
    qtbot.mouseClick(steps, Qt.MouseButton.LeftButton)
    for plot in panel.plots.values():
        plot.refresh()
    assert panel.plots["loss"].surface.x_range() == pytest.approx((1, 50.735))
    panel.set_x_mode("minutes")
    panel.plots["loss"].refresh()
    assert panel.plots["loss"].surface.x_range()[1] == pytest.approx(2.5, abs=0.05)
    stars = panel.plots["measure"].surface.stars
    assert [star.text for star in stars] == ["", "best epoch 2 · 62.0 %"]
    panel.measure.setCurrentIndex(panel.measure.findData("f1_macro"))
    assert panel.plots["measure"].title == "F1, mean over classes"
    assert set(panel.plots["measure"].curves) == {("run-001", "validation"), ("run-002", "validation")}


class Paints(QObject):
    """Counts how often each of some widgets is painted."""

    def __init__(self, plots: dict[str, LivePlot]) -> None:
        super().__init__()
        self.order: list[str] = []
        self._names = {plot.surface.viewport(): name for name, plot in plots.items()}
        for viewport in self._names:
            viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.order.append(self._names[watched])
        return False


def test_growing_plots_are_drawn_in_turn_and_painted_once_each(qtbot: QtBot, panel: CurvesPanel) -> None:
    run = told()
    panel.show_runs([run], "run-001")
    qtbot.waitUntil(lambda: all(plot.surface.shown_lines() for plot in panel.plots.values()), timeout=3000)
    QApplication.processEvents()
    paints = Paints(panel.plots)
    ends: list[list[float]] = []

    def drawn_so_far() -> None:
        ends.append([plot.surface.x_range()[1] for plot in panel.plots.values()])

    for plot in panel.plots.values():
        plot.surface.view.sigRangeChanged.connect(drawn_so_far)
    run.steps(StepsDone(4, tuple(range(31, 51)), (0.2,) * 20, (0.1,) * 20, (2.0,) * 20, 100.0, 1000), 3.0)
    panel.grow()
    qtbot.waitUntil(lambda: len(paints.order) >= 4, timeout=3000)
    QApplication.processEvents()
    assert paints.order == list(panel.plots)
    assert [sum(end > 4.9 for end in row) for row in ends] == [1, 2, 3, 4]


def test_points_that_come_while_plots_are_drawn_are_not_forgotten(qtbot: QtBot, panel: CurvesPanel) -> None:
    run = told()
    panel.show_runs([run], "run-001")
    panel.grow()
    qtbot.waitUntil(lambda: bool(panel.plots["loss"].surface.shown_lines()), timeout=3000)
    run.steps(StepsDone(4, (31,), (7.0,), (0.1,), (2.0,), 100.0, 1000), 3.0)
    panel.grow()
    key = (("run-001", "training"), "line")
    qtbot.waitUntil(lambda: panel.plots["loss"].surface.shown_lines()[key][1][-1] == 7.0, timeout=3000)


def test_a_run_taken_away_leaves_every_plot(panel: CurvesPanel) -> None:
    first, second = told(), told("run-002", 2, 1)
    panel.show_runs([first, second], "")
    panel.show_runs([second], "")
    for plot in panel.plots.values():
        assert {key[0] for key in plot.curves} == {"run-002"}


def test_a_resumed_run_forgets_what_is_trained_again() -> None:
    run = told(epochs=3)
    run.begin(RunStarted("runs/run-001", "CPU", 100, 2, 5, 10, ("a", "b")))
    run.steps(StepsDone(3, (25, 26), (9.0, 9.0), (0.1, 0.1), (1.0, 1.0), 1.0, 1), 5.0)
    loss = run.curves("accuracy")["loss", "training"]
    assert loss.x("step")[-3:].tolist() == [24, 25, 26]
    assert np.all(np.diff(loss.x("minutes")) >= 0)
    assert len(run.curves("accuracy")["measure", "validation"]) == 2


def test_a_run_is_read_from_its_lines_and_continued_by_events() -> None:
    rows = [
        {"epoch": e, "step": 10 * e, "seconds": 6.0 * e, "train_loss": 1 / e, "val_loss": 2 / e, "val_accuracy": 0.5}
        for e in (1, 2, 3)
    ]
    rows[1]["best"] = 1
    run = RunCurves("run-001", 0)
    run.read(rows)
    assert run.curves("accuracy")["loss", "validation"].y.tolist() == [2, 1, 2 / 3]
    mark = run.best_mark("loss", "accuracy", told=True)
    assert mark is not None
    assert (mark.x, mark.y) == ((20, 2, 0.2), 1.0)
    other = RunCurves("run-001", 0)
    other.begin(RunStarted("runs/run-001", "CPU", 100, 2, 5, 10, ("a", "b")), rows)
    assert other.curves("accuracy")["loss", "validation"].x("epoch").tolist() == [1, 2]
