"""Full or mixed precision: the forward pass in half the bits where the device is built for it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor


def half_type(device: torch.device) -> torch.dtype | None:
    """The 16-bit type that this device computes fast and safely in, or None."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "mps":
        return torch.bfloat16 if torch.backends.mps.is_macos_or_newer(14, 0) else None
    # Other processors emulate it, slower than full precision.
    fast = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return torch.bfloat16 if any(check is not None and check() for check in fast) else None


class Precision:
    """How one run computes: `autocast()` around the forward pass, `scaled` before the backward pass, then `step`.

    float16 has a small range, so its loss is scaled up before the backward pass and the gradients down after it.
    """

    def __init__(self, choice: str, device: torch.device) -> None:
        self.dtype = half_type(device) if choice == "mixed" else None
        self._device = device
        self._scaler = torch.amp.GradScaler(device.type) if self.dtype == torch.float16 else None
        self._nothing: AbstractContextManager[Any] = nullcontext()

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._device.type, self.dtype) if self.dtype else self._nothing

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss as the backward pass wants it."""
        return self._scaler.scale(loss) if self._scaler else loss

    def unscale(self, optimiser: torch.optim.Optimizer) -> None:
        """Bring the gradients back to their own size before anything looks at them."""
        if self._scaler:
            self._scaler.unscale_(optimiser)

    def step(self, optimiser: torch.optim.Optimizer) -> None:
        """The optimiser's step; one whose gradients overflowed is left out."""
        if self._scaler:
            self._scaler.step(optimiser)
            self._scaler.update()
        else:
            optimiser.step()

    def state(self) -> dict[str, Any]:
        return self._scaler.state_dict() if self._scaler else {}

    def load(self, state: dict[str, Any]) -> None:
        if self._scaler and state:
            self._scaler.load_state_dict(state)
