"""The sample that Home offers first: what it is, how long it takes and how well it reads digits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.prepare import prepare
from engine.gallery import open_network
from engine.graph.analyse import analyse
from engine.paths import resources
from engine.project.store import load_project
from engine.training.session import threads_for
from tests.helpers.sample_projects import SAMPLES

ROOT = Path(__file__).resolve().parents[2]
DIGITS = resources() / "samples" / "digits"


@pytest.mark.parametrize("name", list(SAMPLES))
def test_the_samples_are_as_their_script_writes_them(name: str) -> None:
    assert load_project(resources() / "samples" / name) == SAMPLES[name]()


def test_it_is_lenet_on_the_real_digits() -> None:
    project = load_project(DIGITS)
    assert project.network == open_network("lenet5_modern")
    analysis = analyse(project.network)
    assert not analysis.errors
    assert analysis.totals.parameters == 61_706
    prepared = prepare(project.data, DIGITS, lambda event: None, CancelSource().token)
    parts = [prepared.train, prepared.validation, prepared.test]
    assert sum(len(part) for part in parts) == 1797
    assert len(np.unique(np.concatenate([part.indices for part in parts]))) == 1797
    counts = np.bincount(prepared.test.labels.numpy())
    assert counts.max() - counts.min() <= 3
    assert len(prepared.test) >= 260


def test_small_networks_take_one_thread_and_large_ones_all() -> None:
    project = load_project(DIGITS)
    assert threads_for(project, 8) == 1
    assert threads_for(project.with_(network=open_network("resnet18")), 8) == 8


def _train(tmp_path: Path, seed: int) -> tuple[list[dict[str, Any]], float]:
    command = [sys.executable, "main.py", "train", str(DIGITS), "--json", "--seed", str(seed)]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    begun = time.monotonic()
    done = subprocess.run(
        [*command, "--out", str(tmp_path / str(seed))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], time.monotonic() - begun


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_reads_98_of_100_held_out_digits_within_a_minute(tmp_path: Path) -> None:
    accuracies, seconds = [], []
    for seed in (0, 1, 2):
        lines, took = _train(tmp_path, seed)
        assert [line["epoch"] for line in lines[:-1]] == list(range(1, 31))
        accuracies.append(lines[-1]["test"]["accuracy"])
        seconds.append(took)
    print(f"test accuracy {accuracies}, seconds {seconds}")  # noqa: T201 - the figures are worth seeing
    assert np.mean(accuracies) >= 0.98
    assert max(seconds) < 60
