"""The threads of the live view: one reads the source, one predicts, one writes while recording. They start only here.

The interface thread looks at the newest result on a timer; nothing is queued to it, so a slow window cannot fall
behind.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.inference.capture import CAPTURE_THREAD, Capture, CaptureState
from engine.inference.live import LiveLoop, LiveResult, ModelState
from engine.inference.predictor import Predictor
from engine.inference.record_loop import RecordingEnded, RecordLoop
from engine.inference.source import Source

log = logging.getLogger(__name__)

TICK_MS = 16
_PREFIX = "vitrine-"
_CAPTURE = f"{_PREFIX}{CAPTURE_THREAD}"


class LiveRunner(QObject):
    """What a live view is driven by. All methods are for the interface thread, and none of them waits but `shutdown`.

    Signals:
        shown(object): the newest `LiveResult`, at most once a tick.
        capture_changed(object): `CaptureState` of the source.
        model_changed(object): `ModelState`.
        recording_ended(object): `RecordingEnded`.
    """

    shown = Signal(object)
    capture_changed = Signal(object)
    model_changed = Signal(object)
    recording_ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = LiveLoop()
        self._loop_thread: threading.Thread | None = None
        self._threads: list[threading.Thread] = []
        self._threads_lock = threading.Lock()
        self._capture: Capture | None = None
        self._recording: RecordLoop | None = None
        self._closed = False
        self._serial = 0
        self.capture_state = CaptureState("stopped")
        self.model_state = ModelState()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)

    @property
    def watching(self) -> bool:
        """Whether a source was given, running or not."""
        return self._capture is not None

    @property
    def recording(self) -> Path | None:
        """The file that is being recorded."""
        return self._recording.path if self._recording is not None else None

    def watch(self, make: Callable[[], Source] | None) -> None:
        """Show another source; None for nothing, which also lets go of the camera."""
        if self._capture is not None:
            self._capture.stop(timeout=0)
            self._capture = None
        self._loop.pause(False)
        if make is not None and not self._closed:
            self._capture = Capture(make, self._start)
        self._loop.watch(self._capture)
        if self._capture is not None:
            self._begin()
            self._capture.start()
        self._look()

    def retry(self) -> None:
        """Open the source again at once."""
        if self._capture is not None and not self._closed:
            self._capture.start()
            self._look()

    def use(self, open_predictor: Callable[[], Predictor] | None, name: str = "") -> None:
        """Look with another model; it is opened in the predicting thread, under `name` until it tells its own."""
        self._loop.use(open_predictor, name)
        self._look()
        if self._loop_thread is not None and not self._closed:
            self._timer.start()

    def freeze(self, frozen: bool) -> None:
        """Hold the picture. Another model still looks at it."""
        self._loop.pause(frozen)

    def threshold(self, threshold: float) -> None:
        """Tell the model from which score on a person wants to see what it finds."""
        self._loop.threshold(threshold)

    def record(self, path: Path, fps: float, threshold: float | None, hidden: frozenset[int] = frozenset()) -> None:
        """Begin to record what is shown, with what is found drawn in from `threshold` on (None: bare pictures)."""
        if self._recording is None and not self._closed:
            self._recording = RecordLoop(path, fps, threshold, hidden)
            self._start(self._recording.run, "recording")
            self._loop.tap(self._recording.add)

    def draw_into_recording(self, threshold: float | None, hidden: frozenset[int]) -> None:
        """From now on draw this into the film that is being recorded, if there is one."""
        if self._recording is not None:
            self._recording.threshold, self._recording.hidden = threshold, hidden

    def stop_recording(self) -> None:
        """Finish the film; `recording_ended` follows once it is written."""
        self._loop.tap()
        if self._recording is not None:
            self._recording.stop()

    def shutdown(self, timeout: float = 4.0) -> bool:
        """End everything, finishing a recording; a driver that hangs is left behind. True when nothing was left."""
        if self._closed:
            return not any(thread.is_alive() for thread in self._threads)
        self._closed = True
        self._timer.stop()
        self.stop_recording()
        if self._capture is not None:
            self._capture.stop(timeout=0)
        self._loop.stop()
        deadline = time.monotonic() + timeout
        patience = time.monotonic() + min(timeout, 1.0)
        with self._threads_lock:
            threads = list(self._threads)
        for thread in threads:
            # A film must be finished; a driver that does not answer within a second will not do so at all.
            until = patience if thread.name == _CAPTURE else deadline
            thread.join(max(0.0, until - time.monotonic()))
        self._look_at_recording()
        left = [thread.name for thread in self._threads if thread.is_alive()]
        if left:
            log.error("left behind after %.0f s: %s", timeout, ", ".join(left))
        return not left

    def _begin(self) -> None:
        if self._loop_thread is None:
            self._loop_thread = self._start(self._loop.run, "live predictions")
        if not self._timer.isActive():
            self._timer.start()

    def _start(self, function: Callable[[], None], name: str) -> threading.Thread:
        """Start a daemon thread: a driver that hangs must not keep the program from ending.

        A lost source is reopened from the predicting thread, so this is called there too.
        """
        thread = threading.Thread(target=function, name=f"{_PREFIX}{name}", daemon=True)
        thread.start()
        with self._threads_lock:
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        return thread

    def _look(self) -> None:
        """Tell what is new since the last tick."""
        capture = self._capture.state if self._capture is not None else CaptureState("stopped")
        if capture != self.capture_state:
            self.capture_state = capture
            self.capture_changed.emit(capture)
        model = self._loop.model
        if model != self.model_state:
            self.model_state = model
            self.model_changed.emit(model)
        result: LiveResult | None = self._loop.result
        if result is not None and result.serial != self._serial:
            self._serial = result.serial
            self.shown.emit(result)
        self._look_at_recording()
        if self._capture is None and self._recording is None and model.status != "loading":
            self._timer.stop()

    def _look_at_recording(self) -> None:
        ended: RecordingEnded | None = self._recording.ended if self._recording is not None else None
        if ended is not None:
            self._recording = None
            self._loop.tap()
            self.recording_ended.emit(ended)
