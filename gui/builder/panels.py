"""The panels of the inspector for several nodes, for an edge, and for the whole network; and what all panels are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.graph import edits
from engine.graph.spec import EdgeSpec, NetworkSpec
from gui import theme
from gui.builder.actions import BuilderActions
from gui.builder.figures import Figures, Headline, edge_figures, network_figures
from gui.canvas.editor import Editor
from gui.widgets.notes import QuietLabel, ThemedLabel

if TYPE_CHECKING:
    from engine.graph.results import Analysis


class Panel(QWidget):
    """Base of the panels. `about` says what it shows.

    Signals: repair(object): the Repair that was clicked; jump(object): path of a node to show.
    """

    repair = Signal(object)
    jump = Signal(object)

    def __init__(self, about: tuple[object, ...], editor: Editor, actions: BuilderActions) -> None:
        super().__init__()
        self.about = about
        self.editor = editor
        self.commands = actions
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(theme.space(1.5))
        self.build()

    def is_about(self, about: tuple[object, ...]) -> bool:
        return self.about == about

    def build(self) -> None:
        """Make the widgets, from top to bottom."""

    def show_spec(self, spec: NetworkSpec) -> None:
        """The drawing has changed."""

    def show_analysis(self, analysis: Analysis) -> None:
        """There are newer numbers."""

    def focus_first(self) -> None:
        """Put the keyboard where most people want it."""

    def heading(self, text: str) -> None:
        self.column.addWidget(ThemedLabel(text, "text_muted", "small", self))

    def action_button(self, action: QAction) -> QPushButton:
        """A button that does what an action does and is offered when it is."""
        return ActionButton(action, self)


class ActionButton(QPushButton):
    """Does what an action does, and is offered when that is."""

    def __init__(self, action: QAction, parent: QWidget) -> None:
        super().__init__(action.icon(), action.text().replace("&", ""), parent)
        self._action = action
        self.setToolTip(action.toolTip())
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setEnabled(self._action.isEnabled())


class GroupPanel(Panel):
    """Several nodes: what can be done with all of them."""

    def build(self) -> None:
        self.title = ThemedLabel("", "text", "heading", self)
        self.column.addWidget(self.title)
        self.figures = Figures(self)
        self.column.addWidget(self.figures)
        names = ("align_left", "align_centre", "align_right", "align_top", "align_middle", "align_bottom")
        self._row("Align", names)
        self._row("Distribute", ("distribute_horizontal", "distribute_vertical"))
        for name in ("make_block", "share", "connect", "duplicate", "delete"):
            self.column.addWidget(self.action_button(self.commands[name]), 0, Qt.AlignmentFlag.AlignLeft)
        self.title.setText(f"{len(self.about) - 1} layers selected")

    def _row(self, heading: str, names: tuple[str, ...]) -> None:
        self.heading(heading)
        grid = QGridLayout()
        grid.setSpacing(theme.space(0.5))
        for index, name in enumerate(names):
            button = QToolButton(self)
            button.setDefaultAction(self.commands[name])
            button.setAccessibleName(self.commands[name].text())
            button.setAutoRaise(True)
            grid.addWidget(button, 0, index)
        grid.setColumnStretch(len(names), 1)
        self.column.addLayout(grid)

    def show_analysis(self, analysis: Analysis) -> None:
        infos = [analysis.nodes[str(id)] for id in self.about[1:] if str(id) in analysis.nodes]
        self.figures.show_rows(
            [
                ("Parameters", f"{sum(info.parameters for info in infos):,}", "Numbers that these layers store"),
                ("MACs", f"{sum(info.macs for info in infos):,}", "Multiply-accumulates for one picture"),
            ]
        )


class EdgePanel(Panel):
    """An edge: what runs along it."""

    def build(self) -> None:
        self.column.addWidget(Headline("Connection", "", self))
        self.figures = Figures(self)
        self.column.addWidget(self.figures)
        self.column.addWidget(self.action_button(self.commands["delete"]), 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(QuietLabel("Double-click a layer in the palette to insert it here.", self))
        self._show(None)

    def show_analysis(self, analysis: Analysis) -> None:
        self._show(analysis)

    def _show(self, analysis: Analysis | None) -> None:
        edge = self.about[1]
        assert isinstance(edge, EdgeSpec)
        self.figures.show_rows(edge_figures(edge, analysis.nodes.get(edge.source) if analysis else None))


class NetworkPanel(Panel):
    """Nothing is selected: the network as a whole."""

    def build(self) -> None:
        self.column.addWidget(Headline("Network", "", self))
        self.name = QLineEdit(self)
        self.name.setAccessibleName("Name of the network")
        self.name.setToolTip("The network's name")
        self.name.editingFinished.connect(self._rename)
        self.column.addWidget(self.name)
        self.figures = Figures(self)
        self.column.addWidget(self.figures)
        self.column.addWidget(
            QuietLabel(
                "Select a layer to see and change its settings.\n\n"
                "On the drawing: arrows walk from layer to layer, Ctrl and arrows move, C connects, Delete removes, "
                "F shows everything, Ctrl+F finds a layer, the wheel scrolls and with Ctrl zooms.\n\n"
                "A double-click opens a block where it stands, Enter goes inside, Alt+Up goes out again, Ctrl+G makes "
                "a block of the selected layers.",
                self,
            )
        )
        self._analysis: Analysis | None = None

    def show_spec(self, spec: NetworkSpec) -> None:
        if not self.name.hasFocus():
            self.name.setText(spec.name)
        self.figures.show_rows(network_figures(spec, self._analysis))

    def show_analysis(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self.show_spec(analysis.spec)

    def focus_first(self) -> None:
        self.name.setFocus()

    def _rename(self) -> None:
        text = self.name.text().strip()
        if text and text != self.editor.spec.name:
            self.editor.apply(f"Name the network {text}", lambda spec: edits.set_name(spec, text))
        else:
            self.name.setText(self.editor.spec.name)
