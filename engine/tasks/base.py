"""What a task is: what it learns from, how outputs are scored, measured, read and shown.

Every task is trained by the same loop. Never imports torch when it is imported.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import ValidationError

from engine.complaints import words
from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.frozen import thaw
from engine.registry import Registry
from engine.tasks.batch import Batch, Outputs, Run

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.datasets.base import SampleSet
    from engine.graph.spec import NetworkSpec, Shape
    from engine.tasks.report import TaskReport

TASKS: Registry[type[Task]] = Registry("task", "engine.tasks.kinds")

Answers = Mapping[str, "Tensor"]
"""What the outputs of a batch mean: tensors with the batch first, by names of the task's own."""
DataKind = Literal["pictures", "series", "text"]


class NoOptions(Settings):
    """A task without options."""


@dataclass(frozen=True)
class Turn:
    """One player's part of a step, where several networks learn from each other.

    Attributes:
        name: as it appears in loss terms; "" when there is only one turn.
        learns: ids of the top-level nodes whose weights change; None for all.
    """

    name: str = ""
    learns: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Sketch:
    """One sample with the truth and the answer, as something to look at. Plain and picklable.

    Attributes:
        image: uint8, (H, W, 3) in RGB or (H, W) in grey, with everything drawn into it.
        caption, note: two short lines for below, such as the answer and how sure it is.
        mark: whether the answer is "right", "wrong", or "" where that is no yes or no.
        tip: what a tooltip says.
        score: how good the answer is, the worst lowest; NaN where that has no meaning.
    """

    image: np.ndarray
    caption: str
    note: str = ""
    mark: Literal["right", "wrong", ""] = ""
    tip: str = ""
    score: float = float("nan")


class Meter(ABC):
    """Gathers answers over a whole part, a batch at a time, and measures them."""

    @abstractmethod
    def add(self, answers: Answers, batch: Batch) -> None:
        """Take in one batch; tensors may still lie on the device."""

    @abstractmethod
    def result(self) -> Mapping[str, float]:
        """The measures over all that was added; one that is undefined is left out."""


class Task(ABC):
    """Base of all tasks.

    Args:
        classes: their names, in the order of their ids; () where the data has none.
        options: of the class `Options`; None for its defaults.

    Class variables:
        label, help: the name in lists, and one sentence for a learner.
        kind: the data that it learns from.
        needs: targets that the data must give (see `engine.datasets.annotation.TARGETS`).
        uses: targets that it takes where the data gives them.
        headline: the measure by which the best epoch is chosen (on validation); "" takes the newest epoch.
        lower_is_better: whether a smaller headline is better.
        measures: every measure with its words and unit for tables, in order; the unit "share" is shown in percent.
        Options: the fields are the task's options.
    """

    label: ClassVar[str]
    help: ClassVar[str] = ""
    kind: ClassVar[DataKind] = "pictures"
    needs: ClassVar[tuple[str, ...]] = ("label",)
    uses: ClassVar[tuple[str, ...]] = ()
    headline: ClassVar[str] = ""
    lower_is_better: ClassVar[bool] = False
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {}
    Options: ClassVar[type[Settings]] = NoOptions

    id: str = ""
    """Under which it is registered."""
    run: Run | None = None
    """The network, set while `report` is made."""

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        self.classes = classes
        self.options = options if options is not None else self.Options()

    # before the training

    @abstractmethod
    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        """Raise `BadInput` when a network with these Inputs and Outputs cannot do the task with such data.

        Shapes are without the batch and by the ids of the nodes, in the order of the drawing; `sample` is the shape of
        one sample of the data: (C, H, W), (T, F) or (T,).
        """

    def learn_data(self, targets: Mapping[str, Tensor]) -> None:
        """See the training part once before the training, such as for class weights.

        Args:
            targets: on the CPU. Labels are those of the whole part; other targets, and the inputs (not normalised,
                under the name "inputs"), those of up to a thousand evenly spaced pictures, or of all sequences.
        """
        return

    def learn_samples(self, samples: SampleSet) -> None:
        """See the whole dataset once before the training or the evaluation, such as for the units of its values."""
        return

    def training_spec(self, spec: NetworkSpec) -> NetworkSpec:
        """The drawing to train with, where that differs from the one to use, with the same weights by name."""
        return spec

    def start_values(self, model: nn.Module, spec: NetworkSpec) -> None:
        """Set start values of a new network that the task asks for, such as the prior of a focal loss."""
        return

    # a step

    def turns(self) -> tuple[Turn, ...]:
        """The parts of one step."""
        return (Turn(),)

    def feed(self, batch: Batch) -> Batch:
        """What the network is given, and what it is measured by: pairs, sampled pixels, noise, ... On the device."""
        return batch

    @abstractmethod
    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """The terms of the loss of a batch (means over it), weighted so that their sum is what is lowered."""

    def step(self, run: Run, batch: Batch, turn: Turn) -> tuple[Outputs, Mapping[str, Tensor]]:
        """Carry out one turn: run the network, and score it."""
        outputs = run(*batch.inputs)
        return outputs, self.losses(outputs, batch)

    def penalties(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """The loss as it is reported for validation and test, without what only training adds."""
        return self.losses(outputs, batch)

    def sums(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """0-dimensional tensors of one training batch, on the device, to be added up over an epoch."""
        return {}

    def running(self, sums: Mapping[str, float], count: int) -> Mapping[str, float]:
        """Measures of the samples trained on in an epoch, from the added-up `sums` over `count` samples."""
        return {}

    # measuring and showing

    def rounds(self, labels: np.ndarray, seed: int) -> np.ndarray | None:
        """Which samples are measured together: int64 (R, k), places within a part; None takes each by itself.

        The batch then holds R rows; every target gets the first sample's value under its own name and the j-th
        sample's under name + str(j), and the inputs are k tensors.
        """
        return None

    @abstractmethod
    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        """What the outputs mean."""

    @abstractmethod
    def meter(self, full: bool = False) -> Meter:
        """Measures after every epoch; with `full` also those that take longer."""

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        """One sample to look at.

        Args:
            picture: the sample as the network saw it: uint8 (H, W, 3) or (H, W), or the sequence (T, F) or (T,).
            answer, truth: the sample's rows of the answers and of the targets.
        """
        raise NotImplementedError

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        """Everything for the Evaluate page, from a full meter and sketches of some samples."""
        from engine.tasks.report import TaskReport

        return TaskReport(dict(meter.result()), examples=tuple(sketches))


def make_task(id: str, classes: tuple[str, ...], options: Mapping[str, Any] | None = None, **usual: Any) -> Task:
    """The task `id` for data with these classes.

    Args:
        options: the task's own options.
        usual: values of options that the task may have and that are set elsewhere, such as label smoothing.

    Raises:
        BadInput: there is no such task, or one of its options is out of range.
    """
    task = TASKS.get(id)
    known = {name: value for name, value in usual.items() if name in task.Options.model_fields}
    try:
        chosen = task.Options.model_validate({**known, **thaw(options or {})})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "its options"
        raise BadInput(
            f"The task {task.label} cannot use {name} = {first.get('input')!r}.", words(first), details=str(error)
        ) from None
    made = task(classes, chosen)
    made.id = id
    return made
