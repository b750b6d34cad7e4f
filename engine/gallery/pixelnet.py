"""PixelNet: a small dense network looks at the hypercolumn of each pixel."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.pixel_mlp import pixel_mlp
from engine.blocks.vgg_stage import DENSE_EXPOSED, convolutional_dense
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.gallery.vgg import DEPTHS, WIDTHS, features
from engine.gallery.widths import scaled
from engine.graph.edits import move
from engine.graph.pixels import at_pixels
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

LEVELS = ("block1", "block2", "block3", "block4", "block5", "dense")
"""What the paper calls conv1_2, conv2_2, conv3_3, conv4_3, conv5_3 and conv7, each behind its ReLU."""

# Between cards, in scene units; multiples of the drawing's grid.
_APART, _ROW = 352.0, 112.0


class PixelNetOptions(Options):
    num_classes: int = Field(
        21,
        ge=1,
        le=1_000_000,
        description="Values of a pixel: classes, 1 for edges, or 3 (or codes) for surface normals.",
    )
    pixels: int = Field(
        0,
        ge=0,
        le=4096,
        description="Pixels of a picture that are computed, given as a second input; 0 computes all of them.",
    )
    width: float = Field(1.0, gt=0, le=4, description="Factor on the widths of all layers.")
    mlp: Count = Field(4096, description="Width of the layers that look at one pixel, before that factor.")
    drop: float = Field(0.5, ge=0, lt=1, description="Dropout behind the dense layers.")
    normalised: bool = Field(
        False, description="Batch normalisation behind each convolution of VGG, to learn from random weights sooner."
    )


def build(options: PixelNetOptions) -> NetworkSpec:
    net = Drawing("PixelNet")
    start = net.input(options.in_channels, 224, 224)
    last = features(
        net,
        start,
        DEPTHS[16],
        in_channels=options.in_channels,
        width=options.width,
        normalised=options.normalised,
    )
    wide = scaled(4096, options.width)
    channels = [scaled(width, options.width) for width in WIDTHS]
    dense = convolutional_dense(channels[-1], wide, padding=3, drop=options.drop, normalised=options.normalised)
    net.block("dense", dense, last, exposed=DENSE_EXPOSED)
    last = net.node("Hypercolumn", "hypercolumn", [start, *LEVELS], levels=len(LEVELS))
    mlp = pixel_mlp(sum(channels) + wide, scaled(options.mlp, options.width), options.num_classes, drop=options.drop)
    spec = _arranged(net.output(net.block("mlp", mlp, last)))
    return at_pixels(spec, options.pixels) if options.pixels else spec


def _arranged(spec: NetworkSpec) -> NetworkSpec:
    """VGG down the right side, and what gathers its levels at the left of its lower end: no two lines cross."""
    gathering = ("hypercolumn", "mlp", "output")
    backbone = [node.id for node in spec.nodes if node.id not in gathering]
    places = {id: (_APART, row * _ROW) for row, id in enumerate(backbone)}
    first = len(backbone) - len(gathering)
    return move(spec, places | {id: (0.0, (first + row) * _ROW) for row, id in enumerate(gathering)})


add(
    GalleryEntry(
        id="pixelnet",
        name="PixelNet",
        year=2017,
        authors="Bansal, Chen, Russell, Gupta, Ramanan",
        task="segmentation",
        source="paper",
        idea="A small dense network looks at each pixel's hypercolumn, which is what six levels of VGG-16 say about "
        "that place, and answers for that pixel alone. Neighbouring pixels tell nearly the same, so about 2,000 "
        "sampled pixels of a picture are enough to learn from, and all are computed only when it is used. The same "
        "network does segmentation, edges and surface normals.",
        merit="0.795 best F-measure (ODS) on the edges of BSDS500",
        build=build,
        options=PixelNetOptions,
        paper="PixelNet: Representation of the pixels, by the pixels, and for the pixels, arXiv 1702.06506",
        table=(
            PaperRow("hypercolumn: conv 1_2, 2_2, 3_3, 4_3, 5_3, 7", "hypercolumn"),
            PaperRow("MLP, 4096", "mlp.fc1"),
            PaperRow("MLP, 4096", "mlp.fc2"),
            PaperRow("MLP, 4096", "mlp.fc3"),
            PaperRow("K outputs", "mlp.score"),
        ),
        smallest=(32, 32),
    )
)
