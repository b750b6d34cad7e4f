"""Taking a network away from the window: every form is offered, and what is written can be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file, save_file

from engine.export.base import EXPORTS
from engine.gallery import open_network
from engine.graph.compile import compile_network
from gui.builder.export_dialog import FRESH, ExportDialog
from gui.context import Context


@pytest.fixture
def dialog(context: Context, qtbot: QtBot) -> ExportDialog:
    with qtbot.waitSignal(context.engine.ready, timeout=60_000):
        context.engine.start()
    context.document.edit_network("Open", open_network("lenet5_modern"))
    made = ExportDialog(context)
    qtbot.addWidget(made)
    made.show()
    return made


def write(dialog: ExportDialog, qtbot: QtBot, id: str, path: Path) -> None:
    dialog.select(id)
    dialog.write(path)
    qtbot.waitUntil(lambda: dialog._handle is None, timeout=60_000)


def test_every_form_is_offered_with_a_sentence(dialog: ExportDialog) -> None:
    assert dialog.forms.count() == len(list(EXPORTS))
    for id in EXPORTS:
        dialog.select(id)
        assert dialog.chosen == id
        assert len(dialog.help.text()) > 20
        assert dialog.weights.isEnabled() == (id in ("pytorch", "onnx", "pt2", "safetensors", "checkpoint"))


def test_code_and_a_nested_summary_are_written(dialog: ExportDialog, qtbot: QtBot, tmp_path: Path) -> None:
    write(dialog, qtbot, "pytorch", tmp_path / "net.py")
    assert "nn.Module" in (tmp_path / "net.py").read_text("utf-8")
    assert "net.py is written" in dialog.note.text()
    write(dialog, qtbot, "text", tmp_path / "net.txt")
    assert "61,706" in (tmp_path / "net.txt").read_text("utf-8")


def test_weights_of_a_file_travel_along_and_fresh_ones_are_named(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    net = compile_network(open_network("lenet5_modern"))
    given = tmp_path / "given.safetensors"
    save_file(net.state_dict(), given)
    dialog.take_weights(given)
    write(dialog, qtbot, "safetensors", tmp_path / "out.safetensors")
    written = load_file(tmp_path / "out.safetensors")
    assert all(torch.equal(written[key], value) for key, value in net.state_dict().items())
    assert "random" not in dialog.note.text()
    dialog.weights.setCurrentText(FRESH)
    write(dialog, qtbot, "safetensors", tmp_path / "fresh.safetensors")
    assert "new and random" in dialog.note.text()


def test_what_cannot_be_written_is_told_in_place(dialog: ExportDialog, qtbot: QtBot, tmp_path: Path) -> None:
    write(dialog, qtbot, "pytorch", tmp_path / "nowhere" / "net.py")
    assert "nowhere" in dialog.problem.text
    assert dialog.go.isEnabled()
