"""Convolution, batch normalisation, activation: the three that nearly always come together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count, Extent

Step = tuple[str, str, dict[str, Any]]
Activation = Literal["ReLU", "ReLU6", "Hardswish", "SiLU", "LeakyReLU", "none"]


def conv_norm(
    id: str,
    out_channels: int,
    kernel_size: int = 1,
    *,
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
    activation: str = "ReLU",
    norm: Mapping[str, Any] | None = None,
) -> list[Step]:
    """The nodes `id`, `id`_norm and `id`_act for `Drawing.chain`: a convolution without bias, padded to keep the size,
    its batch normalisation with the settings `norm`, and the activation unless that is "none"."""
    conv: dict[str, Any] = {"out_channels": out_channels, "kernel_size": kernel_size, "bias": False}
    if kernel_size > 1:
        conv["padding"] = "same"
    further = {"stride": stride, "groups": groups, "dilation": dilation}
    conv.update({name: value for name, value in further.items() if value != 1})
    return [("Conv2d", id, conv), *_finish(id, activation, norm)]


def depthwise_norm(
    id: str,
    kernel_size: int = 3,
    *,
    stride: int = 1,
    dilation: int = 1,
    activation: str = "ReLU",
    norm: Mapping[str, Any] | None = None,
) -> list[Step]:
    """The same with a depthwise convolution, which has as many filters as channels come in, however many these are."""
    conv: dict[str, Any] = {"kernel_size": kernel_size, "bias": False}
    further = {"stride": stride, "dilation": dilation}
    conv.update({name: value for name, value in further.items() if value != 1})
    return [("DepthwiseConv2d", id, conv), *_finish(id, activation, norm)]


def _finish(id: str, activation: str, norm: Mapping[str, Any] | None) -> list[Step]:
    """Normalisation and activation of the convolution `id`."""
    last: list[Step] = [] if activation == "none" else [(activation, f"{id}_act", {})]
    return [("BatchNorm2d", f"{id}_norm", dict(norm or {})), *last]


def conv_norm_activation(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    *,
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
    activation: str = "ReLU",
    norm: Mapping[str, Any] | None = None,
) -> NetworkSpec:
    """The same three as a block whose layers are called conv, conv_norm and conv_act."""
    net = Drawing("Conv-norm-act")
    steps = conv_norm(
        "conv",
        out_channels,
        kernel_size,
        stride=stride,
        groups=groups,
        dilation=dilation,
        activation=activation,
        norm=norm,
    )
    return net.output(net.chain(net.input(in_channels, 56, 56), *steps))


def renamed(id: str, rest: str) -> str:
    """What torchvision calls "0.weight" (convolution) or "1.bias" (normalisation) in such a block, under our `id`."""
    place, weight = rest.split(".", 1)
    return f"{id}.{weight}" if place == "0" else f"{id}_norm.{weight}"


EXPOSED = {
    "channels": [("conv", "out_channels", 1)],
    "kernel size": [("conv", "kernel_size", 1)],
    "stride": [("conv", "stride", 1)],
}


WINDOW = {name: EXPOSED[name] for name in ("kernel size", "stride")}
"""The same without the channels, for where a shortcut or a gate behind it counts on them."""


class ConvNormOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    out_channels: Count = Field(64, description="Feature maps that come out.")
    kernel_size: Extent = Field(3, description="Size of the filters; odd, so that the picture keeps its size.")
    stride: Extent = Field(1, description="2 halves the picture.")
    activation: Activation = Field("ReLU", description="The bend after the normalisation.")


add(
    BlockEntry(
        id="conv_norm_activation",
        label="Conv, norm, activation",
        help="A convolution, the batch normalisation of its channels and an activation. The convolution has no bias, "
        "since the normalisation would take it away again and has a shift of its own (Ioffe and Szegedy 2015).",
        build=lambda options: conv_norm_activation(**options.model_dump()),
        options=ConvNormOptions,
        keywords=("conv bn relu", "convolution", "batch norm"),
        exposed=lambda options: EXPOSED,
    )
)
