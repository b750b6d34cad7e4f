"""A window that is killed loses nothing: the next one offers the work on its start page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.project import recovery
from gui.home.page import HomePage
from gui.main_window import MainWindow

ROOT = Path(__file__).resolve().parents[2]


def killed_window(name: str) -> None:
    """Run a window with unsaved work in its own process until it has been autosaved, then kill it."""
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "helpers" / "unsaved_window.py"), name],
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline().strip() == b"autosaved"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(20)
        child.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_work_of_a_killed_window_is_offered_and_comes_back(qtbot: QtBot, window: MainWindow) -> None:
    killed_window("Half done")
    home = window.current_page
    assert isinstance(home, HomePage)
    home.entered()
    qtbot.waitUntil(lambda: len(home.offers) == 1, timeout=10_000)
    (offer,) = home.offers
    assert "Half done has unsaved changes" in offer.text.text()
    with qtbot.waitSignal(window.context.document.replaced, timeout=10_000):
        QTest.mouseClick(offer.recover, Qt.MouseButton.LeftButton)
    assert window.context.document.project.name == "Half done"
    assert window.context.document.dirty


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_discarding_an_offer_deletes_it(qtbot: QtBot, window: MainWindow) -> None:
    killed_window("Not wanted")
    home = window.current_page
    assert isinstance(home, HomePage)
    home.entered()
    qtbot.waitUntil(lambda: len(home.offers) == 1, timeout=10_000)
    QTest.mouseClick(home.offers[0].discard, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: home.offers == [], timeout=10_000)
    assert recovery.crashed() == ()
