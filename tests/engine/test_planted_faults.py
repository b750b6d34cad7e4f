"""Faults planted one by one in gallery networks are named where they are, and the first repair offered mends them."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
import torch

from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.results import Problem
from engine.graph.spec import NetworkSpec, Shape
from tests.helpers import fault_layers, fault_sizes, fault_wiring
from tests.helpers.planted_faults import KINDS, Planted, planted, sound

FILES = (fault_layers, fault_sizes, fault_wiring)
SWIFT = ("perceptron", "lenet5", "lenet5_modern", "recurrent_conv", "highway")
# One or two of each family, those that can be built and run hundreds of times.
THOROUGH = ("resnet18", "googlenet", "densenet121", "mobilenet_v3_small", "efficientnet_b0", "unet", "siamese",
            "autoencoder", "dcgan", "birnn", "cnn_lstm", "detr_small", "yolo_small",
            "lraspp_mobilenet_v3_large")  # fmt: skip
LEAST_SHARE = 0.95


def named(case: Planted) -> tuple[Problem, ...]:
    """What the analysis newly says at one of the nodes at which this fault may be named."""
    spec, before = sound(case.network)
    if case.fault.classes is not None:
        before = analyse(spec, classes=case.fault.classes)
    old = {(problem.kind, problem.node) for problem in before.problems}
    found = analyse(case.fault.spec, classes=case.fault.classes).problems
    return tuple(one for one in found if one.node in case.at and (one.kind, one.node) not in old)


def outputs_of(spec: NetworkSpec) -> tuple[Shape, ...]:
    """Compile a network and run it forward on real tensors."""
    inputs = [torch.rand(2, *(node.params["shape"])) for node in spec.inputs]
    net = compile_network(spec).eval()
    with torch.no_grad():
        answer = net(*inputs)
    results = answer if isinstance(answer, tuple) else (answer,)
    return tuple(tuple(one.shape[1:]) for one in results)


def fault_after_repair(case: Planted, problem: Problem) -> str:
    """Apply the first repair; what is still wrong with the network then, or nothing."""
    if not problem.repairs:
        return "no repair is offered"
    label = problem.repairs[0].label
    after = problem.repairs[0].apply(case.fault.spec)
    errors = analyse(after).errors
    if errors:
        return f"after {label!r}: {errors[0].message}"
    shapes = outputs_of(after)
    expected = tuple(sound(case.network)[1].nodes[node.id].output_shape for node in sound(case.network)[0].outputs)
    if case.fault.resized:
        expected = shapes
    if case.fault.classes is not None and analyse(after, classes=case.fault.classes).output != (case.fault.classes,):
        return f"after {label!r}: the head has another width"
    return "" if shapes == expected else f"after {label!r}: {shapes} comes out instead of {expected}"


def examine(network: str, times: int = 1, seed: int = 0) -> Counter[str]:
    """Plant every kind of fault; returns the kinds as "kind" and, where the first repair mends, "kind mended"."""
    seen: Counter[str] = Counter()
    unnamed, unmended = [], []
    for case in planted(network, times=times, seed=seed):
        problems = named(case)
        seen[case.kind] += 1
        if not problems:
            all_ = [f"{one.kind} at {one.node}" for one in analyse(case.fault.spec).problems]
            unnamed.append(f"{case}: {all_[:4]}, not at {sorted(map(str, case.at))[:6]}")
            continue
        left = fault_after_repair(case, problems[0])
        if left:
            unmended.append(f"{case}: {left}")
        else:
            seen[f"{case.kind} mended"] += 1
    count = sum(number for kind, number in seen.items() if not kind.endswith(" mended"))
    share = 1 - (len(unmended) + len(unnamed)) / count
    report = f"{network}: {count} faults, the first repair mends {100 * share:.1f} %"
    sys.stdout.write("\n    ".join([report, *unmended]) + "\n")
    assert not unnamed, "\n".join(unnamed)
    assert share >= LEAST_SHARE, "\n".join(unmended)
    return seen


@pytest.mark.parametrize("id", SWIFT)
def test_planted_faults_are_named_and_mended(id: str) -> None:
    examine(id)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("id", THOROUGH)
def test_planted_faults_are_named_and_mended_in_every_family(id: str) -> None:
    examine(id)


@pytest.mark.slow
def test_there_are_three_hundred_faults_of_every_kind() -> None:
    cases = [case for id in (*SWIFT, *THOROUGH) for case in planted(id)]
    assert len(cases) >= 300
    assert len({case.fault.spec for case in cases}) == len(cases), "no fault is planted twice"
    assert {case.kind for case in cases} == set(KINDS)
