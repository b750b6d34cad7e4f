"""Masks as run lengths, in the two spellings of the COCO format.

The runs go down the columns, alternately of 0 and 1 and beginning with 0. The compressed spelling writes each run (from
the fourth on its difference from the run two before) in groups of 5 bits, lowest first, bit 6 saying that more follow,
as characters from "0" on. After the mask API of T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_GROUPS = 7  # groups of 5 bits that a run may have; 2**34 pixels are beyond any picture


def runs_of(mask: np.ndarray) -> np.ndarray:
    """The run lengths of a mask, (H, W), as int64, (R,)."""
    flat = np.asarray(mask, bool).T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]]).astype(np.int64)
    runs = np.diff(edges)
    return np.concatenate([[0], runs]).astype(np.int64) if flat.size and flat[0] else runs


def mask_of(runs: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mask, bool, (H, W), of run lengths that add up to its pixels."""
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def compress(runs: np.ndarray) -> str:
    """The compressed spelling of run lengths."""
    differences = np.asarray(runs, np.int64).copy()
    differences[3:] -= np.asarray(runs, np.int64)[1:-2]
    signs: list[str] = []
    for value in differences.tolist():
        more = True
        while more:
            group = value & 0x1F
            value >>= 5
            more = value != -1 if group & 0x10 else value != 0
            signs.append(chr((group | 0x20 if more else group) + 48))
    return "".join(signs)


def decompress(text: str) -> np.ndarray:
    """The run lengths, int64, (R,), of the compressed spelling. Raises `ValueError` with a sentence's end."""
    try:
        signs = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        raise ValueError("holds a character that run lengths never have") from None
    if not len(signs):
        raise ValueError("holds no run lengths")
    if signs.min() < 0 or signs.max() > 63:
        raise ValueError("holds a character that run lengths never have")
    last = (signs & 0x20) == 0
    if not last[-1]:
        raise ValueError("is cut off in its run lengths")
    ends = np.flatnonzero(last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() >= _GROUPS:
        raise ValueError("holds a run that is too long")
    place = np.arange(len(signs)) - np.repeat(starts, ends - starts + 1)
    values = np.add.reduceat((signs & 0x1F) << (5 * place), starts)
    negative = (signs[ends] & 0x10) != 0
    values[negative] -= np.int64(1) << (5 * (ends - starts + 1)[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def checked_runs(runs: np.ndarray | Sequence[int], height: int, width: int) -> np.ndarray:
    """The runs as int64 if they fit a picture exactly, else `ValueError` with a sentence's end."""
    counts = np.asarray(runs, np.int64)
    if not len(counts) or counts.min() < 0 or counts.max() > height * width:
        raise ValueError("holds a run length that cannot be")
    if int(counts.sum()) != height * width:
        raise ValueError(f"covers {int(counts.sum()):,} of the picture's {height * width:,} pixels")
    return counts


def extent(mask: np.ndarray) -> tuple[float, float, float, float] | None:
    """The box around what is set in a mask, (H, W), or None where nothing is."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
