"""The drawing as a picture file. Painted in the interface thread, where alone it can be, and returned as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QImageWriter, QPageLayout, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsItem

from engine.errors import BadInput
from engine.graph.spec import NetworkSpec
from gui.canvas import painting
from gui.canvas.node import NodeItem
from gui.canvas.opening import Opening
from gui.canvas.scene import CanvasScene

if TYPE_CHECKING:
    from engine.graph.results import Analysis

_MARGIN = 24.0
_LARGEST = 16_000
_POINTS = 0.75
"""Points of print to a unit of the drawing: cards become 135 points wide."""
_DPI = 1200


def offscreen(network: NetworkSpec, analysis: Analysis | None = None, opening: Opening | None = None) -> CanvasScene:
    """A scene that no window shows, for pictures made by a script. The theme must be on."""
    scene = CanvasScene()
    scene.show_spec(network)
    if opening is not None:
        scene.show_opening(opening)
    if analysis is not None:
        scene.show_analysis(analysis)
    return scene


def of_kind(scene: CanvasScene, suffix: str) -> bytes:
    """The picture in the format that a file's suffix names; PNG for an unknown one."""
    return {".svg": svg, ".pdf": pdf}.get(suffix.lower(), png)(scene)


def png(scene: CanvasScene, scale: float = 2.0) -> bytes:
    """The whole drawing as PNG, `scale` pixels to a unit, fewer where that would exceed 16,000 pixels a side."""
    box = _box(scene)
    scale = min(scale, _LARGEST / box.width(), _LARGEST / box.height())
    image = QImage(QSize(round(box.width() * scale), round(box.height() * scale)), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    _render(scene, painter, QRectF(image.rect()), box)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def svg(scene: CanvasScene) -> bytes:
    """The whole drawing as SVG."""
    box = _box(scene)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(box.size().toSize())
    generator.setViewBox(QRectF(0, 0, box.width(), box.height()))
    generator.setTitle(scene.network.name)
    painter = QPainter(generator)
    _render(scene, painter, QRectF(0, 0, box.width(), box.height()), box)
    return bytes(buffer.data().data())


def pdf(scene: CanvasScene) -> bytes:
    """The whole drawing as a PDF of one page, in vectors, as large as the drawing."""
    box = _box(scene)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_DPI)
    writer.setTitle(scene.network.name)
    # PDF readers refuse pages of more than 14,400 points.
    points = min(_POINTS, 14_400 / box.width(), 14_400 / box.height())
    size = QPageSize(QSizeF(box.width() * points, box.height() * points), QPageSize.Unit.Point)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF()))
    painter = QPainter(writer)
    _render(scene, painter, QRectF(0, 0, writer.width(), writer.height()), box)
    return bytes(buffer.data().data())


def _box(scene: CanvasScene) -> QRectF:
    content = scene.content()
    if content.isEmpty():
        raise BadInput("There is nothing to draw a picture of.", "Add a layer first.")
    return content.marginsAdded(QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN))


def _render(scene: CanvasScene, painter: QPainter, target: QRectF, source: QRectF) -> None:
    """Paint without the selection and without cached pictures, which would be made for the screen's zoom."""
    chosen = scene.selected_nodes(), scene.selected_edges()
    cards = [item for item in scene.items() if isinstance(item, NodeItem)]
    kept = [item.cacheMode() for item in cards]
    scene.blockSignals(True)
    scene.clearSelection()
    for item in cards:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    with painting.at_life_size():
        scene.render(painter, target, source)
    painter.end()
    for item, mode in zip(cards, kept, strict=True):
        item.setCacheMode(mode)
    scene.blockSignals(False)
    scene.pick(*chosen)
