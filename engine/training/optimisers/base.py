"""What an optimiser is: a frozen declaration of its settings, and how to make the `torch.optim` object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.registry import Registry

if TYPE_CHECKING:
    import torch

OPTIMISERS: Registry[type[Optimiser]] = Registry("optimiser", "engine.training.optimisers")

# Parameters with fewer axes than this are biases and the scales of normalisations.
WEIGHT_AXES = 2


class Optimiser(Settings):
    """Base of all optimisers. The docstring is the text that a learner reads.

    Class variables:
        label: the name in lists.
        fused: whether PyTorch has it as one fused kernel, which is the fastest on every device.
    """

    label: ClassVar[str]
    fused: ClassVar[bool] = True

    learning_rate: float = Field(1e-3, gt=0, le=100, description="Size of the steps; the schedule scales it.")

    def make(self, groups: list[dict[str, Any]], **more: Any) -> torch.optim.Optimizer:
        """Return the optimiser over parameter groups as `torch.optim` takes them."""
        raise NotImplementedError


def parse_optimiser(choice: Choice) -> Optimiser:
    """Return the declaration with the chosen options, or raise `BadInput` naming the wrong one."""
    return parse_choice(OPTIMISERS, choice)


def make_optimiser(
    choice: Choice, parameters: Iterable[tuple[str, torch.nn.Parameter]], weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return the chosen optimiser for a module's `named_parameters()`.

    Weight decay pulls weights towards zero but leaves biases and the scales and shifts of normalisations alone,
    as is usual: shrinking them does not simplify the function. Frozen parameters are left out.
    """
    declared = parse_optimiser(choice)
    trainable = [parameter for _, parameter in parameters if parameter.requires_grad]
    if weight_decay == 0:
        # One group is one kernel less in every step.
        groups = [{"params": trainable, "weight_decay": 0.0}]
    else:
        groups = [
            {"params": [p for p in trainable if p.ndim >= WEIGHT_AXES], "weight_decay": weight_decay},
            {"params": [p for p in trainable if p.ndim < WEIGHT_AXES], "weight_decay": 0.0},
        ]
    return declared.make([group for group in groups if group["params"]], **_speed(declared, trainable))


def _speed(declared: Optimiser, parameters: list[torch.nn.Parameter]) -> Mapping[str, bool]:
    # One kernel over all weights instead of several per weight: LeNet-5's step on a CPU takes a quarter less.
    return {"fused": True} if declared.fused and all(p.is_floating_point() for p in parameters) else {"foreach": True}
