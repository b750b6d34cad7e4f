"""Networks that make pictures: autoencoders and the convolutional generator with its discriminator."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.blocks.growing import EXPOSED, growing
from engine.gallery.base import Drawing, FreeOptions, GalleryEntry, PaperRow, add
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

GREY = "1 for grey pictures, 3 for colour."


class AutoencoderOptions(FreeOptions):
    """Options of the dense autoencoder."""

    in_channels: int = Field(1, ge=1, le=4096, description=GREY)
    size: int = Field(28, ge=2, le=4096, description="Height and width of the pictures.")
    hidden: tuple[Count, ...] = Field(
        (1000, 500, 250), max_length=50, description="Widths of the encoder's layers; the decoder has them in reverse."
    )
    latent: Count = Field(30, description="Number of values in the code.")
    activation: Literal["ReLU", "Sigmoid", "Tanh"] = Field(
        "ReLU", description="The paper has sigmoids and trains layer by layer first; ReLU needs no such start."
    )


class DenoisingOptions(FreeOptions):
    """Options of the convolutional denoising autoencoder."""

    in_channels: int = Field(1, ge=1, le=4096, description=GREY)
    size: int = Field(32, ge=8, le=4096, multiple_of=4, description="Height and width; a multiple of 4.")
    width: Count = Field(32, description="Feature maps of the first stage; the second has twice as many.")
    noise: Literal["masking", "gaussian", "salt and pepper"] = Field("masking", description="How pictures are spoilt.")
    amount: float = Field(0.25, ge=0, le=1, description="Share of the pixels that is hit, or the Gaussian's deviation.")


class DCGANOptions(FreeOptions):
    """Options of DCGAN."""

    part: Literal["generator", "discriminator", "both"] = Field(
        "generator", description="One of the two networks, or both in one drawing, to be trained against each other."
    )
    in_channels: int = Field(3, ge=1, le=4096, description=GREY)
    size: Literal[16, 32, 64, 128, 256] = Field(64, description="Height and width; every stage doubles them from 4.")
    latent: Count = Field(100, description="Number of random values that a picture is made of.")
    width: Count = Field(128, description="Feature maps next to the picture; they double towards the code.")


def _autoencoder(options: AutoencoderOptions) -> NetworkSpec:
    pixels = options.in_channels * options.size**2
    net = Drawing("Autoencoder")
    start = net.node("Flatten", "flatten", net.input(options.in_channels, options.size, options.size))
    code = net.block("encoder", _dense("Encoder", pixels, options.hidden, options.latent, options.activation), start)
    back = _dense("Decoder", options.latent, options.hidden[::-1], pixels, options.activation)
    last = net.chain(
        net.block("decoder", back, code),
        ("Sigmoid", "sigmoid"),
        ("Reshape", "picture", {"shape": (options.in_channels, options.size, options.size)}),
    )
    return net.output(last)


def _dense(name: str, width: int, hidden: tuple[int, ...], end: int, activation: str) -> NetworkSpec:
    """Dense layers with the activation between them; the last one stays linear."""
    net = Drawing(name)
    last = net.input(width)
    for number, size in enumerate(hidden, start=1):
        last = net.chain(last, ("Linear", f"fc{number}", {"out_features": size}), (activation, f"act{number}"))
    return net.output(net.node("Linear", f"fc{len(hidden) + 1}", last, out_features=end))


def _denoising(options: DenoisingOptions) -> NetworkSpec:
    net = Drawing("Denoising autoencoder")
    start = net.input(options.in_channels, options.size, options.size)
    last = net.node("Noise", "noise", start, kind=options.noise, amount=options.amount)
    for number, factor in ((1, 1), (2, 2)):
        inside = shrinking(options.in_channels if number == 1 else options.width, options.width * factor, 3)
        last = net.block(f"encode{number}", inside, last)
    small = options.size // 4
    last = net.block("decode1", growing(2 * options.width, options.width, size=small), last)
    inside = growing(options.width, options.in_channels, size=2 * small, normalised=False, activation="Sigmoid")
    return net.output(net.block("decode2", inside, last))


def shrinking(in_channels: int, out_channels: int, kernel_size: int, *, normalised: bool = True) -> NetworkSpec:
    """A convolution with stride 2, batch normalisation and leaky ReLU: (C, H, W) to (K, H/2, W/2)."""
    net = Drawing("Shrinking stage")
    settings = {"out_channels": out_channels, "kernel_size": kernel_size, "stride": 2, "padding": kernel_size // 2}
    last = net.node("Conv2d", "conv", net.input(in_channels, 32, 32), **settings, **_no_bias(normalised))
    if normalised:
        last = net.node("BatchNorm2d", "norm", last)
    return net.output(net.node("LeakyReLU", "act", last, negative_slope=0.2))


def _no_bias(normalised: bool) -> dict[str, bool]:
    return {"bias": False} if normalised else {}


def _dcgan(options: DCGANOptions) -> NetworkSpec:
    stages = (options.size // 4).bit_length() - 1
    if options.part == "both":
        return _adversaries(options, stages)
    return _generator(options, stages) if options.part == "generator" else _discriminator(options, stages)


def _adversaries(options: DCGANOptions, stages: int) -> NetworkSpec:
    """Both players: one discriminator, with the same weights, looks at real pictures and at made ones."""
    net = Drawing("DCGAN")
    picture = net.input(options.in_channels, options.size, options.size, id="picture")
    made = net.block("generator", _generator(options, stages), net.input(options.latent, id="latent"))
    of_real = net.block("discriminator", _discriminator(options, stages), picture)
    of_made = net.shared("discriminator_again", "discriminator", made)
    return net.outputs({"generated": made, "real": of_real, "fake": of_made})


def _generator(options: DCGANOptions, stages: int) -> NetworkSpec:
    """From random values to a picture; every stage doubles the size and halves the channels."""
    channels = options.width * 2 ** (stages - 1)
    net = Drawing("DCGAN generator")
    last = net.chain(
        net.input(options.latent, id="latent"),
        ("Linear", "project", {"out_features": channels * 16, "bias": False}),
        ("Reshape", "reshape", {"shape": (channels, 4, 4)}),
        ("BatchNorm2d", "norm"),
        ("ReLU", "relu"),
    )
    for number in range(1, stages):
        inside = growing(channels, channels // 2, 5, size=2 ** (number + 1))
        last = net.block(f"stage{number}", inside, last, exposed=EXPOSED)
        channels //= 2
    end = growing(channels, options.in_channels, 5, size=options.size // 2, normalised=False, activation="Tanh")
    return net.output(net.block(f"stage{stages}", end, last), id="picture")


def _discriminator(options: DCGANOptions, stages: int) -> NetworkSpec:
    """From a picture to one logit: whether it is real; every stage halves the size and doubles the channels."""
    net = Drawing("DCGAN discriminator")
    last = net.input(options.in_channels, options.size, options.size, id="picture")
    before, channels = options.in_channels, options.width
    for number in range(1, stages + 1):
        # The paper leaves batch normalisation out at the picture, since it made the training unstable there.
        last = net.block(f"stage{number}", shrinking(before, channels, 5, normalised=number > 1), last)
        before, channels = channels, 2 * channels
    last = net.chain(last, ("Flatten", "flatten"), ("Linear", "real", {"out_features": 1}))
    return net.output(last, id="logit")


add(
    GalleryEntry(
        id="autoencoder",
        name="Autoencoder",
        year=2006,
        authors="Hinton, Salakhutdinov",
        task="generation",
        source="modern",
        idea="An encoder squeezes the picture into a few values and a decoder draws it again from them. To do that "
        "with 30 values for 784 pixels, the code has to hold what matters in the picture. No labels are needed, since "
        "the picture is its own target.",
        merit="Squared error of 3.00 per MNIST digit with 30 values, against 13.87 of principal components",
        build=_autoencoder,
        options=AutoencoderOptions,
        paper="Reducing the Dimensionality of Data with Neural Networks, Science 313, 2006",
        table=(
            PaperRow("1000", "encoder.fc1", (1000,)),
            PaperRow("500", "encoder.fc2", (500,)),
            PaperRow("250", "encoder.fc3", (250,)),
            PaperRow("30", "encoder.fc4", (30,), note="code layer, linear"),
            PaperRow("250", "decoder.fc1", (250,)),
            PaperRow("500", "decoder.fc2", (500,)),
            PaperRow("1000", "decoder.fc3", (1000,)),
            PaperRow("784", "decoder.fc4", (784,), note="28×28 pixels, logistic"),
        ),
    )
)
add(
    GalleryEntry(
        id="denoising_autoencoder",
        name="Denoising autoencoder",
        year=2008,
        authors="Vincent, Larochelle, Bengio, Manzagol",
        task="denoising",
        source="modern",
        idea="The picture is spoilt on its way in, and the network is to give back the clean one. It cannot simply "
        "copy, so it has to learn how pixels hang together, and its features become useful for other tasks. The paper "
        "has dense layers; this is the convolutional form for pictures.",
        build=_denoising,
        options=DenoisingOptions,
        paper="Extracting and Composing Robust Features with Denoising Autoencoders, ICML 2008",
        smallest=(8, 8),
    )
)
add(
    GalleryEntry(
        id="dcgan",
        name="DCGAN",
        year=2015,
        authors="Radford, Metz, Chintala",
        task="generation",
        source="paper",
        idea="A generator makes pictures of random values, a discriminator tells them from real ones, and each "
        "learns from the other. Strided convolutions instead of pooling, batch normalisation in both and no dense "
        "hidden layers made that stable for the first time. Walking from one random vector to another turns one "
        "picture smoothly into the other.",
        merit="82.8 % accuracy on CIFAR-10 with the discriminator's features, learned on ImageNet without labels",
        build=_dcgan,
        options=DCGANOptions,
        paper="Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks, ICLR 2016 "
        "(arXiv:1511.06434)",
        table=(
            PaperRow("Project and reshape", "reshape", (1024, 4, 4)),
            PaperRow("CONV 1", "stage1", (512, 8, 8)),
            PaperRow("CONV 2", "stage2", (256, 16, 16)),
            PaperRow("CONV 3", "stage3", (128, 32, 32)),
            PaperRow("CONV 4", "stage4", (3, 64, 64), note="G(z)"),
        ),
    )
)
