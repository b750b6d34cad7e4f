"""Weights from a file, put under the names of a network."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import BadInput
from engine.gallery import GALLERY
from engine.graph.spec import NetworkSpec
from engine.project.plain import read_bytes
from engine.training.checkpoint import MAX_BYTES

if TYPE_CHECKING:
    from torch import Tensor

# A checkpoint of somebody's training may hold its state dict under one of these.
_WRAPPERS = ("state_dict", "model", "model_state_dict", "weights")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name from a safetensors file or a PyTorch checkpoint. Raises `BadInput`; nothing is unpickled."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = read_bytes(path, MAX_BYTES)
    try:
        if path.suffix == ".safetensors":
            return load(data)
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise _no_weights(path, repr(error)) from None
    except Exception as error:  # noqa: BLE001 - whatever a foreign file makes torch raise is told below
        raise _no_weights(path, repr(error)) from None
    for name in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    tensors: dict[str, Any] = {}
    if isinstance(found, Mapping):
        tensors = {str(name): value for name, value in found.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise _no_weights(path)
    return tensors


def fitted(spec: NetworkSpec, weights: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The weights under the network's names; those of torchvision are renamed for networks of the gallery.

    Raises `BadInput` that names the first one that does not fit.
    """
    import torch

    from engine.graph.compile import compile_network
    from engine.training.checkpoint import load_weights

    with torch.device("meta"):
        empty = compile_network(spec)
    own = set(empty.state_dict())
    found = dict(weights)
    if not own & set(found) or not own <= set(found):
        found = _renamed(spec, found, own)
    load_weights(empty, {name: tensor.to("meta") for name, tensor in found.items()}, path)
    return found


def _renamed(spec: NetworkSpec, weights: dict[str, Tensor], own: set[str]) -> dict[str, Tensor]:
    """Torchvision's names turned into those of the gallery network that has this name."""
    entry = next((entry for _, entry in GALLERY.items() if entry.name == spec.name), None)
    if entry is None or entry.rename is None:
        return weights
    renamed = {new: tensor for name, tensor in weights.items() if (new := entry.rename(name)) is not None}
    return renamed if own <= set(renamed) else weights


def _no_weights(path: Path, details: str = "") -> BadInput:
    return BadInput(
        f"{path} holds no weights that can be read safely.",
        "Choose a .safetensors file, or a .pt file with nothing but a state dict.",
        details=details,
    )
