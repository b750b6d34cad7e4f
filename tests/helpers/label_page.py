"""Hands for the Label page: pictures on disk, and places of a picture on the screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.labelling import edits
from engine.labelling.spec import Box, Shape
from gui.context import Context
from gui.labelling.page import LabelPage
from tests.helpers.hands import drag

WIDTH, HEIGHT = 96, 72
NONE = Qt.KeyboardModifier.NoModifier


def save_pictures(folder: Path, count: int = 3) -> Path:
    """Different pictures of `WIDTH` by `HEIGHT` pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        waves = 127 + 120 * np.sin(x / (5 + 3 * number) + number) * np.cos(y / (9 - 2 * number))
        picture = np.stack([waves, waves[::-1], waves[:, ::-1]], axis=2).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{number + 1}.png")
    return folder


def open_page(qtbot: QtBot, context: Context) -> LabelPage:
    """The page, shown and entered, with nothing on it yet."""
    page = LabelPage(context)
    qtbot.addWidget(page)
    page.resize(1368, 800)
    page.show()
    page.activateWindow()
    qtbot.waitExposed(page)
    page.entered()
    qtbot.waitUntil(lambda: not page.model.reading)
    return page


def with_pictures(qtbot: QtBot, page: LabelPage, folder: Path) -> LabelPage:
    """The page with three pictures and the class cat."""
    page.bringing.add((save_pictures(folder),))
    qtbot.waitUntil(lambda: len(page.model.labels.pictures) == 3)
    page.model.edit("Add class cat", lambda labels: edits.add_class(labels, "cat"))
    ready(qtbot, page)
    page.canvas.setFocus()
    return page


def near(shape: Shape, *wanted: float) -> bool:
    """Whether a box is where it should be, as exactly as pixels of the screen allow."""
    assert isinstance(shape, Box)
    found = (shape.left, shape.top, shape.right, shape.bottom)
    return all(abs(a - b) <= 0.2 for a, b in zip(found, wanted, strict=True))


def ready(qtbot: QtBot, page: LabelPage) -> None:
    """Wait until the current picture is on the screen."""
    path = page.model.folder / page.model.file
    qtbot.waitUntil(lambda: page.pixels.get(path) is not None, timeout=20_000)


def at(page: LabelPage, x: float, y: float) -> QPoint:
    """Where a place of the picture is on the canvas."""
    return page.canvas.view.to_screen(x, y).toPoint()


def draw_box(page: LabelPage, left: float, top: float, right: float, bottom: float) -> None:
    """Drag a box with the mouse."""
    drag(page.canvas, at(page, left, top), at(page, right, bottom))


def press(page: LabelPage, key: Qt.Key | str, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Press a key where the picture has the keyboard."""
    if isinstance(key, str):
        QTest.keyClicks(page.canvas, key, modifiers)
    else:
        QTest.keyClick(page.canvas, key, modifiers)


def shapes(page: LabelPage) -> list[Shape]:
    """The shapes on the current picture."""
    return [one.shape for one in page.model.objects]


def names(page: LabelPage) -> list[str]:
    """The classes of the objects of the current picture."""
    return [page.model.labels.names[one.label] for one in page.model.objects]
