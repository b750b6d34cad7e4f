"""Every fault is named at its node, in words with the numbers, and its first repair really removes it."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from engine.gallery import GALLERY, open_network
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.problems.base import PROBLEMS
from engine.graph.results import Problem
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

# kind, node at which it is reported, words of the message, the network
CASES: list[tuple[str, str | None, list[str], NetworkSpec]] = [
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


def found(spec: NetworkSpec, kind: str, node: str | None, classes: int | None = None) -> list[Problem]:
    return [p for p in analyse(spec, classes=classes).problems if (p.kind, p.node) == (kind, node)]


@pytest.mark.parametrize(("kind", "node", "words", "spec"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)])
def test_a_fault_is_named_and_every_repair_removes_it(
    kind: str, node: str | None, words: list[str], spec: NetworkSpec
) -> None:
    problems = found(spec, kind, node)
    assert len(problems) == 1, [p.message for p in analyse(spec).problems]
    problem = problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.message.endswith(".")
    assert problem.advice.endswith((".", "?"))
    assert problem.repairs
    for repair in problem.repairs:
        repair = pickle.loads(pickle.dumps(repair))
        after = repair.apply(spec)
        assert not found(after, kind, node), f"{repair.label} did not help"
        assert after.name == spec.name


@pytest.mark.parametrize(("kind", "node", "words", "spec"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)])
def test_first_repairs_lead_to_a_network_that_computes(
    kind: str, node: str | None, words: list[str], spec: NetworkSpec
) -> None:
    for _ in range(12):
        errors = analyse(spec).errors
        if not errors:
            break
        spec = errors[0].repairs[0].apply(spec)
    assert not analyse(spec).errors
    compile_network(spec)


def test_every_registered_kind_has_a_case() -> None:
    covered = {case[0] for case in CASES} | {"head-width"}
    assert set(PROBLEMS) <= covered | {"empty-block"}


@pytest.mark.parametrize("id", ["lenet5_modern", "alexnet", "resnet18", "perceptron"])
def test_the_head_is_made_to_match_the_classes(id: str) -> None:
    spec = open_network(id)
    problem = next(p for p in analyse(spec, classes=7).problems if p.kind == "head-width")
    assert "7 classes" in problem.message
    repaired = problem.repairs[0].apply(spec)
    assert len(repaired.nodes) == len(spec.nodes), "the last layer's width is changed rather than a layer added"
    assert analyse(repaired, classes=7).output == (7,)
    assert not analyse(repaired, classes=7).errors


@pytest.mark.parametrize("id", ["lenet5", "lenet5_modern"])
def test_a_head_that_cannot_change_gets_a_layer_behind_it(id: str) -> None:
    spec = open_network(id)
    for repair in found(spec, "head-width", "output", classes=3)[0].repairs:
        assert analyse(repair.apply(spec), classes=3).output == (3,)


def test_a_picture_at_the_output_is_flattened_for_the_classes() -> None:
    spec = net([picture(3, 8, 8), ("conv", "Conv2d"), OUT], "input>conv conv>output")
    problem = found(spec, "head-width", "output", classes=4)[0]
    assert "16×6×6" in problem.message
    assert analyse(problem.repairs[0].apply(spec), classes=4).output == (4,)


def test_a_width_inside_a_block_is_found_and_repaired_there() -> None:
    spec = net(
        [picture(3, 8, 8), ("flat", "Flatten"), ("fc", "Linear"), ("drop", "Dropout"), OUT],
        "input>flat flat>fc fc>drop drop>output",
    )
    spec = edits.make_block(spec, ["flat", "fc", "drop"], "head")
    problem = found(spec, "head-width", "output", classes=4)[0]
    assert problem.repairs[0].label == "Set out_features of head.fc to 4"
    assert analyse(problem.repairs[0].apply(spec), classes=4).output == (4,)


def test_a_fault_inside_a_block_is_named_by_its_path_and_repaired_inside() -> None:
    spec = net([picture(3, 8, 8), ("relu", "ReLU"), ("fc", "Linear"), OUT], "input>relu relu>fc fc>output")
    spec = edits.make_block(edits.make_block(spec, ["fc"], "inner"), ["relu", "inner"], "outer")
    problem = analyse(spec).errors[0]
    assert (problem.kind, problem.node) == ("picture-into-dense", "outer.inner.fc")
    repaired = problem.repairs[0].apply(spec)
    assert not analyse(repaired).errors
    assert analyse(repaired).nodes["outer.inner.flatten1"].output_shape == (192,)


def test_a_residual_shortcut_gets_the_usual_projection() -> None:
    problem = analyse(residual({"padding": 1, "stride": 2})).errors[0]
    assert problem.repairs[0].label == "Insert a 1×1 Conv2d with 16 filters and stride 2 after input"


def test_border_loss_is_repaired_by_same_padding() -> None:
    problem = analyse(residual({"out_channels": 8})).errors[0]
    assert problem.repairs[0].label.startswith("Give conv the padding same")


def test_a_misspelt_layer_becomes_the_one_that_was_meant() -> None:
    spec = net([picture(1, 8, 8), ("c", "Conv2D", {"out_channels": 5, "wings": 2}), OUT], "input>c c>output")
    problem = analyse(spec).errors[0]
    assert problem.advice == "Did you mean Conv2d?"
    assert problem.repairs[0].apply(spec).node("c").params == {"out_channels": 5}


def test_a_stale_repair_says_so() -> None:
    from engine.errors import BadInput

    spec = residual({})
    repair = analyse(spec).errors[0].repairs[-1]
    with pytest.raises(BadInput):
        repair.apply(edits.remove(spec, ["conv", "meet"]))


@pytest.mark.parametrize("id", list(GALLERY))
def test_the_gallery_has_no_errors_or_warnings(id: str) -> None:
    assert [p for p in analyse(open_network(id)).problems if p.severity != "info"] == []
