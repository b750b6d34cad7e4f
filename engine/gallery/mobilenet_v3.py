"""MobileNet v3, small and large, exact to torchvision's; also as the backbone that segmentation and detection take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from engine.blocks.conv_norm_activation import EXPOSED, WINDOW, conv_norm_activation, renamed
from engine.blocks.inverted_residual import divisible, exposed, inverted_residual, part_of
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

NORM = {"eps": 0.001, "momentum": 0.01}
DROP = 0.2


@dataclass(frozen=True)
class Row:
    """One bottleneck: a row of the paper's tables 1 and 2."""

    in_channels: int
    kernel_size: int
    expanded: int
    out_channels: int
    squeezes: bool
    activation: str
    stride: int
    dilation: int = 1

    @property
    def expands(self) -> bool:
        return self.expanded != self.in_channels

    @property
    def squeezed(self) -> int:
        return divisible(self.expanded // 4) if self.squeezes else 0


_Table = tuple[tuple[int, int, int, bool, str, int], ...]

# kernel, expanded width, width that comes out, squeeze and excitation, activation, stride
_LARGE: _Table = (
    (3, 16, 16, False, "ReLU", 1),
    (3, 64, 24, False, "ReLU", 2),
    (3, 72, 24, False, "ReLU", 1),
    (5, 72, 40, True, "ReLU", 2),
    (5, 120, 40, True, "ReLU", 1),
    (5, 120, 40, True, "ReLU", 1),
    (3, 240, 80, False, "Hardswish", 2),
    (3, 200, 80, False, "Hardswish", 1),
    (3, 184, 80, False, "Hardswish", 1),
    (3, 184, 80, False, "Hardswish", 1),
    (3, 480, 112, True, "Hardswish", 1),
    (3, 672, 112, True, "Hardswish", 1),
    (5, 672, 160, True, "Hardswish", 2),
    (5, 960, 160, True, "Hardswish", 1),
    (5, 960, 160, True, "Hardswish", 1),
)
_SMALL: _Table = (
    (3, 16, 16, True, "ReLU", 2),
    (3, 72, 24, False, "ReLU", 2),
    (3, 88, 24, False, "ReLU", 1),
    (5, 96, 40, True, "Hardswish", 2),
    (5, 240, 40, True, "Hardswish", 1),
    (5, 240, 40, True, "Hardswish", 1),
    (5, 120, 48, True, "Hardswish", 1),
    (5, 144, 48, True, "Hardswish", 1),
    (5, 288, 96, True, "Hardswish", 2),
    (5, 576, 96, True, "Hardswish", 1),
    (5, 576, 96, True, "Hardswish", 1),
)


def rows(table: _Table, *, width: float = 1.0, reduced_tail: bool = False, dilated: bool = False) -> tuple[Row, ...]:
    """The bottlenecks of a table at another width.

    `reduced_tail` halves the widths of the last stage (detection), `dilated` keeps its picture large by dilation in
    place of stride (segmentation); both as torchvision has them.
    """
    found = []
    before = divisible(16 * width)
    tail = len(table) - 3
    for number, (kernel, expanded, out, squeezes, activation, stride) in enumerate(table):
        halved = 2 if reduced_tail and number >= tail else 1
        inside = expanded // (halved if number > tail else 1)
        after = divisible(out // halved * width)
        dilation = 2 if dilated and number >= tail else 1
        row = Row(before, kernel, divisible(inside * width), after, squeezes, activation, stride, dilation)
        found.append(row)
        before = after
    return tuple(found)


def large(**changes: Any) -> tuple[Row, ...]:
    """The fifteen bottlenecks of MobileNetV3-Large; the changes are those of `rows`."""
    return rows(_LARGE, **changes)


def small(**changes: Any) -> tuple[Row, ...]:
    """The eleven bottlenecks of MobileNetV3-Small."""
    return rows(_SMALL, **changes)


def bottleneck(row: Row, *, norm: Mapping[str, Any] = NORM, expanded_output: bool = False) -> NetworkSpec:
    """The inside of one bottleneck."""
    return inverted_residual(
        row.in_channels,
        row.out_channels,
        row.expanded,
        kernel_size=row.kernel_size,
        stride=row.stride,
        dilation=row.dilation,
        activation=row.activation,
        squeezed=row.squeezed,
        gate="Hardsigmoid",
        norm=norm,
        expanded_output=expanded_output,
        name="Bottleneck",
    )


def features(
    net: Drawing,
    after: str,
    table: Sequence[Row],
    *,
    in_channels: int = 3,
    norm: Mapping[str, Any] = NORM,
    expanded_outputs: Sequence[int] = (),
) -> str:
    """Draw the convolutional part: stem, bneck1, bneck2, ..., last_conv; returns the last id.

    The bottlenecks named by their number in `expanded_outputs` also give their widened picture ("bneck13:expanded").
    """
    stem = conv_norm_activation(in_channels, table[0].in_channels, stride=2, activation="Hardswish", norm=norm)
    last = net.block("stem", stem, after, exposed=WINDOW)
    for number, row in enumerate(table, start=1):
        inside = bottleneck(row, norm=norm, expanded_output=number in expanded_outputs)
        shown = exposed(row.in_channels, row.expanded, row.squeezed)
        last = net.block(f"bneck{number}", inside, last, exposed=shown)
    width = table[-1].out_channels
    inside = conv_norm_activation(width, 6 * width, 1, activation="Hardswish", norm=norm)
    return net.block("last_conv", inside, last, exposed=EXPOSED)


def rename_features(table: Sequence[Row], key: str) -> str | None:
    """torchvision's "features.4.block.1.0.weight" to our "bneck4.depthwise.weight", or None for another name."""
    match = re.fullmatch(r"features\.(\d+)\.(.+)", key)
    if match is None:
        return None
    number, rest = int(match[1]), match[2]
    if number == 0 or number > len(table):
        home = "stem" if number == 0 else "last_conv"
        return f"{home}.{renamed('conv', rest)}"
    row = table[number - 1]
    _, part, inner = rest.split(".", 2)
    name = part_of(row.expands, row.squeezes, int(part))
    return f"bneck{number}." + (f"se.{inner}" if name == "se" else renamed(name, inner))


class MobileNetV3Options(Options):
    width: float = Field(1.0, gt=0, le=4, description="Factor on the widths of all layers.")


def _build(name: str, table: tuple[Row, ...], last_width: int, options: MobileNetV3Options) -> NetworkSpec:
    net = Drawing(name)
    last = features(net, net.input(options.in_channels, 224, 224), table, in_channels=options.in_channels)
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Linear", "fc1", {"out_features": divisible(last_width * options.width)}),
        ("Hardswish", "act"),
        ("Dropout", "dropout", {"p": DROP}),
        ("Linear", "fc2", {"out_features": options.num_classes}),
    )
    return net.output(last)


def _renamed(table: tuple[Row, ...]) -> Callable[[str], str | None]:
    def rename(key: str) -> str | None:
        head = {"classifier.0.": "fc1.", "classifier.3.": "fc2."}
        for theirs, ours in head.items():
            if key.startswith(theirs):
                return ours + key.removeprefix(theirs)
        return rename_features(table, key)

    return rename


def _paper(stages: Sequence[tuple[str, int, int]], last: int, hidden: int, note: str = "") -> tuple[PaperRow, ...]:
    """The paper's table from what comes out of its rows: (operator, channels, height)."""
    nodes = ["stem", *(f"bneck{number}" for number in range(1, len(stages)))]
    body = [PaperRow(what, node, (c, h, h)) for (what, c, h), node in zip(stages, nodes, strict=True)]
    return (
        *body,
        PaperRow("conv2d, 1×1", "last_conv", (last, 7, 7), note=note),
        PaperRow("pool, 7×7", "avgpool", (last, 1, 1)),
        PaperRow("conv2d 1×1, NBN", "fc1", None, note=f"{hidden} channels of 1×1, a dense layer here"),
        PaperRow("conv2d 1×1, NBN", "fc2", None, note="k classes"),
    )


_LARGE_TABLE = _paper(
    (
        ("conv2d", 16, 112),
        ("bneck, 3×3", 16, 112),
        ("bneck, 3×3", 24, 56),
        ("bneck, 3×3", 24, 56),
        ("bneck, 5×5", 40, 28),
        ("bneck, 5×5", 40, 28),
        ("bneck, 5×5", 40, 28),
        ("bneck, 3×3", 80, 14),
        ("bneck, 3×3", 80, 14),
        ("bneck, 3×3", 80, 14),
        ("bneck, 3×3", 80, 14),
        ("bneck, 3×3", 112, 14),
        ("bneck, 3×3", 112, 14),
        ("bneck, 5×5", 160, 7),
        ("bneck, 5×5", 160, 7),
        ("bneck, 5×5", 160, 7),
    ),
    960,
    1280,
)
_SMALL_TABLE = _paper(
    (
        ("conv2d, 3×3", 16, 112),
        ("bneck, 3×3", 16, 56),
        ("bneck, 3×3", 24, 28),
        ("bneck, 3×3", 24, 28),
        ("bneck, 5×5", 40, 14),
        ("bneck, 5×5", 40, 14),
        ("bneck, 5×5", 40, 14),
        ("bneck, 5×5", 48, 14),
        ("bneck, 5×5", 48, 14),
        ("bneck, 5×5", 96, 7),
        ("bneck, 5×5", 96, 7),
        ("bneck, 5×5", 96, 7),
    ),
    576,
    1024,
    note="the paper has squeeze and excitation here, torchvision has not",
)
PAPER = "Searching for MobileNetV3, ICCV 2019"
AUTHORS = "Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam"
IDEA = (
    "Inverted residuals whose widths and filter sizes were found by a search that measured the time on a real phone. "
    "Squeeze and excitation weighs the channels in most blocks, and hard swish bends the values cheaply in the deeper "
    "half. The last convolution stands behind the pooling, where it costs next to nothing."
)

add(
    GalleryEntry(
        id="mobilenet_v3_large",
        name="MobileNetV3-Large",
        year=2019,
        authors=AUTHORS,
        task="classification",
        source="torchvision",
        idea=IDEA,
        merit="75.2 % top-1 accuracy on ImageNet at 219 M multiply-adds",
        build=lambda options: _build("MobileNetV3-Large", large(width=options.width), 1280, options),
        options=MobileNetV3Options,
        paper=PAPER,
        table=_LARGE_TABLE,
        smallest=(32, 32),
        torchvision="mobilenet_v3_large",
        rename=_renamed(large()),
    )
)
add(
    GalleryEntry(
        id="mobilenet_v3_small",
        name="MobileNetV3-Small",
        year=2019,
        authors=AUTHORS,
        task="classification",
        source="torchvision",
        idea=IDEA,
        merit="67.4 % top-1 accuracy on ImageNet at 56 M multiply-adds",
        build=lambda options: _build("MobileNetV3-Small", small(width=options.width), 1024, options),
        options=MobileNetV3Options,
        paper=PAPER,
        table=_SMALL_TABLE,
        smallest=(32, 32),
        torchvision="mobilenet_v3_small",
        rename=_renamed(small()),
    )
)
