"""Two processes that train together: however it ends, it ends in both, and a stop in mid-epoch changes nothing."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.training.run_folder import METRICS_FILE, read_summary
from tests.helpers.two_together import MIDDLE, SCENES, digest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FREE = """
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in held))
"""
Ends = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ends]:
    """The folder of the runs, and how each scene ended in the first and in the second process."""
    folder = tmp_path_factory.mktemp("together")
    ports = subprocess.run(
        [sys.executable, "-c", FREE, str(len(SCENES))], capture_output=True, text=True, check=True
    ).stdout.split()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    commands = [[sys.executable, "-m", "tests.helpers.two_together", str(rank), str(folder), *ports] for rank in (0, 1)]
    running = [subprocess.Popen(one, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) for one in commands]
    told = [one.communicate(timeout=100)[1] for one in running]
    assert [one.returncode for one in running] == [0, 9], told
    found = [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)]
    return folder, {scene.__name__: [one.get(scene.__name__, {}) for one in found] for scene in SCENES}


def rows_of(run: Path) -> list[dict[str, str]]:
    with (run / METRICS_FILE).open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def test_one_that_is_asked_to_stop_stops_both_at_the_same_step(together: tuple[Path, Ends]) -> None:
    _, ends = together
    assert [end["end"] for end in ends["stopped"]] == ["Cancelled", "Cancelled"]
    assert [end["steps"] for end in ends["stopped"]] == [MIDDLE, MIDDLE]


@pytest.mark.parametrize(("scene", "run"), [("gone_on", "stopped"), ("recovered", "saved")])
def test_going_on_in_mid_epoch_is_exact(together: tuple[Path, Ends], scene: str, run: str) -> None:
    """Also where each process has dropped other units and gathered other statistics."""
    folder, ends = together
    assert [end["end"] for end in ends[scene]] == ["Finished", "Finished"]
    assert digest(folder / run) == digest(folder / "whole")
    assert rows_of(folder / run) == rows_of(folder / "whole")


@pytest.mark.parametrize(
    ("scene", "run", "error", "said"),
    [
        ("not_a_number", "nan", "JobFailed", "The loss became NaN"),
        ("unreadable", "unreadable", "BadInput", "cat.png cannot be read. Replace it."),
        ("full_disk", "full", "JobFailed", "The disk is full, so report.csv could not be written."),
        ("declined", "", "BadInput", "The folder is not empty. Give another."),
    ],
)
def test_a_failure_of_one_ends_both_and_the_first_says_why(
    together: tuple[Path, Ends], scene: str, run: str, error: str, said: str
) -> None:
    folder, ends = together
    first, second = ends[scene]
    assert (first["end"], first["error"]) == ("Failed", error)
    assert first["said"].startswith(said)
    assert (second["end"], second["error"]) == ("Failed", "ToldByFirst")
    if run:
        summary = read_summary(folder / run)
        assert summary.status == "failed"
        assert summary.message.startswith(said)


def test_a_share_that_does_not_fit_into_memory_is_cut_in_one_process_alone(together: tuple[Path, Ends]) -> None:
    _, ends = together
    assert [end["end"] for end in ends["short"]] == ["Finished", "Finished"]


def test_a_process_that_was_killed_is_noticed(together: tuple[Path, Ends]) -> None:
    _, ends = together
    first = ends["killed"][0]
    assert first["said"].startswith("Another process of this training has ended without a word.")
