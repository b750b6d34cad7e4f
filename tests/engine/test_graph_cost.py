"""Multiply-accumulates agree with PyTorch's counter, and memory with what autograd and the allocator really hold."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from engine.gallery import GALLERY, open_network
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.shapes import facts_of
from engine.graph.spec import NetworkSpec
from engine.layers.base import LAYERS
from tests.helpers.gallery_samples import small
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


# --- whole networks ---------------------------------------------------------------------------------------------------

SWIFT = ("lenet5", "mobilenet_v2", "resnet18", "recurrent_conv", "siamese", "lstm", "birnn", "cnn_lstm", "detr_small")


def counted(spec: NetworkSpec) -> int:
    """Multiply-accumulates by PyTorch's counter, on the meta device, without the fast path that it does not see."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.device("meta"):
            net = compile_network(spec).eval()
            inputs = [torch.empty(2, *node.params["shape"]) for node in spec.inputs]
            with FlopCounterMode(display=False) as counter:
                net(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return counter.get_total_flops() // 2 // 2


@pytest.mark.parametrize("id", SWIFT)
def test_a_network_costs_what_the_flop_counter_says(id: str) -> None:
    spec = open_network(id)
    assert analyse(spec).totals.macs == counted(spec) > 0


@pytest.mark.slow
@pytest.mark.parametrize("id", [id for id in GALLERY if id not in SWIFT])
def test_every_network_costs_what_the_flop_counter_says(id: str) -> None:
    spec = open_network(id)
    assert analyse(spec).totals.macs == counted(spec) > 0


# --- memory -----------------------------------------------------------------------------------------------------------

BATCH = 4
REMEMBERED = ("lenet5_modern", "resnet18", "mobilenet_v3_small", "googlenet", "densenet121", "unet", "recurrent_conv")


def kept_by_autograd(spec: NetworkSpec) -> float:
    """Bytes for one picture that a forward in training mode leaves behind for the backward pass, without weights."""
    net = compile_network(spec).train()
    inputs = [torch.rand(BATCH, *node.params["shape"]) for node in spec.inputs]
    weights = {one.untyped_storage()._cdata for one in (*net.parameters(), *net.buffers())}
    kept: dict[int, int] = {}
    alive: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        alive.append(tensor)
        storage = tensor.untyped_storage()
        # Statistics of a batch norm belong to the batch and not to a picture.
        if storage._cdata not in weights and tensor.ndim > 1:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        net(*inputs)
    return sum(kept.values()) / BATCH


@pytest.mark.parametrize("id", REMEMBERED)
def test_memory_for_training_is_what_autograd_keeps(id: str) -> None:
    spec = small(id)
    said, measured = analyse(spec).totals.training_bytes, kept_by_autograd(spec)
    assert said == pytest.approx(measured, rel=0.01)


class _Alive(TorchDispatchMode):
    """The most bytes of new tensors that are alive at the same time."""

    def __init__(self, before: Iterable[Tensor]) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in before}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        for tensor in answer if isinstance(answer, tuple | list) else [answer]:
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in self._known:
                storage = tensor.untyped_storage()
                self._known.add(storage._cdata)
                self.now += storage.nbytes()
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        return answer

    def _gone(self, place: int, size: int) -> None:
        self._known.discard(place)
        self.now -= size


@pytest.mark.parametrize("id", ["lenet5_modern", "resnet18", "mobilenet_v1", "googlenet", "densenet121", "unet"])
def test_memory_in_use_is_what_is_alive_at_once(id: str) -> None:
    spec = small(id)
    net = compile_network(spec).eval()
    shape = spec.inputs[0].params["shape"]
    picture = torch.rand(1, *shape)
    with torch.no_grad(), _Alive([picture, *net.parameters(), *net.buffers()]) as alive:
        net(picture)
    said = analyse(spec).totals.inference_bytes - picture.nbytes
    assert said == pytest.approx(alive.most, rel=0.02)
