"""Predicting over a whole source without a window: what `predict` prints, frame by frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from engine.cancel import CancelToken
from engine.errors import BadInput, JobFailed, VitrineError
from engine.events import Emit, Notice
from engine.inference.capture import Capture
from engine.inference.detections import Detections, Labels, Outcome
from engine.inference.frame import Frame
from engine.inference.predictor import PREFIX, TRAINED, Predictor, open_predictor
from engine.inference.saving import saver
from engine.inference.series import predict_series, reads_no_pictures
from engine.inference.source import Source, make_source

# A camera that was lost is waited for so long before the command gives up.
_LOST_S = 15.0


def predict_stream(
    model: str | Predictor,
    source: str | Callable[[], Source],
    limit: int | None,
    save: Path | None,
    emit: Emit,
    token: CancelToken,
    *,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    threshold: float | None = None,
    references: Path | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield one plain dict per frame, ready for JSON.

    `{"frame", "time_ms", "detections": [{"box": [x1, y1, x2, y2], "label", "score", "track"}]}` from detectors and
    `{"frame", "time_ms", "label", "score"}` from classifiers, `{"frame", "time_ms", "classes": {name: share}}` from
    segmentation (see the outcomes' `plain` for the others); "time_ms" is the frame's place in the source's own time.
    Pictures of a folder have their file's "name" after "frame".

    Args:
        model: a built-in detector's or a trained model's id, a run's folder, or a predictor (which the caller then
            closes). Runs that look at no pictures are asked by `predict_series`.
        source: a text for `make_source`, or a function that makes a source. Files are read frame by frame
            without leaving one out; cameras and streams give their newest picture and are never waited for
            without end.
        limit: number of frames after which to stop; None for all.
        save: also write the pictures with what was found drawn in: a video (.mp4, .avi, .webm, .mkv), one picture
            (.png, .jpg, ...), or a folder (no suffix) of one PNG per frame, called like its picture.
        threshold: leave out boxes and labels that are less sure, 0 to 1; None for what the model usually does.
        references: see `open_predictor`.

    Raises `BadInput` or `JobFailed` in two sentences, and `JobCancelled` when the token says so; what was recorded
    until then is kept.
    """
    if limit is not None and limit < 1:
        raise BadInput(f"The limit of {limit} frames is not possible.", "Give a limit of at least 1.")
    if threshold is not None and not 0 <= threshold <= 1:
        raise BadInput(f"The threshold of {threshold} is not possible.", "Give a share of 0 to 1, such as 0.5.")
    if isinstance(model, str) and isinstance(source, str) and not looks_at_pictures(model):
        yield from predict_series(Path(model), source, limit, save, token, device, emit)
        return
    with ExitStack() as stack:
        predictor = model
        if isinstance(predictor, str):
            predictor = open_predictor(predictor, device, references)
            stack.callback(predictor.close)
        make = partial(make_source, source) if isinstance(source, str) else source
        opened = make()
        keep = saver(save, opened)
        stack.callback(keep.finish)
        if opened.live:
            frames = _newest_frames(opened.name, make, emit, token, stack)
        else:
            frames = _all_frames(opened, emit, stack)
        if threshold is not None:
            predictor.threshold = threshold
        predictor.reset()
        for count, frame in enumerate(frames, start=1):
            token.raise_if_cancelled()
            if count == 1 and frame.video is None and predictor.caution is not None:
                emit(Notice("warning", *predictor.caution, kind="unlike_training"))
            outcome = _from(predictor.predict(frame), threshold)
            keep.add(frame, outcome)
            name = {} if opened.live or opened.fps or not frame.name else {"name": frame.name}
            yield {"frame": frame.index, **name, "time_ms": round(frame.time_ms, 3), **outcome.plain()}
            if count == limit:
                return


def looks_at_pictures(model: str) -> bool:
    """Whether what `predict_stream` calls a model is asked about frames. Raises `BadInput` for a damaged run."""
    folder = Path(model)
    return model.startswith((PREFIX, TRAINED)) or not folder.is_dir() or not reads_no_pictures(folder)


def _from(outcome: Outcome, threshold: float | None) -> Outcome:
    """Without what is less sure than the person asked for."""
    if threshold is not None and isinstance(outcome, Detections):
        return outcome.above(threshold)
    return replace(outcome, threshold=threshold) if threshold is not None and isinstance(outcome, Labels) else outcome


def _all_frames(source: Source, emit: Emit, stack: ExitStack) -> Iterator[Frame]:
    """Every frame, read right here: files do not hang, and none may be left out."""

    def tell(error: VitrineError) -> None:
        emit(Notice("warning", error.what, error.advice, kind="unreadable"))

    source.on_fault = tell
    stack.callback(source.close)
    source.open()
    while (frame := source.read()) is not None:
        yield frame


def _newest_frames(
    name: str, make: Callable[[], Source], emit: Emit, token: CancelToken, stack: ExitStack
) -> Iterator[Frame]:
    """The newest picture whenever the predictor is ready, until the source is lost for good."""
    capture = Capture(make, _start_thread)
    stack.callback(capture.stop)
    capture.start()
    lost_since: float | None = None
    told = ""
    while True:
        token.raise_if_cancelled()
        frame = capture.newest(0.2)
        if frame is not None:
            lost_since = None
            yield frame
            continue
        state = capture.state
        if state.status == "ended":
            return
        if state.status == "failed" and state.error is not None:
            raise state.error
        if state.status == "lost" and state.error is not None:
            lost_since = lost_since or time.monotonic()
            if told != state.error.what:
                told = state.error.what
                emit(Notice("warning", state.error.what, state.error.advice, kind="camera"))
            if time.monotonic() - lost_since > _LOST_S:
                raise JobFailed(f"{name} did not come back within {_LOST_S:.0f} s.", "Plug it in and start again.")


def _start_thread(function: Callable[[], None], name: str) -> threading.Thread:
    """Start the one thread that a headless camera needs: a driver's read cannot be interrupted, only left behind."""
    thread = threading.Thread(target=function, name=name, daemon=True)
    thread.start()
    return thread
