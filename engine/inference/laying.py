"""Laying a layer over a picture, for the window, snapshots and recordings alike. Never imports torch.

All of it is done by OpenCV, which lets go of Python's lock: a model that looks at the next frame meanwhile does not
have to wait.
"""

from __future__ import annotations

import numpy as np

from engine.inference.layers import Layer


def lay(picture: np.ndarray, layer: Layer, table: np.ndarray, scale: float = 1.0, smooth: bool = True) -> None:
    """Lay a layer over the part of the picture that it belongs to.

    Args:
        picture: (H, W, 3) uint8 in BGR; it is changed.
        layer: what is laid on.
        table: (256, 4) uint8 of red, green, blue and opacity for each value, from `colour_table`.
        scale: pixels of the picture for each of the frame.
        smooth: soft borders between colours; otherwise each place of the layer stays a square.
    """
    from engine.opencv import cv2

    rows, columns = _pixels(layer, picture, scale)
    part = picture[rows, columns]
    if not part.size:
        return
    size = (part.shape[1], part.shape[0])
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    if layer.kind == "picture":
        cv2.cvtColor(cv2.resize(layer.pixels, size, interpolation=how), cv2.COLOR_RGB2BGR, dst=part)
        return
    # Colours multiplied by their opacity before they are enlarged: what is not seen must not tint a border.
    opacity = table[:, 3:].astype(np.uint16)
    ready = ((table[:, 2::-1] * opacity + 127) // 255).astype(np.uint8)  # (256, 3) in BGR
    values = np.ascontiguousarray(layer.pixels)
    tint = cv2.resize(cv2.applyColorMap(values, ready[:, None]), size, interpolation=how)
    rest = cv2.resize(cv2.LUT(values, 255 - table[:, 3]), size, interpolation=how)
    cv2.multiply(part, cv2.cvtColor(rest, cv2.COLOR_GRAY2BGR), dst=part, scale=1 / 255)
    cv2.add(part, tint, dst=part)


def _pixels(layer: Layer, picture: np.ndarray, scale: float) -> tuple[slice, slice]:
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = (round(value * scale) for value in layer.area)
    return slice(max(0, y1), min(height, y2)), slice(max(0, x1), min(width, x2))
