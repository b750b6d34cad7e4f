"""Where things are: the data that ships, and the user's own folders. No other module builds these by hand."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP = "vitrine"


def resources() -> Path:
    """The folder of data files that ship with the program."""
    return Path(__file__).resolve().parent.parent / "resources"


def _own(variable: str, default: str) -> Path:
    home = os.environ.get("VITRINE_HOME")
    return Path(home) / variable if home else Path(default)


def config_dir() -> Path:
    """Settings and the list of recent projects. `VITRINE_HOME` moves this and those below, for labs and tests."""
    return _own("config", platformdirs.user_config_dir(APP, appauthor=False))


def data_dir() -> Path:
    """Recovery files, downloaded datasets and weights."""
    return _own("data", platformdirs.user_data_dir(APP, appauthor=False))


def blocks_dir() -> Path:
    """The user's own blocks, one network file each."""
    return _own("blocks", os.path.join(platformdirs.user_data_dir(APP, appauthor=False), "blocks"))


def log_dir() -> Path:
    return _own("log", platformdirs.user_log_dir(APP, appauthor=False))
