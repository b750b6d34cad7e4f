"""Opening and saving networks and pictures of them. Reading and writing are jobs; only painting happens here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Event, Failed, Finished
from engine.frozen import FrozenDict
from engine.gallery import open_network
from engine.graph.layout import layout
from engine.graph.spec import NetworkSpec
from engine.job import Job
from engine.project.atomic import write_atomic
from engine.project.network_file import load_network, save_network
from gui.canvas import picture
from gui.canvas.editor import Editor
from gui.context import Context
from gui.widgets.exports import Export

NETWORKS = "Vitrine networks (*.json)"


@dataclass(frozen=True)
class LoadNetwork:
    """Job: a network from a file; one whose cards lie on one another is arranged."""

    path: Path

    def __call__(self, emit: Emit, token: CancelToken) -> NetworkSpec:
        spec = load_network(self.path)
        places = {node.position for node in spec.nodes}
        return layout(spec) if len(places) < len(spec.nodes) else spec


@dataclass(frozen=True)
class SaveNetwork:
    """Job: write a network file."""

    spec: NetworkSpec
    path: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        save_network(self.spec, self.path)
        return self.path


@dataclass(frozen=True)
class WriteFile:
    """Job: write bytes that are ready."""

    data: bytes
    path: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        write_atomic(self.path, self.data)
        return self.path


@dataclass(frozen=True)
class OpenFamous:
    """Job: draw a network of the gallery."""

    id: str
    options: FrozenDict

    def __call__(self, emit: Emit, token: CancelToken) -> NetworkSpec:
        return open_network(self.id, **self.options)


class NetworkFiles:
    """Asks where, and has it done."""

    def __init__(self, context: Context, editor: Editor, parent: QWidget, opened: Callable[[], object]) -> None:
        self._context = context
        self._editor = editor
        self._parent = parent
        self._opened = opened

    def open(self) -> None:
        """Ask for a network file and put it on the drawing."""
        dialog = self._dialog("Open a network", "")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(NETWORKS)
        self._ask(dialog, self.open_path)

    def open_path(self, path: Path) -> None:
        """Put the network of this file on the drawing, as a step that can be undone."""
        self._run(LoadNetwork(path), f"Opening {path.name}", self._show)

    def open_gallery(self, id: str, options: Mapping[str, Any] | None = None) -> None:
        """Put a famous network on the drawing, as a step that can be undone."""
        self._run(OpenFamous(id, FrozenDict(options)), "Opening from the gallery", self._show)

    def save(self) -> None:
        self._save_dialog("Save the network", ".json", NETWORKS, self.save_path)

    def save_path(self, path: Path) -> None:
        """Write the network to this file."""
        spec = self._context.document.project.network
        self._run(SaveNetwork(spec, path), f"Saving {path.name}", self._written)

    def export_png(self) -> None:
        self._save_dialog("Export the drawing", ".png", "PNG pictures (*.png)", self.export_path)

    def export_svg(self) -> None:
        self._save_dialog("Export the drawing", ".svg", "SVG drawings (*.svg)", self.export_path)

    def export_pdf(self) -> None:
        self._save_dialog("Export the drawing", ".pdf", "PDF documents (*.pdf)", self.export_path)

    def export_path(self, path: Path) -> None:
        """Write a picture of the drawing; the suffix says of which kind."""
        try:
            data = picture.of_kind(self._editor.scene, path.suffix)
        except BadInput as error:
            self._context.notifier.error(error)
            return
        self._run(WriteFile(data, path), f"Writing {path.name}", self._written)

    def export_table(self, table: Export) -> None:
        """Ask where to, and write a table."""
        self._save_dialog(
            "Export the table",
            f".{table.suffix}",
            f"{table.kind}s (*.{table.suffix})",
            lambda path: self._run(WriteFile(table.data, path), f"Writing {path.name}", self._written),
        )

    def _show(self, spec: NetworkSpec) -> None:
        self._editor.scene.pick()
        if self._editor.open_network(spec):
            self._opened()

    def _written(self, path: Path) -> None:
        self._context.notifier.show("success", f"{path.name} is saved.", f"It is in {path.parent}.")

    def _run(self, job: Job, title: str, done: Callable[..., object]) -> None:
        def ended(end: Event) -> None:
            if isinstance(end, Finished):
                done(end.result)
            elif isinstance(end, Failed):
                self._context.notifier.error(end.error)

        self._context.runner.start(job, title=title).ended.connect(ended)

    def _save_dialog(self, title: str, suffix: str, filter: str, then: Callable[[Path], object]) -> None:
        name = self._context.document.project.network.name or "network"
        dialog = self._dialog(title, "".join(c if c.isalnum() or c in "-_ " else "_" for c in name) + suffix)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(filter)
        dialog.setDefaultSuffix(suffix)
        self._ask(dialog, then)

    def _dialog(self, title: str, name: str) -> QFileDialog:
        dialog = QFileDialog(self._parent, title, str(self._context.settings.projects_dir()))
        if name:
            dialog.selectFile(name)
        return dialog

    def _ask(self, dialog: QFileDialog, then: Callable[[Path], object]) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
        dialog.open()
