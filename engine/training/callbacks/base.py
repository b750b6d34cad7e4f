"""What can hook into the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from engine.training.trainer import EpochResult, Trainer


class Callback:
    """Base of all hooks; each overrides what it needs. They are called in the order of the trainer's list.

    Class variables:
        key: the name of its memory in the checkpoint; "" for a hook without one.
    """

    key: ClassVar[str] = ""

    def started(self, trainer: Trainer) -> None:
        """Before the first step, also after a resume."""

    def step_done(self, trainer: Trainer) -> None:
        """After every optimiser step. Must not fetch anything from the device as a rule."""

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        """After the validation of every epoch."""

    def memory_short(self, trainer: Trainer, samples: int) -> None:
        """When memory ran out in a step, which is tried again with `samples` samples at once."""

    def paused(self, trainer: Trainer) -> None:
        """When the owner has asked for a pause, before waiting."""

    def interrupted(self, trainer: Trainer) -> None:
        """When the owner has cancelled; the position is whole, so it can be saved."""

    def failed(self, trainer: Trainer) -> None:
        """When an error ends the training. Nothing after the last checkpoint can be trusted."""

    def ended(self, trainer: Trainer) -> None:
        """After the last epoch."""

    def state(self) -> dict[str, Any]:
        """What must outlive a kill: plain Python values and tensors."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` returned."""
