"""The window's manners, with real keys and clicks: palette, undo, toasts, drops, themes, status, closing."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QInputDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from engine.errors import BadInput
from engine.events import Progress
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.project.store import load_project, save_network, save_project
from gui import theme
from gui.main_window import MainWindow
from gui.runtime.excepthook import ExceptHook
from tests.helpers import process_jobs
from tests.helpers.hands import carry_over, let_go

CONTROL = Qt.KeyboardModifier.ControlModifier


def rename(window: MainWindow, name: str) -> None:
    document = window.context.document
    document.edit(f"Rename to {name}", document.project.with_(name=name))


def type_into_palette(window: MainWindow, text: str) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    assert window.palette_view.isVisible()
    QTest.keyClicks(window.palette_view.field, text)


def shown_commands(window: MainWindow) -> list[str]:
    view = window.palette_view.list
    return [view.item(row).text() for row in range(view.count())]


def test_the_palette_finds_a_command_by_a_few_letters_and_runs_it(qtbot: QtBot, window: MainWindow) -> None:
    type_into_palette(window, "dark")
    assert shown_commands(window)[0] == "Dark"
    QTest.keyClick(window.palette_view.field, Qt.Key.Key_Return)
    assert window.palette_view.isHidden()
    assert theme.tokens().dark
    assert window.context.settings.values.theme == "dark"


def test_the_palette_goes_with_the_arrows_and_closes_with_escape(qtbot: QtBot, window: MainWindow) -> None:
    type_into_palette(window, "text")
    field, view = window.palette_view.field, window.palette_view.list
    assert {"Larger text", "Smaller text", "Normal text size"} <= set(shown_commands(window))
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert view.currentRow() == 1
    QTest.keyClick(field, Qt.Key.Key_Up)
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert view.currentRow() == view.count() - 1
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert window.palette_view.isHidden()


def test_the_palette_says_why_nothing_can_be_undone_and_does_not_run_it(qtbot: QtBot, window: MainWindow) -> None:
    type_into_palette(window, "undo")
    QTest.keyClick(window.palette_view.field, Qt.Key.Key_Return)
    assert window.palette_view.isVisible()
    command = window.palette_view.list.item(0).data(Qt.ItemDataRole.UserRole)
    assert command.blocked


def test_the_palette_opens_a_famous_network_as_a_project(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.context.gallery.changed, timeout=30_000):
        window.context.gallery.load()
    type_into_palette(window, "lenet")
    assert any("LeNet-5" in text for text in shown_commands(window))
    with qtbot.waitSignal(window.context.document.replaced, timeout=30_000):
        QTest.keyClick(window.palette_view.field, Qt.Key.Key_Return)
    project = window.context.document.project
    assert "LeNet" in project.name
    assert project.network.inputs[0].params["shape"] == (1, 32, 32)
    assert (project.data.preprocess.channels, project.data.preprocess.height) == (1, 32)


def test_undo_and_redo_by_keys_and_buttons_say_what_they_do(qtbot: QtBot, window: MainWindow) -> None:
    actions = window.context.actions
    assert not actions["edit.undo"].isEnabled()
    rename(window, "Digits")
    assert actions["edit.undo"].text() == "&Undo Rename to Digits"
    assert "Digits •" in window.top_bar.project.text()
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.context.document.project.name == "Untitled"
    QTest.mouseClick(window.top_bar.redo, Qt.MouseButton.LeftButton)
    assert window.context.document.project.name == "Digits"
    assert window.isWindowModified()


def test_a_fault_in_a_slot_becomes_a_toast_with_details_behind_a_button(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = ExceptHook(window.context.notifier)
    monkeypatch.setattr(sys, "excepthook", hook.caught)
    try:
        raise ZeroDivisionError("the width is 0")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    qtbot.waitUntil(lambda: len(window.toasts.shown) == 1, timeout=5000)
    (toast,) = window.toasts.shown
    assert "the width is 0" in toast.what.text()
    assert "Traceback" not in toast.what.text()
    assert toast.details.isHidden()
    QTest.mouseClick(toast.details_button, Qt.MouseButton.LeftButton)
    assert toast.details.isVisible()
    assert "ZeroDivisionError" in toast.details.toPlainText()
    QTest.mouseClick(toast.close_button, Qt.MouseButton.LeftButton)
    assert window.toasts.shown == []


def test_a_fault_in_any_thread_is_told_once(qtbot: QtBot, window: MainWindow) -> None:
    hook = ExceptHook(window.context.notifier)
    hook.install()
    try:

        def work() -> None:
            raise BadInput("There is no camera 3.", "Choose another.")

        for _ in range(3):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        qtbot.waitUntil(lambda: bool(window.toasts.shown), timeout=5000)
        QApplication.processEvents()
        assert [toast.note.what for toast in window.toasts.shown] == ["There is no camera 3."]
    finally:
        hook.uninstall()


def test_a_page_that_cannot_be_made_leaves_the_window_usable(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        id, title = "data", "Data"

        def make(self, context: object) -> QWidget:
            raise RuntimeError("no such widget")

    monkeypatch.setattr(window, "entries", (window.entries[0], Broken()))
    window.navigate("data")
    assert window.current_page is not None
    assert window.current_page.id == "home"
    assert "no such widget" in window.toasts.shown[0].note.what


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    assert carry_over(window, data, QPointF(300, 300))
    assert window.veil.isVisible()
    let_go(window, data, QPointF(300, 300))
    assert window.veil.isHidden()


def test_dropping_a_project_folder_opens_it(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    save_project(ProjectSpec(name="Dropped"), tmp_path / "project")
    with qtbot.waitSignal(window.context.document.replaced, timeout=10_000):
        drop(window, tmp_path / "project")
    assert window.context.document.project.name == "Dropped"
    assert window.context.settings.values.recent == (str(tmp_path / "project"),)


def test_dropping_a_network_file_makes_a_project_of_it(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    save_network(NetworkSpec(name="Mine"), tmp_path / "mine.json")
    with qtbot.waitSignal(window.context.document.replaced, timeout=10_000):
        drop(window, tmp_path / "mine.json")
    assert window.context.document.project.network.name == "Mine"
    assert not window.context.document.has_place


def test_dropping_something_else_says_what_can_be_dropped(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"x")
    drop(window, tmp_path / "song.mp3")
    qtbot.waitUntil(lambda: bool(window.toasts.shown), timeout=10_000)
    assert "song.mp3 is neither" in window.toasts.shown[0].note.what


def come_back(qtbot: QtBot, window: MainWindow) -> None:
    """After a dialog; without a window manager nobody gives the keyboard back."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)


def test_saving_for_the_first_time_asks_for_a_folder_and_names_the_project(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    document = window.context.document
    assert not document.has_place
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: window.findChild(QFileDialog) is not None, timeout=5000)
    field = window.findChild(QFileDialog).findChild(QLineEdit)
    field.setText(str(tmp_path / "Letters"))
    QTest.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: document.saved, timeout=10_000)
    assert load_project(tmp_path / "Letters").name == "Letters"
    assert window.windowTitle().startswith("Letters")
    assert window.status.saved.text().startswith("Saved ")
    rename(window, "Digits")
    assert window.status.saved.text() == "Unsaved changes"
    come_back(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: document.saved, timeout=10_000)
    assert load_project(tmp_path / "Letters").name == "Digits"


def test_the_project_is_renamed_by_its_menu(qtbot: QtBot, window: MainWindow) -> None:
    window.context.actions["file.rename"].trigger()
    qtbot.waitUntil(lambda: window.findChild(QInputDialog) is not None, timeout=5000)
    field = window.findChild(QInputDialog).findChild(QLineEdit)
    field.setText("Flowers")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.context.document.project.name == "Flowers"
    come_back(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.context.document.project.name == "Untitled"


def test_a_running_job_is_shown_with_its_progress_and_can_be_cancelled(qtbot: QtBot, window: MainWindow) -> None:
    view = window.status.job
    assert view.isHidden()
    handle = window.context.runner.start(process_jobs.tick, title="Counting")
    qtbot.waitUntil(lambda: "Tick" in view.text.text(), timeout=10_000)
    assert view.text.text().startswith("Counting")
    with qtbot.waitSignal(handle.ended, timeout=10_000):
        QTest.mouseClick(view.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(view.isHidden, timeout=5000)


def test_time_left_is_the_time_so_far_by_what_remains(qtbot: QtBot, window: MainWindow) -> None:
    handle = window.context.runner.start(process_jobs.wait, title="Waiting")
    handle.started -= 30
    handle.progress = Progress("Half", 3, 4)
    left = handle.seconds_left()
    assert left is not None
    assert left == pytest.approx(10, abs=1)
    window.status.job.refresh()
    assert window.status.job.left.text().endswith("s left")


def test_changing_the_theme_changes_colours_and_keeps_contrast(qtbot: QtBot, window: MainWindow) -> None:
    for mode in ("dark", "light"):
        window.context.actions[f"view.theme.{mode}"].trigger()
        t = theme.tokens()
        assert t.dark == (mode == "dark")
        assert QApplication.palette().window().color() == QColor(t.window)
        for text in (t.text, t.text_muted, t.problem, t.accent, t.warning, t.success):
            for ground in (t.window, t.panel, t.raised):
                assert contrast(text, ground) >= 4.5, (mode, text, ground)
        assert contrast(t.accent_text, t.accent) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_at_200_percent_keeps_the_window_whole(qtbot: QtBot, window: MainWindow) -> None:
    before = QApplication.font().pointSizeF()
    window.context.settings.update(text_percent=200)
    QApplication.processEvents()
    assert QApplication.font().pointSizeF() == pytest.approx(2 * before)
    window.resize(1280, 720)
    QApplication.processEvents()
    assert window.size().width() == 1280
    for widget in (window.top_bar.train, window.top_bar.search, window.status.saved):
        right = widget.mapTo(window, QPoint(widget.width(), 0)).x()
        assert right <= window.width()
    window.context.settings.update(text_percent=100)


def test_no_two_commands_that_are_there_together_share_a_shortcut(qtbot: QtBot, window: MainWindow) -> None:
    anywhere = [Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut]
    for entry in window.entries:
        window.navigate(entry.id)
        page = window.current_page
        assert page is not None
        assert page.id == entry.id, f"the page {entry.id} could not be made"
        taken: dict[str, str] = {}
        for action in {*window.context.actions, *page.page_actions()}:
            if action.shortcutContext() not in anywhere:
                continue
            for key in action.shortcuts():
                text = key.toString()
                assert text not in taken, f"{text} on {entry.id}: {taken[text]} and {action.text()}"
                taken[text] = action.text()


def test_the_rail_goes_by_keys(qtbot: QtBot, window: MainWindow) -> None:
    first = window.rail.button("home")
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Down)
    focused = window.focusWidget()
    assert isinstance(focused, QAbstractButton)
    assert focused.text() == window.entries[1 % len(window.entries)].title
    QTest.keyClick(window, Qt.Key.Key_1, CONTROL)
    assert window.current_page is not None
    assert window.current_page.id == "home"


def test_closing_while_a_job_runs_stops_it_and_keeps_unsaved_work(qtbot: QtBot, window: MainWindow) -> None:
    from engine.project import recovery

    rename(window, "Unsaved")
    handle = window.context.runner.start(process_jobs.wait, title="Waiting")
    with qtbot.waitSignal(window.closed, timeout=20_000):
        window.close()
    assert not handle.running
    assert [left.name for left in recovery.crashed()] == ["Unsaved"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vitrine")]


def test_a_toast_stays_above_a_page_that_comes_to_the_front(qtbot: QtBot, window: MainWindow) -> None:
    window.context.notifier.show("warning", "The disk is nearly full.", "Free some space.")
    (toast,) = window.toasts.shown
    window.navigate("data")
    middle = toast.mapTo(window, toast.rect().center())
    hit = window.childAt(middle)
    assert hit is not None
    assert hit is toast or toast.isAncestorOf(hit)


def test_a_project_in_training_does_not_leave_its_folder(qtbot: QtBot, window: MainWindow) -> None:
    window.context.actions["train.stop"].setEnabled(True)
    window.context.actions["file.save_as"].trigger()
    assert window.findChild(QFileDialog) is None
    assert "while it trains" in window.toasts.shown[-1].note.what
    window.context.actions["train.stop"].setEnabled(False)
    window.context.actions["file.save_as"].trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.reject()
