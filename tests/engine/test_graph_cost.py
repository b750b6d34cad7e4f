"""Multiply-accumulates agree with PyTorch's counter, and memory with what autograd and the allocator really hold."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine.graph.shapes import facts_of
from engine.layers.base import LAYERS
from tests.helpers.layer_samples import sample_inputs


@pytest.mark.parametrize("id", [id for id in LAYERS if id not in ("Input", "Output")])
def test_every_layer_costs_what_the_flop_counter_says(id: str) -> None:
    layer = LAYERS.get(id)()
    inputs = sample_inputs(id, layer)
    shapes = [tuple(one.shape[1:]) for one in inputs]
    facts = facts_of(id, {}, shapes)
    with torch.device("meta"):  # on the processor a recurrent layer is one step that the counter cannot look into
        module = layer.build(*shapes).eval()
    with FlopCounterMode(display=False) as counter:
        module(*(one.to("meta") for one in inputs))
    assert facts.macs == counter.get_total_flops() // 2 // len(inputs[0])


@pytest.mark.parametrize("id", [id for id in LAYERS if id not in ("Input", "Output")])
def test_working_out_a_layer_leaves_the_random_state_alone(id: str) -> None:
    layer = LAYERS.get(id)()
    shapes = [tuple(one.shape[1:]) for one in sample_inputs(id, layer)]
    facts_of.__globals__["_facts_of"].cache_clear()
    before = torch.get_rng_state()
    facts_of(id, {}, shapes)
    assert torch.equal(torch.get_rng_state(), before)
