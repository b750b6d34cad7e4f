"""A frame at the size in which it is shown, with what lies over it.

OpenCV enlarges it without holding Python's lock, for which a model that looks at the next frame would have to wait;
painting is then a mere copy. The same memory serves every frame and never leaves the interface thread.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from engine.inference.frame import Frame
from engine.inference.layers import Layer
from engine.inference.laying import lay

PIXELS_BELOW = 100
"""A frame narrower than this shows each of its pixels as a square instead of being smoothed."""


class ScaledFrame:
    """Made anew only when the frame, what lies over it or the size changed."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._bgr = np.empty((0, 0, 3), np.uint8)
        self._pixels = np.empty((0, 0, 4), np.uint8)  # the memory of `_image`
        self._image = QImage()

    def at(self, frame: Frame, size: QSize, layer: Layer | None = None, table: np.ndarray | None = None) -> QImage:
        """The frame in `size` pixels of the screen, under a layer in the colours of `table` where there is one.

        The image is only good until the next call. After another choice of colours, `forget` comes first.
        """
        from engine.opencv import cv2

        width, height = max(1, size.width()), max(1, size.height())
        if self._pixels.shape[:2] != (height, width):
            self._bgr = np.empty((height, width, 3), np.uint8)
            self._pixels = np.empty((height, width, 4), np.uint8)
            self._image = QImage(self._pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
            self._frame = None
        if frame is self._frame:
            return self._image
        smooth = frame.width >= PIXELS_BELOW
        shrinks = cv2.INTER_AREA if width < frame.width else cv2.INTER_LINEAR
        how = shrinks if smooth else cv2.INTER_NEAREST
        cv2.resize(frame.image, (width, height), dst=self._bgr, interpolation=how)
        if layer is not None and table is not None:
            lay(self._bgr, layer, table, width / frame.width, smooth)
        cv2.cvtColor(self._bgr, cv2.COLOR_BGR2BGRA, dst=self._pixels)
        self._frame = frame
        return self._image

    def forget(self) -> None:
        """Let go of the frame."""
        self._frame = None
