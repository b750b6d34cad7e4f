"""One picture on its way from a source to a predictor and the screen. Never imports torch or cv2."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture with its place in the source.

    Attributes:
        image: (H, W, 3) uint8 in BGR, the order in which OpenCV delivers and `QImage.Format_BGR888` paints. Nobody
            writes into it.
        index: number of the picture in its source, from 0; it goes on counting when a video is looped.
        time_ms: place in the source's own time: the video's clock, or milliseconds since the camera was opened.
        captured: `time.perf_counter()` when the picture was read, from which its age is counted.
        name: file name, where the picture has one.
        video: the file whose frame this is, where that can be read as a whole.
        drawn: True for a drawing of the scribble pad, which is brought into the form of the dataset first.
    """

    image: np.ndarray = field(repr=False)
    index: int = 0
    time_ms: float = 0.0
    captured: float = 0.0
    name: str = ""
    drawn: bool = False
    video: Path | None = None

    def __post_init__(self) -> None:
        image = self.image
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError(f"a frame is (H, W, 3) uint8, not {image.shape} {image.dtype}")
        image.setflags(write=False)

    @property
    def height(self) -> int:
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8 in RGB; a view, not a copy."""
        return self.image[:, :, ::-1]
