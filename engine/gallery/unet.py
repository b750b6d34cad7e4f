"""U-Net, as published and with padding."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.double_conv import EXPOSED, double_conv, expanding_step
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.edits import move
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

# Between cards, in scene units; multiples of the drawing's grid.
_APART, _ROW = 264.0, 112.0


class UNetOptions(Options):
    num_classes: int = Field(2, ge=1, le=1_000_000, description="Classes of a pixel.")
    in_channels: int = Field(1, ge=1, le=4096, description="1 for grey pictures, 3 for colour.")
    padded: bool = Field(
        False, description="Keep the size of the picture; as published, 572×572 pixels give a map of 388×388."
    )
    width: Count = Field(64, description="Channels of the first level; each level below has twice as many.")
    normalised: bool = Field(
        False, description="Batch normalisation behind each convolution; the paper has none, and learns more slowly."
    )
    depth: int = Field(4, ge=1, le=7, description="How often the picture is halved.")


def build(options: UNetOptions) -> NetworkSpec:
    net = Drawing("U-Net")
    size = 512 if options.padded else 572
    last, before = net.input(options.in_channels, size, size), options.in_channels
    levels = range(1, options.depth + 1)
    for number in levels:
        channels = options.width * 2 ** (number - 1)
        down = net.block(
            f"down{number}", double_conv(before, channels, options.padded, options.normalised), last, exposed=EXPOSED
        )
        last, before = net.node("MaxPool2d", f"pool{number}", down, kernel_size=2), channels
    last = net.block(
        "bottom", double_conv(before, 2 * before, options.padded, options.normalised), last, exposed=EXPOSED
    )
    for number in reversed(levels):
        channels = options.width * 2 ** (number - 1)
        inside = expanding_step(2 * channels, channels, options.padded, options.normalised)
        last = net.block(f"up{number}", inside, [f"down{number}", last])
    head = net.node("Conv2d", "head", last, out_channels=options.num_classes, kernel_size=1)
    return move(net.output(head), _places(options.depth))


def _places(depth: int) -> dict[str, tuple[float, float]]:
    """The paper's U: down at the left, every level's way up beside its way down."""
    places = {"input": (0.0, 0.0), "bottom": (2 * _APART, (2 * depth + 1) * _ROW)}
    for level in range(1, depth + 1):
        places[f"down{level}"] = (0.0, (2 * level - 1) * _ROW)
        places[f"pool{level}"] = (0.0, 2 * level * _ROW)
        places[f"up{level}"] = (2 * _APART, (2 * level - 1) * _ROW)
    return places | {"head": (3 * _APART, 2 * _ROW), "output": (3 * _APART, 3 * _ROW)}


def _figure() -> tuple[PaperRow, ...]:
    """Figure 1 of the paper: channels above and sizes beside each box."""
    rows = [PaperRow("input image tile", "input", (1, 572, 572))]
    sizes = {1: (570, 568, 284), 2: (282, 280, 140), 3: (138, 136, 68), 4: (66, 64, 32)}
    for number, (first, second, pooled) in sizes.items():
        channels = 32 * 2**number
        rows += [
            PaperRow("conv 3×3, ReLU", f"down{number}.relu1", (channels, first, first)),
            PaperRow("conv 3×3, ReLU", f"down{number}.relu2", (channels, second, second)),
            PaperRow("max pool 2×2", f"pool{number}", (channels, pooled, pooled)),
        ]
    rows += [
        PaperRow("conv 3×3, ReLU", "bottom.relu1", (1024, 30, 30)),
        PaperRow("conv 3×3, ReLU", "bottom.relu2", (1024, 28, 28)),
    ]
    for number, size in ((4, 56), (3, 104), (2, 200), (1, 392)):
        channels = 32 * 2**number
        rows += [
            PaperRow("up-conv 2×2, copy and crop", f"up{number}.concat", (2 * channels, size, size)),
            PaperRow("conv 3×3, ReLU", f"up{number}.relu1", (channels, size - 2, size - 2)),
            PaperRow("conv 3×3, ReLU", f"up{number}.relu2", (channels, size - 4, size - 4)),
        ]
    return (*rows, PaperRow("output segmentation map, conv 1×1", "head", (2, 388, 388)))


add(
    GalleryEntry(
        id="unet",
        name="U-Net",
        year=2015,
        authors="Ronneberger, Fischer, Brox",
        task="segmentation",
        source="paper",
        idea="A path down gathers what is in the picture, a path up finds back where it is, and at every level the "
        "sharp maps of the way down are copied across. Without padding every output pixel has seen only real "
        "pixels, so large pictures can be cut into tiles without seams. It learns from few pictures, thirty in the "
        "paper.",
        merit="0.000353 warping error on the ISBI 2012 EM segmentation challenge (best at the time)",
        build=build,
        options=UNetOptions,
        paper="U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015",
        table=_figure(),
        smallest=(188, 188),
    )
)
