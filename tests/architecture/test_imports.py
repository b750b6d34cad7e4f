"""Who may import whom, found out by importing in a fresh process and looking at what came along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Modules that the interface thread imports at start, before the engine has been loaded behind the start page.
TORCH_FREE = (
    "engine.cancel", "engine.commands", "engine.datasets.spec", "engine.errors", "engine.events", "engine.frozen",
    "engine.gallery", "engine.graph.edits", "engine.graph.layout", "engine.graph.results",
    "engine.graph.spec", "engine.graph.topology", "engine.importing.job", "engine.inference.detections",
    "engine.inference.frame", "engine.job", "engine.layers", "engine.paths", "engine.project", "engine.registry",
    "engine.system", "engine.training.events", "engine.training.optimisers", "engine.training.runs",
    "engine.training.schedules", "engine.training.spec", "engine.version",
)  # fmt: skip

# Imports the modules named by the arguments with everything below them, and prints what is loaded then.
IMPORT_ALL = """
import importlib, json, pkgutil, sys
def walk(name):
    module = importlib.import_module(name)
    for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
        walk(f"{name}.{info.name}")
for name in sys.argv[1:]:
    walk(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_after(*modules: str) -> set[str]:
    """Names of the top-level packages that are loaded once `modules` have been imported in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *modules],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_window_starts_without_torch_and_without_opencv() -> None:
    heavy = loaded_after("gui", "main") & {"torch", "torchvision", "cv2", "sklearn", "torchmetrics"}
    assert not heavy, f"importing gui brings in {heavy}: import it inside the function that needs it"


def test_declarations_and_specs_do_not_need_torch() -> None:
    heavy = loaded_after(*TORCH_FREE) & {"torch", "torchvision", "cv2", "sklearn", "PySide6"}
    assert not heavy, f"the modules that a window needs at start bring in {heavy}: import it inside a function"


def test_the_whole_engine_has_no_window() -> None:
    window = loaded_after("engine") & {"PySide6", "shiboken6", "pyqtgraph", "qtawesome", "superqt", "gui"}
    assert not window, f"the engine brings in {window}: a cluster job has no Qt; move this to gui/"


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_neither_torch_nor_qt(option: str) -> None:
    code = (
        "import sys, main\n"
        "try: main.main([sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'torchvision', 'cv2', 'PySide6', 'pyqtgraph', 'gui'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, option], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Vitrine" in done.stdout or "usage" in done.stdout


def test_test_folders_are_no_packages() -> None:
    found = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("__init__.py")]
    assert not found, f"{found}: delete them, since a package tests/gui would hide the product's own gui"
