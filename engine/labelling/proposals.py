"""What a trained model would label: its answers as shapes that a person accepts, corrects or refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.pictures import load_picture
from engine.events import Emit, Progress
from engine.inference.detections import Classification, Detections, Labels, Outcome
from engine.inference.maps import ClassMap
from engine.labelling import edits, shapes
from engine.labelling.spec import Box, LabelSet, Shape

if TYPE_CHECKING:
    from engine.inference.predictor import Predictor

MOST = 300
LEAST = 0.01
"""How sure a model must be of an object to propose it, 0 to 1; people choose higher."""


@dataclass(frozen=True)
class Proposal:
    """One suggestion: a class by its name, where it is (None: the whole picture), and how sure the model is, 0 to 1."""

    name: str
    score: float
    shape: Shape | None


class Bench:
    """Keeps the model that looked last, since opening one takes seconds. One job uses it at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[str, int] | None = None
        self._predictor: Predictor | None = None

    @contextmanager
    def predictor(self, model: str) -> Iterator[Predictor]:
        """The model, opened unless it is the one from before. Raises as `open_predictor` does."""
        from engine.inference.predictor import open_predictor

        with self._lock:
            key = (model, _newest(Path(model)))
            if key != self._key or self._predictor is None:
                self._let_go()
                self._predictor = open_predictor(model)
                self._predictor.threshold = LEAST
                self._key = key
            yield self._predictor

    def close(self) -> None:
        """Give back the memory of the model, unless it is just looking."""
        if self._lock.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._lock.release()

    def _let_go(self) -> None:
        predictor, self._predictor, self._key = self._predictor, None, None
        if predictor is not None:
            predictor.close()


def _newest(run: Path) -> int:
    """When the weights of a run were written last, in nanoseconds; 0 for models that are no runs."""
    return max((path.stat().st_mtime_ns for path in run.glob("checkpoints/*")), default=0) if run.is_dir() else 0


@dataclass(frozen=True)
class Propose:
    """Let a model look at one picture; gives a tuple of `Proposal`, the surest first.

    `model` is a text for `open_predictor`: a run's folder, "opencv:face", "torchvision:...".
    """

    model: str
    path: Path
    bench: Bench

    def __call__(self, emit: Emit, token: CancelToken) -> tuple[Proposal, ...]:
        from engine.inference.frame import Frame

        emit(Progress(f"Looking at {self.path.name}"))
        picture = load_picture(self.path)
        token.raise_if_cancelled()
        image = np.ascontiguousarray(picture[:, :, ::-1])
        with self.bench.predictor(self.model) as predictor:
            token.raise_if_cancelled()
            predictor.reset()
            outcome = predictor.predict(Frame(image, 0, 0.0, time.perf_counter(), self.path.name))
        return proposals_of(outcome, *picture.shape[:2])


def proposals_of(outcome: Outcome, height: int, width: int) -> tuple[Proposal, ...]:
    """The answer of a model as proposals; an answer of another kind gives none."""
    if isinstance(outcome, Classification):
        return (Proposal(outcome.label, outcome.score, None),)
    if isinstance(outcome, Labels):
        return tuple(Proposal(name, score, None) for name, score in outcome.above(0.0)[:MOST])
    if isinstance(outcome, ClassMap):
        return _regions(outcome, height, width)
    return _objects(outcome, height, width) if isinstance(outcome, Detections) else ()


def _objects(outcome: Detections, height: int, width: int) -> tuple[Proposal, ...]:
    from engine.inference.masks import over_box

    found: list[Proposal] = []
    for number in np.argsort(-outcome.scores, kind="stable")[:MOST]:
        left, top, right, bottom = (float(value) for value in outcome.boxes[number])
        shape: Shape | None = shapes.tidied(Box(left, top, right, bottom), width, height)
        if outcome.masks is not None:
            rows, columns, there = over_box(outcome.masks[number], outcome.boxes[number], height, width)
            whole = np.zeros((height, width), bool)
            whole[rows, columns] = there
            shape = shapes.mask_of(whole)
        if shape is not None:
            found.append(Proposal(outcome.label(int(number)), float(outcome.scores[number]), shape))
    return tuple(found)


def _regions(outcome: ClassMap, height: int, width: int) -> tuple[Proposal, ...]:
    """A mask for each class that occurs, as sure as nobody said: 1."""
    tall, wide = outcome.ids.shape
    left, top, right, bottom = outcome.area
    columns = np.floor((np.arange(width) + 0.5 - left) / (right - left) * wide).astype(np.int64)
    rows = np.floor((np.arange(height) + 0.5 - top) / (bottom - top) * tall).astype(np.int64)
    seen = ((rows >= 0) & (rows < tall))[:, None] & ((columns >= 0) & (columns < wide))[None, :]
    ids = outcome.ids[np.clip(rows, 0, tall - 1)][:, np.clip(columns, 0, wide - 1)]
    found = []
    for label in np.unique(ids):
        shape = shapes.mask_of(seen & (ids == label))
        if shape is not None and label != outcome.background:
            found.append(Proposal(outcome.classes[int(label)], 1.0, shape))
    return tuple(found)


def accept(labels: LabelSet, file: str, proposals: tuple[Proposal, ...]) -> LabelSet:
    """Take proposals over as labels; a class that is not there yet is added."""
    for proposal in proposals:
        known = {name.casefold(): number for number, name in enumerate(labels.names)}
        label = known.get(proposal.name.strip().casefold())
        if label is None:
            labels = edits.add_class(labels, proposal.name)
            label = len(labels.classes) - 1
        if proposal.shape is None:
            labels = edits.set_labels(labels, file, (*labels.picture(file).labels, label))
        else:
            labels = edits.add_object(labels, file, label, proposal.shape)
    return labels
