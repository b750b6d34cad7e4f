"""What is known of a picture, drawn over it wherever and however large it is painted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from engine.datasets.annotation import BACKGROUND, IGNORE
from engine.tasks.dense.colours import class_colours, normal_picture
from gui import theme
from gui.theme.tokens import DARK
from gui.widgets.tags import Tags

LAYERS = {
    "boxes": "Boxes",
    "instances": "Objects",
    "regions": "Regions",
    "edges": "Edges",
    "normals": "Normals",
    "clean": "Clean",
}
"""What may be laid over a picture, by the name of the target, with its button's word."""
TIPS = {
    "boxes": "Draw the box around every object in its class's colour",
    "instances": "Fill every object with its class's colour, and draw its rim",
    "regions": "Fill every pixel with its class's colour; grey where it is unknown",
    "edges": "Draw the edges; grey where they are unknown",
    "normals": "Show the surface directions: red to the right, green up, blue towards you",
    "clean": "Show the clean picture that the network shall give back",
}
_FILL, _RIM, _SHADE = 110, 230, 150  # how much of fillings, their rims and the dark rim of boxes is seen, of 255
_UNKNOWN = (128, 128, 128, 130)
_DIRECTION = 230
_OBJECTS = 254


def first_layers(gives: Collection[str], needs: Collection[str]) -> set[str]:
    """The layers to begin with: what the task learns; with boxes, one colouring more. Not all of them need be given."""
    begin = set(needs) & set(gives) & set(LAYERS)
    if not begin or "boxes" in begin:
        begin = {"boxes", "instances" if "instances" in gives else "regions"}
    if "edges" in gives and not begin & set(gives):
        begin.add("edges")
    return begin


def class_hue(label: int) -> QColor:
    """The colour of an object class, the same on every page."""
    return QColor.fromRgb(*class_colours()[1 + label % _OBJECTS].tolist())


@dataclass(eq=False)
class Overlay:
    """Paints some layers of what is known over a picture; its images are made once and kept.

    Attributes:
        known: a row of the targets.
        layers: which of them, by the names of `LAYERS`.
        size: (height, width) of the picture that the boxes belong to.
        names: of the classes, to be written at boxes and regions as far as there is room; () for none.
        tints: what `tinted` gives for these, where that is computed elsewhere.
    """

    known: Mapping[str, np.ndarray]
    layers: Collection[str]
    size: tuple[int, int]
    names: Sequence[str] = ()
    tints: Sequence[np.ndarray] | None = None
    _images: list[QImage] | None = None

    def __call__(self, painter: QPainter, place: QRect) -> None:
        if self._images is None:
            made = tinted(self.known, self.layers) if self.tints is None else self.tints
            self._images = [_image(rgba) for rgba in made]
        painter.save()
        painter.setClipRect(place, Qt.ClipOperation.IntersectClip)
        wide = place.width() * painter.device().devicePixelRatioF()
        for image in self._images:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() > wide)
            painter.drawImage(place, image)
        tags: list[tuple[QRectF, int]] = []
        if "regions" in self.layers and "spots" in self.known:
            tags += [(self._at((x, y, x, y), place), int(label)) for x, y, label in self.known["spots"].tolist()]
        if "boxes" in self.layers and "boxes" in self.known:
            tags += self._paint_boxes(painter, place)
        if self.names:
            self._write(painter, place, tags)
        painter.restore()

    def _at(self, corners: Sequence[float], place: QRect) -> QRectF:
        (x1, y1, x2, y2), (height, width) = corners, self.size
        across, down = place.width() / width, place.height() / height
        return QRectF(place.x() + x1 * across, place.y() + y1 * down, (x2 - x1) * across, (y2 - y1) * down)

    def _paint_boxes(self, painter: QPainter, place: QRect) -> list[tuple[QRectF, int]]:
        """Returns the boxes as they lie on the screen, with their classes."""
        shade = QColor(DARK.canvas)
        shade.setAlpha(_SHADE)
        labels = self.known.get("box_labels", np.zeros(len(self.known["boxes"]), np.int64))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painted = []
        for corners, label in zip(self.known["boxes"].tolist(), labels.tolist(), strict=True):
            if label < 0:
                continue
            box = self._at(corners, place)
            for colour, thick in ((shade, 3.0), (class_hue(label), 1.5)):
                painter.setPen(QPen(colour, thick))
                painter.drawRect(box)
            painted.append((box, label))
        return painted

    def _write(self, painter: QPainter, place: QRect, tags: list[tuple[QRectF, int]]) -> None:
        """Name the largest first; a name that would hide another one is left out."""
        painter.setFont(theme.font("small"))
        writer, metrics, taken = Tags(painter, QRectF(place)), painter.fontMetrics(), list[QRect]()
        for box, label in sorted(tags, key=lambda one: -one[0].width() * one[0].height()):
            if label >= len(self.names):
                continue
            words = metrics.elidedText(self.names[label], Qt.TextElideMode.ElideRight, max(place.width() // 2, 40))
            x, y = round(box.left()), round(box.top())
            wanted = QRect(x, y - metrics.height() - 4, metrics.horizontalAdvance(words) + 12, metrics.height() + 4)
            if wanted.top() < place.top():
                wanted.moveTop(y)
            if not any(wanted.intersects(other) for other in taken):
                taken.append(writer.write((words,), x, y, class_hue(label)))


def tinted(known: Mapping[str, np.ndarray], layers: Collection[str]) -> list[np.ndarray]:
    """The layers but boxes as pictures to be laid over one another: uint8, (H, W, 4), in RGB and opacity.

    Args:
        known: a row of the targets.
    """
    made = []
    for name in ("clean", "normals", "regions", "instances", "edges"):
        if name not in layers or name not in known:
            continue
        values = known[name]
        if name == "clean":
            made.append(_opaque(values))
        elif name == "normals":
            made.append(_directions(values))
        elif name == "edges":
            lookup = np.zeros((256, 4), np.uint8)
            lookup[1:IGNORE] = (*class_colours()[1].tolist(), 255)
            lookup[IGNORE] = _UNKNOWN
            made.append(lookup[values])
        elif name == "regions":
            lookup = _filling(np.arange(-1, 255))
            lookup[BACKGROUND], lookup[IGNORE] = (0, 0, 0, 0), _UNKNOWN
            made.append(lookup[values])
        else:
            made.append(_objects(values, known.get("box_labels")))
    return made


def _objects(instances: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Objects in their classes' colours, with a rim, since others of their class may touch them."""
    count = int(instances.max(initial=0))
    classes = np.arange(count)  # a colour for each where there are no classes
    if labels is not None:
        given = min(count, len(labels))
        classes[:given] = labels[:given]
    filled = np.concatenate([np.zeros((1, 4), np.uint8), _filling(classes)])[instances]
    rim = np.zeros(instances.shape, bool)
    for axis in (0, 1):
        ends = np.diff(instances.astype(np.int32), axis=axis) != 0
        rim |= np.pad(ends, [(0, 1) if n == axis else (0, 0) for n in range(2)])
        rim |= np.pad(ends, [(1, 0) if n == axis else (0, 0) for n in range(2)])
    filled[rim & (instances > 0), 3] = _RIM
    return filled


def _filling(classes: np.ndarray) -> np.ndarray:
    """uint8, (n, 4): the colours of object classes with the strength of a filling."""
    colours = class_colours()[1 + classes % _OBJECTS]
    return np.concatenate([colours, np.full((len(classes), 1), _FILL, np.uint8)], axis=1)


def _opaque(picture: np.ndarray) -> np.ndarray:
    rgb = np.repeat(picture, 3, axis=0) if picture.shape[0] == 1 else picture  # (C, H, W)
    return np.concatenate([rgb.transpose(1, 2, 0), np.full((*rgb.shape[1:], 1), 255, np.uint8)], axis=2)


def _directions(normals: np.ndarray) -> np.ndarray:
    there = (np.abs(normals).sum(axis=0) > 0)[..., None]
    return np.concatenate([normal_picture(normals), np.where(there, _DIRECTION, 0).astype(np.uint8)], axis=2)


def _image(rgba: np.ndarray) -> QImage:
    array = np.ascontiguousarray(rgba)
    height, width = array.shape[:2]
    # The copy owns its memory.
    return QImage(array.data, width, height, width * 4, QImage.Format.Format_RGBA8888).copy()
