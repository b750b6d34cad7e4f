"""Which repair comes first: the first of those offered that leaves no fault behind, tried on the whole drawing.

A repair is proposed by somebody who looks at one node. Whether what comes after it still fits only shows when the
repair is made, which is cheap, since only what lies downstream is worked out again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.errors import BadInput
from engine.graph.repairs import set_param
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import NetworkSpec, Shape

Check = Callable[[NetworkSpec], tuple[Problem, ...]]
"""All errors of a drawing."""

_MOST_PROBLEMS = 4
PROVEN_WARNINGS = ("leads-nowhere", "disconnected", "double-output")
_MOST_TRIALS = 24
_SIZES = (16, 32, 48, 64, 96, 128, 192, 224, 256, 320, 384, 512)
_TOO_SMALL = ("kernel-too-large", "collapsed", "impossible")


def with_proven_first(
    spec: NetworkSpec, problems: tuple[Problem, ...], check: Check, told: tuple[Problem, ...] = ()
) -> tuple[Problem, ...]:
    """The same problems, the first few with the repair in front that leaves the fewest of them and makes no new one.

    `told` are all problems of the drawing where `problems` are only some of them.
    """
    known = {(problem.kind, problem.node) for problem in (*problems, *told) if problem.severity == "error"}
    trials = _MOST_TRIALS
    result = []
    for number, problem in enumerate(problems):
        if number >= _MOST_PROBLEMS or trials <= 0:
            result.append(problem)
            continue
        best: int | None = None
        for place, repair in enumerate(problem.repairs[:trials]):
            trials -= 1
            if _helps(spec, problem, repair, known, check):
                best = place
                break
        if best:
            front = problem.repairs[best]
            rest = problem.repairs[:best] + problem.repairs[best + 1 :]
            problem = replace(problem, repairs=(front, *rest))
        elif best is None and problem.severity == "error":
            other = next(_other_inputs(spec, problem, known, check), None)
            problem = replace(problem, repairs=(other, *problem.repairs)) if other else problem
        result.append(problem)
    return tuple(result)


def _helps(
    spec: NetworkSpec, problem: Problem, repair: Repair, known: set[tuple[str, str | None]], check: Check
) -> bool:
    """Whether the problem is gone after the repair and nothing else has come."""
    try:
        left = {(one.kind, one.node) for one in check(repair.apply(spec))}
    except BadInput:
        return False
    return (problem.kind, problem.node) not in left and left <= known


def _other_inputs(
    spec: NetworkSpec, problem: Problem, known: set[tuple[str, str | None]], check: Check
) -> Iterator[Repair]:
    """Another shape for an Input: that of its neighbour, with channels where they are missing, or larger."""
    shapes = [node.params.get("shape") for node in spec.inputs]
    sound = [shape for shape in shapes if isinstance(shape, tuple) and all(isinstance(size, int) for size in shape)]
    for node, shape in zip(spec.inputs, shapes, strict=True):
        if shape not in sound or not isinstance(shape, tuple):
            continue
        tries: list[Shape] = [other for other in sound if other != shape]
        if len(shape) == 2:
            tries += [(1, *shape), (3, *shape)]
        if len(shape) > 2 and problem.kind in _TOO_SMALL:
            tries += [(shape[0], *(max(size, one) for one in shape[1:])) for size in _SIZES]
        for wanted in dict.fromkeys(tries):
            repair = set_param(node.id, "shape", wanted, f"Make the input {node.id} {written(wanted)}")
            if wanted != shape and _helps(spec, problem, repair, known, check):
                yield repair
