"""What every page leans on: settings that survive, an engine that loads behind, a checker, the list of runs, icons."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.graph.edits import set_params
from engine.paths import config_dir
from gui import theme
from gui.context import Context
from gui.runtime.job_runner import JobRunner
from gui.runtime.settings import Settings
from gui.shell.palette import score
from gui.theme.glyphs import GLYPHS
from gui.theme.icons import icon

ROOT = Path(__file__).resolve().parents[2]


def test_settings_are_found_again(qtbot: QtBot, runner: JobRunner) -> None:
    settings = Settings(runner)
    settings.update(theme="dark", text_percent=150)
    settings.add_recent(Path("/a/one"))
    settings.add_recent(Path("/a/two"))
    settings.add_recent(Path("/a/one"))
    settings.set_choice("live.source", "camera:0")
    qtbot.waitUntil(lambda: settings.path.exists(), timeout=5000)
    again = Settings(runner)
    assert again.values == settings.values
    assert again.values.recent == ("/a/one", "/a/two")
    assert again.choice("live.source") == "camera:0"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"theme": "pink"}',
        '{"text_percent": 1e9}',
        '{"recent": 5}',
        "\x00\x01",
        '{"theme": "dark", "later": 1}',
    ],
)
def test_broken_settings_never_keep_the_program_from_starting(qtbot: QtBot, runner: JobRunner, text: str) -> None:
    config_dir().mkdir(parents=True)
    (config_dir() / "settings.json").write_text(text, "utf-8")
    settings = Settings(runner)
    if "later" in text:  # written by a newer version: what is known is taken
        assert settings.values.theme == "dark"
        assert settings.fault == ""
    else:
        assert settings.values.theme == "system"
        assert "settings.json" in settings.fault


def test_a_setting_out_of_range_is_refused(qtbot: QtBot, runner: JobRunner) -> None:
    settings = Settings(runner)
    with pytest.raises(ValueError, match="text_percent"):
        settings.update(text_percent=5)
    assert settings.values.text_percent == 100


def test_the_engine_loads_with_progress_and_the_checker_answers(qtbot: QtBot, context: Context) -> None:
    told: list[object] = []
    loaded_before = "torch" in sys.modules
    context.engine.progress.connect(told.append)
    with qtbot.waitSignal(context.engine.ready, timeout=60_000):
        context.engine.start()
        context.engine.start()
    # What takes no time is not told of: in this process another test may have loaded it.
    assert loaded_before or told[0] == "Loading PyTorch"
    assert told[-1] == "Engine ready"
    assert len(told) == len(set(told))
    assert "torch" in sys.modules
    with qtbot.waitSignal(context.document.replaced, timeout=20_000):
        context.gallery.open("lenet5_modern")
    qtbot.waitUntil(lambda: context.checker.up_to_date, timeout=20_000)
    analysis = context.checker.analysis
    assert analysis is not None
    # LeNet-5 as it is usually built: 156 + 2,416 + 48,120 + 10,164 + 850 weights and biases.
    assert analysis.totals.parameters == 61_706
    assert not [problem for problem in analysis.problems if problem.severity == "error"]


def test_the_checker_answers_for_the_newest_drawing_only(qtbot: QtBot, context: Context) -> None:
    with qtbot.waitSignal(context.engine.ready, timeout=60_000):
        context.engine.start()
    with qtbot.waitSignal(context.document.replaced, timeout=20_000):
        context.gallery.open("lenet5_modern")
    qtbot.waitUntil(lambda: context.checker.up_to_date, timeout=20_000)
    answers: list[object] = []
    context.checker.analysed.connect(lambda analysis: answers.append(analysis.spec))
    document = context.document
    for filters in range(7, 13):
        document.edit_network("Filters", lambda spec, n=filters: set_params(spec, "conv1", out_channels=n))
    qtbot.waitUntil(lambda: context.checker.up_to_date, timeout=20_000)
    assert answers
    assert answers[-1] is document.project.network
    analysis = context.checker.analysis
    assert analysis is not None
    assert analysis.nodes["conv1"].output_shape == (12, 28, 28)


def test_a_project_without_runs_has_none(qtbot: QtBot, context: Context) -> None:
    with qtbot.waitSignal(context.runs.changed, timeout=20_000):
        context.runs.refresh()
    assert context.runs.runs == ()
    assert context.runs.current is None


def test_every_icon_can_be_drawn_and_an_unknown_one_names_its_neighbours(qtbot: QtBot) -> None:
    for name in GLYPHS:
        image = icon(name).pixmap(24, 24).toImage()
        inked = sum(image.pixelColor(x, y).alpha() > 0 for x in range(0, 24, 2) for y in range(0, 24, 2))
        assert inked > 3, name
    with pytest.raises(ValueError, match="train"):
        icon("trian")


def test_an_icon_follows_the_theme(qtbot: QtBot, qapp: QApplication) -> None:
    made = icon("stop")
    colours = []
    for mode in ("light", "dark"):
        theme.apply(qapp, mode)  # type: ignore[arg-type]
        colours.append(made.pixmap(32, 32).toImage().pixelColor(16, 16))
        assert colours[-1] == QColor(theme.tokens().text)
    theme.apply(qapp, "light")
    assert colours[0] != colours[1]


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("save", "Save", "Autosave now"),
        ("train", "Start training", "Constrain"),
        ("op sa", "Open the digits sample", "Open project folder…"),
        ("lenet", "New project with LeNet-5", "New project with AlexNet"),
    ],
)
def test_better_answers_come_first(query: str, better: str, worse: str) -> None:
    assert score(query, better) > score(query, worse)


def test_what_does_not_answer_is_not_offered() -> None:
    assert score("zebra", "Open the digits sample") == 0
    assert score("", "anything") > 0
    assert score("example", "Open the digits sample", "example lenet") > 0


def test_nothing_heavy_is_imported_before_the_window_is_painted() -> None:
    heavy = ("torch", "numpy", "cv2", "sklearn", "networkx", "pyqtgraph", "multiprocessing")
    code = f"import gui.app, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
