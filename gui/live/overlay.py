"""Painting what was found over the live picture. Everything that takes computing was done in the predicting thread."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from engine.inference.detections import Classification, Detections, Labels, Match, Outcome
from engine.inference.layers import Layer, colour_of, colour_table
from engine.inference.overlay import in_lines, shown
from gui import theme
from gui.theme.contrast import readable_on

_POINT_SURE = 0.5
_POINT_SIDE = 6.0


def hue_of(outcome: Outcome, class_id: int) -> QColor:
    """The colour of a class; recordings and evaluations have the same."""
    red, green, blue = colour_of(outcome, class_id)
    return QColor(f"#{red:02x}{green:02x}{blue:02x}")


def layer_image(layer: Layer, outcome: Outcome, threshold: float, hidden: frozenset[int]) -> QImage:
    """The layer as a picture with opacity, coloured by a table of 256 entries."""
    height, width = layer.pixels.shape[:2]
    stride = layer.pixels.strides[0]
    if layer.kind == "picture":
        return QImage(layer.pixels.data, width, height, stride, QImage.Format.Format_RGB888).copy()
    image = QImage(layer.pixels.data, width, height, stride, QImage.Format.Format_Indexed8)
    red, green, blue, opacity = colour_table(outcome, threshold, hidden).astype(np.uint32).T
    image.setColorTable((opacity << 24 | red << 16 | green << 8 | blue).tolist())
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def paint_layer(painter: QPainter, image: QImage, layer: Layer, area: QRectF, scale: float) -> None:
    """Lay it over the part of the picture that it belongs to.

    Args:
        area: where the whole picture lies in the widget.
        scale: pixels of the widget for each of the frame.
    """
    x1, y1, x2, y2 = (value * scale for value in layer.area)
    painter.drawImage(QRectF(area.x() + x1, area.y() + y1, x2 - x1, y2 - y1), image)


def paint_boxes(painter: QPainter, found: Detections, area: QRectF, scale: float) -> None:
    """Boxes keep one thickness on the screen however small the picture is; key points with the lines between them."""
    painter.setFont(theme.font("small"))
    for i in range(len(found)):
        hue = hue_of(found, int(found.class_ids[i]))
        x1, y1, x2, y2 = (float(value) * scale for value in found.boxes[i])
        box = QRectF(area.x() + x1, area.y() + y1, x2 - x1, y2 - y1).intersected(area)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(hue, 2))
        painter.drawRect(box)
        if found.keypoints is not None:
            _paint_points(painter, found.keypoints[i], found.bones, hue, area, scale)
        track = "" if found.track_ids is None else f" #{int(found.track_ids[i])}"
        tag(painter, f"{found.label(i)}{track} {found.scores[i] * 100:.0f} %", box.topLeft(), area, hue, above=True)


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
        lines = [line.replace("%", " %") for line in in_lines(result, threshold)]
    corner = area.topLeft() + QPointF(8, 8)
    for line in lines[:8]:
        height = tag(painter, line[:1].upper() + line[1:], corner, area, QColor(t.accent if sure else t.text_muted))
        corner += QPointF(0, height + 4)


def in_words(outcome: Outcome | None, threshold: float, hidden: frozenset[int]) -> str:
    """What a screen reader says of the picture."""
    if outcome is None:
        return "No model looks at it"
    if isinstance(outcome, Detections):
        return f"{len(shown(outcome, threshold, hidden))} found"
    if isinstance(outcome, Classification):
        return f"{outcome.label}, {outcome.score:.0%}"
    if isinstance(outcome, Labels | Match):
        return ", ".join(in_lines(outcome, threshold))
    plain = outcome.plain()
    if "classes" in plain:
        most = list(plain["classes"].items())[:3]
        return ", ".join(f"{name} {share:.0%}" for name, share in most)
    return "A picture made by the model lies over it"


def tag(painter: QPainter, text: str, corner: QPointF, area: QRectF, ground: QColor, above: bool = False) -> float:
    """Write on a filled ground, kept inside `area`; returns its height."""
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 12, metrics.height() + 4
    x = max(area.left(), min(corner.x(), area.right() - width))
    y = corner.y() - height if above and corner.y() - height >= area.top() else corner.y()
    place = QRectF(x, min(y, area.bottom() - height), width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(place, 3, 3)
    painter.setPen(readable_on(ground))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
    return float(height)
