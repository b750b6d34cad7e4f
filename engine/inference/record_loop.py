"""Recording beside the live loop: pictures go into a short queue, a thread of the owner's draws and writes them."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from engine.errors import VitrineError
from engine.inference.detections import Outcome
from engine.inference.frame import Frame
from engine.inference.overlay import draw
from engine.inference.recording import Recorder
from engine.job import explain

log = logging.getLogger(__name__)

_QUEUE = 8


@dataclass(frozen=True)
class RecordingEnded:
    """How a recording ended. `frames` were written; `left_out` came faster than the disk took them."""

    path: Path
    frames: int
    seconds: float
    left_out: int
    error: VitrineError | None = None


class RecordLoop:
    """One recording. `add` is called by the live loop, `run` in a thread that the owner starts.

    Args:
        path: of the video; see `Recorder`.
        fps: of the video.
        threshold: what is drawn is at least so sure; None draws nothing into the pictures.
        hidden: class ids that are not drawn.

    `threshold` and `hidden` may be set while it records; the next picture follows.
    """

    def __init__(self, path: Path, fps: float, threshold: float | None, hidden: frozenset[int] = frozenset()) -> None:
        self.path = path
        self.threshold = threshold
        self.hidden = hidden
        self.ended: RecordingEnded | None = None
        self._fps = fps
        self._queue: deque[tuple[Frame, Outcome | None]] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._left_out = 0

    def add(self, frame: Frame, outcome: Outcome | None) -> None:
        """Take a picture; never waits. When the disk is slower, the oldest picture that waits is left out."""
        with self._changed:
            if self._stopping:
                return
            if len(self._queue) >= _QUEUE:
                self._queue.popleft()
                self._left_out += 1
            self._queue.append((frame, outcome))
            self._changed.notify_all()

    def stop(self) -> None:
        """Write what waits, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def run(self) -> None:
        """Write until `stop`; `ended` then tells how it went. Never raises."""
        recorder: Recorder | None = None
        error: VitrineError | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            recorder = Recorder(self.path, self._fps)
            self._write(recorder)
            recorder.finish()
        except VitrineError as problem:
            error = problem
        except Exception as problem:  # noqa: BLE001 - whatever the encoder raises becomes a sentence
            error = explain(problem, traceback.format_exc())
        if error is not None:
            log.warning("recording %s failed: %s\n%s", self.path, error, error.details)
            self.stop()
            if recorder is not None:
                recorder.abandon()
        frames = recorder.frames if recorder is not None else 0
        self.ended = RecordingEnded(self.path, frames, frames / max(self._fps, 1), self._left_out, error)

    def _write(self, recorder: Recorder) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._stopping:
                    self._changed.wait(1.0)
                if not self._queue:
                    return
                frame, outcome = self._queue.popleft()
            threshold = self.threshold
            drawn = threshold is not None and outcome is not None
            image = draw(frame, outcome, threshold, self.hidden) if drawn else frame.image  # type: ignore[arg-type]
            # Pictures of one source after another have one clock in common: when they were read.
            recorder.add(image, frame.captured * 1000)
