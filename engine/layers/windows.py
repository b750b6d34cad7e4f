"""What every layer with a window has to know: the rank that it needs, the reach of its kernel, whether it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.layers.fields import Sizes, per_axis

if TYPE_CHECKING:
    from engine.graph.spec import Shape

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
_KINDS = {1: "sequence", 2: "picture", 3: "volume"}
_NUMBERS = {2: "two", 3: "three", 4: "four"}


def shown(shape: Shape) -> str:
    """A shape in a sentence: "16×5×5"."""
    return "×".join(str(size) for size in shape) or "a single number"


def spatial_shape(layer: str, shape: Shape, axes: int) -> Shape:
    """The shape itself, or `BadInput` when it does not have channels and `axes` further sizes."""
    if len(shape) == axes + 1:
        return shape
    wanted = " × ".join(("channels", *AXES[axes]))
    raise BadInput(
        f"{layer} expects a {_KINDS[axes]} ({wanted}) but gets {shown(shape)}.",
        _advice(layer, shape, axes),
    )


def _advice(layer: str, shape: Shape, axes: int) -> str:
    reshape = f"insert a Reshape that gives {_NUMBERS[axes + 1]} sizes"
    if len(shape) < 2:
        return f"Move it before Flatten, or {reshape}."
    stem = layer.removesuffix(f"{axes}d")
    if stem != layer and len(shape) - 1 in AXES:
        return f"Use {stem}{len(shape) - 1}d, or {reshape}."
    return f"{reshape[0].upper()}{reshape[1:]}."


def picture_shape(layer: str, shape: Shape) -> tuple[int, int, int]:
    """(channels, height, width), or `BadInput` when the input is not a picture."""
    channels, height, width = spatial_shape(layer, shape, 2)
    return channels, height, width


def effective(kernel: Sizes, dilation: Sizes, axes: int = 2) -> tuple[int, ...]:
    """The reach of a dilated kernel, D(F − 1) + 1, on each axis."""
    return tuple(d * (f - 1) + 1 for f, d in zip(per_axis(kernel, axes), per_axis(dilation, axes), strict=True))


def check_fits(layer: str, size: tuple[int, ...], kernel: tuple[int, ...], padding: tuple[int, ...]) -> None:
    """Raise `BadInput` when the kernel is larger than the padded input."""
    padded = tuple(s + 2 * p for s, p in zip(size, padding, strict=True))
    if any(k > s for k, s in zip(kernel, padded, strict=True)):
        where = "with its padding" if any(padding) else "without padding"
        raise BadInput(
            f"{layer} has a {shown(kernel)} kernel but its input is only {shown(padded)} {where}.",
            "Choose a smaller kernel, add padding, or remove a stride or pooling above it.",
        )


def check_groups(layer: str, channels: int, filters: int, groups: int) -> None:
    """Raise `BadInput` when the channels that come in or go out cannot be split into `groups` equal parts."""
    if channels % groups or filters % groups:
        raise BadInput(
            f"{layer} cannot split {channels} input channels and {filters} filters into {groups} equal groups.",
            "Choose a number of groups that divides both.",
        )


def output_lines(size: Shape, reach: tuple[int, ...], padding: tuple[int, ...], stride: tuple[int, ...]) -> list[str]:
    """⌊(W − F + 2P)/S⌋ + 1 for each axis, with the numbers put in."""
    names = AXES[len(size)]
    return [
        f"{name} = ⌊({w} − {f} + 2·{p})/{s}⌋ + 1 = {(w - f + 2 * p) // s + 1}"
        for name, w, f, p, s in zip(names, size, reach, padding, stride, strict=True)
    ]
