"""Every kind of convolution against scipy, against numpy loops, and against each other."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage, signal
from torch import nn

from engine.errors import BadInput
from engine.layers.base import Layer, parse_layer


def built(type: str, shape: tuple[int, ...], **params: Any) -> nn.Module:
    torch.manual_seed(0)
    return parse_layer(type, params).build(shape).double()


def answer(module: nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return module(torch.from_numpy(x)[None])[0].numpy()


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape)


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize(("type", "size"), [("Conv1d", (9,)), ("Conv2d", (7, 9)), ("Conv3d", (5, 6, 7))])
def test_convolution_is_scipys_correlation(type: str, size: tuple[int, ...], mode: str) -> None:
    module = built(type, (2, *size), out_channels=3, padding=mode)
    x, weight, bias = numbers(2, *size), module.weight.detach().numpy(), module.bias.detach().numpy()
    expected = [sum(signal.correlate(x[c], weight[k, c], mode=mode) for c in range(2)) + bias[k] for k in range(3)]
    assert np.allclose(answer(module, x), expected)


def test_stride_takes_every_second_and_dilation_spreads_the_taps() -> None:
    x = numbers(1, 11, 12)
    module = built("Conv2d", x.shape, out_channels=1, bias=False, stride=(2, 3), dilation=2)
    spread = np.zeros((5, 5))
    spread[::2, ::2] = module.weight.detach().numpy()[0, 0]
    expected = signal.correlate2d(x[0], spread, mode="valid")[::2, ::3]
    assert np.allclose(answer(module, x)[0], expected)


def test_groups_are_convolutions_side_by_side() -> None:
    x = numbers(4, 6, 6)
    module = built("Conv2d", x.shape, out_channels=2, groups=2, bias=False)
    weight = module.weight.detach().numpy()
    expected = [sum(signal.correlate2d(x[2 * g + c], weight[g, c], mode="valid") for c in range(2)) for g in range(2)]
    assert np.allclose(answer(module, x), expected)


@pytest.mark.parametrize(("mode", "theirs"), [("circular", "wrap"), ("reflect", "mirror"), ("replicate", "nearest")])
def test_borders_are_filled_as_scipy_fills_them(mode: str, theirs: str) -> None:
    x = numbers(1, 6, 7)
    module = built("Conv2d", x.shape, out_channels=1, padding="same", padding_mode=mode, bias=False)
    expected = ndimage.correlate(x[0], module.weight.detach().numpy()[0, 0], mode=theirs)
    assert np.allclose(answer(module, x)[0], expected)


@pytest.mark.parametrize(
    ("type", "size", "params"),
    [
        ("ConvTranspose1d", (5,), {"kernel_size": 3, "stride": 2}),
        ("ConvTranspose2d", (4, 5), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
        ("ConvTranspose2d", (3, 3), {"kernel_size": 3, "stride": 3, "padding": 1, "output_padding": 2, "dilation": 2}),
        ("ConvTranspose3d", (3, 2, 3), {"kernel_size": 2, "stride": 2}),
    ],
)
def test_transposed_convolution_stamps_every_value(type: str, size: tuple[int, ...], params: dict) -> None:
    module = built(type, (2, *size), out_channels=3, **params)
    x, weight, bias = numbers(2, *size), module.weight.detach().numpy(), module.bias.detach().numpy()
    axes = len(size)

    def each(name: str, usual: int) -> tuple[int, ...]:
        value = params.get(name, usual)
        return (value,) * axes if isinstance(value, int) else value

    kernel, stride, padding = each("kernel_size", 2), each("stride", 2), each("padding", 0)
    extra, dilation = each("output_padding", 0), each("dilation", 1)
    whole = [
        (w - 1) * s + d * (f - 1) + 1 + o for w, s, d, f, o in zip(size, stride, dilation, kernel, extra, strict=True)
    ]
    canvas = np.zeros((3, *whole))
    for place in product(*map(range, size)):
        for tap in product(*map(range, kernel)):
            target = tuple(p * s + t * d for p, s, t, d in zip(place, stride, tap, dilation, strict=True))
            for k in range(3):
                canvas[(k, *target)] += sum(x[(c, *place)] * weight[(c, k, *tap)] for c in range(2))
    inside = tuple(slice(p, w - p) for p, w in zip(padding, whole, strict=True))
    expected = canvas[(slice(None), *inside)] + bias.reshape(-1, *(1,) * axes)
    assert np.allclose(answer(module, x), expected)
    formula = parse_layer(type, {"out_channels": 3, **params}).formula((2, *size))
    assert all(f"= {after}" in formula for after in expected.shape[1:])
    assert f"= {sum(p.numel() for p in module.parameters()):,}" in formula


def test_transposed_convolution_is_the_backward_pass_of_a_convolution() -> None:
    """⟨conv(x), y⟩ = ⟨x, transposed(y)⟩ for all x and y, with the same weights."""
    forward = built("Conv2d", (2, 7, 7), out_channels=3, stride=2, bias=False)
    back = built("ConvTranspose2d", (3, 3, 3), out_channels=2, kernel_size=3, stride=2, bias=False)
    back.load_state_dict({"weight": forward.weight})
    x, y = numbers(2, 7, 7), numbers(3, 3, 3)
    assert np.isclose((answer(forward, x) * y).sum(), (x * answer(back, y)).sum())


def test_depthwise_and_pointwise_are_the_worked_example() -> None:
    """3×3, 3 to 64 channels: 30 + 256 = 286 parameters with biases, against 1,792."""
    depthwise, pointwise = built("DepthwiseConv2d", (3, 9, 9)), built("PointwiseConv2d", (3, 9, 9), out_channels=64)
    assert [sum(p.numel() for p in m.parameters()) for m in (depthwise, pointwise)] == [30, 256]
    x = numbers(3, 9, 9)
    weight, bias = depthwise.weight.detach().numpy(), depthwise.bias.detach().numpy()
    expected = [signal.correlate2d(x[c], weight[c, 0], mode="same") + bias[c] for c in range(3)]
    assert np.allclose(answer(depthwise, x), expected)
    matrix = pointwise.weight.detach().numpy()[:, :, 0, 0]
    mixed = np.einsum("kc,chw->khw", matrix, x) + pointwise.bias.detach().numpy()[:, None, None]
    assert np.allclose(answer(pointwise, x), mixed)


def test_a_multiplier_gives_every_channel_several_filters() -> None:
    module = built("DepthwiseConv2d", (3, 5, 5), multiplier=2, stride=2)
    assert module(torch.zeros(1, 3, 5, 5).double()).shape == (1, 6, 3, 3)
    assert parse_layer("DepthwiseConv2d", {"multiplier": 2, "stride": 2}).summary() == "3×3 · 2 each · stride 2 · same"


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
def test_unshared_convolution_has_weights_of_its_own_at_every_place(stride: int, padding: int) -> None:
    x = numbers(2, 6, 7)
    module = built("LocallyConnected2d", x.shape, out_channels=3, stride=stride, padding=padding)
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))[:, ::stride, ::stride]
    rows, columns = windows.shape[1:3]
    weight = module.weight.detach().numpy().reshape(3, 2, 3, 3, rows, columns)
    bias = module.bias.detach().numpy().reshape(3, rows, columns)
    assert np.allclose(answer(module, x), np.einsum("chwpq,kcpqhw->khw", windows, weight) + bias)
    formula = parse_layer("LocallyConnected2d", {"out_channels": 3, "stride": stride, "padding": padding}).formula(
        x.shape
    )
    assert f"= {rows * columns * 3 * (9 * 2 + 1):,}" in formula


def test_unshared_convolution_along_a_sequence() -> None:
    x = numbers(2, 9)
    module = built("LocallyConnected1d", x.shape, out_channels=3, stride=2, padding=1)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (1, 1))), 3, 1)[:, ::2]  # (C, L', F)
    weight = module.weight.detach().numpy().reshape(3, 2, 3, windows.shape[1])
    expected = np.einsum("clp,kcpl->kl", windows, weight) + module.bias.detach().numpy()
    assert np.allclose(answer(module, x), expected)


@pytest.mark.parametrize("type", ["LocallyConnected2d", "TiledConv2d"])
def test_equal_weights_everywhere_make_a_convolution(type: str) -> None:
    x = numbers(2, 6, 6)
    plain = built("Conv2d", x.shape, out_channels=4)
    module = built(type, x.shape, out_channels=4)
    with torch.no_grad():
        if type == "TiledConv2d":
            module.weight.copy_(plain.weight.expand_as(module.weight))
            module.bias.copy_(plain.bias.expand_as(module.bias))
        else:
            module.weight.copy_(plain.weight.flatten(1)[:, :, None].expand_as(module.weight))
            module.bias.copy_(plain.bias[:, None].expand_as(module.bias))
    assert np.allclose(answer(module, x), answer(plain, x))


def test_tiled_convolution_cycles_its_filters_over_the_positions() -> None:
    x = numbers(2, 7, 8)
    module = built("TiledConv2d", x.shape, out_channels=3, tiles=3, stride=1)
    weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
    out = answer(module, x)
    for i, j in product(range(5), range(6)):
        window = x[:, i : i + 3, j : j + 3]
        expected = np.einsum("chw,kchw->k", window, weight[i % 3, j % 3]) + bias[i % 3, j % 3]
        assert np.allclose(out[:, i, j], expected)
    layer = parse_layer("TiledConv2d", {"out_channels": 3, "tiles": 3})
    assert f"= {9 * 3 * (9 * 2 + 1):,}" in layer.formula(x.shape)


@pytest.mark.parametrize(
    ("type", "params", "shape", "words"),
    [
        ("Conv1d", {}, (3, 8, 8), ["sequence", "3×8×8", "Use Conv2d"]),
        ("Conv3d", {}, (3, 8, 8), ["volume", "3×8×8", "Use Conv2d"]),
        ("Conv1d", {"kernel_size": 9}, (3, 8), ["9", "8"]),
        ("Conv3d", {"groups": 2}, (3, 8, 8, 8), ["3 input channels", "2 equal groups"]),
        ("Conv2d", {"padding": 8, "padding_mode": "reflect"}, (1, 8, 8), ["8 rows of reflect", "8×8"]),
        ("ConvTranspose2d", {"output_padding": 2}, (3, 8, 8), ["output padding 2", "stride 2"]),
        ("ConvTranspose2d", {"padding": 9}, (3, 8, 8), ["cuts off more", "-2×-2"]),
        ("ConvTranspose1d", {}, (8,), ["sequence", "8", "Flatten"]),
        ("DepthwiseConv2d", {}, (8,), ["picture", "8", "Flatten"]),
        ("PointwiseConv2d", {}, (8, 8), ["picture", "8×8"]),
        ("LocallyConnected2d", {"kernel_size": 9}, (1, 8, 8), ["9×9", "8×8"]),
        ("TiledConv2d", {"kernel_size": 9}, (1, 8, 8), ["9×9", "8×8"]),
        ("Conv2d", {"kernel_size": 4, "stride": 2, "padding": "same"}, (1, 8, 8), ["odd kernel", "4×4"]),
    ],
)
def test_what_cannot_be_convolved_is_said_with_its_numbers(type: str, params: dict, shape: tuple, words: list) -> None:
    with pytest.raises(BadInput) as caught:
        parse_layer(type, params).build(shape)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("type", "params", "said"),
    [
        ("Conv1d", {"dilation": 2}, "16 filters · length 3 · stride 1 · valid · dilation 2"),
        ("Conv3d", {"stride": (1, 2, 2), "padding": 1}, "16 filters · 3×3×3 · stride 1×2×2 · padding 1"),
        ("ConvTranspose2d", {"kernel_size": 3, "output_padding": 1}, "16 maps · 3×3 · stride 2 · output padding 1"),
        ("TiledConv2d", {}, "16 filters · 3×3 · 2×2 tiles"),
        ("PointwiseConv2d", {}, "16 filters · 1×1 · stride 1"),
    ],
)
def test_cards_say_what_matters(type: str, params: dict, said: str) -> None:
    layer: Layer = parse_layer(type, params)
    assert layer.summary() == said


def test_a_one_dimensional_size_may_stand_alone_in_brackets() -> None:
    """PyTorch's own modules hold (3,), which an import reads from them."""
    assert parse_layer("Conv1d", {"kernel_size": (3,), "padding": (1,)}) == parse_layer("Conv1d", {"padding": 1})
