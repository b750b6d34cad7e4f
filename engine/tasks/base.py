"""What a task is: how outputs are scored, measured and read. Every task is trained by the same loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from engine.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape

TASKS: Registry[type[Task]] = Registry("task", "engine.tasks")


@dataclass(frozen=True)
class Decoded:
    """What the outputs of a batch mean, still on the device.

    Attributes:
        predicted: (N,) int64, class ids.
        confidence: (N,) float32 in 0..1, the share of belief in the predicted class.
    """

    predicted: Tensor
    confidence: Tensor


class Task(ABC):
    """Base of all tasks.

    Args:
        classes: their names, in the order of their ids.
        label_smoothing: share of the target that is spread over all classes in training.

    Class variables:
        label: the name in lists.
        headline: the measure by which the best epoch is chosen (on validation pictures); higher is better.
        watched: the measures that are reported for the validation pictures after every epoch.
    """

    label: ClassVar[str]
    headline: ClassVar[str]
    watched: ClassVar[tuple[str, ...]]

    def __init__(self, classes: tuple[str, ...], label_smoothing: float = 0.0) -> None:
        self.classes = classes
        self.label_smoothing = label_smoothing

    @abstractmethod
    def check(self, output_shape: Shape) -> None:
        """Raise `BadInput` when a network with this output (without the batch) cannot do the task."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of a batch, to be lowered."""

    def penalty(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss as it is reported for validation and test, without what only training adds."""
        return self.loss(outputs, targets)

    @abstractmethod
    def decode(self, outputs: Tensor) -> Decoded:
        """What the outputs mean."""

    @abstractmethod
    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(k,) float32, on the device: what `running` needs of one training batch, to be added up over batches."""

    @abstractmethod
    def running(self, sums: Sequence[float], count: int) -> Mapping[str, float]:
        """Measures of the pictures trained on in an epoch, from the added-up `sums` over `count` pictures."""

    @abstractmethod
    def measures(self, predicted: Tensor, targets: Tensor, only: Collection[str] | None = None) -> Mapping[str, float]:
        """The task's measures (or `only` those named) over all pictures at once; one that is undefined is left out."""
