"""What `python main.py` says where no window can be opened, found out in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import system

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lets a system lack these")


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@linux
def test_without_a_display_two_sentences_say_what_to_do() -> None:
    done = start()
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "There is no display to open a window on. Run this in a desktop session (with ssh: ssh -X), "
        "or use a headless command: python main.py --help.\n"
    )


@linux
def test_a_display_that_does_not_answer_is_no_crash() -> None:
    done = start(DISPLAY=":4711")
    assert done.returncode == 2
    assert done.stderr.startswith("The display :4711 does not answer. ")


@linux
def test_a_missing_library_comes_with_its_install_line(tmp_path: Path) -> None:
    # An empty file stops the loader, as if the library were not there.
    (tmp_path / "libxcb-cursor.so.0").write_bytes(b"")
    done = start(DISPLAY=":0", LD_LIBRARY_PATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(
        "The window needs libxcb-cursor.so.0, which this system lacks. Install it with: sudo "
    )
    assert "libxcb-cursor0" in done.stderr or "xcb-util-cursor" in done.stderr
    assert done.stderr.count("\n") == 1


@linux
def test_install_lines_name_each_package_once() -> None:
    text = system.install_advice(["libxcb.so.1", "libxcb-shape.so.0", "libEGL.so.1"])
    assert "sudo apt install libxcb1 libxcb-shape0 libegl1" in text or "sudo dnf install libxcb libglvnd-egl" in text


def test_a_failed_import_is_explained() -> None:
    missing = ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
    assert "libegl1" in str(system.explain_import_error(missing)) or "egl" in str(system.explain_import_error(missing))
    package = ModuleNotFoundError("No module named 'PySide6'", name="PySide6")
    assert "python -m pip install ." in str(system.explain_import_error(package))


@linux
def test_an_offscreen_window_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.delenv("DISPLAY", raising=False)
    system.check_window()
