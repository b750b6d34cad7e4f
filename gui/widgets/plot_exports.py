"""A plot on paper: title, legend and curves painted as a picture or as vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QImageWriter, QPainter, QPen
from PySide6.QtSvg import QSvgGenerator

from gui import theme

if TYPE_CHECKING:
    from gui.widgets.live_plot import LivePlot

_SCALE = 2
_MARGIN = 12
_SAMPLE = 26


def plot_png(plot: LivePlot) -> bytes:
    """The plot as it is seen, at twice the resolution."""
    size = _size(plot)
    image = QImage(size * _SCALE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.scale(_SCALE, _SCALE)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint(plot, painter, size)
    painter.end()
    return png_bytes(image)


def png_bytes(image: QImage) -> bytes:
    """`image` as a PNG file."""
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return bytes(held.data())


def plot_svg(plot: LivePlot) -> bytes:
    """The plot as it is seen, as vectors."""
    size = _size(plot)
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(plot.title)
    painter = QPainter(generator)
    _paint(plot, painter, size)
    painter.end()
    buffer.close()
    return bytes(held.data())


def _size(plot: LivePlot) -> QSize:
    width, height = plot.surface.width(), plot.surface.height()
    return QSize(width + 2 * _MARGIN, height + 2 * _MARGIN + _head(plot, None))


def _paint(plot: LivePlot, painter: QPainter, size: QSize) -> None:
    painter.fillRect(QRect(0, 0, size.width(), size.height()), QColor(theme.tokens().panel))
    below = _head(plot, painter)
    target = QRectF(_MARGIN, _MARGIN + below, plot.surface.width(), plot.surface.height())
    plot.surface.render(painter, target, plot.surface.viewport().rect())


def _head(plot: LivePlot, painter: QPainter | None) -> int:
    """Paint title and legend, in as many rows as they need, or only measure them; the height they take."""
    t = theme.tokens()
    heading, small = theme.font("heading"), theme.font("small")
    row = QFontMetrics(heading).height()
    metrics = QFontMetrics(small)
    left = _MARGIN + QFontMetrics(heading).horizontalAdvance(plot.title) + 2 * _MARGIN
    x, y = left, _MARGIN
    middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    if painter is not None:
        painter.setFont(heading)
        painter.setPen(QColor(t.text))
        painter.drawText(QRect(_MARGIN, y, left, row), middle, plot.title)
        painter.setFont(small)
    for curve in plot.curves.values():
        if curve.hidden or not len(curve):
            continue
        wide = _SAMPLE + metrics.horizontalAdvance(curve.style.label) + 2 * _MARGIN
        if x > left and x + wide > plot.surface.width() + _MARGIN:
            x, y = left, y + row
        if painter is not None:
            pen = QPen(QColor(t.series[curve.style.hue % len(t.series)]), 1.5)
            if curve.style.dashed:
                pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawLine(x, y + row // 2, x + _SAMPLE - 6, y + row // 2)
            painter.setPen(QColor(t.text))
            painter.drawText(QRect(x + _SAMPLE, y, wide, row), middle, curve.style.label)
        x += wide
    return y + row
