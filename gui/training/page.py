"""The Train page: settings on the left, curves in the middle, runs and sample answers on the right."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.events import Event, Failed, Finished, Notice
from engine.training.events import Advice, EpochDone, RunStarted, RunSummary, SamplePredictions, StepsDone
from engine.training.runs import RunInfo
from gui import theme
from gui.context import Context, Page
from gui.runtime.exporting import ask_and_write
from gui.training.baselines import baselines_button
from gui.training.curves_panel import CurvesPanel
from gui.training.rate_dialog import RateDialog
from gui.training.readiness import Obstacle, obstacle
from gui.training.run_commands import RunCommands, resume_obstacle
from gui.training.run_curves import RunCurves, hue_of
from gui.training.runs_panel import RunList
from gui.training.samples_panel import SamplesPanel
from gui.training.session import TrainingSession
from gui.training.settings_panel import SettingsPanel
from gui.training.speed_dialog import SpeedDialog
from gui.training.status_panel import StatusPanel
from gui.training.tool_dialog import ToolDialog
from gui.widgets.card import CardStack
from gui.widgets.empty_state import EmptyState
from gui.widgets.measure_words import headline_of, measure_title, measure_value
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.words import count

LEARNS = 0.8  # of the loss at which a network was said not to learn: what was said no longer holds
NUMBERS_MS = 250  # between two readings of the numbers above the plots; faster ones cannot be read


class TrainPage(Page):
    """Trains the project and shows how it learns."""

    id: ClassVar[str] = "train"
    title: ClassVar[str] = "Train"
    icon: ClassVar[str] = "train"
    order: ClassVar[int] = 3

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.session = TrainingSession(context, self)
        self.tools: dict[type[ToolDialog], ToolDialog] = {}
        self.run_curves: dict[str, RunCurves] = {}
        self._numbers = QTimer(self, singleShot=True, interval=NUMBERS_MS)
        self._newest_loss = self._stuck_loss = 0.0
        self._start_wanted = False  # as soon as engine and checker are there
        self.settings = SettingsPanel(context.document, self)
        self.status = StatusPanel(self.session, self)
        self.cards = CardStack(parent=self)
        self.curves = CurvesPanel(self)
        self.samples = SamplesPanel(self)
        self.runs = RunList(lambda: self.commands.all, self)
        self.commands = RunCommands(context, lambda: self.runs.current_run, self)
        self.empty = EmptyState(
            "train",
            "Nothing has been trained yet",
            "Start training: loss and measures are drawn here while the network learns, and every run is kept.",
            parent=self,
        )
        self._lay_out()
        self._connect()
        self._restore_view()
        self._show_runs()
        self._show_state()

    def _lay_out(self) -> None:
        self.plots = QStackedWidget(self)
        self.plots.addWidget(self.empty)
        self.plots.addWidget(self.curves)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(theme.space(1.5), theme.space(2), theme.space(1.5), theme.space(1))
        column.setSpacing(theme.space(1.5))
        column.addWidget(self.status)
        column.addWidget(self.cards)
        column.addWidget(self.plots, 1)
        right = QSplitter(Qt.Orientation.Vertical, self)
        right.setChildrenCollapsible(False)
        right.addWidget(self._runs_side())
        samples = QWidget(self)
        below = QVBoxLayout(samples)
        below.setContentsMargins(theme.space(2), theme.space(1.5), theme.space(1), theme.space(1))
        below.addWidget(self.samples)
        right.addWidget(samples)
        right.setSizes([330, 470])
        right.setMinimumWidth(self.fontMetrics().averageCharWidth() * 22)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        for widget in (self.settings, middle, right):
            self.splitter.addWidget(widget)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([300, 780, 310])
        self.splitter.setChildrenCollapsible(False)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def _runs_side(self) -> QWidget:
        side = QWidget(self)
        column = QVBoxLayout(side)
        column.setContentsMargins(theme.space(2), theme.space(2), theme.space(1), theme.space(1))
        column.setSpacing(theme.space(1))
        column.addWidget(ThemedLabel("Runs", "text", "heading", side))
        self.no_runs = QuietLabel("Every training is kept here, with its best value on the validation part.", side)
        column.addWidget(self.no_runs)
        column.addWidget(self.runs, 1)
        column.addWidget(baselines_button(self.context, side))
        column.addStretch(0)
        return side

    def _connect(self) -> None:
        context, session, status = self.context, self.session, self.status
        status.start_wanted.connect(self.start)
        status.pause_wanted.connect(self.pause_or_resume)
        status.stop_wanted.connect(session.stop)
        status.resume_run_wanted.connect(self.commands.resume.trigger)
        status.obstacle_wanted.connect(self._go_to_obstacle)
        session.state_changed.connect(self._show_state)
        session.state_changed.connect(self._let_tools_know)
        self._numbers.timeout.connect(status.show_numbers)
        session.told.connect(self._told)
        session.ended.connect(self._ended)
        context.runs.changed.connect(self._show_runs)
        context.document.replaced.connect(self._replaced)
        context.document.changed.connect(lambda _change: self._follow_task())
        context.document.changed.connect(lambda _change: self._show_state())
        context.engine.ready.connect(self._ready)
        context.engine.failed.connect(lambda _error: self._show_state())
        context.checker.analysed.connect(lambda _analysis: self._ready())
        self.settings.problems_changed.connect(self._show_state)
        self.settings.find_rate_wanted.connect(lambda: self._tool(RateDialog))
        self.settings.choose_speed_wanted.connect(lambda: self._tool(SpeedDialog))
        context.checker.counted.connect(lambda: self.settings.show_samples(context.checker.samples))
        self.runs.runs_model.checked_changed.connect(self._place_curves)
        self.runs.runs_model.rename_wanted.connect(lambda wish: self.commands.rename_to(*wish))
        self.runs.chosen.connect(self._chosen)
        self.runs.opened.connect(lambda _run: self.commands.evaluate.trigger())
        self.runs.addActions(self.commands.all)
        self.commands.resume_wanted.connect(self._resume_run)
        self.commands.rename_wanted.connect(self.runs.rename_current)
        self.commands.renamed.connect(self._renamed)
        self.curves.export_wanted.connect(lambda export: ask_and_write(self, export, context.runner, context.notifier))
        self.curves.view_changed.connect(self._keep_view)
        self.splitter.splitterMoved.connect(lambda *_: context.settings.set_layout("train", self.splitter.saveState()))

    # what the window asks

    def page_actions(self) -> list[QAction]:
        return self.commands.all

    def accept_hint(self, **hints: Any) -> None:
        """`start=True`, `pause=True` (or resume), `stop=True`."""
        if hints.get("start"):
            self.start()
        if hints.get("pause"):
            self.pause_or_resume()
        if hints.get("stop"):
            self.session.stop()

    def entered(self) -> None:
        self._show_state()
        self.status.show_numbers()

    # training

    def start(self) -> None:
        """Start a new run, now or as soon as the engine has loaded; what stands in the way is told."""
        if self.session.busy:
            return
        if not self.settings.flush():
            self.context.notifier.show("warning", "A setting cannot be used.", self.settings.problem)
            return
        found = obstacle(self.context)
        if found is None:
            self._start_wanted = False
            self.session.start()
        elif found.passing:
            self._start_wanted = True
        else:
            lead = (found.action, partial(self._remove, found)) if found.action else None
            self.context.notifier.show("warning", "The training cannot start.", found.what, action=lead)
        self._show_state()

    def _tool(self, kind: type[RateDialog] | type[SpeedDialog]) -> None:
        """Open one of the tools, which takes the settings as they stand here."""
        if self.settings.flush():
            if kind not in self.tools:
                self.tools[kind] = kind(self.context, self)
                self.tools[kind].give_way(self.session.busy)
            self.tools[kind].open_beside()

    def _let_tools_know(self) -> None:
        for tool in self.tools.values():
            tool.give_way(self.session.busy)

    def pause_or_resume(self) -> None:
        """Pause the training that goes on, or go on with the paused one."""
        if self.session.state == "paused":
            self.session.resume()
        else:
            self.session.pause()

    def _resume_run(self, run: RunInfo) -> None:
        if self.settings.flush() and not resume_obstacle(run, self.context.document.project.training.epochs):
            self.session.resume_run(run)

    def _ready(self) -> None:
        self._show_state()
        if self._start_wanted:
            self._start_wanted = False
            self.start()

    def _go_to_obstacle(self) -> None:
        found = obstacle(self.context)
        if found is not None:
            self._remove(found)

    def _remove(self, told: Obstacle) -> None:
        """Make the repair that was offered if it is still the one that is needed; else go where the person can."""
        found = obstacle(self.context)
        if found is not None and found.repair is not None and found.repair == told.repair:
            self.context.document.edit_network(found.repair.label, found.repair.apply)
        elif found is not None and found.page:
            self.context.navigate(found.page, **found.hints)

    # what the training tells

    def _told(self, event: Event) -> None:
        session = self.session
        curves = self._curves_of(session.run_name)
        if isinstance(event, RunStarted):
            self.cards.clear()
            self._stuck_loss = 0.0
            self.samples.clear()
            self.curves.prefer(session.headline, session.task)
            curves.begin(event, session.resumed.rows if session.resumed is not None else ())
            self.runs.runs_model.check(session.run_name, True)
            self._place_curves()
        elif isinstance(event, StepsDone):
            curves.steps(event, session.minutes())
        elif isinstance(event, EpochDone):
            curves.epoch(event)
            self._newest_loss = event.train_loss
            if event.train_loss < LEARNS * self._stuck_loss:
                self.cards.remove("no_learning")
        elif isinstance(event, SamplePredictions):
            self.samples.show_answers(event)
        elif isinstance(event, Advice):
            self._stuck_loss = self._newest_loss if event.kind == "no_learning" else self._stuck_loss
            self.cards.add(event.kind, event.severity, event.what, event.advice)
        elif isinstance(event, Notice):
            self.cards.add(event.kind or event.what, event.severity, event.what, event.advice)
        if isinstance(event, EpochDone):
            best = session.best
            self.runs.runs_model.show_live(
                session.run_name,
                epochs_done=event.epoch,
                seconds=event.seconds,
                best_value=best.measures.get(f"val_{session.headline}") if best is not None else None,
            )
        if isinstance(event, StepsDone | EpochDone):
            self.curves.grow()
            if not self._numbers.isActive():
                self._numbers.start()

    def _ended(self, end: Event) -> None:
        name = self.session.run_name
        if isinstance(end, Failed):
            node = end.error.node
            card = self.cards.add(
                "failed", "problem", end.error.what, end.error.advice, "Show in Build" if node else ""
            )
            card.acted.connect(lambda: self.context.navigate("build", node=node))
        elif isinstance(end, Finished) and isinstance(end.result, RunSummary):
            summary = end.result
            measure = self.session.headline
            told = count(summary.epochs, "epoch")
            if measure in summary.test:
                told = f"{measure_title(measure)} {measure_value(measure, summary.test[measure])} on the test part"
            card = self.cards.add(
                "finished", "success", f"{name} has finished: {told}, with the weights of epoch {summary.best_epoch}.",
                "", "Evaluate",
            )  # fmt: skip
            card.acted.connect(lambda: self.context.navigate("evaluate", run=name))
        self.status.show_numbers()
        self._show_state()

    # runs and their curves

    def _curves_of(self, name: str) -> RunCurves:
        if name not in self.run_curves:
            self.run_curves[name] = RunCurves(name, hue_of(name, len(self.run_curves)))
        return self.run_curves[name]

    def _show_runs(self) -> None:
        runs = self.context.runs.runs
        model = self.runs.runs_model
        fresh = not model.runs
        model.set_runs(runs)
        for run in runs:
            self._curves_of(run.name).read(run.rows)
        if fresh and runs:
            # The newest run is drawn to begin with; more are a choice.
            model.check(runs[-1].name, True)
        if self.context.runs.current is not None:
            self.runs.select(self.context.runs.current.name)
        self.no_runs.setVisible(not runs)
        self.runs.setVisible(bool(runs))
        self._place_curves()
        self._show_state()

    def _place_curves(self) -> None:
        checked = self.runs.runs_model.checked
        names = [run.name for run in self.context.runs.runs]
        if self.session.busy and self.session.run_name and self.session.run_name not in names:
            names.append(self.session.run_name)
        shown = [self.run_curves[name] for name in names if name in checked and name in self.run_curves]
        chosen = self.runs.current_run
        told = self.session.run_name if self.session.busy else chosen.name if chosen is not None else ""
        self.curves.show_runs(shown, told)
        self.plots.setCurrentWidget(self.curves if names else self.empty)

    def _chosen(self, run: RunInfo) -> None:
        self.context.runs.select(run)
        self._place_curves()
        self._show_state()

    def _renamed(self, names: tuple[str, str]) -> None:
        old, new = names
        self.run_curves.pop(old, None)
        model = self.runs.runs_model
        if old in model.checked:
            model.checked = (model.checked - {old}) | {new}

    def _replaced(self) -> None:
        self.run_curves.clear()
        self.runs.runs_model.checked.clear()
        self.cards.clear()
        self.samples.clear()
        self._start_wanted = False
        self._follow_task()
        self.status.show_numbers()

    def _follow_task(self) -> None:
        """Until something is trained, the plots are named after what will be measured."""
        if not self.session.busy:
            task = self.context.document.project.task
            self.curves.prefer(headline_of(task), task)

    # how things stand

    def _show_state(self) -> None:
        session = self.session
        found = obstacle(self.context)
        self.commands.update(session.busy, session.run_name)
        run = self.runs.current_run
        resumable = run.name if run is not None and self.commands.resume.isEnabled() else ""
        self.status.show_state(found, resumable, self.settings.problem)
        if found is not None and found.passing and self._start_wanted:
            self.status.state.setText(f"{found.what} The training starts then.")
        self.settings.show_training(session.busy)
        if session.info is None:
            self.status.show_numbers()

    def _keep_view(self) -> None:
        for name, value in self.curves.view().items():
            self.context.settings.set_choice(f"train.{name}", value)

    def _restore_view(self) -> None:
        settings = self.context.settings
        self.curves.set_view({name: settings.choice(f"train.{name}") for name in ("x", "log", "smoothing")})
        kept = settings.layout("train")
        if kept is not None:
            self.splitter.restoreState(kept)
