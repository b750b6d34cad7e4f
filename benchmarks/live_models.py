"""SSDlite-320 and LR-ASPP live against torchvision's own whole-model call, and a slow detector's picture age.

Both have the same random weights, whose activations are as lively as trained ones: about as many boxes as a trained
detector proposes reach torchvision's default threshold, and up to ten a picture reach the 0.5 that a person asks for.
Torchvision is called as its documentation does, on a float picture of 640×480 that is ready, with its default layout
and thresholds; LR-ASPP's scores are then turned into classes, which is what a picture needs. Ours starts from the
camera's bytes. Both take turns within one run at the same number of threads, so that a busy machine hits both alike;
the ratio is that of the medians. Budget: at least 1.3.

Then the live view is watched with each of the two and a camera of 60 pictures a second, which is faster than they are:
at least 0.95 of the rate at which the same predictor works in a bare loop; a picture is at most two inference times old
when its answer is there, and its age at the end is that of the beginning.

Prints one JSON object per line; "processor" is the ratio of processor time, which other programs disturb less. Run
`python benchmarks/live_models.py [--threads N] [--rounds N] [--minutes M]`; on Linux without a display under
`xvfb-run -a`. `--minutes 5` is the long watch.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.live import AGE_BUDGET, FPS_BUDGET, RATE, Counted, Turns, emit, pictures, wait
from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.predictor import Predictor
from engine.pretrained.table import Weights, table

MODELS = ("ssdlite320_mobilenet_v3_large", "lraspp_mobilenet_v3_large")
WHOLE_BUDGET = 1.3
GROWTH_BUDGET = 1.2
THRESHOLD = 0.5
SPREAD, BACKGROUND = 1.2, 10.0
"""Deviation of the class scores, and by how much nothing is ahead of something: about 10,000 of 290,000 scores reach
0.001, so that torchvision's decoding takes as long as with trained weights, and a dozen reach 0.3."""


def make_weights(folder: Path, model: str, images: list[np.ndarray]) -> Weights:
    """Write such weights as a file whose name has its checksum, and return its row of the table."""
    import torch
    from torch import nn

    from engine.pretrained.build import bare_model

    torch.manual_seed(0)
    detector = model.startswith("ssd")
    net = bare_model(model, 91 if detector else 21).eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # one look at a picture makes its statistics those that are kept
            module.train()
    some = np.stack(images[::10])[..., ::-1].copy()  # (N, H, W, 3) in RGB
    batch = torch.from_numpy(some).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        net(list(batch) if detector else batch)
        net.eval()
        if detector:
            heads: Any = net.head
            maps = list(net.backbone(net.transform(list(batch))[0].tensors).values())  # type: ignore[operator,union-attr]
            for level, last in zip(maps, heads.classification_head.module_list, strict=True):
                spread = float(last(level).std())
                last[1].weight *= SPREAD / spread
                last[1].bias.zero_()
                last[1].bias[:: heads.classification_head.num_columns] = BACKGROUND
    temporary = folder / "part"
    torch.save(net.state_dict(), temporary)
    digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    row = replace(next(row for row in table() if row.model == model), file=f"{model}-{digest[:8]}.pth")
    temporary.rename(folder / row.file)
    return row


def whole_call(row: Weights, folder: Path, image: np.ndarray) -> Callable[[], Any]:
    """Torchvision's own module, called as its documentation does."""
    import torch

    from engine.pretrained.build import bare_model

    net = bare_model(row.model, 91 if row.task == "detection" else 21)
    net.load_state_dict(torch.load(folder / row.file, weights_only=True))
    net.eval()
    picture = torch.from_numpy(image[:, :, ::-1].copy()).permute(2, 0, 1).float() / 255  # (3, 480, 640)

    def call() -> Any:
        with torch.inference_mode():
            if row.task == "detection":
                return net([picture])
            return net(picture[None])["out"].argmax(1)

    return call


def compare(row: Weights, folder: Path, images: list[np.ndarray], threads: int, rounds: int) -> bool:
    """Ours against theirs, one call each in turns."""
    import torch

    from engine.inference.trained.base import open_pretrained

    torch.set_num_threads(threads)
    ours = open_pretrained(row.id, "cpu", [row], [folder])
    ours.threshold = THRESHOLD
    theirs = whole_call(row, folder, images[0])
    frames = itertools.cycle([Frame(image) for image in images])
    times: tuple[list[float], list[float]] = ([], [])
    used: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 3):
        for place, call in enumerate((theirs, lambda: ours.predict(next(frames)))):
            began, busy = time.perf_counter(), time.process_time()
            call()
            if number >= 3:
                times[place].append((time.perf_counter() - began) * 1000)
                used[place].append((time.process_time() - busy) * 1000)
    whole, live = (statistics.median(one) for one in times)
    processor = statistics.median(used[0]) / statistics.median(used[1])
    met = whole / live >= WHOLE_BUDGET
    emit(
        benchmark=f"live against torchvision's whole call, {row.model}", ratio=round(whole / live, 2),
        torchvision=round(whole, 1), live=round(live, 1), unit="ms",
        stages={name: round(value, 1) for name, value in ours.stages.items()},
        best={"torchvision": round(min(times[0]), 1), "live": round(min(times[1]), 1)},
        processor=round(processor, 2), threads=threads, rounds=rounds, budget=WHOLE_BUDGET, met=met,
    )  # fmt: skip
    return met


class TrainedTurns(Turns):
    """The live view with a trained model, and the same predictor in a bare loop."""

    def __init__(self, row: Weights, folder: Path, page: Any, images: list[np.ndarray], threads: int, seconds: float):
        super().__init__(page, images, row.id, threads, seconds)
        self.row, self.folder = row, folder
        self._bare: Predictor | None = None

    def _predictor(self) -> Predictor:
        from engine.inference.trained.base import open_pretrained

        return open_pretrained(self.row.id, "cpu", [self.row], [self.folder])

    def open(self) -> Counted:
        self.limit_threads()
        self.counted = _Passing(self._predictor())
        return self.counted

    def bare_call(self) -> Callable[[], object]:
        self.limit_threads()
        model = self._bare = self._bare or self._predictor()
        model.threshold = THRESHOLD
        frames = itertools.cycle([Frame(image) for image in self.images])
        return lambda: model.predict(next(frames))

    def report_rate(self) -> bool:
        """Frames per second against the bare loop's."""
        ratio = statistics.median(turn.live / min(turn.bare, RATE) for turn in self.turns)
        met = ratio >= FPS_BUDGET
        emit(
            benchmark=f"live frames per second, {self.row.model}", ratio=round(ratio, 3),
            bare=round(statistics.median(turn.bare for turn in self.turns), 1),
            live=round(statistics.median(turn.live for turn in self.turns), 1),
            processor=round(statistics.median(turn.bare_used / turn.live_used for turn in self.turns), 3),
            boxes=self._boxes(),
            threads=self.threads, turns=len(self.turns), quiet=self.quiet, budget=FPS_BUDGET, met=met,
        )  # fmt: skip
        return met

    def _boxes(self) -> float | None:
        """How many boxes were painted per picture, on average."""
        outcomes = [result.outcome for turn in self.turns for result in turn.results]
        counts = [float((one.scores >= THRESHOLD).sum()) for one in outcomes if isinstance(one, Detections)]
        return round(statistics.mean(counts), 1) if counts else None

    def watch_age(self, minutes: float) -> bool:
        """A source that is faster than the model, for so long: the picture must not grow older."""
        self.seconds = minutes * 60
        turn = self.live()
        relative = [result.age_ms / result.busy_ms for result in turn.results]
        fifth = max(1, len(relative) // 5)
        growth = statistics.median(relative[-fifth:]) / statistics.median(relative[:fifth])
        worst = float(np.quantile(relative, 0.95))
        met = worst <= AGE_BUDGET and growth <= GROWTH_BUDGET
        emit(
            benchmark=f"picture age over {minutes:g} min, {self.row.model}",
            median=round(statistics.median(relative), 2), p95=round(worst, 2), growth=round(growth, 3),
            pictures=len(relative), fps=round(turn.live, 1), source=RATE,
            budget={"p95": AGE_BUDGET, "growth": GROWTH_BUDGET}, met=met,
        )  # fmt: skip
        return met


class _Passing(Counted):
    """Hands the threshold on to the model that it counts for."""

    def predict(self, frame: Frame) -> Any:
        self.inner.threshold = self.threshold
        return super().predict(frame)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2, help="for the comparison of calls")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--minutes", type=float, default=0.25, help="of the watch over the picture's age")
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    args = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as home:
        os.environ["VITRINE_HOME"] = home
        images = pictures()
        rows = [make_weights(Path(home), model, images) for model in args.models]
        for row in rows:
            met = compare(row, Path(home), images, args.threads, args.rounds) and met
        from gui import app
        from gui.live.page import LivePage
        from gui.shell.services import Services

        application = app.make_application()
        services = Services()
        page = LivePage(services.context(lambda page_id, **hints: None))
        page.resize(1340, 820)
        page.show()
        for row in rows:
            turns = TrainedTurns(row, Path(home), page, images, max(1, args.threads - 1), args.seconds)
            turns.run(args.turns)
            met = turns.report_rate() and met
            met = turns.watch_age(args.minutes) and met
            turns.close()
        page.shutdown()
        page.deleteLater()
        services.document.close()
        services.runner.shutdown()
        wait(0.1)
        application.quit()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
