"""Full or mixed precision: the forward pass in half the bits where the device is built for it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm


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
    """How one run computes: `autocast()` around the forward pass, then `descend()`.

    float16 has a small range, so its loss is scaled up before the backward pass and the gradients down after it.
    """

    def __init__(self, choice: str, device: torch.device) -> None:
        self.dtype = half_type(device) if choice == "mixed" else None
        self._device = device
        self._scaler = torch.amp.GradScaler(device.type) if self.dtype == torch.float16 else None
        self._nothing: AbstractContextManager[Any] = nullcontext()

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._device.type, self.dtype) if self.dtype else self._nothing

    def descend(
        self, loss: Tensor, optimiser: torch.optim.Optimizer, clip_norm: float | None, norm_wanted: bool
    ) -> Tensor | None:
        """Backward pass, clipping and one optimiser step.

        Returns the L2 norm of all gradients (0-dimensional, before clipping) if wanted or clipped, else None.
        """
        optimiser.zero_grad(set_to_none=True)
        scaler = self._scaler
        (scaler.scale(loss) if scaler else loss).backward()
        norm = None
        if norm_wanted or clip_norm is not None:
            if scaler:
                scaler.unscale_(optimiser)
            parameters = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
            norm = get_total_norm([p.grad for p in parameters])
            if clip_norm is not None:
                clip_grads_with_norm_(parameters, clip_norm, norm)
        if scaler:
            scaler.step(optimiser)
            scaler.update()
        else:
            optimiser.step()
        return norm

    def state(self) -> dict[str, Any]:
        return self._scaler.state_dict() if self._scaler else {}

    def load(self, state: dict[str, Any]) -> None:
        if self._scaler and state:
            self._scaler.load_state_dict(state)
