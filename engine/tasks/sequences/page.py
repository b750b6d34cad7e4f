"""Some characters of a text as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

COLUMNS, ROWS = 26, 5
CELL, LINE, MARGIN, SIZE = 18, 40, 12, 26
PAPER, INK, MISSED = (255, 255, 255), (60, 66, 76), (200, 50, 47)
BREAK = "/"


@dataclass(frozen=True)
class Letter:
    """A character, and whether it was foreseen; None where nothing was asked."""

    character: str
    foreseen: bool | None = None


def page(letters: Sequence[Letter]) -> np.ndarray:
    """The letters in rows: uint8, (H, W, 3). Those that were not foreseen are red; what does not fit is left out."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (COLUMNS * CELL + 2 * MARGIN, ROWS * LINE + 2 * MARGIN), PAPER)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(SIZE)
    for place, letter in enumerate(letters[: COLUMNS * ROWS]):
        shown = BREAK if letter.character == "\n" else letter.character
        where = (MARGIN + (place % COLUMNS) * CELL + CELL // 2, MARGIN + (place // COLUMNS) * LINE + SIZE)
        if letter.foreseen is False and shown == " ":
            shown = "·"
        pen.text(where, shown, MISSED if letter.foreseen is False else INK, font, anchor="ms")
    return np.asarray(image)
