"""What a module costs: parameters, multiply-accumulates, and the memory of what it makes and keeps.

Counts come from the built module and the tensors that it returned on the meta device, so no layer states its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.backends.mha import set_fastpath_enabled
from torch.utils.flop_counter import FlopCounterMode

FLOAT_BYTES = 4
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
# Modules of PyTorch that hold no matrix product, although they may hold weights.
_NO_PRODUCTS = ("activation", "batchnorm", "channelshuffle", "dropout", "flatten", "instancenorm", "normalization",
                "padding", "pixelshuffle", "pooling", "upsampling")  # fmt: skip
# What autograd keeps of the usual layers, as the measurement below finds it too, a hundred times slower.
_KEEP_INPUT = (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.AvgPool2d,
               nn.GELU, nn.SiLU, nn.Hardswish, nn.Hardsigmoid, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.PReLU)  # fmt: skip
_KEEP_OUTPUT = (nn.ReLU, nn.Sigmoid, nn.Tanh, nn.Softmax)
_KEEP_NOTHING = ("Add", "Concatenate", "Flatten", "Identity", "Upsample", "ZeroPad2d")
_INDEX_BYTES = 8
# Steps of a sequence that a recurrent layer is tried out with; PyTorch walks through each on the meta device.
_LONG = 8


@dataclass(frozen=True, slots=True)
class Held:
    """The memory of one call, for one picture.

    Attributes:
        sizes: bytes of each output; 0 for one that is another view of an input.
        aliases: for each output the input whose memory it is, or None.
        kept_inputs, kept_outputs: those that autograd keeps for the backward pass.
        extra: bytes that it keeps besides, such as the switches of a max pooling and the mask of a dropout.
    """

    sizes: tuple[int, ...] = ()
    aliases: tuple[int | None, ...] = ()
    kept_inputs: tuple[int, ...] = ()
    kept_outputs: tuple[int, ...] = ()
    extra: int = 0


NOTHING_HELD = Held()


def parameter_counts(module: nn.Module) -> tuple[int, int]:
    """(all, trainable) numbers in the module's parameters."""
    weights = list(module.parameters())
    return sum(p.numel() for p in weights), sum(p.numel() for p in weights if p.requires_grad)


def multiply_accumulates(module: nn.Module, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
    """Multiply-accumulates of one forward call: half of what `torch.utils.flop_counter` counts.

    The usual modules are counted by their formula, a hundred times faster; anything else is run under the counter,
    which sees matrix products, convolutions and attention. Element by element work such as adding is not counted.
    """
    kind = type(module)
    if kind in (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear):
        # Each output of a convolution or dense layer, and each input of a transposed one, takes part in as many
        # products as the weight has numbers behind its first dimension.
        ends = inputs if kind in _TRANSPOSED else outputs
        return ends[0].numel() * math.prod(module.get_parameter("weight").shape[1:])
    if isinstance(module, nn.RNNBase):
        steps = inputs[0].numel() // inputs[0].shape[-1]
        return steps * sum(part.numel() for name, part in module.named_parameters() if name.startswith("weight"))
    home, _, family = kind.__module__.rpartition(".")
    if kind is nn.Identity or (
        home == "torch.nn.modules" and family in _NO_PRODUCTS and kind is not nn.MultiheadAttention
    ):
        return 0
    return counted(module, inputs)


def counted(module: nn.Module, inputs: Sequence[Tensor]) -> int:
    """The same by `torch.utils.flop_counter`, without the fast path of attention, which it does not see."""
    fast = torch.backends.mha.get_fastpath_enabled()
    set_fastpath_enabled(False)
    try:
        # The counter watches gradients, and without them trips over a module that hands out a weight as it is.
        with torch.enable_grad(), FlopCounterMode(display=False) as counter:
            module(*inputs)
    finally:
        set_fastpath_enabled(fast)
    return counter.get_total_flops() // 2


def held(module: nn.Module, inputs: Sequence[Tensor], outputs: Sequence[Tensor], batch: int) -> Held:
    """What the outputs take and what a training step keeps, in bytes for one of `batch` pictures."""
    memory = [tensor.untyped_storage()._cdata for tensor in inputs]
    aliases = [memory.index(place) if (place := out.untyped_storage()._cdata) in memory else None for out in outputs]
    sizes = tuple(
        out.numel() * out.element_size() // batch if alias is None else 0
        for out, alias in zip(outputs, aliases, strict=True)
    )
    kind, first = type(module), outputs[0].numel() // batch
    if kind in _KEEP_INPUT:
        return Held(sizes, tuple(aliases), (0,))
    if kind in _KEEP_OUTPUT:
        return Held(sizes, tuple(aliases), (), (0,))
    if kind.__name__ in _KEEP_NOTHING and len({tensor.shape for tensor in inputs}) == 1:
        return Held(sizes, tuple(aliases))
    if isinstance(module, nn.MaxPool2d):
        if len(outputs) > 1:
            return Held(sizes, tuple(aliases), (0,), (1,))
        return Held(sizes, tuple(aliases), (0,), (), first * _INDEX_BYTES)
    if isinstance(module, nn.Dropout):
        return Held(sizes, tuple(aliases), (), (), first * FLOAT_BYTES if 0 < module.p < 1 else 0)
    if isinstance(module, nn.RNNBase) and inputs[0].shape[1] > _LONG:
        return _continued(module, inputs[0], sizes, tuple(aliases), batch)
    return _measured(module, inputs, sizes, tuple(aliases), batch)


def _continued(
    module: nn.RNNBase, sequence: Tensor, sizes: tuple[int, ...], aliases: tuple[int | None, ...], batch: int
) -> Held:
    """What a long sequence keeps, from two short ones: every further step keeps as much as the one before."""
    less, more = (
        _measured(module, [sequence[:, :steps].clone()], sizes, aliases, batch) for steps in (_LONG // 2, _LONG)
    )
    each = (more.extra - less.extra) // (_LONG - _LONG // 2)
    return replace(more, extra=more.extra + (sequence.shape[1] - _LONG) * each)


def _measured(
    module: nn.Module, inputs: Sequence[Tensor], sizes: tuple[int, ...], aliases: tuple[int | None, ...], batch: int
) -> Held:
    """Run a training step's forward on the meta device and look what autograd puts aside."""
    kept: dict[int, int] = {}
    alive: list[Tensor] = []  # or the address of one that is gone would be given to another

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        alive.append(tensor)
        return tensor

    try:
        fresh = [one.detach().clone().requires_grad_(one.is_floating_point()) for one in inputs]
        module.train()
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, _same):
            answer = module(*fresh)
    except Exception:  # noqa: BLE001 - what cannot be trained on the meta device is taken to keep what it was given
        return Held(sizes, aliases, tuple(range(len(inputs))))
    finally:
        module.eval()
    results = [answer] if isinstance(answer, Tensor) else list(answer)
    weights = {one.untyped_storage()._cdata for one in (*module.parameters(), *module.buffers())}
    ins = [one.untyped_storage()._cdata for one in fresh]
    outs = [one.untyped_storage()._cdata for one in results]
    extra = sum(size for place, size in kept.items() if place not in weights and place not in (*ins, *outs))
    return Held(
        sizes,
        aliases,
        tuple(number for number, place in enumerate(ins) if place in kept),
        tuple(number for number, place in enumerate(outs) if place in kept and place not in ins),
        extra // batch,
    )


def _same(tensor: Tensor) -> Tensor:
    return tensor
