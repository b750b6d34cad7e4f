"""Training a project that ships, as a person would without a window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engine.paths import resources

ROOT = Path(__file__).resolve().parents[2]


def trained(name: str, folder: Path, seconds: float, timeout: float = 840) -> list[dict[str, Any]]:
    """Train the sample into `folder` and return the lines that `train --json` wrote; the last one holds the test.

    It must take less than so many seconds on one thread, which rounds alike on all machines of a kind. What other
    programs take of the machine does not count; Windows tells the time on the clock only.
    """
    command = [sys.executable, "main.py", "train", str(resources() / "samples" / name), "--json", "--out", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    begun, before = time.monotonic(), os.times()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    on_the_clock, after = time.monotonic() - begun, os.times()
    own = after.children_user + after.children_system - before.children_user - before.children_system
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(
        f"{name}: {lines[-1]['test']}, {on_the_clock:.0f} seconds, {own:.0f} of them its own"
    )  # the figures are worth seeing
    assert min(own or on_the_clock, on_the_clock) < seconds
    return lines
