"""`convert`: a network or a run in another form."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from engine.commands.base import COMMANDS, DONE, Command, Output
from engine.commands.network_argument import add_network, open_argument
from engine.errors import BadInput
from engine.graph.spec import NetworkSpec, to_json
from engine.project.atomic import write_atomic

_WRITTEN = ("json", "pytorch")
_LATER = ("onnx", "pt2", "safetensors")


@COMMANDS.register("convert")
class Convert(Command):
    help = "write a network, or that of a run, as a network file or as PyTorch code"

    def arguments(self, parser: ArgumentParser) -> None:
        add_network(parser, metavar="NETWORK|RUN")
        parser.add_argument("--to", required=True, choices=(*_WRITTEN, *_LATER), help="the form to write")
        parser.add_argument("--out", required=True, metavar="FILE", type=Path, help="the file to write")

    def run(self, args: Namespace, out: Output) -> int:
        if args.to in _LATER:
            raise BadInput(
                f"This version of Vitrine cannot write {args.to} yet.", f"Choose --to {' or --to '.join(_WRITTEN)}."
            )
        if args.out.is_dir():
            raise BadInput(f"{args.out} is a folder.", "Give --out the name of a file.")
        spec = open_argument(args).spec
        write_atomic(args.out, (_as_json(spec) if args.to == "json" else _as_pytorch(spec)).encode("utf-8"))
        out.data({"out": args.out, "to": args.to, "name": spec.name})
        out.text(f"{spec.name} is written to {args.out}.")
        return DONE


def _as_json(spec: NetworkSpec) -> str:
    return to_json(spec)


def _as_pytorch(spec: NetworkSpec) -> str:
    from engine.export.source.generate import generate

    return generate(spec)
