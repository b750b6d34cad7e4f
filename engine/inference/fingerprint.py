"""Noticing that a camera repeats its last picture for ever, as some drivers do after the plug was pulled."""

from __future__ import annotations

import zlib

import numpy as np

from engine.inference.frame import Frame

_FEWEST = 10


def fingerprint(image: np.ndarray) -> int:
    """A checksum of every eighth pixel each way; the noise of a real sensor changes it from picture to picture."""
    return zlib.crc32(image[::8, ::8].tobytes())


class StillWatch:
    """Counts for how long the very same picture has come again and again."""

    def __init__(self) -> None:
        self.fingerprint: int | None = None
        self._since = 0.0
        self._repeats = 0

    def seconds_still(self, frame: Frame) -> float:
        """Seconds since the picture last changed; 0 until it has repeated a few times."""
        mark = fingerprint(frame.image)
        if mark != self.fingerprint:
            self.fingerprint = mark
            self._since = frame.captured
            self._repeats = 0
        self._repeats += 1
        return frame.captured - self._since if self._repeats >= _FEWEST else 0.0
