"""Volumes of numbers in files, read without trusting them, at the network's size. Never imports torch."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.datasets.formats.class_names import in_order
from engine.datasets.formats.files import listing
from engine.datasets.pictures import is_picture, load_picture
from engine.datasets.preprocess import resize
from engine.errors import BadInput

SUFFIXES = frozenset((".npy", ".npz"))
MOST_BYTES = 512 * 2**20
MOST_SLICES = 4096


@dataclass(frozen=True)
class Scaling:
    """How values become bytes.

    Attributes:
        low, high: what becomes black and white; None for the least and the greatest value of each volume, but bytes
            then stay as they are.
    """

    low: float | None = None
    high: float | None = None

    def bytes_of(self, values: np.ndarray, name: str) -> np.ndarray:
        """uint8 of the same shape. Raises `BadInput` where a number is not finite."""
        if values.dtype == np.uint8 and self.low is None and self.high is None:
            return values
        least, greatest = float(values.min()), float(values.max())
        if not np.isfinite(least) or not np.isfinite(greatest):
            raise BadInput(f"{name} holds numbers that are not finite.", "Replace them, or leave the volume out.")
        low = least if self.low is None else self.low
        high = greatest if self.high is None else self.high
        share = (values.astype(np.float32) - low) / ((high - low) or 1.0)
        return np.rint(255 * share.clip(0, 1)).astype(np.uint8)


def is_array(path: Path) -> bool:
    """Whether the name ends like that of a file of numbers."""
    return path.suffix.lower() in SUFFIXES


def read_volume(path: Path, size: int, scaling: Scaling) -> np.ndarray:
    """A volume from a file of numbers or a folder of slices: uint8, (1, size, size, size).

    Raises:
        BadInput: it is no volume, or too large.
    """
    values = _slices(path) if path.is_dir() else _array(path)
    return fitted(scaling.bytes_of(values, path.name), size)[None]


def fitted(volume: np.ndarray, size: int) -> np.ndarray:
    """uint8 (D, H, W) as a cube of this size: averaged where it shrinks, interpolated where it grows."""
    flat = np.stack([resize(np.ascontiguousarray(slice), size, size) for slice in volume])  # (D, size, size)
    upright = [resize(np.ascontiguousarray(flat[:, row]), size, size) for row in range(size)]  # size of (size, size)
    return np.ascontiguousarray(np.stack(upright, axis=1))


def _array(path: Path) -> np.ndarray:
    """The numbers of a file, (D, H, W) of a plain kind."""
    try:
        if not path.is_file():
            raise BadInput(f"{path.name} is not a file.", "Choose a .npy or .npz file, or a folder of slices.")
        if path.stat().st_size > MOST_BYTES:
            raise _large(path, path.stat().st_size)
        values = _from_zip(path) if path.suffix.lower() == ".npz" else _checked(path, np.load(path, "r", False))
    except OSError as error:
        raise BadInput(f"{path.name} could not be read: {error.strerror or error}.", "Save it again.") from None
    except (ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        # An array of Python objects is refused here too, for reading it could run code.
        raise BadInput(
            f"{path.name} holds no plain array of numbers.", "Save it with numpy.save.", details=repr(error)
        ) from None
    return np.asarray(values)


def _from_zip(path: Path) -> np.ndarray:
    """The only array of a .npz, or the one called "volume"."""
    with zipfile.ZipFile(path) as file:
        sizes = {one.filename.removesuffix(".npy"): one.file_size for one in file.infolist()}
    name = "volume" if "volume" in sizes else next(iter(sizes), "")
    if len(sizes) != 1 and name != "volume":
        raise BadInput(f"{path.name} holds {len(sizes)} arrays.", 'Leave one, or call it "volume".')
    if sizes[name] > MOST_BYTES:
        raise _large(path, sizes[name])
    with np.load(path, allow_pickle=False) as file:
        return _checked(path, file[name])


def _checked(path: Path, values: np.ndarray) -> np.ndarray:
    """Three axes of numbers, of which none is empty; axes of length 1 before them are left out."""
    while values.ndim > 3 and values.shape[0] == 1:
        values = values[0]
    shape = "×".join(map(str, values.shape)) or "no"
    if values.ndim != 3 or not values.size:
        raise BadInput(f"{path.name} holds {shape} values, and a volume has three axes.", "Save depth×height×width.")
    if values.dtype.kind not in "buif":
        raise BadInput(f"{path.name} holds {values.dtype}, which are no plain numbers.", "Save whole or real numbers.")
    if values.nbytes > MOST_BYTES or max(values.shape) > MOST_SLICES:
        raise _large(path, values.nbytes)
    return values


def _large(path: Path, size: int) -> BadInput:
    return BadInput(
        f"{path.name} has {size / 2**20:,.0f} MB; {MOST_BYTES // 2**20} MB and {MOST_SLICES:,} slices are the limit.",
        "Make it smaller first.",
    )


def _slices(folder: Path) -> np.ndarray:
    """The pictures of a folder in the order of their names, numbers by their size: uint8, (D, H, W) in grey."""
    names = [name for name in listing(folder)[1] if is_picture(Path(name)) and not name.startswith(".")]
    if not 2 <= len(names) <= MOST_SLICES:
        raise BadInput(
            f"{folder.name} holds {len(names):,} slices; 2 to {MOST_SLICES:,} make a volume.",
            "Put the slices of one volume into a folder of its own.",
        )
    stems = {Path(name).stem: name for name in names}
    order = [stems[stem] for stem in in_order(stems)] if len(stems) == len(names) else names
    whole: np.ndarray | None = None
    for number, name in enumerate(order):
        picture = load_picture(folder / name)
        grey = np.rint(picture @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
        if whole is None:
            if len(order) * grey.size > MOST_BYTES:
                raise _large(folder, len(order) * grey.size)
            whole = np.zeros((len(order), *grey.shape), np.uint8)
        if grey.shape != whole.shape[1:]:
            first, this = ("×".join(map(str, shape)) for shape in (whole.shape[1:], grey.shape))
            raise BadInput(
                f"The slice {name} of {folder.name} has {this} pixels, and the first one {first}.",
                "Give all slices of a volume one size.",
            )
        whole[number] = grey
    assert whole is not None
    return whole
