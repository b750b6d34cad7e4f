"""Bringing in networks and weights from the window: asking before foreign code runs, and starting trainings from it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file, save_file

from engine.gallery import open_network
from engine.graph.compile import compile_network
from gui.builder.page import BuildPage
from gui.context import Context
from tests.helpers import hands

SCRIPT = """
import pathlib
from torch import nn

INPUT_SHAPE = (1, 12, 12)
pathlib.Path(__file__).with_suffix(".ran").write_text("ran")


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.act = nn.ReLU()
        self.fc = nn.Linear(400, 3)

    def forward(self, x):
        return self.fc(self.act(self.conv(x)).flatten(1))
"""


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> BuildPage:
    made = BuildPage(context)
    qtbot.addWidget(made)
    made.resize(1300, 820)
    made.show()
    with qtbot.waitSignal(context.engine.ready, timeout=60_000):
        context.engine.start()
    return made


def ask(page: BuildPage, path: Path) -> QMessageBox:
    page.exchange.import_path(path)
    question = page.exchange.question
    assert question is not None
    assert path.name in question.text()
    return question


def test_a_script_runs_only_after_it_was_agreed_to(page: BuildPage, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "tiny.py"
    path.write_text(SCRIPT, "utf-8")
    question = ask(page, path)
    hands.click(question.button(QMessageBox.StandardButton.Cancel))
    assert not (tmp_path / "tiny.ran").exists()
    question = ask(page, path)
    document = page.context.document
    go = next(button for button in question.buttons() if "import" in button.text())
    with qtbot.waitSignal(document.changed, timeout=120_000):
        hands.click(go)
    types = [node.type for node in document.project.network.nodes]
    assert types == ["Input", "Conv2d", "ReLU", "Flatten", "Linear", "Output"]
    document.undo_stack.undo()
    assert not document.project.network.nodes


def test_an_onnx_file_is_drawn_and_its_weights_are_where_training_starts(
    page: BuildPage, qtbot: QtBot, tmp_path: Path
) -> None:
    from engine.cancel import CancelSource
    from engine.export.job import ExportJob

    spec = open_network("lenet5_modern")
    net = compile_network(spec)
    weights = tmp_path / "given.safetensors"
    save_file(net.state_dict(), weights)
    path = tmp_path / "lenet.onnx"
    ExportJob(spec, "onnx", path, weights=weights)(lambda event: None, CancelSource().token)
    document = page.context.document
    with qtbot.waitSignal(document.changed, timeout=60_000):
        page.exchange.import_path(path)
    drawn = document.project.network
    kept = document.folder / document.project.training.start_weights
    again = compile_network(drawn)
    again.load_state_dict(load_file(kept))
    picture = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(again.eval()(picture), net.eval()(picture), atol=1e-5, rtol=1e-5)


def test_the_report_of_weights_names_what_fits_and_trainings_can_start_from_it(
    page: BuildPage, qtbot: QtBot, tmp_path: Path
) -> None:
    document = page.context.document
    document.edit_network("Open", open_network("lenet5_modern"))
    state = {key: value.clone() for key, value in compile_network(document.project.network).state_dict().items()}
    state["fc3.weight"] = torch.zeros(26, 84)
    path = tmp_path / "letters.safetensors"
    save_file(state, path)
    page.exchange.weights_path(path)
    qtbot.waitUntil(lambda: page.exchange.report is not None, timeout=60_000)
    report = page.exchange.report
    assert report is not None
    assert "26×84" in report.lines.toPlainText()
    hands.click(report.use)
    kept = load_file(document.folder / document.project.training.start_weights)
    assert "fc3.weight" not in kept
    assert torch.equal(kept["fc3.bias"], state["fc3.bias"])


def test_a_file_that_is_no_network_is_refused_in_words(page: BuildPage, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no protocol buffer at all")
    with qtbot.waitSignal(page.context.notifier.shown, timeout=60_000) as told:
        page.exchange.import_path(path)
    assert "broken.onnx" in str(told.args)
