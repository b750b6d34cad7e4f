"""Drawing what was found into a copy of the picture, for snapshots and recordings; the window paints its own."""

from __future__ import annotations

import numpy as np

from engine.inference.detections import Classification, Detections, Outcome
from engine.inference.frame import Frame

# Okabe and Ito's set, told apart by colour-blind people; BGR.
_HUES = ((0, 159, 230), (233, 180, 86), (115, 158, 0), (66, 228, 240), (178, 114, 0), (0, 94, 213), (167, 121, 204))
_DARK = (20, 20, 20)


def draw(frame: Frame, outcome: Outcome, threshold: float = 0.0) -> np.ndarray:
    """Return a BGR copy (H, W, 3) of the frame with boxes or the label of at least `threshold` drawn into it."""
    picture = np.array(frame.image, order="C")
    scale = max(0.4, min(frame.width, frame.height) / 640)
    if isinstance(outcome, Detections):
        _draw_boxes(picture, outcome.above(threshold), scale)
    else:
        _draw_label(picture, outcome, threshold, scale)
    return picture


def _draw_boxes(picture: np.ndarray, found: Detections, scale: float) -> None:
    from engine.opencv import cv2

    for i in range(len(found)):
        hue = _HUES[int(found.class_ids[i]) % len(_HUES)]
        x1, y1, x2, y2 = (round(float(value)) for value in found.boxes[i])
        cv2.rectangle(picture, (x1, y1), (x2, y2), hue, max(1, round(2 * scale)))
        track = "" if found.track_ids is None else f" #{int(found.track_ids[i])}"
        _write(picture, f"{found.label(i)}{track} {found.scores[i]:.0%}", (x1, y1), hue, scale)


def _draw_label(picture: np.ndarray, result: Classification, threshold: float, scale: float) -> None:
    sure = result.score >= threshold
    text = f"{result.label} {result.score:.0%}" if sure else f"not sure ({result.label} {result.score:.0%})"
    _write(picture, text, (0, 0), _HUES[1], scale)


def _write(picture: np.ndarray, text: str, corner: tuple[int, int], hue: tuple[int, int, int], scale: float) -> None:
    """Write on a filled strip above `corner`, or below where the picture ends. OpenCV's font knows ASCII only."""
    from engine.opencv import cv2

    text = text.encode("ascii", "replace").decode()
    font, size, thick = cv2.FONT_HERSHEY_SIMPLEX, 0.5 * scale, max(1, round(scale))
    (width, height), drop = cv2.getTextSize(text, font, size, thick)
    strip = height + drop + 4
    x = max(0, min(corner[0], picture.shape[1] - width - 4))
    y = corner[1] - strip if corner[1] >= strip else corner[1]
    cv2.rectangle(picture, (x, y), (x + width + 4, y + strip), hue, cv2.FILLED)
    cv2.putText(picture, text, (x + 2, y + height + 2), font, size, _DARK, thick, cv2.LINE_AA)
