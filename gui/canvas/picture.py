"""The drawing as a picture file. Painted in the interface thread, where alone it can be, and returned as bytes."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsItem

from engine.errors import BadInput
from gui.canvas.node import NodeItem
from gui.canvas.scene import CanvasScene

_MARGIN = 24.0
_LARGEST = 16_000


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
    generator.setTitle(scene.spec.name)
    painter = QPainter(generator)
    _render(scene, painter, QRectF(0, 0, box.width(), box.height()), box)
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
    scene.blockSignals(True)
    scene.clearSelection()
    for item in cards:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    scene.render(painter, target, source)
    painter.end()
    for item in cards:
        item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
    scene.blockSignals(False)
    scene.pick(*chosen)
