"""What is to be learned from the data: the task and its options."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from engine.datasets.base import DATASETS, SampleSet
from engine.datasets.prepare import require
from engine.errors import BadInput
from engine.frozen import FrozenDict, thaw
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.tasks.base import TASKS
from gui.data.fitting import Fit, fitting
from gui.document.document import Document
from gui.widgets.field_editors import guard_wheel
from gui.widgets.form import SettingsForm
from gui.widgets.notes import ProblemNote, QuietLabel
from gui.widgets.section import PanelSection
from gui.widgets.words import count

KINDS = {"pictures": "From pictures", "series": "From sequences", "text": "From text"}

ELSEWHERE = ("label_smoothing",)
"""Options that are settings of the training, and so stand on the Train page."""

UNDO = "undo"
"""The link that takes the last step back."""
_BY_KEYS = Qt.TextInteractionFlag.LinksAccessibleByKeyboard


class TaskPanel(PanelSection):
    """The list of tasks, what the chosen one is for, and its options. Every choice can be undone."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__("Task", parent)
        self._document = document
        self._samples: SampleSet | None = None
        self._shown = ""
        self.form: SettingsForm | None = None
        self.box = QComboBox(self)
        self.box.setAccessibleName("Task")
        self.box.setToolTip("What the network is to learn from the data")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(16)
        guard_wheel(self.box)
        self._fill()
        self.box.activated.connect(lambda index: self._choose(self.box.itemData(index)))
        self.help = QuietLabel("", self)
        self.note = self._links("What was chosen with the dataset")
        self.problem = ProblemNote(self)
        self.instead = self._links("Tasks that this dataset serves")
        for widget in (self.box, self.help, self.note, self.problem, self.instead):
            self.body.addWidget(widget)
        document.changed.connect(lambda _change: self.note.hide())  # its undo would take back something else
        document.replaced.connect(self.note.hide)

    def _links(self, name: str) -> QuietLabel:
        """A hidden line that may hold links to tasks."""
        label = QuietLabel("", self)
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse | _BY_KEYS)
        label.setAccessibleName(name)
        label.linkActivated.connect(self._follow)
        label.hide()
        return label

    def _fill(self) -> None:
        for kind, words in KINDS.items():
            self.box.addItem(words)
            item = self.box.model().item(self.box.count() - 1)  # type: ignore[attr-defined]
            item.setEnabled(False)
            for id, task in TASKS.items():
                if task.kind == kind:
                    self.box.addItem(task.label, id)
                    self.box.setItemData(self.box.count() - 1, task.help, Qt.ItemDataRole.ToolTipRole)

    def show_project(self, project: ProjectSpec) -> None:
        """Show the document's choice."""
        at = self.box.findData(project.task)
        self.box.setCurrentIndex(max(at, 0))
        if project.task not in TASKS:
            self.help.setText(f"This version has no task called {project.task!r}; choose one of the list.")
            return
        task = TASKS.get(project.task)
        self.help.setText(task.help)
        if self._shown != project.task:
            self._shown = project.task
            if self.form is not None:
                self.body.removeWidget(self.form)
                self.form.hide()
                self.form.deleteLater()
            self.form = SettingsForm(task.Options, hidden=ELSEWHERE, parent=self)
            self.form.changed.connect(self._edited)
            self.form.setVisible(bool(set(task.Options.model_fields) - set(ELSEWHERE)))
            self.body.insertWidget(2, self.form)
        assert self.form is not None
        self.show_network(project.network)
        self._tell_clean()
        try:
            self.form.set_values(task.Options.model_validate(thaw(project.task_options)))
        except ValidationError:
            self.form.reset(task.Options())
        self._judge()

    def show_network(self, network: NetworkSpec) -> None:
        """Show the options that have an effect with this drawing."""
        if self.form is not None and network.nodes:
            kinds = {node.type for node in network.nodes}
            self.form.tell(outputs=len(network.outputs), hypercolumn="Hypercolumn" in kinds)

    def show_fit(self, fit: Fit | None, further: str = "") -> None:
        """Say which task was set together with a dataset, and what `further` was; offer to take all of it back."""
        task = f"Task: {escape(TASKS.get(fit.task).label)}, because this set has {fit.why}." if fit else ""
        words = f"{task} {further} {_link(UNDO, 'Undo')}".replace("  ", " ").strip()
        if fit and fit.others:
            words += f"<br>It also serves {_links_to(fit.others)}."
        self.note.setText(words)
        self.note.show()

    def show_network_fit(self, classes: int, fit: Fit | None) -> None:
        """Say that the network was made to tell as many classes as the dataset has."""
        self.show_fit(fit, f"The network now tells {count(classes, 'class', 'classes')}.")

    def show_samples(self, samples: SampleSet | None) -> None:
        """Compare what the data gives with what the task needs."""
        self._samples = samples
        self._tell_clean()
        self._judge()

    def _tell_clean(self) -> None:
        if self.form is not None and self._samples is not None:
            self.form.tell(clean="clean" in self._samples.gives)

    def _judge(self) -> None:
        """Say when the data that has been read cannot serve the task."""
        project = self._document.project
        self.problem.show_text("")
        self.instead.hide()
        if self._samples is None or project.task not in TASKS:
            return
        task, source = TASKS.get(project.task), DATASETS.get(project.data.source.id)
        try:
            if task.kind != source.kind:
                raise BadInput(f"{task.label} learns {KINDS[task.kind].lower()}, and {source.label} has none.", "")
            require(self._samples.gives, task.needs, source.label)
        except BadInput as error:
            self.problem.show_text(str(error).strip())
            others = [id for id in fitting(source.kind, self._samples.gives) if id != project.task]
            if others:
                self.instead.setText(f"Learn instead: {_links_to(others)}.")
                self.instead.show()

    def _follow(self, link: str) -> None:
        if link == UNDO:
            self._document.undo_stack.undo()
        else:
            self._choose(link)

    def _choose(self, id: str | None) -> None:
        project = self._document.project
        if id is None or id == project.task:
            self.box.setCurrentIndex(max(self.box.findData(project.task), 0))
            return
        changed = project.with_(task=id, task_options=FrozenDict())
        self._document.edit(f"Learn {TASKS.get(id).label.lower()}", changed)

    def _edited(self, options: BaseModel) -> None:
        project = self._document.project
        plain = FrozenDict(options.model_dump(mode="json", exclude_defaults=True))
        self._document.edit("Change the task's options", project.with_(task_options=plain), merge="task_options")


def _link(target: str, words: str) -> str:
    return f'<a href="{escape(target)}">{escape(words)}</a>'


def _links_to(tasks: Iterable[str]) -> str:
    return " · ".join(_link(id, TASKS.get(id).label) for id in tasks)
