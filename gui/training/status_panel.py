"""The head of the Train page: start, pause, stop, how far it is, how fast, how long."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.training.readiness import Obstacle
from gui.training.session import TrainingSession
from gui.widgets.flow import FlowLayout
from gui.widgets.measure_words import measure_title, measure_value
from gui.widgets.notes import ThemedLabel
from gui.widgets.words import duration, figure, memory, rate


class Tile(QWidget):
    """A number with its name above it, and room for the `widest` text, so that nothing moves when it changes."""

    def __init__(self, name: str, tip: str, widest: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(tip)
        self.value = ThemedLabel("–", "text", "body", self)
        self.value.setTextFormat(Qt.TextFormat.PlainText)
        self.caption = caption = ThemedLabel(name, "text_muted", "small", self)
        self._name = name
        self._widest = widest
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(caption)
        layout.addWidget(self.value)

    def sizeHint(self) -> QSize:
        widest = self.value.fontMetrics().horizontalAdvance(self._widest)
        return super().sizeHint().expandedTo(QSize(widest, 0))

    def show_text(self, text: str) -> None:
        if text != self.value.text():
            self.value.setText(text)
            self.setAccessibleName(f"{self._name}: {text}")

    def show_title(self, name: str) -> None:
        """Call the number something else."""
        self._name = name
        self.caption.setText(name)


class StatusPanel(QWidget):
    """Buttons and numbers of the training that goes on or ended last.

    Signals:
        start_wanted(), resume_run_wanted(), pause_wanted(), stop_wanted(): a button was pressed.
        obstacle_wanted(): remove the obstacle, or go to where it can be removed.
    """

    start_wanted = Signal()
    resume_run_wanted = Signal()
    pause_wanted = Signal()
    stop_wanted = Signal()
    obstacle_wanted = Signal()

    def __init__(self, session: TrainingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.start = self._button("Start training", "play", "Train the network on the data of this project (F5)")
        self.start.setProperty("kind", "primary")
        self.start.setIcon(theme.icon("play", "accent_text"))
        self.resume_run = self._button(
            "Resume this run", "resume", "Go on with the chosen run from its last checkpoint"
        )
        self.pause = self._button("Pause", "pause", "")
        self.stop = self._button(
            "Stop", "stop", "Stop and keep a checkpoint, so that the run can be resumed (Shift+F5)"
        )
        for button, signal in (
            (self.start, self.start_wanted),
            (self.resume_run, self.resume_run_wanted),
            (self.pause, self.pause_wanted),
            (self.stop, self.stop_wanted),
        ):
            button.clicked.connect(signal)
        self.state = ThemedLabel("", "text_muted", "body", self)
        self.state.setWordWrap(True)
        self.state.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.lead = QPushButton(self)
        self.lead.setProperty("kind", "quiet")
        self.lead.clicked.connect(self.obstacle_wanted)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName("Share of the training done")
        self.epoch = Tile("Epoch", "Times that all training samples have been gone through", "100 of 100")
        self.speed = Tile("Speed", "Training samples per second", "1.2 k img/s")
        self.left = Tile(
            "Time", "Time left, estimated from the steps so far; at the end, what the training took", "59 min left"
        )
        self.memory = Tile("Memory", "Memory that the training takes on its device", "1.1 GB")
        self.best = Tile("Best", "The best value on the validation samples, and its epoch", "100.0 % · epoch 99")
        self.device = Tile("Device", "Where it computes", "CPU")
        self._lay_out()

    def _lay_out(self) -> None:
        self._head = buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        buttons.setSpacing(theme.space(1))
        for widget in (self.start, self.pause, self.stop, self.resume_run):
            buttons.addWidget(widget)
        buttons.addWidget(self.state, 1)
        buttons.addWidget(self.lead)
        tiles = FlowLayout(gap=theme.space(2), row_gap=theme.space(1))
        self._tiles = (self.epoch, self.speed, self.left, self.best, self.memory, self.device)
        for tile in self._tiles:
            tiles.addWidget(tile)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(1))
        layout.addLayout(buttons)
        layout.addWidget(self.bar)
        layout.addLayout(tiles)
        self._themed()
        theme.watcher().changed.connect(self._themed)

    def _themed(self) -> None:
        side = theme.icon_side(16)
        for button in (self.start, self.pause, self.stop, self.resume_run):
            button.setIconSize(QSize(side, side))
        self._arrange()

    def _arrange(self) -> None:
        """Buttons side by side, or below one another where large words leave no room for that."""
        shown = [button for button in self._buttons() if not button.isHidden()]
        wide = sum(button.sizeHint().width() + self._head.spacing() for button in shown)
        if self.state.text():
            # A sentence beside a long button is not to be squeezed to a word a line.
            least = 0 if self.lead.isHidden() else 28 * self.fontMetrics().averageCharWidth()
            wide += max(self.state.minimumSizeHint().width(), least)
        way = QBoxLayout.Direction
        direction = way.LeftToRight if wide <= self.width() else way.TopToBottom
        if direction != self._head.direction():
            self._head.setDirection(direction)
        self.updateGeometry()

    def _buttons(self) -> tuple[QPushButton, ...]:
        return self.start, self.pause, self.stop, self.resume_run, self.lead

    def minimumSizeHint(self) -> QSize:
        widest = max(button.sizeHint().width() for button in self._buttons() if not button.isHidden())
        return QSize(widest, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _button(self, words: str, icon: str, tip: str) -> QPushButton:
        button = QPushButton(theme.icon(icon), words, self)
        button.setToolTip(tip)
        button.setAccessibleName(words)
        return button

    def show_state(self, obstacle: Obstacle | None, resumable: str, problem: str) -> None:
        """Offer what can be done now.

        Args:
            resumable: the name of the chosen run when it can be resumed, else "".
            problem: a setting that can't be used, in words, or "".
        """
        session = self._session
        busy = session.busy
        self.start.setVisible(not busy)
        self.start.setEnabled(obstacle is None and not problem)
        self.resume_run.setVisible(not busy and bool(resumable))
        self.resume_run.setText(f"Resume {resumable}")
        self.resume_run.setEnabled(obstacle is None or not obstacle.passing)
        self.pause.setVisible(busy)
        self.stop.setVisible(busy)
        paused = session.state == "paused"
        self.pause.setText("Resume" if paused else "Pause")
        self.pause.setAccessibleName("Resume training" if paused else "Pause training")
        self.pause.setIcon(theme.icon("play" if paused else "pause"))
        self.pause.setToolTip(f"{'Go on with' if paused else 'Interrupt'} the training (F6)")
        self.pause.setEnabled(session.state in ("running", "paused"))
        self.stop.setEnabled(session.state != "stopping")
        words = {
            "preparing": "Reading the data and building the network…",
            "running": f"Training {session.run_name}",
            "paused": f"{session.run_name} is paused",
            "stopping": f"Stopping {session.run_name} and saving a checkpoint…",
        }.get(session.state, "")
        if not busy:
            words = problem or (obstacle.what if obstacle is not None else "")
        self.state.setText(words)
        self.state.set_colour("text_muted" if busy or obstacle is None or obstacle.passing else "problem")
        if not busy and problem:
            self.state.set_colour("problem")
        self.start.setToolTip(
            f"This is not possible now. {words}"
            if words and not busy
            else "Train the network on this project's data (F5)"
        )
        self.lead.setVisible(not busy and not problem and obstacle is not None and bool(obstacle.page))
        if obstacle is not None and obstacle.action:
            self.lead.setText(obstacle.action)
            self.lead.setAccessibleName(obstacle.action)
            change = "Change the network, so that the training can start; it can be undone"
            self.lead.setToolTip(change if obstacle.repair else f"Go to the page {obstacle.page.capitalize()}")
        self._arrange()

    def show_numbers(self) -> None:
        """Write what the session knows now."""
        session = self._session
        info, steps = session.info, session.steps
        for widget in (self.bar, *self._tiles):
            widget.setVisible(info is not None or session.busy)
        if info is None:
            self.bar.setRange(0, 0 if session.busy else 1)
            self.bar.setValue(0)
            for tile in self._tiles:
                tile.show_text("–")
            return
        total = max(1, info.epochs * info.steps_per_epoch)
        done = steps.steps[-1] if steps is not None else info.first_epoch * info.steps_per_epoch
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total))
        current = min(info.epochs, done // max(1, info.steps_per_epoch) + (1 if session.busy else 0))
        self.epoch.show_text(f"{max(current, info.first_epoch)} of {info.epochs}")
        self.device.show_text(info.device)
        if steps is not None:
            self.speed.show_text(rate(steps.images_per_second, session.unit))
            self.memory.show_text(memory(steps.memory_bytes))
        left = session.seconds_left() if session.busy else None
        if session.busy:
            self.left.show_text("–" if left is None else f"{duration(left)} left")
        else:
            self.left.show_text(f"took {duration(session.minutes() * 60)}")
        best = session.best
        if best is not None:
            name = session.headline
            value = best.measures.get(f"val_{name}")
            told = measure_value(name, value) if value is not None else figure(best.val_loss or best.train_loss)
            self.best.show_text(f"{told} · epoch {best.epoch}")
            self.best.show_title(f"Best {measure_title(name)}" if value is not None else "Newest loss")
