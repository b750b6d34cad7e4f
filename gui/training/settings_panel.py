"""The settings of a training as a form; what beginners need on top, the rest folded below."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from engine.registry import Registry
from engine.training.initialisations.base import INITIALISATIONS
from engine.training.optimisers import OPTIMISERS
from engine.training.schedules import SCHEDULES
from engine.training.spec import TrainingSpec
from gui import theme
from gui.document.document import Document
from gui.widgets.folding import Folding
from gui.widgets.form import SettingsForm
from gui.widgets.notes import QuietLabel, ThemedLabel

BASIC = ("epochs", "batch_size", "optimiser", "schedule")
LABELS = {
    "optimiser": "Optimiser",
    "clip_norm": "Clip gradients",
    "l1": "L1 penalty",
    "ema": "Average of weights",
    "pieces": "Pieces of a batch",
    "checkpoint_every": "Checkpoint every",
    "weight_decay": "Weight decay",
}


class SettingsPanel(QScrollArea):
    """Edits `project.training`; every edit is a step that can be undone.

    Signals:
        problems_changed(): `problem` is different now.
    """

    problems_changed = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Training settings")
        registries: dict[str, Registry] = {"optimiser": OPTIMISERS, "schedule": SCHEDULES}
        further = [name for name in TrainingSpec.model_fields if name not in BASIC]
        self.basic = SettingsForm(TrainingSpec, registries=registries, labels=LABELS, hidden=further)
        kinds: dict[str, Registry] = {"initialisation": INITIALISATIONS}
        self.further = SettingsForm(TrainingSpec, registries=kinds, labels=LABELS, hidden=BASIC)
        self.note = QuietLabel("A training is running; changes count for the next one.", self)
        self.note.hide()
        column = QWidget(self)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(theme.space(2), theme.space(2), theme.space(2), theme.space(2))
        layout.setSpacing(theme.space(2))
        layout.addWidget(ThemedLabel("Settings", "text", "heading", column))
        layout.addWidget(self.note)
        layout.addWidget(self.basic)
        self.folding = Folding("More settings", self.further, parent=column)
        layout.addWidget(self.folding)
        layout.addStretch(1)
        self.setWidget(column)
        for form in (self.basic, self.further):
            form.changed.connect(lambda model, form=form: self._edited(model, form))
            form.problems_changed.connect(self.problems_changed)
        document.changed.connect(lambda _change: self._show(reset=False))
        document.replaced.connect(lambda: self._show(reset=True))
        self._show(reset=True)

    def minimumSizeHint(self) -> QSize:
        # Wide enough for a label and its field at any size of text, and narrow enough for the plots beside it.
        return QSize(self.fontMetrics().averageCharWidth() * 30, super().minimumSizeHint().height())

    @property
    def problem(self) -> str:
        """What is wrong with a setting, in words, or ""."""
        for form in (self.basic, self.further):
            for name, words in form.problems.items():
                return f"{LABELS.get(name, name.replace('_', ' ').capitalize())}: {words}" if name else words
        return ""

    def flush(self) -> bool:
        """Take over what is being typed now; False while something is invalid."""
        return all([self.basic.flush(), self.further.flush()])

    def show_training(self, running: bool) -> None:
        """Say that a training is running with the settings as they were."""
        self.note.setVisible(running)

    def _edited(self, model: TrainingSpec, form: SettingsForm) -> None:
        # The other form's fields come from the project: this form may not have heard of their newest values yet.
        field = form.last_field
        current = self._document.project.training
        training = current.model_copy(update={field: getattr(model, field)})
        label = f"Change {LABELS.get(field, field.replace('_', ' ')).lower()}"
        self._document.edit(label, self._document.project.with_(training=training), merge=f"training.{field}")

    def _show(self, reset: bool) -> None:
        training = self._document.project.training
        for form in (self.basic, self.further):
            if reset:
                form.reset(training)
            else:
                form.set_values(training)
