"""Normalisation, activations and dropout against the formulas of their papers, written out with numpy and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import signal, special
from torch import nn

from engine.errors import BadInput
from engine.layers.base import parse_layer


def built(type: str, *shapes: tuple[int, ...], **params: Any) -> nn.Module:
    return parse_layer(type, params).build(*shapes).double()


X = np.array([-3.0, -1.0, -0.25, 0.0, 0.5, 2.0, 25.0])
SOFTPLUS = np.logaddexp(0, X)


@pytest.mark.parametrize(
    ("type", "params", "expected"),
    [
        ("ReLU", {}, np.maximum(X, 0)),
        ("ReLU6", {}, np.clip(X, 0, 6)),
        ("LeakyReLU", {"negative_slope": 0.1}, np.where(X > 0, X, 0.1 * X)),
        ("PReLU", {}, np.where(X > 0, X, 0.25 * X)),
        ("ELU", {"alpha": 2}, np.where(X > 0, X, 2 * np.expm1(X))),
        ("CELU", {"alpha": 2}, np.where(X > 0, X, 2 * np.expm1(X / 2))),
        ("SELU", {}, 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * np.expm1(X))),
        ("GELU", {}, X * special.ndtr(X)),
        ("SiLU", {}, X * special.expit(X)),
        ("Mish", {}, X * np.tanh(SOFTPLUS)),
        ("Softplus", {}, SOFTPLUS),
        ("Softsign", {}, X / (1 + abs(X))),
        ("Sigmoid", {}, special.expit(X)),
        ("LogSigmoid", {}, np.log(special.expit(X))),
        ("Tanh", {}, np.tanh(X)),
        ("ScaledTanh", {}, 1.7159 * np.tanh(2 * X / 3)),
        ("Hardtanh", {"min_val": -0.5, "max_val": 1.5}, np.clip(X, -0.5, 1.5)),
        ("Hardsigmoid", {}, np.clip(X + 3, 0, 6) / 6),
        ("Hardswish", {}, X * np.clip(X + 3, 0, 6) / 6),
        ("Softmax", {}, special.softmax(X)),
        ("LogSoftmax", {}, special.log_softmax(X)),
        ("Identity", {}, X),
    ],
)
def test_activations_are_their_formulas(type: str, params: dict, expected: np.ndarray) -> None:
    found = built(type, (7,), **params)(torch.from_numpy(X)[None]).detach().numpy()[0]
    assert np.allclose(found, expected, atol=1e-8)


def test_a_gated_linear_unit_lets_one_half_decide_about_the_other() -> None:
    x = torch.tensor([[1.0, 2.0, 0.0, -1.0]])
    assert torch.allclose(parse_layer("GLU", {}).build((4,))(x), torch.tensor([[0.5, 2 * special.expit(-1)]]).float())
    with pytest.raises(BadInput, match="even size"):
        parse_layer("GLU", {}).build((3,))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_batch_and_instance_normalisation_leave_mean_zero_and_variance_one(axes: int) -> None:
    x = torch.randn(4, 3, *(6, 5, 4)[:axes], dtype=torch.float64) * 5 + 7
    space = tuple(range(2, axes + 2))
    for name, over in (("BatchNorm", (0, *space)), ("InstanceNorm", space)):
        found = built(f"{name}{axes}d", tuple(x.shape[1:])).train()(x)
        mean, variance = x.mean(over, keepdim=True), x.var(over, unbiased=False, keepdim=True)
        assert torch.allclose(found, (x - mean) / (variance + 1e-5).sqrt())


def test_layer_norms_look_at_one_token_or_pixel_only() -> None:
    x = np.random.default_rng(0).standard_normal((2, 5, 4, 3)) * 3 + 1

    def normalised(axis: int | tuple[int, ...], eps: float) -> np.ndarray:
        return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)

    given = torch.from_numpy(x)
    assert np.allclose(built("LayerNorm", (5, 4, 3))(given).detach(), normalised(-1, 1e-5))
    assert np.allclose(built("LayerNorm", (5, 4, 3), dimensions=3)(given).detach(), normalised((1, 2, 3), 1e-5))
    assert np.allclose(built("LayerNorm2d", (5, 4, 3))(given).detach(), normalised(1, 1e-6))
    root = np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)
    assert np.allclose(built("RMSNorm", (5, 4, 3))(given).detach(), x / root)


def test_group_norm_with_one_group_per_channel_is_instance_norm() -> None:
    x = torch.randn(2, 6, 5, 5, dtype=torch.float64)
    assert torch.allclose(built("GroupNorm", (6, 5, 5), num_groups=6)(x), built("InstanceNorm2d", (6, 5, 5))(x))


def gaussian(size: int, sigma: float) -> np.ndarray:
    line = signal.windows.gaussian(size, sigma)
    return np.outer(line, line) / np.outer(line, line).sum()


def local(x: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Weighted mean over the channels and the part of the window that lies inside."""
    inside = signal.correlate2d(np.ones(x.shape[1:]), window, mode="same")
    return signal.correlate2d(x.mean(0), window, mode="same") / inside


def test_local_contrast_normalisation_is_jarretts() -> None:
    """v = x − Σ w·x, σ = √(Σ w·v²), y = v / max(mean σ, σ), over the window and all channels."""
    x = np.random.default_rng(0).standard_normal((3, 12, 14)) * 4 + 2
    window = gaussian(5, 1.5)
    v = x - local(x, window)
    sigma = np.sqrt(local(v**2, window))
    expected = v / np.maximum(sigma.mean(), sigma)
    params = {"kernel_size": 5, "sigma": 1.5}
    given = torch.from_numpy(x)[None]
    assert np.allclose(built("SubtractiveNorm2d", x.shape, **params)(given)[0], v, atol=1e-6)
    assert np.allclose(built("LocalContrastNorm2d", x.shape, **params)(given)[0], expected, atol=1e-6)
    assert np.allclose(built("DivisiveNorm2d", x.shape, **params)(torch.from_numpy(v)[None])[0], expected, atol=1e-6)


def test_an_even_picture_has_no_contrast() -> None:
    x = torch.full((1, 2, 9, 9), 7.0, dtype=torch.float64, requires_grad=True)
    y = built("LocalContrastNorm2d", (2, 9, 9))(x)
    assert y.abs().max() < 1e-3
    y.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_normalize_gives_vectors_of_length_one() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert torch.allclose(parse_layer("Normalize", {}).build((2,))(x), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
    assert torch.allclose(parse_layer("Normalize", {"p": 1}).build((2,))(x[:1]), torch.tensor([[3 / 7, 4 / 7]]))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_channel_dropout_drops_whole_channels_and_keeps_the_mean(axes: int) -> None:
    torch.manual_seed(0)
    x = torch.ones(8, 64, *(4, 4, 4)[:axes])
    y = parse_layer(f"Dropout{axes}d", {"p": 0.25}).build(tuple(x.shape[1:])).train()(x)
    values = y.flatten(2)
    assert (values == values[:, :, :1]).all(), "a channel stays or goes as a whole"
    assert sorted(set(values[..., 0].flatten().tolist())) == pytest.approx([0, 4 / 3])
    assert abs(float((values[..., 0] == 0).float().mean()) - 0.25) < 0.08
    module = parse_layer(f"Dropout{axes}d", {}).build(tuple(x.shape[1:])).eval()
    assert torch.equal(module(x), x)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 200_000)
    y = parse_layer("AlphaDropout", {"p": 0.3}).build((200_000,)).train()(x)
    assert abs(float(y.mean())) < 0.02
    assert abs(float(y.var()) - 1) < 0.03


@pytest.mark.parametrize(
    ("type", "params", "shape", "words"),
    [
        ("BatchNorm3d", {}, (3, 8, 8), ["volume", "Use BatchNorm2d"]),
        ("InstanceNorm1d", {}, (3, 8, 8), ["sequence", "Use InstanceNorm2d"]),
        ("InstanceNorm2d", {}, (3, 1, 1), ["1×1", "more than one value"]),
        ("LayerNorm", {"dimensions": 2}, (8,), ["2 dimensions", "has 1"]),
        ("LayerNorm2d", {}, (8,), ["picture", "Flatten"]),
        ("LocalContrastNorm2d", {"kernel_size": 4}, (3, 8, 8), ["window of 4", "such as 5"]),
        ("Dropout2d", {}, (8,), ["picture", "Flatten"]),
        ("Hardtanh", {"min_val": 2}, (8,), ["below 2", "above 1"]),
        ("LogSoftmax", {"dim": 3}, (8,), ["dimension 3", "1 to 1"]),
        ("Normalize", {"dim": 2}, (8,), ["dimension 2", "1 to 1"]),
    ],
)
def test_what_cannot_be_normalised_is_said_with_its_numbers(type: str, params: dict, shape: tuple, words: list) -> None:
    with pytest.raises(BadInput) as caught:
        parse_layer(type, params).build(shape)
    assert all(word in str(caught.value) for word in words), str(caught.value)
