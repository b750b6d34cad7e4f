"""A query and the examples that it was compared with, in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SIDE = 72
"""Least height of a picture in the montage, in pixels; small ones are enlarged by whole factors."""
FRAME, GAP = 3, 6
PAPER, PLAIN = (255, 255, 255), (190, 196, 204)
RIGHT, WRONG = (40, 160, 90), (210, 60, 50)


def montage(query: np.ndarray, examples: Sequence[np.ndarray], chosen: int, right: int) -> np.ndarray:
    """The query, a gap, and the examples in a row: uint8, (H, W, 3).

    The right one has a green frame; the chosen one, where that is another, a red one.

    Args:
        query, examples: uint8, (H, W) or (H, W, 3), all of one size.
    """
    colours = [RIGHT if j == right else WRONG if j == chosen else PLAIN for j in range(len(examples))]
    tiles = [_framed(query, PLAIN), *(_framed(one, colour) for one, colour in zip(examples, colours, strict=True))]
    height, width = tiles[0].shape[:2]
    whole = np.full((height, len(tiles) * (width + GAP) + GAP, 3), PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        left = number * (width + GAP) + (2 * GAP if number else 0)
        whole[:, left : left + width] = tile
    return whole


def _framed(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    factor = max(1, -(-SIDE // picture.shape[0]))
    image = np.repeat(picture[:, :, None], 3, axis=2) if picture.ndim == 2 else picture
    image = image.repeat(factor, 0).repeat(factor, 1)
    framed = np.full((image.shape[0] + 2 * FRAME, image.shape[1] + 2 * FRAME, 3), colour, np.uint8)
    framed[FRAME:-FRAME, FRAME:-FRAME] = image
    return framed
