"""Sequences as pictures of their curves or frames, to be looked through like pictures. Never imports torch."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import PictureSet, SeriesSet
from engine.datasets.drawn_frames import drawn, is_clip, is_volume

SIZE = (120, 180)  # height, width in pixels
# Okabe and Ito's colours, which people with any kind of colour vision tell apart.
HUES = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0))
PAPER, INK, LATER = (250, 250, 250), (40, 40, 40), (150, 150, 150)
LETTERS_A_LINE = 28


class DrawnSeries(PictureSet):
    """A view of a `SeriesSet`: the same samples, each drawn as curves, frames, cuts or lines of text."""

    def __init__(self, series: SeriesSet) -> None:
        classes = series.classes if "label" in series.gives else ("sequences",)
        super().__init__(classes, series.labels, series.names, series.faults, series.fixed)
        self.series = series
        self.gives = series.gives

    @property
    def extent(self) -> str:
        """How long the samples are, and of how many values at each step, in words."""
        shape = self.series.inputs.shape[1:]
        if is_clip(shape):
            return f"{shape[0]:,} frames of {shape[2]}×{shape[3]} pixels each"
        if is_volume(shape):
            return f"{'×'.join(map(str, shape[1:]))} values each"
        if len(shape) == 1:
            return f"{shape[0]:,} characters each"
        return f"{shape[0]:,} steps of {shape[1]:,} value{'' if shape[1] == 1 else 's'}"

    def picture(self, index: int) -> np.ndarray:
        sample = self.series.inputs[index]
        if sample.ndim == 1:
            return draw_text("".join(self.series.classes[place] for place in sample.tolist()))
        if sample.ndim == 4:
            shown = drawn(sample)
            return np.repeat(shown[:, :, None], 3, axis=2) if shown.ndim == 2 else shown
        future = self.series.targets.get("future")
        return draw_series(sample, None if future is None else future[index])

    def fingerprint(self) -> str:
        return self.series.fingerprint()


def draw_series(
    values: np.ndarray,
    future: np.ndarray | None = None,
    said: np.ndarray | None = None,
    size: tuple[int, int] = SIZE,
) -> np.ndarray:
    """Curves over time: uint8, (H, W, 3) in RGB.

    Args:
        values: (T, F), one curve for each of the F values.
        future: (H, F), how it goes on, drawn in grey behind a line at the present.
        said: (H, F), how a network says that it goes on, drawn in colour.
    """
    from engine.opencv import cv2

    height, width = size
    paper = np.full((height, width, 3), PAPER, np.uint8)
    later = 0 if future is None and said is None else len(future if future is not None else said)  # type: ignore[arg-type]
    known = [part for part in (values, future, said) if part is not None]
    low, high = min(float(part.min()) for part in known), max(float(part.max()) for part in known)
    room = (high - low) or 1.0
    steps = max(1, len(values) + later - 1)

    def points(part: np.ndarray, column: int, first: int) -> np.ndarray:
        xs = 4 + (np.arange(len(part)) + first) * (width - 8) / steps
        ys = 4 + (high - part[:, column]) * (height - 8) / room
        return np.stack([xs, ys], 1).round().astype(np.int32).reshape(-1, 1, 2)

    if later:
        x = round(4 + (len(values) - 0.5) * (width - 8) / steps)
        cv2.line(paper, (x, 2), (x, height - 3), LATER, 1)
    for column in range(values.shape[1]):
        hue = HUES[column % len(HUES)]
        cv2.polylines(paper, [points(values, column, 0)], False, hue if said is None else INK, 1, cv2.LINE_AA)
        for part, colour in ((future, LATER), (said, hue)):
            if part is not None:
                cv2.polylines(paper, [points(part, column, len(values))], False, colour, 2, cv2.LINE_AA)
    return paper


def draw_text(text: str, size: tuple[int, int] = SIZE) -> np.ndarray:
    """The first lines of a text: uint8, (H, W, 3) in RGB."""
    from engine.opencv import cv2

    height, width = size
    paper = np.full((height, width, 3), PAPER, np.uint8)
    plain = text.replace("\n", "/").replace("\t", " ")
    lines = [plain[start : start + LETTERS_A_LINE] for start in range(0, len(plain), LETTERS_A_LINE)]
    for number, line in enumerate(lines[: (height - 8) // 14]):
        # OpenCV's letters are ASCII alone.
        shown = line.encode("ascii", "replace").decode()
        cv2.putText(paper, shown, (4, 16 + 14 * number), cv2.FONT_HERSHEY_PLAIN, 0.62, INK, 1, cv2.LINE_AA)
    return paper
