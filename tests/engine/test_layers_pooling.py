"""Pooling and its way back against numpy, scikit-image and PyTorch's own functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from skimage.measure import block_reduce
from torch.nn import functional as F

from engine.errors import BadInput
from engine.graph.shapes import facts_of
from engine.layers.base import parse_layer

X4 = torch.arange(1.0, 17).reshape(1, 1, 4, 4)


def answer(type: str, x: torch.Tensor, **params: Any) -> torch.Tensor:
    return parse_layer(type, params).build(tuple(x.shape[1:]))(x)


@pytest.mark.parametrize(("kind", "function"), [("Max", np.max), ("Avg", np.mean), ("Sum", np.sum)])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pooling_is_scikit_images_block_reduce(kind: str, function: Any, axes: int) -> None:
    x = torch.randn(1, 3, *(4, 6, 8)[:axes], dtype=torch.float64)
    expected = block_reduce(x[0].numpy(), (1, *(2,) * axes), function)
    assert np.allclose(answer(f"{kind}Pool{axes}d", x)[0].numpy(), expected)


@pytest.mark.parametrize(("kind", "function"), [("Max", np.max), ("Avg", np.mean), ("Sum", np.sum)])
def test_overlapping_and_unit_stride_windows(kind: str, function: Any) -> None:
    x = torch.randn(1, 2, 7, 9, dtype=torch.float64)
    windows = np.lib.stride_tricks.sliding_window_view(x[0].numpy(), (3, 3), (1, 2))
    for stride in (1, 2):
        expected = function(windows[:, ::stride, ::stride], axis=(-1, -2))
        assert np.allclose(answer(f"{kind}Pool2d", x, kernel_size=3, stride=stride)[0].numpy(), expected)


def test_sum_pooling_of_the_worked_picture() -> None:
    assert answer("SumPool2d", X4)[0, 0].tolist() == [[14, 22], [46, 54]]
    padded = np.pad(X4[0, 0].numpy(), 1)
    expected = [[padded[i : i + 3, j : j + 3].sum() for j in (0, 3)] for i in (0, 3)]
    assert answer("SumPool2d", X4, kernel_size=3, padding=1, stride=3)[0, 0].tolist() == expected


def test_a_partial_window_counts_when_sizes_are_rounded_up() -> None:
    x = torch.arange(1.0, 6).reshape(1, 1, 5)
    assert answer("SumPool1d", x)[0, 0].tolist() == [3, 7]
    assert answer("SumPool1d", x, ceil_mode=True)[0, 0].tolist() == [3, 7, 5]
    assert answer("MaxPool1d", x, ceil_mode=True)[0, 0].tolist() == [2, 4, 5]


@pytest.mark.parametrize(
    "params",
    [
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
        {"kernel_size": (2, 3), "stride": (3, 2), "padding": (1, 0), "ceil_mode": True},
        {"kernel_size": 2, "stride": 3, "padding": 1},
        {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True},
    ],
)
@pytest.mark.parametrize("size", [(7, 8), (8, 7), (9, 9)])
def test_sums_are_those_of_pytorchs_undivided_average(params: dict, size: tuple[int, int]) -> None:
    x = torch.randn(1, 2, *size, dtype=torch.float64)
    assert torch.allclose(answer("SumPool2d", x, **params), F.avg_pool2d(x, divisor_override=1, **params))


def test_switches_say_where_the_maximum_stood_and_unpooling_puts_it_back() -> None:
    x = torch.tensor([[[[1.0, 3, 2, 4], [5, 6, 1, 8], [9, 2, 7, 3], [4, 5, 6, 1]]]])
    layer = parse_layer("MaxPool2d", {"return_indices": True})
    assert layer.output_ports() == ("out", "indices")
    values, switches = layer.build((1, 4, 4))(x)
    assert switches[0, 0].tolist() == [[5, 7], [8, 10]]
    back = parse_layer("MaxUnpool2d", {}).build((1, 2, 2), (1, 2, 2))(values, switches)
    assert back[0, 0].tolist() == [[0, 0, 0, 0], [0, 6, 0, 8], [9, 0, 7, 0], [0, 0, 0, 0]]
    assert facts_of("MaxPool2d", {"return_indices": True}, ((1, 4, 4),)).output_shapes == ((1, 2, 2), (1, 2, 2))


@pytest.mark.parametrize(
    ("params", "size", "output_size"),
    [
        ({}, (6, 8), None),
        ({"kernel_size": 3, "stride": 2}, (7, 9), None),
        ({"kernel_size": 3, "stride": 2, "padding": 1}, (7, 7), (7, 7)),
        ({}, (7, 9), (7, 9)),
    ],
)
def test_unpooling_is_pytorchs_own(params: dict, size: tuple, output_size: tuple | None) -> None:
    x = torch.randn(2, 3, *size)
    pooling = {"kernel_size": 2, **params}
    values, switches = F.max_pool2d(x, return_indices=True, **pooling)
    shape = tuple(values.shape[1:])
    ours = parse_layer("MaxUnpool2d", {**params, "output_size": output_size}).build(shape, shape)(values, switches)
    theirs = F.max_unpool2d(values, switches, output_size=list(output_size) if output_size else None, **pooling)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_global_pooling_is_the_mean_and_the_maximum(axes: int) -> None:
    x = torch.randn(2, 3, *(5, 6, 7)[:axes])
    dims = tuple(range(2, axes + 2))
    assert torch.allclose(answer(f"AdaptiveAvgPool{axes}d", x), x.mean(dims, keepdim=True), atol=1e-6)
    assert torch.equal(answer(f"AdaptiveMaxPool{axes}d", x), x.amax(dims, keepdim=True))
    assert torch.equal(answer("Mean", x, dims=dims), x.mean(dims))
    assert torch.equal(answer("Sum", x, dims=dims, keepdim=True), x.sum(dims, keepdim=True))
    assert torch.equal(answer("Max", x, dims=dims), x.flatten(2).max(2).values)


def test_adaptive_pooling_splits_evenly() -> None:
    x = torch.arange(6.0).reshape(1, 1, 6)
    assert answer("AdaptiveAvgPool1d", x, output_size=3)[0, 0].tolist() == [0.5, 2.5, 4.5]
    assert answer("AdaptiveMaxPool1d", x, output_size=2)[0, 0].tolist() == [2, 5]


@pytest.mark.parametrize(
    ("type", "params", "shapes", "words"),
    [
        ("MaxPool1d", {}, [(3, 8, 8)], ["sequence", "3×8×8", "Use MaxPool2d"]),
        ("AvgPool3d", {}, [(3, 8, 8)], ["volume", "Use AvgPool2d"]),
        ("SumPool2d", {"padding": 2}, [(3, 8, 8)], ["padding 2", "2×2", "half the window: 1"]),
        ("MaxPool3d", {"kernel_size": 9}, [(3, 8, 8, 8)], ["9×9×9", "8×8×8"]),
        ("AdaptiveAvgPool3d", {}, [(5,)], ["volume", "Flatten"]),
        ("MaxUnpool2d", {}, [(3, 4, 4), (3, 2, 2)], ["3×4×4", "3×2×2"]),
        ("Mean", {"dims": (1, 2, 3)}, [(3, 4, 4)], ["3×4×4", "single number"]),
        ("Mean", {}, [(16,)], ["dimension 2", "1 to 1"]),
    ],
)
def test_what_cannot_be_pooled_is_said_with_its_numbers(type: str, params: dict, shapes: list, words: list) -> None:
    with pytest.raises(BadInput) as caught:
        parse_layer(type, params).build(*shapes)
    assert all(word in str(caught.value) for word in words), str(caught.value)
