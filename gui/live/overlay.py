"""Painting what was found over the live picture. Everything that takes computing was done in the predicting thread."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from engine.inference.detections import Classification, Detections, Labels, Match, Outcome
from engine.inference.layers import class_colour, first_colour
from engine.inference.overlay import in_lines
from engine.words import percent
from gui import theme
from gui.theme.contrast import readable_on
from gui.widgets.tags import Tags

_POINT_SURE = 0.5
_POINT_SIDE = 6.0
_THICK = 2


def hue_of(outcome: Outcome, class_id: int) -> QColor:
    """The colour of a class; recordings and evaluations have the same."""
    return _hue(first_colour(outcome), class_id)


@lru_cache(maxsize=512)
def _hue(first: int, class_id: int) -> QColor:
    red, green, blue = class_colour(first, class_id)
    return QColor(f"#{red:02x}{green:02x}{blue:02x}")


def paint_boxes(painter: QPainter, found: Detections, area: QRectF, scale: float) -> None:
    """Boxes keep one thickness on the screen however small the picture is; key points with the lines between them."""
    painter.setFont(theme.font("small"))
    tags = Tags(painter, area)
    edges = np.array([area.left(), area.top(), area.right(), area.bottom()])
    corners = found.boxes * scale + edges[[0, 1, 0, 1]]
    sides = np.rint(np.clip(corners, edges[[0, 1, 0, 1]], edges[[2, 3, 2, 3]])).astype(int).tolist()
    names = zip(found.class_ids.tolist(), found.scores.tolist(), strict=True)
    for i, ((x1, y1, x2, y2), (number, score)) in enumerate(zip(sides, names, strict=True)):
        hue = hue_of(found, number)
        # Four filled strips take half as long as an outline drawn with a pen.
        painter.fillRect(x1, y1, x2 - x1, _THICK, hue)
        painter.fillRect(x1, y2 - _THICK, x2 - x1, _THICK, hue)
        painter.fillRect(x1, y1, _THICK, y2 - y1, hue)
        painter.fillRect(x2 - _THICK, y1, _THICK, y2 - y1, hue)
        if found.keypoints is not None:
            _paint_points(painter, found.keypoints[i], found.bones, hue, area, scale)
        track = () if found.track_ids is None else (f"#{int(found.track_ids[i])}",)
        tags.write((found.classes[number], *track, f"{score * 100:.0f} %"), x1, y1, hue)


def _paint_points(
    painter: QPainter,
    points: np.ndarray,
    bones: tuple[tuple[int, int], ...],
    hue: QColor,
    area: QRectF,
    scale: float,
) -> None:
    places = [QPointF(area.x() + float(x) * scale, area.y() + float(y) * scale) for x, y, _ in points]
    sure = [float(point[2]) >= _POINT_SURE for point in points]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(hue, 3))
    for a, b in bones:
        if sure[a] and sure[b]:
            painter.drawLine(places[a], places[b])
    painter.setPen(QPen(readable_on(hue), 1))
    painter.setBrush(hue)
    for place, there in zip(places, sure, strict=True):
        if there:
            painter.drawEllipse(place, _POINT_SIDE / 2, _POINT_SIDE / 2)
    painter.restore()


def paint_answer(painter: QPainter, result: Classification | Labels | Match, area: QRectF, threshold: float) -> None:
    """An answer about the whole picture, in its corner; muted while it is not sure."""
    painter.setFont(theme.font("heading"))
    t = theme.tokens()
    if isinstance(result, Classification):
        sure = result.score >= threshold
        lines = [f"{'' if sure else 'Not sure: '}{result.label}  {result.score * 100:.1f} %"]
    else:
        sure = result.known if isinstance(result, Match) else bool(result.above(threshold))
        lines = in_lines(result, threshold)
    tags, ground = Tags(painter, area), QColor(t.accent if sure else t.text_muted)
    x, y = round(area.left()) + 8, round(area.top()) + 8
    for line in lines[:8]:
        y = tags.write((line[:1].upper() + line[1:],), x, y, ground, above=False).bottom() + 5


def in_words(outcome: Outcome | None, found: Detections | None, threshold: float) -> str:
    """What a screen reader says of the picture.

    Args:
        found: those of the outcome's boxes that are shown.
    """
    if outcome is None:
        return "No model looks at it"
    if found is not None:
        return f"{len(found)} found"
    if isinstance(outcome, Classification):
        return f"{outcome.label}, {percent(outcome.score, 0)}"
    if isinstance(outcome, Labels | Match):
        return ", ".join(in_lines(outcome, threshold))
    plain = outcome.plain()
    if "classes" in plain:
        most = list(plain["classes"].items())[:3]
        return ", ".join(f"{name} {percent(share, 0)}" for name, share in most)
    return "A picture made by the model lies over it"
