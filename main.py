"""The program's entry: the window by default, headless commands otherwise."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from engine.commands import runner


def main(arguments: list[str] | None = None) -> int:
    """Run Vitrine with these arguments (without the program's name) and return its exit status."""
    return runner.run(sys.argv[1:] if arguments is None else arguments, open_window)


def open_window(path: Path | None) -> int:
    """Open the window, showing `path` if given; without a display or a system library, say what to do."""
    from engine import system

    system.check_window()
    # What is imported now stays, and looking through it again and again delays the first picture. From then on
    # `gui.runtime.collector` collects, in the interface thread.
    gc.disable()
    try:
        from gui.app import run
    except ImportError as error:
        raise system.explain_import_error(error) from error
    return run(path)


if __name__ == "__main__":
    # Windows and macOS start helper processes by importing this file again; only the first may come here.
    sys.exit(main())
