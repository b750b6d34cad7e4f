"""The Data page with real mouse and key events, real jobs and real files: pictures, folders, findings."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QFileDialog, QListView, QWidget

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.project.spec import ProjectSpec
from gui.data.split_bar import SplitBar
from tests.helpers.data_page import click, open_page, project, save_noise, undo, wait_for_report

# The offscreen platform has no windows to put in front of others.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)


@pytest.fixture
def page(qtbot, context):
    return open_page(qtbot, context)


@pytest.fixture
def digits(qtbot, page):
    page.entered()
    wait_for_report(qtbot, page, 1797)
    return page


@pytest.fixture
def pets(tmp_path):
    for name in ("cat", "dog"):
        for number in range(10):
            save_noise(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


def use_folder(qtbot, page, folder, total):
    page.entered()
    page.accept_hint(folder=folder)
    wait_for_report(qtbot, page, total)


def test_nothing_is_read_before_the_page_is_entered(page):
    assert page.model.pictures is None
    assert page.model.work is None
    assert page.context.runner.handles == ()


def test_digits_by_class_with_counts_and_preview(qtbot, digits):
    view = digits.pictures
    assert view.title.text() == "1,797 pictures in 10 classes"
    assert view.subtitle.text() == "8×8 pixels"
    assert [label.text() for label in digits.split.counts] == ["1,258", "270", "269"]
    assert view.bars.model().rowCount() == 11
    assert view.bars.model().index(4, 0).data(Qt.ItemDataRole.ToolTipRole).startswith("3: 183 pictures (")
    assert "no copies" in view.checks.rows[0].what.text()
    assert view.wall.count == 1797
    qtbot.waitUntil(lambda: digits.preview.shown is not None)
    assert digits.preview.shown.original.shape == (8, 8, 3)
    assert digits.preview.shown.seen.shape == (32, 32)


def test_choosing_a_class_shows_only_its_pictures(qtbot, digits):
    bars = digits.pictures.bars
    rect = bars.visualRect(bars.model().index(3, 0))
    click(bars.viewport(), rect.center())
    assert bars.label == 2
    assert digits.pictures.wall.count == 177
    QTest.keyClick(bars, Qt.Key.Key_Down)
    assert digits.pictures.wall.count == 183
    QTest.keyClick(bars, Qt.Key.Key_Home)
    assert digits.pictures.wall.count == 1797


def test_the_preview_follows_the_chosen_picture_and_the_settings(qtbot, digits):
    wall = digits.pictures.wall
    qtbot.waitUntil(lambda: digits.preview.shown is not None)
    first = digits.preview.shown.index
    wall.setFocus()
    QTest.keyClick(wall, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: digits.preview.shown.index == wall.current != first)
    digits.model.edit("Invert", preprocess=PreprocessSpec(height=16, width=16, invert=True))
    qtbot.waitUntil(lambda: digits.preview.shown.seen.shape == (16, 16))
    assert digits.preview.shown.seen[0, 0] == 255


# -- folders


def test_a_picture_folder_handed_over_by_the_window(qtbot, page, pets):
    use_folder(qtbot, page, pets, 20)
    assert project(page).data.source == Choice(id="folder", options={"folder": str(pets)})
    assert page.pictures.title.text() == "20 pictures in 2 classes"
    assert page.context.document.undo_stack.undoText() == "Take pictures from pets"
    undo(page)
    assert project(page).data.source.id == "digits"
    wait_for_report(qtbot, page, 1797)


def test_a_folder_inside_the_project_is_kept_relative(qtbot, page):
    inside = page.context.document.folder / "pictures"
    for name in ("a", "b"):
        save_noise(inside / name / "1.png")
    use_folder(qtbot, page, inside, 2)
    assert project(page).data.source.options["folder"] == "pictures"


def test_the_folder_dialog(qtbot, page, pets):
    page.entered()
    page.model.edit("Folder", source=Choice(id="folder"))
    qtbot.waitUntil(lambda: page.pictures.outer.currentWidget() is page.pictures.empty)
    assert page.pictures.empty.title.text() == "Drop a folder of pictures here"
    click(page.pictures.empty.button)
    dialog = page.window().findChild(QFileDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert not dialog.isModal() or dialog.windowModality() == Qt.WindowModality.WindowModal
    dialog.setDirectory(str(pets.parent))
    dialog.selectFile(str(pets))
    dialog.accept()
    wait_for_report(qtbot, page, 20)
    assert project(page).data.source.options["folder"] == str(pets)
    assert page.pictures.outer.currentWidget() is page.pictures.shown


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_without_classes_says_what_to_do_and_offers_the_digits(qtbot, page, tmp_path, empty):
    folder = tmp_path / "loose"
    folder.mkdir()
    if not empty:
        save_noise(folder / "1.png")
    page.entered()
    page.accept_hint(folder=folder)
    view = page.pictures
    qtbot.waitUntil(lambda: page.model.state == "failed")
    assert view.outer.currentWidget() is view.empty
    assert ("holds no pictures" if empty else "1 picture but no class folders") in view.empty.title.text()
    assert "folder for each class" in view.empty.text.text() or "one folder of pictures" in view.empty.text.text()
    assert view.empty.sample.text() == "Use the handwritten digits"
    click(view.empty.sample)
    wait_for_report(qtbot, page, 1797)
    assert view.outer.currentWidget() is view.shown


def test_broken_files_are_listed_and_drawn_as_such(qtbot, page, pets):
    (pets / "dog" / "3.png").write_bytes((pets / "dog" / "3.png").read_bytes()[:200])
    (pets / "dog" / "notes.txt").write_text("hello")
    use_folder(qtbot, page, pets, 19)
    view = page.pictures
    assert "2 files cannot be used" in view.subtitle.text()
    click(view.checks.buttons["unreadable"])
    assert view.stack.currentWidget() is view.faults
    listed = {view.faults.item(row, 0).text(): view.faults.item(row, 1).text() for row in range(2)}
    assert listed["dog/3.png"] == "3.png is cut off."
    assert "notes.txt" in listed["dog/notes.txt"]
    click(view.show_all)
    assert view.stack.currentWidget() is view.wall
    index = page.model.pictures.names.index("dog/3.png")
    qtbot.waitUntil(lambda: view.loader.has(index))
    assert view.loader.pixmap(index) is None


def test_a_finding_shows_its_pictures(qtbot, page, pets):
    (pets / "dog" / "copy.png").write_bytes((pets / "dog" / "0.png").read_bytes())
    use_folder(qtbot, page, pets, 21)
    view = page.pictures
    assert set(view.checks.buttons) == {"duplicate"}
    click(view.checks.buttons["duplicate"])
    assert view.wall.count == 2
    assert view.filter.isVisible()
    click(view.show_all)
    assert view.wall.count == 21


def test_looking_again_finds_new_files(qtbot, page, pets):
    use_folder(qtbot, page, pets, 20)
    save_noise(pets / "bird" / "1.png")
    click(page.source.reload)
    wait_for_report(qtbot, page, 21)
    assert page.pictures.title.text() == "21 pictures in 3 classes"


def test_looking_can_be_stopped_and_taken_up_again(qtbot, page, tmp_path):
    for name in ("a", "b"):
        save_noise(tmp_path / "many" / name / "0.png", (500, 500))
        for number in range(1, 60):
            shutil.copy(tmp_path / "many" / name / "0.png", tmp_path / "many" / name / f"{number}.png")
    page.entered()
    page.accept_hint(folder=tmp_path / "many")
    qtbot.waitUntil(lambda: page.model.state == "looking", timeout=10_000)
    page.pictures.progress.show()
    click(page.pictures.progress.stop)
    qtbot.waitUntil(lambda: page.model.state in ("stopped", "ready"), timeout=10_000)
    assert page.model.state == "stopped"
    assert "stopped" in page.pictures.checks.rows[0].what.text()
    assert page.pictures.wall.count == 120
    assert not page.pictures.progress.isVisible()
    page.model.look()
    wait_for_report(qtbot, page, 120)


def test_a_published_dataset_is_only_downloaded_when_asked(qtbot, page):
    page.entered()
    combo = page.source.form.editor("source").combo
    combo.setFocus()
    combo.setCurrentIndex(combo.findData("mnist"))
    combo.activated.emit(combo.currentIndex())
    view = page.pictures
    qtbot.waitUntil(lambda: page.model.state == "failed", timeout=10_000)
    assert view.empty.title.text() == "MNIST is not on this machine."
    assert "USB stick" in view.empty.text.text()
    assert view.empty.button.text() == "Download MNIST"
    assert view.empty.folder.isVisible()
    assert project(page).data.source == Choice(id="mnist")


# -- the whole


def test_another_project_is_shown_as_it_is(qtbot, digits):
    data = DataSpec(augmentation=(Choice(id="flip"),), preprocess=PreprocessSpec(height=20, width=24))
    digits.context.document.new(ProjectSpec("Other", data=data))
    qtbot.waitSignal(digits.context.document.replaced).wait()
    wait_for_report(qtbot, digits, 1797)
    assert digits.augmentation.words.text() == "Flip"
    assert digits.preprocess.form.editor("width").lineEdit().text() == "24"


def test_an_unknown_dataset_and_augmentation_do_not_stop_the_page(qtbot, page):
    data = DataSpec(source=Choice(id="holograms"), augmentation=(Choice(id="melt"),))
    page.context.document.edit("Strange", page.context.document.project.with_(data=data))
    page.entered()
    qtbot.waitUntil(lambda: page.model.state == "failed")
    assert "holograms" in page.pictures.empty.title.text()
    assert "melt (unknown)" in page.augmentation.words.text()


def test_everything_can_be_named_reached_and_is_explained(digits):
    digits.model.edit("Augment", augmentation=(Choice(id="affine"),))
    for widget in digits.findChildren(QWidget):
        if not widget.isVisibleTo(digits) or not isinstance(
            widget, QAbstractButton | QAbstractSpinBox | QComboBox | QListView | SplitBar
        ):
            continue
        if widget.objectName().startswith("qt_"):
            continue
        name = widget.accessibleName() or getattr(widget, "text", str)()
        assert name, f"{widget} has no name"
        # A control in a row of a form shows the tooltip of its row.
        assert widget.toolTip() or widget.parentWidget().toolTip(), f"{name} has no tooltip"
        if widget.isEnabled():
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, f"{name} cannot be reached by keyboard"


def test_no_text_is_cut_in_the_panels(digits):
    digits.model.edit("Augment", augmentation=(Choice(id="erase"),))
    for panel in (digits.left_panel, digits.right_panel):
        assert panel.widget().width() <= panel.viewport().width()
        assert panel.widget().minimumSizeHint().width() <= panel.viewport().width()


def test_actions_have_words_and_the_shortcut_works(qtbot, digits):
    actions = digits.page_actions()
    assert [action.shortcut() for action in actions if not action.shortcut().isEmpty()] == [QKeySequence("Ctrl+R")]
    before = digits.model.pictures
    digits.addActions(actions)
    digits.activateWindow()
    QTest.keyClick(digits, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    wait_for_report(qtbot, digits, 1797)
    assert digits.model.pictures is not before
