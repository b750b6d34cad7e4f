"""Letting a model suggest the labels of the current picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QPushButton, QSlider, QWidget

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed, Finished
from engine.inference.predictor import DETECTORS
from engine.labelling.proposals import Bench, Proposal, Propose
from gui import theme
from gui.context import Context
from gui.labelling.alive import while_alive
from gui.labelling.model import LabelModel
from gui.runtime.jobs import JobHandle
from gui.widgets.notes import ProblemNote, QuietLabel, ThemedLabel
from gui.widgets.section import PanelSection

if TYPE_CHECKING:
    from engine.training.runs import RunInfo

_OTHER = "?other"
_FIRST = 0.4


class ProposalsPanel(PanelSection):
    """Signals:
    proposed(): suggestions are there, and the picture is to have the keyboard.
    """

    proposed = Signal()

    def __init__(self, context: Context, model: LabelModel, parent: QWidget | None = None) -> None:
        super().__init__("Proposals", parent)
        self._context, self._model = context, model
        self._bench = Bench()
        self._job: JobHandle | None = None
        self._choosing = False
        self._answer: tuple[Proposal, ...] = ()  # all that are left, also those not sure enough to be shown
        self._seen: tuple[Proposal, ...] = ()
        self._runs: tuple[RunInfo, ...] = ()
        self._trained: tuple[tuple[str, str], ...] = ()  # ids and names
        self._make_choice()
        self._make_buttons()
        self.note = QuietLabel("", self)
        self.problem = ProblemNote(self)
        self._lay_out()
        model.proposals_changed.connect(self._proposals_changed)
        model.picture_changed.connect(self._other_picture)
        context.runs.changed.connect(self._runs_changed)
        self._fill()
        self._show()

    def _make_choice(self) -> None:
        self.box = QComboBox(self)
        self.box.setAccessibleName("Model that proposes")
        self.box.setToolTip("What suggests labels: a run of this project, or a detector that comes ready")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(14)
        self.box.activated.connect(self._activated)
        self.text = QLineEdit(self)
        self.text.setPlaceholderText("torchvision:… or a run's folder")
        self.text.setAccessibleName("Other model")
        self.text.setToolTip("A model by its id, such as torchvision:ssdlite320_mobilenet_v3_large, or a run's folder")
        self.text.returnPressed.connect(self.propose)
        self.text.hide()
        self.threshold = QSlider(Qt.Orientation.Horizontal, self)
        self.threshold.setRange(1, 95)
        self.threshold.setValue(round(_FIRST * 100))
        self.threshold.setAccessibleName("How sure a proposal must be")
        self.threshold.setToolTip("Show proposals of which the model is at least so sure")
        self.threshold.valueChanged.connect(self._threshold_changed)
        self.sure = ThemedLabel("", "text_muted", "small", self)

    def _make_buttons(self) -> None:
        self.go = QPushButton(theme.icon("sparkle"), "Propose labels", self)
        self.go.setAccessibleName("Propose labels")
        self.go.clicked.connect(self.propose)
        self.always = QCheckBox("On every picture that I open", self)
        self.always.setAccessibleName("Propose on every picture")
        self.always.setToolTip("Let the model look at each picture without labels as soon as it is shown")
        self.always.toggled.connect(lambda on: self.propose() if on else None)
        self.accept = QPushButton(theme.icon("check"), "Accept all", self)
        self.accept.setAccessibleName("Accept all proposals")
        self.accept.setToolTip("Take all proposals over as labels (Shift+Enter); Enter takes only the chosen one")
        self.accept.clicked.connect(lambda: self._model.accept(every=True))
        self.refuse = QPushButton(theme.icon("close"), "Refuse all", self)
        self.refuse.setAccessibleName("Refuse all proposals")
        self.refuse.setToolTip("Put all proposals away (Shift+Delete); Delete puts only the chosen one away")
        self.refuse.clicked.connect(lambda: self._model.refuse(every=True))

    def _lay_out(self) -> None:
        sure = QHBoxLayout()
        sure.addWidget(self.threshold, 1)
        sure.addWidget(self.sure)
        answer = QHBoxLayout()
        answer.addWidget(self.accept)
        answer.addWidget(self.refuse)
        answer.addStretch(1)
        self.body.addWidget(self.box)
        self.body.addWidget(self.text)
        self.body.addLayout(sure)
        self.body.addWidget(self.go)
        self.body.addWidget(self.always)
        self.body.addWidget(self.note)
        self.body.addLayout(answer)
        self.body.addWidget(self.problem)

    @property
    def model_text(self) -> str:
        """The chosen model, as `open_predictor` takes it; "" for none."""
        chosen = self.box.currentData()
        return self.text.text().strip() if chosen == _OTHER else str(chosen or "")

    def choose(self, model: str) -> None:
        """Choose a model by its text."""
        place = self.box.findData(model)
        self.box.setCurrentIndex(place if place >= 0 else self.box.findData(_OTHER))
        self.text.setText("" if place >= 0 else model)
        self._activated(self.box.currentIndex())

    def propose(self) -> None:
        """Let the model look at the current picture."""
        file = self._model.file
        if not file or not self.model_text:
            self._show()
            return
        self.stop()
        self.problem.show_text("")
        job = Propose(self.model_text, self._model.folder / file, self._bench)
        handle = self._context.runner.start(job, title=f"Proposing labels for {file.rsplit('/', 1)[-1]}")
        self._job = handle

        def ended(end: Event) -> None:
            if self._job is not handle:
                return
            self._job = None
            if isinstance(end, Finished) and self._model.file == file:
                self._answer = end.result
                self._threshold_changed()
                if not self._model.proposals:
                    self.note.setText("The model proposes nothing here of which it is sure enough.")
                self.proposed.emit()
            elif isinstance(end, Failed):
                self.problem.show_text(str(end.error))
            self._buttons()

        handle.ended.connect(while_alive(self, ended))
        self._show()

    def let_go(self) -> None:
        """Give back the memory of the model while the page is not shown."""
        self._bench.close()

    def stop(self) -> None:
        """Let go of an answer that is under way."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _threshold_changed(self) -> None:
        least = self.threshold.value() / 100
        self.sure.setText(f"{self.threshold.value()} % sure")
        if self._answer:
            self._choosing = True
            self._model.set_proposals([one for one in self._answer if one.score >= least])
            self._choosing = False
        self._buttons()

    def _other_picture(self) -> None:
        self.stop()
        self._answer = ()
        self._show()
        picture = self._model.picture
        if self.always.isChecked() and picture is not None and not picture.done:
            self.propose()

    def _proposals_changed(self) -> None:
        gone = [one for one in self._seen if one not in self._model.proposals]
        if not self._choosing:
            self._answer = tuple(one for one in self._answer if one not in gone)
        self._show()

    def _show(self) -> None:
        count = len(self._model.proposals)
        if self._job is not None:
            self.note.setText("The model looks at the picture…")
        elif count:
            self.note.setText(f"{count} left. Enter accepts the chosen one, Delete refuses it, dragging corrects it.")
        else:
            self.note.setText("")
        self._seen = self._model.proposals
        self._buttons()

    def _buttons(self) -> None:
        some = bool(self._model.proposals)
        self.sure.setText(f"{self.threshold.value()} % sure")
        self.accept.setVisible(some)
        self.refuse.setVisible(some)
        self.note.setVisible(bool(self.note.text()))
        usable = bool(self._model.file and self.model_text and self._job is None)
        self.go.setEnabled(usable)
        tip = "Let the model suggest labels for this picture (R)"
        why = "Choose a model first" if not self.model_text else "Bring a picture first"
        self.go.setToolTip(tip if usable else "The model looks at the picture" if self._job is not None else why)

    def _runs_changed(self) -> None:
        runs: Sequence[RunInfo] = self._context.runs.runs
        usable = tuple(run for run in runs if run.status in ("finished", "stopped") and run.epochs_done)
        if usable != self._runs:
            self._runs = usable
            self._fill()

    def look_for_models(self) -> None:
        """See which trained models have their weights on this computer."""
        handle = self._context.runner.start(_weights, title="Looking for models", show=False)

        def ended(end: Event) -> None:
            if isinstance(end, Finished) and end.result != self._trained:
                self._trained = end.result
                self._fill()

        handle.ended.connect(while_alive(self, ended))

    def _fill(self) -> None:
        """List the models; the choice stays."""
        before = self.box.currentData()
        self.box.clear()
        self.box.addItem(theme.icon("sparkle"), "Choose a model", "")
        for run in reversed(self._runs):
            self.box.addItem(theme.icon("network"), run.name, str(run.folder))
        for id, label in self._trained:
            self.box.addItem(theme.icon("star"), label, id)
        for id in sorted(DETECTORS):
            kind = DETECTORS.get(id)
            self.box.addItem(theme.icon("eye"), kind.label, id)
            self.box.setItemData(self.box.count() - 1, kind.help, Qt.ItemDataRole.ToolTipRole)
        self.box.addItem(theme.icon("more"), "Other…", _OTHER)
        self.box.setCurrentIndex(max(0, self.box.findData(before)))
        self._buttons()

    def _activated(self, _index: int) -> None:
        self.text.setVisible(self.box.currentData() == _OTHER)
        if self.text.isVisible():
            self.text.setFocus()
        self.problem.show_text("")
        self._buttons()


def _weights(emit: Emit, token: CancelToken) -> tuple[tuple[str, str], ...]:
    from engine.pretrained.files import find_weights

    return tuple({found.row.id: found.row.label for found in find_weights() if found.path is not None}.items())
