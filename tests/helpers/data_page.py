"""Hands for the Data page's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from engine.project.spec import ProjectSpec
from gui.context import Context
from gui.data.page import DataPage

_RANDOM = np.random.default_rng(4)


def click(widget: QWidget, pos: QPoint | None = None) -> None:
    """Press and release the left button in the middle of a widget, or at `pos`."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=pos or widget.rect().center())


def type_into(editor, text: str) -> None:
    """Replace what stands in a field, and press Enter."""
    editor.setFocus()
    editor.selectAll()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Qt.Key.Key_Return)


def save_noise(path: Path, size: tuple[int, int] = (20, 20)) -> None:
    """Write a picture that no other equals."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(_RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)


def open_page(qtbot, context: Context) -> DataPage:
    """The page, shown but not entered yet."""
    made = DataPage(context)
    qtbot.addWidget(made)
    made.resize(1368, 800)
    made.show()
    qtbot.waitExposed(made)
    return made


def wait_for_report(qtbot, page: DataPage, total: int | None = None) -> None:
    """Wait until all pictures have been looked at, and `total` of them are usable."""

    def done() -> bool:
        report = page.model.report
        return report is not None and page.model.work is None and (total is None or report.total == total)

    qtbot.waitUntil(done, timeout=20_000)


def project(page: DataPage) -> ProjectSpec:
    return page.context.document.project


def undo(page: DataPage) -> None:
    page.context.document.undo_stack.undo()
