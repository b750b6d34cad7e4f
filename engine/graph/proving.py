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
_MOST_TRIALS = 24
_SIZES = (16, 32, 48, 64, 96, 128, 192, 224, 256, 320, 384, 512)
_TOO_SMALL = ("kernel-too-large", "collapsed", "impossible")


def with_proven_first(spec: NetworkSpec, errors: tuple[Problem, ...], check: Check) -> tuple[Problem, ...]:
    """The same problems, the first few with the repair in front that leaves the fewest of them and makes no new one."""
    known = {(problem.kind, problem.node) for problem in errors}
    trials = _MOST_TRIALS
    result = []
    for number, problem in enumerate(errors):
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
        elif best is None and problem.kind in _TOO_SMALL:
            larger = next(_larger_pictures(spec, problem, known, check), None)
            problem = replace(problem, repairs=(larger, *problem.repairs)) if larger else problem
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


def _larger_pictures(
    spec: NetworkSpec, problem: Problem, known: set[tuple[str, str | None]], check: Check
) -> Iterator[Repair]:
    """A larger picture for a network that leaves nothing of the one it gets."""
    if len(spec.inputs) != 1:
        return
    node = spec.inputs[0]
    shape = node.params.get("shape")
    if not isinstance(shape, tuple) or len(shape) < 2 or not all(isinstance(size, int) for size in shape):
        return
    for size in _SIZES:
        wanted: Shape = (shape[0], *(max(size, one) for one in shape[1:]))
        repair = set_param(node.id, "shape", wanted, f"Make the picture larger: {written(wanted)}")
        if wanted != shape and _helps(spec, problem, repair, known, check):
            yield repair
