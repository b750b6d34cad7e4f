"""Curves that grow while something runs: drawn on a clock, thin and decimated, so that they cost next to nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.curves import X_MODES, Curve, CurveStyle, XMode, decimate, smooth
from gui.widgets.exports import Export, csv_bytes
from gui.widgets.notes import ThemedLabel
from gui.widgets.plot_exports import plot_png, plot_svg
from gui.widgets.plot_legend import Legend
from gui.widgets.plot_menu import plot_menu
from gui.widgets.plot_surface import PlotSurface, Star

TICK_MS = 33
X_TITLES: dict[XMode, str] = {"step": "Step", "epoch": "Epoch", "minutes": "Minutes"}


@dataclass(frozen=True)
class Mark:
    """A point to mark with a star: its x in every mode, in the order of `X_MODES`."""

    x: tuple[float, float, float]
    y: float
    hue: int
    text: str


class LivePlot(QWidget):
    """One plot with its title and legend.

    Args:
        title: what the curves show, with the unit if they have one.
        number: how a value is written in the legend.
        limits: values that the axis need not go beyond, such as 0 and 1 for a share.

    Signals:
        range_wanted(object): (low, high) of x that a person has zoomed or panned to; None for everything.
        hovered(object): x under the pointer or the keyboard's crosshair, or None.
        export_wanted(object): an `Export`.
        toggled(): a curve was hidden or shown.
    """

    range_wanted = Signal(object)
    hovered = Signal(object)
    export_wanted = Signal(object)
    toggled = Signal()

    def __init__(
        self,
        title: str,
        *,
        number: Callable[[float], str] = lambda value: f"{value:.4g}",
        limits: tuple[float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.number = number
        self.x_mode: XMode = "epoch"
        self.log = False
        self.smoothing = 0.0
        self.crosshair: float | None = None
        self.curves: dict[Hashable, Curve] = {}
        self._limits = limits
        self._marks: tuple[Mark, ...] = ()
        self._x_range: tuple[float, float] | None = None  # None: everything, also as it grows
        self._x_title = True
        self.everything: Callable[[], tuple[float, float] | None] = self.x_extent  # linked plots share one
        self.surface = PlotSurface(self)
        self.surface.setAccessibleName(title)
        self.surface.setToolTip("")
        self.surface.ranged.connect(self.range_wanted)
        self.surface.hovered.connect(self.hovered)
        self.surface.all_wanted.connect(lambda: self.range_wanted.emit(None))
        self.heading = ThemedLabel(title, "text", "body", self)
        self.heading.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.legend = Legend(number(0.88888), self)
        self.legend.toggled.connect(self._toggled)
        head = QHBoxLayout()
        head.setContentsMargins(theme.space(1), 0, theme.space(0.5), 0)
        head.setSpacing(theme.space(2))
        head.addWidget(self.heading)
        head.addWidget(self.legend, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(0.5))
        layout.addLayout(head)
        layout.addWidget(self.surface, 1)
        self._tick = QTimer(self, singleShot=True, interval=TICK_MS)
        self._tick.timeout.connect(self.refresh)
        theme.watcher().changed.connect(self._themed)
        self.surface.show_x_axis(X_TITLES[self.x_mode])

    # curves

    def curve(self, key: Hashable, style: CurveStyle) -> Curve:
        """The curve filed under `key`, made if it is new."""
        if key not in self.curves:
            self.put(key, Curve(style))
        return self.curves[key]

    def put(self, key: Hashable, curve: Curve) -> None:
        """Show `curve`, which somebody else keeps and fills, under `key`."""
        if self.curves.get(key) is not curve:
            self.curves[key] = curve
            self.legend.set_curves(list(self.curves.values()))
            self.schedule()

    def remove(self, key: Hashable) -> None:
        """Take a curve away; unknown keys are ignored."""
        if self.curves.pop(key, None) is not None:
            for part in ("line", "raw"):
                self.surface.remove_line((key, part))
            self.legend.set_curves(list(self.curves.values()))
            self.schedule()

    def set_marks(self, marks: tuple[Mark, ...]) -> None:
        """Show these points instead of the earlier ones; the last one's text is written beside it."""
        if marks != self._marks:
            self._marks = marks
            self.schedule()

    # how it is shown

    def set_title(self, title: str) -> None:
        self.title = title
        self.heading.setText(title)
        self.surface.setAccessibleName(title)

    def set_x_mode(self, mode: XMode) -> None:
        self.x_mode = mode
        self.show_x_title(self._x_title)
        self.schedule()

    def set_log(self, log: bool) -> None:
        """Draw the values on a logarithmic axis; what is not above zero is left out."""
        self.log = log
        self.surface.set_log(log)
        self.schedule()

    def set_smoothing(self, weight: float) -> None:
        """Average with this weight (0 to 0.99) on the past; the raw curve stays faint behind."""
        self.smoothing = weight
        self.schedule()

    def set_x_range(self, x_range: tuple[float, float] | None) -> None:
        """Show this part of x; None shows all of it, also as it grows."""
        self._x_range = x_range
        self.schedule()

    def x_extent(self) -> tuple[float, float] | None:
        """The smallest and largest x of the curves shown, or None without any point."""
        seen = [curve.x(self.x_mode) for curve in self.curves.values() if len(curve) and not curve.hidden]
        if not seen:
            return None
        return min(float(x[0]) for x in seen), max(float(x[-1]) for x in seen)

    def set_number(self, number: Callable[[float], str], limits: tuple[float, float] | None, *, percent: bool) -> None:
        """Write values in another way from now on, because the plot shows another quantity."""
        self.number, self._limits = number, limits
        self.surface.set_percent(percent)
        self.legend.set_widest(number(0.88888))
        self.schedule()

    def show_x_title(self, shown: bool) -> None:
        """Write numbers and title below, or leave both to the plot underneath."""
        self._x_title = shown
        self.surface.show_x_axis(X_TITLES[self.x_mode] if shown else "")

    def set_crosshair(self, x: float | None) -> None:
        """Put the crosshair at `x` and write the values there, or the newest ones for None."""
        self.crosshair = x
        self.surface.set_crosshair(x)
        self._write_values()

    # drawing

    def schedule(self) -> None:
        """Draw soon: many changes make one drawing, and none while nobody looks."""
        if not self._tick.isActive() and self.isVisible():
            self._tick.start()

    def refresh(self) -> None:
        """Draw now."""
        self._tick.stop()
        low, high = self._x_range or self.everything() or (0.0, 1.0)
        if high <= low:
            low, high = low - 0.5, low + 0.5
        if self._x_range is None:
            high += (high - low) * 0.015  # the newest point does not stick to the edge
        bins = max(50, int(self.surface.view.width()))
        spans: list[float] = []
        for key, curve in self.curves.items():
            spans += self._draw(key, curve, low, high, bins)
        self.surface.show_range((low, high), self._y_range(spans))
        self.surface.set_stars([star for mark in self._marks if (star := self._star(mark)) is not None])
        self._write_values()

    def _draw(self, key: Hashable, curve: Curve, low: float, high: float, bins: int) -> list[float]:
        """Draw the part of one curve that is seen; its lowest and highest value, or nothing."""
        # A validation curve has one point per epoch: it is smooth enough, and its points are looked up.
        weight = 0.0 if curve.style.dashed else self.smoothing
        parts = {"line": smooth(curve.y, weight)}
        if weight > 0:
            parts["raw"] = curve.y
        else:
            self.surface.hide_line((key, "raw"))
        if curve.hidden or not len(curve):
            for part in parts:
                self.surface.hide_line((key, part))
            return []
        span: list[float] = []
        for part, values in parts.items():
            xs, ys = decimate(curve.x(self.x_mode), self._scaled(values), low, high, bins)
            if len(xs) == 1:
                # One point has no line: a short dash stands for it.
                half = (high - low) / 200
                xs, ys = np.array([xs[0] - half, xs[0] + half]), np.repeat(ys, 2)
            style = curve.style
            self.surface.set_line((key, part), xs, ys, style.hue, dashed=style.dashed, faint=part == "raw")
            finite = ys[np.isfinite(ys)]
            if part == "line" and len(finite):
                span = [float(finite.min()), float(finite.max())]
        return span

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        if not self.log:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(values > 0, np.log10(values), math.nan)

    def _y_range(self, values: list[float]) -> tuple[float, float]:
        if not values:
            return (0.0, 1.0)
        low, high = min(values), max(values)
        room = (high - low) * 0.08 or (0.3 if self.log else abs(high) * 0.1 or 1.0)
        if self._limits is None or self.log:
            return low - room, high + room
        # The limit itself stays visible, and a star that sits on it.
        edge = min(room, (self._limits[1] - self._limits[0]) * 0.06)
        return max(low - room, self._limits[0] - edge), min(high + room, self._limits[1] + edge)

    def _star(self, mark: Mark) -> Star | None:
        if self.log and mark.y <= 0:
            return None
        y = math.log10(mark.y) if self.log else mark.y
        return Star(mark.x[X_MODES.index(self.x_mode)], y, mark.hue, mark.text)

    def _write_values(self) -> None:
        self.legend.show_values(self._value_text)

    def _value_text(self, curve: Curve) -> str:
        value = curve.last if self.crosshair is None else curve.value_at(self.crosshair, self.x_mode)
        return "–" if value is None else self.number(value)

    # export

    def csv(self) -> Export:
        """All points of the curves shown, one per line."""
        return self._export("csv", csv_bytes(("run", "curve", *X_MODES, "value"), self._rows()))

    def png(self) -> Export:
        """The plot as seen, at twice the resolution."""
        return self._export("png", plot_png(self))

    def svg(self) -> Export:
        """The plot as seen, as vectors."""
        return self._export("svg", plot_svg(self))

    def _export(self, suffix: str, data: bytes) -> Export:
        kind = {"csv": "Table", "png": "Picture", "svg": "Vector picture"}[suffix]
        return Export(f"{self.title.lower().replace(' ', '-')}.{suffix}", kind, data)

    def _rows(self) -> Iterator[tuple[object, ...]]:
        for curve in self.curves.values():
            if curve.hidden:
                continue
            columns = [curve.x(mode).tolist() for mode in X_MODES] + [curve.y.tolist()]
            for step, epoch, minutes, value in zip(*columns, strict=True):
                shown = value if math.isfinite(value) else None
                yield curve.style.run, curve.style.name, int(step), round(epoch, 6), round(minutes, 6), shown

    # events

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        plot_menu(self).popup(event.globalPos())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.schedule()

    def _toggled(self) -> None:
        self.schedule()
        self.toggled.emit()

    def _themed(self) -> None:
        self.surface.themed()
        self.schedule()
