"""Whether two pictures show the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.idle import counts_unless
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.fitting import require_inputs, require_outputs, written
from engine.tasks.matching.losses import binary_cross_entropy, contrastive, triplet
from engine.tasks.matching.meter import MatchingMeter
from engine.tasks.matching.montage import montage
from engine.tasks.matching.pairs import episodes, paired, side_by_side, tripled

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape
    from engine.tasks.report import TaskReport


class MatchingOptions(Settings):
    loss: Literal["contrastive", "triplet", "cross-entropy"] = Field(
        "contrastive",
        description="Contrastive pulls equal pairs together and pushes others apart; triplet only asks that an equal "
        "picture is nearer than another; cross-entropy is for a network that ends in a probability (Sigmoid).",
    )
    margin: float = Field(
        1.0,
        gt=0,
        le=1000,
        description="How far apart different pictures should come; cross-entropy has none.",
        json_schema_extra=counts_unless(loss=["cross-entropy"]),
    )
    ways: int = Field(5, ge=2, le=100, description="Between how many classes the measured choice is.")
    shots: int = Field(1, ge=1, le=20, description="Examples of each class that it is made by.")
    episodes: int = Field(400, ge=1, le=100_000, description="How many such choices are measured.")


@TASKS.register("matching")
class Matching(Task):
    """A distance (or a probability of being the same) for two pictures.

    It learns from pairs or triplets that are formed within every batch, and is measured by one-shot classification:
    which of some examples, one of each class, shows the same as a query. The classes may be new to the network.

    Answers: "distances", float32 (R, ways · shots): from the query of a round to its examples.
    """

    label: ClassVar[str] = "Matching"
    help: ClassVar[str] = "Say whether two pictures show the same, also of things that were not there to learn from."
    headline: ClassVar[str] = "n_way_accuracy"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "n_way_accuracy": ("one-shot accuracy", "share"),
        "verification_auc": ("area under ROC", ""),
        "verification_accuracy": ("best accuracy for pairs", "share"),
        "equal_error": ("equal error rate", "share"),
    }
    Options: ClassVar[type[Settings]] = MatchingOptions
    options: MatchingOptions

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        require_inputs(inputs, [sample, sample])
        require_outputs(outputs, 1)
        (answer,) = outputs.values()
        if tuple(answer) != (1,):
            raise BadInput(
                f"The network's output is {written(answer)}, and matching needs a single number, the distance.",
                "End the network with EuclideanDistance, or with Linear with one output and a Sigmoid.",
            )

    def feed(self, batch: Batch) -> Batch:
        if len(batch.inputs) > 1:
            return side_by_side(batch)
        return tripled(batch) if self.options.loss == "triplet" else paired(batch)

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        answer = _values(outputs)
        if self.options.loss == "triplet":
            whole = batch.targets["whole"]
            to_same, to_other = answer.chunk(2)
            each = triplet(to_same, to_other, self.options.margin)
            return {"triplet": (each * whole).sum() / whole.sum().clamp(min=1)}
        return {self.options.loss: self._of_pairs(answer, batch.targets["same"]).mean()}

    def penalties(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """The loss of a round; its few equal pairs count as much as its many different ones."""
        same = batch.targets["same"]
        answer = _values(outputs).reshape(same.shape[1], -1).T  # (R, k − 1)
        if self.options.loss == "triplet":
            like = (answer * same).sum(1) / same.sum(1)
            each = triplet(like[:, None], answer, self.options.margin)
            return {"triplet": (each * (1 - same)).sum() / (1 - same).sum()}
        each = self._of_pairs(answer, same)
        of_same, of_others = (each * same).sum() / same.sum(), (each * (1 - same)).sum() / (1 - same).sum()
        return {self.options.loss: (of_same + of_others) / 2}

    def _of_pairs(self, answer: Tensor, same: Tensor) -> Tensor:
        if self.options.loss == "contrastive":
            return contrastive(answer, same, self.options.margin)
        return binary_cross_entropy(answer, same)

    def rounds(self, labels: np.ndarray, seed: int) -> np.ndarray | None:
        chosen = self.options
        return episodes(labels, chosen.ways, chosen.shots, chosen.episodes, seed)

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        answer = _values(outputs).reshape(batch.targets["same"].shape[1], -1).T
        return {"distances": 1 - answer if self.options.loss == "cross-entropy" else answer}

    def meter(self, full: bool = False) -> Meter:
        return MatchingMeter(self.classes, self.options.shots)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        shots = self.options.shots
        same = truth["same"].reshape(-1, shots)[:, 0] > 0
        distances = answer["distances"].reshape(-1, shots).mean(1)
        chosen, right = int(distances.argmin()), int(same.argmax())
        examples = [truth[f"input{1 + way * shots}"] for way in range(len(distances))]
        names = [self._name(truth[f"label{1 + way * shots}"]) for way in range(len(distances))]
        nearest_other = float(distances[~same].min())
        listed = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, distances, strict=True))
        return Sketch(
            montage(picture, examples, chosen, right),
            caption=f"{self._name(truth['label'])} → {names[chosen]}",
            note=f"distance {distances[chosen]:.2f}",
            mark="right" if chosen == right else "wrong",
            tip=f"Distances from the query on the left: {listed}.",
            score=nearest_other - float(distances[right]),
        )

    def _name(self, label: np.ndarray) -> str:
        number = int(label)
        return self.classes[number] if number < len(self.classes) else str(number)

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.report import TaskReport

        assert isinstance(meter, MatchingMeter)
        return TaskReport(
            dict(meter.result()), tables=(meter.by_class(),), plots=meter.curves(), examples=tuple(sketches)
        )


def _values(outputs: Outputs) -> Tensor:
    """The only output, (M, 1), as float32 (M,)."""
    (answer,) = outputs.values()
    return answer.float().reshape(len(answer))
