"""Clips and volumes as one picture: frames side by side, and three cuts through the middle. Never imports torch."""

from __future__ import annotations

import numpy as np

GAP = 2
PAPER = 160
"""Grey between the frames, which neither dark nor bright ones hide."""
MOST = 16
"""Frames of a clip that are drawn, evenly spaced where it has more."""


def is_volume(shape: tuple[int, ...]) -> bool:
    """Whether a sample of this shape is a volume (1, D, H, W); a clip (T, C, H, W) has two frames at least."""
    return len(shape) == 4 and shape[0] == 1


def is_clip(shape: tuple[int, ...]) -> bool:
    """Whether a sample of this shape is a clip (T, C, H, W)."""
    return len(shape) == 4 and shape[0] > 1


def drawn(sample: np.ndarray) -> np.ndarray:
    """A clip, uint8 (T, C, H, W), or a volume, (1, D, H, W), as one picture: uint8, (h, w) in grey or (h, w, 3)."""
    return middle_cuts(sample) if is_volume(sample.shape) else film_strip(sample)


def film_strip(clip: np.ndarray) -> np.ndarray:
    """Frames in their order, in rows as long as high together: uint8, (h, w) in grey or (h, w, 3)."""
    if len(clip) > MOST:
        clip = clip[np.linspace(0, len(clip) - 1, MOST).round().astype(int)]
    columns = len(clip) if len(clip) <= 4 else -(-len(clip) // max(2, round(np.sqrt(len(clip) / 2))))
    pictures = [frame[0] if len(frame) == 1 else frame.transpose(1, 2, 0) for frame in clip]
    return side_by_side(pictures, columns)


def middle_cuts(volume: np.ndarray) -> np.ndarray:
    """The middle from above, beside it from the front, and below from the side: uint8, (h, w).

    Args:
        volume: uint8, (1, D, H, W), of which the first slice is the top.
    """
    (whole,) = volume
    depth, height, width = whole.shape
    return side_by_side([whole[depth // 2], whole[:, height // 2], whole[:, :, width // 2]], 2)


def side_by_side(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Pictures in rows of so many, with a grey gap between them and around."""
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    rows = -(-len(pictures) // columns)
    tall, wide = rows * (height + GAP) + GAP, columns * (width + GAP) + GAP
    sheet = np.full((tall, wide, *pictures[0].shape[2:]), PAPER, np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet
