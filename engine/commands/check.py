"""`check`: what is wrong with a network, and repairing it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands.base import COMMANDS, DONE, FAILED, Command, Output
from engine.commands.describe import plain_problem, problem_lines
from engine.commands.network_argument import Opened, add_network, open_argument
from engine.errors import BadInput
from engine.graph.spec import NetworkSpec
from engine.project.network_file import save_network
from engine.project.store import project_file, save_project

if TYPE_CHECKING:
    from engine.graph.results import Analysis

_MOST_REPAIRS = 200


@COMMANDS.register("check")
class Check(Command):
    help = "what is wrong with a network; the exit status is 1 while errors remain"

    def arguments(self, parser: ArgumentParser) -> None:
        add_network(parser)
        parser.add_argument("--repair", action="store_true", help="make the first repair offered for each error")
        parser.add_argument("--out", metavar="FILE", type=Path, help="write the network here (default: where it was)")

    def run(self, args: Namespace, out: Output) -> int:
        from engine.graph.analyse import analyse

        opened = open_argument(args)
        if args.out and not args.repair:
            raise BadInput(
                "--out says where the repaired network goes, and nothing is to be repaired.", "Add --repair."
            )
        if args.repair and not args.out and opened.path is None:
            raise BadInput(
                f"{args.network} is not a file that could be repaired.", "Say where to write it: --out FILE."
            )
        if args.repair and not args.out and opened.path is not None and opened.path.is_dir() and not opened.project:
            raise BadInput(
                f"{args.network} is a run, and another network would not fit its weights.",
                "Say where to write the repaired one: --out FILE.",
            )
        spec, analysis = opened.spec, analyse(opened.spec)
        made: list[dict[str, Any]] = []
        if args.repair:
            spec, made, analysis = repair(spec, analysis)
        written = _write(opened, spec, args.out) if args.repair and (args.out or spec != opened.spec) else None
        _print(out, spec, analysis, made, written, args.repair)
        return FAILED if any(problem.severity == "error" for problem in analysis.problems) else DONE


def repair(spec: NetworkSpec, analysis: Analysis) -> tuple[NetworkSpec, list[dict[str, Any]], Analysis]:
    """Apply the first repair of the first error that has one, again and again, as long as that helps.

    Returns the network, what was done as {"node", "label"}, and the analysis of the result.
    """
    from engine.graph.analyse import analyse

    made: list[dict[str, Any]] = []
    seen = {spec}
    while len(made) < _MOST_REPAIRS:
        for problem in analysis.problems:
            if problem.severity != "error":
                continue
            done = _first_that_is_new(spec, problem.repairs, seen)
            if done is not None:
                spec, label = done
                made.append({"node": problem.node, "label": label})
                break
        else:
            break
        seen.add(spec)
        analysis = analyse(spec, analysis)
    return spec, made, analysis


def _first_that_is_new(spec: NetworkSpec, repairs: Any, seen: set[NetworkSpec]) -> tuple[NetworkSpec, str] | None:
    """The network after the first repair that can be made and does not lead back to where we were."""
    for one in repairs:
        try:
            after = one.apply(spec)
        except BadInput:
            continue
        if after not in seen:
            return after, one.label
    return None


def _write(opened: Opened, spec: NetworkSpec, out: Path | None) -> Path:
    if out is not None:
        save_network(spec, out)
        return out
    assert opened.path is not None
    if opened.project is None:
        save_network(spec, opened.path)
        return opened.path
    return save_project(opened.project.with_(network=spec), project_file(opened.path).parent)


def _print(
    out: Output, spec: NetworkSpec, analysis: Analysis, made: list[dict[str, Any]], written: Path | None, repaired: bool
) -> None:
    report: dict[str, Any] = {
        "name": spec.name,
        "problems": [plain_problem(problem) for problem in analysis.problems],
    }
    if repaired:
        report |= {"repaired": made, "out": written}
    out.data(report)
    for one in made:
        out.text(f"repaired: {one['node'] or spec.name}: {one['label']}")
    if written:
        out.text(f"written to {written}")
    for problem in analysis.problems:
        for line in problem_lines(problem):
            out.text(line)
    if not analysis.problems:
        out.text(f"{spec.name} has no problems.")
