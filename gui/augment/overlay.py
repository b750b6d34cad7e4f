"""What is known of a picture, drawn over it wherever and however large it is painted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from engine.datasets.annotation import IGNORE
from gui import theme
from gui.theme.tokens import DARK

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
    "boxes": "Draw the objects' boxes as they have moved along",
    "instances": "Fill every object with a colour of its own",
    "regions": "Fill every pixel with its class's colour; grey where augmentation left it unknown",
    "edges": "Draw the edges; grey where augmentation left them unknown",
    "normals": "Show the surface directions: red to the right, green down, blue towards you",
    "clean": "Show the clean picture that the network shall give back",
}
_FILL, _SHADE = 110, 150  # how much of fillings and of the dark rim of boxes is seen, of 255
_UNKNOWN = (128, 128, 128, 130)


@dataclass(eq=False)
class Overlay:
    """Paints some layers of what is known over a picture; its images are made once and kept.

    Attributes:
        known: a row of the targets.
        layers: which of them, by the names of `LAYERS`.
        size: (height, width) of the picture that the boxes belong to.
    """

    known: Mapping[str, np.ndarray]
    layers: Collection[str]
    size: tuple[int, int]
    _images: list[QImage] | None = None
    _dark: bool | None = None

    def __call__(self, painter: QPainter, place: QRect) -> None:
        if self._images is None or self._dark != theme.tokens().dark:
            self._images, self._dark = self._made(), theme.tokens().dark
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for image in self._images:
            painter.drawImage(place, image)
        if "boxes" in self.layers and "boxes" in self.known:
            self._paint_boxes(painter, place)
        painter.restore()

    def _made(self) -> list[QImage]:
        colours = class_colours()
        images = []
        for name in ("clean", "normals", "regions", "instances", "edges"):
            if name not in self.layers or name not in self.known:
                continue
            values = self.known[name]
            if name == "clean":
                images.append(_image(_opaque(values)))
            elif name == "normals":
                images.append(_image(_directions(values)))
            elif name == "edges":
                lookup = np.zeros((256, 4), np.uint8)
                lookup[1:IGNORE] = (255, 214, 0, 255)
                lookup[IGNORE] = _UNKNOWN
                images.append(_image(lookup[values]))
            else:
                lookup = np.zeros((256, 4), np.uint8)
                lookup[1:] = np.resize(colours, (255, 4))
                if name == "regions":
                    lookup[IGNORE] = _UNKNOWN
                images.append(_image(lookup[values]))
        return images

    def _paint_boxes(self, painter: QPainter, place: QRect) -> None:
        height, width = self.size
        hues = [QColor(name) for name in theme.tokens().series]
        shade = QColor(DARK.canvas)
        shade.setAlpha(_SHADE)
        labels = self.known.get("box_labels", np.zeros(len(self.known["boxes"]), np.int64))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for (x1, y1, x2, y2), label in zip(self.known["boxes"].tolist(), labels.tolist(), strict=True):
            if label < 0:
                continue
            box = QRectF(
                place.x() + x1 / width * place.width(),
                place.y() + y1 / height * place.height(),
                (x2 - x1) / width * place.width(),
                (y2 - y1) / height * place.height(),
            )
            for colour, thick in ((shade, 3.0), (hues[label % len(hues)], 1.5)):
                painter.setPen(QPen(colour, thick))
                painter.drawRect(box)


def class_colours() -> np.ndarray:
    """uint8, (K, 4): the theme's series of hues with the strength of a filling."""
    hues = [QColor(name) for name in theme.tokens().series]
    return np.array([(hue.red(), hue.green(), hue.blue(), _FILL) for hue in hues], np.uint8)


def _opaque(picture: np.ndarray) -> np.ndarray:
    rgb = np.repeat(picture, 3, axis=0) if picture.shape[0] == 1 else picture  # (C, H, W)
    return np.concatenate([rgb.transpose(1, 2, 0), np.full((*rgb.shape[1:], 1), 255, np.uint8)], axis=2)


def _directions(normals: np.ndarray) -> np.ndarray:
    colour = ((normals.transpose(1, 2, 0) + 1) * 127.5).clip(0, 255).astype(np.uint8)
    known = (np.abs(normals).sum(axis=0) > 0)[..., None]
    return np.concatenate([colour, np.where(known, 230, 0).astype(np.uint8)], axis=2)


def _image(rgba: np.ndarray) -> QImage:
    array = np.ascontiguousarray(rgba)
    height, width = array.shape[:2]
    # The copy owns its memory.
    return QImage(array.data, width, height, width * 4, QImage.Format.Format_RGBA8888).copy()
