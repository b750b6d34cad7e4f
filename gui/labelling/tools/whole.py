"""Saying what the whole picture shows: numbers and the list of classes mean the picture while this is taken."""

from __future__ import annotations

from PySide6.QtCore import Qt

from gui.labelling.tools.base import Tool


class WholeTool(Tool):
    id = "whole"
    title = "Whole picture"
    icon = "tag"
    key = "C"
    help = "Say which class the whole picture belongs to"
    hint = "Press 1 to 9, or click a class at the right, for the class of the whole picture. N goes on to the next."
    cursor = Qt.CursorShape.ArrowCursor
