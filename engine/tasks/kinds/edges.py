"""Where the edges are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.tasks.base import TASKS, Answers, Meter, Sketch
from engine.tasks.batch import Batch, Outputs
from engine.tasks.dense.task import MapTask, PixelOptions

if TYPE_CHECKING:
    from torch import Tensor

    from engine.datasets.spec import Settings
    from engine.tasks.report import TaskReport


class EdgeOptions(PixelOptions):
    loss: Literal["balanced", "plain"] = Field(
        "balanced",
        description="Binary cross-entropy. Balanced lets the few pixels of edges weigh as much as all others; plain "
        "counts every pixel once and finds fewer, surer edges.",
    )
    tolerance: float = Field(
        1.5,
        ge=0,
        le=50,
        description="How many pixels an edge may lie beside the true one and still be right, in the measures; the "
        "Berkeley benchmark allows 0.0075 of the picture's diagonal.",
    )


@TASKS.register("edges")
class Edges(MapTask):
    """One output channel: the logit of being an edge.

    Answers: "edges", float32 (N, h, w), the probability of an edge at every pixel.
    """

    label: ClassVar[str] = "Edges"
    help: ClassVar[str] = "Find the outlines of things, and not the patterns on them."
    needs: ClassVar[tuple[str, ...]] = ("edges",)
    target: ClassVar[str] = "edges"
    headline: ClassVar[str] = "ods"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "ods": ("Best F-measure, one threshold (ODS)", "share"),
        "ois": ("Best F-measure, one per picture (OIS)", "share"),
        "precision": ("Precision there", "share"),
        "recall": ("Recall there", "share"),
        "threshold": ("Best threshold", ""),
    }
    Options: ClassVar[type[Settings]] = EdgeOptions
    options: EdgeOptions
    channels = 1
    meaning = "how sure it is that there is an edge"

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        from engine.tasks.dense.edge_losses import balanced_cross_entropy
        from engine.tasks.dense.sizes import middle_of

        logits = self.answer(outputs, batch)[:, 0]
        truth = middle_of(batch.targets["edges"], logits)
        return {"edges": balanced_cross_entropy(logits, truth, self.options.loss == "balanced")}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        return {"edges": self.answer(outputs, batch)[:, 0].sigmoid()}

    def meter(self, full: bool = False) -> Meter:
        from engine.tasks.dense.edge_measures import EdgeMeter

        return EdgeMeter(self.options.tolerance)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        from engine.tasks.dense.sketches import edge_sketch

        return edge_sketch(picture, answer["edges"], truth.get("edges"), self.options.tolerance)

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.dense.edge_measures import EdgeMeter
        from engine.tasks.dense.reports import edge_report

        assert isinstance(meter, EdgeMeter)
        return edge_report(meter, sketches)
