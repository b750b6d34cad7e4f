"""The document: edits, undo, and its files, with real jobs on a real disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.graph.spec import NetworkSpec, NodeSpec
from engine.project import recovery
from engine.project.spec import ProjectSpec
from engine.project.store import load_project, save_project
from gui.document.document import Document
from gui.runtime.job_runner import JobRunner


@pytest.fixture
def document(runner: JobRunner) -> Iterator[Document]:
    made = Document(runner, autosave_seconds=0.05)
    yield made
    made.close()


def named(document: Document, name: str) -> ProjectSpec:
    return document.project.with_(name=name)


def wait_for(qtbot: QtBot, handle) -> object:
    with qtbot.waitSignal(handle.ended, timeout=10_000) as seen:
        pass
    return seen.args[0]


def test_undo_and_redo_give_back_the_very_values(document: Document) -> None:
    first = document.project
    document.edit("Rename", named(document, "A"))
    document.edit_network("Add", lambda spec: NetworkSpec(spec.name, (NodeSpec("input1", "Input"),)))
    last = document.project
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.project is first
    document.undo_stack.redo()
    document.undo_stack.redo()
    assert document.project is last
    assert document.undo_stack.undoText() == "Add"


def test_typing_is_one_step_and_returning_to_the_start_is_none(document: Document) -> None:
    for text in ("D", "Di", "Dig"):
        document.edit("Rename", named(document, text), merge="name")
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.project.name == "Untitled"
    document.undo_stack.redo()
    document.edit("Rename", named(document, "Untitled"), merge="name")
    assert not document.undo_stack.canUndo()


def test_an_edit_that_changes_nothing_is_no_step(document: Document) -> None:
    assert not document.edit("Nothing", document.project)
    assert not document.dirty


def test_save_as_then_save_then_open_again(qtbot: QtBot, document: Document, tmp_path: Path) -> None:
    (document.folder / "runs" / "one").mkdir(parents=True)
    (document.folder / "runs" / "one" / "metrics.csv").write_text("epoch\n", "utf-8")
    document.edit("Rename", named(document, "Digits"))
    place = tmp_path / "Ziffern ö"
    wait_for(qtbot, document.save_as(place))
    assert document.saved
    assert document.folder == place
    assert (place / "runs" / "one" / "metrics.csv").is_file()
    document.edit("Rename", named(document, "Digits 2"))
    assert document.dirty
    wait_for(qtbot, document.save())
    assert load_project(place).name == "Digits 2"
    wait_for(qtbot, document.new())
    assert document.project.name == "Untitled"
    wait_for(qtbot, document.open(place / "project.json"))
    assert document.project.name == "Digits 2"
    assert document.saved
    assert recovery.crashed() == ()


def test_what_is_left_unsaved_is_offered_again(qtbot: QtBot, document: Document, tmp_path: Path) -> None:
    save_project(ProjectSpec(name="Kept"), tmp_path / "kept")
    wait_for(qtbot, document.open(tmp_path / "kept"))
    document.edit("Rename", named(document, "Changed"))
    wait_for(qtbot, document.new())
    (left,) = recovery.crashed()
    assert (left.name, left.origin) == ("Changed", tmp_path / "kept")
    wait_for(qtbot, document.recover(left))
    assert document.project.name == "Changed"
    assert document.folder == tmp_path / "kept"
    assert document.dirty
    assert load_project(tmp_path / "kept").name == "Kept"


def test_changes_are_autosaved_without_touching_the_project(qtbot: QtBot, document: Document, tmp_path: Path) -> None:
    save_project(ProjectSpec(name="Kept"), tmp_path / "kept")
    wait_for(qtbot, document.open(tmp_path / "kept"))
    document.edit("Rename", named(document, "Changed"))

    def autosaved() -> bool:
        return any((folder / "autosave.json").exists() for folder in recovery.recovery_dir().iterdir())

    qtbot.waitUntil(autosaved, timeout=5000)
    assert load_project(tmp_path / "kept").name == "Kept"


def test_a_broken_file_leaves_the_open_project_alone(qtbot: QtBot, document: Document, tmp_path: Path) -> None:
    document.edit("Rename", named(document, "Mine"))
    (tmp_path / "project.json").write_text("{", "utf-8")
    notes: list = []
    document._notifier.shown.connect(notes.append)
    wait_for(qtbot, document.open(tmp_path))
    assert document.project.name == "Mine"
    assert notes[0].severity == "problem"
    assert "project.json" in notes[0].what
