"""Functions that are a layer under another name are drawn as that layer, and compute the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import BadInput
from engine.importing.modules import import_module

CASES: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "log_softmax": ("LogSoftmax", lambda x: F.log_softmax(x, dim=1)),
    "log_softmax as a method": ("LogSoftmax", lambda x: x.log_softmax(-1)),
    "selu": ("SELU", F.selu),
    "celu": ("CELU", lambda x: F.celu(x, 0.5)),
    "mish": ("Mish", F.mish),
    "softplus": ("Softplus", lambda x: F.softplus(x, 2)),
    "softsign": ("Softsign", F.softsign),
    "logsigmoid": ("LogSigmoid", F.logsigmoid),
    "glu, along the last dimension": ("GLU", F.glu),
    "hardtanh": ("Hardtanh", lambda x: F.hardtanh(x, -0.5, 0.5)),
    "clamp": ("Hardtanh", lambda x: x.clamp(-0.2, 0.3)),
    "clamp to 6": ("ReLU6", lambda x: torch.clamp(4 * x, 0, 6)),
    "clamp from below": ("ReLU", lambda x: x.clamp(min=0)),
    "normalize": ("Normalize", lambda x: F.normalize(x, dim=1)),
    "adaptive_max_pool2d": ("AdaptiveMaxPool2d", lambda x: F.adaptive_max_pool2d(x, 2)),
    "adaptive_max_pool1d": ("AdaptiveMaxPool1d", lambda x: F.adaptive_max_pool1d(x.flatten(2), 3)),
    "pixel_unshuffle": ("PixelUnshuffle", lambda x: F.pixel_unshuffle(x, 2)),
    "dropout1d": ("Dropout1d", lambda x: F.dropout1d(x.flatten(2), 0.3, training=False)),
    "alpha_dropout": ("AlphaDropout", lambda x: F.alpha_dropout(x, 0.3, training=False)),
    "square": ("Multiply", lambda x: x**2 + torch.square(x)),
}


class After(nn.Module):
    """A convolution, and a function of what comes out."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.conv(x))


@pytest.mark.parametrize("name", list(CASES))
def test_a_function_is_drawn_as_its_layer(name: str) -> None:
    type, function = CASES[name]

    found = import_module(After(function), [(3, 8, 8)])  # compares the answers, and raises if they differ

    assert found.how == "torch.fx"
    assert type in [node.type for node in found.spec.nodes]


@pytest.mark.parametrize("function", [lambda x: x.clamp(min=1), lambda x: x**3], ids=["one limit", "cube"])
def test_a_function_without_a_layer_is_named(function: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(BadInput, match=r"no layer here stands for: .*(clamp|power of 3)"):
        import_module(After(function), [(3, 8, 8)])


def test_a_module_for_other_inputs_is_told_apart_from_one_that_cannot_be_drawn() -> None:
    with pytest.raises(BadInput, match=r"After itself does not run on an input of 5×8×8: .*5 channels") as caught:
        import_module(After(F.relu), [(5, 8, 8)])

    assert "sizes that it is made for" in str(caught.value)
