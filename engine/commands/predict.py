"""`predict`: what a model sees in pictures, a video or a camera, frame by frame."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from engine.cancel import CancelToken
from engine.commands.answer_lines import line_of
from engine.commands.base import COMMANDS, DONE, Command, Output
from engine.commands.interruptible import run_interruptible
from engine.events import Emit, Event, Notice


@COMMANDS.register("predict")
class Predict(Command):
    help = "what a run, a trained model or a built-in detector sees in pictures, a video or a camera"

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--model", required=True, metavar="RUN|ID",
            help="the folder of a run, torchvision:NAME (see doctor), or a detector such as opencv:face",
        )  # fmt: skip
        parser.add_argument(
            "--source", required=True, metavar="FILE|FOLDER|camera:N|URL",
            help="a video, pictures, camera or stream, or test:RUN for the test pictures of a run; "
            "a .csv for runs that read sequences, a .npy or folder of slices "
            "for those that read volumes, a text for those that write, random for those that make pictures",
        )  # fmt: skip
        parser.add_argument("--limit", type=int, metavar="N", help="stop after this many frames")
        parser.add_argument(
            "--save", type=Path, metavar="FILE", help="also write a video, picture or folder with the answers drawn in"
        )
        parser.add_argument("--threshold", type=float, metavar="SHARE", help="leave out what is less sure, 0 to 1")
        parser.add_argument(
            "--references", type=Path, metavar="FOLDER",
            help="for runs that match: pictures to compare with, a folder for each class",
        )  # fmt: skip

    def run(self, args: Namespace, out: Output) -> int:
        from engine.inference.stream import looks_at_pictures, predict_stream

        looks = looks_at_pictures(args.model)

        def job(emit: Emit, token: CancelToken) -> int:
            frames = 0
            answers = predict_stream(
                args.model, args.source, args.limit, args.save, emit, token,
                threshold=args.threshold, references=args.references,
            )  # fmt: skip
            for answer in answers:
                frames += 1
                out.data(answer)
                out.text(line_of(answer, looks))
            return frames

        def note(event: Event) -> None:
            if isinstance(event, Notice):
                out.note(f"{event.what} {event.advice}".rstrip())

        frames = run_interruptible(job, note)
        out.text(f"{frames:,} {'frame' if looks else 'answer'}{'' if frames == 1 else 's'}")
        if args.save:
            out.text(f"saved: {args.save}")
        return DONE
