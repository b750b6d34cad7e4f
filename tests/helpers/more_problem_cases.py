"""Further drawings with one fault each: shared weights, blocks for each element, switches, tokens, settings."""

from __future__ import annotations

from dataclasses import replace

from engine.graph.edits import make_block, set_each, share_weights
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from tests.helpers.problem_cases import OUT, Case, Node, net, picture


def vector(size: int) -> Node:
    return ("input", "Input", {"shape": (size,)})


def tokens(count: int, width: int) -> Node:
    return ("input", "Input", {"shape": (count, width)})


def twice(width: int) -> NetworkSpec:
    """Two dense layers with one set of weights, the second behind a layer of another width."""
    spec = net(
        [vector(8), ("a", "Linear", {"out_features": 6}), ("mid", "Linear", {"out_features": width}), ("b", "Linear"),
         ("join", "Concatenate"), OUT],
        "input>a input>mid mid>b a>join b>join join>output",
    )  # fmt: skip
    return share_weights(spec, "b", "a")


def stray() -> NetworkSpec:
    spec = net([vector(8), ("a", "Linear"), ("b", "Linear"), OUT], "input>a input>b a>output")
    nodes = tuple(replace(node, shares="gone") if node.id == "a" else node for node in spec.nodes if node.id != "b")
    return replace(spec, nodes=nodes, edges=tuple(edge for edge in spec.edges if edge.target != "b"))


def each(*shape: int) -> NetworkSpec:
    spec = net([picture(*shape), ("act", "ReLU"), OUT], "input>act act>output")
    return set_each(make_block(spec, ["act"], "frames"), "frames", True)


def unpooled(indices: str) -> NetworkSpec:
    pools = [("small", "MaxPool2d", {"return_indices": True}), ("other", "MaxPool2d", {"kernel_size": 3, "stride": 2,
             "padding": 1, "return_indices": True})]  # fmt: skip
    spec = net(
        [picture(2, 8, 8), *pools, ("act", "ReLU"), ("back", "MaxUnpool2d"), OUT],
        "input>small input>other small>act act>back back>output",
    )
    source, _, port = indices.partition(":")
    return replace(spec, edges=(*spec.edges, EdgeSpec(source, "back", port, "indices")))


def twin_outputs() -> NetworkSpec:
    spec = net([picture(1, 8, 8), ("relu", "ReLU"), OUT], "input>relu relu>output")
    extra = NodeSpec("second", "Output")
    return replace(spec, nodes=(*spec.nodes, extra), edges=(*spec.edges, EdgeSpec("relu", "second")))


def cropped() -> NetworkSpec:
    spec = net([picture(2, 8, 8), ("up", "Conv2d", {"padding": 3}), ("skip", "CropLike"), OUT], "input>up skip>output")
    ends = [EdgeSpec("input", "skip"), EdgeSpec("up", "skip", "out", "like")]
    return replace(spec, edges=(*spec.edges, *ends))


MORE_CASES: list[Case] = [
    ("shared-weights", "b", ["8", "7", "weights of a"], twice(7)),
    ("shared-weights", "a", ["gone", "not there"], stray()),
    ("not-for-each", "frames", ["12", "first axis"], each(12)),
    ("foreign-switches", "back", ["act (ReLU)", "out"], unpooled("act:out")),
    ("foreign-switches", "back", ["kernel_size is 2", "other is 3"], unpooled("other:indices")),
    ("double-output", "second", ["output", "relu"], twin_outputs()),
    (
        "drops-everything",
        "drop",
        ["p = 1"],
        net([vector(8), ("drop", "Dropout", {"p": 1.0}), ("fc", "Linear"), OUT], "input>drop drop>fc fc>output"),
    ),
    (
        "frozen-averages",
        "bn",
        ["momentum = 0"],
        net([picture(4, 8, 8), ("bn", "BatchNorm2d", {"momentum": 0.0}), ("r", "ReLU"), OUT], "input>bn bn>r r>output"),
    ),
    (
        "activation-after-activation",
        "b",
        ["a (ReLU)", "b (ReLU)"],
        net([vector(8), ("a", "ReLU"), ("b", "ReLU"), ("fc", "Linear"), OUT], "input>a a>b b>fc fc>output"),
    ),
    (
        "sigmoid-before-loss",
        "gate",
        ["10 scores"],
        net([vector(8), ("fc", "Linear"), ("gate", "Sigmoid"), OUT], "input>fc fc>gate gate>output"),
    ),
    (
        "embedding-of-values",
        "words",
        ["fc (Linear)"],
        net([vector(8), ("fc", "Linear"), ("words", "Embedding"), OUT], "input>fc fc>words words>output"),
    ),
    (
        "bad-parameter",
        "conv",
        ["no setting called 'out_chanels'"],
        net([picture(1, 8, 8), ("conv", "Conv2d", {"out_chanels": 3}), OUT], "input>conv conv>output"),
    ),
    (
        "impossible",
        "att",
        ["width of 30", "7 heads"],
        net([tokens(5, 30), ("att", "SelfAttention", {"num_heads": 7}), OUT], "input>att att>output"),
    ),
    (
        "impossible",
        "rnn",
        ["steps × features", "3×16×16"],
        net([picture(3, 16, 16), ("rnn", "LSTM"), OUT], "input>rnn rnn>output"),
    ),
    (
        "impossible",
        "att",
        ["tokens × width", "8×4×4"],
        net([picture(8, 4, 4), ("att", "SelfAttention"), OUT], "input>att att>output"),
    ),
    (
        "impossible",
        "cut",
        ["10", "3 equal parts"],
        net([picture(10, 4, 4), ("cut", "Chunk", {"chunks": 3}), OUT], "input>cut cut>output"),
    ),
    (
        "impossible",
        "shuffle",
        ["4 channels into one", "10"],
        net(
            [picture(3, 4, 4), ("conv", "Conv2d", {"out_channels": 10}), ("shuffle", "PixelShuffle"), OUT],
            "input>conv conv>shuffle shuffle>output",
        ),
    ),
    (
        "impossible",
        "crop",
        ["6 rows", "5×5"],
        net([picture(2, 5, 5), ("crop", "Crop", {"margin": 3}), OUT], "input>crop crop>output"),
    ),
    (
        "impossible",
        "up",
        ["output padding 3", "stride 2"],
        net([picture(2, 5, 5), ("up", "ConvTranspose2d", {"output_padding": 3}), OUT], "input>up up>output"),
    ),
    (
        "impossible",
        "conv",
        ["6 rows of reflect", "5×5"],
        net(
            [picture(2, 5, 5), ("conv", "Conv2d", {"padding": 6, "padding_mode": "reflect"}), OUT],
            "input>conv conv>output",
        ),
    ),
    ("impossible", "skip", ["12×12", "8×8"], cropped()),
]
