"""The card of a famous network: what it is, its options, and the paper's table beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed, Finished
from gui import theme
from gui.canvas.numbers import shape, short, size
from gui.context import Context
from gui.runtime.jobs import JobHandle
from gui.widgets.form import SettingsForm
from gui.widgets.notes import ProblemNote, QuietLabel, ThemedLabel
from gui.widgets.table import Column, Table

if TYPE_CHECKING:
    from engine.gallery.base import GalleryEntry
    from engine.gallery.paper_table import PaperLine
    from engine.graph.results import Analysis
    from engine.graph.spec import NodeSpec

_SOURCES = {
    "paper": "Exact to the paper.",
    "torchvision": "Exact to torchvision, and takes its weights.",
    "modern": "As it is built today.",
}
LABELS = {
    "num_classes": "Classes",
    "in_channels": "Input channels",
    "aux": "Auxiliary classifiers",
    "raw": "Raw answers as outputs",
    "norm": "Normalisation",
    "first": "Channels of the first layer",
    "growth": "Growth rate",
    "depths": "Blocks per stage",
    "drop": "Dropout",
}
COLUMNS = (
    Column("Layer in the paper"),
    Column("Here", help="The node of the drawing"),
    Column("Output there", shape, help="Output as the paper prints it"),
    Column("Output here", shape, help="Output of the drawing"),
    Column("", lambda agrees: "agrees" if agrees else "differs", help="Whether what the paper prints is what is drawn"),
    Column("Parameters there", lambda value: f"{value:,}", help="As the paper prints them", number=True),
    Column("Parameters here", lambda value: f"{value:,}", number=True),
    Column("Note"),
)


@dataclass(frozen=True)
class Worked:
    """What a network with certain options comes to."""

    analysis: Analysis
    lines: tuple[PaperLine, ...]


@dataclass(frozen=True)
class WorkOut:
    """Job: draw a famous network and work out its numbers."""

    id: str
    options: dict[str, Any]

    def __call__(self, emit: Emit, token: CancelToken) -> Worked:
        from engine.gallery.base import GALLERY, open_network
        from engine.gallery.paper_table import beside_paper
        from engine.graph.analyse import analyse

        analysis = analyse(open_network(self.id, **self.options))
        return Worked(analysis, beside_paper(GALLERY.get(self.id), analysis))


class GalleryCard(QScrollArea):
    """Signals: worked_out(): the numbers of what is shown are there."""

    worked_out = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._handle: JobHandle | None = None
        self._again = False
        self.entry: GalleryEntry | None = None
        self.form: SettingsForm | None = None
        self.result: Worked | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.title = ThemedLabel("", role="title")
        self.byline = QuietLabel()
        self.idea = ThemedLabel()
        self.merit = ThemedLabel()
        self.figures = ThemedLabel()
        for label in (self.title, self.idea, self.merit, self.figures):
            label.setWordWrap(True)
        for label in (self.byline, self.idea, self.merit, self.figures):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._problem = ProblemNote()
        self._options_heading = ThemedLabel("Options", role="heading")
        self._options = QVBoxLayout()
        self._table_heading = ThemedLabel("The paper's table beside ours", role="heading")
        self.table = Table(COLUMNS, "The paper's table beside ours", roomy=False)
        self.table.setMinimumHeight(theme.space(20))
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(theme.space(2), theme.space(1), theme.space(2), theme.space(1))
        column.setSpacing(theme.space(1))
        parts: tuple[QWidget, ...] = (self.title, self.byline, self.idea, self.merit, self.figures, self._problem)
        for widget in parts:
            column.addWidget(widget)
        column.addWidget(self._options_heading)
        column.addLayout(self._options)
        column.addWidget(self._table_heading)
        column.addWidget(self.table, 1)
        column.addStretch(0)
        self.setWidget(holder)

    @property
    def options(self) -> dict[str, Any]:
        """The options that differ from their defaults."""
        return self.form.values().model_dump(exclude_defaults=True) if self.form is not None else {}

    def show_entry(self, entry: GalleryEntry) -> None:
        """Become the card of this network, with its default options."""
        self.entry, self.result = entry, None
        self.title.setText(f"{entry.name} ({entry.year})")
        by = " · ".join(part for part in (entry.authors, entry.paper, entry.task) if part)
        self.byline.setText(f"{by}. {_SOURCES[entry.source]}")
        self.idea.setText(entry.idea)
        self.merit.setText(f"In the paper: {entry.merit}." if entry.merit else "")
        self.merit.setVisible(bool(entry.merit))
        self._show_table(())
        self._make_form(entry)
        self._work_out()

    def _make_form(self, entry: GalleryEntry) -> None:
        if self.form is not None:
            self._options.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        self.form = SettingsForm(entry.options, labels=LABELS)
        self.form.changed.connect(lambda model: self._work_out())
        self._options.addWidget(self.form)

    def _work_out(self) -> None:
        self._problem.show_text("")
        if self.entry is None:
            return
        if not self._context.engine.is_ready:
            self.figures.setText("The numbers appear as soon as the engine is loaded.")
            self._context.engine.ready.connect(self._work_out, Qt.ConnectionType.SingleShotConnection)
        elif self._handle is not None:
            self._again = True
        else:
            self.figures.setText("Working out the numbers…")
            job = WorkOut(self.entry.id, self.options)
            self._handle = self._context.runner.start(job, title=f"Working out {self.entry.name}", show=False)
            self._handle.ended.connect(self._worked)

    def _worked(self, end: Event) -> None:
        self._handle = None
        if self._again:
            self._again = False
            self._work_out()
        elif isinstance(end, Failed):
            self.result = None
            self.figures.setText("")
            self._problem.show_text(str(end.error))
        elif isinstance(end, Finished):
            self.result = end.result
            self._show_numbers(end.result)
            self.worked_out.emit()

    def _show_numbers(self, worked: Worked) -> None:
        totals = worked.analysis.totals
        self.figures.setText(
            f"{_ends(worked.analysis.input, worked.analysis.spec.inputs)} in, "
            f"{_ends(worked.analysis.output, worked.analysis.spec.outputs)} out · "
            f"{totals.parameters:,} parameters · "
            f"{short(totals.macs)} multiply-accumulates · {size(totals.activation_bytes)} of activations"
        )
        self._show_table(worked.lines)

    def _show_table(self, lines: tuple[PaperLine, ...]) -> None:
        shown = bool(lines)
        self._table_heading.setVisible(shown)
        self.table.setVisible(shown)
        self.table.set_rows(
            [
                (
                    line.layer,
                    line.node,
                    line.output,
                    line.our_output,
                    line.agrees,
                    line.parameters,
                    line.our_parameters,
                    line.note,
                )
                for line in lines
            ]
        )


def _ends(of: object, nodes: Sequence[NodeSpec]) -> str:
    """The shape at an end of the network; of several with their names."""
    if isinstance(of, tuple) and of and all(isinstance(one, tuple) for one in of):
        return ", ".join(f"{node.id} {shape(one)}" for node, one in zip(nodes, of, strict=True))
    return shape(of) if isinstance(of, tuple) else "?"
