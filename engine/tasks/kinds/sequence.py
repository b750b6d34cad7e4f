"""One class for every sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from engine.datasets.drawn_frames import drawn
from engine.tasks.base import TASKS, Meter, Sketch
from engine.tasks.kinds.classification import Classification, ClassMeter
from engine.tasks.sequences.chart import Curve, chart

if TYPE_CHECKING:
    from engine.tasks.report import TaskReport


@TASKS.register("sequence")
class SequenceClassification(Classification):
    """One class for every sequence (many-to-one): all as for pictures, but that its steps come one after another.

    A clip is a sequence of frames. A volume has no steps, but is held, split and measured in the same way.
    """

    label: ClassVar[str] = "Sequence classification"
    help: ClassVar[str] = "Which one of several classes a sequence, a video clip or a volume belongs to."
    kind: ClassVar[Literal["pictures", "series", "text"]] = "series"

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        image = drawn(picture) if picture.ndim == 4 else chart([Curve(picture)])
        return replace(super().sketch(picture, answer, truth), image=image)

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.classifying.plots import ranking_table
        from engine.tasks.report import Matrix, Table

        assert isinstance(meter, ClassMeter)
        told = super().report(meter, sketches)
        if told.matrix is not None:
            return told
        rows = tuple(
            (row.name, row.precision, row.recall, row.f1, row.support, row.predicted)
            for row in self.rows(meter.predicted, meter.truth)
        )
        columns = ("class", "precision %", "recall %", "F1 %", "sequences", "taken for it")
        counts = self.confusion(meter.predicted, meter.truth).numpy()
        matrix = Matrix("Confusion", counts, self.classes, ("sequence", "sequences"))
        ranking = (ranking_table(self.classes, meter.ranks, "sequences"),) if told.tables else ()
        return replace(told, tables=(Table("Classes", columns, rows), *ranking), matrix=matrix)
