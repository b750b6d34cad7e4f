"""What every layer costs, as a table and as heat on the drawing; its time is measured on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QSpinBox, QVBoxLayout, QWidget

from engine.events import Event, Failed, Finished
from engine.graph.difference import difference
from engine.graph.profile import Profile, ProfileJob
from gui import theme
from gui.builder.heat import MEASURES, TIME, duration, heat_of
from gui.canvas.card import card_of
from gui.canvas.numbers import shape, short, size
from gui.context import Context
from gui.runtime.jobs import JobHandle
from gui.widgets.flow import FlowRow
from gui.widgets.notes import QuietLabel
from gui.widgets.table import Column, Table

if TYPE_CHECKING:
    from engine.graph.results import Analysis
    from engine.graph.spec import NetworkSpec, NodeSpec

NO_HEAT = "Nothing"


def _share(value: float) -> str:
    return f"{value * 100:.1f} %"


def _count(value: int) -> str:
    return f"{value:,}"


COLUMNS = (
    Column("Layer", help="The layer's name; a block is the sum of what is in it"),
    Column("Output", shape, help="Shape of what comes out, without the batch"),
    Column(
        "Parameters",
        _count,
        help="Numbers that are stored, those that training changes and those it does not",
        number=True,
    ),
    Column("Share", _share, help="Share of all parameters", number=True),
    Column("MACs", short, help="Multiply-accumulates for one picture", number=True),
    Column("Share", _share, help="Share of all multiply-accumulates", number=True),
    Column("Memory", size, help="Memory of the output for one picture, as 32-bit numbers", number=True),
    Column("Time", duration, help="Measured on this machine for one forward; press Measure time", number=True),
    Column("Share", _share, help="Share of the measured time of all layers", number=True),
    Column(
        "Sees", lambda of: f"{shape(of)} px", help="Receptive field: the part of the input that one value depends on"
    ),
    Column("Type"),
)


class CostTable(QWidget):
    """Signals:
    chosen(object): id of the node whose row was chosen.
    export_wanted(object): as of `Table`.
    heat_changed(object): the `Heat` to draw on the nodes, or None.
    """

    chosen = Signal(object)
    export_wanted = Signal(object)
    heat_changed = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._ids: list[str] = []
        self._analysis: Analysis | None = None
        self._stale = False
        self._handle: JobHandle | None = None
        self.profile: Profile | None = None
        self.table = Table(COLUMNS, "Cost of every layer", self, roomy=False)
        self.table.setToolTip("Enter or a double-click shows the layer on the drawing")
        self.table.opened.connect(self._choose)
        self.table.clicked.connect(lambda index: self._choose(self.table.shown_rows()[index.row()]))
        self.table.export_wanted.connect(self.export_wanted)
        self.total = QuietLabel("The costs appear as soon as the engine is loaded.", self)
        self._controls()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(1), 0)
        layout.setSpacing(theme.space(0.5))
        layout.addWidget(self._bar())
        layout.addWidget(self.total)
        layout.addWidget(self.table, 1)

    def _controls(self) -> None:
        self.inside = QCheckBox("Inside &blocks", self)
        self.inside.setToolTip("List every layer inside the blocks, and not only the blocks")
        self.inside.toggled.connect(self._fill)
        self.heat = QComboBox(self)
        self.heat.addItems([NO_HEAT, *(label for label, _, _ in MEASURES), TIME])
        self.heat.setAccessibleName("Heat on the drawing")
        self.heat.setToolTip("Colour the nodes of the drawing by what they cost")
        self.heat.currentTextChanged.connect(self._heat_chosen)
        self.batch = QSpinBox(self)
        self.batch.setRange(1, 1024)
        self.batch.setSuffix(" per batch")
        self.batch.setAccessibleName("Pictures per batch for measuring")
        self.batch.setToolTip("How many pictures go through the network at once while its layers are timed")
        self.measure = QPushButton(theme.icon("clock"), "&Measure time", self)
        self.measure.setToolTip("Run the network on this machine and time every layer")
        self.measure.clicked.connect(self.start_measuring)
        self.export = QPushButton(theme.icon("csv"), "Export as CSV…", self)
        self.export.setToolTip("Save the table for a spreadsheet")
        self.export.clicked.connect(self.table.export_action.trigger)

    def _bar(self) -> FlowRow:
        bar = FlowRow(theme.space(1), theme.space(0.5), self)
        label = QuietLabel("Show on the drawing", self)
        label.setWordWrap(False)
        for widget in (label, self.heat, self.inside, self.batch, self.measure, self.export):
            bar.flow.addWidget(widget)
        return bar

    # showing

    def show_analysis(self, analysis: Analysis) -> None:
        """Become the table of this analysis, one row per node of the drawing; at once if this is in view."""
        self._analysis = analysis
        if self.profile is not None and not _same_design(self.profile.spec, analysis.spec):
            self.profile = None
        self._stale = True
        if self.isVisible():
            self._fill()
        if self.heat.currentText() != NO_HEAT:
            self._tell_heat()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._fill()

    def _fill(self) -> None:
        analysis = self._analysis
        if analysis is None:
            return
        self._stale = False
        nodes = _all_layers(analysis.spec, "") if self.inside.isChecked() else analysis.spec.by_id
        infos = [(id, node, analysis.nodes[id]) for id, node in nodes.items() if id in analysis.nodes]
        parameters = max(1, sum(info.parameters for _, _, info in infos))
        macs = max(1, sum(info.macs for _, _, info in infos))
        times = self.profile.layers if self.profile is not None else {}
        whole = sum(times.get(id, 0.0) for id, _, _ in infos) or 1.0
        self._ids = [id for id, _, _ in infos]
        self.table.set_rows(
            [
                (
                    id,
                    info.output_shape,
                    info.parameters or None,
                    info.parameters / parameters if info.parameters else None,
                    info.macs or None,
                    info.macs / macs if info.macs else None,
                    info.activation_bytes or None,
                    times.get(id),
                    times[id] / whole if id in times else None,
                    info.receptive_field.size if info.receptive_field else None,
                    card_of(node).title,
                )
                for id, node, info in infos
            ]
        )
        self._say_totals(analysis)

    def _say_totals(self, analysis: Analysis) -> None:
        totals = analysis.totals
        self.total.setToolTip(
            "Training keeps values for the way back; looking forgets each after its last use. "
            f"The weights take {size(totals.parameter_bytes)} more; training adds gradients and the optimiser's state."
        )
        parts = [
            f"{totals.parameters:,} parameters",
            f"{totals.macs:,} multiply-accumulates",
            f"for one picture {size(totals.training_bytes)} to train and {size(totals.inference_bytes)} to look",
        ]
        profile = self.profile
        if profile is not None:
            parts.append(
                f"{duration(profile.seconds)} for a batch of {profile.batch} on {profile.device} "
                f"({short(profile.pictures_per_second)} img/s)"
            )
        self.total.setText(" · ".join(parts))

    def _choose(self, row: int) -> None:
        self.chosen.emit(self._ids[row])

    # measuring

    def start_measuring(self) -> None:
        """Time every layer; while that runs the button stops it."""
        if self._handle is not None:
            self._handle.cancel()
            return
        spec = self._context.document.project.network
        job = ProfileJob(spec, batch=self.batch.value())
        self._handle = self._context.runner.start(job, title="Measuring the layers")
        self._handle.ended.connect(self._measured)
        self.measure.setText("Stop measuring")

    def _measured(self, end: Event) -> None:
        self._handle = None
        self.measure.setText("&Measure time")
        if isinstance(end, Failed):
            self._context.notifier.error(end.error)
        elif isinstance(end, Finished):
            self.profile = end.result
            if self._analysis is None or not _same_design(end.result.spec, self._analysis.spec):
                self.profile = None
                self._context.notifier.show(
                    "info", "The network was changed while it was measured.", "Measure again to see the times."
                )
                return
            self._fill()
            with QSignalBlocker(self.heat):
                self.heat.setCurrentText(TIME)
            self._tell_heat()

    def _heat_chosen(self, name: str) -> None:
        if name == TIME and self.profile is None and self._handle is None:
            self.start_measuring()
        self._tell_heat()

    def _tell_heat(self) -> None:
        name, analysis = self.heat.currentText(), self._analysis
        self.heat_changed.emit(heat_of(name, analysis, self.profile) if analysis is not None else None)


def _same_design(one: NetworkSpec, other: NetworkSpec) -> bool:
    return one is other or difference(one, other).is_empty


def _all_layers(spec: NetworkSpec, path: str) -> dict[str, NodeSpec]:
    """Every node that is not a block, at every depth, by its path; the ends of blocks are left out."""
    found: dict[str, NodeSpec] = {}
    for node in spec.nodes:
        if node.subgraph is not None:
            found |= _all_layers(node.subgraph, f"{path}{node.id}.")
        elif not path or node.type not in ("Input", "Output"):
            found[path + node.id] = node
    return found
