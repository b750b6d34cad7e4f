"""Training from disk in the window, against what disk and decoder allow without any training.

Pictures that do not fit into the memory that they may take are trained on with the Train page in front. In turns of a
few seconds the training is paused, and as many processes as it reads with do nothing but decode and prepare the same
pictures, so that a busy machine hits both alike. The ratio compares the faster half of the turns of each. Meanwhile a
16 ms timer in the interface thread tells how late the window answers, as in `interface_lag.py`.

Prints one JSON object per line. Run `python benchmarks/streaming.py [turns]`; on Linux without a display under
`xvfb-run -a`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, QTimer

from benchmarks.interface_lag import Metronome, report
from benchmarks.window_training import faster_half
from engine.datasets.crew import usual_workers
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.events import Event, Notice
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.project.spec import ProjectSpec
from engine.training.events import RunStarted, StepsDone
from engine.training.spec import TrainingSpec

BUDGET = 0.9
SECONDS = 6.0
TURNS = 6
PICTURES = 1600
HEIGHT, WIDTH = 480, 640
SIDE = 64
BATCH = 32
LIMIT_MB = 8
NICE = 8  # that of the processes that read for a training


def make_pictures(folder: Path) -> None:
    """Two classes of JPEG files of 640×480 with a content as rich as a photograph's."""
    random = np.random.default_rng(0)
    for number in range(PICTURES):
        place = folder / ("warm", "cold")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        coarse = random.integers(0, 200, (12, 16, 3), dtype=np.uint8)
        coarse[:, :, 2 * (number % 2)] += 50
        smooth = np.asarray(Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
        grain = random.integers(-12, 13, (HEIGHT, WIDTH, 1), dtype=np.int16)
        Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(place / f"{number}.jpg", quality=90)


def project_of(folder: Path) -> ProjectSpec:
    """A small network on the folder's pictures, which may take less memory than they need."""
    nodes = (
        NodeSpec("input", "Input", {"shape": [3, SIDE, SIDE]}),
        NodeSpec("conv1", "Conv2d", {"out_channels": 8, "kernel_size": 5, "stride": 2}),
        NodeSpec("relu1", "ReLU"),
        NodeSpec("conv2", "Conv2d", {"out_channels": 16, "kernel_size": 3, "stride": 2}),
        NodeSpec("relu2", "ReLU"),
        NodeSpec("flatten", "Flatten"),
        NodeSpec("linear", "Linear", {"out_features": 2}),
        NodeSpec("output", "Output"),
    )
    network = NetworkSpec("Small", nodes, tuple(EdgeSpec(a.id, b.id) for a, b in pairwise(nodes)))
    data = DataSpec(
        source=Choice(id="folder", options={"folder": str(folder)}),
        split=SplitSpec(train=0.96, validation=0.02, test=0.02),
        preprocess=PreprocessSpec(height=SIDE, width=SIDE, channels=3),
        memory_limit_mb=LIMIT_MB,
    )
    training = TrainingSpec(epochs=100_000, batch_size=BATCH, device="cpu", checkpoint_every=100)
    return ProjectSpec("Streaming", network=network, data=data, training=training)


def decode(pipe: Connection, folder: Path, first: int, every: int) -> None:
    """In a process of its own: read and prepare pictures for as many seconds as asked, and answer with how many."""
    from engine.cancel import CancelSource
    from engine.datasets.base import parse_source
    from engine.datasets.preprocess import Preprocessor
    from engine.opencv import cv2

    if os.name != "nt":
        os.nice(NICE)
    cv2.setNumThreads(1)
    data = project_of(folder).data
    pictures = parse_source(data.source).load(folder, lambda event: None, CancelSource().token)
    preprocessor = Preprocessor(data.preprocess)
    at, count = first, len(pictures)
    pipe.send("ready")
    while (seconds := pipe.recv()) is not None:
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            preprocessor.picture(pictures.picture(at))
            at, done = (at + every) % count, done + 1
        pipe.send(done / (time.perf_counter() - start))


class Decoders:
    """As many processes as a training reads with."""

    def __init__(self, folder: Path, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(count):
            near, far = context.Pipe()
            self._pipes.append(near)
            self._processes.append(context.Process(target=decode, args=(far, folder, number, count), daemon=True))
        for process in self._processes:
            process.start()

    def ask(self, seconds: float | None) -> None:
        for pipe in self._pipes:
            pipe.send(seconds)

    @property
    def ready(self) -> bool:
        return all(pipe.poll() for pipe in self._pipes)

    def answers(self) -> list[object]:
        return [pipe.recv() for pipe in self._pipes]

    def close(self) -> None:
        self.ask(None)
        for process in self._processes:
            process.join(5)


class Turns(QObject):
    """Lets the window's training and the decoders work in turns, by timers, as a person would by clicks."""

    def __init__(self, window: QObject, project: ProjectSpec, decoders: Decoders, turns: int) -> None:
        super().__init__()
        self.window, self.project, self.decoders, self.left = window, project, decoders, turns
        self.metronome = Metronome()
        self.gaps: list[tuple[float, float]] = []
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.streamed = False
        self._seen: list[tuple[float, int]] = []

    def begin(self) -> None:
        self.window.context.actions["file.open_sample"].trigger()
        self._until(lambda: self.window.context.document.has_place and self.decoders.ready, self._start)

    def _start(self) -> None:
        self.decoders.answers()
        document = self.window.context.document
        changes = {"network": self.project.network, "data": self.project.data, "training": self.project.training}
        document.edit("Measure", document.project.with_(**changes))
        self.window.navigate("train", start=True)
        self.page = self.window.page("train")
        self.page.session.told.connect(self._told)
        self._until(lambda: len(self._seen) > 20, self._our_turn)

    def _told(self, event: Event) -> None:
        if isinstance(event, StepsDone):
            self._seen.append((time.perf_counter(), event.steps[-1]))
        elif isinstance(event, RunStarted):
            self._seen.clear()
        elif isinstance(event, Notice) and event.kind == "streaming":
            self.streamed = True

    def _our_turn(self) -> None:
        self.page.session.resume()
        # What was read ahead while it was paused is used up first.
        QTimer.singleShot(2000, self._measure)

    def _measure(self) -> None:
        self._seen.clear()
        self.metronome.start()
        QTimer.singleShot(round(1000 * SECONDS), self._their_turn)

    def _their_turn(self) -> None:
        self.gaps += self.metronome.stop()
        if len(self._seen) < 2:
            print("too few steps in a turn to measure: the machine is busy", file=sys.stderr)
        else:
            (start, first), (end, last) = self._seen[0], self._seen[-1]
            self.ours.append(BATCH * (last - first) / (end - start))
        self.page.session.pause()
        QTimer.singleShot(2000, lambda: self.decoders.ask(SECONDS))
        self._until(lambda: self.decoders.ready, self._next)

    def _next(self) -> None:
        self.theirs.append(sum(self.decoders.answers()))
        self.left -= 1
        if self.left:
            self._our_turn()
            return
        self.page.session.stop()
        self._until(lambda: not self.page.session.busy, self.window.close)

    def _until(self, true: Callable[[], bool], then: Callable[[], object]) -> None:
        if true():
            then()
        else:
            QTimer.singleShot(30, lambda: self._until(true, then))


def main() -> int:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    with tempfile.TemporaryDirectory() as home:
        os.environ["VITRINE_HOME"] = home
        from gui import app
        from gui.shell.services import Services

        folder, workers = Path(home) / "pictures", usual_workers()
        make_pictures(folder)
        decoders = Decoders(folder, workers)
        application = app.make_application()
        services = Services()
        services.settings.update(projects=str(Path(home) / "projects"))
        window = app.open_window(application, services)
        window.closed.connect(application.quit)
        measured = Turns(window, project_of(folder), decoders, turns)
        services.engine.ready.connect(measured.begin)
        application.exec()
        decoders.close()
        app.finish(application, window, services)
    ours, theirs = faster_half(measured.ours), faster_half(measured.theirs)
    ratio = ours / theirs
    met = ratio >= BUDGET and measured.streamed
    line = {
        "benchmark": "training from disk, against disk and decoder alone",
        "value": round(ratio, 3),
        "unit": "ratio",
        "budget": BUDGET,
        "met": met,
        "pictures_per_second": round(ours),
        "theirs": round(theirs),
        "processes": workers,
        "streamed": measured.streamed,
        "turns": turns,
    }
    print(json.dumps(line), flush=True)
    return report({"training from disk": measured.gaps}) or int(not met)


if __name__ == "__main__":
    # The processes import this file again; only the first may come here.
    sys.exit(main())
