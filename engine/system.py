"""What a window needs from the operating system: a display to draw on and, on Linux, the system's own libraries.

Qt itself aborts the process when one of these is missing, so they are looked at first. Imports neither Qt nor torch.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.errors import BadInput

# file -> (Debian's package, Fedora's package)
_EVERYWHERE: Mapping[str, tuple[str, str]] = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
}
_X11: Mapping[str, tuple[str, str]] = {
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
}
_NO_DISPLAY = (
    "There is no display to open a window on.",
    "Run this in a desktop session (with ssh: ssh -X), or use a headless command: python main.py --help.",
)


def check_window() -> None:
    """Return if a window can be opened, else raise `BadInput` that says what to do or what to install."""
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    x11 = platform == "xcb" or (not platform and not os.environ.get("WAYLAND_DISPLAY"))
    if x11 and not os.environ.get("DISPLAY"):
        raise BadInput(*_NO_DISPLAY)
    missing = missing_libraries(x11)
    if missing:
        raise BadInput(f"The window needs {_listed(missing)}, which this system lacks.", install_advice(missing))
    if x11 and not _x_server_answers():
        raise BadInput(
            f"The display {os.environ['DISPLAY']} does not answer.",
            "Run this in a desktop session (with ssh: ssh -X), or use a headless command: python main.py --help.",
        )


def missing_libraries(x11: bool = True) -> list[str]:
    """The system libraries that Qt needs on Linux and that cannot be loaded; always empty elsewhere."""
    if not sys.platform.startswith("linux"):
        return []
    return [name for name in (*_EVERYWHERE, *(_X11 if x11 else ())) if not _loads(name)]


def install_advice(libraries: Iterable[str]) -> str:
    """A sentence with the exact line that installs these libraries on this system."""
    known = {**_EVERYWHERE, **_X11}
    pairs = [known[name] for name in libraries]
    debian = "sudo apt install " + " ".join(dict.fromkeys(pair[0] for pair in pairs))
    fedora = "sudo dnf install " + " ".join(dict.fromkeys(pair[1] for pair in pairs))
    family = _family()
    if family & {"debian", "ubuntu"}:
        return f"Install it with: {debian}"
    if family & {"fedora", "rhel", "centos"}:
        return f"Install it with: {fedora}"
    return f"Install it with: {debian} (Debian, Ubuntu) or {fedora} (Fedora)"


def explain_import_error(error: ImportError) -> BadInput:
    """Two sentences for a failed import of Qt: a system library, or the Python package itself."""
    text = str(error)
    library = text.partition(":")[0].strip()
    if library in {**_EVERYWHERE, **_X11}:
        return BadInput(f"The window needs {library}, which this system lacks.", install_advice([library]))
    if ".so" in library and "cannot open shared object" in text:
        return BadInput(
            f"The window needs {library}, which this system lacks.",
            "Install the system package that holds this file, then start again.",
        )
    return BadInput(
        f"The Python package {error.name or text} is missing or broken: {text}.",
        "Install what Vitrine needs with: python -m pip install .",
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _family() -> set[str]:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return set(f"{values.get('ID', '')} {values.get('ID_LIKE', '')}".replace('"', "").split())


def _x_server_answers() -> bool:
    """Connect to the X server of DISPLAY and hang up; Qt would abort the process instead of saying no."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        return xcb.xcb_connection_has_error(connection) == 0
    finally:
        xcb.xcb_disconnect(connection)
