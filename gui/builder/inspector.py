"""What is selected, in full. Which panel shows it depends on what it is; a panel lives as long as that is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from engine.graph.spec import NetworkSpec
from gui import theme
from gui.builder.actions import BuilderActions
from gui.builder.block_panel import BlockPanel
from gui.builder.node_panel import NodePanel
from gui.builder.panels import EdgePanel, GroupPanel, NetworkPanel, Panel
from gui.canvas.editor import Editor

if TYPE_CHECKING:
    from engine.graph.results import Analysis


class Inspector(QScrollArea):
    """Follows the selection, the document and the analysis.

    Signals: repair(object): the Repair that was clicked; jump(object): path of a node to show.
    """

    repair = Signal(object)
    jump = Signal(object)

    def __init__(self, editor: Editor, actions: BuilderActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._actions = actions
        self._analysis: Analysis | None = None
        self.panel: Panel | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Settings of what is selected")
        editor.scene.picked.connect(self.refresh)
        editor.scene.shown.connect(lambda change: self.refresh())
        self.refresh()

    def show_analysis(self, analysis: Analysis) -> None:
        """Put in the numbers and problems of a newer analysis."""
        self._analysis = analysis
        if self.panel is not None:
            self.panel.show_analysis(analysis)

    def refresh(self) -> None:
        """Show what is selected now; a panel that is about the same thing stays and takes the new values."""
        made = self._wanted()
        if self.panel is not None and self.panel.is_about(made):
            self.panel.show_spec(self._editor.spec)
            return
        self.panel = self._panel(made)
        self.panel.repair.connect(self.repair)
        self.panel.jump.connect(self.jump)
        self.panel.show_spec(self._editor.spec)
        if self._analysis is not None:
            self.panel.show_analysis(self._analysis)
        # The old panel may be what asked for this, so it must not be destroyed under its own feet.
        before = self.takeWidget()
        if before is not None:
            before.hide()
            before.deleteLater()
        self.setWidget(_framed(self.panel))

    def focus(self) -> None:
        """Put the keyboard into the first setting."""
        if self.panel is not None:
            self.panel.focus_first()

    def _wanted(self) -> tuple[object, ...]:
        spec: NetworkSpec = self._editor.scene.spec
        nodes = [id for id in self._editor.scene.selected_nodes() if id in spec.by_id]
        edges = [edge for edge in self._editor.scene.selected_edges() if edge in spec.edges]
        if len(nodes) == 1 and not edges:
            node = spec.by_id[nodes[0]]
            return ("block" if node.subgraph is not None else "node", nodes[0], node.type)
        if nodes:
            return ("group", *nodes)
        if len(edges) == 1:
            return ("edge", edges[0])
        scope = self._editor.scene.opening.scope
        block = self._editor.node(scope) if scope else None
        return ("block", scope, block.type) if block is not None else ("network",)

    def _panel(self, about: tuple[object, ...]) -> Panel:
        kinds: dict[object, type[Panel]] = {
            "node": NodePanel,
            "block": BlockPanel,
            "group": GroupPanel,
            "edge": EdgePanel,
        }
        return kinds.get(about[0], NetworkPanel)(about, self._editor, self._actions)


def _framed(panel: Panel) -> QWidget:
    body = QFrame()
    layout = QVBoxLayout(body)
    layout.setContentsMargins(theme.space(1.5), theme.space(1.5), theme.space(1.5), theme.space(1.5))
    layout.addWidget(panel)
    layout.addStretch(1)
    return body
