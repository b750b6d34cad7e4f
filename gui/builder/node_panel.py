"""The panel of one node: name, problems, settings, shared weights, numbers, formula, help."""

from __future__ import annotations

import inspect
from html import escape
from typing import TYPE_CHECKING

from pydantic import BaseModel
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.ids import why_not
from engine.graph.paths import join, name_of, parent_of
from engine.graph.sharing import family
from engine.graph.spec import NetworkSpec, NodeSpec
from engine.layers.base import LAYERS, layer_of
from gui import theme
from gui.builder.exposing import ExposeButton
from gui.builder.figures import Figures, Headline, node_figures
from gui.builder.panels import Panel
from gui.builder.problem_list import ProblemRow
from gui.canvas.card import card_of
from gui.widgets.form import SettingsForm
from gui.widgets.notes import ProblemNote, QuietLabel

if TYPE_CHECKING:
    from engine.graph.results import Analysis


class NodePanel(Panel):
    """A node by its path; a block has a panel of its own, derived from this."""

    def build(self) -> None:
        self.id = str(self.about[1])
        self.path, self.short = parent_of(self.id), name_of(self.id)
        node = self._node()
        card = card_of(node)
        self.column.addWidget(Headline(card.title, card.category, self))
        self.name = QLineEdit(self.short, self)
        self.name.setAccessibleName("Name of the layer")
        self.name.setToolTip("The layer's name, also in the code; letters, digits and underscores")
        self.name.textEdited.connect(self._judge_name)
        self.name.editingFinished.connect(self._rename)
        self.name_note = ProblemNote(self)
        self.column.addWidget(self.name)
        self.column.addWidget(self.name_note)
        if self.path:
            self.column.addWidget(QuietLabel(f"In {self.path.replace('.', ' › ')}", self))
        self.problems = QVBoxLayout()
        self.rows: list[ProblemRow] = []
        self.column.addLayout(self.problems)
        self._sharing()
        self.broken = ProblemNote(self)
        self.column.addWidget(self.broken)
        self.settings(node)
        self.figures = Figures(self)
        self.column.addWidget(self.figures)
        self.formula = QuietLabel("", self)
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self.formula)
        self.help(node)

    def _node(self) -> NodeSpec:
        return self.editor.level(self.path).node(self.short)

    def settings(self, node: NodeSpec) -> None:
        """Put in the controls for what can be set."""
        self.form = self._form(node)
        if self.form is None:
            return
        self.column.addWidget(self.form)
        reset = QPushButton(theme.icon("reset"), "Reset to defaults", self)
        reset.setToolTip("Put all settings of this layer back to their defaults")
        reset.clicked.connect(self._reset)
        self.reset = reset
        self.column.addWidget(reset, 0, Qt.AlignmentFlag.AlignLeft)
        if self.path:
            self.expose = ExposeButton(self.id, self.editor, self.commands.blocks, self)
            self.column.addWidget(self.expose, 0, Qt.AlignmentFlag.AlignLeft)

    def _form(self, node: NodeSpec) -> SettingsForm | None:
        declaration = LAYERS.get(node.type) if node.type in LAYERS else None
        if declaration is None or not declaration.model_fields:
            return None
        form = SettingsForm(declaration, parent=self)
        form.changed.connect(self._edited)
        return form

    def _sharing(self) -> None:
        self.shares = QuietLabel("", self)
        self.shares.setTextFormat(Qt.TextFormat.RichText)
        self.shares.linkActivated.connect(lambda id: self.jump.emit(id))
        self.own = QPushButton(theme.icon("unlink"), "Give it weights of its own", self)
        self.own.setToolTip("From then on it learns by itself, starting from weights of its own")
        self.own.clicked.connect(lambda: self.commands.blocks.own_weights(self.id))
        self.column.addWidget(self.shares)
        self.column.addWidget(self.own, 0, Qt.AlignmentFlag.AlignLeft)

    def _show_sharing(self) -> None:
        some = family(self.editor.level(self.path), self.short)
        others = [id for id in some if id != self.short]
        self.shares.setVisible(bool(others))
        self.own.setVisible(bool(others))
        if others:
            links = ", ".join(f'<a href="{escape(join(self.path, id))}">{escape(id)}</a>' for id in others)
            verb = "Shares the weights of" if some[0] != self.short else "Its weights are used again by"
            self.shares.setText(f"{verb} {links}. Their settings change together.")

    def help(self, node: NodeSpec) -> None:
        """Put in what the layer does, for a learner."""
        if node.type in LAYERS:
            text = inspect.cleandoc(LAYERS.get(node.type).__doc__ or "")
            paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
            self.heading("What it does")
            self.column.addWidget(QuietLabel("\n\n".join(paragraphs), self))
        else:
            text = f"This program has no layer called {node.type}. Its settings are kept as they are in the file."
            self.column.addWidget(QuietLabel(text, self))

    def show_spec(self, spec: NetworkSpec) -> None:
        node = self.editor.node(self.id)
        if node is None:
            return
        self._show_sharing()
        self.show_settings(node)

    def show_settings(self, node: NodeSpec) -> None:
        """Take over the values of the node."""
        if self.form is None:
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
        node = self.editor.node(self.id)
        if node is not None and node.type in LAYERS and info is not None and info.output_shape is not None:
            try:
                text = layer_of(node).formula(*info.input_shapes)
            except BadInput:
                text = ""  # the problem says it already
        self.formula.setText(text)
        self.formula.setVisible(bool(text))

    def _show_problems(self, analysis: Analysis) -> None:
        inside = f"{self.id}."
        mine = [p for p in analysis.problems if p.node is not None and f"{p.node}.".startswith(inside)]
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
        node = self.editor.node(self.id)
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
        label = f"Set {field.replace('_', ' ')} of {self.short}" if field else f"Set {self.short}"
        self.editor.edit(
            self.path,
            label,
            lambda level: edits.update_params(level, self.short, changes),
            merge=f"{self.id}.{field}",
        )

    def _reset(self) -> None:
        def change(level: NetworkSpec) -> NetworkSpec:
            for name in level.node(self.short).params:
                level = edits.reset_param(level, self.short, name)
            return level

        self.editor.edit(self.path, f"Reset {self.short}", change)

    def _judge_name(self, text: str) -> None:
        fault = why_not(text)
        if not fault and text != self.short and text in self.editor.level(self.path).by_id:
            fault = "another layer has it"
        self.name_note.show_text(f"{text!r} cannot be the name: {fault}." if fault else "")

    def _rename(self) -> None:
        text = self.name.text().strip()
        if text != self.short and not self.name_note.text:
            self.editor.rename(self.id, text)
        else:
            self.name.setText(self.short)
            self.name_note.show_text("")
