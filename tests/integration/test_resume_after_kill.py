"""A training that is killed at random moments and resumed ends in the same weights, to the last bit."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.datasets.spec import Choice, DataSpec
from engine.gallery import open_network
from engine.project.spec import ProjectSpec
from engine.project.store import save_project
from engine.training.checkpoint import load_best, load_last
from engine.training.runs import read_metrics, run_info
from engine.training.spec import TrainingSpec

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "helpers" / "train_process.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs SIGKILL and fork")


class Nursery:
    """A process that trains on request in children that can be killed."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def begin(self, folder: Path, run: Path) -> int:
        """Begin a training and return its process id once it takes steps, or 0 when it ended before."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder}\t{run}\n")
        self._process.stdin.flush()
        pid = 0
        for line in self._lines():
            if line.startswith("pid "):
                pid = int(line[4:])
            if line == "started":
                break
            if line == "ended":
                return 0
        # The parent may be slower to say the number than the child to start.
        return pid or int(next(line for line in self._lines() if line.startswith("pid "))[4:])

    def ended(self) -> bool:
        """Wait for the training to end; whether it finished."""
        finished = False
        for line in self._lines():
            finished = finished or line == "finished"
            if line == "ended":
                break
        return finished

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            yield line.strip()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait(30)
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


def project(epochs: int) -> ProjectSpec:
    """Everything with a memory at once: Adam's moments, plateau, clipping, augmentation, the average
    of the weights, early stopping's counter."""
    return ProjectSpec(
        network=open_network("lenet5_modern"),
        data=DataSpec(augmentation=(Choice(id="rotate"), Choice(id="noise"))),
        training=TrainingSpec(
            epochs=epochs,
            batch_size=48,
            optimiser=Choice(id="adam", options={"learning_rate": 0.003}),
            schedule=Choice(id="plateau", options={"patience": 0, "factor": 0.7, "warmup_epochs": 0.5}),
            clip_norm=2.0,
            ema=0.5,
            weight_decay=1e-3,
            label_smoothing=0.05,
            early_stopping=1000,
            device="cpu",
            seed=7,
        ),
    )


def killed(nursery: Nursery, folder: Path, run: Path, kills: int, longest: float, seed: int) -> int:
    """Kill a training at random moments after its first step, then let it finish. Returns how many kills struck."""
    moments = random.Random(seed)
    struck = 0
    for _ in range(kills):
        pid = nursery.begin(folder, run)
        if not pid:
            break
        threading.Event().wait(moments.uniform(0.0, longest))
        with contextlib.suppress(ProcessLookupError):  # it had ended
            os.kill(pid, signal.SIGKILL)
        struck += not nursery.ended()
    nursery.begin(folder, run)
    assert nursery.ended()
    return struck


def same_run(one: Path, other: Path) -> None:
    for ours, theirs in ((load_last(one)["model"], load_last(other)["model"]), (load_best(one), load_best(other))):
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert torch.equal(ours[name], theirs[name]), name
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in read_metrics(run)] for run in (one, other)]
    assert rows[0] == rows[1]
    infos = run_info(one), run_info(other)
    assert infos[0].status == infos[1].status == "finished"
    assert infos[0].test == infos[1].test
    assert infos[0].best_epoch == infos[1].best_epoch


@pytest.mark.parametrize(
    ("epochs", "kills", "longest"),
    [(10, 3, 0.6), pytest.param(60, 14, 1.2, marks=[pytest.mark.slow, pytest.mark.timeout(600)])],
)
def test_kills_leave_no_trace(nursery: Nursery, tmp_path: Path, epochs: int, kills: int, longest: float) -> None:
    save_project(project(epochs), tmp_path)
    whole, broken = tmp_path / "runs" / "whole", tmp_path / "runs" / "broken"
    nursery.begin(tmp_path, whole)
    assert nursery.ended()
    struck = killed(nursery, tmp_path, broken, kills, longest, seed=epochs)
    assert struck >= min(kills, 10)
    same_run(whole, broken)
    rates = {row["learning_rate"] for row in read_metrics(whole)}
    assert len(rates) > 1, "the plateau never struck, so its memory was not tried"
