"""What looks at the pictures: a finished run, a trained model whose file is here, or one of OpenCV's detectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from engine.inference.predictor import DETECTORS
from engine.pretrained.table import KIND_WORDS, PREFIX
from gui import theme
from gui.widgets.measure_words import measure_value
from gui.widgets.notes import ProblemNote, QuietLabel

if TYPE_CHECKING:
    from engine.pretrained.files import Found
    from engine.pretrained.table import Weights
    from engine.training.runs import RunInfo

_ICONS = {"opencv:face": "face", "opencv:eyes": "eye", "opencv:people": "live", "opencv:motion": "motion"}
_KIND_ICONS = {
    "detection": "label_box",
    "instances": "label_polygon",
    "pose": "label_point",
    "segmentation": "label_brush",
    "classification": "label",
}
_WEIGHTS = "?weights"


class ModelChooser(QWidget):
    """Signals:
    chosen(object): str, a text for `engine.inference.predictor.open_predictor`, or "" for the bare picture.
    weights_wanted(): show which trained models there are, and what they need.
    """

    chosen = Signal(object)
    weights_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.current = ""
        self._runs: tuple[RunInfo, ...] = ()
        self._trained: tuple[Weights, ...] = ()
        self.box = QComboBox(self)
        self.box.setAccessibleName("Model")
        self.box.setToolTip("What looks at the pictures")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(14)
        self.box.activated.connect(self._activated)
        self.help = QuietLabel("", self)
        self.problem = ProblemNote(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        for widget in (self.box, self.help, self.problem):
            column.addWidget(widget)
        self._fill()

    @property
    def name(self) -> str:
        """What the chosen model is called."""
        return self.box.itemText(max(0, self.box.findData(self.current)))

    @property
    def task(self) -> str:
        """The id of the chosen run's task; "" for any other model."""
        return next((run.task for run in self._runs if str(run.folder) == self.current), "")

    @property
    def run(self) -> str:
        """The chosen run's folder; "" for any other model."""
        return self.current if any(str(run.folder) == self.current for run in self._runs) else ""

    def set_runs(self, runs: Sequence[RunInfo]) -> None:
        """Offer these runs, those that have weights; the choice stays."""
        usable = tuple(run for run in runs if run.status in ("finished", "stopped") and run.epochs_done)
        if usable != self._runs:
            self._runs = usable
            self._fill()

    def set_trained(self, models: Sequence[Found]) -> None:
        """Offer those of the trained models whose files are here; the choice stays."""
        here = tuple(one.row for one in models if one.path is not None)
        if here != self._trained:
            self._trained = here
            self._fill()

    def choose(self, model: str) -> None:
        """Choose a model by its text, as if it had been picked."""
        self.current = model
        self.box.setCurrentIndex(max(0, self.box.findData(model)))
        self._explain()
        self.problem.show_text("")
        self.chosen.emit(model)

    def _fill(self) -> None:
        self.box.clear()
        self.box.addItem(theme.icon("eye_off"), "No model, only the picture", "")
        self._heading("Runs of this project" if self._runs else "Runs of this project: none yet")
        for run in reversed(self._runs):
            self.box.addItem(theme.icon("network"), _run_words(run), str(run.folder))
        self._heading("Trained models" if self._trained else "Trained models: none here yet")
        for row in self._trained:
            self.box.addItem(theme.icon(_KIND_ICONS[row.task]), row.label, row.id)
            self.box.setItemData(self.box.count() - 1, KIND_WORDS[row.task], Qt.ItemDataRole.ToolTipRole)
        self.box.addItem(theme.icon("download"), "Models on this computer…", _WEIGHTS)
        self._heading("Built in, without training")
        for id, kind in sorted(DETECTORS.items(), key=lambda item: list(_ICONS).index(item[0])):
            self.box.addItem(theme.icon(_ICONS[id]), kind.label, id)
            self.box.setItemData(self.box.count() - 1, kind.help, Qt.ItemDataRole.ToolTipRole)
        if self.box.findData(self.current) < 0:
            if self.current.startswith(PREFIX):  # chosen before its file was looked for
                self.box.addItem(theme.icon("network"), self.current.removeprefix(PREFIX), self.current)
            else:
                self.current = ""
        self.box.setCurrentIndex(self.box.findData(self.current))
        self._explain()

    def _heading(self, text: str) -> None:
        """A line of the list that cannot be chosen and says what follows."""
        self.box.addItem(text, None)
        item = self.box.model().item(self.box.count() - 1)  # type: ignore[attr-defined]
        item.setEnabled(False)

    def _activated(self, index: int) -> None:
        model = self.box.itemData(index)
        if model == _WEIGHTS:
            self.box.setCurrentIndex(self.box.findData(self.current))
            self.weights_wanted.emit()
        elif model is not None and model != self.current:
            self.choose(model)

    def _explain(self) -> None:
        if self.current in DETECTORS:
            text = DETECTORS.get(self.current).help
        elif self.current.startswith(PREFIX):
            words = [KIND_WORDS[row.task] for row in self._trained if row.id == self.current]
            text = f"{words[0]}, with torchvision's weights." if words else ""
        elif self.current:
            text = "The run's own preprocessing is applied to every picture."
        else:
            text = "" if self._runs else "Train a network to see it here, or take a built-in detector."
        self.help.setText(text)
        self.help.setVisible(bool(text))


def _run_words(run: RunInfo) -> str:
    reached = run.test.get(run.headline, run.best_value)
    return f"{run.name} · {measure_value(run.headline, reached)}" if reached is not None else run.name
