"""The live loop: newest picture in, what was found out, for as long as somebody watches.

It has no Qt and starts no thread. It never imports torch or cv2; the predictors do.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.errors import VitrineError
from engine.inference.capture import Capture
from engine.inference.detections import Outcome
from engine.inference.frame import Frame
from engine.inference.layers import Layer, make_layer
from engine.inference.meter import RateMeter, StageMeter
from engine.inference.predictor import Predictor
from engine.job import explain

log = logging.getLogger(__name__)

OpenPredictor = Callable[[], Predictor]
Tap = Callable[[Frame, Outcome | None], None]


@dataclass(frozen=True, eq=False)
class LiveResult:
    """One picture with what was found in it.

    Attributes:
        outcome: None while no model is chosen or it failed.
        layer: what of it lies over the picture, ready to be painted; None where that is nothing.
        stages: smoothed milliseconds of each stage, in order.
        fps: pictures shown per second, over the last two seconds.
        age_ms: how old the picture was when this result was ready.
        mean_age_ms: the same, smoothed as the stages are, so that both may be compared.
        busy_ms: how long preparing and predicting this picture took.
        serial: counts up with every result.
        again: an earlier picture was looked at once more, with another model; its age says nothing.
    """

    frame: Frame
    outcome: Outcome | None
    stages: Mapping[str, float]
    fps: float
    age_ms: float
    busy_ms: float
    serial: int
    again: bool = False
    layer: Layer | None = None
    mean_age_ms: float = 0.0


@dataclass(frozen=True)
class ModelState:
    """Whether the chosen model looks at pictures. `error` says why not, `caution` why its answers may be poor."""

    status: Literal["none", "loading", "ready", "failed"] = "none"
    name: str = ""
    classes: tuple[str, ...] = ()
    error: VitrineError | None = None
    caution: str = ""


@dataclass
class _Wish:
    """What the watcher wants the loop to work with."""

    capture: Capture | None = None
    open_predictor: OpenPredictor | None = None
    model_serial: int = 0
    capture_serial: int = 0
    taps: tuple[Tap, ...] = ()
    paused: bool = False
    threshold: float = 0.5


class LiveLoop:
    """Runs in one thread that the owner starts with `run`; everything else may be called from any thread.

    The newest result lies in `result`; a watcher looks at it on a clock of its own.
    """

    def __init__(self) -> None:
        self.result: LiveResult | None = None
        self.model = ModelState()
        self._wish = _Wish()
        self._changed = threading.Condition()
        self._stopping = False
        self._predictor: Predictor | None = None
        self._rate = RateMeter()
        self._stages, self._ages = StageMeter(), StageMeter()
        self._serial = 0
        self._last: Frame | None = None
        self._again = False  # whether the last picture is to be looked at once more

    def watch(self, capture: Capture | None) -> None:
        """Look at another source from now on; None for nothing."""
        with self._changed:
            self._wish.capture = capture
            self._wish.capture_serial += 1
            self.result = None
            self._changed.notify_all()

    def use(self, open_predictor: OpenPredictor | None, name: str = "") -> None:
        """Look with another model from now on; it is opened in the loop's thread. None shows bare pictures."""
        with self._changed:
            self._wish.open_predictor = open_predictor
            self._wish.model_serial += 1
            if self.result is not None:
                # What the other model found must not be taken for this one's answer while it loads.
                self._serial += 1
                self.result = replace(self.result, outcome=None, layer=None, serial=self._serial)
            self.model = ModelState("loading" if open_predictor else "none", name)
            self._changed.notify_all()

    def tap(self, *taps: Tap) -> None:
        """Hand every picture with what was found to these functions, in the loop's thread; they must be quick."""
        with self._changed:
            self._wish.taps = taps

    def threshold(self, threshold: float) -> None:
        """Tell the model what a person wants to see, 0 to 1, so that it need not bring what is less sure.

        A picture that is held is looked at once more when it is lowered.
        """
        with self._changed:
            self._again = self._again or threshold < self._wish.threshold
            self._wish.threshold = threshold
            self._changed.notify_all()

    def pause(self, paused: bool) -> None:
        """Take no new picture while paused; another model still looks at the last one."""
        with self._changed:
            self._wish.paused = paused
            self._changed.notify_all()

    def stop(self) -> None:
        """Let `run` end after the frame in hand."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def run(self) -> None:
        """Work until `stop`; never raises."""
        model_serial = capture_serial = 0
        try:
            while not self._stopping:
                with self._changed:
                    wish = replace(self._wish)
                if wish.model_serial != model_serial:
                    model_serial = wish.model_serial
                    self._open(wish.open_predictor, model_serial)
                if wish.capture_serial != capture_serial:
                    capture_serial = wish.capture_serial
                    self._begin_source()
                self._one(wish)
        finally:
            self._close()

    def _one(self, wish: _Wish) -> None:
        """Handle one picture, or wait a little for one."""
        frame = None if wish.capture is None or wish.paused else wish.capture.newest(0.1)
        if frame is None and self._again:
            frame = self._last
        if frame is None:
            self._rest(wish)
            return
        again = frame is self._last
        self._last, self._again = frame, False
        began = time.perf_counter()
        outcome = self._predict(frame, wish.threshold)
        layer = make_layer(frame, outcome)
        done = time.perf_counter()
        for tap in wish.taps:
            tap(frame, outcome)
        self._rate.tick(done)
        stages = dict(self._predictor.stages) if self._predictor is not None else {}
        self._stages.add(stages)
        age = (done - frame.captured) * 1000
        if not again:
            self._ages.add({"age": age})
        with self._changed:
            # Of a source that was left meanwhile nothing is shown any more, and nothing that another model found.
            if self._wish.capture_serial != wish.capture_serial:
                return
            if self._wish.model_serial != wish.model_serial:
                outcome = layer = None
            self._serial += 1
            self.result = LiveResult(
                frame,
                outcome,
                self._stages.means(),
                self._rate.rate(),
                age,
                (done - began) * 1000,
                self._serial,
                again,
                layer,
                self._ages.means().get("age", age),
            )

    def _rest(self, wish: _Wish) -> None:
        """Wait until something is wished for that gives work; a running source is waited for elsewhere."""
        with self._changed:
            if not self._stopping and wish == self._wish and (wish.capture is None or wish.paused):
                self._changed.wait(5.0)

    def _predict(self, frame: Frame, threshold: float) -> Outcome | None:
        if self._predictor is None:
            return None
        self._predictor.threshold = threshold
        caution = " ".join(self._predictor.caution or ()) if frame.video is None else ""
        with self._changed:
            if self.model.status == "ready" and self.model.caution != caution:
                self.model = replace(self.model, caution=caution)
        try:
            return self._predictor.predict(frame)
        except VitrineError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - whatever a model raises becomes a sentence; the view goes on
            self._failed(explain(error, traceback.format_exc()))
        return None

    def _open(self, open_predictor: OpenPredictor | None, serial: int) -> None:
        self._close()
        self._rate.reset()
        self._stages.reset()
        self._ages.reset()
        self._again = True
        if open_predictor is None:
            return
        try:
            self._predictor = open_predictor()
        except VitrineError as error:
            self._failed(error, serial)
            return
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(explain(error, traceback.format_exc()), serial)
            return
        with self._changed:
            if serial == self._wish.model_serial:
                self.model = ModelState("ready", self._predictor.name, self._predictor.classes)

    def _failed(self, error: VitrineError, serial: int | None = None) -> None:
        log.warning("the model failed: %s\n%s", error, error.details)
        self._close()
        with self._changed:
            if serial in (None, self._wish.model_serial):
                self.model = ModelState("failed", self.model.name, error=error)

    def _begin_source(self) -> None:
        self._last = None
        self._again = False
        self._rate.reset()
        self._stages.reset()
        self._ages.reset()
        if self._predictor is not None:
            self._predictor.reset()

    def _close(self) -> None:
        if self._predictor is not None:
            self._predictor.close()
            self._predictor = None
