"""How maps of answers are coloured, the same in every picture, table and frame. Never imports torch."""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np

from engine.datasets.annotation import BACKGROUND, IGNORE

# Okabe and Ito's set, told apart by colour-blind people; RGB.
_FIRST = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
_UNKNOWN = (128, 128, 128)
_EMPTY = (16, 16, 16)
_GOLDEN = 0.6180339887498949
_FIRST_HUE = 0.02
_SHADES = ((0.35, 0.95), (0.8, 0.5), (0.95, 0.95))
"""Saturation and value in turn; with that first hue, the background and twenty classes differ most."""
_GAP = 2


@lru_cache(maxsize=1)
def class_colours() -> np.ndarray:
    """uint8, (256, 3), RGB by pixel class: dark for the background, grey for what nobody has labelled.

    The object class k, which is pixel class k + 1, has the same colour wherever it is seen. The first seven are told
    apart by colour-blind people; those beyond have hues as far as can be from their neighbours'.
    """
    table = np.zeros((256, 3), np.uint8)
    for number in range(1, 255):
        if number <= len(_FIRST):
            table[number] = _FIRST[number - 1]
        else:
            hue = (number * _GOLDEN + _FIRST_HUE) % 1
            table[number] = [round(255 * part) for part in colorsys.hsv_to_rgb(hue, *_SHADES[number % len(_SHADES)])]
    table[BACKGROUND], table[IGNORE] = _EMPTY, _UNKNOWN
    table.flags.writeable = False
    return table


def region_picture(regions: np.ndarray) -> np.ndarray:
    """Pixel classes, uint8 (H, W), as RGB (H, W, 3)."""
    return class_colours()[regions]


def region_overlay(picture: np.ndarray, regions: np.ndarray, strength: float = 0.55) -> np.ndarray:
    """The picture, uint8 (H, W, 3) or (H, W), with everything but background tinted; RGB (H, W, 3)."""
    below = coloured(picture)
    tinted = (below * (1 - strength) + class_colours()[regions] * strength).round().astype(np.uint8)
    return np.where((regions != BACKGROUND)[..., None], tinted, below)


def normal_picture(normals: np.ndarray) -> np.ndarray:
    """Surface normals, (3, H, W), as RGB (H, W, 3): red to the right, green up, blue towards the viewer; grey is 0."""
    up = normals * np.array([1.0, -1.0, 1.0]).reshape(3, 1, 1)
    return np.ascontiguousarray(np.rint((up.transpose(1, 2, 0) + 1) * 127.5).clip(0, 255).astype(np.uint8))


def edge_picture(edges: np.ndarray) -> np.ndarray:
    """How surely there is an edge, (H, W) in 0..1, as white on black, uint8 (H, W)."""
    return np.rint(np.asarray(edges, np.float32).clip(0, 1) * 255).astype(np.uint8)


def known_edges(edges: np.ndarray) -> np.ndarray:
    """True edges, uint8 (H, W) of 0, 1 and `IGNORE`, as white on black with grey where nobody has looked."""
    return np.where(edges == IGNORE, np.uint8(_UNKNOWN[0]), edge_picture(edges == 1))


def restored_picture(picture: np.ndarray) -> np.ndarray:
    """A picture in 0..1, (C, H, W), as uint8 (H, W, 3), or (H, W) when it is grey."""
    whole = np.rint(np.asarray(picture, np.float32).clip(0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(whole[0] if len(whole) == 1 else whole.transpose(1, 2, 0))


def coloured(picture: np.ndarray) -> np.ndarray:
    """A picture, uint8 (H, W) or (H, W, 3), in RGB."""
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture


def middle(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """The middle part of a picture (H, W, ...), for answers that leave the border out."""
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


def beside(*pictures: np.ndarray) -> np.ndarray:
    """Pictures, uint8 (H, W[, 3]), side by side with a thin gap, those that are smaller centred; RGB (H, W', 3)."""
    height = max(len(one) for one in pictures)
    parts: list[np.ndarray] = []
    for one in pictures:
        whole = np.full((height, one.shape[1], 3), 255, np.uint8)
        top = (height - len(one)) // 2
        whole[top : top + len(one)] = coloured(one)
        parts += [whole, np.full((height, _GAP, 3), 255, np.uint8)]
    return np.concatenate(parts[:-1], axis=1)
