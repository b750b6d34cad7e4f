"""The window on X11 itself, beside OpenCV, which brings Qt libraries and settings of its own."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def missing() -> str:
    """Why this machine cannot show a window; "" when it can."""
    if not sys.platform.startswith("linux"):
        return "X11 is used on Linux only"
    if shutil.which("Xvfb") is None or shutil.which("xvfb-run") is None:
        return "Xvfb is not installed (Debian and Ubuntu: apt install xvfb)"
    if ctypes.util.find_library("xcb-cursor") is None:
        return "libxcb-cursor is not installed (Debian and Ubuntu: apt install libxcb-cursor0)"
    return ""


@pytest.mark.skipif(bool(missing()), reason=missing() or "there is a display")
def test_the_window_opens_paints_and_closes_on_x11_beside_opencv() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("QT_")}
    environment |= {"QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["xvfb-run", "-a", "-s", "-screen 0 1440x900x24", sys.executable, str(ROOT / "tests/helpers/real_window.py")],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "platform xcb" in done.stdout
    assert "painted True" in done.stdout
    assert "Traceback" not in done.stderr
