"""The Evaluate page's report of any task: words, units and places of what an evaluation tells."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from engine.tasks.base import Sketch
from engine.tasks.report import Line, Matrix, Plot, Table, TaskReport
from engine.training.evaluate import Evaluation
from gui import theme
from gui.evaluation.matrix_pane import MatrixPane
from gui.evaluation.report_view import ReportView
from gui.widgets.report_plot import GREY, ReportPlot

BLACK = np.zeros((30, 60, 3), np.uint8)


@pytest.fixture
def view(qtbot: QtBot) -> ReportView:
    made = ReportView()
    qtbot.addWidget(made)
    made.resize(1100, 600)
    made.show()
    return made


def _evaluation(task: str, report: TaskReport, count: int = 96, **measures: float) -> Evaluation:
    return Evaluation("test", task, ("a", "b"), count, measures, report)


def test_measures_have_the_words_of_their_own_task_and_say_what_they_mean(view: ReportView) -> None:
    view.show_evaluation(_evaluation("edges", TaskReport({}), loss=0.0317, recall=0.909, ods=0.922))
    assert view.tiles.values == {
        "Best F-measure, one threshold (ODS)": "92.2 %",
        "Recall there": "90.9 %",
        "Loss": "0.0317",
        "Pictures": "96",
    }
    tips = [tile.toolTip() for tile in view.tiles.findChildren(type(view.tiles).__mro__[1]) if tile.toolTip()]
    assert len(tips) == 4


def test_the_examples_say_how_many_of_what_they_are(view: ReportView) -> None:
    sketches = tuple(Sketch(BLACK, f"{k} % foreseen", f"3.{k} bits per character", score=k) for k in range(48))
    view.show_evaluation(_evaluation("characters", TaskReport({}, examples=sketches), accuracy=0.3))
    assert view.examples.heading.text() == "48 of 96 excerpts"
    assert "evenly" in view.examples.heading.toolTip()
    view.show_evaluation(_evaluation("sequence", TaskReport({}, examples=sketches[:1]), count=1, accuracy=0.3))
    assert view.examples.heading.text() == "1 sequence"


def test_notes_below_examples_are_read_whole(view: ReportView) -> None:
    note = "3.13 bits per character"
    view.show_evaluation(_evaluation("characters", TaskReport({}, examples=(Sketch(BLACK, "45 %", note),))))
    grid = view.examples.grid
    words = grid.fontMetrics().__class__(grid.words_font)
    wide = grid.cell_size().width()
    assert wide >= words.horizontalAdvance(note)
    view.show_evaluation(_evaluation("sequence", TaskReport({}, examples=(Sketch(BLACK, "sine", "22 %"),))))
    assert grid.cell_size().width() < wide


def test_columns_begin_with_a_capital_and_share_their_digits(view: ReportView) -> None:
    table = Table("PSNR in dB", ("picture", "worst", "right %"), (("given", 12.09, 0.5), ("gain", 6.5, None)))
    view.show_evaluation(_evaluation("denoising", TaskReport({}, tables=(table,)), psnr=20.0))
    model = view.tables[0].model()
    assert [column.title for column in view.tables[0]._source.columns] == ["Picture", "Worst", "Right"]
    assert [[model.index(row, k).data() for k in range(3)] for row in range(2)] == [
        ["given", "12.09", "50.0 %"],
        ["gain", "6.50", "–"],
    ]


def test_a_matrix_counts_what_the_task_counts(view: ReportView) -> None:
    counts = np.array([[414_525, 2843], [2, 31_532]])
    matrix = Matrix("Pixels: truth and answer", counts, ("ground", "circle"), ("pixel", "pixels"))
    view.show_evaluation(_evaluation("segmentation", TaskReport({}, matrix=matrix), mean_iou=0.5))
    pane = view.tabs.widget(0)
    assert isinstance(pane, MatrixPane)
    assert pane.matrix.words((0, 1)) == "ground taken for circle: 2,843 pixels (0.7 % of 417,368)"
    assert pane.matrix.shares, "six digits are not read as easily as per cent"
    pane.shares.click()
    assert not pane.matrix.shares


def test_the_colours_in_the_examples_are_explained(view: ReportView) -> None:
    report = TaskReport({}, examples=(Sketch(BLACK, "IoU 92 %"),), legend=(("circle", (230, 159, 0)),))
    view.show_evaluation(_evaluation("segmentation", report, mean_iou=0.5))
    legend = view.examples.legend
    assert legend.isVisible()
    shown = legend.grab().toImage()
    colours = {shown.pixelColor(QPoint(x, y)).getRgb()[:3] for x in range(20) for y in range(shown.height())}
    assert (230, 159, 0) in colours
    view.show_evaluation(_evaluation("sequence", TaskReport({}, examples=(Sketch(BLACK, "sine"),)), accuracy=0.3))
    assert not legend.isVisible()


def test_lines_of_a_plot_are_told_apart_and_a_lone_reference_is_grey(qtbot: QtBot) -> None:
    xs = np.array([0.0, 1.0])
    lines = tuple(Line(f"class {k}", xs, xs * k) for k in range(10))
    plot = ReportPlot(Plot("ROC", "false positive rate", "share", (*lines, Line("chance", xs, xs, dashed=True))))
    qtbot.addWidget(plot)
    looks = [plot._look(number) for number in range(11)]
    assert len(set(looks)) == 11
    assert looks[-1] == (GREY, True)
    assert plot.boxes[0].palette().windowText().color().name() == theme.tokens().series[0]
    assert "dashed" in plot.boxes[9].toolTip()
