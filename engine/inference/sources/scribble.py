"""The scribble pad as a source: every finished stroke gives a new picture."""

from __future__ import annotations

import threading
import time

import numpy as np

from engine.errors import BadInput
from engine.inference.frame import Frame
from engine.inference.source import SOURCES, Source, SourceKind


class Board:
    """What is drawn now, shared by the pad that draws and the source that reads. Any thread may use it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.image: np.ndarray | None = None
        self.serial = 0
        self.drawn_at = 0.0

    def put(self, image: np.ndarray | None) -> None:
        """Show a drawing: (H, W, 3) uint8, ink on paper of either colour; None when it was wiped."""
        with self.changed:
            self.image = image
            self.serial += 1
            self.drawn_at = time.perf_counter()
            self.changed.notify_all()


class ScribbleSource(Source):
    """The drawings of a board; only the newest counts, and one that is there already comes first."""

    patience = None
    open_patience = None

    def __init__(self, board: Board) -> None:
        super().__init__("Scribble pad")
        self._board = board
        self._seen = -1
        self._began = time.perf_counter()
        self._index = 0

    def open(self) -> None:
        return

    def read(self) -> Frame | None:
        board = self._board
        with board.changed:
            while (board.serial == self._seen or board.image is None) and not self.interrupted:
                board.changed.wait(0.5)
            if self.interrupted or board.image is None:
                return None
            image, at, self._seen = board.image, board.drawn_at, board.serial
        self._index += 1
        return Frame(image, self._index - 1, (at - self._began) * 1000, at, self.name, drawn=True)

    def interrupt(self) -> None:
        super().interrupt()
        with self._board.changed:
            self._board.changed.notify_all()

    def close(self) -> None:
        return


def _needs_window(text: str, live: bool, loop: bool) -> Source:
    raise BadInput("The scribble pad is part of the window.", "Give a picture of the drawing instead.")


SOURCES.add("scribble", SourceKind("Scribble pad", lambda text: text == "scribble", _needs_window, "scribble"))
