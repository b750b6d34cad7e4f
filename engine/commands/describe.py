"""`describe`: a network's layers with shapes, parameters and cost, and what is wrong with it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.commands.base import COMMANDS, DONE, Command, Output, table
from engine.commands.network_argument import add_network, open_argument
from engine.commands.weights_argument import add_weights, plain_report, weights_report
from engine.graph.spec import INPUT, OUTPUT, NetworkSpec

if TYPE_CHECKING:
    from engine.graph.results import Analysis, NodeInfo, Problem


@COMMANDS.register("describe")
class Describe(Command):
    help = "a network's layers: shapes, parameters, cost, problems"

    def arguments(self, parser: ArgumentParser) -> None:
        add_network(parser)
        add_weights(parser)

    def run(self, args: Namespace, out: Output) -> int:
        from engine.graph.analyse import analyse

        opened = open_argument(args)
        spec = opened.spec
        weights = weights_report(args, spec)
        analysis = analyse(spec)
        layers = layer_rows(spec, analysis.nodes)
        imported = {"imported_by": opened.how, "notes": opened.notes} if opened.how else {}
        out.data(
            {
                "name": spec.name,
                "input": analysis.input,
                "output": analysis.output,
                "parameters": analysis.totals.parameters,
                "trainable_parameters": analysis.totals.trainable_parameters,
                "macs": analysis.totals.macs,
                "activation_bytes": analysis.totals.activation_bytes,
                "layers": [_plain_layer(info) for info in layers],
                "problems": [plain_problem(problem) for problem in analysis.problems],
                **imported,
                **({"weights": plain_report(weights)} if weights else {}),
            }
        )
        for line in _lines(spec, analysis, layers):
            out.text(line)
        if opened.how:
            out.text(" ".join(("", f"Imported by {opened.how}.", *opened.notes)).strip())
        for line in weights.lines() if weights else ():
            out.text(line)
        return DONE


def layer_rows(spec: NetworkSpec, nodes: Mapping[str, NodeInfo]) -> list[NodeInfo]:
    """What is known about every layer, those in blocks as "block.layer", in the order in which they compute."""
    from engine.graph.topology import inline, order

    flat = inline(spec)
    ordered = order(flat)
    stuck = [node.id for node in flat.nodes if node.id not in set(ordered)]
    ends = {node.id for node in flat.nodes if node.type in (INPUT, OUTPUT)}
    return [nodes[id] for id in (*ordered, *stuck) if id in nodes and id not in ends]


def plain_problem(problem: Problem) -> dict[str, Any]:
    """The JSON form of a problem, as `describe` and `check` print it."""
    return {
        "severity": problem.severity,
        "node": problem.node,
        "message": f"{problem.message} {problem.advice}".strip(),
        "repairs": [{"id": repair.id, "label": repair.label} for repair in problem.repairs],
    }


def problem_lines(problem: Problem) -> list[str]:
    """The same for people."""
    head = f"{problem.severity}: {problem.node}: " if problem.node else f"{problem.severity}: "
    lines = [f"{head}{problem.message} {problem.advice}".rstrip()]
    return lines + [f"    repair: {repair.label}" for repair in problem.repairs]


def _plain_layer(info: NodeInfo) -> dict[str, Any]:
    field = info.receptive_field
    return {
        "id": info.id,
        "type": info.type,
        "output_shape": info.output_shape,
        "parameters": info.parameters,
        "macs": info.macs,
        "receptive_field": None if field is None else field.size,
    }


def _lines(spec: NetworkSpec, analysis: Analysis, layers: list[NodeInfo]) -> list[str]:
    totals = analysis.totals
    rows = [
        [
            info.id,
            info.type,
            size(info.output_shape),
            f"{info.parameters:,}",
            f"{info.macs:,}",
            "" if info.receptive_field is None else size(info.receptive_field.size),
        ]
        for info in layers
    ]
    lines = [f"{spec.name}: {size(analysis.input)} in, {size(analysis.output)} out", ""]
    lines += table(
        rows, ("layer", "type", "output", "parameters", "multiply-adds", "receptive field"), right=(2, 3, 4, 5)
    )
    lines += [
        "",
        f"parameters           {totals.parameters:,} ({totals.trainable_parameters:,} trainable)",
        f"multiply-accumulates {totals.macs:,}",
        f"activation memory    {amount(totals.activation_bytes)} for one picture",
    ]
    for problem in analysis.problems:
        lines += ["", *problem_lines(problem)]
    return lines


def amount(count: int) -> str:
    """Bytes as "44.6 KiB" or "31.4 MiB"."""
    return f"{count / 2**20:,.1f} MiB" if count >= 2**20 else f"{count / 2**10:,.1f} KiB"


def size(shape: Any) -> str:
    """(6, 28, 28) as "6×28×28"; several shapes separated by commas; a question mark where it is unknown."""
    if shape is None:
        return "?"
    if isinstance(shape, int):
        return str(shape)
    if any(not isinstance(part, int) for part in shape):
        return ", ".join(size(part) for part in shape)
    return "×".join(map(str, shape))
