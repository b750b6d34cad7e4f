"""The answer to "what is this drawing?": shapes, costs, receptive fields, and what is wrong with it.

Incremental by what it remembers: a layer with the same settings and input shapes, or a block with the same inputs, is
never computed twice, so that an edit costs what lies downstream of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.graph.cost import FLOAT_BYTES
from engine.graph.level import Level, resolve
from engine.graph.memory import bytes_of
from engine.graph.ports import is_each
from engine.graph.problems.base import PROBLEMS, View
from engine.graph.problems.search import unexplained
from engine.graph.proving import PROVEN_WARNINGS, with_proven_first
from engine.graph.repairs import within
from engine.graph.results import SEVERITIES, Analysis, NodeInfo, Problem, Totals
from engine.graph.shapes import warm_up as warm_up
from engine.graph.spec import NetworkSpec, NodeSpec, Shape


def analyse(spec: NetworkSpec, previous: Analysis | None = None, *, classes: int | None = None) -> Analysis:
    """Work out everything about a network. Never raises for a bad drawing: what is wrong becomes a `Problem`.

    Args:
        previous: an analysis of an earlier state; what did not change is the same object in the new one.
        classes: how many classes the data has, where that is known, so that the head can be compared with it.
    """
    if previous is not None and previous.spec is spec and previous.classes == classes:
        return previous
    level = resolve(spec)
    nodes: dict[str, NodeInfo] = {}
    _collect(level, "", nodes, 1, True)
    if previous is not None:
        for id, info in nodes.items():
            before = previous.nodes.get(id)
            if before is not None and before == info:
                nodes[id] = before
    problems = _problems(level, "", True, classes)
    tried = tuple(one for one in problems if one.severity == "error" or one.kind in PROVEN_WARNINGS)
    if tried:
        rest = [one for one in problems if one not in tried]
        settled = [_settled(one, previous) for one in tried]
        fresh = tuple(one for one, known in zip(tried, settled, strict=True) if known is None)
        proven = iter(with_proven_first(spec, fresh, errors_of, tried) if fresh else ())
        problems = [*(known or next(proven) for known in settled), *rest]
    return Analysis(
        spec=spec,
        nodes=nodes,
        problems=tuple(sorted(problems, key=lambda problem: SEVERITIES.index(problem.severity))),
        totals=_totals(level),
        input=_ends(level.infos[node.id].output_shape for node in spec.inputs),
        output=_ends(signal.shape if signal else None for signal in level.leaving),
        classes=classes,
    )


def _settled(problem: Problem, previous: Analysis | None) -> Problem | None:
    """The same problem as it was told before, with its repairs in the order that was found by trying them then.

    What is tried is the whole drawing, and most edits are elsewhere: trying again at each would be felt.
    """
    if previous is None:
        return None
    told = (problem.severity, problem.kind, problem.node, problem.message)
    for before in previous.problems:
        if (before.severity, before.kind, before.node, before.message) == told:
            offered = {(repair.id, repair.label) for repair in before.repairs}
            same = all((repair.id, repair.label) in offered for repair in problem.repairs)
            return before if same and len(before.repairs) - len(problem.repairs) in (0, 1) else None
    return None


def errors_of(spec: NetworkSpec) -> tuple[Problem, ...]:
    """What keeps a network from running, with the repairs in the order in which they were thought of."""
    return tuple(problem for problem in _problems(resolve(spec), "", True, None) if problem.severity == "error")


def _totals(level: Level) -> Totals:
    live = [level.infos[id] for id in level.live if id in level.infos]
    given = [shape for node in level.spec.inputs if (shape := level.infos[node.id].output_shape) is not None]
    need, parameters = level.need, sum(info.parameters for info in live)
    pictures = [bytes_of(shape) for shape in given]
    kept_pictures = sum(size for number, size in enumerate(pictures) if number in need.entries)
    return Totals(
        parameters,
        sum(info.trainable_parameters for info in live),
        sum(info.macs for info in live),
        sum(info.activation_bytes for info in live),
        need.kept + kept_pictures + sum(one.size for one in need.leaving if one.kept and one.entry is None),
        need.peak + sum(pictures),
        parameters * FLOAT_BYTES,
    )


def _ends(shapes: Iterable[Shape | None]) -> Shape | tuple[Shape | None, ...] | None:
    """One shape as itself, several as a tuple, none as None."""
    found = tuple(shapes)
    if len(found) <= 1:
        return found[0] if found else None
    return found


def _collect(level: Level, prefix: str, nodes: dict[str, NodeInfo], times: int, counted: bool) -> None:
    """File every node under its path.

    What runs once for each of several elements costs that many times as much; what uses the weights of another block
    (not `counted`) has no parameters of its own.
    """
    for node in level.spec.nodes:
        info = level.infos[node.id]
        if prefix:
            info = replace(info, id=prefix + node.id)
        if times != 1:
            info = replace(info, macs=times * info.macs, activation_bytes=times * info.activation_bytes)
        if not counted:
            info = replace(info, parameters=0, trainable_parameters=0)
        nodes[prefix + node.id] = info
        if node.id in level.inside:
            each = info.input_shapes[0][0] if is_each(node) and info.input_shapes else 1
            _collect(
                level.inside[node.id], f"{prefix}{node.id}.", nodes, times * each, counted and _is_counted(node, info)
            )
        elif node.subgraph is not None:
            _unknown(node.subgraph, f"{prefix}{node.id}.", nodes)


def _is_counted(node: NodeSpec, info: NodeInfo) -> bool:
    """Whether a block's weights are counted at it, and not at another one that shares them."""
    return node.shares is None or info.parameters > 0


def _unknown(spec: NetworkSpec, prefix: str, nodes: dict[str, NodeInfo]) -> None:
    for node in spec.nodes:
        nodes[prefix + node.id] = NodeInfo(prefix + node.id, node.type)
        if node.subgraph is not None:
            _unknown(node.subgraph, f"{prefix}{node.id}.", nodes)


def _problems(level: Level, path: str, top: bool, classes: int | None) -> list[Problem]:
    """Problems of a network and, with their nodes named "block.inner", of its blocks, in order of computation."""
    view = View(level, top, classes)
    found = [problem for _, check in PROBLEMS.items() for problem in check(view)]
    explained = {problem.node for problem in found if problem.severity == "error"}
    found += unexplained(view, explained)
    found.sort(key=lambda problem: view.rank.get(problem.node or "", -1))
    placed = [_placed(problem, path) for problem in found]
    for id, inner in level.inside.items():
        placed += _problems(inner, f"{path}.{id}".strip("."), False, classes)
    return placed


def _placed(problem: Problem, path: str) -> Problem:
    if not path:
        return problem
    node = f"{path}.{problem.node}" if problem.node else path
    return replace(problem, node=node, repairs=tuple(within(path, repair) for repair in problem.repairs))
