"""The settings of a training as a form; what beginners need on top, the rest folded below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.errors import BadInput
from engine.project.spec import ProjectSpec
from engine.registry import Registry
from engine.tasks.base import TASKS
from engine.training.initialisations.base import INITIALISATIONS
from engine.training.optimisers import OPTIMISERS, parse_optimiser
from engine.training.schedules import SCHEDULES, parse_schedule
from engine.training.spec import TrainingSpec
from gui import theme
from gui.document.document import Document
from gui.training.descent_slider import DescentSlider
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
        find_rate_wanted(), choose_speed_wanted(): a tool was asked for.
    """

    problems_changed = Signal()
    find_rate_wanted = Signal()
    choose_speed_wanted = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples: int | None = None
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
        self.descent = DescentSlider(column)
        self.descent.chosen.connect(self._batch_chosen)
        layout.addWidget(ThemedLabel("Samples of a step", "text_muted", "small", column))
        layout.addWidget(self.descent)
        layout.addLayout(self._tools(column))
        self.folding = Folding("More settings", self.further, parent=column)
        layout.addWidget(self.folding)
        layout.addStretch(1)
        self.setWidget(column)
        column.installEventFilter(self)
        for form in (self.basic, self.further):
            form.changed.connect(lambda model, form=form: self._edited(model, form))
            form.problems_changed.connect(self.problems_changed)
        document.changed.connect(lambda _change: self._show(reset=False))
        document.replaced.connect(lambda: self._show(reset=True))
        self._show(reset=True)

    def _tools(self, column: QWidget) -> QVBoxLayout:
        """Buttons of the tools that choose settings by trying them."""
        rate = QPushButton(theme.icon("train"), "Find a learning rate…", column)
        rate.setToolTip("Try all learning rates in one short run and read off which one suits")
        rate.clicked.connect(self.find_rate_wanted)
        speed = QPushButton(theme.icon("speed"), "Choose the fastest way…", column)
        speed.setToolTip("Time memory layout, 16-bit numbers, torch.compile and threads on this machine")
        speed.clicked.connect(self.choose_speed_wanted)
        self.tools = (rate, speed)
        rows = QVBoxLayout()
        rows.setSpacing(theme.space(1))
        for button in self.tools:
            rows.addWidget(button)
        return rows

    def show_samples(self, samples: int | None) -> None:
        """Know how many samples the training part has."""
        self._samples = samples
        self.descent.show_size(self._document.project.training.batch_size, samples)

    def _batch_chosen(self, size: int) -> None:
        project = self._document.project
        training = project.training.model_copy(update={"batch_size": size})
        self._document.edit("Change batch size", project.with_(training=training), merge="training.batch_size")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()  # the splitter must know how wide it is now
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        """As wide as its widest row needs at any size of text, so that nothing is cut."""
        column = self.widget()
        wide = column.minimumSizeHint().width() if column is not None else 0
        wide += self.verticalScrollBar().sizeHint().width()
        return QSize(max(wide, self.fontMetrics().averageCharWidth() * 30), super().minimumSizeHint().height())

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
        self.descent.show_size(training.batch_size, self._samples)
        facts = _facts(self._document.project)
        for form in (self.basic, self.further):
            form.tell(**facts)
            if reset:
                form.reset(training)
            else:
                form.set_values(training)


def _facts(project: ProjectSpec) -> dict[str, bool]:
    """What settings depend on beside themselves (`engine.idle.FACTS`); what cannot be told is left out."""
    facts: dict[str, bool] = {}
    if project.task in TASKS:
        facts["smoothing"] = "label_smoothing" in TASKS.get(project.task).Options.model_fields
    try:
        optimiser = parse_optimiser(project.training.optimiser)
        schedule = parse_schedule(project.training.schedule)
    except BadInput:
        return facts
    facts["momentum"] = hasattr(optimiser, "beta1") or getattr(optimiser, "momentum", 0.0) > 0
    facts["cycled"] = facts["momentum"] and bool(getattr(schedule, "cycle_momentum", False))
    return facts
