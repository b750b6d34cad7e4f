"""One step downhill: gradients of all pieces of a batch, shared between processes, penalised, clipped, and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from engine.training.optimisers.base import WEIGHT_AXES

if TYPE_CHECKING:
    from engine.training.group import Group
    from engine.training.precision import Precision


class Descent:
    """Gathers gradients and takes the optimiser's step.

    Args:
        clip_norm: the L2 norm that all gradients together are scaled down to; None for never.
        l1: weight of the L1 penalty. Its gradient, `λ·sign(w)`, is added to that of the loss, so that the loss that is
            reported stays comparable. Together with weight decay it is the elastic net (Zou and Hastie, 2005).
        group: the processes that train together; None for one alone.
    """

    def __init__(
        self,
        optimiser: torch.optim.Optimizer,
        precision: Precision,
        clip_norm: float | None = None,
        l1: float = 0.0,
        group: Group | None = None,
    ) -> None:
        self.optimiser = optimiser
        self.precision = precision
        self.clip_norm = clip_norm
        self.l1 = l1
        self.group = group
        self.exchanged = False  # whether the gradients are those of the whole group already

    def begin(self) -> None:
        """Forget the gradients of the step before."""
        self.optimiser.zero_grad(set_to_none=True)
        self.exchanged = False

    def add(self, loss: Tensor, share: float = 1.0) -> None:
        """Backward pass of one piece that counts as `share` of the step."""
        self.precision.scaled(loss if share == 1.0 else loss * share).backward()

    def finish(self, norm_wanted: bool) -> Tensor | None:
        """Apply what has been gathered.

        Returns the L2 norm of all gradients (0-dimensional, before clipping) if wanted or clipped, else None.
        """
        if self.group is not None:
            self.group.add_gradients(self._weights())
            self.exchanged = True
        norm = None
        if norm_wanted or self.clip_norm is not None or self.l1:
            self.precision.unscale(self.optimiser)
            weights = [weight for weight in self._weights() if weight.grad is not None]
            if self.l1:
                self._penalise(weights)
            if norm_wanted or self.clip_norm is not None:
                norm = get_total_norm([weight.grad for weight in weights if weight.grad is not None])
            if self.clip_norm is not None and norm is not None:
                clip_grads_with_norm_(weights, self.clip_norm, norm)
        self.precision.step(self.optimiser)
        return norm

    def _weights(self) -> list[Tensor]:
        return [weight for group in self.optimiser.param_groups for weight in group["params"]]

    @torch.no_grad()
    def _penalise(self, weights: list[Tensor]) -> None:
        """Pull weights, but neither biases nor the scales of normalisations, towards zero by a constant amount."""
        pulled = [weight for weight in weights if weight.ndim >= WEIGHT_AXES]
        if pulled:
            grads = [weight.grad for weight in pulled if weight.grad is not None]
            torch._foreach_add_(grads, torch._foreach_sign(pulled), alpha=self.l1)
