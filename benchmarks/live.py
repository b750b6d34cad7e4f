"""The live view against the bare model: frames per second, age of the picture, and how late the window answers.

A camera of 60 pictures a second (640×480, made from a photograph that moves) is watched by the Live page. In turns
within one run, so that a busy machine hits both alike, the same model looks at the same pictures in a bare loop with
the same number of threads while the window rests. The ratio is the median over the turns. Budgets: at least 0.95 of
the bare rate; a picture is at most two inference times old when its answer is there, and its age does not grow; the
interface's 16 ms timer has a p99 below 33 ms and no gap above 100 ms.

Prints one JSON object per line; "processor" is the model's processor time per picture, bare over live, which other
programs disturb less. Run `python benchmarks/live.py [--threads N] [--turns N] [--seconds S]`; on Linux without a
display under `xvfb-run -a`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PySide6.QtCore import QCoreApplication, QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.interface_lag import MOST, P99, Metronome
from engine.inference.frame import Frame
from engine.inference.live import LiveResult
from engine.inference.predictor import Predictor
from engine.inference.source import Source

RATE = 60.0
FPS_BUDGET, AGE_BUDGET = 0.95, 2.0


class SteadyCamera(Source):
    """Gives the same pictures over and over at a camera's own pace, whether somebody reads or not."""

    live = True
    patience = None

    def __init__(self, images: list[np.ndarray]) -> None:
        super().__init__("Benchmark camera")
        self._images = images
        self._index = -1
        self._began = time.perf_counter()

    def open(self) -> None:
        self._began = time.perf_counter()

    def read(self) -> Frame | None:
        now = time.perf_counter() - self._began
        self._index = max(self._index + 1, int(now * RATE) + 1)
        self._wait(self._index / RATE - now)
        if self.interrupted:
            return None
        image = self._images[self._index % len(self._images)].copy()  # a driver fills a new picture
        return Frame(image, self._index, self._index * 1000 / RATE, time.perf_counter())

    def close(self) -> None:
        return


class Counted(Predictor):
    """The model with its own processor time noted; runs in the thread that looks."""

    def __init__(self, inner: Predictor) -> None:
        super().__init__(inner.name, inner.classes)
        self.inner = inner
        self.stages = inner.stages
        self.used: list[float] = []

    def predict(self, frame: Frame) -> Any:
        began = time.thread_time()
        outcome = self.inner.predict(frame)
        self.used.append(time.thread_time() - began)
        return outcome


def pictures() -> list[np.ndarray]:
    """Sixty 640×480 BGR pictures of a face that moves."""
    import skimage.data

    from engine.opencv import cv2

    photograph = np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1])
    scene = cv2.GaussianBlur(cv2.resize(photograph, (640, 480)), (0, 0), 15)
    made = []
    for number in range(60):
        frame = scene.copy()
        x = 60 + abs(30 - number) * 4
        frame[:480, x : x + 400] = photograph[:480, 60:460]
        made.append(frame)
    return made


def make_run(folder: Path, name: str, size: int) -> Path:
    """A run of a gallery network with its initial weights: what it answers is nonsense, how long it takes is not."""
    from engine.datasets.spec import DataSpec, PreprocessSpec
    from engine.gallery import open_network
    from engine.graph.compile import compile_network
    from engine.training.checkpoint import save_best
    from engine.training.run_folder import RunConfig, write_config
    from engine.training.spec import TrainingSpec

    network = open_network(name)
    classes = tuple(str(number) for number in range(1000))
    data = DataSpec(preprocess=PreprocessSpec(height=size, width=size, channels=3, fit="crop"))
    run = folder / name
    (run / "checkpoints").mkdir(parents=True)
    write_config(run, network, RunConfig(name, "classification", classes, data, TrainingSpec(device="cpu")))
    save_best(run, compile_network(network).state_dict())
    return run


class Turns:
    """Bare and live in turns, with the window there all the time."""

    def __init__(self, page: Any, images: list[np.ndarray], model: str, threads: int, seconds: float) -> None:
        self.page, self.images, self.model = page, images, model
        self.threads, self.seconds = threads, seconds
        self.ratios: list[float] = []
        self.processor: list[float] = []
        self.rates: list[tuple[float, float]] = []
        self.ages: list[float] = []
        self.busy: list[float] = []
        self.gaps: list[tuple[float, float]] = []

    def open(self) -> Counted:
        """Open the model with the same number of threads for everybody who opens it."""
        import torch

        from engine.inference.predictor import open_predictor
        from engine.opencv import cv2

        torch.set_num_threads(self.threads)
        cv2.setNumThreads(self.threads)
        self.counted = Counted(open_predictor(self.model, "cpu"))
        return self.counted

    def bare(self) -> tuple[float, float]:
        """Frames per second, and processor seconds per frame, of the model alone."""
        model = self.open()
        frames = [Frame(image.copy()) for image in self.images]
        for frame in frames[:5]:
            model.predict(frame)
        model.used.clear()
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < self.seconds:
            model.predict(frames[count % len(frames)])
            count += 1
        return count / (time.perf_counter() - began), statistics.median(model.used)

    def live(self) -> tuple[float, float]:
        """The same of the live view, with its drawing and everything."""
        runner = self.page.runner
        self.page.panel.source.current = "benchmark"
        runner.use(self.open, self.model)
        runner.watch(partial(SteadyCamera, self.images))
        results: list[LiveResult] = []
        wait(0.5, until=lambda: runner.model_state.status == "ready" and self.page._result is not None, most=60)
        wait(1.0)
        runner.shown.connect(results.append)
        self.counted.used.clear()
        metronome = Metronome()
        metronome.start()
        first, began = self.page._result.serial, time.perf_counter()
        wait(self.seconds)
        count, took = self.page._result.serial - first, time.perf_counter() - began
        self.gaps += metronome.stop()
        used = statistics.median(self.counted.used)
        runner.shown.disconnect(results.append)
        runner.watch(None)
        runner.use(None)
        self.ages += [result.age_ms for result in results]
        self.busy += [result.busy_ms for result in results]
        wait(0.3)
        return count / took, used

    def turn(self) -> None:
        bare, bare_used = self.bare()
        live, live_used = self.live()
        # A camera gives no more pictures than it has, so that is all a fast model can be asked for.
        self.ratios.append(live / min(bare, RATE))
        self.processor.append(bare_used / live_used)
        self.rates.append((bare, live))

    def report(self) -> bool:
        """Print the three lines and return whether all budgets are met."""
        name = Path(self.model).name
        ratio = statistics.median(self.ratios)
        bare, live = (statistics.median(column) for column in zip(*self.rates, strict=True))
        met = ratio >= FPS_BUDGET
        emit(
            benchmark=f"live frames per second, {name}",
            ratio=round(ratio, 3), bare=round(bare, 1), live=round(live, 1),
            processor=round(statistics.median(self.processor), 3), threads=self.threads, budget=FPS_BUDGET, met=met,
        )  # fmt: skip
        relative = [age / busy for age, busy in zip(self.ages, self.busy, strict=True)]
        quarter = max(1, len(self.ages) // 4)
        growth = statistics.median(self.ages[-quarter:]) / statistics.median(self.ages[:quarter])
        typical, worst = statistics.median(relative), float(np.quantile(relative, 0.95))
        fresh = worst <= AGE_BUDGET
        emit(
            benchmark=f"picture age in inference times, {name}", median=round(typical, 2), p95=round(worst, 2),
            growth=round(growth, 2), age_ms=round(statistics.median(self.ages), 1), budget=AGE_BUDGET, met=fresh,
        )  # fmt: skip
        wall, own = np.array(self.gaps).T * 1000
        p99, most = float(np.quantile(wall, 0.99)), float(wall.max())
        smooth = p99 < P99 and most < MOST
        emit(
            benchmark=f"interface lag with the live view, {name}", p99=round(p99, 1), max=round(most, 1),
            own={"p99": round(float(np.quantile(own, 0.99)), 1), "max": round(float(own.max()), 1)},
            budget={"p99": P99, "max": MOST}, met=smooth, ticks=len(wall),
        )  # fmt: skip
        return met and fresh and smooth


def emit(**row: Any) -> None:
    print(json.dumps(row), flush=True)


def wait(seconds: float, until: Callable[[], bool] = lambda: True, most: float = 0.0) -> None:
    """Let the window live for `seconds`, and then until the condition holds, `most` seconds longer at the most."""
    loop = QEventLoop()
    end, last = time.monotonic() + seconds, time.monotonic() + seconds + most
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(
        lambda: loop.quit() if time.monotonic() > end and (until() or time.monotonic() > last) else None
    )
    timer.start(20)
    loop.exec()
    timer.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--models", nargs="*", default=["resnet18", "opencv:face"])
    args = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as home:
        os.environ["VITRINE_HOME"] = home
        from gui import app
        from gui.live.page import LivePage
        from gui.shell.services import Services

        application: QApplication = app.make_application()
        services = Services()
        page = LivePage(services.context(lambda page_id, **hints: None))
        page.resize(1340, 820)
        page.show()
        images = pictures()
        for model in args.models:
            text = model if model.startswith("opencv:") else str(make_run(Path(home), model, 224))
            turns = Turns(page, images, text, args.threads, args.seconds)
            for _ in range(args.turns):
                turns.turn()
            met = turns.report() and met
        page.shutdown()
        page.deleteLater()
        services.document.close()
        services.runner.shutdown()
        QCoreApplication.processEvents()
        application.quit()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
