"""Sequences as small pictures: a strip for each of their values, over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT, MARGIN, THICK = 480, 240, 12, 2
STRIPS = 4
"""Values of a step that are drawn, the first ones; each has a strip of its own."""
PAPER, RULE, LABEL = (255, 255, 255), (214, 219, 226), (110, 118, 130)
KNOWN, TRUE, FORECAST = (60, 66, 76), (150, 158, 170), (0, 114, 178)
FINE = 4
"""Binary digits of a pixel that lines are placed by."""
LETTERS = 0.4


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a chart.

    Attributes:
        values: float, (P, F).
        start: the step of its first value.
        colour: RGB.
    """

    values: np.ndarray
    colour: tuple[int, int, int] = KNOWN
    start: int = 0


def chart(curves: Sequence[Curve], boundary: int | None = None) -> np.ndarray:
    """Curves over the same steps: uint8, (H, W, 3). The first value of every step is drawn on top.

    The greatest and the least value of each strip are written at its left.

    Args:
        curves: all with as many values F per step; the later ones lie over the earlier ones.
        boundary: a step before which a vertical rule is drawn, such as where a forecast begins.
    """
    from engine.opencv import cv2

    strips = min(STRIPS, curves[0].values.shape[1])
    steps = max(curve.start + len(curve.values) for curve in curves)
    across = (WIDTH - 2 * MARGIN) / max(1, steps - 1)
    tall = HEIGHT / strips
    image = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
    if boundary is not None:
        middle = round(MARGIN + (boundary - 0.5) * across)
        cv2.line(image, (middle, 0), (middle, HEIGHT), RULE, THICK)
    for strip in range(strips):
        low, high = _range([curve.values[:, strip] for curve in curves])
        for curve in curves:
            x = MARGIN + (curve.start + np.arange(len(curve.values))) * across
            share = np.nan_to_num((curve.values[:, strip].astype(np.float64) - low) / (high - low), nan=0.5)
            y = tall * (strip + 1) - MARGIN - share.clip(-1, 2) * (tall - 2 * MARGIN)
            points = np.round(np.stack([x, y], 1) * 2**FINE).astype(np.int32)
            cv2.polylines(image, [points], False, curve.colour, THICK, cv2.LINE_AA, FINE)
        for value, line in ((high, tall * strip + MARGIN), (low, tall * (strip + 1) - 3)):
            place = (3, round(line))
            cv2.putText(image, f"{value:.3g}", place, cv2.FONT_HERSHEY_SIMPLEX, LETTERS, LABEL, 1, cv2.LINE_AA)
    return image


def _range(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Least and greatest of the finite values, never equal."""
    whole = np.concatenate(values)
    whole = whole[np.isfinite(whole)]
    low, high = (float(whole.min()), float(whole.max())) if len(whole) else (0.0, 0.0)
    return (low, high) if high > low else (low - 1, high + 1)
