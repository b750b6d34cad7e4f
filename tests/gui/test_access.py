"""Everybody gets everywhere: each control of each page has a name and a tip, and the Tab key goes round them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.main_window import MainWindow
from tests.helpers import sample_projects

OPERATED = (QAbstractButton, QLineEdit, QComboBox, QAbstractSlider, QAbstractSpinBox)


@pytest.fixture
def furnished(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """The window with the digits sample in it and its engine loaded, so that every page has its forms."""
    window.context.document.edit("Take the digits", sample_projects.digits())
    with qtbot.waitSignal(window.context.engine.ready, timeout=60_000):
        window.context.engine.start()
    return window


def own_parts(root: QWidget) -> Iterator[QWidget]:
    """All widgets but those that Qt makes inside of its own ones, such as a list's scroll bars and headers."""
    for widget in root.findChildren(QWidget):
        inside_of = widget.parentWidget()
        if isinstance(widget, QScrollBar | QHeaderView) or widget.objectName().startswith("qt_"):
            continue
        if isinstance(inside_of, QAbstractSpinBox | QTabBar) or (
            inside_of and isinstance(inside_of.parentWidget(), QComboBox)
        ):
            continue
        yield widget


def spoken(widget: QWidget) -> str:
    """What a screen reader calls it."""
    written = widget.text().replace("&", "") if isinstance(widget, QAbstractButton) else ""
    inside_field = widget.toolTip() if isinstance(widget.parentWidget(), QLineEdit) else ""
    return widget.accessibleName() or written or inside_field


def about(widget: QWidget) -> str:
    above = [type(each).__name__ for each in (widget.parentWidget(), widget) if each is not None]
    return f"{'/'.join(above)} {spoken(widget)!r}"


def test_every_control_of_every_page_has_a_name_and_a_tip(furnished: MainWindow) -> None:
    for entry in furnished.entries:
        furnished.navigate(entry.id)
        QApplication.processEvents()
    lacking = []
    for widget in own_parts(furnished):
        # A button without any word is one that gets its words before it is shown.
        wordless = widget.isHidden() and not spoken(widget)
        if isinstance(widget, OPERATED) and not wordless and not (spoken(widget) and widget.toolTip()):
            lacking.append(f"{about(widget)}, tip {widget.toolTip()!r}")
    assert lacking == []


def test_whatever_takes_the_keyboard_says_what_it_is(furnished: MainWindow) -> None:
    nameless = []
    for entry in furnished.entries:
        furnished.navigate(entry.id)
        QApplication.processEvents()
    for widget in own_parts(furnished):
        by_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        around = widget.parentWidget()
        viewport = isinstance(around, QAbstractScrollArea) and around.viewport() is widget
        if by_tab and not widget.isHidden() and not spoken(widget) and not viewport:
            nameless.append(about(widget))
    assert nameless == []


def test_tab_goes_through_every_page_and_comes_round(furnished: MainWindow) -> None:
    furnished.activateWindow()
    for entry in furnished.entries:
        furnished.navigate(entry.id)
        QApplication.processEvents()
        page = furnished.current_page
        assert page is not None
        reached = tab_round(furnished)
        missed = [
            about(widget)
            for widget in own_parts(page)
            if isinstance(widget, (*OPERATED, QAbstractItemView))
            and widget.isVisible()
            and widget.isEnabled()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and not (isinstance(widget, QAbstractButton) and widget.group() and widget.group().exclusive())
            and widget not in reached
        ]
        assert missed == [], f"Tab does not get there on the page {entry.title}"


def tab_round(window: MainWindow) -> set[QWidget]:
    """What Tab reaches from where the keyboard is until it is there again."""
    window.rail.button("home").setFocus()
    first = QApplication.focusWidget()
    assert first is not None
    reached: set[QWidget] = set()
    for _ in range(500):
        now = QApplication.focusWidget()
        assert now is not None
        reached.add(now)
        QTest.keyClick(now, Qt.Key.Key_Tab)
        if QApplication.focusWidget() is first:
            return reached
    raise AssertionError(f"Tab does not come round; it stays with {about(QApplication.focusWidget())}")
