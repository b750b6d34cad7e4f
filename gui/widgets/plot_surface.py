"""The picture of a plot: lines, stars and crosshair in the theme's colours. It draws what it is given, when told."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from gui import theme

_FAINT = 80  # of 255
_BELOW = 8  # height of an x axis without numbers


@dataclass(frozen=True)
class Star:
    """A point worth finding again, such as the best epoch; the last one's text is written beside it."""

    x: float
    y: float
    hue: int
    text: str = ""


class PlotSurface(pg.PlotWidget):
    """Lines by key.

    Signals:
        ranged(object): (low, high) of x, after a person has zoomed or panned.
        hovered(object): x under the pointer, or None when it has left.
        all_wanted(): double click or Home: everything is to be seen again.
    """

    ranged = Signal(object)
    hovered = Signal(object)
    all_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._lines: dict[Hashable, tuple[pg.PlotCurveItem, int, bool, bool]] = {}
        self._stars: tuple[Star, ...] = ()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)  # the grid moves with the ranges
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        item = self.getPlotItem()
        item.hideButtons()
        item.layout.setContentsMargins(0, 7, 9, 0)  # room for half a tick's text at the ends of the axes
        self.view = item.getViewBox()
        self.view.setMouseEnabled(x=True, y=False)
        self.view.setDefaultPadding(0)
        self.view.disableAutoRange()
        self.view.sigRangeChangedManually.connect(lambda *_: self.ranged.emit(self.x_range()))
        self.getAxis("left").enableAutoSIPrefix(False)
        self.getAxis("bottom").enableAutoSIPrefix(False)
        for name in ("right", "top"):  # never shown, yet they would write their titles anew with every range
            self.getAxis(name).unlinkFromView()
        self.line = pg.InfiniteLine(angle=90, movable=False)
        self.line.setVisible(False)
        self.line.setZValue(10)
        self.addItem(self.line, ignoreBounds=True)
        self._scatter = pg.ScatterPlotItem(symbol="star", size=15)
        self._scatter.setZValue(9)
        self._scatter.setVisible(False)
        self.addItem(self._scatter, ignoreBounds=True)
        self._label = pg.TextItem()
        self._label.setZValue(11)
        self._label.setVisible(False)
        self.addItem(self._label, ignoreBounds=True)
        self.themed()

    def set_line(
        self, key: Hashable, xs: np.ndarray, ys: np.ndarray, hue: int, *, dashed: bool = False, faint: bool = False
    ) -> None:
        """Draw the line `key`; NaN breaks it. Pens are one pixel wide: wider ones cost ten times as much."""
        found = self._lines.get(key)
        if found is None or found[1:] != (hue, dashed, faint):
            line = found[0] if found else pg.PlotCurveItem(antialias=False)
            if found is None:
                self.addItem(line, ignoreBounds=True)
            line.setZValue(1 if faint else 2)
            line.setPen(self._pen(hue, dashed, faint))
            self._lines[key] = found = (line, hue, dashed, faint)
        found[0].setData(xs, ys, connect="finite")
        found[0].setVisible(True)

    def hide_line(self, key: Hashable) -> None:
        if key in self._lines:
            self._lines[key][0].setVisible(False)

    def remove_line(self, key: Hashable) -> None:
        if key in self._lines:
            self.removeItem(self._lines.pop(key)[0])

    def shown_lines(self) -> dict[Hashable, tuple[np.ndarray, np.ndarray]]:
        """What is drawn now, by key."""
        return {key: line.getData() for key, (line, *_) in self._lines.items() if line.isVisible()}

    def set_stars(self, stars: Sequence[Star]) -> None:
        if tuple(stars) != self._stars:
            self._stars = tuple(stars)
            self._make_stars()
        self._place_label()

    def _make_stars(self) -> None:
        stars, t = self._stars, theme.tokens()
        outline = _thin(t.text)
        self._scatter.setVisible(bool(stars))
        self._scatter.setData(
            [{"pos": (star.x, star.y), "brush": QColor(self._colour(star.hue)), "pen": outline} for star in stars]
        )
        told = bool(stars) and bool(stars[-1].text)
        self._label.setVisible(told)
        if told:
            self._label.setText(stars[-1].text, color=t.text)
            self._label.setFont(theme.font("small"))
            behind = QColor(t.panel)
            behind.setAlpha(190)
            self._label.fill = QBrush(behind)
            self._label.setPos(stars[-1].x, stars[-1].y)

    def _place_label(self) -> None:
        """On the last star's inner side, so that nothing is cut off at the plot's edges."""
        if self._label.isVisible():
            last = self._stars[-1]
            (left, right), (bottom, top) = self.view.viewRange()
            across = 1.05 if last.x > (left + right) / 2 else -0.05
            wide = self._label.boundingRect().width()
            at = (last.x - left) / (right - left) * self.view.width() if right > left else 0.0
            # Large words may be wider than the room on that side: they are moved until their start is seen.
            if wide:
                across = min(max(across, 1 - (self.view.width() - at) / wide), at / wide)
            anchor = (across, -0.1 if last.y > (bottom + top) / 2 else 1.1)
            if anchor != tuple(self._label.anchor):
                self._label.setAnchor(anchor)

    def show_range(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.view.setRange(xRange=x, yRange=y, padding=0, disableAutoRange=True)
        # pyqtgraph moves its lines to a new range while it paints, which would have everything painted once more.
        self.scene().prepareForPaint()

    @property
    def stars(self) -> tuple[Star, ...]:
        """The points that are marked."""
        return self._stars

    def x_range(self) -> tuple[float, float]:
        low, high = self.view.viewRange()[0]
        return float(low), float(high)

    def set_crosshair(self, x: float | None) -> None:
        self.line.setVisible(x is not None)
        if x is not None:
            self.line.setPos(x)

    def set_log(self, log: bool) -> None:
        """Write powers of ten beside the left axis; the caller takes the logarithms."""
        self.getAxis("left").setLogMode(False, log)

    def set_percent(self, on: bool = True) -> None:
        """Write shares of 1 beside the left axis as per cent, or numbers as they are."""
        axis = self.getAxis("left")
        if not on:
            axis.__dict__.pop("tickStrings", None)
            axis.picture = None
            return
        axis.picture = None
        axis.tickStrings = lambda values, scale, spacing: [  # pyqtgraph's way to write ticks otherwise
            f"{100 * value:.{max(0, math.ceil(-math.log10(100 * spacing) - 1e-9))}f} %" for value in values
        ]

    def show_x_axis(self, title: str) -> None:
        """Write numbers and `title` below; without a title leave both to the plot underneath."""
        axis = self.getAxis("bottom")
        axis.setStyle(showValues=bool(title))
        axis.setLabel(title)
        axis.showLabel(bool(title))
        axis.setHeight(None if title else _BELOW)

    def themed(self) -> None:
        """Take the theme's colours and fonts."""
        t = theme.tokens()
        self.setBackground(QColor(t.panel))
        small = theme.font("small")
        metrics = QFontMetrics(small)
        # The same for all plots, so that their x axes lie below one another.
        self.getAxis("left").setWidth(metrics.horizontalAdvance("0.00000") + 10)
        self.setMinimumHeight(metrics.height() * 6)
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(_thin(t.border_strong))
            axis.setTextPen(QColor(t.text_muted))
            axis.setTickFont(small)
            axis.label.setFont(small)
            axis.setStyle(maxTickLevel=0)
        self.line.setPen(_thin(t.text_muted))
        for line, hue, dashed, faint in self._lines.values():
            line.setPen(self._pen(hue, dashed, faint))
        self._make_stars()
        self._place_label()

    def _colour(self, hue: int) -> str:
        series = theme.tokens().series
        return series[hue % len(series)]

    def _pen(self, hue: int, dashed: bool, faint: bool) -> QPen:
        colour = QColor(self._colour(hue))
        if faint:
            colour.setAlpha(_FAINT)
        pen = _thin(colour)
        if dashed:
            pen.setDashPattern([5, 4])
        return pen

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        # pyqtgraph's own translucent grid costs ten times as much as all curves together.
        super().drawBackground(painter, rect)
        area = self.view.sceneBoundingRect()
        (_, _), (low, high) = self.view.viewRange()
        ticks = self.getAxis("left").tickValues(low, high, area.height())
        painter.setPen(_thin(theme.tokens().border))
        for value in ticks[0][1] if ticks else ():
            y = round(area.bottom() - (value - low) / (high - low) * area.height()) + 0.5
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    # hands

    def mouseMoveEvent(self, event: object) -> None:
        super().mouseMoveEvent(event)
        place: QPointF = event.position()  # type: ignore[attr-defined]
        scene = self.mapToScene(place.toPoint())
        inside = self.view.sceneBoundingRect().contains(scene)
        self.hovered.emit(float(self.view.mapSceneToView(scene).x()) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: object) -> None:
        super().mouseDoubleClickEvent(event)
        self.all_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        low, high = self.x_range()
        span = high - low
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            at = self.line.value() if self.line.isVisible() else (low + high) / 2
            step = span / 100 * (-1 if key == Qt.Key.Key_Left else 1)
            self.hovered.emit(min(max(at + step, low), high))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            middle = self.line.value() if self.line.isVisible() else (low + high) / 2
            half = span * (0.4 if key != Qt.Key.Key_Minus else 0.625)
            self.ranged.emit((middle - half, middle + half))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_Escape):
            self.hovered.emit(None)
            self.all_wanted.emit()
        else:
            # Not the base class: it keeps the arrow keys for scrolling.
            event.ignore()


def _thin(colour: QColor | str) -> QPen:
    """One pixel wide whatever the scale."""
    pen = QPen(QColor(colour), 1)
    pen.setCosmetic(True)
    return pen
