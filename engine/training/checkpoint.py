"""Checkpoints: written whole or not at all, checked by SHA-256, and read without unpickling.

`last.pt` holds tensors and plain Python only and is read with `weights_only=True`; `best.safetensors` holds weights.
Beside each lies `<name>.sha256`. Two files cannot be replaced in one act, so the new digest is listed above the
older ones before the file itself is replaced: after a kill at any moment the file matches one of those listed.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import BadInput
from engine.project.atomic import write_atomic
from engine.project.plain import read_bytes

if TYPE_CHECKING:
    from torch import Tensor, nn

FOLDER = "checkpoints"
LAST = "last.pt"
BEST = "best.safetensors"
FORMAT = "vitrine-checkpoint"
VERSION = 1
# Weights and both Adam moments of a network of 2.5 billion parameters.
MAX_BYTES = 32 * 1024**3
_DIGEST_BYTES = 4096
# Every kill between the two writes leaves one digest more above that of the file.
_LISTED = 16


def last_path(run_dir: Path) -> Path:
    return run_dir / FOLDER / LAST


def best_path(run_dir: Path) -> Path:
    return run_dir / FOLDER / BEST


def save_last(run_dir: Path, state: Mapping[str, Any]) -> None:
    """Write the state to go on from. Raises `JobFailed` when the disk is full; the old checkpoint stays."""
    import torch

    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, **state}, buffer)
    _write(last_path(run_dir), buffer.getvalue())


def load_last(run_dir: Path) -> dict[str, Any]:
    """Read the state to go on from, its tensors on the CPU. Raises `BadInput` if it is missing, damaged or foreign."""
    import torch

    path = last_path(run_dir)
    data = _read(path)
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - whatever a foreign file makes torch raise is told below
        raise _foreign(path, repr(error)) from None
    if not isinstance(state, dict) or not isinstance(state.get("format"), str) or state["format"] != FORMAT:
        raise _foreign(path)
    version = state.get("version")
    if not isinstance(version, int) or version != VERSION:
        raise BadInput(
            f"{path} has the checkpoint version {version!r:.40}, and this Vitrine reads version {VERSION}.",
            "Open it with the Vitrine that wrote it.",
        )
    return state


def save_best(run_dir: Path, weights: Mapping[str, Tensor]) -> None:
    """Write the weights of the best epoch."""
    from safetensors.torch import save

    # Two names may share memory (tied weights), which safetensors refuses; and it wants them contiguous.
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
    _write(best_path(run_dir), save(plain))


def load_best(run_dir: Path) -> dict[str, Tensor]:
    """Read the weights of the best epoch. Raises `BadInput` if they are missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = best_path(run_dir)
    try:
        return load(_read(path))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise _foreign(path, repr(error)) from None


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Put weights into a model, every name and shape matching. Raises `BadInput` that names the first that doesn't."""
    own = model.state_dict()
    if not isinstance(weights, Mapping):
        raise _foreign(path)
    for name in [*(name for name in own if name not in weights), *(name for name in weights if name not in own)]:
        side = "lacks" if name in own else "has the unknown"
        raise BadInput(
            f"{path} {side} weight {name!r}, so it does not belong to this network.",
            "Open the network that the run was made with.",
        )
    for name in own:
        tensor = weights[name]
        if getattr(tensor, "shape", None) != own[name].shape:
            theirs = "×".join(map(str, getattr(tensor, "shape", ()))) or "no tensor"
            ours = "×".join(map(str, own[name].shape))
            raise BadInput(
                f"{path} holds {name!r} with the sizes {theirs}, and the network needs {ours}.",
                "Open the network that the run was made with.",
            )
    model.load_state_dict(weights)


def _write(path: Path, data: bytes) -> None:
    listing = path.with_name(f"{path.name}.sha256")
    digests = [hashlib.sha256(data).hexdigest()]
    if path.exists() and listing.exists():
        digests += _digests(listing)[: _LISTED - 1]
    write_atomic(listing, "".join(f"{digest}  {path.name}\n" for digest in digests).encode("ascii"))
    write_atomic(path, data)


def _read(path: Path) -> bytes:
    data = read_bytes(path, MAX_BYTES)
    listing = path.with_name(f"{path.name}.sha256")
    if not listing.exists():
        raise BadInput(
            f"{path} has no {listing.name} beside it, so it may be damaged.",
            "Copy the whole run folder, or train again.",
        )
    if hashlib.sha256(data).hexdigest() not in _digests(listing):
        raise BadInput(
            f"{path} is damaged: its content does not match {listing.name}.",
            "Copy the run folder again from where it is intact, or train again.",
        )
    return data


def _digests(listing: Path) -> list[str]:
    lines = read_bytes(listing, _DIGEST_BYTES).decode("ascii", "replace").splitlines()
    return [line.split()[0] for line in lines if line.split()]


def _foreign(path: Path, details: str = "") -> BadInput:
    return BadInput(f"{path} is not a checkpoint that Vitrine wrote.", "Choose the folder of a run.", details=details)
