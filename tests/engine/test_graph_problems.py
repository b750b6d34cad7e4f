"""Every fault is named at its node, in words with the numbers, and its first repair really removes it."""

from __future__ import annotations

import pickle

import pytest

from engine.gallery import GALLERY, open_network
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.problems.base import PROBLEMS
from engine.graph.results import Problem
from engine.graph.spec import NetworkSpec
from tests.helpers.more_problem_cases import MORE_CASES
from tests.helpers.problem_cases import CASES as FIRST_CASES
from tests.helpers.problem_cases import OUT, net, picture, residual

CASES = [*FIRST_CASES, *MORE_CASES]


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
    covered = {case[0] for case in CASES} | {"head-width", "other-task", "too-many-weights"}
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


def test_only_the_sizes_that_are_refused_are_set_to_what_is_allowed() -> None:
    problem = found(net([picture(3, 100_000, 32), OUT], "input>output"), "bad-parameter", "input")[0]

    assert problem.repairs[0].label == "Set shape of input to 3×65536×32"


def test_a_second_log_softmax_is_called_idle_and_a_second_softmax_harmful() -> None:
    """log-softmax of log-softmax is log-softmax; softmax of softmax is nearly even."""
    edges, input = "input>soft soft>output", ("input", "Input", {"shape": (8,)})
    log, plain = (
        found(net([input, ("soft", type), OUT], edges), "softmax-before-loss", "soft")[0]
        for type in ("LogSoftmax", "Softmax")
    )

    assert "changes nothing" in log.advice
    assert "flattens" in plain.advice


def test_labels_of_repairs_have_the_right_article() -> None:
    spec = net([("input", "Input", {"shape": (3, 24)}), ("conv", "Conv2d"), OUT], "input>conv conv>output")

    labels = [repair.label for problem in analyse(spec).errors for repair in problem.repairs]

    assert "Insert an Unsqueeze before conv" in labels
