"""`describe`: a network's layers with shapes, parameters and cost, its paper's table, and what is wrong with it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.commands.base import COMMANDS, DONE, Command, Output, table
from engine.commands.network_argument import add_network, open_argument
from engine.commands.weights_argument import add_weights, plain_report, weights_report
from engine.gallery import GALLERY
from engine.graph.spec import INPUT, OUTPUT, NetworkSpec

if TYPE_CHECKING:
    from engine.gallery.paper_table import PaperLine
    from engine.graph.results import Analysis, NodeInfo, Problem


@COMMANDS.register("describe")
class Describe(Command):
    help = "a network's layers: shapes, parameters, cost, problems"

    def arguments(self, parser: ArgumentParser) -> None:
        add_network(parser)
        add_weights(parser)

    def run(self, args: Namespace, out: Output) -> int:
        from engine.gallery.paper_table import beside_paper
        from engine.graph.analyse import analyse

        opened = open_argument(args)
        spec = opened.spec
        weights = weights_report(args, spec)
        analysis = analyse(spec)
        layers, totals = layer_rows(spec, analysis.nodes), analysis.totals
        paper = beside_paper(GALLERY.get(args.network), analysis) if args.network in GALLERY else ()
        imported = {"imported_by": opened.how, "notes": opened.notes} if opened.how else {}
        out.data(
            {
                "name": spec.name,
                "input": analysis.input,
                "output": analysis.output,
                "parameters": totals.parameters,
                "trainable_parameters": totals.trainable_parameters,
                "macs": totals.macs,
                "activation_bytes": totals.activation_bytes,
                "parameter_bytes": totals.parameter_bytes,
                "training_bytes": totals.training_bytes,
                "inference_bytes": totals.inference_bytes,
                "layers": [_plain_layer(info) for info in layers],
                **({"paper": [asdict(line) for line in paper]} if paper else {}),
                "problems": [plain_problem(problem) for problem in analysis.problems],
                **imported,
                **({"weights": plain_report(weights)} if weights else {}),
            }
        )
        for line in (*_lines(spec, analysis, layers), *_paper_lines(args.network, paper), *_problem_lines(analysis)):
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
        f"weights              {amount(totals.parameter_bytes)}",
        f"activation memory    {amount(totals.activation_bytes)} for one picture, all outputs together",
        f"  for training       {amount(totals.training_bytes)} kept until the backward pass",
        f"  in use             {amount(totals.inference_bytes)} at the same time",
    ]
    return lines


def _problem_lines(analysis: Analysis) -> list[str]:
    return [line for problem in analysis.problems for line in ("", *problem_lines(problem))]


def _paper_lines(id: str, paper: tuple[PaperLine, ...]) -> list[str]:
    """The paper's table beside ours; a row that differs is marked."""
    if not paper:
        return []
    counted = any(line.parameters is not None for line in paper)
    rows = []
    for line in paper:
        row = [line.layer, line.node, size(line.output) if line.output else "", size(line.our_output)]
        if counted:
            ours = "" if line.our_parameters is None else f"{line.our_parameters:,}"
            row += ["" if line.parameters is None else f"{line.parameters:,}", ours]
        rows.append([*row, "" if line.agrees else "differs", line.note])
    heads = ["paper's layer", "here", "paper's output", "our output"]
    heads += ["paper's parameters", "our parameters"] if counted else []
    source = GALLERY.get(id).paper or GALLERY.get(id).name
    right = tuple(range(2, 6 if counted else 4))
    return ["", f"The table of the paper ({source}):", "", *table(rows, (*heads, "", "note"), right=right)]


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
