"""Weights by name: files of tensors read without running anything, and what of them fits a drawing."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import BadInput
from engine.gallery import GALLERY
from engine.gallery.base import GalleryEntry
from engine.graph.compile import compile_network
from engine.graph.shapes import written
from engine.graph.spec import NetworkSpec, Shape

MAX_BYTES = 32 * 1024**3
MAX_TENSORS = 200_000
MAX_NAME = 1000
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
_PREFIXES = ("module.", "model.", "backbone.", "_orig_mod.", "net.", "network.", "encoder.")
_NESTED = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "ema", "teacher")
# Counters that only training reads; older files have none.
_COUNTER = ".num_batches_tracked"
_SHOWN = 12


@dataclass(frozen=True)
class Mismatch:
    """A weight whose name fits and whose size does not."""

    name: str
    theirs: str
    shape: Shape
    their_shape: Shape


@dataclass(frozen=True)
class WeightReport:
    """What of a file's weights fits a drawing.

    Attributes:
        matched: our names to the file's.
        missing: our weights that the file does not have; they keep their start values.
        unexpected: the file's weights that the drawing has no place for.
        mismatched: same name, another size; they keep their start values too.
        how: how the names were compared, in words.
        tensors: the matched tensors under our names.
    """

    matched: Mapping[str, str]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[Mismatch, ...] = ()
    how: str = ""
    tensors: Mapping[str, Tensor] = field(default_factory=dict, repr=False, compare=False)

    @property
    def complete(self) -> bool:
        """Whether every weight of the drawing is in the file, in its size."""
        return not self.missing and not self.mismatched

    def lines(self) -> list[str]:
        """The report for people."""
        found = [f"{len(self.matched):,} weights matched by name{f' ({self.how})' if self.how else ''}."]
        found += [
            f"another size: {one.name} has {written(one.shape)} here, {written(one.their_shape)} in the file"
            for one in self.mismatched[:_SHOWN]
        ]
        found += _listed("another size", len(self.mismatched))
        found += [f"missing in the file: {name}" for name in self.missing[:_SHOWN]]
        found += _listed("missing in the file", len(self.missing))
        found += [f"no place for: {name}" for name in self.unexpected[:_SHOWN]]
        found += _listed("no place for", len(self.unexpected))
        return found


def _listed(what: str, count: int) -> list[str]:
    return [f"{what}: {count - _SHOWN:,} more"] if count > _SHOWN else []


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a file of named tensors (safetensors, or PyTorch's own with `weights_only`). Nothing in it is ever run.

    Raises `BadInput` for a file that is no such file, that wants to run code, or that is too large or inconsistent.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"There is no weights file {path}.", "Check the name, or choose another file.")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadInput(
            f"{path.name} has {size / 1024**3:,.1f} GB, more than the {MAX_BYTES // 1024**3} GB that are read.",
            "Choose a smaller file.",
        )
    found = _safetensors(path) if path.suffix == ".safetensors" else _torch_file(path, size)
    _check(found, size, path.name)
    return found


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise BadInput(
            f"{path.name} is no intact safetensors file: {error}.", "Download or save it again.", details=repr(error)
        ) from None


def _torch_file(path: Path, size: int) -> dict[str, Tensor]:
    _check_archive(path, size)
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadInput(
            f"{path.name} holds more than tensors, and reading that would run code from the file.",
            "Save only the state dict, torch.save(model.state_dict(), file), or use safetensors.",
            details=str(error),
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes PyTorch say
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BadInput(
            f"{path.name} is no intact file of PyTorch weights: {first}.",
            "Download or save it again.",
            details=repr(error),
        ) from None
    found = _named(held)
    if not found:
        raise BadInput(f"{path.name} holds no named tensors.", "Save model.state_dict() into it.")
    return found


def _check_archive(path: Path, size: int) -> None:
    """A file that would unpack to more than it holds is no file of ours to read."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadInput(f"{path.name} is no intact file of PyTorch weights: {error}.", "Download it again.") from None
    if unpacked > 2 * size + 2**20:
        raise BadInput(
            f"{path.name} has {size:,} bytes and would unpack to {unpacked:,}.", "Choose a file that was not tampered."
        )


def _named(held: Any, depth: int = 0) -> dict[str, Tensor]:
    """The tensors of a state dict, or of the one inside a checkpoint."""
    if not isinstance(held, Mapping):
        return {}
    flat = {str(key): value for key, value in held.items() if isinstance(value, Tensor)}
    inner = [_named(held[key], depth + 1) for key in _NESTED if depth < 3 and isinstance(held.get(key), Mapping)]
    return max([flat, *inner], key=len)


def _check(found: Mapping[str, Tensor], size: int, name: str) -> None:
    if len(found) > MAX_TENSORS or any(len(key) > MAX_NAME for key in found):
        raise BadInput(f"{name} has {len(found):,} tensors or names that are too long.", "Choose another file.")
    for key, value in found.items():
        if value.is_sparse or value.is_quantized or value.numel() * value.element_size() > size:
            raise BadInput(
                f"{name} says that {key} has {written(value.shape)} values, more than it holds.",
                "Choose a file of ordinary, dense tensors.",
            )


def match(spec: NetworkSpec, weights: Mapping[str, Tensor], entry: GalleryEntry | None = None) -> WeightReport:
    """Compare a file's weights with those of a drawing.

    Names are tried as they are, without a usual prefix ("module.", "model.", ...), by the `rename` of the gallery's
    entry (of all entries where none is given), and by what they have in common ("layer1.0.conv1" is
    layer1.block0.conv1); the way that fits most wins.
    """
    with torch.device("meta"):
        ours = {key: tuple(value.shape) for key, value in compile_network(spec).state_dict().items()}
    best: WeightReport | None = None
    for how, pairs in _ways(ours, weights, entry):
        report = _compared(ours, weights, pairs, how)
        better = best is None or (len(report.matched), len(report.mismatched)) > (
            len(best.matched),
            len(best.mismatched),
        )
        if better:
            best = report
    assert best is not None
    return best


Pairs = Mapping[str, str]
"""Our names to the file's."""


def _ways(
    ours: Mapping[str, Shape], weights: Mapping[str, Tensor], entry: GalleryEntry | None
) -> Iterable[tuple[str, Pairs]]:
    names = list(weights)
    prefix = _prefix(names)
    bare = {key.removeprefix(prefix): key for key in names}
    yield "", {key: key for key in names if key in ours}
    if prefix:
        yield f"without {prefix}", bare
    entries = [one for _, one in GALLERY.items()] if entry is None else [entry]
    for rename in dict.fromkeys(one.rename for one in entries if one.rename is not None):
        for how, some in (("", {key: key for key in names}), (f", without {prefix}", bare)):
            renamed = {_renamed(rename, short): key for short, key in some.items()}
            yield f"torchvision's names{how}", {new: key for new, key in renamed.items() if new}
    yield "by their last parts", _by_parts(ours, weights)


def _renamed(rename: Callable[[str], str | None], key: str) -> str:
    try:
        return rename(key) or ""
    except (KeyError, IndexError, ValueError, AttributeError):
        return ""  # a name that torchvision's network does not have


def _prefix(names: list[str]) -> str:
    """The usual prefix that most names have, several in a row included."""
    found = ""
    while True:
        rest = [name.removeprefix(found) for name in names if name.startswith(found)]
        more = next((p for p in _PREFIXES if sum(name.startswith(p) for name in rest) > len(names) / 2), None)
        if more is None:
            return found
        found += more


def _by_parts(ours: Mapping[str, Shape], weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Names that end in the same parts, if that leaves no choice, and only those of the same size."""
    theirs = {key: _parts(key) for key in weights}
    endings = Counter(parts[start:] for parts in theirs.values() for start in range(len(parts)))
    by_ending = {parts[start:]: key for key, parts in theirs.items() for start in range(len(parts))}
    own = Counter(_parts(name) for name in ours)
    pairs = {}
    for name, shape in ours.items():
        parts = _parts(name)
        whole = next((key for key, full in theirs.items() if full == parts), None) if own[parts] == 1 else None
        found = whole or (by_ending.get(parts) if endings[parts] == 1 and own[parts] == 1 else None)
        if found and tuple(weights[found].shape) == shape:
            pairs[name] = found
    return pairs


def _parts(name: str) -> tuple[str, ...]:
    """ "layer1.block0.conv2d_0.weight" and "layer1.0.0.weight" as the same parts."""
    plain = re.sub(r"(^|[._])(block|[a-z]+\dd_|[a-z]+_)(?=\d+([._]|$))", r"\1", name)
    return tuple(part for part in re.split(r"[._]", plain) if part)


def _compared(ours: Mapping[str, Shape], weights: Mapping[str, Tensor], pairs: Pairs, how: str) -> WeightReport:
    matched, mismatched, tensors = {}, [], {}
    for name, shape in ours.items():
        theirs = pairs.get(name)
        if theirs is None:
            continue
        value = weights[theirs]
        if tuple(value.shape) == shape:
            matched[name], tensors[name] = theirs, value
        else:
            mismatched.append(Mismatch(name, theirs, shape, tuple(value.shape)))
    used = {*matched.values(), *(one.theirs for one in mismatched)}
    settled = matched.keys() | {one.name for one in mismatched}
    return WeightReport(
        matched,
        tuple(name for name in ours if name not in settled and not name.endswith(_COUNTER)),
        tuple(key for key in weights if key not in used and not key.endswith(_COUNTER)),
        tuple(mismatched),
        how,
        tensors,
    )


def load(net: nn.Module, report: WeightReport) -> int:
    """Copy what matched into a compiled network; returns how many tensors. The rest of the network stays as it is."""
    if not report.tensors:
        raise BadInput(
            "None of the file's weights has a name and size of this network.",
            "Choose the weights of this network, or compare the names in the report.",
        )
    net.load_state_dict(dict(report.tensors), strict=False)
    return len(report.tensors)
