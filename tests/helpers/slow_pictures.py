"""Pictures for processes of their own, which find them by name: some that take their time."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np

from engine.datasets.base import PictureSet


class SlowPictures(PictureSet):
    """Forty grey pictures of 8×8, each as light as its number, `seconds` apart; picture `stuck` takes 2.5 s.

    Who reads them leaves its process id in `folder`.
    """

    def __init__(self, folder: Path, seconds: float = 0.0, stuck: int = -1) -> None:
        super().__init__(("one", "two"), np.arange(40) % 2, [str(number) for number in range(40)])
        self.folder, self.seconds, self.stuck = folder, seconds, stuck

    def picture(self, index: int) -> np.ndarray:
        (self.folder / str(os.getpid())).touch()
        threading.Event().wait(2.5 if index == self.stuck else self.seconds)
        return np.full((8, 8, 3), index, np.uint8)

    def fingerprint(self) -> str:
        return "slow"
