"""Every registered layer keeps the contract, and the worked examples come out exactly."""

from __future__ import annotations

import inspect
import json

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from engine.errors import BadInput
from engine.frozen import thaw
from engine.graph.shapes import facts_of
from engine.graph.spec import NodeSpec
from engine.layers.base import LAYERS, Layer, layer_of, parse_layer
from engine.paths import resources
from engine.registry import Registry
from tests.helpers.layer_samples import BLIND, results_of, sample_inputs
from tests.helpers.rebuilt import rebuilt

OUTLINES = json.loads((resources() / "icons" / "icons.json").read_text("utf-8"))


@pytest.mark.parametrize("id", list(LAYERS))
def test_every_layer_can_be_learned_and_dropped(id: str) -> None:
    declaration = LAYERS.get(id)
    layer = declaration()
    assert declaration.label == id
    first, *_ = inspect.cleandoc(declaration.__doc__ or "").split("\n\n")
    assert len(first) > 40, "the docstring is what a learner reads"
    assert first.endswith((".", ")")), "a learner reads whole sentences"
    assert declaration.__doc__ != Layer.__doc__
    for name, field in declaration.model_fields.items():
        assert field.description, f"{name} has no help text"
        assert field.description.endswith("."), f"the help of {name} is no sentence"
        assert not field.is_required(), f"{name} has no default, so the layer cannot be dropped"
    assert declaration.icon in OUTLINES, f"no glyph {declaration.icon!r}: see gui/theme/glyphs.py"
    assert len(set(layer.input_ports())) == len(layer.input_ports())
    assert len(set(layer.output_ports())) == len(layer.output_ports())
    saved = json.loads(json.dumps(thaw(layer.model_dump())))
    assert parse_layer(id, saved) == layer
    with pytest.raises(BadInput, match=r"cannot use no_such_parameter"):
        parse_layer(id, {"no_such_parameter": 1})


@pytest.mark.parametrize("id", list(LAYERS))
def test_every_layer_computes_and_learns(id: str) -> None:
    layer = LAYERS.get(id)()
    torch.manual_seed(0)
    inputs = sample_inputs(id, layer)
    shapes = tuple(tuple(x.shape[1:]) for x in inputs)
    module = layer.build(*shapes)
    outputs = results_of(module, inputs)
    assert len(outputs) == max(len(layer.output_ports()), 1)
    assert all(out.shape[0] == inputs[0].shape[0] for out in outputs), "the batch stays first"
    loss = sum(out.pow(2).sum() for out in outputs if out.is_floating_point())
    assert isinstance(loss, torch.Tensor)
    if loss.requires_grad:
        loss.backward()
    for x in inputs:
        if x.requires_grad and id not in BLIND:
            assert x.grad is not None
            assert torch.isfinite(x.grad).all()
    for name, weight in module.named_parameters():
        assert weight.grad is not None or not weight.requires_grad, f"{name} gets no gradient"
    assert isinstance(layer.summary(), str)
    assert isinstance(layer.formula(*shapes), str)

    module.eval()
    with torch.no_grad():
        once, again = results_of(module, inputs), results_of(module, inputs)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True)), "the same picture, the same answer"
    facts = facts_of(id, {}, shapes)
    assert facts.failure is None
    if id not in ("Input", "Output"):
        assert facts.output_shapes == tuple(tuple(out.shape[1:]) for out in outputs)
        assert facts.parameters == sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize("id", [id for id in LAYERS if id not in ("Input", "Output")])
def test_every_layer_is_written_as_code_that_makes_an_equal_one(id: str) -> None:
    layer = LAYERS.get(id)()
    shapes = tuple(tuple(x.shape[1:]) for x in sample_inputs(id, layer))
    with torch.device("meta"):
        ours, again = layer.build(*shapes), rebuilt(id, {}, shapes)
    assert repr(again) == repr(ours)
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in ours.state_dict().items()}
    assert {k: v for k, v in vars(again).items() if plain(v)} == {k: v for k, v in vars(ours).items() if plain(v)}


def plain(value: object) -> bool:
    return isinstance(value, int | float | str | tuple | None.__class__)


def test_a_layer_is_frozen() -> None:
    layer = parse_layer("Conv2d", {"out_channels": 6})
    with pytest.raises(ValidationError):
        layer.out_channels = 7  # type: ignore[attr-defined]


def test_a_bad_parameter_is_named_with_its_node() -> None:
    with pytest.raises(BadInput) as caught:
        layer_of(NodeSpec("conv1", "Conv2d", {"kernel_size": 0}))
    assert caught.value.node == "conv1"
    assert "conv1" in caught.value.what
    assert "kernel_size" in caught.value.what


def test_a_registry_refuses_duplicates_and_lists_what_it_knows() -> None:
    registry: Registry[int] = Registry("thing")
    registry.add("one", 1)
    with pytest.raises(ValueError, match="registered twice"):
        registry.add("one", 2)
    with pytest.raises(BadInput, match=r"Did you mean one\? Known: one\."):
        registry.get("onne")


# The worked examples of convolution, as cross-correlation, and of pooling: results by hand.
X5 = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
K5 = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
X7 = [
    [6, 3, 4, 4, 5, 0, 3],
    [4, 7, 4, 0, 4, 0, 4],
    [7, 0, 2, 3, 4, 5, 2],
    [3, 7, 5, 0, 3, 0, 7],
    [5, 8, 1, 2, 5, 4, 2],
    [8, 0, 1, 0, 6, 0, 0],
    [6, 4, 1, 3, 0, 4, 5],
]
K7 = [[1, 0, 1], [1, 0, 0], [0, 0, 2]]
X6 = [
    [3, 0, 1, 2, 7, 4],
    [1, 5, 8, 9, 3, 1],
    [2, 7, 2, 5, 1, 3],
    [0, 1, 3, 1, 7, 8],
    [4, 2, 1, 6, 2, 8],
    [2, 4, 5, 2, 3, 9],
]
EDGE = [[1, 0, -1]] * 3


@pytest.mark.parametrize(
    ("picture", "kernel", "params", "expected"),
    [
        (X5, K5, {}, [[4, 3, 4], [2, 4, 3], [2, 3, 4]]),
        (X5, K5, {"stride": 2}, [[4, 4], [2, 4]]),
        (
            X5,
            K5,
            {"padding": "same"},
            [[2, 2, 3, 1, 1], [1, 4, 3, 4, 1], [1, 2, 4, 3, 3], [1, 2, 3, 4, 1], [0, 2, 2, 1, 1]],
        ),
        (
            X7,
            K7,
            {},
            [
                [18, 20, 21, 14, 16],
                [25, 7, 16, 3, 26],
                [14, 14, 21, 16, 13],
                [15, 15, 21, 2, 15],
                [16, 16, 7, 14, 23],
            ],
        ),
        (X6, EDGE, {}, [[-5, -4, 0, 8], [-10, -2, 2, 3], [0, -2, -4, -7], [-3, -2, -3, -16]]),
        ([[1, 2, 3], [4, 5, 6], [7, 8, 9]], EDGE, {}, [[-6]]),
    ],
)
def test_worked_convolutions(picture: list, kernel: list, params: dict, expected: list) -> None:
    x = torch.tensor(picture, dtype=torch.float32)
    layer = parse_layer("Conv2d", {"out_channels": 1, "kernel_size": 3, "bias": False, **params})
    module = layer.build((1, *x.shape))
    assert isinstance(module, nn.Conv2d)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(kernel, dtype=torch.float32))
        assert module(x[None, None])[0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("type", "picture", "expected"),
    [
        ("MaxPool2d", [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]], [[6, 8], [14, 16]]),
        ("AvgPool2d", [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]], [[3.5, 5.5], [11.5, 13.5]]),
        ("MaxPool2d", [[1, 3, 2, 4], [5, 6, 1, 8], [9, 2, 7, 3], [4, 5, 6, 1]], [[6, 8], [9, 7]]),
        ("ReLU", [[-2, 3, -1], [4, -5, 6], [-7, 8, -9]], [[0, 3, 0], [4, 0, 6], [0, 8, 0]]),
    ],
)
def test_worked_pooling_and_relu(type: str, picture: list, expected: list) -> None:
    x = torch.tensor(picture, dtype=torch.float32)
    module = parse_layer(type, {}).build((1, *x.shape))
    assert module(x[None, None])[0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "expected"), [(3, 1, 0, 8), (3, 1, 1, 10), (2, 2, 0, 5), (3, 1, "full", 12)]
)
def test_worked_sizes(kernel: int, stride: int, padding: object, expected: int) -> None:
    layer = parse_layer("Conv2d", {"kernel_size": kernel, "stride": stride, "padding": padding})
    assert layer.build((1, 10, 10))(torch.zeros(1, 1, 10, 10)).shape[-2:] == (expected, expected)
    assert f"= {expected}" in layer.formula((1, 10, 10))


def test_worked_parameter_counts() -> None:
    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    with torch.device("meta"):
        assert count(parse_layer("Conv2d", {"out_channels": 64}).build((3, 9, 9))) == 1792
        depthwise = parse_layer("Conv2d", {"out_channels": 3, "groups": 3}).build((3, 9, 9))
        pointwise = parse_layer("Conv2d", {"out_channels": 64, "kernel_size": 1}).build((3, 9, 9))
        assert (count(depthwise), count(pointwise)) == (30, 256)
        head = parse_layer("Linear", {"out_features": 4096, "bias": False}).build((7 * 7 * 512,))
        assert count(head) == 102_760_448


def test_scaled_tanh_maps_one_to_one() -> None:
    module = parse_layer("ScaledTanh", {}).build((3,))
    assert torch.allclose(module(torch.tensor([[-1.0, 0.0, 1.0]])), torch.tensor([[-1.0, 0.0, 1.0]]), atol=1e-4)


def test_subsampling_is_the_trained_sum_of_the_window() -> None:
    module = parse_layer("Subsample2d", {}).build((1, 2, 2))
    with torch.no_grad():
        module.weight.fill_(0.5)
        module.bias.fill_(3.0)
    assert module(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).item() == 0.5 * 10 + 3


def test_sparse_convolution_sees_only_the_maps_in_its_table() -> None:
    module = parse_layer("SparseConv2d", {"connections": [[0], [0, 1]], "kernel_size": 1}).build((2, 3, 3))
    x = torch.randn(1, 2, 3, 3, requires_grad=True)
    module(x)[0, 0].sum().backward()
    assert x.grad is not None
    assert x.grad[0, 1].abs().sum() == 0
    assert sum(p.numel() for p in module.parameters()) == 3 + 2


def test_rbf_is_nearest_to_its_own_drawing() -> None:
    module = parse_layer("RBF", {"output": "distance"}).build((84,))
    distance = module(module.codes)
    expected = torch.cdist(module.codes, module.codes).pow(2)
    assert torch.allclose(distance, expected, atol=1e-3)
    assert (distance.argmin(1) == torch.arange(10)).all()
    off_diagonal = distance[~torch.eye(10, dtype=torch.bool)]
    assert off_diagonal.min() > 0, "no two digits may have one code"


def test_local_response_normalisation_is_the_papers() -> None:
    """b = a/(k + α·Σa²)^β over five channels with the paper's α = 1e-4, written out by hand."""
    x = torch.rand(1, 7, 1, 1) * 100
    module = parse_layer("LocalResponseNorm", {}).build((7, 1, 1))
    squares = x.flatten() ** 2
    expected = [float(x.flatten()[i] / (2 + 1e-4 * squares[max(0, i - 2) : i + 3].sum()) ** 0.75) for i in range(7)]
    assert torch.allclose(module(x).flatten(), torch.tensor(expected), rtol=1e-5)


@pytest.mark.parametrize(
    ("type", "params", "shapes", "words"),
    [
        ("Linear", {}, [(16, 5, 5)], ["16×5×5", "400", "Flatten"]),
        ("Conv2d", {}, [(400,)], ["400", "Flatten"]),
        ("Conv2d", {"kernel_size": 7}, [(3, 5, 5)], ["7×7", "5×5"]),
        ("Conv2d", {"groups": 3}, [(4, 9, 9)], ["4", "3"]),
        ("MaxPool2d", {}, [(3, 1, 1)], ["2×2", "1×1"]),
        ("Add", {}, [(8, 4, 4), (16, 4, 4)], ["8×4×4", "16×4×4"]),
        ("Concatenate", {}, [(8, 4, 4), (8, 2, 2)], ["8×4×4", "8×2×2"]),
        ("Reshape", {"shape": [3, 7]}, [(4, 4)], ["3×7", "16"]),
        ("GroupNorm", {"num_groups": 3}, [(4, 2, 2)], ["4", "3"]),
    ],
)
def test_impossible_shapes_are_refused_with_their_numbers(type: str, params: dict, shapes: list, words: list) -> None:
    with pytest.raises(BadInput) as caught:
        parse_layer(type, params).build(*shapes)
    assert all(word in str(caught.value) for word in words)
