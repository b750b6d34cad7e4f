"""The fastest way to compute a training on this machine that leaves its loss curve as it is."""

from __future__ import annotations

import logging
import math
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, ClassVar

from engine.cancel import CancelToken
from engine.errors import JobCancelled, VitrineError
from engine.events import Emit, Event, Progress
from engine.project.spec import ProjectSpec

if TYPE_CHECKING:
    from engine.training.tuning import Trial

log = logging.getLogger(__name__)

SECONDS = 2.0  # of measuring, for each way, beside half as long for the plain one
COMPARED = 12  # steps whose losses must agree; the clock runs after them
CLOSE = 0.02  # of the loss: what half precision and another order of sums may change
ROUNDS = 3  # a way and the plain one take turns, so that a busy moment of the machine hits both
NOTABLE = 1.03  # times as fast as the plain way: less may be chance
PLAIN: dict[str, object] = {
    "channels_last": False, "compile": False, "precision": "float32", "threads": None, "readers": None,
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    """One combination of settings, measured.

    Attributes:
        settings: fields of `TrainingSpec` that differ from the project's.
        rate: samples per second; 0 where it does not work here. That of the plain way, times how many times as fast
            this one was when the two took turns, the median of some rounds.
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
class WayTried(Event):
    """One way has been measured, or found not to work."""

    way: Way


@dataclass(frozen=True)
class SpeedReport:
    """All ways that were tried, the plain one first, and which to take: the plain one where none is notably faster."""

    ways: tuple[Way, ...]
    best: Way


@dataclass(frozen=True)
class ChooseSpeedJob:
    """Times the ways to compute a project's training, each for a few seconds.

    Channels-last memory, 16-bit numbers (where the device is built for them), `torch.compile` (where there is a
    compiler), on a processor the number of threads, and where pictures are read from disk the number of processes that
    read them, tried with the best of the others. The plain way is 32-bit numbers in PyTorch's own order with nothing
    compiled. A way whose first losses differ by more than 2 % from it is not taken however fast it is.

    Raises `BadInput` when the project cannot be trained as it is.
    """

    leaves_nothing: ClassVar[bool] = True
    """So that a window may end it in the midst of compiling, which nothing interrupts."""

    project: ProjectSpec
    root: Path
    seconds: float = SECONDS

    def __call__(self, emit: Emit, token: CancelToken) -> SpeedReport:
        from engine.training.tuning import trial

        with trial(self.project, self.root, emit, token) as found:
            trying = _Trying(found, self.seconds, emit)
            trying.try_all(candidates(found))
            fastest = dict(trying.best.settings)
            trying.try_all([replace(way, settings=(*fastest.items(), *way.settings)) for way in reading_ways(found)])
            return SpeedReport(tuple(trying.tried), trying.best)


class _Trying:
    """The ways of one project, tried one after the other."""

    def __init__(self, found: Trial, seconds: float, emit: Emit) -> None:
        self.tried: list[Way] = []
        from engine.datasets.prepare import Part

        self._found = found
        self._seconds = seconds
        self._emit = emit
        self._taking_turns = isinstance(found.prepared.train, Part)
        self._plain = _Timed(found, Way("plain", ()))
        self._losses = self._plain.losses()

    @property
    def best(self) -> Way:
        plain = self.tried[0]
        fastest = max((way for way in self.tried if way.usable), key=lambda way: way.rate, default=plain)
        return fastest if fastest.rate > NOTABLE * plain.rate else plain

    def try_all(self, ways: list[Way]) -> None:
        """Measure these, the very first one of all being the plain one."""
        for number, way in enumerate(ways):
            self._found.token.raise_if_cancelled()
            self._emit(Progress(f"Trying: {way.name}", number, len(ways)))
            self.tried.append(way if way.problem else self._measured(way))
            self._emit(WayTried(self.tried[-1]))

    def _measured(self, way: Way) -> Way:
        if not self.tried:
            rate = median(self._plain.rate(self._seconds / ROUNDS) for _ in range(ROUNDS))
            if not self._taking_turns:
                self._plain.close()
            return replace(way, rate=rate, drift=0.0)
        try:
            with closing(_Timed(self._found, way)) as timed:
                losses = timed.losses()
                times = median(self._times(timed) for _ in range(ROUNDS))
        except VitrineError as error:
            return replace(way, problem=str(error))
        except JobCancelled:
            raise
        except Exception as error:  # noqa: BLE001 - compilers fail in many ways, and any of them only rules a way out
            log.info("%s does not work here: %r", way.name, error)
            return replace(way, problem="It does not work on this machine.")
        drift = max(abs(a - b) / max(abs(b), 1e-6) for a, b in zip(losses, self._losses, strict=True))
        changed = "It changes the loss curve." if not drift <= CLOSE else ""
        return replace(way, rate=times * self.tried[0].rate, drift=drift, problem=changed)

    def _times(self, timed: _Timed) -> float:
        """How many times as fast as the plain way, in one round."""
        # Pictures that are read from disk are read for one way at a time: what one gave up would be read on.
        plain = self._plain.rate(self._seconds / ROUNDS / 2) if self._taking_turns else self.tried[0].rate
        return timed.rate(self._seconds / ROUNDS) / plain


class _Timed:
    """A training that is begun in one way."""

    def __init__(self, found: Trial, way: Way) -> None:
        import torch

        from engine.training.tuning import batches

        settings = found.project.training.model_copy(update={**PLAIN, **dict(way.settings)})
        found.prepared.employ(settings.readers)
        self.way = way
        self._found = found
        self._trainer = found.trainer(settings)
        self._threads = torch.get_num_threads()
        self._rate = float(self._trainer.optimiser.param_groups[0]["lr"])
        self._coming = batches(self._trainer, 1_000_000)

    def losses(self) -> list[float]:
        """Of the first steps, in which everything gets warm."""
        return [self._step()[0] for _ in range(COMPARED)]

    def rate(self, seconds: float) -> float:
        """Samples per second over about so long."""
        import torch

        from engine.device import synchronise

        torch.set_num_threads(self._threads)  # which another way has changed since
        synchronise(self._found.device)
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            done += self._step()[1]
        synchronise(self._found.device)
        return done / (time.perf_counter() - began)

    def close(self) -> None:
        """Read no further."""
        self._coming.close()

    def _step(self) -> tuple[float, int]:
        """The loss of the next batch, and its samples."""
        self._found.token.raise_if_cancelled()
        batch = next(self._coming)
        return self._trainer.try_step(batch, self._rate), len(batch)


def candidates(found: Trial) -> list[Way]:
    """The ways that may work on the device, the plain one first."""
    from engine.training.compiling import NO_COMPILER, compiles
    from engine.training.precision import half_type
    from engine.training.session import threads_for

    ways = [Way("plain", ())]
    pictures = len(found.prepared.preprocessor.input_shape) == 3
    half = half_type(found.device) is not None
    if pictures:
        ways.append(Way("channels last", (("channels_last", True),)))
    if half:
        ways.append(Way("16 bits", (("precision", "mixed"),)))
        if pictures:
            ways.append(Way("16 bits, channels last", (("precision", "mixed"), ("channels_last", True))))
    if found.device.type == "cpu":
        usual = threads_for(found.project, found.threads)
        counts = sorted({1, max(1, found.threads - 1), found.threads} - {usual})
        ways += [Way(f"{count} thread{'' if count == 1 else 's'}", (("threads", count),)) for count in counts]
    if not compiles():
        return [*ways, Way("compiled", (("compile", True),), problem=NO_COMPILER)]
    ways.append(Way("compiled", (("compile", True),)))
    if pictures:
        ways.append(Way("compiled, channels last", (("compile", True), ("channels_last", True))))
    return ways


def reading_ways(found: Trial) -> list[Way]:
    """Other numbers of processes that read, where pictures are read from disk while the network learns."""
    from engine.datasets.crew import usual_workers
    from engine.datasets.unread import UnreadPart

    if not isinstance(found.prepared.train, UnreadPart):
        return []
    usual = usual_workers()
    counts = sorted({1, usual // 2, max(1, usual - 1)} - {0, usual})
    return [Way(f"{count} reader{'' if count == 1 else 's'}", (("readers", count),)) for count in counts]
