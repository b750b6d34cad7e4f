"""Digits as a person's pen writes them: polylines and arcs on a unit square."""

from __future__ import annotations

import numpy as np

from engine.opencv import cv2


def _arc(x: float, y: float, rx: float, ry: float, begin: float, end: float) -> list[tuple[float, float]]:
    angles = np.radians(np.linspace(begin, end, 24))
    return [(x + rx * float(np.cos(a)), y + ry * float(np.sin(a))) for a in angles]


STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [_arc(0.5, 0.5, 0.3, 0.42, -90, 270)],
    1: [[(0.35, 0.3), (0.52, 0.1), (0.52, 0.9)]],
    2: [[*_arc(0.5, 0.32, 0.25, 0.22, -170, 40), (0.25, 0.9), (0.78, 0.9)]],
    3: [[*_arc(0.45, 0.3, 0.27, 0.2, -150, 80), *_arc(0.45, 0.7, 0.3, 0.22, -80, 150)]],
    4: [[(0.6, 0.1), (0.2, 0.6), (0.8, 0.6)], [(0.6, 0.35), (0.6, 0.92)]],
    5: [[(0.75, 0.1), (0.35, 0.1), (0.32, 0.45), *_arc(0.48, 0.66, 0.27, 0.24, -120, 150)]],
    6: [[(0.65, 0.1), (0.4, 0.35), (0.28, 0.6), *_arc(0.5, 0.7, 0.22, 0.2, 180, -180)]],
    7: [[(0.22, 0.12), (0.78, 0.12), (0.45, 0.92)]],
    8: [_arc(0.5, 0.3, 0.2, 0.19, -90, 270), _arc(0.5, 0.7, 0.25, 0.21, -90, 270)],
    9: [[*_arc(0.5, 0.32, 0.22, 0.21, 0, -360), (0.72, 0.32), (0.68, 0.6), (0.6, 0.92)]],
}


def draw_digit(digit: int, pen: int, light_paper: bool, left: float, top: float, size: float) -> np.ndarray:
    """(280, 280, 3) uint8 with the digit in a square of `size` (share of the side) at `left`, `top`."""
    ground, ink = (255, 0) if light_paper else (0, 255)
    picture = np.full((280, 280, 3), ground, np.uint8)
    for stroke in STROKES[digit]:
        points = (np.array(stroke) * size + (left, top)) * 280 * 16
        cv2.polylines(picture, [np.round(points).astype(np.int32)], False, (ink,) * 3, pen, cv2.LINE_AA, 4)
    return picture
