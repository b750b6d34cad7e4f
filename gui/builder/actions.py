"""The commands of the Build page. Keys that are single letters work while the drawing has the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from gui.actions import Keys, make_action
from gui.builder.block_actions import add_block_actions, offer_block_actions
from gui.canvas.editor import Editor
from gui.canvas.scene import CanvasScene
from gui.canvas.view import CanvasView

if TYPE_CHECKING:
    from gui.builder.exchange import Exchange
    from gui.builder.files import NetworkFiles

_ON_DRAWING = Qt.ShortcutContext.WidgetWithChildrenShortcut
_ALIGN = (
    ("left", "Align left edges", "align_left"),
    ("centre", "Align centres in a column", "align_centre"),
    ("right", "Align right edges", "align_right"),
    ("top", "Align top edges", "align_top"),
    ("middle", "Align middles in a row", "align_middle"),
    ("bottom", "Align bottom edges", "align_bottom"),
)


class BuilderActions(QObject):
    """All commands by name; those with keys are attached to the drawing."""

    def __init__(self, view: CanvasView, editor: Editor, files: NetworkFiles, exchange: Exchange) -> None:
        super().__init__(view)
        self.blocks = view.blocks
        self._view = view
        self._scene: CanvasScene = view.canvas
        self.all: dict[str, QAction] = {}
        self._file_actions(files, exchange)
        self._edit_actions(editor)
        self._wiring_actions(editor)
        self._arrange_actions(editor)
        add_block_actions(self)
        self._view_actions()
        self._scene.picked.connect(self.refresh)
        self._scene.shown.connect(lambda change: self.refresh())
        self.refresh()

    def __getitem__(self, name: str) -> QAction:
        return self.all[name]

    def add(
        self,
        name: str,
        text: str,
        slot: Callable[[], object],
        *,
        key: Keys | list[Keys] | None = None,
        icon: str | None = None,
        tip: str = "",
        menu: str = "",
        keywords: str = "",
    ) -> None:
        """File a command. One with keys answers to them while the drawing has the keyboard."""
        action = make_action(
            self, text, slot, shortcut=key, icon=icon, tip=tip, keywords=f"network layer {keywords}", scope=_ON_DRAWING
        )
        action.setObjectName(f"build.{name}")
        if menu:
            action.setProperty("menu", menu)
        self.all[name] = action
        if key is not None:
            self._view.addAction(action)

    def _file_actions(self, files: NetworkFiles, exchange: Exchange) -> None:
        self.add("open", "&Open network file…", files.open, icon="open", tip="Put the network of a file on the drawing")
        self.add("save", "&Save network as…", files.save, icon="save", tip="Save only the network, as a JSON file")
        self.add(
            "import",
            "&Import a network…",
            exchange.bring_in,
            icon="import",
            tip="Draw a network of an ONNX file, an exported PyTorch program or a PyTorch script",
            keywords="onnx pt2 pytorch torchvision code",
        )
        self.add(
            "weights",
            "Import &weights…",
            exchange.open_weights,
            icon="import",
            tip="See how the weights of a file fit this network, and start trainings from them",
            keywords="state dict safetensors pretrained checkpoint",
        )
        self.add(
            "export",
            "&Export the network…",
            exchange.export,
            key="Ctrl+E",
            icon="export",
            tip="Write it as PyTorch, ONNX, weights, a summary or a table",
            keywords="onnx pt2 safetensors code latex csv markdown keras summary",
        )
        self.add("png", "Export picture as &PNG…", files.export_png, icon="image", tip="Save the drawing as a picture")
        self.add("svg", "Export picture as S&VG…", files.export_svg, icon="export", tip="Save the drawing as vectors")
        self.add("pdf", "Export picture as P&DF…", files.export_pdf, icon="export", tip="Save the drawing for print")

    def _edit_actions(self, editor: Editor) -> None:
        keys = QKeySequence.StandardKey
        add = self.add
        add("cut", "Cu&t", editor.cut_selection, key=keys.Cut, icon="cut", menu="Edit", tip="Cut the selected layers")
        add(
            "copy",
            "&Copy",
            editor.copy_selection,
            key=keys.Copy,
            icon="copy",
            menu="Edit",
            tip="Copy the selected layers",
        )
        add(
            "paste", "&Paste", self._paste(editor), key=keys.Paste, icon="paste", menu="Edit", tip="Paste copied layers"
        )
        add(
            "duplicate",
            "D&uplicate",
            editor.duplicate_selection,
            key="Ctrl+D",
            icon="duplicate",
            menu="Edit",
            tip="Put copies of the selected layers beside them",
        )
        add(
            "delete",
            "&Delete",
            editor.delete_selection,
            key=["Del", "Backspace"],
            icon="delete",
            menu="Edit",
            tip="Remove what is selected and close the gap",
            keywords="remove heal",
        )
        add(
            "all",
            "Select &all",
            self._select_all,
            key=keys.SelectAll,
            icon="select_all",
            menu="Edit",
            tip="Select every layer",
        )

    def _wiring_actions(self, editor: Editor) -> None:
        add = self.add
        add(
            "connect",
            "Co&nnect",
            self._view.connect_by_keyboard,
            icon="link",
            tip="Connect the selected layers from top to bottom; with one, choose its target by keyboard (C)",
            keywords="edge wire",
        )

    def _arrange_actions(self, editor: Editor) -> None:
        self.add(
            "layout",
            "&Arrange automatically",
            editor.auto_layout,
            key="L",
            icon="layout",
            tip="Arrange all layers from top to bottom",
            keywords="auto layout tidy",
        )
        self.add(
            "columns",
            "Arrange in &columns",
            editor.arrange_in_columns,
            icon="table",
            tip="Arrange a long network in columns side by side, as wide as a slide",
            keywords="slide auto layout wide",
        )
        for side, text, icon in _ALIGN:
            tip = f"{text}; needs two or more selected layers"
            self.add(f"align_{side}", text, partial(editor.align, side), icon=icon, tip=tip)
        for axis in ("horizontal", "vertical"):
            text = f"Distribute {axis}ly"
            tip = f"Make the {axis} distances equal; needs three or more selected layers"
            self.add(
                f"distribute_{axis}",
                text,
                partial(editor.distribute, axis),
                icon=f"distribute_{axis}",
                tip=tip,
            )

    def _view_actions(self) -> None:
        view, add = self._view, self.add
        add(
            "fit",
            "&Fit the drawing",
            view.fit,
            key="F",
            icon="fit",
            menu="View",
            tip="Show the whole network",
            keywords="zoom",
        )
        add(
            "zoom_in",
            "Zoom &in",
            lambda: view.zoom_by(1.25),
            key=["+", "="],
            icon="zoom_in",
            menu="View",
            tip="Come closer",
        )
        add(
            "zoom_out",
            "Zoom &out",
            lambda: view.zoom_by(0.8),
            key="-",
            icon="zoom_out",
            menu="View",
            tip="Go farther away",
        )
        add(
            "zoom_one",
            "Actual si&ze",
            lambda: view.zoom_to(1.0),
            key="1",
            icon="search",
            menu="View",
            tip="Zoom to 100 %",
        )

    def refresh(self) -> None:
        """Offer only what the selection allows."""
        nodes, edges = self._scene.selected_nodes(), self._scene.selected_edges()
        spec = self._scene.spec
        for name in ("cut", "copy", "duplicate"):
            self.all[name].setEnabled(bool(nodes))
        self.all["delete"].setEnabled(bool(nodes or edges))
        self.all["connect"].setEnabled(bool(nodes))
        offer_block_actions(self, nodes)
        for side, _, _ in _ALIGN:
            self.all[f"align_{side}"].setEnabled(len(nodes) > 1)
        for axis in ("horizontal", "vertical"):
            self.all[f"distribute_{axis}"].setEnabled(len(nodes) > 2)
        for name in ("all", "layout", "columns", "fit", "save", "weights", "export", "png", "svg", "pdf"):
            self.all[name].setEnabled(bool(spec.nodes))

    def _select_all(self) -> None:
        self._scene.pick(self._scene.nodes, self._scene.edges)

    def _paste(self, editor: Editor) -> Callable[[], None]:
        def paste() -> None:
            if editor.paste():
                self._view.reveal(self._scene.selected_nodes())

        return paste
