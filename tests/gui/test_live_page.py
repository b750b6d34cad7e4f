"""The Live page with real mouse and key events: sources, models, the scribble pad, captures, and faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.errors import JobFailed
from engine.inference.detections import Classification, Detections
from engine.inference.frame import Frame
from engine.inference.source import Source
from engine.training.runs import list_runs
from gui.context import Context
from gui.live.page import LivePage
from gui.live.scribble_pad import SIDE
from tests.helpers.digit_strokes import STROKES
from tests.helpers.digits_run import train_digits
from tests.helpers.videos import decoded, moving_face, write_video

WAIT = 20_000


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "face.avi", moving_face())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    train_digits(root, epochs=6)
    return root


@pytest.fixture
def page(qtbot: Any, context: Context) -> Iterator[LivePage]:
    made = LivePage(context)
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.shutdown()


def pick(box: Any, text: str) -> None:
    """Choose an entry of a combo box by typing the beginning of its words."""
    box.setFocus()
    QTest.keyClicks(box, text)
    assert box.currentText().startswith(text)


def write_digit(page: LivePage, digit: int) -> None:
    """Draw a digit on the pad with the mouse, in many small moves."""
    pad = page.stage.pad
    paper = pad.paper()

    def at(x: float, y: float) -> QPoint:
        return QPoint(round(paper.x() + x * paper.width()), round(paper.y() + y * paper.height()))

    for stroke in STROKES[digit]:
        QTest.mousePress(pad, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(*stroke[0]))
        for (x1, y1), (x2, y2) in pairwise(stroke):
            for share in (0.25, 0.5, 0.75, 1):
                QTest.mouseMove(pad, at(x1 + share * (x2 - x1), y1 + share * (y2 - y1)))
        QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(*stroke[-1]))


def outcome(page: LivePage) -> Any:
    return page._result.outcome if page._result is not None else None


def settled(page: LivePage) -> bool:
    """Whether the answer is about the drawing as it is now."""
    return (
        isinstance(outcome(page), Classification)
        and page.stage.pad.picture() is not None
        and np.array_equal(page._result.frame.image, page.stage.pad.picture())  # type: ignore[union-attr]
    )


def test_the_empty_page_says_what_to_do_and_does_it(page: LivePage, qtbot: Any) -> None:
    page.entered()
    assert page.stage.stack.currentWidget() is page.stage.empty
    qtbot.waitUntil(lambda: page.panel.source.note.isVisible() or page.panel.source.box.count() > 6, timeout=WAIT)
    assert not page.snapshot.isEnabled()
    assert "no picture yet" in page.panel.buttons["live.snapshot"].toolTip()
    qtbot.mouseClick(page.stage.empty.button, Qt.MouseButton.LeftButton)
    assert page.stage.stack.currentWidget() is page.stage.pad_page
    assert page.panel.source.box.currentText() == "Scribble pad"


def test_faces_of_a_video_are_found_and_filtered(page: LivePage, qtbot: Any, video: Path) -> None:
    page.accept_hint(source=str(video))
    pick(page.panel.model.box, "Faces")
    qtbot.waitUntil(lambda: isinstance(outcome(page), Detections) and len(outcome(page)) > 0, timeout=WAIT)
    qtbot.waitUntil(lambda: "face" in page.panel.answers.found.text(), timeout=WAIT)
    qtbot.waitUntil(lambda: {"Model", "Frame rate", "Picture age"} <= set(page.ribbon.cells), timeout=WAIT)
    assert page.ribbon.cells["Picture"] == "480×320"
    # The threshold by keyboard: End goes to 100 %, which no cascade reaches.
    page.panel.slider.setFocus()
    QTest.keyClick(page.panel.slider, Qt.Key.Key_End)
    assert page.panel.value.text() == "100 %"
    qtbot.waitUntil(lambda: page.panel.answers.found.text() == "No face found", timeout=WAIT)
    QTest.keyClick(page.panel.slider, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: "× face" in page.panel.answers.found.text(), timeout=WAIT)


def test_overlay_paints_and_unpaints_the_box(page: LivePage, qtbot: Any, video: Path) -> None:
    page.accept_hint(source=str(video), model="opencv:face")
    qtbot.waitUntil(lambda: isinstance(outcome(page), Detections) and len(outcome(page)) > 0, timeout=WAIT)
    qtbot.mouseClick(page.panel.buttons["live.freeze"], Qt.MouseButton.LeftButton)
    serial = page._result.serial
    qtbot.waitUntil(lambda: len(page.stage.picture.outcome) > 0 or page._result.serial > serial, timeout=WAIT)
    with_box = page.stage.picture.grab().toImage()
    page.panel.overlay.setFocus()
    QTest.keyClick(page.panel.overlay, Qt.Key.Key_Space)
    assert not page.panel.overlay.isChecked()
    assert page.stage.picture.grab().toImage() != with_box


def test_a_scribbled_digit_is_read(page: LivePage, qtbot: Any, project: Path) -> None:
    page.context.runs.runs = list_runs(project)
    page.context.runs.changed.emit()
    pick(page.panel.source.box, "Scribble")
    pick(page.panel.model.box, "run-001")
    right = []
    for digit in (0, 3, 4, 6):
        write_digit(page, digit)
        qtbot.waitUntil(lambda: settled(page), timeout=WAIT)
        right.append(int(outcome(page).label))
        qtbot.waitUntil(lambda: page.panel.answers.bars.result is outcome(page), timeout=WAIT)
        assert page.panel.answers.bars.isVisible()
        assert page.panel.answers.seen.isVisible()
        qtbot.mouseClick(page.stage.wipe, Qt.MouseButton.LeftButton)
        assert not page.panel.answers.bars.isVisible()
        assert outcome(page) is None
    assert right == [0, 3, 4, 6]


def test_paper_of_either_colour_reads_the_same(page: LivePage, qtbot: Any, project: Path) -> None:
    page.context.runs.runs = list_runs(project)
    page.context.runs.changed.emit()
    page.accept_hint(source="scribble", run=list_runs(project)[0])
    write_digit(page, 3)
    qtbot.waitUntil(lambda: settled(page), timeout=WAIT)
    dark = page._result
    qtbot.mouseClick(page.stage.paper, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: settled(page), timeout=WAIT)
    assert page._result.frame.image[0, 0, 0] == 255
    np.testing.assert_array_equal(outcome(page).seen, dark.outcome.seen)


def test_the_pad_draws_with_the_keyboard(page: LivePage, qtbot: Any) -> None:
    page.accept_hint(source="scribble")
    pad = page.stage.pad
    drawn: list[Any] = []
    pad.drawn.connect(drawn.append)
    QTest.keyClick(pad, Qt.Key.Key_Down)
    assert not drawn, "moving the pen draws nothing"
    for _ in range(10):
        QTest.keyClick(pad, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert drawn[-1].shape == (SIDE, SIDE, 3)
    columns = np.flatnonzero(drawn[-1][:, :, 0].max(axis=0) > 128)
    rows = np.flatnonzero(drawn[-1][:, :, 0].max(axis=1) > 128)
    assert rows[-1] - rows[0] > 2 * (columns[-1] - columns[0])
    QTest.keyClick(pad, Qt.Key.Key_Delete)
    assert drawn[-1] is None


def test_freeze_holds_the_picture_and_another_model_still_looks(page: LivePage, qtbot: Any, video: Path) -> None:
    page.accept_hint(source=str(video), model="opencv:motion")
    qtbot.waitUntil(lambda: outcome(page) is not None, timeout=WAIT)
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_F7)
    assert page.freeze.isChecked()
    qtbot.waitUntil(lambda: page.runner._loop._wish.paused, timeout=WAIT)
    pick(page.panel.model.box, "Faces")
    qtbot.waitUntil(lambda: outcome(page) is not None and outcome(page).classes == ("face",), timeout=WAIT)
    held = page._result
    assert held.again
    QTest.keyClick(page, Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: page._result.frame.index != held.frame.index, timeout=WAIT)


def test_snapshot_and_recording_are_whole_files(page: LivePage, qtbot: Any, video: Path) -> None:
    said: list[Any] = []
    page.context.notifier.shown.connect(said.append)
    page.accept_hint(source=str(video), model="opencv:face")
    qtbot.waitUntil(lambda: outcome(page) is not None, timeout=WAIT)
    folder = page.context.document.folder / "captures"
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_F8)
    qtbot.waitUntil(lambda: len(said) == 1, timeout=WAIT)
    assert said[0].what.startswith("Snapshot saved")
    QTest.keyClick(page, Qt.Key.Key_F9)
    began = page._result.serial
    qtbot.waitUntil(lambda: page._result.serial > began + 8, timeout=WAIT)
    assert not list(folder.glob("[!.]*.mp4")), "the film appears only when it is whole"
    assert page.record.text() == "Stop"
    QTest.keyClick(page, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: len(said) == 2, timeout=WAIT)
    (film,) = folder.glob("*.mp4")
    (picture,) = folder.glob("*.png")
    frames = decoded(film)
    assert len(frames) >= 5
    assert frames[0].shape == (320, 480, 3)
    assert sorted(path.name for path in folder.iterdir()) == sorted([film.name, picture.name])


class Faulty(Source):
    """A camera that is not there until the test plugs it in, and then may hang."""

    live = True
    patience = 0.3
    plugged = False
    hanging: threading.Event | None = None

    def __init__(self) -> None:
        super().__init__("Test camera")
        self._index = 0

    def open(self) -> None:
        if not Faulty.plugged:
            raise JobFailed("Test camera is not there.", "Plug it in.")

    def read(self) -> Frame | None:
        self._wait(0.01)
        if Faulty.hanging is not None:
            Faulty.hanging.wait(20)
        if self.interrupted:
            return None
        self._index += 1
        return Frame(np.full((60, 80, 3), self._index % 256, np.uint8), self._index, 0, time.perf_counter())

    def close(self) -> None:
        return


@pytest.fixture
def faulty(page: LivePage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Begins to watch the faulty camera."""
    monkeypatch.setattr(Faulty, "plugged", False)
    monkeypatch.setattr(Faulty, "hanging", None)
    yield lambda: page.runner.watch(partial(Faulty))
    if Faulty.hanging is not None:
        Faulty.hanging.set()


def test_a_missing_camera_gives_a_sentence_and_a_retry(page: LivePage, qtbot: Any, faulty: Callable[[], None]) -> None:
    faulty()
    qtbot.waitUntil(lambda: page.stage.fault.title.text() == "Test camera is not there.", timeout=WAIT)
    assert page.stage.stack.currentWidget() is page.stage.fault
    assert "Plug it in." in page.stage.fault.text.text()
    Faulty.plugged = True
    page.runner._capture._retry_at = time.monotonic() + 60  # so that only the button can help
    qtbot.mouseClick(page.stage.fault.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.stage.stack.currentWidget() is page.stage.picture, timeout=WAIT)


def test_a_hanging_camera_never_hangs_the_window(page: LivePage, qtbot: Any, faulty: Callable[[], None]) -> None:
    Faulty.plugged = True
    faulty()
    qtbot.waitUntil(lambda: page._result is not None, timeout=WAIT)
    Faulty.hanging = threading.Event()
    qtbot.waitUntil(lambda: page.stage.banner.isVisible(), timeout=WAIT)
    assert "gave no picture" in page.stage.banner.text.text()
    assert page.stage.stack.currentWidget() is page.stage.picture, "the last picture stays"
    began = time.monotonic()
    page.shutdown()
    assert time.monotonic() - began < 6


def test_leaving_the_page_lets_go_of_the_camera_and_coming_back_takes_it(
    page: LivePage, qtbot: Any, video: Path
) -> None:
    page.entered()
    page.accept_hint(source=str(video))
    qtbot.waitUntil(lambda: page._result is not None, timeout=WAIT)
    page.left()
    assert not page.runner.watching
    qtbot.waitUntil(lambda: not any(t.name == "vitrine-capture" for t in threading.enumerate()), timeout=WAIT)
    page.entered()
    qtbot.waitUntil(lambda: page._result is not None and page.stage.stack.currentWidget() is page.stage.picture)


def test_a_model_that_cannot_be_opened_says_why(page: LivePage, qtbot: Any, video: Path, tmp_path: Path) -> None:
    page.accept_hint(source=str(video), model=str(tmp_path))
    qtbot.waitUntil(lambda: page.panel.model.problem.isVisible(), timeout=WAIT)
    assert "config.json" in page.panel.model.problem.text
    pick(page.panel.model.box, "Faces")
    qtbot.waitUntil(lambda: outcome(page) is not None, timeout=WAIT)
    assert not page.panel.model.problem.isVisible()


def test_every_control_has_a_name_and_a_tooltip(page: LivePage) -> None:
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSlider

    for kind in (QAbstractButton, QComboBox, QLineEdit, QSlider):
        for control in page.findChildren(kind):
            if control.objectName().startswith("qt_") or isinstance(control.parent(), QComboBox | QLineEdit):
                continue
            assert control.accessibleName() or (isinstance(control, QAbstractButton) and control.text()), control
            assert control.toolTip(), control
