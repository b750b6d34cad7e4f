"""Forecasts of a scaled table are measured, drawn and told in the table's own units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cancel import CancelSource
from engine.datasets.base import SeriesSet, parse_source
from engine.datasets.sequences.units import Units
from engine.datasets.spec import Choice, DataSpec
from engine.events import Event
from engine.gallery import open_network
from engine.project.spec import ProjectSpec
from engine.tasks.base import make_task
from engine.tasks.batch import Batch
from engine.tasks.kinds.forecasting import Forecasting
from engine.tasks.report import TaskReport
from engine.training.evaluate import EvaluateJob
from engine.training.events import EpochDone
from engine.training.job import TrainJob
from engine.training.spec import TrainingSpec


def sawtooth(folder: Path, columns: str = "warm") -> SeriesSet:
    """Sixty moments whose first column rises by 3 a step from 100 and whose second falls by 2 from 50."""
    values = {"warm": [100 + 3 * step for step in range(60)], "wet": [50 - 2 * step for step in range(60)]}
    lines = ["warm,wet", *(f"{one},{other}" for one, other in zip(*values.values(), strict=True))]
    (folder / "t.csv").write_text("\n".join(lines))
    options = {"file": "t.csv", "layout": "columns", "columns": columns, "steps": 4, "horizon": 2}
    found = parse_source(Choice(id="series_table", options=options)).load(folder, lambda _: None, CancelSource().token)
    assert isinstance(found, SeriesSet)
    return found


def told(ours: SeriesSet, wrong: float | list[float]) -> tuple[TaskReport, Forecasting]:
    """The report on a forecast that is too high by `wrong` of each value's own units, everywhere."""
    task = make_task("forecasting", ())
    assert isinstance(task, Forecasting)
    assert ours.units is not None
    task.learn_samples(ours)
    future = torch.from_numpy(ours.targets["future"])
    guess = future + torch.tensor(np.asarray(wrong) / ours.units.deviation, dtype=torch.float32)
    meter = task.meter(full=True)
    for half in (slice(0, 5), slice(5, None)):
        batch = Batch((torch.from_numpy(ours.inputs[half]),), {"future": future[half]})
        meter.add({"future": guess[half]}, batch)
    picture = ours.inputs[0]
    sketch = task.sketch(picture, {"future": guess[0].numpy()}, {"future": future[0].numpy()})
    return task.report(meter, [sketch]), task


def test_the_table_says_what_its_values_were(tmp_path: Path) -> None:
    units = sawtooth(tmp_path).units
    assert units is not None
    # Training holds the first 42 of 60 moments: 100, 103, …, 223, in the middle 161.5.
    assert units.names == ("warm",)
    assert units.mean.tolist() == [161.5]
    assert units.deviation == pytest.approx([3 * np.sqrt((42**2 - 1) / 12)])
    assert units.own(sawtooth(tmp_path).inputs)[0, :, 0] == pytest.approx([100, 103, 106, 109])


def test_errors_of_one_column_are_in_its_unit(tmp_path: Path) -> None:
    report, _ = told(sawtooth(tmp_path), 5)
    assert report.measures["rmse"] == pytest.approx(5, rel=1e-4)
    assert report.measures["mae"] == pytest.approx(5, rel=1e-4)
    # The last value once more is too low by 3 after one step and by 6 after two.
    assert report.measures["rmse_persistence"] == pytest.approx(np.sqrt((9 + 36) / 2), rel=1e-4)
    assert report.measures["skill_persistence"] == pytest.approx(1 - 25 / 22.5, rel=1e-3)
    (table,), (plot,) = report.tables, report.plots
    assert table.title == "RMSE of warm by how far ahead"
    assert [row[:3] for row in table.rows] == [
        (1, pytest.approx(5, rel=1e-4), pytest.approx(3, rel=1e-4)),
        (2, pytest.approx(5, rel=1e-4), pytest.approx(6, rel=1e-4)),
    ]
    assert plot.y == "RMSE of warm"
    assert plot.lines[1].y == pytest.approx([3, 6], rel=1e-4)
    (sketch,) = report.examples
    assert sketch.caption == "error 5"
    assert sketch.tip.splitlines()[1] == "warm: 120 foretold, 115 came at the last step"


def test_errors_of_several_columns_are_told_of_each_in_its_unit(tmp_path: Path) -> None:
    ours = sawtooth(tmp_path, "warm, wet")
    report, _ = told(ours, [5, -4])
    assert ours.units is not None
    one, other = ours.units.deviation.tolist()
    together = np.sqrt(((5 / one) ** 2 + (4 / other) ** 2) / 2)
    assert report.measures["rmse"] == pytest.approx(together, rel=1e-4)
    by_column, by_step = report.tables
    assert by_step.title == "RMSE of all, in deviations"
    assert by_column.title == "Each column in its own unit"
    assert by_column.columns == ("column", "MAE", "RMSE, network", "RMSE, persistence")
    assert [row[0] for row in by_column.rows] == ["warm", "wet"]
    assert by_column.rows[0][1:] == pytest.approx((5, 5, np.sqrt(22.5)), rel=1e-4)
    assert by_column.rows[1][1:] == pytest.approx((4, 4, np.sqrt((4 + 16) / 2)), rel=1e-4)
    assert [(plot.title, plot.y) for plot in report.plots] == [
        ("Error of warm", "RMSE of warm"),
        ("Error of wet", "RMSE of wet"),
        ("Error of all", "RMSE in standard deviations"),
    ]
    assert report.plots[1].lines[1].y == pytest.approx([2, 4], rel=1e-4)
    assert report.examples[0].caption.endswith(" deviations")
    assert "wet: 36 foretold, 40 came at the last step" in report.examples[0].tip


def test_values_that_were_not_scaled_stay_as_they_are() -> None:
    plain = Units(("a", "b"), np.zeros(2), np.ones(2))
    assert (plain.scaled, plain.common) == (False, 1.0)
    assert Units(("a",), np.zeros(1), np.full(1, 3.0)).common == 3.0
    assert Units(("a", "b"), np.zeros(2), np.full(2, 3.0)).common is None


def test_training_and_evaluation_tell_the_tables_units(tmp_path: Path) -> None:
    sawtooth(tmp_path)
    options = {"file": "t.csv", "layout": "columns", "columns": "warm", "steps": 4, "horizon": 2}
    project = ProjectSpec(
        "Warm",
        task="forecasting",
        network=open_network("lstm", length=4, features=1, hidden=2, num_classes=2),
        data=DataSpec(source=Choice(id="series_table", options=options)),
        training=TrainingSpec(
            epochs=1,
            optimiser=Choice(id="sgd", options={"learning_rate": 1e-9}),
            device="cpu",
            threads=1,
        ),
    )
    events: list[Event] = []
    run = tmp_path / "runs" / "first"
    TrainJob(project, tmp_path, run)(events.append, CancelSource().token)
    found = EvaluateJob(run, tmp_path)(lambda event: None, CancelSource().token)
    # Windows of the test begin at moment 51 and foretell 55 to 59, far above the mean of 161.5 that a network knows
    # that has learned nothing; persistence is too low by 3 and by 6.
    assert found.measures["rmse_persistence"] == pytest.approx(np.sqrt(22.5), rel=1e-4)
    assert 80 < found.measures["rmse"] < 150
    assert found.measures["loss"] < 20, "the loss stays in the units that are learned from"
    (done,) = (event.measures for event in events if isinstance(event, EpochDone))
    assert done["val_rmse"] > 50
