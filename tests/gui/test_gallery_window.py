"""The gallery's window: find a network, read its card beside the paper, set its options, open it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.main_window import MainWindow
from gui.shell.gallery_browser import GalleryBrowser
from tests.helpers import hands


@pytest.fixture
def browser(window: MainWindow, qtbot: QtBot) -> GalleryBrowser:
    with qtbot.waitSignal(window.context.engine.ready, timeout=60_000):
        window.context.engine.start()
    window.context.actions["file.gallery"].trigger()
    made = window.commands.gallery
    assert made is not None
    qtbot.waitUntil(lambda: bool(made._items), timeout=60_000)
    return made


def find(browser: GalleryBrowser, qtbot: QtBot, id: str) -> None:
    browser.show_network(id)
    qtbot.waitUntil(
        lambda: (
            browser.card.result is not None
            and browser.card.entry is not None
            and browser.card.entry.id == id
            and browser.card._handle is None
        ),
        timeout=30_000,
    )


def test_the_card_has_the_idea_and_the_papers_table_beside_ours(browser: GalleryBrowser, qtbot: QtBot) -> None:
    find(browser, qtbot, "lenet5")
    assert browser.card.title.text() == "LeNet-5 (1998)"
    assert "LeCun" in browser.card.byline.text()
    rows = {row[0]: row for row in browser.card.table._source.rows}
    c3 = next(row for name, row in rows.items() if name.startswith("C3"))
    assert c3[2] == c3[3] == (16, 10, 10)
    assert c3[4] is True


def test_typing_finds_networks_by_author_and_task(browser: GalleryBrowser, qtbot: QtBot) -> None:
    hands.type_over(browser.search, "sun 2015 resnet")
    left = {id for id, item in browser._items.items() if not item.isHidden()}
    assert {"resnet18", "resnet50"} <= left
    assert "lenet5" not in left
    assert browser.count.text().endswith(f"of {len(browser._items)} networks")


def test_options_change_the_numbers_and_what_is_opened(
    browser: GalleryBrowser, window: MainWindow, qtbot: QtBot
) -> None:
    find(browser, qtbot, "lenet5_modern")
    assert "61,706 parameters" in browser.card.figures.text()
    assert browser.card.form is not None
    with qtbot.waitSignal(browser.card.worked_out, timeout=30_000):
        editor = browser.card.form.editor("num_classes")
        hands.type_over(editor, "26")
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert f"{61_706 + 16 * 85:,} parameters" in browser.card.figures.text()
    document = window.context.document
    with qtbot.waitSignal(document.changed, timeout=30_000):
        hands.click(browser.open_here)
    assert document.project.network.node("fc3").params["out_features"] == 26
    assert window.current_page is not None
    assert window.current_page.id == "build"
    document.undo_stack.undo()
    assert not document.project.network.nodes


def test_a_new_project_gets_pictures_of_the_networks_size(
    browser: GalleryBrowser, window: MainWindow, qtbot: QtBot
) -> None:
    find(browser, qtbot, "alexnet")
    document = window.context.document
    with qtbot.waitSignal(document.replaced, timeout=30_000):
        hands.click(browser.open_new)
    preprocess = document.project.data.preprocess
    assert (preprocess.channels, preprocess.height, preprocess.width) == (3, 227, 227)


def test_a_search_without_a_match_says_so(browser: GalleryBrowser) -> None:
    hands.type_over(browser.search, "qqqq")
    assert browser.count.text().startswith("No network has “qqqq” on its card.")


def test_several_outputs_are_listed_by_their_names(browser: GalleryBrowser, qtbot: QtBot) -> None:
    find(browser, qtbot, "detr_small")
    assert "classes 20×4, boxes 20×4 out" in browser.card.figures.text()
