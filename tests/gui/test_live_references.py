"""Runs that match on the Live page: which pictures they compare with is chosen there, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from engine.datasets.spec import PreprocessSpec
from engine.gallery.base import Drawing
from engine.inference.detections import Match
from engine.opencv import cv2
from engine.training.runs import RunInfo
from gui.context import Context
from gui.live.page import LivePage
from tests.helpers.run_folders import run_folder

WAIT = 30_000
DIGITS = tuple("0123456789")


@pytest.fixture
def page(qtbot: Any, context: Context) -> Iterator[LivePage]:
    made = LivePage(context)
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.shutdown()


@pytest.fixture
def run(tmp_path: Path) -> RunInfo:
    """It compares the grey of two pictures, place by place."""
    net = Drawing("Twin")
    first, second = net.input(1, 16, 16, id="first"), net.input(1, 16, 16, id="second")
    ends = [net.node("Flatten", f"flat{number}", start) for number, start in enumerate((first, second))]
    network = net.output(net.node("EuclideanDistance", "distance", ends))
    folder = run_folder(
        tmp_path / "twins", network, "matching", DIGITS, preprocess=PreprocessSpec(channels=1, height=16, width=16)
    )
    return RunInfo(folder, "twins", "finished", datetime.now(UTC), epochs=1, epochs_done=1, task="matching")


@pytest.fixture
def greys(tmp_path: Path) -> Path:
    """A folder with a folder for each of three greys, and beside it one picture of the middle one."""
    folder = tmp_path / "greys"
    for name, grey in (("dark", 20), ("middle", 120), ("bright", 230)):
        (folder / name).mkdir(parents=True)
        cv2.imwrite(str(folder / name / "1.png"), np.full((30, 30, 3), grey, np.uint8))
    (tmp_path / "seen").mkdir()
    cv2.imwrite(str(tmp_path / "seen" / "grey.png"), np.full((60, 80, 3), 130, np.uint8))
    return folder


def match(page: LivePage) -> Match | None:
    outcome = page._result.outcome if page._result is not None else None
    return outcome if isinstance(outcome, Match) else None


def choose_folder(page: LivePage, qtbot: Any, folder: Path) -> None:
    qtbot.mouseClick(page.panel.references.choose, Qt.MouseButton.LeftButton)
    (dialog,) = page.findChildren(QFileDialog)
    assert dialog.fileMode() == QFileDialog.FileMode.Directory
    dialog.fileSelected.emit(str(folder))
    dialog.close()
    qtbot.waitUntil(lambda: not page.findChildren(QFileDialog), timeout=WAIT)


def test_other_pictures_are_compared_with_and_taken_back(
    page: LivePage, qtbot: Any, run: RunInfo, greys: Path, tmp_path: Path
) -> None:
    references = page.panel.references
    assert not references.isVisible()
    page.panel.model.set_runs([run])
    page.panel.source.choose(str(tmp_path / "seen"))
    page.panel.model.choose(str(run.folder))
    assert references.isVisible()
    assert not references.back.isVisible()
    qtbot.waitUntil(lambda: (found := match(page)) is not None and found.classes == DIGITS, timeout=WAIT)
    assert references.words.text() == "Compares with 10 classes of the run's training data."

    choose_folder(page, qtbot, greys)
    qtbot.waitUntil(lambda: (found := match(page)) is not None and len(found.classes) == 3, timeout=WAIT)
    assert match(page).label == "middle"  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: references.words.text() == "Compares with 3 classes of greys.", timeout=WAIT)
    assert references.words.toolTip() == str(greys)

    # The choice is kept for this run while another model looks.
    page.panel.model.choose("opencv:face")
    assert not references.isVisible()
    page.panel.model.choose(str(run.folder))
    qtbot.waitUntil(lambda: (found := match(page)) is not None and len(found.classes) == 3, timeout=WAIT)

    qtbot.mouseClick(references.back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (found := match(page)) is not None and found.classes == DIGITS, timeout=WAIT)
    assert not references.back.isVisible()


def test_a_folder_without_classes_gives_a_sentence_and_a_way_back(
    page: LivePage, qtbot: Any, run: RunInfo, greys: Path, tmp_path: Path
) -> None:
    page.panel.model.set_runs([run])
    page.panel.source.choose(str(tmp_path / "seen"))
    page.panel.model.choose(str(run.folder))
    choose_folder(page, qtbot, greys / "dark")
    problem = page.panel.model.problem
    qtbot.waitUntil(lambda: "no folders with pictures" in problem.text, timeout=WAIT)
    assert page.panel.references.words.text() == "Compares with dark."
    qtbot.mouseClick(page.panel.references.back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: match(page) is not None, timeout=WAIT)
    assert problem.text == ""


def test_choosing_a_source_looks_at_no_file_in_the_window(
    page: LivePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder on a drive that sleeps would hold the window up for seconds."""
    import threading

    here = threading.get_ident()
    looked: list[str] = []
    real = Path.stat

    def stat(path: Path, **how: Any) -> Any:
        if threading.get_ident() == here and tmp_path in path.parents:
            looked.append(str(path))
        return real(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    for name in ("gone", "gone.mp4", "a.png"):
        page.panel.source.choose(str(tmp_path / name))
    page.panel.source.choose("rtsp://camera/stream")
    assert looked == []
    box = page.panel.source.box
    words = [box.itemText(number) for number in range(box.count())]
    assert {"gone", "gone.mp4", "a.png", "rtsp://camera/stream"} <= set(words)


def test_the_test_pictures_of_the_chosen_run_can_be_looked_at(page: LivePage, qtbot: Any, run: RunInfo) -> None:
    box = page.panel.source.box
    words = "Test pictures of the run"
    assert box.findText(words) < 0
    page.panel.model.set_runs([run])
    page.panel.model.choose(str(run.folder))
    assert box.findText(words) > 0
    box.setCurrentIndex(box.findText(words))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: match(page) is not None, timeout=WAIT)
    assert box.currentText() == words
    # Another model looks at the same pictures.
    page.panel.model.choose("opencv:face")
    assert box.currentText() == words
