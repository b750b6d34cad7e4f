"""`convert`: a network or a run in another form."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from engine.cancel import CancelSource
from engine.commands.base import COMMANDS, DONE, Command, Output
from engine.commands.network_argument import add_network, open_argument
from engine.events import Event, Progress
from engine.export.base import EXPORTS, Exported
from engine.export.job import ExportJob
from engine.training.run_folder import CONFIG_FILE


@COMMANDS.register("convert")
class Convert(Command):
    help = "write a network, or that of a run with its weights, as code, ONNX, weights, or a table"

    def arguments(self, parser: ArgumentParser) -> None:
        add_network(parser, metavar="NETWORK|RUN")
        parser.add_argument("--to", required=True, choices=tuple(EXPORTS), help="the form to write")
        parser.add_argument("--out", required=True, metavar="FILE", type=Path, help="the file to write")
        parser.add_argument(
            "--weights", metavar="FILE", type=Path, help="weights that travel along (safetensors, or a .pt state dict)"
        )
        parser.add_argument("--nested", action="store_true", help="in summaries and tables, list what is in the blocks")

    def run(self, args: Namespace, out: Output) -> int:
        def emit(event: Event) -> None:
            if isinstance(event, Progress):
                out.note(f"{event.text} ...")

        folder = Path(args.network)
        is_run = (folder / CONFIG_FILE).is_file()
        opened = None if is_run and not args.input else open_argument(args)
        spec, state = (opened.spec, opened.state) if opened else (None, None)
        job = ExportJob(spec, args.to, args.out, args.weights, folder if is_run else None, args.nested, state)
        done = job(emit, CancelSource().token)
        told = {"out": done.path, "to": args.to, "name": done.name, "more": done.more, "note": done.note}
        out.data({**told, "fresh_weights": done.fresh})
        for line in _lines(done):
            out.text(line)
        return DONE


def _lines(done: Exported) -> list[str]:
    files = " and ".join(str(path) for path in (done.path, *done.more))
    lines = [f"{done.name} is written to {files}. {done.note}".strip()]
    if done.fresh:
        lines.append("Its weights are new and random, since none were given: --weights FILE, or a run instead.")
    return lines
