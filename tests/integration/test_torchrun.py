"""Two processes train one project together, as on a machine with two cards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

ROOT = Path(__file__).parents[2]
EACH = """
import hashlib, os, sys
import torch
from engine.training import group
told = group.Group.require_equal
def require_equal(self, model):
    if os.environ.get("SPOIL") and self.rank == 1:
        with torch.no_grad():
            next(model.parameters()).view(-1)[0] += 1e-3
    told(self, model)
group.Group.require_equal = require_equal
from main import main
sys.exit(main(sys.argv[1:]))
"""


def run_together(tmp_path: Path, *arguments: str, spoil: bool = False) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "each.py"
    script.write_text(EACH)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "SPOIL": "1" if spoil else ""}
    launch = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port=0", "--rdzv-backend=c10d",
              "--rdzv-endpoint=localhost:0"]  # fmt: skip
    command = [sys.executable, *launch, str(script), "train", "resources/samples/digits", "--device", "cpu", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150, check=False)


@pytest.mark.slow
def test_two_processes_reach_what_one_does(tmp_path: Path) -> None:
    done = run_together(tmp_path, "--json", "--out", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["epoch"] for line in lines if line["event"] == "epoch"] == list(range(1, 31))
    together = lines[-1]["test"]["accuracy"]
    command = [sys.executable, "main.py", "train", "resources/samples/digits", "--device", "cpu", "--json"]
    one = subprocess.run(
        [*command, "--out", str(tmp_path / "one")], cwd=ROOT, capture_output=True, text=True, check=True
    )
    alone = json.loads(one.stdout.splitlines()[-1])["test"]["accuracy"]
    assert together >= 0.98
    assert abs(together - alone) <= 0.012


def test_one_epoch_together_is_the_same_epoch(tmp_path: Path) -> None:
    """The processes end with equal weights, which they compare, and they are those of one process but for rounding."""
    done = run_together(tmp_path, "--epochs", "1", "--out", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 1/1") == 1
    command = [sys.executable, "main.py", "train", "resources/samples/digits", "--device", "cpu", "--epochs", "1"]
    subprocess.run([*command, "--out", str(tmp_path / "one")], cwd=ROOT, check=True, capture_output=True)
    two, one = (load_file(tmp_path / name / "checkpoints" / "best.safetensors") for name in ("two", "one"))
    assert two.keys() == one.keys()
    for name, weight in one.items():
        assert abs(two[name] - weight).max() < 2e-3, name


def test_processes_that_drift_apart_are_told(tmp_path: Path) -> None:
    done = run_together(tmp_path, "--epochs", "1", "--out", str(tmp_path / "two"), spoil=True)
    assert done.returncode != 0
    assert "different weights" in done.stderr
