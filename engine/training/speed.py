"""The fastest way to compute a training on this machine that leaves its loss curve as it is."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cancel import CancelToken
from engine.errors import VitrineError
from engine.events import Emit, Progress
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec

if TYPE_CHECKING:
    from engine.training.tuning import Trial

log = logging.getLogger(__name__)

SECONDS = 2.0  # of measuring, for each way
WARM = 3  # steps before the clock runs
COMPARED = 12  # steps whose losses must agree
CLOSE = 0.02  # of the loss: what half precision and another order of sums may change
ROUNDS = 3  # every way is measured several times in turn, so that a busy moment hits all of them


@dataclass(frozen=True)
class Way:
    """One combination of settings, measured.

    Attributes:
        settings: fields of `TrainingSpec` that differ from the project's.
        rate: samples per second, the median of some rounds; 0 where it does not work here.
        drift: the largest relative difference of a loss from that of the plain way, over the first steps.
        problem: why it cannot be taken, or "".
    """

    name: str
    settings: tuple[tuple[str, object], ...]
    rate: float = 0.0
    drift: float = math.nan
    problem: str = ""

    @property
    def usable(self) -> bool:
        return not self.problem and self.rate > 0


@dataclass(frozen=True)
class SpeedReport:
    """All ways that were tried, the plain one first, and which to take."""

    ways: tuple[Way, ...]
    best: Way


@dataclass(frozen=True)
class ChooseSpeedJob:
    """Times the ways to compute a project's training, each for a few seconds.

    Channels-last memory, 16-bit numbers (where the device is built for them), `torch.compile` (where there is a
    compiler) and, on a processor, the number of threads. The plain way is 32-bit numbers in PyTorch's own order with
    nothing compiled. A way whose first losses differ by more than 2 % from it is not taken however fast it is.

    Raises `BadInput` when the project cannot be trained as it is.
    """

    project: ProjectSpec
    root: Path
    seconds: float = SECONDS

    def __call__(self, emit: Emit, token: CancelToken) -> SpeedReport:
        from engine.training.tuning import trial

        with trial(self.project, self.root, emit, token) as found:
            ways = candidates(found)
            plain = self._losses(found, ways[0])
            tried: list[Way] = []
            for number, way in enumerate(ways):
                token.raise_if_cancelled()
                emit(Progress(f"Trying: {way.name}", number, len(ways)))
                tried.append(self._tried(found, way, plain))
        return SpeedReport(tuple(tried), max((way for way in tried if way.usable), key=lambda way: way.rate))

    def _settings(self, way: Way) -> TrainingSpec:
        plain = {"channels_last": False, "compile": False, "precision": "float32", "threads": None}
        return self.project.training.model_copy(update={**plain, **dict(way.settings)})

    def _losses(self, found: Trial, way: Way) -> list[float]:
        from engine.training.tuning import batches

        trainer = found.trainer(self._settings(way))
        rate = float(trainer.optimiser.param_groups[0]["lr"])
        return [trainer.try_step(batch, rate) for batch in batches(trainer, COMPARED)]

    def _tried(self, found: Trial, way: Way, plain: list[float]) -> Way:
        try:
            losses = self._losses(found, way)
            drift = max(abs(ours - theirs) / max(abs(theirs), 1e-6) for ours, theirs in zip(losses, plain, strict=True))
            rate = self._rate(found, way)
        except VitrineError as error:
            return replace(way, problem=str(error))
        except Exception as error:  # noqa: BLE001 - compilers fail in many ways, and any of them only rules a way out
            log.info("%s does not work here: %r", way.name, error)
            return replace(way, problem="It does not work on this machine.")
        changed = "It changes the loss curve." if not drift <= CLOSE else ""
        return replace(way, rate=rate, drift=drift, problem=changed)

    def _rate(self, found: Trial, way: Way) -> float:
        from engine.device import synchronise
        from engine.training.tuning import batches

        trainer = found.trainer(self._settings(way))
        rate = float(trainer.optimiser.param_groups[0]["lr"])
        rounds: list[float] = []
        coming = batches(trainer, 1_000_000)
        for _ in range(WARM):
            trainer.try_step(next(coming), rate)
        for _ in range(ROUNDS):
            found.token.raise_if_cancelled()
            done, began = 0, time.perf_counter()
            while time.perf_counter() - began < self.seconds / ROUNDS:
                batch = next(coming)
                trainer.try_step(batch, rate)
                done += len(batch)
            synchronise(found.device)
            rounds.append(done / (time.perf_counter() - began))
        return sorted(rounds)[len(rounds) // 2]


def candidates(found: Trial) -> list[Way]:
    """The ways that may work on the device, the plain one first."""
    import torch

    from engine.training.precision import half_type

    ways = [Way("as it is", ())]
    pictures = len(found.prepared.preprocessor.input_shape) == 3
    half = half_type(found.device) is not None
    if pictures:
        ways.append(Way("channels last", (("channels_last", True),)))
    if half:
        ways.append(Way("16 bits", (("precision", "mixed"),)))
        if pictures:
            ways.append(Way("16 bits, channels last", (("precision", "mixed"), ("channels_last", True))))
    if found.device.type == "cpu":
        most = torch.get_num_threads()
        counts = sorted({1, max(1, most - 1), most})
        ways += [Way(f"{count} thread{'' if count == 1 else 's'}", (("threads", count),)) for count in counts]
    if compiles():
        ways.append(Way("compiled", (("compile", True),)))
        if pictures:
            ways.append(Way("compiled, channels last", (("compile", True), ("channels_last", True))))
    return ways


def compiles() -> bool:
    """Whether `torch.compile` finds the compiler that it needs on this machine."""
    import shutil
    import sys

    import torch

    if torch.cuda.is_available():
        return sys.platform == "linux"
    return shutil.which("cl" if sys.platform == "win32" else "g++") is not None or shutil.which("clang++") is not None
