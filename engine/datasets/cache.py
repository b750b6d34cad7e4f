"""What was read from picture files before, so that a folder is decoded once and not at every start.

Nothing depends on it: an entry that is missing, old or damaged is made again. The key holds every file's name, size and
time of change, so edited pictures are read anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from engine.datasets.base import Fault
from engine.datasets.examine import Examination
from engine.datasets.spec import PreprocessSpec
from engine.paths import data_dir

log = logging.getLogger(__name__)

FORMAT = 1
MAX_BYTES = 4 * 2**30
_OVERHEAD = 4096  # names and headers of one file, generously


def load_examination(fingerprint: str, count: int) -> Examination | None:
    """What was found out about these pictures before, or None."""
    arrays = _load(_place("looked", fingerprint))
    if arrays is None or set(arrays) != {"sizes", "digests", "readable", "faults"}:
        return None
    if arrays["sizes"].shape != (count, 2) or arrays["digests"].shape != (count, 2):
        return None
    faults = tuple(Fault(str(name), str(reason)) for name, reason in json.loads(str(arrays["faults"])))
    return Examination(arrays["sizes"], arrays["digests"], arrays["readable"], faults)


def save_examination(fingerprint: str, examination: Examination) -> None:
    faults = json.dumps([[fault.name, fault.reason] for fault in examination.faults])
    _save(
        _place("looked", fingerprint),
        sizes=examination.sizes,
        digests=examination.digests,
        readable=examination.readable,
        faults=np.array(faults),
    )


def load_images(fingerprint: str, spec: PreprocessSpec, shape: tuple[int, ...]) -> np.ndarray | None:
    """The preprocessed pictures, uint8, of this (N, C, H, W), or None."""
    arrays = _load(_place("pictures", _with(fingerprint, spec)))
    images = None if arrays is None else arrays.get("images")
    return images if images is not None and images.shape == shape and images.dtype == np.uint8 else None


def save_images(fingerprint: str, spec: PreprocessSpec, images: np.ndarray) -> None:
    _save(_place("pictures", _with(fingerprint, spec)), images=images)


def _with(fingerprint: str, spec: PreprocessSpec) -> str:
    # Mean and deviation are applied later and don't change what is kept.
    return f"{fingerprint} {spec.height} {spec.width} {spec.channels} {spec.fit} {spec.invert}"


def _place(kind: str, key: str) -> Path:
    code = hashlib.blake2b(f"{FORMAT} {key}".encode(), digest_size=16).hexdigest()
    return data_dir() / "prepared" / f"{kind}-{code}.npz"


def _load(path: Path) -> dict[str, np.ndarray] | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        os.utime(path)
        return arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("the kept pictures in %s are damaged and will be made again: %r", path, error)
        return None


def _save(path: Path, **arrays: np.ndarray) -> None:
    size = sum(array.nbytes for array in arrays.values()) + _OVERHEAD
    if size > MAX_BYTES // 2:
        return
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_room(path.parent, size)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            temporary = Path(file.name)
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(temporary, path)
    except OSError as error:
        log.warning("pictures could not be kept in %s, they will be read again next time: %s", path, error)
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _make_room(folder: Path, size: int) -> None:
    """Remove what was used longest ago until `size` more bytes fit."""
    entries = sorted(folder.glob("*.npz"), key=lambda entry: entry.stat().st_mtime)
    total = sum(entry.stat().st_size for entry in entries)
    for entry in entries:
        if total + size <= MAX_BYTES:
            return
        total -= entry.stat().st_size
        entry.unlink(missing_ok=True)
