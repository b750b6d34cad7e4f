"""Tracing draws torchvision's and hand-written modules exactly, or names what it cannot draw."""

from __future__ import annotations

import operator

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import BadInput
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.spec import Shape
from engine.importing.trace import trace
from engine.layers.base import LAYERS, layer_of
from tests.helpers.layer_samples import sample_inputs


def check_exact(module: nn.Module, *shapes: Shape, batch: int = 2) -> list[str]:
    """Trace, compile, carry the weights over, compare the outputs; returns the types of the nodes."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.5, 0.5)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    traced = trace(module, *shapes)
    ours = compile_network(traced.spec)
    ours.load_state_dict(traced.load(module.state_dict()), strict=True)
    inputs = [torch.randn(batch, *shape) for shape in shapes]
    with torch.no_grad():
        theirs, mine = module.eval()(*inputs), ours.eval()(*inputs)
    torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)
    assert not analyse(traced.spec).errors
    return [node.type for node in traced.spec.nodes]


def test_building_blocks_become_blocks_under_torchvisions_names() -> None:
    traced = trace(torchvision.models.resnet18(weights=None), (3, 64, 64))
    inside = traced.spec.node("layer2").subgraph
    assert inside is not None
    assert [node.id for node in inside.nodes] == ["input", "block0", "block1", "output"]
    assert traced.names["layer2.0.downsample.0.weight"] == "layer2.block0.downsample.conv2d_0.weight"
    assert analyse(traced.spec).totals.parameters == 11_689_512


def test_a_plain_sequence() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding="valid", bias=False),
        nn.BatchNorm2d(6, eps=1e-3),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(6, 6, (3, 1), padding=(1, 0), dilation=1, groups=3, padding_mode="reflect"),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        nn.GroupNorm(2, 6),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.AdaptiveAvgPool2d((4, 4)),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(96, 12),
        nn.PReLU(init=0.1),
        nn.LayerNorm(12),
        nn.Linear(12, 5, bias=False),
    )
    types = check_exact(net, (3, 17, 19))
    assert types[1:-1] == [type(part).__name__ for part in net]


class Functional(nn.Module):
    """Everything by functions and methods, as many people write it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.fc1 = nn.Linear(4 * 4 * 4, 8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        y = torch.sigmoid(self.conv2(x))
        x = torch.cat([x + y, x * y], dim=1)
        x = operator.add(x, x.relu())
        x = F.avg_pool2d(F.interpolate(x, scale_factor=2.0), kernel_size=2)
        x = x.mean([2, 3], keepdim=True) * x
        x = F.dropout(x, 0.25, self.training)
        x = torch.cat([x], 1)
        x = F.adaptive_avg_pool2d(x, 4).contiguous()
        x = x.view(x.size(0), x.shape[1] * 16)
        x = x.view(-1, 2, 64)
        x = torch.flatten(x, 1)
        return x


def test_functions_and_methods() -> None:
    types = check_exact(Functional(), (1, 16, 16))
    assert {"MaxPool2d", "ReLU", "Sigmoid", "Add", "Multiply", "Concatenate", "Dropout", "Reshape", "Flatten"} <= set(
        types
    )


def test_two_inputs_and_two_outputs() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(3, 4), nn.Linear(5, 4)

        def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            x, y = self.a(x), self.b(y)
            return x + y, y

    assert check_exact(Two(), (3,), (5,)).count("Output") == 2


class Holding(nn.Module):
    """A module with as many inputs as `inner` has."""

    def __init__(self, inner: nn.Module, count: int) -> None:
        super().__init__()
        self.inner = inner
        self.count = count

    def forward(self, a: Tensor, b: Tensor | None = None, c: Tensor | None = None) -> Tensor:
        return self.inner(*[a, b, c][: self.count])


SAID_OUTRIGHT = {
    "Crop", "DepthwiseConv2d", "DivisiveNorm2d", "LearnedQueries", "LocalContrastNorm2d", "PointwiseConv2d", "Squeeze",
    "SubtractiveNorm2d",
}  # fmt: skip
"""Layers whose module holds a number that the layer leaves to its input, or that are another layer's special case."""


@pytest.mark.parametrize("id", [id for id in LAYERS if id not in ("Input", "Output")])
def test_every_layer_comes_back_from_its_module(id: str) -> None:
    layer = LAYERS.get(id)()
    inputs = sample_inputs(id, layer)
    shapes = [tuple(x.shape[1:]) for x in inputs]
    module = layer.build(*shapes)
    traced = trace(Holding(module, len(inputs)), *shapes)
    node = next(node for node in traced.spec.nodes if node.type not in ("Input", "Output"))
    with torch.device("meta"):
        again = layer_of(node).build(*shapes)
    assert repr(again) == repr(module)
    assert id in SAID_OUTRIGHT or (node.type, node.params) == (id, {}), (
        "a module with defaults is a layer with defaults"
    )


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class Sorting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fft(torch.sort(x)[0]).abs()


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.fc(x))


@pytest.mark.parametrize(
    ("module", "shape", "words"),
    [
        (Branching(), (4,), ["Branching", "control flow"]),
        (Sorting(), (4,), ["Sorting", "sort"]),
        (nn.Sequential(nn.AdaptiveLogSoftmaxWithLoss(4, 4, [2])), (4,), ["AdaptiveLogSoftmaxWithLoss"]),
        (nn.Sequential(nn.Linear(9, 2)), (4,), ["Linear", "in_features=9"]),
    ],
)
def test_what_cannot_be_drawn_is_named(module: nn.Module, shape: Shape, words: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        trace(module, shape)
    assert all(word in str(caught.value) for word in words), str(caught.value)
