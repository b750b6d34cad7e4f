"""The scribble pad as a source: every finished stroke gives a new picture."""

from __future__ import annotations

import threading
import time

import numpy as np

from engine.errors import BadInput
from engine.inference.frame import Frame
from engine.inference.source import SOURCES, Source, SourceKind


class ScribbleSource(Source):
    """Pictures that another thread puts in; only the newest counts."""

    patience = None
    open_patience = None

    def __init__(self) -> None:
        super().__init__("Scribble pad")
        self._changed = threading.Condition()
        self._image: np.ndarray | None = None
        self._put_at = 0.0
        self._began = time.perf_counter()
        self._index = 0

    def put(self, image: np.ndarray) -> None:
        """Hand over a drawing: (H, W, 3) uint8, ink on paper of either colour. Any thread may."""
        with self._changed:
            self._image = image
            self._put_at = time.perf_counter()
            self._changed.notify_all()

    def open(self) -> None:
        return

    def read(self) -> Frame | None:
        with self._changed:
            while self._image is None and not self.interrupted:
                self._changed.wait(0.5)
            if self._image is None:
                return None
            image, self._image = self._image, None
            at = self._put_at
        frame = Frame(image, self._index, (at - self._began) * 1000, at, self.name, drawn=True)
        self._index += 1
        return frame

    def interrupt(self) -> None:
        super().interrupt()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        return


def _needs_window(text: str, live: bool, loop: bool) -> Source:
    raise BadInput("The scribble pad is part of the window.", "Give a picture of the drawing instead.")


SOURCES.add("scribble", SourceKind("Scribble pad", lambda text: text == "scribble", _needs_window, "scribble"))
