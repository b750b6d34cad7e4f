"""Loss, measure, learning rate and gradients below one another, with one x axis, one crosshair and one tool bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.training.run_curves import PLOTS, RunCurves
from gui.widgets.curves import X_MODES, XMode
from gui.widgets.flow import FlowLayout
from gui.widgets.live_plot import X_TITLES, LivePlot, Mark
from gui.widgets.measure_words import is_share, measure_title, measure_value
from gui.widgets.words import figure, percent

_HEIGHTS = (270, 270, 130, 180)
MOST_SMOOTHING = 98
# Growing plots are drawn one after another: a window that draws all at once answers late, and each of them a few times
# a second is all one sees; more would take the training its processor.
GROW_MS = 33


class CurvesPanel(QWidget):
    """Shows the curves of some runs.

    Signals:
        export_wanted(object): an `Export` of one plot.
        view_changed(): x axis, smoothing, scale or measure was chosen anew.
    """

    export_wanted = Signal(object)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: tuple[RunCurves, ...] = ()
        self._told = ""
        self._wanted = "accuracy"  # the measure that the task is judged by
        self._task = ""
        self._listed: tuple[list[str], str] = ([], "")
        self._shown: dict[str, set[tuple[str, str]]] = {plot: set() for plot in PLOTS}
        self.plots: dict[str, LivePlot] = {
            "loss": LivePlot("Loss", number=figure),
            "measure": LivePlot("Accuracy", number=percent, limits=(0.0, 1.0)),
            "rate": LivePlot("Learning rate", number=figure),
            "norm": LivePlot("Gradient norm", number=figure),
        }
        self.plots["measure"].surface.set_percent()
        self._stale: list[LivePlot] = []  # those whose turn comes in this round
        self._more = False  # points have come since the round began
        self._growing = QTimer(self, singleShot=True, interval=GROW_MS)
        self._growing.timeout.connect(self._draw_next)
        self._stack = QSplitter(Qt.Orientation.Vertical, self)
        self._stack.setChildrenCollapsible(False)
        for name, plot in self.plots.items():
            plot.show_x_title(name == PLOTS[-1])
            plot.everything = self._extent
            plot.range_wanted.connect(self._range)
            plot.hovered.connect(self._hover)
            plot.toggled.connect(self.schedule)
            plot.export_wanted.connect(self.export_wanted)
            self._stack.addWidget(plot)
        self._stack.setSizes(list(_HEIGHTS))
        # Where there is no room for four plots, they scroll rather than vanish.
        scroll = QScrollArea(self)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        self._stack.setAutoFillBackground(False)
        scroll.setWidget(self._stack)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(1))
        layout.addLayout(self._tools())
        layout.addWidget(scroll, 1)

    # what is shown

    def show_runs(self, runs: Sequence[RunCurves], told: str) -> None:
        """Show these runs, in this order; the best epoch of the one called `told` is written out."""
        self._runs = tuple(runs)
        self._told = told
        self._list_measures()
        self._place()
        self.schedule()

    def grow(self) -> None:
        """The runs shown have got more points; their plots are drawn in turn."""
        self._more = True
        if not self._growing.isActive():
            self._growing.start()

    def _draw_next(self) -> None:
        if not self._stale:
            self._more = False
            self._list_measures()
            self._place()
            self._stale = [plot for plot in self.plots.values() if plot.isVisible()]
        if self._stale:
            self._stale.pop(0).refresh()
        if self._stale or self._more:
            self._growing.start()

    def _place(self) -> None:
        wanted: dict[str, set[tuple[str, str]]] = {plot: set() for plot in PLOTS}
        for run in self._runs:
            for (plot, kind), curve in run.curves(self.measure_name).items():
                self.plots[plot].put((run.name, kind), curve)
                wanted[plot].add((run.name, kind))
        for plot, keys in self._shown.items():
            for key in keys - wanted[plot]:
                self.plots[plot].remove(key)
        self._shown = wanted
        for plot in ("loss", "measure"):
            marks = [run.best_mark(plot, self.measure_name, run.name == self._told) for run in self._runs]
            ordered = sorted((mark for mark in marks if mark is not None), key=_is_told)
            self.plots[plot].set_marks(tuple(ordered))

    def schedule(self) -> None:
        """Draw all plots soon, since they share their x axis."""
        for plot in self.plots.values():
            plot.schedule()

    def _extent(self) -> tuple[float, float] | None:
        extents = [extent for plot in self.plots.values() if (extent := plot.x_extent()) is not None]
        return (min(e[0] for e in extents), max(e[1] for e in extents)) if extents else None

    def _list_measures(self) -> None:
        """Offer what the runs shown have, and until there is anything what the task is judged by."""
        names = list(dict.fromkeys(name for run in self._runs for name in run.measure_names()))
        names = names or [self._wanted]
        if (names, self._task) == self._listed:
            return
        self._listed = (names, self._task)
        chosen = self.measure_name if self.measure_name in names else self._wanted
        self.measure.blockSignals(True)
        self.measure.clear()
        for name in names:
            self.measure.addItem(measure_title(name, self._task), name)
        self.measure.setCurrentIndex(max(0, self.measure.findData(chosen)))
        self.measure.blockSignals(False)
        # The list may be wider than the box.
        view = self.measure.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + theme.space(3))
        self.measure.setVisible(self.measure.count() > 1)
        self._name_measure()

    def prefer(self, name: str, task: str = "") -> None:
        """Show this measure as soon as a run has it, in the words of its task."""
        name = name or "accuracy"
        if (name, task) == (self._wanted, self._task):
            return
        self._wanted, self._task = name, task
        self._list_measures()
        self.measure.setCurrentIndex(max(0, self.measure.findData(name)))
        self._place()
        self.schedule()

    # tools

    def _tools(self) -> QHBoxLayout:
        row = FlowLayout(gap=theme.space(1), row_gap=theme.space(1))
        self.x_buttons = QButtonGroup(self)
        for mode in X_MODES:
            button = QToolButton(self)
            button.setText({"step": "Steps", "epoch": "Epochs", "minutes": "Minutes"}[mode])
            button.setCheckable(True)
            button.setChecked(mode == "epoch")
            button.setToolTip(f"Count {button.text().lower()} along the x axis of all plots")
            button.setAccessibleName(f"X axis in {button.text().lower()}")
            button.setProperty("mode", mode)
            self.x_buttons.addButton(button)
            row.addWidget(button)
        self.x_buttons.buttonClicked.connect(lambda button: self.set_x_mode(button.property("mode")))
        self.measure = QComboBox(self)
        self.measure.setToolTip("Which measure the second plot shows")
        self.measure.setAccessibleName("Measure")
        self.measure.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.measure.setMinimumContentsLength(16)
        self.measure.addItem(measure_title("accuracy"), "accuracy")
        self.measure.currentIndexChanged.connect(self._measure_chosen)
        self.log = QToolButton(self)
        self.log.setText("Log")
        self.log.setCheckable(True)
        self.log.setToolTip("Show loss, learning rate and gradients on a logarithmic axis")
        self.log.setAccessibleName("Logarithmic axes")
        self.log.toggled.connect(self.set_log)
        self.fit = QToolButton(self)
        self.fit.setIcon(theme.icon("fit"))
        self.fit.setIconSize(QSize(16, 16))
        self.fit.setAutoRaise(True)
        self.fit.setToolTip("Show everything again after zooming (Home)")
        self.fit.setAccessibleName("Show everything")
        self.fit.clicked.connect(lambda: self._range(None))
        self.fit.setEnabled(False)
        for widget in (self.measure, self.log, self._smoothing_tool()):
            row.addWidget(widget)
        whole = QHBoxLayout()
        whole.setSpacing(theme.space(1))
        whole.addLayout(row, 1)
        whole.addWidget(self.fit, 0, Qt.AlignmentFlag.AlignTop)
        return whole

    def _smoothing_tool(self) -> QWidget:
        self.smoothing = QSlider(Qt.Orientation.Horizontal, self)
        self.smoothing.setRange(0, MOST_SMOOTHING)
        self.smoothing.setPageStep(10)
        self.smoothing.setFixedWidth(100)
        self.smoothing.setToolTip("Average every training curve over its past; the raw curve stays faint behind")
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.valueChanged.connect(self._smooth)
        words = QLabel("Smoothing", self)
        words.setBuddy(self.smoothing)
        whole = QWidget(self)
        pair = QHBoxLayout(whole)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.setSpacing(theme.space(1))
        pair.addWidget(words)
        pair.addWidget(self.smoothing)
        return whole

    @property
    def measure_name(self) -> str:
        return str(self.measure.currentData())

    @property
    def x_mode(self) -> XMode:
        return self.plots["loss"].x_mode

    def set_x_mode(self, mode: XMode) -> None:
        """Count steps, epochs or minutes along all x axes."""
        for button in self.x_buttons.buttons():
            button.setChecked(button.property("mode") == mode)
        for plot in self.plots.values():
            plot.set_x_mode(mode)
        self._range(None)
        self._hover(None)
        self.view_changed.emit()

    def set_log(self, log: bool) -> None:
        """Logarithmic axes for everything that is not a share."""
        self.log.setChecked(log)
        for name in ("loss", "rate", "norm"):
            self.plots[name].set_log(log)
        self.view_changed.emit()

    def _smooth(self, value: int) -> None:
        for name in ("loss", "norm"):
            self.plots[name].set_smoothing(value / 100)
        self.view_changed.emit()

    def _name_measure(self) -> None:
        plot, name, task = self.plots["measure"], self.measure_name, self._task
        plot.set_title(measure_title(name, task))
        share = is_share(name, task)
        plot.set_number(partial(measure_value, name, task=task), (0.0, 1.0) if share else None, percent=share)

    def _measure_chosen(self) -> None:
        self._name_measure()
        self._place()
        self.schedule()
        self.view_changed.emit()

    def _range(self, x_range: tuple[float, float] | None) -> None:
        self.fit.setEnabled(x_range is not None)
        for plot in self.plots.values():
            plot.set_x_range(x_range)

    def _hover(self, x: float | None) -> None:
        for plot in self.plots.values():
            plot.set_crosshair(x)

    # kept between starts

    def view(self) -> dict[str, str]:
        """How the plots are shown, as plain texts."""
        return {"x": self.x_mode, "log": "1" if self.log.isChecked() else "", "smoothing": str(self.smoothing.value())}

    def set_view(self, view: Mapping[str, str]) -> None:
        """Show the plots as they were."""
        mode = view.get("x")
        if mode in X_TITLES:
            self.set_x_mode(mode)
        self.set_log(bool(view.get("log")))
        kept = view.get("smoothing", "")
        if kept.isdigit():
            self.smoothing.setValue(int(kept))


def _is_told(mark: Mark) -> bool:
    return bool(mark.text)
