"""What the weights of convolutions and dense layers are before anything is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor, nn

INITIALISATIONS: Registry[type[Initialisation]] = Registry("initialisation", "engine.training.initialisations")


class Initialisation(Settings):
    """Base of all initialisations. The docstring is the text that a learner reads."""

    label: ClassVar[str]

    def fill(self, weight: Tensor) -> None:
        """Overwrite a weight of two or more axes in place: (out, in, ...)."""
        raise NotImplementedError


def initialise(choice: Choice, model: nn.Module) -> None:
    """Give every convolution, dense and recurrent layer the chosen weights, and biases of 0.

    Normalisations keep their scale of 1 and embeddings theirs. Draws from the global generator. Raises `BadInput` for
    an unknown choice or option.
    """
    import torch
    from torch import nn

    chosen = parse_choice(INITIALISATIONS, choice)
    if choice.id == "usual":
        return
    kinds = (nn.Linear, nn.modules.conv._ConvNd, nn.RNNBase)
    with torch.no_grad():
        for module in model.modules():
            if not isinstance(module, kinds):
                continue
            for name, weight in module.named_parameters(recurse=False):
                if "bias" in name:
                    weight.zero_()
                elif weight.ndim >= 2:
                    chosen.fill(weight)
