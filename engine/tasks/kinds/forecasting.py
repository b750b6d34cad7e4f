"""How a sequence goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.base import SampleSet, SeriesSet
from engine.datasets.sequences.units import Units
from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.idle import counts_if
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.fitting import require_inputs, require_outputs
from engine.tasks.sequences.baselines import LinearForecast, fit_linear, lag_within
from engine.tasks.sequences.chart import FORECAST, STRIPS, TRUE, Curve, chart
from engine.tasks.sequences.errors_ahead import ForecastMeter
from engine.tasks.sequences.layouts import every_step, following, forecasts

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape
    from engine.tasks.report import TaskReport


class ForecastingOptions(Settings):
    loss: Literal["MSE", "L1", "Huber"] = Field(
        "MSE",
        description="Squared errors weigh large ones most; absolute ones (L1) pass over outliers; Huber is squared for "
        "small and absolute for large errors.",
    )
    delta: float = Field(
        1.0,
        gt=0,
        le=1e6,
        description="From which error on Huber's loss is no longer squared.",
        json_schema_extra=counts_if(loss=["Huber"]),
    )


@TASKS.register("forecasting")
class Forecasting(Task):
    """The next H steps of a sequence, after its last step or after each.

    It is measured beside two forecasts that need no network: the last value once more (persistence), and the best
    linear function of all values, fitted on the training part.

    Where the data asks at every step for the value some steps ahead, the one after the last step is measured.

    Answers: "future", float32 (N, H, F).
    """

    label: ClassVar[str] = "Forecasting"
    help: ClassVar[str] = "Say how a sequence goes on."
    kind: ClassVar[Literal["pictures", "series", "text"]] = "series"
    needs: ClassVar[tuple[str, ...]] = ("future",)
    headline: ClassVar[str] = "rmse"
    lower_is_better: ClassVar[bool] = True
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "rmse": ("RMSE", ""),
        "mae": ("MAE", ""),
        "rmse_persistence": ("RMSE of persistence", ""),
        "rmse_linear": ("RMSE of a linear forecast", ""),
        "skill_persistence": ("skill against persistence", "share"),
        "skill_linear": ("skill against a linear forecast", "share"),
    }
    Options: ClassVar[type[Settings]] = ForecastingOptions
    options: ForecastingOptions

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        self._ahead = 0  # H; unknown until data is seen
        self._lag = 0  # how far ahead every step looks, where the future is asked for at each; see `lag_within`
        self._linear: LinearForecast | None = None
        self._units: Units | None = None

    def learn_samples(self, samples: SampleSet) -> None:
        self._units = samples.units if isinstance(samples, SeriesSet) else None

    def learn_data(self, targets: Mapping[str, Tensor]) -> None:
        """Fit the linear forecast on "inputs" (N, T, F) and "future" (N, H, F) of the training part."""
        future = targets["future"].cpu().numpy()
        self._ahead = future.shape[1]
        if "inputs" in targets:
            inputs = targets["inputs"].cpu().numpy()
            self._lag = lag_within(inputs, future)
            self._linear = fit_linear(inputs, future[:, -1:] if self._lag else future)

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        if len(sample) != 2:
            raise BadInput(
                "Forecasting needs sequences of numbers, and the data holds something else.",
                "Choose a dataset of sequences on the Data page.",
            )
        require_inputs(inputs, [sample])
        require_outputs(outputs, 1)
        if self._ahead:
            (answer,) = outputs.values()
            every_step(answer, sample[0], self._ahead, sample[1])

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """The mean over all values that are forecast: after the last step, or after every step."""
        from torch.nn import functional

        guess, sequences, future = _forecast(outputs, batch), batch.inputs[0], batch.targets["future"]
        truth = following(sequences, future) if guess.shape[1] > 1 else future[:, None]
        if self.options.loss == "MSE":
            return {"MSE": functional.mse_loss(guess, truth)}
        if self.options.loss == "L1":
            return {"L1": functional.l1_loss(guess, truth)}
        return {"Huber": functional.huber_loss(guess, truth, delta=self.options.delta)}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        return {"future": _forecast(outputs, batch)[:, -1]}

    def meter(self, full: bool = False) -> Meter:
        return ForecastMeter(self._linear, self._lag, full, self._units)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        steps, guess, future = len(picture), answer["future"], truth["future"]
        ahead, start = (self._lag, self._lag) if self._lag else (len(future), steps - 1)
        wrong = guess[-1:] - future[-1:] if self._lag else guess - future
        error = float(np.sqrt(np.mean(wrong**2)))
        joined = picture[:0] if self._lag else picture[-1:]  # what comes after the end is drawn as going on from it
        true, forecast = np.concatenate([joined, future]), np.concatenate([joined, guess])
        return Sketch(
            chart([Curve(true, TRUE, start), Curve(picture), Curve(forecast, FORECAST, start)], steps),
            caption=self._caption(error),
            note=f"{ahead} step{'s' if ahead > 1 else ''} ahead",
            tip="\n".join(
                (
                    "Dark: what the network read. Grey: how it went on. Blue: the forecast.",
                    *self._last(guess, future),
                )
            ),
            score=-error,
        )

    def _caption(self, error: float) -> str:
        """An error of the data in the values' own unit, or in deviations where they have several."""
        common = 1.0 if self._units is None else self._units.common
        if common is None:
            return f"error {error:.3g} deviations"
        return f"error {error * common:.3g}"

    def _last(self, guess: np.ndarray, future: np.ndarray) -> list[str]:
        """The last step of a forecast and what came, (H, F) each, a line for each value in its own unit."""
        if self._units is None:
            return []
        foretold, came = self._units.own(guess[-1]), self._units.own(future[-1])
        return [
            f"{name}: {one:.4g} foretold, {other:.4g} came at the last step"
            for name, one, other in zip(self._units.names[:STRIPS], foretold, came, strict=False)
        ]

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.report import TaskReport

        assert isinstance(meter, ForecastMeter)
        return TaskReport(dict(meter.result()), tables=meter.tables(), plots=meter.plots(), examples=tuple(sketches))


def _forecast(outputs: Outputs, batch: Batch) -> Tensor:
    """(N, S, H, F), see `forecasts`."""
    (output,) = outputs.values()
    _, steps, features = batch.inputs[0].shape
    return forecasts(output, steps, batch.targets["future"].shape[1], features)
