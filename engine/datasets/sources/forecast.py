"""A course of time to foretell."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, SampleSet, SeriesSet
from engine.datasets.sequences.chaos import mackey_glass
from engine.datasets.sequences.windows import Windows, sines
from engine.events import Emit, Progress
from engine.idle import counts_if


@DATASETS.register("forecast")
class Forecast(DatasetSource):
    """A long course of time, mixed from sines or drawn by a rule of chaos, with a trend and noise, cut into windows.

    A network sees the values of a window and foretells those that follow (many-to-many). Training has the first 70 % of
    the time, validation the next 15 % and the test the last 15 %, and no value is in two of them, so the test asks
    about a future that was not learned.

    A mixture of sines can be foretold by a linear function of the past, so a network has little to add. The course of
    Mackey and Glass cannot.
    """

    label = "Generated course of time"
    help = "A mixture of sines or a chaotic course, to foretell how it goes on. Drawn by the program."
    kind = "series"
    gives: ClassVar[tuple[str, ...]] = ("future",)

    course: Literal["sines", "mackey-glass"] = Field(
        "sines", description="Sines that repeat, or the chaotic course of Mackey and Glass (1977), which never does."
    )
    length: int = Field(
        3000, ge=50, le=1_000_000, title="Length of the course", description="Steps of the whole course."
    )
    steps: int = Field(48, ge=1, le=4096, description="Values that the network sees.")
    horizon: int = Field(12, ge=1, le=1024, description="Values ahead that it foretells.")
    every_step: bool = Field(
        False,
        title="Ask at every step",
        description="Ask at every step for the value that lies the horizon ahead, instead of after the window.",
    )
    every: int = Field(2, ge=1, le=4096, title="Window every", description="A window begins every so many steps.")
    features: int = Field(1, ge=1, le=64, description="Values of a step.")
    waves: int = Field(
        3, ge=1, le=20, description="Sines that are mixed.", json_schema_extra=counts_if(course=["sines"])
    )
    trend: float = Field(0.5, ge=-10, le=10, description="How much it rises in all; its deviation is 1.")
    noise: float = Field(0.1, ge=0, le=5, description="Strength of the noise, which nobody can foretell.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same course.")

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        emit(Progress("Drawing the course of time"))
        if self.course == "sines":
            course = sines(self.length, self.features, self.waves, self.trend, self.noise, self.seed)
        else:
            course = mackey_glass(self.length, self.features, self.trend, self.noise, self.seed, token)
        token.raise_if_cancelled()
        windows = Windows(self.steps, self.horizon, self.every, self.every_step)
        starts, fixed = windows.starts(self.length)
        inputs, future = windows.cut(course, starts)
        names = [f"step {start}" for start in starts.tolist()]
        features = [f"value {number}" for number in range(1, self.features + 1)]
        return SeriesSet(inputs, {"future": future}, names=names, fixed=fixed, features=features)
