"""Kernels that are larger than what they are to slide over, and channels that groups do not divide."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import Any

from engine.graph.problems.base import View, register, title, try_layer
from engine.graph.problems.search import around
from engine.graph.repairs import set_param, take_out
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import NodeSpec, Shape
from engine.layers.base import LAYERS, Layer, layer_of


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _padding(layer: Any, reach: tuple[int, int]) -> tuple[int, int]:
    """Rows added on each side, as numbers."""
    padding = getattr(layer, "padding", 0)
    if padding == "full":
        return reach[0] - 1, reach[1] - 1
    if padding == "same":
        return reach[0] // 2, reach[1] // 2
    return (0, 0) if padding == "valid" else _pair(padding)


@register("kernel-too-large")
def kernel_too_large(view: View) -> Iterator[Problem]:
    """A window that does not fit into the padded picture."""
    for node, shapes in view.failed():
        if "kernel_size" not in LAYERS.get(node.type).model_fields or [len(s) for s in shapes] != [3]:
            continue
        layer: Any = layer_of(node)
        size = (shapes[0][1], shapes[0][2])
        dilation = _pair(getattr(layer, "dilation", 1))
        kernel = _pair(layer.kernel_size)
        reach = (dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1)
        padding = _padding(layer, reach)
        padded = (size[0] + 2 * padding[0], size[1] + 2 * padding[1])
        if reach[0] <= padded[0] and reach[1] <= padded[1]:
            continue
        spread = f" (spread to {written(reach)} by dilation)" if reach != kernel else ""
        border = f", {written(padded)} with padding" if any(padding) else ""
        yield Problem(
            "error",
            "kernel-too-large",
            node.id,
            f"{title(node)} has a {written(kernel)} kernel{spread} but its input is only {written(size)}{border}.",
            "Make the kernel smaller, add padding, or take a stride or a pooling away above it.",
            tuple(_smaller(view, node, layer, shapes[0], kernel, padded, padding)),
        )


def _smaller(
    view: View,
    node: NodeSpec,
    layer: Layer,
    shape: Shape,
    kernel: tuple[int, int],
    padded: tuple[int, int],
    padding: tuple[int, int],
) -> Iterator[Repair]:
    fields = type(layer).model_fields

    def works(**changes: Any) -> bool:
        return try_layer(node.type, {**node.params, **changes}, (shape,)) is not None

    for name in ("kernel_size", "dilation"):
        # Where the layers around are alike in this, the large number is most likely a slip.
        fits = [value for value in (around(view, node, name) if name in node.params else ()) if works(**{name: value})]
        if fits:
            yield set_param(node.id, name, fits[0])
    if "dilation" in fields and works(dilation=1):
        yield set_param(node.id, "dilation", 1)
    if node.type == "Conv2d" and works(padding="same"):
        yield set_param(node.id, "padding", "same", f"Give {node.id} the padding same")
    fitting = (min(kernel[0], padded[0]), min(kernel[1], padded[1]))
    sizes = [(k - 1 if k % 2 == 0 and k > 1 else k) for k in fitting] if node.type == "Conv2d" else list(fitting)
    best: int | tuple[int, ...] = sizes[0] if sizes[0] == sizes[1] else tuple(sizes)
    if works(kernel_size=best):
        yield set_param(node.id, "kernel_size", best, f"Make the kernel of {node.id} {written(sizes)}")
    elif works(kernel_size=1):
        yield set_param(node.id, "kernel_size", 1, f"Make the kernel of {node.id} 1×1")
    yield take_out(node.id)


@register("pool-padding")
def pool_padding(view: View) -> Iterator[Problem]:
    """A pooling window with more padding than half of it."""
    for node, shapes in view.failed("MaxPool2d", "AvgPool2d"):
        layer: Any = layer_of(node)
        kernel, padding = _pair(layer.kernel_size), _pair(layer.padding)
        if all(2 * p <= k for k, p in zip(kernel, padding, strict=True)):
            continue
        most = min(kernel) // 2
        works = try_layer(node.type, {**node.params, "padding": most}, shapes)
        yield Problem(
            "error",
            "pool-padding",
            node.id,
            f"{title(node)} has padding {written(padding)}, more than half of its {written(kernel)} window.",
            f"Use at most {most}.",
            (*([set_param(node.id, "padding", most)] if works else []), take_out(node.id)),
        )


@register("groups")
def groups(view: View) -> Iterator[Problem]:
    """Channels that cannot be split into equal groups."""
    for node, shapes in view.failed("Conv2d"):
        layer: Any = layer_of(node)
        channels, filters, count = shapes[0][0], layer.out_channels, layer.groups
        if len(shapes[0]) != 3 or (channels % count == 0 and filters % count == 0):
            continue
        yield Problem(
            "error",
            "groups",
            node.id,
            f"{title(node)} cannot split {channels} input channels and {filters} filters into {count} equal groups.",
            "Choose a number of groups that divides both.",
            tuple(_groupings(node, shapes[0], channels, filters, count)),
        )
    for node, shapes in view.failed("GroupNorm"):
        layer = layer_of(node)
        channels, count = shapes[0][0], layer.num_groups
        if channels % count == 0:
            continue
        yield Problem(
            "error",
            "groups",
            node.id,
            f"{title(node)} cannot split {channels} channels into {count} equal groups.",
            "Choose a number of groups that divides the channels.",
            (set_param(node.id, "num_groups", _divisor(channels, count)), take_out(node.id)),
        )


def _groupings(node: NodeSpec, shape: Shape, channels: int, filters: int, count: int) -> Iterator[Repair]:
    options: list[tuple[str, int]] = []
    if channels % count == 0:
        # Only the filters are in the way: the next multiple keeps the groups as they were meant.
        options.append(("out_channels", -(-filters // count) * count))
    common = _divisor(gcd(channels, filters), count)
    options.append(("groups", common))
    if common != 1:
        options.append(("groups", 1))
    for name, value in options:
        if try_layer(node.type, {**node.params, name: value}, (shape,)):
            yield set_param(node.id, name, value)
    yield take_out(node.id)


def _divisor(number: int, near: int) -> int:
    """The largest divisor of `number` that is not above `near`."""
    return next(d for d in range(min(near, number), 0, -1) if number % d == 0)
