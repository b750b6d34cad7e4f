"""What comes out of a layer: asked of PyTorch itself on the meta device, where tensors have sizes and no values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.cost import NOTHING_HELD, Held, held, multiply_accumulates, parameter_counts
from engine.graph.receptive import UNKNOWN, Step
from engine.graph.slots import in_place, makes_memory
from engine.graph.spec import INPUT, OUTPUT, Shape
from engine.graph.steps import Heeded, step_of
from engine.layers.base import Layer, parse_layer

# Two pictures, so that a layer which mixes up the batch with another dimension shows.
_BATCH = 2
# Anything with more values than this is a slip of the keyboard, and its sizes would overflow in PyTorch.
_LARGEST = 2**40


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a layer cannot be built or run. `parameter` tells a wrong setting from a wrong shape."""

    what: str
    advice: str
    details: str = ""
    parameter: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A layer's answer to inputs of certain shapes; the costs are for one picture.

    Attributes:
        step, heeded: what it does to positions, and for each input whether its values matter (None: all do).
        weights: shapes of its parameters and buffers in their order; two nodes can share weights if these agree.
        held: the memory of its outputs and of what a training step keeps.
        maker, in_place: whether its result is memory of its own, and whether it can be written over its first input.
    """

    output_shapes: tuple[Shape, ...] = ()
    parameters: int = 0
    trainable_parameters: int = 0
    macs: int = 0
    held: Held = NOTHING_HELD
    step: Step = UNKNOWN
    heeded: Heeded = None
    failure: Failure | None = None
    weights: tuple[Shape, ...] = ()
    maker: bool = False
    in_place: bool = False

    @property
    def activation_bytes(self) -> int:
        """Memory of the outputs, without those that are only another view of an input."""
        return sum(self.held.sizes)


def written(shape: Sequence[int]) -> str:
    """(16, 5, 5) as "16×5×5"."""
    return "×".join(str(size) for size in shape) or "a single number"


def facts_of(type: str, params: Mapping[str, Any], input_shapes: Sequence[Shape] = ()) -> Facts:
    """Return what a layer makes of these inputs; asking again costs nothing. Never raises for a bad layer."""
    frozen = params if isinstance(params, FrozenDict) else FrozenDict(params)
    return _facts_of(type, frozen, tuple(tuple(shape) for shape in input_shapes))


@lru_cache(maxsize=16_384)
def _facts_of(type: str, params: FrozenDict, shapes: tuple[Shape, ...]) -> Facts:
    try:
        layer = parse_layer(type, params)
    except BadInput as error:
        return Facts(failure=Failure(error.what, error.advice, error.details, parameter=True))
    try:
        if type == INPUT:
            shape = tuple(layer.shape)  # type: ignore[attr-defined]
            _check_size(type, shape)
            return Facts(output_shapes=(shape,))
        if type == OUTPUT:
            return Facts(output_shapes=shapes[:1])
        with torch.device("meta"), torch.no_grad():
            module = layer.build(*shapes).eval()
            return _run(type, layer, module, shapes)
    except BadInput as error:
        return Facts(failure=Failure(error.what, error.advice, error.details))
    except Exception as error:  # noqa: BLE001 - whatever a layer raises becomes a problem at its node
        given = " and ".join(written(shape) for shape in shapes)
        first = (str(error).strip().splitlines() or [error.__class__.__name__])[0]
        return Facts(
            failure=Failure(
                f"{type} cannot work on {given}: {first.rstrip('.')}.",
                "Change its settings, or the layers before it.",
                details=repr(error),
            )
        )


def _check_size(type: str, shape: Shape) -> None:
    total = 1
    for size in shape:
        total *= size
    if total > _LARGEST:
        raise BadInput(
            f"{type} would hold {written(shape)} = {total:,} values, which no computer can.",
            "Choose smaller sizes.",
        )


def _run(type: str, layer: Layer, module: nn.Module, shapes: tuple[Shape, ...]) -> Facts:
    inputs = [torch.empty((_BATCH, *shape)) for shape in shapes]
    answer = _answer(module, inputs)
    outputs: list[Tensor] = [answer] if isinstance(answer, Tensor) else list(answer)
    sizes = tuple(tuple(out.shape[1:]) for out in outputs)
    for out, size in zip(outputs, sizes, strict=True):
        if out.ndim == 0 or out.shape[0] != _BATCH:
            raise BadInput(
                f"{type} does not keep pictures apart: {_BATCH} go in and a tensor of {written(out.shape)} comes out.",
                "Leave the first dimension, the batch, as it is.",
            )
        if 0 in size:
            raise BadInput(
                f"Nothing is left after {type}: {' and '.join(map(written, shapes))} shrinks to {written(size)}.",
                "Use a smaller kernel or stride, or more padding.",
            )
        _check_size(type, size)
    total, trainable = parameter_counts(module)
    step, heeded = step_of(module, shapes, sizes, layer.build) if shapes else (UNKNOWN, None)
    return Facts(
        output_shapes=sizes,
        parameters=total,
        trainable_parameters=trainable,
        macs=multiply_accumulates(module, inputs, outputs) // _BATCH,
        held=held(module, inputs, outputs, _BATCH),
        step=step,
        heeded=heeded,
        weights=tuple(tuple(weight.shape) for weight in module.state_dict().values()),
        maker=makes_memory(module),
        in_place=in_place(module, len(inputs)) is not None,
    )


def _answer(module: nn.Module, inputs: Sequence[Tensor]) -> Any:
    """What comes out, without values; PyTorch would walk through every step of a sequence to find its size."""
    if not isinstance(module, nn.RNNBase):
        return module(*inputs)
    kept = inputs[0].shape[: 2 if module.output == "all" else 1]
    return inputs[0].new_empty((*kept, module.hidden_size * (1 + module.bidirectional)))


def warm_up() -> None:
    """Use the meta device once for what costs seconds at the first time, so that the first drawing does not wait."""
    picture = (3, 8, 8)
    for type in ("Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Add", "Flatten"):
        facts_of(type, {}, (picture, picture) if type == "Add" else (picture,))
    facts_of("Linear", {}, ((8,),))
