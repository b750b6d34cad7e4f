"""Marking a single place."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent

from engine.labelling.spec import Corner, Point
from gui.labelling.tools.base import Tool


class PointTool(Tool):
    id = "point"
    title = "Point"
    icon = "label_point"
    key = "O"
    help = "Mark a single place, such as an eye or a seed"
    hint = "Click a place to mark it."

    def press(self, event: QMouseEvent, pos: Corner) -> bool:
        if event.button() != Qt.MouseButton.LeftButton or not self.canvas.over(pos):
            return False
        self.model.draw("point", Point(*pos))
        return True
