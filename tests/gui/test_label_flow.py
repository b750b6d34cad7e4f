"""What comes before and beside drawing on the Label page: looking, going about, keeping, bringing pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from engine.labelling import edits, store
from engine.labelling.spec import LabelSet
from gui.context import Context
from gui.labelling.page import LabelPage
from gui.main_window import MainWindow
from tests.helpers.hands import button, carry_over, click, drag, let_go
from tests.helpers.label_page import at, draw_box, near, open_page, press, ready, save_pictures, shapes, with_pictures
from tests.helpers.videos import moving_face, write_video

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NOTHING, MIDDLE = Qt.MouseButton.NoButton, Qt.MouseButton.MiddleButton


@pytest.fixture
def empty(qtbot: QtBot, context: Context) -> LabelPage:
    return open_page(qtbot, context)


@pytest.fixture
def page(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> LabelPage:
    """The page with three pictures and the class cat."""
    return with_pictures(qtbot, empty, tmp_path / "mine")


# -- looking


def test_the_wheel_zooms_and_the_place_under_the_cursor_stays(page: LabelPage) -> None:
    place = QPointF(at(page, 20, 60))
    before = page.canvas.view.to_picture(place)
    scale = page.canvas.view.scale
    for turned in (120, 120, -120, 240):
        where = page.canvas.mapToGlobal(place)
        event = QWheelEvent(
            place, where, QPoint(), QPoint(0, turned), NOTHING, Qt.KeyboardModifier(0),
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(page.canvas, event)
        assert page.canvas.view.to_picture(place) == pytest.approx(before, abs=1e-6)
    assert page.canvas.view.scale == pytest.approx(scale * 1.25**3)
    draw_box(page, 15, 55, 25, 65)
    assert near(shapes(page)[0], 15, 55, 25, 65), "drawing is exact at every zoom"


def test_ctrl_plus_minus_and_zero_zoom_the_picture(page: LabelPage) -> None:
    scale = page.canvas.view.scale
    press(page, Qt.Key.Key_Plus, CONTROL)
    press(page, Qt.Key.Key_Equal, CONTROL)
    assert page.canvas.view.scale == pytest.approx(scale * 1.25**2)
    press(page, Qt.Key.Key_Minus, CONTROL)
    assert page.canvas.view.scale == pytest.approx(scale * 1.25)
    press(page, Qt.Key.Key_0, CONTROL)
    assert page.canvas.view.scale == pytest.approx(scale)


@pytest.mark.parametrize("how", ["middle", "space"])
def test_the_middle_button_and_the_space_bar_pan(page: LabelPage, how: str) -> None:
    start = at(page, 40, 30)
    end = start + QPoint(50, -20)
    if how == "space":
        QTest.keyPress(page.canvas, Qt.Key.Key_Space)
        drag(page.canvas, start, end)
        QTest.keyRelease(page.canvas, Qt.Key.Key_Space)
    else:
        QTest.mousePress(page.canvas, MIDDLE, pos=start)
        where = page.canvas.mapToGlobal(QPointF(end))
        kind = QMouseEvent.Type.MouseMove
        QApplication.sendEvent(
            page.canvas, QMouseEvent(kind, QPointF(end), where, NOTHING, MIDDLE, Qt.KeyboardModifier(0))
        )
        QTest.mouseRelease(page.canvas, MIDDLE, pos=end)
    assert shapes(page) == []
    assert at(page, 40, 30) == end


def test_n_and_p_and_the_strip_go_from_picture_to_picture(qtbot: QtBot, page: LabelPage) -> None:
    files = [picture.file for picture in page.model.labels.pictures]
    assert page.model.file == files[0]
    press(page, "n")
    assert page.model.file == files[1]
    press(page, "n")
    press(page, "n")
    assert page.model.file == files[2], "there is no picture behind the last"
    press(page, "p")
    assert page.model.file == files[1]
    QTest.mouseClick(page.strip.viewport(), Qt.MouseButton.LeftButton, pos=page.strip.cell(0).center())
    assert page.model.file == files[0]
    assert page.canvas.hasFocus(), "the keys still belong to the picture"


def test_the_objects_of_the_previous_picture_are_copied(page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    draw_box(page, 50, 10, 80, 30)
    first = shapes(page)
    press(page, "n")
    press(page, Qt.Key.Key_D, CONTROL)
    assert shapes(page) == first
    assert page.model.chosen == (0, 1), "ready to be moved to where they are now"
    page.context.document.undo_stack.undo()
    assert shapes(page) == []


def test_a_picture_with_nothing_in_it_is_marked_as_finished(page: LabelPage) -> None:
    assert page.outcome.count.text() == "0 of 3 pictures, 0 objects"
    press(page, "f")
    assert page.outcome.count.text() == "1 of 3 pictures, 0 objects"
    press(page, "f")
    assert page.outcome.count.text() == "0 of 3 pictures, 0 objects"
    draw_box(page, 10, 10, 30, 30)
    assert not page.finish.isEnabled()
    assert "Something is on it" in page.finish.toolTip()


def test_a_picture_that_is_taken_out_comes_back_with_its_labels(page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    kept = page.model.labels
    click(button(page, "Take picture out"))
    assert len(page.model.labels.pictures) == 2
    page.context.document.undo_stack.undo()
    assert page.model.labels == kept
    assert len(shapes(page)) == 1, "and it is the one that is shown"


# -- keeping


def test_the_file_holds_what_is_on_the_page(qtbot: QtBot, page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    qtbot.waitUntil(lambda: page.model.saved, timeout=20_000)
    assert store.load(page.model.folder) == page.model.labels
    page.context.document.undo_stack.undo()
    qtbot.waitUntil(lambda: page.model.saved, timeout=20_000)
    assert store.load(page.model.folder).picture(page.model.file).objects == ()


def test_labels_go_along_when_the_project_is_saved_and_are_there_when_it_is_opened_again(
    qtbot: QtBot, page: LabelPage, tmp_path: Path
) -> None:
    document = page.context.document
    draw_box(page, 10, 10, 30, 30)
    kept = page.model.labels
    qtbot.waitUntil(lambda: page.model.saved, timeout=20_000)
    document.save_as(tmp_path / "project")
    qtbot.waitUntil(lambda: document.has_place and document.saving is None, timeout=20_000)
    qtbot.waitUntil(lambda: page.model.folder == tmp_path / "project" / "labels" and page.model.saved, timeout=20_000)
    document.new()
    draw_box(page, 50, 10, 80, 30)
    qtbot.waitUntil(lambda: document.opening is None and page.model.labels == LabelSet(), timeout=20_000)
    assert page.stack.currentWidget() is page.empty
    document.open(tmp_path / "project")
    qtbot.waitUntil(lambda: page.model.labels.pictures != (), timeout=20_000)
    assert len(shapes(page)) == 2, "also what was drawn at the last moment"
    assert page.model.labels.classes == kept.classes
    assert document.saved, "opening is no change"


def test_a_damaged_file_of_labels_is_told_and_left_alone(qtbot: QtBot, context: Context) -> None:
    folder = context.document.folder / "labels"
    folder.mkdir(parents=True)
    (folder / "labels.json").write_text("{")
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.fault)
    assert "labels.json cannot be opened" in page.fault.title.text()
    assert not page.model.edit("Add class", lambda labels: edits.add_class(labels, "cat"))
    page.left()
    page.shutdown()
    assert (folder / "labels.json").read_text() == "{"


def test_undoing_on_another_page_shows_the_picture_that_it_is_about(qtbot: QtBot, window: MainWindow) -> None:
    window.navigate("label")
    page = window.current_page
    assert isinstance(page, LabelPage)
    qtbot.waitUntil(lambda: not page.model.reading)
    click(page.empty.samples)
    qtbot.waitUntil(lambda: len(page.model.labels.pictures) == 12, timeout=20_000)
    ready(qtbot, page)
    assert page.model.labels.names == ("disc", "square", "triangle")
    draw_box(page, 10, 10, 60, 60)
    first = page.model.file
    press(page, "n")
    window.navigate("build")
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.current_page is page
    assert page.model.file == first
    assert shapes(page) == []


# -- bringing pictures


def test_pictures_are_dropped_onto_the_empty_page(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "dropped", 2)
    (folder / "broken.png").write_bytes(b"x")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    middle = QPointF(empty.rect().center())
    assert empty.stack.currentWidget() is empty.empty
    assert carry_over(empty, mime, middle)
    assert let_go(empty, mime, middle)
    qtbot.waitUntil(lambda: len(empty.model.labels.pictures) == 2)
    assert empty.stack.currentWidget() is empty.splitter
    other = QMimeData()
    other.setUrls([QUrl.fromLocalFile(str(tmp_path / "project.json"))])
    assert not carry_over(empty, other, middle), "projects are the window's"


def test_a_folder_is_chosen_in_the_dialog(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "chosen", 2)
    click(empty.empty.state.button)
    dialog = empty.window().findChild(QFileDialog)
    assert dialog is not None
    dialog.setDirectory(str(folder.parent))
    dialog.selectFile(str(folder))
    dialog.fileSelected.emit(str(folder))
    dialog.close()
    qtbot.waitUntil(lambda: len(empty.model.labels.pictures) == 2)


def test_pictures_are_taken_out_of_a_film(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.avi", moving_face())
    click(empty.empty.camera)
    assert empty.stack.currentWidget() is empty.camera
    empty.camera.watch(str(film))
    qtbot.waitUntil(empty.camera.take.isEnabled, timeout=20_000)
    for number in (1, 2):
        click(empty.camera.take)
        qtbot.waitUntil(lambda number=number: len(empty.model.labels.pictures) == number, timeout=20_000)
    click(empty.camera.done)
    assert empty.stack.currentWidget() is empty.splitter
    ready(qtbot, empty)
    assert (empty.model.labels.pictures[0].width, empty.model.labels.pictures[0].height) == (480, 320)
    assert empty.camera.runner.shutdown()


def test_a_picture_that_went_missing_says_so_in_its_place(qtbot: QtBot, page: LabelPage) -> None:
    files = [picture.file for picture in page.model.labels.pictures]
    (page.model.folder / files[2]).unlink()
    page.model.go_to(files[2])
    qtbot.waitUntil(lambda: "not there any more" in page.canvas._words, timeout=20_000)
    draw_box(page, 10, 10, 30, 30)
    assert shapes(page) == []
