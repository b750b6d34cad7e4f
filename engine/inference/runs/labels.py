"""Runs that answer for the whole picture: one class, or any number of labels."""

from __future__ import annotations

from typing import ClassVar

from engine.inference.detections import Classification, Labels
from engine.inference.frame import Frame
from engine.inference.run_base import RUN_PREDICTORS, RunPredictor
from engine.tasks.kinds.classification import Classification as OneClass


@RUN_PREDICTORS.register("classification")
class RunClassifier(RunPredictor):
    """One class for the picture."""

    drawn: ClassVar[bool] = True
    one_answer: ClassVar[bool] = True

    def predict(self, frame: Frame) -> Classification:
        import torch

        with self._stage("prepare"):
            seen = self._seen(frame)
            batch = self._batch(seen)
        with self._stage("model"), torch.inference_mode():
            logits = next(iter(self._outputs(batch).values()))  # (1, classes)
            assert isinstance(self._task, OneClass)
            probabilities = self._task.probabilities(logits)[0].cpu().numpy()
        self._finite(probabilities)
        return Classification(self.classes, probabilities, seen)


@RUN_PREDICTORS.register("multilabel")
class RunLabeller(RunPredictor):
    """A probability for each label by itself."""

    drawn: ClassVar[bool] = True
    one_answer: ClassVar[bool] = True

    def predict(self, frame: Frame) -> Labels:
        import torch

        with self._stage("prepare"):
            seen = self._seen(frame)
            batch = self._batch(seen)
        with self._stage("model"), torch.inference_mode():
            logits = next(iter(self._outputs(batch).values()))  # (1, classes)
            probabilities = logits.float().sigmoid()[0].cpu().numpy()
        self._finite(probabilities)
        return Labels(self.classes, probabilities, seen)
