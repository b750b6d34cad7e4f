"""Small drawings with one fault each: its kind, the node at which it is reported, words of the message, the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec

Node = tuple[str, str] | tuple[str, str, dict[str, Any]]


def net(nodes: Sequence[Node], edges: str) -> NetworkSpec:
    """Nodes as (id, type, params), edges as "a>b b>c"."""
    made = tuple(
        NodeSpec(id, type, params[0] if params else {}, (0, 100 * n)) for n, (id, type, *params) in enumerate(nodes)
    )
    return NetworkSpec("net", made, tuple(EdgeSpec(*pair.split(">")) for pair in edges.split()))


def picture(*shape: int) -> Node:
    return ("input", "Input", {"shape": shape})


OUT: Node = ("output", "Output")


def residual(main: dict[str, Any], merge: str = "Add") -> NetworkSpec:
    nodes = [picture(8, 16, 16), ("conv", "Conv2d", main), ("meet", merge), OUT]
    return net(nodes, "input>conv conv>meet input>meet meet>output")


BAD_EDGES = net(
    [picture(1, 8, 8), ("relu", "ReLU"), ("tanh", "Tanh"), OUT], "input>relu input>tanh relu>tanh tanh>output"
)
UNKNOWN = net([picture(1, 8, 8), ("act", "Relu7", {"p": 1}), OUT], "input>act act>output")

Case = tuple[str, str | None, list[str], NetworkSpec]

CASES: list[Case] = [
    ("no-input", None, ["no Input"], net([("conv", "Conv2d"), OUT], "conv>output")),
    ("no-output", None, ["no Output"], net([picture(1, 8, 8), ("conv", "Conv2d")], "input>conv")),
    ("no-input", None, ["no Input"], NetworkSpec()),
    (
        "missing-input",
        "conv",
        ["conv (Conv2d)", "nothing connected"],
        net([picture(1, 8, 8), ("conv", "Conv2d"), OUT], "conv>output"),
    ),
    ("missing-input", "output", ["output"], net([picture(1, 8, 8), ("relu", "ReLU"), OUT], "input>relu")),
    (
        "disconnected",
        "relu",
        ["connected to nothing"],
        net([picture(1, 8, 8), ("relu", "ReLU"), OUT], "input>output"),
    ),
    (
        "leads-nowhere",
        "relu",
        ["leads to no Output"],
        net([picture(1, 8, 8), ("relu", "ReLU"), OUT], "input>output input>relu"),
    ),
    (
        "cycle",
        "add",
        ["add, relu, tanh", "circle"],
        net(
            [picture(1, 8, 8), ("add", "Add"), ("relu", "ReLU"), ("tanh", "Tanh"), OUT],
            "input>add add>relu relu>tanh tanh>add tanh>output relu>add",
        ),
    ),
    ("cycle", "add", ["feeds itself"], net([picture(1, 8, 8), ("add", "Add"), OUT], "input>add add>add add>output")),
    ("unknown-type", "act", ["'Relu7'"], UNKNOWN),
    ("bad-edge", "tanh", ["relu", "tanh", "already has"], BAD_EDGES),
    (
        "bad-parameter",
        "conv",
        ["kernel_size = 0"],
        net([picture(1, 8, 8), ("conv", "Conv2d", {"kernel_size": 0}), OUT], "input>conv conv>output"),
    ),
    (
        "bad-parameter",
        "conv",
        ["no setting called 'filters'"],
        net([picture(1, 8, 8), ("conv", "Conv2d", {"filters": 3}), OUT], "input>conv conv>output"),
    ),
    (
        "bad-parameter",
        "drop",
        ["p = 1.5"],
        net([picture(1, 8, 8), ("drop", "Dropout", {"p": 1.5}), OUT], "input>drop drop>output"),
    ),
    ("branch-mismatch", "meet", ["16×16×16 from conv", "8×16×16 from input"], residual({"padding": "same"})),
    ("branch-mismatch", "meet", ["16×8×8"], residual({"padding": 1, "stride": 2})),
    ("branch-mismatch", "meet", ["8×14×14", "8×16×16"], residual({"out_channels": 8})),
    ("branch-mismatch", "meet", ["4×12×12"], residual({"out_channels": 4, "kernel_size": 5})),
    ("branch-mismatch", "meet", ["16×14×14", "8×16×16"], residual({}, "Concatenate")),
    (
        "branch-mismatch",
        "meet",
        ["8×3×4", "96"],
        net(
            [picture(8, 3, 4), ("flat", "Flatten"), ("meet", "Add"), OUT], "input>flat flat>meet input>meet meet>output"
        ),
    ),
    (
        "branch-mismatch",
        "meet",
        ["5 from", "10 from"],
        net(
            [
                ("input", "Input", {"shape": (7,)}),
                ("a", "Linear", {"out_features": 5}),
                ("b", "Linear"),
                ("meet", "Add"),
                OUT,
            ],
            "input>a input>b a>meet b>meet meet>output",
        ),
    ),
    (
        "lonely-branch",
        "meet",
        ["only 1 input"],
        net([picture(1, 8, 8), ("meet", "Add"), OUT], "input>meet meet>output"),
    ),
    (
        "picture-into-dense",
        "fc",
        ["16×5×5", "400 values"],
        net([picture(16, 5, 5), ("fc", "Linear"), OUT], "input>fc fc>output"),
    ),
    (
        "picture-into-dense",
        "bn",
        ["4×5×5"],
        net([picture(4, 5, 5), ("bn", "BatchNorm1d"), OUT], "input>bn bn>output"),
    ),
    (
        "vector-into-picture-layer",
        "conv",
        ["768 values", "flat has flattened"],
        net([picture(3, 16, 16), ("flat", "Flatten"), ("conv", "Conv2d"), OUT], "input>flat flat>conv conv>output"),
    ),
    (
        "vector-into-picture-layer",
        "pool",
        ["64 values"],
        net([("input", "Input", {"shape": (64,)}), ("pool", "MaxPool2d"), OUT], "input>pool pool>output"),
    ),
    (
        "vector-into-picture-layer",
        "bn",
        ["10 values"],
        net([("input", "Input", {"shape": (10,)}), ("bn", "BatchNorm2d"), OUT], "input>bn bn>output"),
    ),
    (
        "kernel-too-large",
        "conv",
        ["7×7", "5×5"],
        net([picture(3, 5, 5), ("conv", "Conv2d", {"kernel_size": 7}), OUT], "input>conv conv>output"),
    ),
    (
        "kernel-too-large",
        "conv",
        ["3×3", "9×9 by dilation", "6×6"],
        net([picture(3, 6, 6), ("conv", "Conv2d", {"dilation": 4, "stride": 2}), OUT], "input>conv conv>output"),
    ),
    (
        "kernel-too-large",
        "pool",
        ["2×2", "1×1"],
        net([picture(3, 1, 1), ("pool", "MaxPool2d"), OUT], "input>pool pool>output"),
    ),
    (
        "pool-padding",
        "pool",
        ["padding 2×2", "3×3"],
        net([picture(3, 9, 9), ("pool", "AvgPool2d", {"kernel_size": 3, "padding": 2}), OUT], "input>pool pool>output"),
    ),
    (
        "groups",
        "conv",
        ["6 input channels", "16 filters", "3"],
        net([picture(6, 9, 9), ("conv", "Conv2d", {"groups": 3}), OUT], "input>conv conv>output"),
    ),
    (
        "groups",
        "conv",
        ["10 input channels", "4"],
        net([picture(10, 9, 9), ("conv", "Conv2d", {"groups": 4}), OUT], "input>conv conv>output"),
    ),
    (
        "groups",
        "norm",
        ["10 channels", "4"],
        net([picture(10, 9, 9), ("norm", "GroupNorm"), OUT], "input>norm norm>output"),
    ),
    (
        "rbf-width",
        "rbf",
        ["84", "10"],
        net([("input", "Input", {"shape": (10,)}), ("rbf", "RBF"), OUT], "input>rbf rbf>output"),
    ),
    (
        "connection-table",
        "c3",
        ["map 5", "only 4"],
        net(
            [picture(1, 32, 32), ("c1", "Conv2d", {"out_channels": 4}), ("c3", "SparseConv2d"), OUT],
            "input>c1 c1>c3 c3>output",
        ),
    ),
    (
        "reshape",
        "shape",
        ["3×7", "16"],
        net([picture(1, 4, 4), ("shape", "Reshape", {"shape": (3, 7)}), OUT], "input>shape shape>output"),
    ),
    (
        "softmax-before-loss",
        "soft",
        ["cross-entropy"],
        net(
            [("input", "Input", {"shape": (8,)}), ("fc", "Linear"), ("soft", "Softmax"), OUT],
            "input>fc fc>soft soft>output",
        ),
    ),
    (
        "useless-bias",
        "conv",
        ["no effect"],
        net(
            [picture(1, 8, 8), ("conv", "Conv2d"), ("bn", "BatchNorm2d"), ("r", "ReLU"), OUT],
            "input>conv conv>bn bn>r r>output",
        ),
    ),
    (
        "batch-norm-at-the-end",
        "bn",
        ["answer"],
        net(
            [("input", "Input", {"shape": (8,)}), ("fc", "Linear", {"bias": False}), ("bn", "BatchNorm1d"), OUT],
            "input>fc fc>bn bn>output",
        ),
    ),
    (
        "linear-after-linear",
        "b",
        ["no activation"],
        net([("input", "Input", {"shape": (8,)}), ("a", "Linear"), ("b", "Linear"), OUT], "input>a a>b b>output"),
    ),
    (
        "impossible",
        "norm",
        ["5", "3"],
        net([picture(1, 8, 8), ("norm", "Flatten", {"start_dim": 5}), OUT], "input>norm norm>output"),
    ),
]
