"""Layers that rearrange, merge and compare, against numpy, scipy and hand arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial import distance
from sklearn.metrics.pairwise import rbf_kernel
from torch.nn import functional as F

from engine.errors import BadInput
from engine.graph.ports import output_ports
from engine.graph.shapes import facts_of
from engine.graph.spec import NodeSpec
from engine.layers.base import parse_layer


def answer(type: str, *inputs: torch.Tensor, **params: Any) -> Any:
    torch.manual_seed(0)
    return parse_layer(type, params).build(*(tuple(x.shape[1:]) for x in inputs))(*inputs)


X = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)
N = X.numpy()


@pytest.mark.parametrize(
    ("type", "params", "expected"),
    [
        ("Flatten", {}, N.reshape(2, 60)),
        ("Flatten", {"start_dim": 2}, N.reshape(2, 3, 20)),
        ("Flatten", {"start_dim": 1, "end_dim": 2}, N.reshape(2, 12, 5)),
        ("Unflatten", {"dim": 2}, N.reshape(2, 3, 2, 2, 5)),
        ("Unflatten", {"dim": 3, "unflattened_size": (5, 1)}, N.reshape(2, 3, 4, 5, 1)),
        ("Reshape", {"shape": (5, -1)}, N.reshape(2, 5, 12)),
        ("Permute", {"dims": (2, 3, 1)}, N.transpose(0, 2, 3, 1)),
        ("Transpose", {"dim0": 1, "dim1": 3}, N.swapaxes(1, 3)),
        ("Unsqueeze", {"dim": 2}, N[:, :, None]),
        ("Select", {"index": -1}, N[:, -1]),
        ("Select", {"index": 2, "dim": 3}, N[..., 2]),
        ("Slice", {"start": 1}, N[:, 1:]),
        ("Slice", {"end": -1, "step": 2, "dim": 3}, N[..., 0:-1:2]),
        ("Crop", {}, N[:, :, 1:-1, 1:-1]),
        ("Crop", {"margin": (0, 2)}, N[:, :, :, 2:-2]),
        ("Crop", {"margin": (1, 0, 3, 1)}, N[:, :, 1:, 3:-1]),
        ("Pad", {"value": 7}, np.pad(N, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=7)),
        (
            "Pad",
            {"mode": "reflect", "margin": (1, 2, 3, 0)},
            np.pad(N, ((0,) * 2, (0,) * 2, (1, 2), (3, 0)), "reflect"),
        ),
        ("Pad", {"mode": "replicate", "margin": (2, 1)}, np.pad(N, ((0,) * 2, (0,) * 2, (2, 2), (1, 1)), "edge")),
        ("Pad", {"mode": "circular"}, np.pad(N, ((0, 0), (0, 0), (1, 1), (1, 1)), "wrap")),
        ("ZeroPad2d", {"padding": 2}, np.pad(N, ((0, 0), (0, 0), (2, 2), (2, 2)))),
        ("PadChannels", {"channels": 2}, np.pad(N, ((0, 0), (0, 2), (0, 0), (0, 0)))),
        ("Upsample", {}, N.repeat(2, 2).repeat(2, 3)),
        ("Upsample", {"scale_factor": (1, 3)}, N.repeat(3, 3)),
        ("Mean", {"dims": (1, 3)}, N.mean((1, 3))),
    ],
)
def test_values_go_where_numpy_puts_them(type: str, params: dict, expected: np.ndarray) -> None:
    assert np.array_equal(answer(type, X, **params).numpy(), expected)
    assert facts_of(type, params, ((3, 4, 5),)).output_shapes == (expected.shape[1:],)


def test_borders_of_sequences_and_volumes() -> None:
    assert answer("Pad", torch.tensor([[[1.0, 2, 3]]]), mode="reflect", margin=2)[0, 0].tolist() == [
        3,
        2,
        1,
        2,
        3,
        2,
        1,
    ]
    assert answer("Pad", torch.zeros(1, 1, 2, 3, 4)).shape == (1, 1, 4, 5, 6)


def test_squeezing_undoes_unsqueezing() -> None:
    assert torch.equal(answer("Squeeze", X[:, :, None], dim=2), X)
    assert torch.equal(answer("Squeeze", X[..., None]), X)


def test_split_and_chunk_have_a_port_for_each_part() -> None:
    parts = answer("Split", X, sizes=(1, 3), dim=2)
    assert [part.shape[2] for part in parts] == [1, 3]
    assert torch.equal(torch.cat(parts, 2), X)
    halves = answer("Chunk", X, chunks=2, dim=2)
    assert torch.equal(halves[1], X[:, :, 2:])
    assert output_ports(NodeSpec("a", "Split", {"sizes": (1, 3, 4)})) == ("out1", "out2", "out3")
    assert output_ports(NodeSpec("a", "Chunk", {"chunks": 4})) == ("out1", "out2", "out3", "out4")
    assert facts_of("Chunk", {"chunks": 3}, ((6, 4, 4),)).output_shapes == ((2, 4, 4),) * 3


def test_cropping_to_the_size_of_another_picture() -> None:
    """U-Net 2015: 64×64 is cropped to 56×56 by 4 on every side; FCN-8s crops from a named offset."""
    picture = torch.rand(1, 2, 64, 64)
    like = torch.zeros(1, 1, 56, 56)
    assert torch.equal(answer("CropLike", picture, like), picture[:, :, 4:-4, 4:-4])
    assert torch.equal(answer("CropLike", picture, like, offset=5), picture[:, :, 5:61, 5:61])
    assert torch.equal(answer("CropLike", picture, like, anchor="top left"), picture[:, :, :56, :56])


def test_blending_between_pixels() -> None:
    x = torch.tensor([[[0.0, 1.0]]])
    assert answer("Upsample1d", x, mode="linear")[0, 0].tolist() == [0, 0.25, 0.75, 1]
    assert torch.allclose(
        answer("Upsample1d", x, mode="linear", align_corners=True)[0, 0], torch.tensor([0, 1 / 3, 2 / 3, 1])
    )
    picture = x[:, None].expand(-1, -1, 2, -1)
    assert answer("Upsample", picture, mode="bilinear")[0, 0, 0].tolist() == [0, 0.25, 0.75, 1]
    assert answer("Upsample", picture, mode="bilinear", size=(2, 3), align_corners=True)[0, 0, 1].tolist() == [
        0,
        0.5,
        1,
    ]
    assert answer("Upsample3d", torch.ones(1, 1, 2, 2, 2), mode="trilinear").eq(1).all()
    assert answer("Upsample", X, scale_factor=0.5).shape[2:] == (2, 2)


def test_pixel_shuffling_is_a_reshape_and_back() -> None:
    x = torch.randn(1, 8, 3, 4)
    expected = x.numpy().reshape(1, 2, 2, 2, 3, 4).transpose(0, 1, 4, 2, 5, 3).reshape(1, 2, 6, 8)
    shuffled = answer("PixelShuffle", x)
    assert np.array_equal(shuffled.numpy(), expected)
    assert torch.equal(answer("PixelUnshuffle", shuffled), x)


def test_merging_by_arithmetic() -> None:
    a, b, c = torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0, -4.0]]), torch.tensor([[-1.0, 0.0]])
    assert answer("Maximum", a, b, c).tolist() == [[3, 0]]
    assert answer("Minimum", a, b, c).tolist() == [[-1, -4]]
    assert answer("Average", a, b, c).tolist() == [[1, -2]]
    assert answer("Subtract", a, b).tolist() == [[-2, 2]]
    assert answer("Divide", a, b).tolist() == [[pytest.approx(1 / 3), 0.5]]
    assert answer("Divide", a, b, eps=1).tolist() == [[0.25, pytest.approx(0.4)]]
    assert answer("AbsoluteDifference", a, b).tolist() == [[2, 2]]


def test_matrix_products() -> None:
    a, b = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 5, 2)
    assert np.allclose(answer("MatMul", a, b), np.einsum("nhik,nhkj->nhij", a, b), atol=1e-5)
    assert torch.allclose(answer("MatMul", a, b.transpose(2, 3), transpose_second=True), answer("MatMul", a, b))
    assert parse_layer("MatMul", {}).formula((4, 5), (5, 2)) == "4×5 with 5×2 gives 4×2"


def test_distances_between_pairs_are_scipys() -> None:
    a, b = torch.randn(4, 7), torch.randn(4, 7)
    pairs = list(zip(a.numpy(), b.numpy(), strict=True))
    found = answer("EuclideanDistance", a, b)
    assert found.shape == (4, 1)
    assert np.allclose(found[:, 0], [distance.euclidean(x, y) for x, y in pairs], atol=1e-5)
    angle = answer("CosineSimilarity", a, b)[:, 0]
    assert np.allclose(angle, [1 - distance.cosine(x, y) for x, y in pairs], atol=1e-5)


def test_equal_vectors_have_a_distance_that_can_be_learned_from() -> None:
    a = torch.ones(1, 3, requires_grad=True)
    answer("EuclideanDistance", a, torch.ones(1, 3)).sum().backward()
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()


def test_rbf_units_are_scikit_learns_kernel() -> None:
    x = torch.randn(5, 3)
    module = parse_layer("RBFUnits", {"out_features": 4, "beta": 0.3}).build((3,))
    with torch.no_grad():
        assert np.allclose(module(x), rbf_kernel(x.numpy(), module.centres.numpy(), gamma=0.3), atol=1e-5)
    squared = parse_layer("RBFUnits", {"out_features": 4, "output": "distance", "trained": False}).build((3,))
    expected = torch.cdist(x, squared.centres).square()
    assert torch.allclose(squared(x), expected, atol=1e-4)
    assert not squared.centres.requires_grad


def test_bilinear_weighs_every_product() -> None:
    a, b = torch.randn(2, 3), torch.randn(2, 4)
    module = parse_layer("Bilinear", {"out_features": 5}).build((3,), (4,))
    expected = np.einsum("na,kab,nb->nk", a, module.weight.detach(), b) + module.bias.detach().numpy()
    assert np.allclose(module(a, b).detach(), expected, atol=1e-5)
    formula = parse_layer("Bilinear", {"out_features": 5}).formula((3,), (4,))
    assert formula == "parameters = 5·(3·4 + 1) = 65"


def test_a_dense_layer_works_along_channels_last_when_told_so() -> None:
    module = parse_layer("Linear", {"out_features": 7, "last_dim": True}).build((3, 4, 5))
    assert torch.allclose(module(X), F.linear(X, module.weight, module.bias))


@pytest.mark.parametrize(
    ("type", "params", "shapes", "words"),
    [
        ("Flatten", {"start_dim": 2, "end_dim": 1}, [(3, 4)], ["end at dimension 1", "starts at 2"]),
        ("Unflatten", {"unflattened_size": (2, 2)}, [(5,)], ["2×2", "5"]),
        ("Permute", {"dims": (1, 2)}, [(3, 4, 5)], ["1, 2", "1, 2, 3"]),
        ("Transpose", {"dim1": 3}, [(3, 4)], ["dimension 3", "1 to 2"]),
        ("Squeeze", {}, [(3, 4)], ["3×4", "size is 4"]),
        ("Squeeze", {}, [(1,)], ["single number"]),
        ("Split", {"sizes": (3, 4)}, [(8, 2, 2)], ["8", "3 + 4 = 7", "Chunk"]),
        ("Chunk", {"chunks": 3}, [(8, 2, 2)], ["8", "3 equal parts"]),
        ("Select", {"index": 8}, [(8, 2)], ["number 8", "0 to 7"]),
        ("Select", {}, [(8,)], ["single number", "8"]),
        ("Slice", {"start": 9}, [(8, 2)], ["keeps nothing", "8"]),
        ("Crop", {"margin": 2}, [(3, 4, 4)], ["4 rows", "4×4"]),
        ("CropLike", {}, [(3, 4, 4), (3, 5, 5)], ["5×5", "4×4"]),
        ("Pad", {"mode": "reflect", "margin": 4}, [(3, 4, 4)], ["reflect", "4×4"]),
        ("Pad", {}, [(8,)], ["8", "picture"]),
        ("PixelShuffle", {}, [(6, 4, 4)], ["4 channels", "6 come in"]),
        ("PixelUnshuffle", {}, [(3, 5, 4)], ["5×4", "2"]),
        ("Upsample", {}, [(8,)], ["picture", "Flatten"]),
        ("Upsample", {"scale_factor": 0.1}, [(3, 4, 4)], ["nothing", "4×4"]),
        ("Subtract", {}, [(3, 4, 4), (3, 5, 4)], ["3×4×4", "3×5×4"]),
        ("MatMul", {}, [(3, 4), (3, 4)], ["3×4", "rows"]),
        ("Maximum", {}, [(3, 4, 4)], ["only one input"]),
        ("EuclideanDistance", {}, [(3,), (4,)], ["3 and 4"]),
        ("Bilinear", {}, [(3, 4, 4), (3,)], ["3×4×4", "Flatten"]),
        ("RBFUnits", {}, [(3, 4, 4)], ["3×4×4", "Flatten"]),
    ],
)
def test_what_does_not_fit_is_said_with_its_numbers(type: str, params: dict, shapes: list, words: list) -> None:
    with pytest.raises(BadInput) as caught:
        parse_layer(type, params).build(*shapes)
    assert all(word in str(caught.value) for word in words), str(caught.value)
