"""How every picture becomes the network's input."""

from __future__ import annotations

from pydantic import BaseModel
from PySide6.QtWidgets import QPushButton, QWidget

from engine.datasets.spec import PreprocessSpec
from engine.events import Event, Failed, Finished
from engine.graph.edits import set_params
from engine.graph.spec import NetworkSpec
from gui import theme
from gui.context import Context
from gui.data.jobs import Measured, MeasureTraining
from gui.data.model import DataModel
from gui.runtime.jobs import JobHandle
from gui.widgets.form import SettingsForm
from gui.widgets.notes import ProblemNote
from gui.widgets.section import PanelSection


class PreprocessPanel(PanelSection):
    """The settings, a button that measures mean and deviation, and whether the network's input agrees."""

    def __init__(self, context: Context, model: DataModel, parent: QWidget | None = None) -> None:
        super().__init__("Preprocessing", parent)
        self._context = context
        self._model = model
        self._measuring: JobHandle | None = None
        self.form = SettingsForm(PreprocessSpec, labels={"std": "Deviation"}, parent=self)
        self.form.changed.connect(self._edited)
        self.measure = QPushButton(self)
        self.measure.setAccessibleName("Compute mean and deviation")
        self.measure.clicked.connect(self.toggle_measuring)
        self.mismatch = ProblemNote(self)
        self.adapt = QPushButton(theme.icon("repair"), "", self)
        self.adapt.setToolTip("Set the input of the network to what the preprocessing gives")
        self.adapt.setAccessibleName("Adapt the network's input")
        self.adapt.clicked.connect(self.adapt_network)
        for widget in (self.mismatch, self.adapt, self.form, self.measure):
            self.body.addWidget(widget)
        self._show_measuring()

    def show_preprocess(self, spec: PreprocessSpec) -> None:
        """Show the document's settings."""
        self.form.set_values(spec)

    def show_network(self, network: NetworkSpec) -> None:
        """Say when the drawn network expects another input than the preprocessing gives."""
        wanted = self._shape()
        given = _input_shape(network)
        differs = given is not None and given[1] != wanted
        if differs and given is not None:
            self.mismatch.show_text(f"The network expects {_words(given[1])} values and would get {_words(wanted)}.")
            self.adapt.setText(f"Set the network's input to {_words(wanted)}")
        else:
            self.mismatch.show_text("")
        self.adapt.setVisible(differs)

    def adapt_network(self) -> None:
        """Give the network's input the shape of the preprocessed pictures."""
        document = self._context.document
        given = _input_shape(document.project.network)
        if given is not None:
            shape = self._shape()
            document.edit_network("Adapt the network's input", lambda spec: set_params(spec, given[0], shape=shape))

    def toggle_measuring(self) -> None:
        """Measure mean and deviation of the training pictures, or stop doing so."""
        if self._measuring is not None:
            self._measuring.cancel()
            return
        job = MeasureTraining(self._model.data, self._context.document.folder)
        handle = self._context.runner.start(job, title="Measuring the training pictures")
        self._measuring = handle

        def ended(end: Event) -> None:
            self._measuring = None
            self._show_measuring()
            if isinstance(end, Finished):
                self._measured(end.result)
            elif isinstance(end, Failed):
                self._context.notifier.error(end.error)

        handle.ended.connect(ended)
        self._show_measuring()

    def _measured(self, found: Measured) -> None:
        spec = self._model.data.preprocess
        if len(found.mean) == spec.channels:
            changed = spec.model_copy(update={"mean": found.mean, "std": found.std})
            self._model.edit("Measure mean and deviation", preprocess=changed)

    def _show_measuring(self) -> None:
        busy = self._measuring is not None
        self.measure.setText("Stop measuring" if busy else "Compute mean and deviation")
        self.measure.setIcon(theme.icon("stop" if busy else "auto"))
        self.measure.setToolTip(
            "Stop and keep the numbers as they are"
            if busy
            else "Measure them on the training pictures, so that the input has mean 0 and deviation 1"
        )

    def _edited(self, spec: BaseModel) -> None:
        assert isinstance(spec, PreprocessSpec)
        changes = {}
        for name in ("mean", "std"):
            values = getattr(spec, name)
            if len(values) not in (1, spec.channels):
                # Numbers for three channels can't serve one; their average is nearest.
                changes[name] = (round(sum(values) / len(values), 4),)
        merge = f"data.preprocess.{self.form.last_field}"
        self._model.edit("Change the preprocessing", merge=merge, preprocess=spec.model_copy(update=changes))

    def _shape(self) -> tuple[int, int, int]:
        spec = self._model.data.preprocess
        return spec.channels, spec.height, spec.width


def _input_shape(network: NetworkSpec) -> tuple[str, tuple[int, ...]] | None:
    """Id and shape of the network's only picture input, or None."""
    inputs = [node for node in network.nodes if node.type == "Input"]
    if len(inputs) != 1:
        return None
    shape = inputs[0].params.get("shape")
    if not isinstance(shape, tuple) or len(shape) != 3:
        return None
    return inputs[0].id, shape


def _words(shape: tuple[int, ...]) -> str:
    return "×".join(str(size) for size in shape)
