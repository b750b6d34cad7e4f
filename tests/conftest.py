"""What holds for every test: no window system, no network, no leaked threads, and folders of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYTEST_QT_API", "pyside6")
# Several workers share few cores; one thread each keeps sums in one order and the machine calm.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, recovery files and logs go to a folder that only this test has."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("VITRINE_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """A thread that outlives its test is a runner that was not shut down."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(("pydevd", "asyncio_", "QThread-idle", "Dummy-", "execnet")) or thread.daemon:
            continue
        thread.join(timeout=5)
        assert not thread.is_alive(), f"the test left the thread {thread.name} running"
