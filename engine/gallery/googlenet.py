"""GoogLeNet (Inception v1), exact to torchvision's."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.inception import CHANNELS, auxiliary_classifier, basic_conv, exposed, inception
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

# Table 1 of the paper: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
_POOLED_AFTER = {"3b": ("maxpool3", 3), "4e": ("maxpool4", 2)}
_AUXILIARY = {"4a": "aux1", "4d": "aux2"}


class GoogLeNetOptions(Options):
    aux: bool = Field(
        False, description="Add the two auxiliary classifiers as further outputs, for losses of weight 0.3 in training."
    )
    five_by_five: bool = Field(
        False, description="Use 5×5 filters in the third branch, as the paper does; torchvision has 3×3 there."
    )


def build(options: GoogLeNetOptions) -> NetworkSpec:
    net = Drawing("GoogLeNet")
    pool = {"kernel_size": 3, "stride": 2, "ceil_mode": True}
    kernel = 5 if options.five_by_five else 3
    last = net.input(options.in_channels, 224, 224)
    first = basic_conv(options.in_channels, 64, 7, stride=2, padding=3)
    last = net.node("MaxPool2d", "maxpool1", net.block("conv1", first, last, exposed=CHANNELS), **pool)
    last = net.block("conv2", basic_conv(64, 64), last, exposed=CHANNELS)
    last = net.block("conv3", basic_conv(64, 192, 3), last, exposed=CHANNELS)
    last, width = net.node("MaxPool2d", "maxpool2", last, **pool), 192
    further: dict[str, str] = {}
    for name, widths in MODULES.items():
        shown = exposed(kernel)
        last = net.block(f"inception{name}", inception(width, widths, kernel), last, exposed=shown)
        width = widths[0] + widths[2] + widths[4] + widths[5]
        if options.aux and name in _AUXILIARY:
            id = _AUXILIARY[name]
            further[f"{id}_output"] = net.block(id, auxiliary_classifier(width, options.num_classes), last)
        if name in _POOLED_AFTER:
            id, size = _POOLED_AFTER[name]
            last = net.node("MaxPool2d", id, last, kernel_size=size, stride=2, ceil_mode=True)
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Dropout", "dropout", {"p": 0.2}),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.outputs({"output": last, **further})


_BRANCHES = {
    "branch1": "b1_conv1x1",
    "branch2.0": "b2_conv1x1",
    "branch2.1": "b2_conv3x3",
    "branch3.0": "b3_conv1x1",
    "branch3.1": "b3_conv3x3",
    "branch4.1": "b4_conv1x1",
}


def rename(key: str) -> str | None:
    """torchvision's "inception3a.branch2.1.conv.weight" to our "inception3a.b2_conv3x3.conv.weight".

    Its auxiliary classifiers are ours with the option `aux` only.
    """
    for theirs, ours in _BRANCHES.items():
        key = key.replace(f".{theirs}.", f".{ours}.")
    return key


def rename_without_aux(key: str) -> str | None:
    """The same, for the network without its auxiliary classifiers."""
    return None if key.startswith("aux") else rename(key)


def _modules() -> tuple[PaperRow, ...]:
    """Rows of the modules and poolings: output sizes, and the paper's rounded parameters and operations."""
    printed = (
        ("3a", 256, 28, "159K parameters, 128M operations"),
        ("3b", 480, 28, "380K parameters, 304M operations"),
        ("maxpool3", 480, 14, ""),
        ("4a", 512, 14, "364K parameters, 73M operations"),
        ("4b", 512, 14, "437K parameters, 88M operations"),
        ("4c", 512, 14, "463K parameters, 100M operations"),
        ("4d", 528, 14, "580K parameters, 119M operations"),
        ("4e", 832, 14, "840K parameters, 170M operations"),
        ("maxpool4", 832, 7, ""),
        ("5a", 832, 7, "1072K parameters, 54M operations"),
        ("5b", 1024, 7, "1388K parameters, 71M operations"),
    )
    rows: list[PaperRow] = []
    for name, channels, size, note in printed:
        pool = name.startswith("maxpool")
        layer = "max pool, 3×3/2" if pool else f"inception ({name})"
        rows.append(PaperRow(layer, name if pool else f"inception{name}", (channels, size, size), note=note))
    return tuple(rows)


TABLE = (
    PaperRow("convolution, 7×7/2", "conv1", (64, 112, 112), note="2.7K parameters, 34M operations"),
    PaperRow("max pool, 3×3/2", "maxpool1", (64, 56, 56)),
    PaperRow("convolution, 3×3/1", "conv3", (192, 56, 56), note="112K parameters, 360M operations"),
    PaperRow("max pool, 3×3/2", "maxpool2", (192, 28, 28)),
    *_modules(),
    PaperRow("avg pool, 7×7/1", "avgpool", (1024, 1, 1)),
    PaperRow("dropout (40%)", "dropout", (1024,), note="torchvision drops 20%"),
    PaperRow("linear", "fc", (1000,), note="1000K parameters, 1M operations"),
)

add(
    GalleryEntry(
        id="googlenet",
        name="GoogLeNet (Inception v1)",
        year=2014,
        authors="Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich",
        task="classification",
        source="torchvision",
        idea="Filters of several sizes look at the same picture side by side, after 1×1 convolutions have made that "
        "cheap. Global average pooling replaces the large dense layers, so it has a twelfth of AlexNet's parameters. "
        "Two auxiliary classifiers give the lower layers a gradient in training; torchvision adds batch normalisation "
        "and has 3×3 filters where the paper has 5×5.",
        merit="6.67 % top-5 error on ILSVRC 2014 (winner, ensemble)",
        build=build,
        options=GoogLeNetOptions,
        paper="Going Deeper with Convolutions, CVPR 2015",
        table=TABLE,
        smallest=(32, 32),
        torchvision="googlenet",
        rename=rename_without_aux,
    )
)
