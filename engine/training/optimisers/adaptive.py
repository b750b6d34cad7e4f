"""The adaptive family: every weight gets a step size of its own from the recent size of its gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from engine.idle import counts_unless
from engine.training.optimisers.base import OPTIMISERS, Optimiser

if TYPE_CHECKING:
    import torch


@OPTIMISERS.register("adam")
class Adam(Optimiser):
    """Adam: momentum divided by the recent size of the gradient, `w ← w − η·m / (√v + ε)`.

    Works well with little tuning. Weight decay is added to the gradient here; AdamW keeps it apart.
    Kingma and Ba, 2015, "Adam: a method for stochastic optimization".
    """

    label: ClassVar[str] = "Adam"

    beta1: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="Memory of the mean gradient.",
        json_schema_extra=counts_unless(cycled=[True]),
    )
    beta2: float = Field(0.999, ge=0, lt=1, description="Memory of the squared gradient.")
    epsilon: float = Field(1e-8, gt=0, le=1, description="Keeps the division away from zero.")

    def make(self, groups: list[dict[str, Any]], **more: Any) -> torch.optim.Optimizer:
        import torch

        betas = (self.beta1, self.beta2)
        return torch.optim.Adam(groups, lr=self.learning_rate, betas=betas, eps=self.epsilon, **more)


@OPTIMISERS.register("adamw")
class AdamW(Adam):
    """AdamW: Adam whose weight decay shrinks the weights directly, `w ← w − η·λ·w`, not through the gradient.

    Loshchilov and Hutter, 2019, "Decoupled weight decay regularization".
    """

    label: ClassVar[str] = "AdamW"

    def make(self, groups: list[dict[str, Any]], **more: Any) -> torch.optim.Optimizer:
        import torch

        betas = (self.beta1, self.beta2)
        return torch.optim.AdamW(groups, lr=self.learning_rate, betas=betas, eps=self.epsilon, **more)


@OPTIMISERS.register("rmsprop")
class RmsProp(Optimiser):
    """RMSprop: the gradient divided by the root of its recent mean square, `w ← w − η·g / (√v + ε)`.

    Tieleman and Hinton, 2012, lecture 6e of "Neural networks for machine learning".
    """

    label: ClassVar[str] = "RMSprop"
    fused: ClassVar[bool] = False

    smoothing: float = Field(0.99, ge=0, lt=1, description="Memory of the squared gradient.")
    epsilon: float = Field(1e-8, gt=0, le=1, description="Keeps the division away from zero.")
    momentum: float = Field(0.0, ge=0, lt=1, description="Share of the last step kept.")
    centred: bool = Field(False, description="Divide by the variance instead of the mean square.")

    def make(self, groups: list[dict[str, Any]], **more: Any) -> torch.optim.Optimizer:
        import torch

        return torch.optim.RMSprop(
            groups,
            lr=self.learning_rate,
            alpha=self.smoothing,
            eps=self.epsilon,
            momentum=self.momentum,
            centered=self.centred,
            **more,
        )


@OPTIMISERS.register("adagrad")
class Adagrad(Optimiser):
    """Adagrad: the gradient divided by the root of the sum of all its squares so far, `w ← w − η·g / (√Σg² + ε)`.

    What has changed much gets ever smaller steps, what is seen rarely keeps large ones; in long trainings all of them
    die away. Duchi, Hazan and Singer, 2011, "Adaptive subgradient methods".
    """

    label: ClassVar[str] = "Adagrad"

    learning_rate: float = Field(0.01, gt=0, le=100, description="Size of the steps; the schedule scales it.")
    initial: float = Field(0.0, ge=0, le=100, description="What the sums of squares start from.")
    epsilon: float = Field(1e-10, gt=0, le=1, description="Keeps the division away from zero.")

    def make(self, groups: list[dict[str, Any]], **more: Any) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Adagrad(
            groups, lr=self.learning_rate, initial_accumulator_value=self.initial, eps=self.epsilon, **more
        )
