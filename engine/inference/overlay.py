"""Drawing what was found into a copy of the picture, for snapshots and recordings; the window paints its own."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from engine.inference.detections import Classification, Detections, Labels, Match, Outcome
from engine.inference.frame import Frame
from engine.inference.layers import colour_of, colour_table, make_layer
from engine.inference.laying import lay
from engine.words import percent

_HEADLINE = (233, 180, 86)  # BGR
_DARK, _LIGHT = (20, 20, 20), (245, 245, 245)
_POINT_SURE = 0.5


def draw(frame: Frame, outcome: Outcome, threshold: float = 0.0, hidden: Collection[int] = ()) -> np.ndarray:
    """Return a BGR copy (H, W, 3) of the frame with what was found drawn into it.

    Args:
        threshold: of boxes, labels and edges only those that are so sure are drawn.
        hidden: class ids that are not drawn.
    """
    picture = np.array(frame.image, order="C")
    scale = max(0.4, min(frame.width, frame.height) / 640)
    layer = make_layer(frame, outcome)
    if layer is not None:
        lay(picture, layer, colour_table(outcome, threshold, hidden))
    if isinstance(outcome, Detections):
        _draw_boxes(picture, shown(outcome, threshold, hidden), scale)
    elif isinstance(outcome, Classification | Labels | Match):
        for line, text in enumerate(in_lines(outcome, threshold)):
            _write(picture, text, (0, round(line * 26 * scale)), _HEADLINE, scale)
    return picture


def shown(found: Detections, threshold: float, hidden: Collection[int] = ()) -> Detections:
    """Those that are sure enough and whose class is not hidden."""
    keep = found.scores >= threshold
    if hidden:
        keep &= ~np.isin(found.class_ids, list(hidden))
    return found if keep.all() else found.only(keep)


def in_lines(outcome: Classification | Labels | Match, threshold: float) -> list[str]:
    """An answer about the whole picture in words, a line for each label."""
    if isinstance(outcome, Match):
        text = f"{outcome.label}, distance {outcome.distance:.2f}"
        return [text if outcome.known else f"not known (nearest: {text})"]
    if isinstance(outcome, Labels):
        return [f"{name} {percent(score, 0)}" for name, score in outcome.above(threshold)] or [
            "no label is sure enough"
        ]
    text = f"{outcome.label} {percent(outcome.score, 0)}"
    return [text if outcome.score >= threshold else f"not sure ({text})"]


def _draw_boxes(picture: np.ndarray, found: Detections, scale: float) -> None:
    from engine.opencv import cv2

    thick = max(1, round(2 * scale))
    for i in range(len(found)):
        hue = colour_of(found, int(found.class_ids[i]))[::-1]
        x1, y1, x2, y2 = (round(float(value)) for value in found.boxes[i])
        cv2.rectangle(picture, (x1, y1), (x2, y2), hue, thick)
        if found.keypoints is not None:
            _draw_points(picture, found.keypoints[i], found.bones, hue, thick)
        track = "" if found.track_ids is None else f" #{int(found.track_ids[i])}"
        _write(picture, f"{found.label(i)}{track} {percent(float(found.scores[i]), 0)}", (x1, y1), hue, scale)


def _draw_points(
    picture: np.ndarray, points: np.ndarray, bones: tuple[tuple[int, int], ...], hue: tuple[int, ...], thick: int
) -> None:
    from engine.opencv import cv2

    places = [(round(float(x)), round(float(y))) for x, y, _ in points]
    sure = points[:, 2] >= _POINT_SURE
    for a, b in bones:
        if sure[a] and sure[b]:
            cv2.line(picture, places[a], places[b], hue, thick, cv2.LINE_AA)
    for place, there in zip(places, sure, strict=True):
        if there:
            cv2.circle(picture, place, thick + 1, _LIGHT, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(picture, place, thick + 1, _DARK, 1, cv2.LINE_AA)


def _write(picture: np.ndarray, text: str, corner: tuple[int, int], hue: tuple[int, ...], scale: float) -> None:
    """Write on a filled strip above `corner`, or below where the picture ends. OpenCV's font knows ASCII only."""
    from engine.opencv import cv2

    text = text.encode("ascii", "replace").decode()
    font, size, thick = cv2.FONT_HERSHEY_SIMPLEX, 0.5 * scale, max(1, round(scale))
    (width, height), drop = cv2.getTextSize(text, font, size, thick)
    strip = height + drop + 4
    x = max(0, min(corner[0], picture.shape[1] - width - 4))
    y = corner[1] - strip if corner[1] >= strip else corner[1]
    ink = _DARK if 0.114 * hue[0] + 0.587 * hue[1] + 0.299 * hue[2] > 110 else _LIGHT
    cv2.rectangle(picture, (x, y), (x + width + 4, y + strip), hue, cv2.FILLED)
    cv2.putText(picture, text, (x + 2, y + height + 2), font, size, ink, thick, cv2.LINE_AA)
