"""`train`, `evaluate` and `predict`: JSON Lines, resuming, being interrupted, and where runs go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import main
from engine.paths import data_dir, resources
from engine.project import places
from engine.project.store import save_project
from tests.helpers.small_project import small_project

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return save_project(small_project(), tmp_path / "project").parent


def lines(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, Any]]:
    """Run a command with --json and return its lines."""
    status = main.main([*map(str, arguments), "--json"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    return [json.loads(line) for line in printed.out.splitlines()]


def test_train_prints_epochs_and_ends_with_the_test_measures(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *epochs, finished = lines(capsys, "train", project, "--epochs", "3", "--seed", "5")
    assert [line["epoch"] for line in epochs] == [1, 2, 3]
    for line in epochs:
        assert list(line) == ["event", "epoch", "train_loss", "val_loss", "measures"]
        assert line["event"] == "epoch"
        assert line["train_loss"] > 0
        assert 0 <= line["measures"]["val_accuracy"] <= 1
    assert (finished["event"], set(finished)) == ("finished", {"event", "run", "test"})
    run = Path(finished["run"])
    assert run.parent == project / "runs", "runs belong to the project, so that it can be copied as a whole"
    assert {"network.json", "config.json", "metrics.csv", "checkpoints", "report"} <= {
        path.name for path in run.iterdir()
    }
    assert json.loads((run / "config.json").read_text())["training"]["seed"] == 5

    (measured,) = lines(capsys, "evaluate", run)
    assert measured["split"] == "test"
    assert measured["measures"]["accuracy"] == pytest.approx(finished["test"]["accuracy"])
    confusion = np.array(measured["confusion"])
    assert confusion.trace() / confusion.sum() == pytest.approx(measured["measures"]["accuracy"])
    assert measured["pictures"] == confusion.sum()
    assert len(measured["per_class"]) == 10
    status = main.main(["evaluate", str(run), "--split", "validation"])
    assert status == 0
    assert "(validation)" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_run_and_another_does_not(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [
        lines(capsys, "train", project, "--seed", seed, "--out", tmp_path / name)[0]["train_loss"]
        for name, seed in (("a", "1"), ("b", "1"), ("c", "2"))
    ]
    assert results[0] == results[1] != results[2]


def test_out_is_not_overwritten_and_resume_needs_something_to_resume(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    for arguments, words in (
        (("--out", str(tmp_path / "full")), "is not empty"),
        (("--resume",), "no unfinished run"),
        (("--resume", "--out", str(tmp_path / "full")), "There is no run in"),
        (("--resume", "--seed", "3"), "begun with"),
        (("--epochs", "0"), "--epochs cannot be 0"),
        (("--seed", "-1"), "--seed cannot be -1"),
    ):
        assert main.main(["train", str(project), *arguments]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert words in printed.err
    assert not (project / "runs").exists()


def start_training(project: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "main.py", "train", str(project), "--json", *more],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send one process Ctrl+C")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_saves_a_checkpoint_and_resume_goes_on(
    project: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    process = start_training(project, "--epochs", "100000")
    assert process.stdout is not None
    with process:
        first = json.loads(process.stdout.readline())
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert first["epoch"] == 1
    seen = [json.loads(line)["epoch"] for line in out.splitlines()]
    (run,) = (project / "runs").iterdir()
    assert (run / "checkpoints" / "last.pt").exists()

    last = max([1, *seen])
    *epochs, finished = lines(capsys, "train", project, "--epochs", str(last + 2), "--resume")
    assert [line["epoch"] for line in epochs] == [last + 1, last + 2]
    assert Path(finished["run"]) == run


def test_runs_of_a_sample_leave_the_sample_as_it_is(tmp_path: Path) -> None:
    sample = resources() / "samples" / "digits"
    root = places.runs_root(sample)
    assert data_dir() in root.parents
    assert resources() not in root.parents
    assert places.runs_root(sample / "project.json") == root
    other = tmp_path / "digits"
    save_project(small_project(), other)
    assert places.runs_root(other) == other.resolve()


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_runs_of_a_project_that_may_not_be_written_go_to_the_data_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # a superuser may write everywhere
    assert places.runs_root(project).is_relative_to(data_dir())
    assert places.runs_root(project).name.startswith("project-")


def test_a_runs_folder_that_is_a_link_out_of_the_project_is_refused(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project / "runs").symlink_to(tmp_path / "elsewhere")
    assert main.main(["train", str(project)]) == 2
    assert "leads out of the folder" in capsys.readouterr().err
    assert not list((tmp_path / "elsewhere").iterdir())


def test_predict_prints_a_line_per_frame(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished = lines(capsys, "train", project)[-1]
    from engine.opencv import cv2

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in range(3):
        cv2.imwrite(str(pictures / f"{index}.png"), np.full((20, 20, 3), 80 * index, np.uint8))
    answers = lines(capsys, "predict", "--model", finished["run"], "--source", pictures)
    assert [answer["frame"] for answer in answers] == [0, 1, 2]
    assert all(set(answer) == {"frame", "name", "time_ms", "label", "score"} for answer in answers)
    assert [answer["name"] for answer in answers] == ["0.png", "1.png", "2.png"]
    assert len(lines(capsys, "predict", "--model", finished["run"], "--source", pictures, "--limit", "2")) == 2
    (found, *_) = lines(capsys, "predict", "--model", "opencv:face", "--source", pictures, "--limit", "1")
    assert found["detections"] == []
    assert main.main(["predict", "--model", "opencv:face", "--source", str(pictures)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 frames"
    assert main.main(["predict", "--model", "opencv:face", "--source", str(tmp_path / "none.mp4")]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("sample", "name", "told"),
    [
        ("shapes_detection", "hog+svm", "this project's task has none"),
        ("digits", "watershed", "Watershed is a baseline for segmentation, and the project's task is classification"),
    ],
)
def test_a_baseline_of_another_task_is_refused(sample, name, told, tmp_path, capsys):
    folder = resources() / "samples" / sample
    assert main.main(["train", str(folder), "--baseline", name, "--out", str(tmp_path / "run")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_baseline_prints_the_same_lines_and_leaves_a_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    epoch, finished = lines(capsys, "train", project, "--baseline", "hog+svm")
    assert (epoch["event"], epoch["epoch"]) == ("epoch", 1)
    assert epoch["measures"]["val_accuracy"] > 0.9
    (measured,) = lines(capsys, "evaluate", finished["run"])
    assert measured["measures"]["accuracy"] == pytest.approx(finished["test"]["accuracy"])
    assert main.main(["train", str(project), "--resume"]) == 2, "a baseline is nothing to go on with"
    assert "no unfinished run" in capsys.readouterr().err
    assert main.main(["train", str(project), "--baseline", "hog+forest"]) == 2
    assert "hog+svm" in capsys.readouterr().err
