"""Autosave: found after a crash, gone after a clean save, and never taken from a window that still runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import BadInput
from engine.graph.spec import NetworkSpec, NodeSpec
from engine.project import recovery
from engine.project.spec import ProjectSpec

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ProjectSpec(name="Digits", network=NetworkSpec(nodes=(NodeSpec("input1", "Input", {"shape": [1, 8, 8]}),)))

CHILD = """
import os, sys
from engine.project import recovery
from engine.project.spec import ProjectSpec
slot = recovery.claim()
slot.write(ProjectSpec(name="Of the child"), None)
print(slot.folder, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), 9) if hasattr(os, "fork") else os._exit(9)
"""


def test_an_autosave_survives_a_crash_and_is_adopted_whole(tmp_path: Path) -> None:
    slot = recovery.claim()
    slot.write(PROJECT, tmp_path / "mine")
    slot.release()  # what the operating system does when a process dies
    (left,) = recovery.crashed()
    assert (left.name, left.origin, left.folder) == ("Digits", tmp_path / "mine", slot.folder)
    adopted, project = recovery.adopt(left)
    assert project == PROJECT
    assert recovery.crashed() == (), "an adopted project is nobody else's to recover"
    adopted.discard()
    assert not left.folder.exists()


def test_a_running_window_keeps_its_autosave() -> None:
    slot = recovery.claim()
    slot.write(PROJECT, None)
    other = recovery.claim()
    assert recovery.crashed() == ()
    slot.discard()
    other.discard()


def test_a_clean_save_leaves_nothing_to_recover() -> None:
    slot = recovery.claim()
    slot.write(PROJECT, None)
    slot.clear()
    slot.release()
    assert recovery.crashed() == ()


def test_two_windows_that_recover_the_same_project_get_it_once() -> None:
    slot = recovery.claim()
    slot.write(PROJECT, None)
    slot.release()
    (left,) = recovery.crashed()
    winner, _ = recovery.adopt(left)
    with pytest.raises(BadInput, match="recovered in another window"):
        recovery.adopt(left)
    recovery.forget(left)
    assert left.folder.exists(), "forgetting must not delete what another window works on"
    winner.discard()


def test_a_killed_process_leaves_its_autosave_and_a_living_one_keeps_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child, child.stdin, child.stdout:
        folder = Path(child.stdout.readline().strip())
        assert recovery.crashed() == (), "the other process still runs"
        child.stdin.write("\n")
        child.stdin.flush()
        child.wait(timeout=30)
    (left,) = recovery.crashed()
    assert (left.folder, left.name, left.origin) == (folder, "Of the child", None)


def test_a_broken_autosave_is_refused_with_a_sentence_and_kept() -> None:
    slot = recovery.claim()
    slot.write(PROJECT, None)
    slot.release()
    (slot.folder / "autosave.json").write_text("[")
    (slot.folder / "project.json").write_text("{")
    (left,) = recovery.crashed()
    assert left.name == "Untitled"
    with pytest.raises(BadInput, match=r"project\.json"):
        recovery.adopt(left)
    assert recovery.crashed() == (left,)
    recovery.forget(left)
    assert recovery.crashed() == ()
