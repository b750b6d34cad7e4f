"""The one reader of picture files.

The size is read from the header before anything is decoded, the camera's rotation (EXIF) is applied, transparency is
laid on white, 16-bit greys keep their upper half, and a file that is cut off is refused instead of being padded with
grey. Pillow does the decoding: it tells of truncation, which OpenCV keeps silent about.
"""

from __future__ import annotations

import io
import stat
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.errors import BadInput

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
)

MAX_PIXELS = 89_478_485  # Pillow's own limit: 256 MB in RGB
MAX_BYTES = 512 * 2**20

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Above the limit Pillow warns and goes on; we stop.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N")


def is_picture(path: Path) -> bool:
    """Whether the name ends like that of a picture file."""
    return path.suffix.lower() in SUFFIXES


def load_picture(path: Path, at_least: int | None = None) -> np.ndarray:
    """Return the picture: uint8, (H, W, 3), RGB, upright.

    Args:
        path: any name, in any script.
        at_least: for thumbnails. JPEG files may then be decoded at a half, a quarter or an eighth of their size, as
            long as the short side keeps this many pixels, which is several times faster.

    Raises:
        BadInput: the file isn't there, is no picture, is cut off, or is larger than `MAX_PIXELS`.
    """
    return decode_picture(_read(path), path.name, at_least)


def decode_picture(data: bytes, name: str, at_least: int | None = None) -> np.ndarray:
    """`load_picture` for a file's bytes; `name` is for the messages."""
    if not data:
        raise BadInput(f"{name} is an empty file.", "Copy or export it again, or take it out of the folder.")
    try:
        with Image.open(io.BytesIO(data)) as image:
            if at_least is not None:
                _draft(image, at_least)
            image.load()
            return _upright_rgb(image, name)
    except (MemoryError, BadInput):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadInput(
            f"{name} has more than {MAX_PIXELS // 10**6} million pixels.",
            "Make it smaller with an image editor first.",
            details=str(error),
        ) from None
    except UnidentifiedImageError as error:
        raise _unreadable(name, "is not a picture that can be read", error) from None
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything on a damaged file
        cut_off = "truncated" in str(error).lower() or isinstance(error, EOFError)
        raise _unreadable(name, "is cut off" if cut_off else "is damaged", error) from None


def _read(path: Path) -> bytes:
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise BadInput(f"{path.name} is not a file.", "Choose a picture file.")
        if info.st_size > MAX_BYTES:
            raise BadInput(
                f"{path.name} has {info.st_size / 2**20:,.0f} MB; {MAX_BYTES // 2**20} MB is the limit.",
                "Make it smaller with an image editor first.",
            )
        # Python opens any name; OpenCV on Windows would not.
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path.name} is not there any more.", f"Look for it in {path.parent}.") from None
    except OSError as error:
        raise BadInput(
            f"{path.name} could not be read: {error.strerror or error}.", "Check that you may open it."
        ) from None


def _unreadable(name: str, what: str, error: Exception) -> BadInput:
    return BadInput(f"{name} {what}.", "Copy or export it again, or take it out of the folder.", details=repr(error))


def _draft(image: Image.Image, at_least: int) -> None:
    short = min(image.size)
    if short > at_least > 0:
        width, height = (max(1, side * at_least // short) for side in image.size)
        image.draft("RGB", (width, height))


def _upright_rgb(image: Image.Image, name: str) -> np.ndarray:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in _DEEP_MODES:
        grey = (np.asarray(upright).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if upright.mode == "I":
        values = np.asarray(upright)
        high = 65535 if values.max(initial=0) > 255 else 255
        grey = (np.clip(values, 0, high) * 255 // high).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if upright.mode == "F":
        raise BadInput(
            f"{name} holds floating-point numbers, which have no fixed black and white.",
            "Export it with 8 or 16 bits per channel.",
        )
    if upright.has_transparency_data:
        layers = upright.convert("RGBA")
        white = Image.new("RGBA", layers.size, "white")
        upright = Image.alpha_composite(white, layers)
    return np.array(upright.convert("RGB"))
