"""The IDX format of MNIST and its relatives: a magic number, the sizes, then the bytes; often gzipped."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from engine.errors import BadInput

_MAX_BYTES = 2 * 2**30


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Return the array of unsigned bytes in an IDX file, gzipped or not.

    Args:
        dimensions: how many the array must have; 3 for pictures (N, H, W), 1 for labels (N,).

    Raises:
        BadInput: the file isn't IDX of unsigned bytes, or holds more or fewer bytes than its header says.
    """
    data = _content(path)
    start = 4 + 4 * dimensions
    if len(data) < start or data[:4] != bytes((0, 0, 8, dimensions)):
        raise BadInput(
            f"{path.name} is not an IDX file with {dimensions} dimension(s) of bytes.",
            f"Copy it again to {path.parent}.",
        )
    sizes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    expected = 1
    for size in sizes:
        expected *= size
    if len(data) - start != expected:
        raise BadInput(
            f"{path.name} should hold {expected:,} bytes after its header and holds {len(data) - start:,}.",
            f"It was not copied whole; copy it again to {path.parent}.",
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(sizes)


def _content(path: Path) -> bytes:
    try:
        if path.suffix != ".gz":
            with path.open("rb") as file:
                return file.read(_MAX_BYTES)
        with gzip.open(path, "rb") as file:
            return file.read(_MAX_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(
            f"{path.name} is damaged or cut off.", f"Copy it again to {path.parent}.", details=repr(error)
        ) from None
    except OSError as error:
        raise BadInput(f"{path} could not be read: {error.strerror or error}.", "Check that you may open it.") from None


def find_idx(places: list[Path], stem: str) -> Path | None:
    """The first of `places` that holds the file `stem`, plain, gzipped, or with a dot for its last dash."""
    dotted = stem.replace("-idx", ".idx")
    for place in places:
        for name in (stem, f"{stem}.gz", dotted, f"{dotted}.gz"):
            if (place / name).is_file():
                return place / name
    return None
