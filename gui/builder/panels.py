"""The panels of the inspector: one for a node, for several, for an edge, and for the whole network."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from pydantic import BaseModel
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.ids import why_not
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.layers.base import LAYERS, layer_of
from gui import theme
from gui.builder.actions import BuilderActions
from gui.builder.figures import Figures, Headline, edge_figures, network_figures, node_figures
from gui.builder.problem_list import ProblemRow
from gui.canvas.card import card_of
from gui.canvas.editor import Editor
from gui.widgets.form import SettingsForm
from gui.widgets.notes import ProblemNote, QuietLabel, ThemedLabel

if TYPE_CHECKING:
    from engine.graph.results import Analysis


class Panel(QWidget):
    """Base of the panels. `about` says what it shows. Signals: repair(object): the Repair that was clicked."""

    repair = Signal(object)

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
        return _ActionButton(action, self)


class _ActionButton(QPushButton):
    def __init__(self, action: QAction, parent: QWidget) -> None:
        super().__init__(action.icon(), action.text().replace("&", ""), parent)
        self._action = action
        self.setToolTip(action.toolTip())
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setEnabled(self._action.isEnabled())


class NodePanel(Panel):
    """A node: name, problems, settings, numbers, formula, help."""

    def build(self) -> None:
        self.id = str(self.about[1])
        node = self.editor.spec.node(self.id)
        card = card_of(node)
        self.column.addWidget(Headline(card.title, card.category, self))
        self.name = QLineEdit(self.id, self)
        self.name.setAccessibleName("Name of the layer")
        self.name.setToolTip("The layer's name, also in the code; letters, digits and underscores")
        self.name.textEdited.connect(self._judge_name)
        self.name.editingFinished.connect(self._rename)
        self.name_note = ProblemNote(self)
        self.column.addWidget(self.name)
        self.column.addWidget(self.name_note)
        self.problems = QVBoxLayout()
        self.rows: list[ProblemRow] = []
        self.column.addLayout(self.problems)
        self.form = self._form(node)
        self.broken = ProblemNote(self)
        self.column.addWidget(self.broken)
        if self.form is not None:
            self.column.addWidget(self.form)
            reset = QPushButton(theme.icon("reset"), "Reset to defaults", self)
            reset.setToolTip("Put all settings of this layer back to their defaults")
            reset.clicked.connect(self._reset)
            self.reset = reset
            self.column.addWidget(reset, 0, Qt.AlignmentFlag.AlignLeft)
        if node.subgraph is not None:
            self.column.addWidget(self.action_button(self.commands["detach"]), 0, Qt.AlignmentFlag.AlignLeft)
        self.figures = Figures(self)
        self.column.addWidget(self.figures)
        self.formula = QuietLabel("", self)
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self.formula)
        self._help(node)

    def _form(self, node: NodeSpec) -> SettingsForm | None:
        declaration = LAYERS.get(node.type) if node.type in LAYERS else None
        if declaration is None or not declaration.model_fields:
            return None
        form = SettingsForm(declaration, parent=self)
        form.changed.connect(self._edited)
        return form

    def _help(self, node: NodeSpec) -> None:
        if node.type in LAYERS:
            text = inspect.cleandoc(LAYERS.get(node.type).__doc__ or "")
            paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
            self.heading("What it does")
            self.column.addWidget(QuietLabel("\n\n".join(paragraphs), self))
        elif node.subgraph is not None:
            inside = card_of(node)
            self.heading("What is in it")
            self.column.addWidget(QuietLabel(f"{inside.layers} layers: {inside.summary}.", self))
        else:
            text = f"This program has no layer called {node.type}. Its settings are kept as they are in the file."
            self.column.addWidget(QuietLabel(text, self))

    def show_spec(self, spec: NetworkSpec) -> None:
        node = spec.by_id.get(self.id)
        if node is None or self.form is None:
            return
        try:
            self.form.set_values(layer_of(node))
            self.broken.show_text("")
        except BadInput as error:
            self.broken.show_text(str(error))
        self.reset.setVisible(bool(node.params))

    def show_analysis(self, analysis: Analysis) -> None:
        info = analysis.nodes.get(self.id)
        self.figures.show_rows(node_figures(info) if info is not None else [])
        self._show_problems(analysis)
        text = ""
        node = analysis.spec.by_id.get(self.id)
        if node is not None and node.type in LAYERS and info is not None and info.output_shape is not None:
            try:
                text = layer_of(node).formula(*info.input_shapes)
            except BadInput:
                text = ""  # the problem says it already
        self.formula.setText(text)
        self.formula.setVisible(bool(text))

    def _show_problems(self, analysis: Analysis) -> None:
        mine = [p for p in analysis.problems if p.node is not None and p.node.partition(".")[0] == self.id]
        if [row.problem for row in self.rows] == mine:
            for row, problem in zip(self.rows, mine, strict=True):
                row.problem = problem
            return
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = [ProblemRow(problem, self, compact=True) for problem in mine]
        for row in self.rows:
            row.repair.connect(self.repair)
            self.problems.addWidget(row)

    def focus_first(self) -> None:
        field = next(iter(self.form.model_type.model_fields), None) if self.form is not None else None
        if field is not None and self.form is not None:
            self.form.focus_field(field)
        else:
            self.name.setFocus()

    def _edited(self, model: BaseModel) -> None:
        node = self.editor.spec.by_id.get(self.id)
        if node is None or self.form is None:
            return
        try:
            before: BaseModel | None = layer_of(node)
        except BadInput:
            before = None
        plain = model.model_dump(mode="json")
        changes = {
            name: value
            for name, value in plain.items()
            if before is None or getattr(before, name) != getattr(model, name)
        }
        field = self.form.last_field
        label = f"Set {field.replace('_', ' ')} of {self.id}" if field else f"Set {self.id}"
        self.editor.apply(label, lambda spec: edits.update_params(spec, self.id, changes), merge=f"{self.id}.{field}")

    def _reset(self) -> None:
        def change(spec: NetworkSpec) -> NetworkSpec:
            for name in spec.node(self.id).params:
                spec = edits.reset_param(spec, self.id, name)
            return spec

        self.editor.apply(f"Reset {self.id}", change)

    def _judge_name(self, text: str) -> None:
        fault = why_not(text)
        if not fault and text != self.id and text in self.editor.spec.by_id:
            fault = "another layer has it"
        self.name_note.show_text(f"{text!r} cannot be the name: {fault}." if fault else "")

    def _rename(self) -> None:
        text = self.name.text().strip()
        if text != self.id and not self.name_note.text:
            self.editor.rename(self.id, text)
        else:
            self.name.setText(self.id)
            self.name_note.show_text("")


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
        for name in ("connect", "duplicate", "delete"):
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
                "F shows everything, the wheel scrolls and with Ctrl zooms.",
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
