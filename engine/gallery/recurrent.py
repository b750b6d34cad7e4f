"""Networks that read sequences: vanilla, bidirectional, LSTM and GRU, and a convolutional network for clips."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from engine.gallery.base import Drawing, FreeOptions, GalleryEntry, add
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count, Extent


class SequenceOptions(FreeOptions):
    """Options of every network that reads a sequence."""

    num_classes: int = Field(10, ge=1, le=1_000_000, description="How many classes, or values of a forecast, come out.")
    length: Extent = Field(28, description="Number of steps in a sequence.")
    features: Extent = Field(28, description="Number of values in each step.")
    hidden: Count = Field(128, description="Number of values in the state.")
    layers: int = Field(1, ge=1, le=100, description="Recurrent layers on top of each other.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of the values dropped between them; needs two or more.")
    output: Literal["last", "all"] = Field("last", description="One answer after the last step, or one for every step.")
    rows: bool = Field(
        False, description="Read a picture of one channel row by row: each of its rows is a step of the sequence."
    )


class ClipOptions(FreeOptions):
    """Options of the network for clips."""

    num_classes: int = Field(10, ge=1, le=1_000_000, description="How many kinds of clip there are.")
    in_channels: int = Field(3, ge=1, le=4096, description="1 for grey frames, 3 for colour.")
    length: Extent = Field(8, description="Number of frames in a clip.")
    size: int = Field(32, ge=8, le=4096, description="Height and width of a frame.")
    features: Count = Field(64, description="Number of values that the convolutions make of a frame.")
    hidden: Count = Field(64, description="Number of values in the state.")
    layers: int = Field(1, ge=1, le=100, description="LSTM layers on top of each other.")
    output: Literal["last", "all"] = Field(
        "last", description="One answer after the last frame, or one for every frame."
    )


def _settings(options: SequenceOptions | ClipOptions) -> dict[str, Any]:
    """The recurrent layer's parameters, without those that are at its defaults."""
    settings: dict[str, Any] = {"hidden_size": options.hidden}
    if options.layers > 1:
        settings["num_layers"] = options.layers
        if isinstance(options, SequenceOptions) and options.dropout:
            settings["dropout"] = options.dropout
    if options.output == "last":
        settings["output"] = "last"
    return settings


def _reader(name: str, type: str, options: SequenceOptions, **more: Any) -> NetworkSpec:
    """Sequence, one recurrent layer (or a stack of them), and a dense layer that reads its state."""
    net = Drawing(name)
    if options.rows:
        last = net.input(1, options.length, options.features)
        last = net.node("Squeeze", "rows", last, dim=1)
    else:
        last = net.input(options.length, options.features)
    last = net.node(type, type.lower(), last, **_settings(options), **more)
    return net.output(net.node("Linear", "fc", last, out_features=options.num_classes))


def _rnn(options: SequenceOptions) -> NetworkSpec:
    return _reader("RNN", "RNN", options)


def _birnn(options: SequenceOptions) -> NetworkSpec:
    return _reader("Bidirectional RNN", "RNN", options, bidirectional=True)


def _lstm(options: SequenceOptions) -> NetworkSpec:
    return _reader("LSTM network", "LSTM", options)


def _gru(options: SequenceOptions) -> NetworkSpec:
    return _reader("GRU network", "GRU", options)


def frame_features(in_channels: int, size: int, features: int) -> NetworkSpec:
    """Two convolutions, each with a pooling, and a dense layer: a frame (C, H, W) becomes a vector of `features`."""
    net = Drawing("Frame features")
    last = net.input(in_channels, size, size, id="frame")
    for number, channels in ((1, 16), (2, 32)):
        last = net.chain(
            last,
            ("Conv2d", f"conv{number}", {"out_channels": channels, "padding": "same"}),
            ("ReLU", f"relu{number}"),
            ("MaxPool2d", f"pool{number}"),
        )
    last = net.chain(last, ("Flatten", "flatten"), ("Linear", "fc", {"out_features": features}), ("ReLU", "relu3"))
    return net.output(last, id="vector")


def _cnn_lstm(options: ClipOptions) -> NetworkSpec:
    net = Drawing("CNN and LSTM")
    clip = net.input(options.length, options.in_channels, options.size, options.size)
    inside = frame_features(options.in_channels, options.size, options.features)
    last = net.block("frames", inside, clip, each=True)
    last = net.node("LSTM", "lstm", last, **_settings(options))
    return net.output(net.node("Linear", "fc", last, out_features=options.num_classes))


add(
    GalleryEntry(
        id="rnn",
        name="RNN",
        year=1990,
        authors="Elman",
        task="sequence",
        source="paper",
        idea="The network reads a sequence step by step and keeps a state, which goes back into it with the next step. "
        "The same weights serve every step, so a sequence may be of any length, and what it learns of one moment holds "
        "for all. Its memory fades after some ten steps, because the gradient does on its way back through them.",
        build=_rnn,
        options=SequenceOptions,
        paper="Finding Structure in Time, Cognitive Science 14, 1990",
    )
)
add(
    GalleryEntry(
        id="birnn",
        name="Bidirectional RNN",
        year=1997,
        authors="Schuster, Paliwal",
        task="sequence",
        source="paper",
        idea="Two recurrent layers read the sequence, one from its beginning and one from its end, and their states "
        "are joined. So every step knows what comes before it and what comes after it, as a letter in a word needs. It "
        "has to wait for the end, so it cannot answer while the sequence is still coming in.",
        build=_birnn,
        options=SequenceOptions,
        paper="Bidirectional Recurrent Neural Networks, IEEE Transactions on Signal Processing 45, 1997",
    )
)
add(
    GalleryEntry(
        id="lstm",
        name="LSTM",
        year=1997,
        authors="Hochreiter, Schmidhuber",
        task="sequence",
        source="modern",
        idea="Beside its state the layer has a memory, and three gates learn when to write to it, keep it and read it. "
        "The memory is only multiplied by the gate that keeps it, so the gradient lives through hundreds of steps. "
        "The gate that forgets came in 2000 (Gers, Schmidhuber and Cummins) and is in every LSTM today.",
        build=_lstm,
        options=SequenceOptions,
        paper="Long Short-Term Memory, Neural Computation 9, 1997",
    )
)
add(
    GalleryEntry(
        id="gru",
        name="GRU",
        year=2014,
        authors="Cho, van Merriënboer, Gulcehre, Bahdanau, Bougares, Schwenk, Bengio",
        task="sequence",
        source="modern",
        idea="Two gates are enough: one decides how much of the old state to keep, the other how much of it to look at "
        "for the new one. There is no memory beside the state. With three quarters of the weights of an LSTM it does "
        "about as well.",
        merit="34.54 BLEU on WMT'14 English to French, as a part of a phrase-based translator",
        build=_gru,
        options=SequenceOptions,
        paper="Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation, EMNLP "
        "2014",
    )
)
add(
    GalleryEntry(
        id="cnn_lstm",
        name="CNN and LSTM",
        year=2015,
        authors="Donahue, Hendricks, Guadarrama, Rohrbach, Venugopalan, Saenko, Darrell",
        task="sequence",
        source="modern",
        idea="One convolutional network looks at every frame of a clip by itself and makes a vector of it. An LSTM "
        "reads the vectors in their order and says what happens. The convolutions have the same weights for all "
        "frames, so a longer clip costs no more parameters.",
        build=_cnn_lstm,
        options=ClipOptions,
        paper="Long-term Recurrent Convolutional Networks for Visual Recognition and Description, CVPR 2015",
    )
)
