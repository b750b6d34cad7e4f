"""Measures in words and units: of the right task, and the same in the window and on the command line."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from engine.commands.base import Output
from engine.commands.evaluate import measure_lines
from engine.commands.train import _print_summary, _Printer
from engine.tasks.base import TASKS
from engine.tasks.measure_help import measure_help
from engine.tasks.measure_words import column_show, in_order, measure_title, measure_value, sample_words
from engine.training.events import EpochDone, RunSummary


def test_a_measure_that_several_tasks_have_is_named_by_its_own() -> None:
    assert measure_title("recall", "edges") == "Recall there"
    assert measure_title("recall", "detection") == "Average recall"
    assert measure_title("recall", "instances") == "Average box recall"
    assert measure_title("map", "detection") == "mAP 50–95"
    assert measure_title("map", "instances") == "Box mAP 50–95"
    assert measure_title("f1_macro", "sequence") == "F1, mean over classes"
    assert measure_title("loss_box") == "Loss: box"
    assert measure_title("never_heard_of") == "Never heard of"


@pytest.mark.parametrize("task", list(TASKS))
def test_every_measure_of_every_task_has_a_title_a_unit_and_an_explanation(task: str) -> None:
    for name in TASKS.get(task).measures:
        assert "_" not in measure_title(name, task)
        assert measure_title(name, task)[:2].strip() != measure_title(name, task)[:2].lower() or (
            measure_title(name, task).startswith("mAP")
        )
        assert measure_value(name, 0.5, task)
        assert measure_help(name).endswith(".")


def test_values_have_the_unit_of_the_task() -> None:
    assert measure_value("gain", 7.64, "denoising") == "7.6 dB"
    assert measure_value("median_angle", 6.52, "normals") == "6.5°"
    assert measure_value("accuracy", 0.986, "classification") == "98.6 %"
    assert measure_value("rmse", 0.3569, "forecasting") == "0.3569"
    assert measure_value("kappa", float("nan"), "classification") == "–"


def test_what_is_counted_is_called_what_it_is() -> None:
    found = {task: sample_words(task)[1] for task in ("detection", "sequence", "characters", "matching", "unknown")}
    assert found == {
        "detection": "pictures",
        "sequence": "sequences",
        "characters": "excerpts",
        "matching": "rounds",
        "unknown": "pictures",
    }


def test_the_measure_that_counts_comes_first_and_the_loss_last() -> None:
    assert in_order({"loss": 1, "perplexity": 3, "bits_per_character": 2, "loss_x": 1}, "characters") == [
        "bits_per_character",
        "perplexity",
        "loss",
        "loss_x",
    ]


@pytest.mark.parametrize(
    ("values", "column", "shown"),
    [
        ([12.09, 6.5, 21.634], "worst", ["12.09", "6.50", "21.63"]),
        ([0.1, 0.2, 0.9], "threshold", ["0.1", "0.2", "0.9"]),
        ([1.416, 0.07317], "RMSE", ["1.416", "0.073"]),
        ([0.184, None], "recall %", ["18.4 %", "–"]),
        ([4100, 7], "pixels", ["4,100", "7"]),
        (["e", None], "character", ["e", "–"]),
        ([2e-5, 1e-6], "step", ["2.0e-05", "1.0e-06"]),
        ([float("nan"), 0.5], "share", ["–", "0.5"]),
    ],
)
def test_a_column_has_the_digits_that_its_numbers_need(
    values: list[str | int | float | None], column: str, shown: list[str]
) -> None:
    show: Callable[[str | int | float | None], str] = column_show(values, column)
    assert [show(value) for value in values] == shown


def test_training_prints_words_and_units() -> None:
    stream = io.StringIO()
    out = Output(False, stream)
    printer = _Printer(out, 20, "detection")
    printer(EpochDone(2, 40, 1.5, 1.25, {"train_recall": 0.5, "val_map": 0.25}, best=True))
    _print_summary(
        out, RunSummary("runs/run-001", {"loss": 1.2, "map": 0.183, "recall": 0.4}, 2, 20, 12.3), "detection"
    )
    assert stream.getvalue().splitlines() == [
        "epoch  2/20  training: loss 1.5000 · Average recall 50.0 %  validation: loss 1.2500 · mAP 50–95 25.0 %  best",
        "20 epochs in 12.3 s, the best was epoch 2.",
        "On the test part:",
        "  mAP 50–95       18.3 %",
        "  Average recall  40.0 %",
        "  Loss            1.2000",
        "run: runs/run-001",
    ]


def test_a_run_without_a_test_part_says_so() -> None:
    stream = io.StringIO()
    _print_summary(Output(False, stream), RunSummary("run", {}, 1, 1, 2.0), "generation")
    assert stream.getvalue().splitlines() == ["1 epoch in 2.0 s.", "Nothing was kept aside to test on.", "run: run"]
    assert measure_lines({}, "generation") == []
