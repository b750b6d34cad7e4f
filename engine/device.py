"""Which device computes, chosen in one place so that nothing else names one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from engine.errors import BadInput

if TYPE_CHECKING:
    import torch
    from torch import nn

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]


def pick_device(choice: str = "auto") -> torch.device:
    """Return the device for `choice`; "auto" takes CUDA, then MPS, then the CPU. Raises `BadInput` if absent."""
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if choice == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if available[name]))
    if choice not in available:
        raise BadInput(f"There is no device called {choice!r}.", "Choose auto, cpu, cuda or mps.")
    if not available[choice]:
        raise BadInput(f"This machine has no usable {choice} device.", "Choose auto or cpu instead.")
    return torch.device(choice)


def device_name(device: torch.device) -> str:
    """A name a person knows, such as "NVIDIA H200" or "CPU"."""
    import torch

    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return {"mps": "Apple GPU", "cpu": "CPU"}.get(device.type, device.type)


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor on `device`, without waiting for what a GPU still has to compute.

    A plain copy from main memory to CUDA waits until all work handed over before is done, which in every training
    step would leave the GPU idle; from pinned memory it takes its place in the queue.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def channels_last(model: nn.Module) -> nn.Module:
    """The module, with its weights laid out pixel by pixel; as it is where some are of volumes, which cannot be."""
    import torch

    if any(weight.dim() > 4 for weight in model.parameters()):
        return model
    return model.to(memory_format=torch.channels_last)


def synchronise(device: torch.device) -> None:
    """Wait until the device has done all work handed to it; nothing to wait for on the CPU."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def release_memory() -> None:
    """Give memory that PyTorch keeps for later back to the device, so that other programs and smaller jobs find it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


_NO_MEMORY = (
    "out of memory",
    "defaultcpuallocator",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "alloc_failed",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
)


def ran_out(error: BaseException) -> bool:
    """Whether an error says that the memory of a device, or that of the machine, was not enough."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _NO_MEMORY)
