"""Layers whose ports follow their settings, drawn, compiled and run in networks."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from engine.gallery.base import Drawing
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network


def test_parts_that_are_split_take_their_own_ways_and_meet_again() -> None:
    net = Drawing("Split and join")
    parts = net.node("Split", "split", net.input(6, 4, 4), sizes=(1, 2, 3))
    left = net.node("ReLU", "relu", f"{parts}:out2")
    spec = net.output(net.node("Concatenate", "join", [f"{parts}:out3", left, f"{parts}:out1"]))
    assert not analyse(spec).errors
    x = torch.randn(2, 6, 4, 4)
    expected = torch.cat([x[:, 3:], x[:, 1:3].relu(), x[:, :1]], 1)
    assert torch.equal(compile_network(spec)(x), expected)


def test_switches_travel_beside_the_values() -> None:
    """The pair of SegNet: pooling tells unpooling where its maxima stood."""
    net = Drawing("Switches")
    start = net.input(3, 8, 8)
    pool = net.node("MaxPool2d", "pool", start, return_indices=True)
    half = net.node("Sigmoid", "sigmoid", f"{pool}:out")
    spec = net.output(net.node("MaxUnpool2d", "unpool", {"in": half, "indices": f"{pool}:indices"}))
    assert not analyse(spec).errors
    x = torch.randn(2, 3, 8, 8)
    values, switches = F.max_pool2d(x, 2, return_indices=True)
    assert torch.equal(compile_network(spec)(x), F.max_unpool2d(values.sigmoid(), switches, 2))


def test_attention_weights_are_a_result_of_their_own() -> None:
    net = Drawing("Attention map")
    start = net.input(5, 8)
    attention = net.node("SelfAttention", "attention", start, need_weights=True)
    spec = net.outputs({"tokens": f"{attention}:out", "map": f"{attention}:weights"})
    assert analyse(spec).output == ((5, 8), (5, 5))
    _, weights = compile_network(spec).eval()(torch.randn(2, 5, 8))
    assert torch.allclose(weights.sum(2), torch.ones(2, 5), atol=1e-6)


def test_an_lstm_unrolled_with_shared_weights_is_the_layer() -> None:
    """Four cells that share one set of weights, drawn step by step, read as the LSTM does."""
    steps, width, hidden = 4, 3, 6
    net = Drawing("Unrolled")
    sequence = net.input(steps, width, id="sequence")
    h, c = net.input(hidden, id="h0"), net.input(hidden, id="c0")
    for step in range(steps):
        one = net.node("Select", f"x{step}", sequence, index=step)
        wires = {"in": one, "hidden": h, "cell": c}
        cell = net.node("LSTMCell", "cell0", wires) if step == 0 else net.shared(f"cell{step}", "cell0", wires)
        h, c = f"{cell}:hidden", f"{cell}:cell"
    spec = net.output(h)
    unrolled = compile_network(spec)
    assert sum(p.numel() for p in unrolled.parameters()) == 4 * hidden * (width + hidden + 2)
    layer = torch.nn.LSTM(width, hidden, batch_first=True)
    layer.load_state_dict({f"{key}_l0": value for key, value in unrolled.module_of("cell0").state_dict().items()})
    x, zero = torch.randn(2, steps, width), torch.zeros(2, hidden)
    assert torch.allclose(unrolled(x, zero, zero), layer(x)[0][:, -1], atol=1e-6)
