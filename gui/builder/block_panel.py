"""The panel of a block: the parameters that it shows, what can be done with it, and what is in it."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox

from engine.graph import edits
from engine.graph.ports import is_each
from engine.graph.spec import NodeSpec
from gui.builder.exposing import ExposedForm
from gui.builder.node_panel import NodePanel
from gui.canvas.card import card_of
from gui.widgets.flow import FlowLayout
from gui.widgets.notes import QuietLabel


class BlockPanel(NodePanel):
    """Everything that a node's panel has, but for the settings, which are those of layers inside."""

    def settings(self, node: NodeSpec) -> None:
        self.form = None
        self.heading("Parameters of the block")
        self.shown = ExposedForm(self.id, self.commands.blocks, self)
        self.column.addWidget(self.shown)
        self.each = QCheckBox("Apply to each element", self)
        self.each.setToolTip(
            "Use the block on every element of the first axis, such as the frames of a clip or the regions of a "
            "picture; inside it sees one of them"
        )
        self.each.clicked.connect(self._set_each)
        self.column.addWidget(self.each)
        buttons = FlowLayout()
        for name in ("unfold", "fold", "enter", "detach", "save_block", "share"):
            buttons.addWidget(self.action_button(self.commands[name]))
        self.column.addLayout(buttons)

    def show_settings(self, node: NodeSpec) -> None:
        self.shown.show_block(node)
        self.each.setChecked(is_each(node))

    def help(self, node: NodeSpec) -> None:
        inside = card_of(node)
        self.heading("What is in it")
        self.column.addWidget(QuietLabel(f"{inside.layers} layers: {inside.summary}.", self))

    def focus_first(self) -> None:
        form = self.shown.form
        if form is not None:
            form.focus_field(next(iter(form.model_type.model_fields)))
        else:
            self.name.setFocus()

    def _set_each(self, on: bool) -> None:
        text = f"Apply {self.short} to each element" if on else f"Apply {self.short} to the whole"
        self.editor.edit(self.path, text, lambda level: edits.set_each(level, self.short, on))
