"""`predict`: what a model sees in pictures, a video or a camera, frame by frame."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.cancel import CancelToken
from engine.commands.base import COMMANDS, DONE, Command, Output
from engine.commands.interruptible import run_interruptible
from engine.events import Emit, Event, Notice


@COMMANDS.register("predict")
class Predict(Command):
    help = "what a run or a built-in detector sees in pictures, a video or a camera"

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--model", required=True, metavar="RUN|ID", help="the folder of a run, or a detector such as opencv:face"
        )
        parser.add_argument(
            "--source", required=True, metavar="FILE|FOLDER|camera:N|URL", help="a video, pictures, camera or stream"
        )
        parser.add_argument("--limit", type=int, metavar="N", help="stop after this many frames")
        parser.add_argument(
            "--save", type=Path, metavar="FILE", help="also write a video, picture or folder with the answers drawn in"
        )

    def run(self, args: Namespace, out: Output) -> int:
        from engine.inference.stream import predict_stream

        def job(emit: Emit, token: CancelToken) -> int:
            frames = 0
            for answer in predict_stream(args.model, args.source, args.limit, args.save, emit, token):
                frames += 1
                out.data(answer)
                out.text(_line(answer))
            return frames

        def note(event: Event) -> None:
            if isinstance(event, Notice):
                out.note(f"{event.what} {event.advice}".rstrip())

        frames = run_interruptible(job, note)
        out.text(f"{frames:,} frames")
        if args.save:
            out.text(f"saved: {args.save}")
        return DONE


def _line(answer: Mapping[str, Any]) -> str:
    head = f"frame {answer['frame']:>6}  {answer['time_ms'] / 1000:9.3f} s  "
    if "label" in answer:
        return f"{head}{answer['label']} {answer['score']:.3f}"
    if "classes" in answer:
        return head + ", ".join(f"{name} {share:.1%}" for name, share in answer["classes"].items())
    found = [
        f"{one['label']} {one['score']:.3f} at {', '.join(f'{edge:.0f}' for edge in one['box'])}"
        for one in answer["detections"]
    ]
    return head + ("; ".join(found) or "nothing")
