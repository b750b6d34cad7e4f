"""Painted pixels as run lengths, and run lengths as short text.

Runs go row by row and begin with free pixels, so the first may be 0 and no other is. In text each run but the first
two is written as its difference to the one two before it, since neighbouring rows are alike; the difference is folded
into a natural number (0, -1, 1, -2, ... become 0, 1, 2, 3, ...) and written in groups of five bits, the lowest first,
one letter for each, whose sixth bit says that more follow (variable-length quantities, as in COCO's compact masks).
"""

from __future__ import annotations

import numpy as np

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_MOST_GROUPS = 7  # 35 bits: more than any picture has pixels


def encode(mask: np.ndarray) -> tuple[int, ...]:
    """Run lengths of a mask, bool, (H, W)."""
    flat = np.ascontiguousarray(mask, dtype=bool).reshape(-1)
    if not len(flat):
        return ()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0], changes, [len(flat)]])
    lengths = [int(length) for length in np.diff(ends)]
    return tuple([0, *lengths] if flat[0] else lengths)


def decode(runs: tuple[int, ...], height: int, width: int) -> np.ndarray:
    """The mask, bool, (height, width). Raises `ValueError` when the runs do not fill it exactly."""
    if any(run < 0 for run in runs) or 0 in runs[1:] or sum(runs) != height * width:
        raise ValueError(f"{len(runs)} runs do not fill {width}×{height} pixels")
    painted = np.arange(len(runs)) % 2 == 1
    return np.repeat(painted, runs).reshape(height, width)


def to_text(runs: tuple[int, ...]) -> str:
    """Write runs as text."""
    parts: list[str] = []
    for place, run in enumerate(runs):
        step = run - runs[place - 2] if place >= 2 else run
        value = step * 2 if step >= 0 else -step * 2 - 1
        while value >= 32:
            parts.append(_LETTERS[value & 31 | 32])
            value >>= 5
        parts.append(_LETTERS[value])
    return "".join(parts)


def from_text(text: str, pixels: int) -> tuple[int, ...]:
    """Read runs that fill `pixels` pixels. Raises `ValueError` for anything else."""
    runs: list[int] = []
    left, value, groups = pixels, 0, 0
    for letter in text:
        part = _VALUES.get(letter)
        if part is None or groups >= _MOST_GROUPS:
            raise ValueError("the runs contain something else than numbers")
        value |= (part & 31) << (5 * groups)
        groups += 1
        if part & 32:
            continue
        step = value // 2 if value % 2 == 0 else -(value + 1) // 2
        run = step + runs[-2] if len(runs) >= 2 else step
        left -= run
        if left < 0 or run < (1 if runs else 0):
            raise ValueError("the runs do not fit their rectangle")
        runs.append(run)
        value, groups = 0, 0
    if groups or left:
        raise ValueError("the runs do not fill their rectangle")
    return tuple(runs)
