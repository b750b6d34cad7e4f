"""A thousand damaged or hostile files: each opens or is refused with a sentence. See tests/helpers/open_hostile.py."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def opened_under_watch(work: Path, part: str) -> list[dict[str, Any]]:
    """Open one part in a process of its own, which ends itself with a traceback when one file takes too long."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.open_hostile", str(work), part],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    assert lines[-1].get("done"), f"it ended in {lines[-1]}: {done.stderr[-4000:]}"
    return [line for line in lines if "result" in line]


@pytest.mark.parametrize(("part", "at_least"), [("files", 700), ("runs", 300)])
def test_every_hostile_file_opens_or_is_refused_with_a_sentence(tmp_path: Path, part: str, at_least: int) -> None:
    results = opened_under_watch(tmp_path, part)
    wrong = [line for line in results if line["result"] not in ("opened", "refused")]
    assert not wrong, f"{len(wrong)} of {len(results)}, first: {json.dumps(wrong[:3], indent=1)}"
    for line in results:
        if line["result"] == "refused":
            sentences = line["detail"]
            assert re.search(r"[.!?]\)?$", sentences.strip()), f"{line['name']}: not two sentences: {sentences!r}"
            assert len(sentences) < 1500, f"{line['name']}: {sentences[:200]!r}…"
            assert "Traceback" not in sentences
    assert len(results) >= at_least
    opened = sum(line["result"] == "opened" for line in results)
    assert 0.02 < opened / len(results) < 0.8, "the corpus is neither all harmless nor all nonsense"
    slowest = max(results, key=lambda line: line["seconds"])
    assert slowest["seconds"] < 10, slowest
