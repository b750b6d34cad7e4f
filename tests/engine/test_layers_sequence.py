"""Recurrent layers and attention against numpy loops written from their equations, and against PyTorch's modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit as sigmoid
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from engine.errors import BadInput
from engine.graph.shapes import facts_of
from engine.layers.base import parse_layer


def built(type: str, *shapes: tuple[int, ...], **params: Any) -> nn.Module:
    torch.manual_seed(0)
    return parse_layer(type, params).build(*shapes).double().eval()


def sequence(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(2).standard_normal(shape))


Weights = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def rnn_step(x: np.ndarray, h: np.ndarray, c: np.ndarray, w: Weights) -> tuple[np.ndarray, np.ndarray]:
    return np.tanh(w[0] @ x + w[2] + w[1] @ h + w[3]), c


def lstm_step(x: np.ndarray, h: np.ndarray, c: np.ndarray, w: Weights) -> tuple[np.ndarray, np.ndarray]:
    i, f, g, o = np.split(w[0] @ x + w[2] + w[1] @ h + w[3], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x: np.ndarray, h: np.ndarray, c: np.ndarray, w: Weights) -> tuple[np.ndarray, np.ndarray]:
    (xr, xz, xn), (hr, hz, hn) = np.split(w[0] @ x + w[2], 3), np.split(w[1] @ h + w[3], 3)
    z, n = sigmoid(xz + hz), np.tanh(xn + sigmoid(xr + hr) * hn)
    return (1 - z) * n + z * h, c


STEPS = {"RNN": rnn_step, "LSTM": lstm_step, "GRU": gru_step}


def states(type: str, x: np.ndarray, w: Weights) -> np.ndarray:
    """The state after every step, read from the equations."""
    h = c = np.zeros(w[1].shape[1])
    found = []
    for one in x:
        h, c = STEPS[type](one, h, c, w)
        found.append(h)
    return np.array(found)


def weights(module: nn.Module, end: str) -> Weights:
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    a, b, c, d = (getattr(module, f"{kind}_{end}").detach().numpy() for kind in kinds)
    return a, b, c, d


@pytest.mark.parametrize("type", list(STEPS))
def test_two_layers_in_both_directions_follow_the_equations(type: str) -> None:
    x = sequence(5, 3)
    params = {"hidden_size": 4, "num_layers": 2, "bidirectional": True}
    every = built(type, (5, 3), **params)
    last = built(type, (5, 3), output="last", **params)
    below: np.ndarray = x.numpy()
    for layer in range(2):
        forth = states(type, below, weights(every, f"l{layer}"))
        back = states(type, below[::-1], weights(every, f"l{layer}_reverse"))[::-1]
        below = np.concatenate([forth, back], 1)
    with torch.no_grad():
        assert np.allclose(every(x[None])[0], below)
        ends = np.concatenate([forth[-1], back[0]])  # each direction has read everything at its own end
        assert np.allclose(last(x[None])[0], ends)


@pytest.mark.parametrize(("type", "gates"), [("RNN", 1), ("LSTM", 4), ("GRU", 3)])
@pytest.mark.parametrize("ways", [1, 2])
def test_parameters_are_the_formula_and_stand_on_the_card(type: str, gates: int, ways: int) -> None:
    params = {"hidden_size": 6, "num_layers": 3, "bidirectional": ways == 2}
    first = ways * gates * 6 * (5 + 6 + 2)
    further = ways * gates * 6 * (6 * ways + 6 + 2)
    total = first + 2 * further
    assert sum(p.numel() for p in built(type, (7, 5), **params).parameters()) == total
    assert f"parameters = {total:,}" in parse_layer(type, params).formula((7, 5))
    single = parse_layer(type, {"hidden_size": 6, "bias": False})
    assert f"= {gates * 6 * 11:,}" in single.formula((7, 5))
    assert sum(p.numel() for p in single.build((7, 5)).parameters()) == gates * 6 * 11


@pytest.mark.parametrize("type", list(STEPS))
@pytest.mark.parametrize("output", ["all", "last"])
def test_a_long_sequence_costs_what_a_short_one_does_step_by_step(type: str, output: str) -> None:
    """PyTorch's counter walks through every step; a thousand of them are counted without."""
    params = {"hidden_size": 6, "num_layers": 2, "bidirectional": True, "output": output}
    with torch.device("meta"):
        module = parse_layer(type, params).build((3, 5))
    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, 3, 5, device="meta"))
    short, long, longer = (facts_of(type, params, ((steps, 5),)) for steps in (3, 999, 1998))
    assert short.macs == counter.get_total_flops() // 2
    assert long.macs == 333 * short.macs
    assert long.output_shapes == ((999, 12) if output == "all" else (12,),)
    assert longer.held.extra == pytest.approx(2 * long.held.extra, rel=0.01)


@pytest.mark.parametrize("type", list(STEPS))
def test_weights_have_pytorchs_names(type: str) -> None:
    ours = built(type, (5, 3), hidden_size=4, num_layers=2, bidirectional=True)
    theirs = getattr(nn, type)(3, 4, 2, bidirectional=True, batch_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    x = sequence(2, 5, 3)
    assert torch.allclose(ours(x), theirs(x)[0])


@pytest.mark.parametrize("type", list(STEPS))
def test_a_cell_step_by_step_is_the_layer(type: str) -> None:
    layer = built(type, (4, 3), hidden_size=6)
    shapes = ((3,), (6,), (6,)) if type == "LSTM" else ((3,), (6,))
    cell = built(f"{type}Cell", *shapes)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    x = sequence(2, 4, 3)
    h, c = torch.zeros(2, 6).double(), torch.zeros(2, 6).double()
    for step in range(4):
        h, c = cell(x[:, step], h, c) if type == "LSTM" else (cell(x[:, step], h), c)
        assert torch.allclose(h, layer(x)[:, step])
    layer_formula = parse_layer(f"{type}Cell", {}).formula(*shapes)
    assert f"= {sum(p.numel() for p in cell.parameters()):,}" in layer_formula


def test_a_bounded_recurrence_can_rectify() -> None:
    assert built("RNN", (4, 3), nonlinearity="relu")(sequence(1, 4, 3)).min() == 0
    assert parse_layer("RNN", {"nonlinearity": "relu"}).formula((4, 3)).startswith("h = max(0, W·x + b + U·h₋ + c)")


@pytest.mark.parametrize("widths", [(8, 8, 8), (8, 6, 4)])
def test_attention_is_pytorchs_with_the_same_weights(widths: tuple[int, int, int]) -> None:
    shapes = tuple((count, width) for count, width in zip((3, 5, 5), widths, strict=True))
    ours = built("MultiHeadAttention", *shapes, num_heads=2, need_weights=True)
    theirs = nn.MultiheadAttention(8, 2, kdim=widths[1], vdim=widths[2], batch_first=True).double().eval()
    torch.nn.init.normal_(theirs.in_proj_bias)
    ours.load_state_dict(theirs.state_dict())
    quiet = built("MultiHeadAttention", *shapes, num_heads=2)
    quiet.load_state_dict(theirs.state_dict())
    q, k, v = (sequence(2, *shape) for shape in shapes)
    expected, attention = theirs(q, k, v)
    out, found = ours(q, k, v)
    assert torch.allclose(out, expected)
    assert torch.allclose(found, attention)
    assert torch.allclose(quiet(q, k, v), expected)
    facts = facts_of("MultiHeadAttention", {"num_heads": 2, "need_weights": True}, shapes)
    assert facts.output_shapes == ((3, 8), (3, 5))
    formula = parse_layer("MultiHeadAttention", {"num_heads": 2}).formula(*shapes)
    assert f"= {sum(p.numel() for p in ours.parameters()):,}" in formula


def test_self_attention_is_softmax_of_scaled_products_written_out() -> None:
    module = built("SelfAttention", (4, 6), num_heads=1)
    x = sequence(4, 6)
    w, b = module.in_proj_weight.detach().numpy(), module.in_proj_bias.detach().numpy()
    q, k, v = (x.numpy() @ part.T + bias for part, bias in zip(np.split(w, 3), np.split(b, 3), strict=True))
    scores = np.exp(q @ k.T / np.sqrt(6))
    mixed = scores / scores.sum(1, keepdims=True) @ v
    expected = mixed @ module.out_proj.weight.detach().numpy().T + module.out_proj.bias.detach().numpy()
    assert np.allclose(module(x[None])[0].detach(), expected)


def test_patches_are_read_row_by_row() -> None:
    module = built("PatchEmbedding", (3, 8, 12), patch_size=4, embed_dim=5)
    x = sequence(3, 8, 12)
    matrix, bias = module.projection.weight.detach().flatten(1).numpy(), module.projection.bias.detach().numpy()
    patches = [x[:, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4].flatten().numpy() for i in range(2) for j in range(3)]
    assert np.allclose(module(x[None])[0].detach(), np.array(patches) @ matrix.T + bias)


def test_a_vision_transformers_patches_are_the_papers() -> None:
    """ViT-B/16 at 224×224: 14·14 = 196 tokens, 768·(16·16·3 + 1) = 590,592 parameters."""
    layer = parse_layer("PatchEmbedding", {"patch_size": 16, "embed_dim": 768})
    facts = facts_of("PatchEmbedding", layer.model_dump(), ((3, 224, 224),))
    assert (facts.output_shapes, facts.parameters) == (((196, 768),), 590_592)
    assert "= 196" in layer.formula((3, 224, 224))


def test_the_class_token_stands_in_front_and_queries_follow_the_batch() -> None:
    token = built("ClassToken", (4, 6))
    torch.nn.init.normal_(token.token)
    x = sequence(2, 4, 6)
    out = token(x)
    assert torch.equal(out[:, 1:], x)
    assert torch.equal(out[0, 0], out[1, 0])
    queries = built("LearnedQueries", (4, 6), count=3)
    assert queries(x).shape == (2, 3, 6)
    assert built("LearnedQueries", (4, 6), count=3, embed_dim=2)(x).shape == (2, 3, 2)


def test_sinusoidal_positions_are_vaswanis() -> None:
    module = built("PositionalEmbedding", (5, 8), kind="sinusoidal", output="position")
    table = module(torch.zeros(1, 5, 8).double())[0]
    for t in range(5):
        for i in range(4):
            angle = t / 10_000 ** (2 * i / 8)
            assert table[t, 2 * i].item() == pytest.approx(np.sin(angle), abs=1e-6)
            assert table[t, 2 * i + 1].item() == pytest.approx(np.cos(angle), abs=1e-6)


def test_positions_of_a_picture_say_row_and_column() -> None:
    module = built("PositionalEmbedding", (8, 4, 6), kind="sinusoidal")
    x = sequence(2, 8, 4, 6)
    table = module(x)[0] - x[0]
    rows = built("PositionalEmbedding", (4, 4), kind="sinusoidal")(torch.zeros(1, 4, 4).double())[0]
    columns = built("PositionalEmbedding", (6, 4), kind="sinusoidal")(torch.zeros(1, 6, 4).double())[0]
    assert torch.allclose(table[:4], rows.T[:, :, None].expand(-1, -1, 6))
    assert torch.allclose(table[4:], columns.T[:, None, :].expand(-1, 4, -1))


def test_learned_positions_are_added() -> None:
    module = built("PositionalEmbedding", (5, 8))
    x = sequence(2, 5, 8)
    assert torch.allclose(module(x) - x, module.embedding.expand(2, -1, -1))
    alone = built("PositionalEmbedding", (5, 8), output="position")
    assert torch.equal(alone(x), alone.embedding.expand(2, -1, -1))
    assert "= 40" in parse_layer("PositionalEmbedding", {}).formula((5, 8))


def test_an_embedding_looks_up_rows_whatever_type_the_numbers_have() -> None:
    module = parse_layer("Embedding", {"num_embeddings": 7, "embedding_dim": 3}).build((4,))
    numbers = torch.tensor([[0, 6, 2, 2]])
    expected = nn.functional.one_hot(numbers, 7).float() @ module.weight
    assert torch.equal(module(numbers.float()), module(numbers))
    assert torch.allclose(module(numbers), expected)


@pytest.mark.parametrize(
    ("type", "params", "shapes", "words"),
    [
        ("LSTM", {}, [(3, 8, 8)], ["steps × features", "3×8×8", "Reshape"]),
        ("RNN", {}, [(8,)], ["steps × features", "8"]),
        ("GRU", {"dropout": 0.5}, [(5, 8)], ["dropout 0.5", "single layer"]),
        ("LSTMCell", {}, [(3,), (4,), (5,)], ["hidden state of 4", "cell state of 5"]),
        ("RNNCell", {}, [(5, 3), (4,)], ["vectors", "5×3", "Select"]),
        ("SelfAttention", {}, [(8, 4, 4)], ["tokens × width", "8×4×4", "PatchEmbedding"]),
        ("MultiHeadAttention", {}, [(3, 6), (5, 6), (5, 6)], ["width of 6", "4 heads"]),
        ("MultiHeadAttention", {}, [(3, 8), (5, 8), (4, 8)], ["5 keys", "4 values"]),
        ("PatchEmbedding", {"patch_size": 3}, [(3, 8, 8)], ["8×8", "3×3"]),
        ("ClassToken", {}, [(3, 8, 8)], ["tokens × width", "3×8×8"]),
        ("PositionalEmbedding", {}, [(8,)], ["8", "Reshape"]),
        ("PositionalEmbedding", {"kind": "sinusoidal"}, [(5, 7)], ["2 divides", "7"]),
    ],
)
def test_what_is_no_sequence_is_said_with_its_numbers(type: str, params: dict, shapes: list, words: list) -> None:
    with pytest.raises(BadInput) as caught:
        parse_layer(type, params).build(*shapes)
    assert all(word in str(caught.value) for word in words), str(caught.value)
