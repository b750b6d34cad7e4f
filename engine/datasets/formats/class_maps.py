"""PNGs whose grey or palette numbers are the classes of pixels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from engine.datasets.annotation import IGNORE
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import read_bytes
from engine.datasets.formats.turned import turned_map
from engine.datasets.pictures import MAX_PIXELS
from engine.errors import BadInput

MAX_BYTES = 256 * 2**20
_NUMBERED = ("L", "P", "1")
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def read_numbers(path: Path) -> np.ndarray:
    """The numbers in a class map: uint8, (H, W), palettes by their index. Raises `BadInput`."""
    data = read_bytes(path, MAX_BYTES)
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadInput(f"{path.name} has too many pixels.", "Make it smaller.")
            if image.mode in _NUMBERED:
                return np.array(image, np.uint8)
            if image.mode in _DEEP:
                deep = np.array(image)
                if deep.min(initial=0) >= 0 and deep.max(initial=0) <= 255:
                    return deep.astype(np.uint8)
                raise BadInput(f"{path.name} has class numbers above 255.", "Write it with 8 bits per pixel.")
            mode = image.mode
            colours = np.array(image.convert("RGB"))
    except BadInput:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything on a damaged file
        raise BadInput(
            f"{path.name} is damaged, or no PNG.", "Write it again, or take it out.", details=repr(error)
        ) from None
    if (colours[..., 0] == colours[..., 1]).all() and (colours[..., 0] == colours[..., 2]).all():
        return np.ascontiguousarray(colours[..., 0])
    raise BadInput(f"{path.name} has colours ({mode}) instead of class numbers.", "Write it in grey or with a palette.")


def load_class_map(
    path: Path, name: str, size: tuple[int, int], most: int, faults: Faults, turn: int = 0
) -> np.ndarray | None:
    """A class map that fits its picture: uint8, (H, W), or None with a fault.

    Args:
        size: width and height of the picture.
        most: the highest number that means something; pixels above it become `IGNORE`.
        turn: the orientation by which marks of this picture must be turned (see `quarter_turn`).
    """
    try:
        numbers = fitted(read_numbers(path), size, turn)
    except BadInput as error:
        faults.refuse(name, error.what)
        return None
    if numbers.shape != (size[1], size[0]):
        told = f"{numbers.shape[1]}×{numbers.shape[0]}"
        faults.refuse(name, f"The map has {told} pixels and its picture {size[0]}×{size[1]}, so it was left out.")
        return None
    return known_only(numbers, name, most, faults)


def fitted(numbers: np.ndarray, size: tuple[int, int], turn: int) -> np.ndarray:
    """A map as it fits a picture of this width and height, turned by the orientation where it lies on its side."""
    return turned_map(numbers, turn) if turn and numbers.shape == size else numbers


def known_only(numbers: np.ndarray, name: str, most: int, faults: Faults) -> np.ndarray:
    """The map with `IGNORE` where a number stands for no class, which is noted."""
    strange = [value for value in np.unique(numbers).tolist() if most < value < IGNORE]
    if not strange:
        return numbers
    told = ", ".join(map(str, strange[:5])) + (" and more" if len(strange) > 5 else "")
    faults.repair(name, f"There is no class for the number {told}; these pixels are ignored.")
    return np.where(numbers > most, IGNORE, numbers).astype(np.uint8)
