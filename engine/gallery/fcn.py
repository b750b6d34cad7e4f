"""Fully convolutional networks for segmentation, as published: FCN-32s, FCN-16s and FCN-8s on VGG-16."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.vgg_stage import DENSE_EXPOSED, convolutional_dense
from engine.gallery.base import Drawing, GalleryEntry, Options, add
from engine.gallery.vgg import DEPTHS, WIDTHS, features
from engine.gallery.widths import scaled
from engine.graph.spec import NetworkSpec

# The first convolution's padding makes room for the 7×7 one; the crops take it off again. Both are the paper's own.
FIRST_PADDING = 100


class FcnOptions(Options):
    num_classes: int = Field(
        21, ge=1, le=1_000_000, description="Classes of a pixel; Pascal VOC has 20 and background."
    )
    width: float = Field(1.0, gt=0, le=4, description="Factor on the widths of all layers.")


def _trunk(net: Drawing, options: FcnOptions) -> str:
    """VGG-16 with its dense layers as convolutions, up to the coarse scores; returns the id "score"."""
    last = features(
        net,
        net.input(options.in_channels, 500, 500),
        DEPTHS[16],
        in_channels=options.in_channels,
        width=options.width,
        first_padding=FIRST_PADDING,
        pool={"ceil_mode": True},
    )
    inside = convolutional_dense(scaled(WIDTHS[-1], options.width), scaled(4096, options.width))
    last = net.block("dense", inside, last, exposed=DENSE_EXPOSED)
    return net.node("Conv2d", "score", last, out_channels=options.num_classes, kernel_size=1)


def _enlarge(net: Drawing, id: str, after: str, classes: int, factor: int) -> str:
    """Transposed convolution by `factor` that begins as bilinear interpolation."""
    sizes = {"kernel_size": 2 * factor, "stride": factor, "bias": False}
    return net.node("ConvTranspose2d", id, after, out_channels=classes, initialisation="bilinear", **sizes)


def _fuse(net: Drawing, number: int, coarse: str, classes: int, offset: int) -> str:
    """Add scores of a finer pooling to the enlarged coarse ones."""
    fine = net.node("Conv2d", f"score_pool{number}", f"pool{number}", out_channels=classes, kernel_size=1)
    cut = net.node("CropLike", f"crop_pool{number}", {"in": fine, "like": coarse}, offset=offset)
    return net.node("Add", f"fuse_pool{number}", [coarse, cut])


def _build(name: str, stride: int, options: FcnOptions) -> NetworkSpec:
    net = Drawing(name)
    classes = options.num_classes
    last = _trunk(net, options)
    if stride <= 16:
        last = _fuse(net, 4, _enlarge(net, "upscore2", last, classes, 2), classes, 5)
    if stride <= 8:
        last = _fuse(net, 3, _enlarge(net, "upscore_pool4", last, classes, 2), classes, 9)
    last = _enlarge(net, f"upscore{stride}", last, classes, stride)
    offset = {32: 19, 16: 27, 8: 31}[stride]
    return net.output(net.node("CropLike", "crop", {"in": last, "like": "input"}, offset=offset))


IDEA = (
    "A classifier becomes a segmenter when its dense layers are read as convolutions: it then gives a coarse map of "
    "scores for a picture of any size. Transposed convolutions, which begin as bilinear interpolation and learn, bring "
    "the map back to the size of the picture. "
)
FUSED = {
    32: "Here the coarsest map is enlarged 32 times in one step, so that outlines are soft.",
    16: "Scores of the finer pool4 are added on the way, which sharpens the outlines.",
    8: "Scores of the finer pool4 and pool3 are added on the way, which sharpens the outlines twice.",
}


def _entry(stride: int, merit: str) -> None:
    name = f"FCN-{stride}s"
    add(
        GalleryEntry(
            id=f"fcn{stride}s",
            name=name,
            year=2015,
            authors="Long, Shelhamer, Darrell",
            task="segmentation",
            source="paper",
            idea=IDEA + FUSED[stride],
            merit=merit,
            build=lambda options: _build(name, stride, options),
            options=FcnOptions,
            paper="Fully Convolutional Networks for Semantic Segmentation, CVPR 2015",
            smallest=(32, 32),
        )
    )


_entry(32, "59.4 % mean IoU on Pascal VOC 2011 validation")
_entry(16, "62.4 % mean IoU on Pascal VOC 2011 validation")
_entry(8, "62.7 % mean IoU on Pascal VOC 2011 validation and test, 62.2 % on VOC 2012 test")
