"""Say what goes wrong while it goes wrong, each thing once, with what to change."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from engine.events import Emit
from engine.training.callbacks.base import Callback
from engine.training.callbacks.health import dead_units, vanishing_gradient
from engine.training.events import Advice
from engine.training.restore import numbers
from engine.training.trainer import EpochResult, Trainer

# A gradient is said to explode when it is this much larger than the usual one of the first epoch.
EXPLODING = 100.0
RISING_EPOCHS = 5
# By heart is what is answered so much better than pictures never learned from.
ACCURACY_GAP = 0.02
# Looking into the network costs a forward pass, so it is done at these epochs only.
LOOK_AT = frozenset({1, 2, 4, 8, 16, 32, 64, 128})

History = Sequence[EpochResult]


def no_learning(history: History, classes: int) -> Advice | None:
    """After three epochs the loss is still that of guessing, which is log(number of classes)."""
    last = history[-1]
    accuracy = last.measures.get("train_accuracy", 1.0)
    if last.epoch < 3 or classes < 2 or last.train_loss < 0.97 * math.log(classes) or accuracy > 1.5 / classes:
        return None
    return Advice(
        "no_learning",
        f"The network is not learning: after {last.epoch} epochs the loss is {last.train_loss:.2f}, and guessing "
        f"gives {math.log(classes):.2f}.",
        f"Try a learning rate ten times smaller or larger (it is {last.learning_rate:.3g}), or ReLU as activation.",
        epoch=last.epoch,
    )


def rising_loss(history: History, classes: int) -> Advice | None:
    """The training loss is far above where it has been: the steps are too large."""
    last = history[-1]
    lowest = min(result.train_loss for result in history)
    if last.epoch < 2 or last.train_loss < 2 * lowest + 0.5:
        return None
    return Advice(
        "exploding",
        f"The training loss rises: it is {last.train_loss:.2f} and was {lowest:.2f} before.",
        f"Lower the learning rate (it is {last.learning_rate:.3g}) or set gradient clipping to 1.",
        epoch=last.epoch,
    )


def exploding_gradient(history: History, classes: int) -> Advice | None:
    """The gradient is far larger than in the first epoch."""
    first, last = history[0], history[-1]
    if not first.gradient_norm > 0 or not last.gradient_norm > EXPLODING * max(first.gradient_norm, 1.0):
        return None
    return Advice(
        "exploding",
        f"The gradients explode: their norm is {last.gradient_norm:,.0f} and was {first.gradient_norm:.1f} in "
        "the first epoch.",
        f"Set gradient clipping to 1, or lower the learning rate (it is {last.learning_rate:.3g}).",
        epoch=last.epoch,
    )


def overfitting(history: History, classes: int) -> Advice | None:
    """The validation loss has been rising for epochs while that of training still falls, and the answers show it.

    A validation loss that rises from next to nothing while all is answered right is no reason to change anything.
    """
    last = history[-1]
    learned, unseen = (last.measures.get(name) for name in ("train_accuracy", "val_accuracy"))
    if learned is not None and unseen is not None and learned - unseen < ACCURACY_GAP:
        return None
    lowest = min(history, key=lambda result: (math.isnan(result.val_loss), result.val_loss))
    recent = [result.val_loss for result in history[-RISING_EPOCHS:]]
    if math.isnan(lowest.val_loss) or last.epoch - lowest.epoch < RISING_EPOCHS:
        return None
    # The absolute part keeps the noise of a loss that is nearly 0 out of it.
    if min(recent) < 1.15 * lowest.val_loss + 0.03 or last.train_loss > min(lowest.train_loss, 0.7 * last.val_loss):
        return None
    return Advice(
        "overfitting",
        f"The network learns its training samples by heart: the validation loss was {lowest.val_loss:.3f} in epoch "
        f"{lowest.epoch} and is {last.val_loss:.3f} now, while the training loss still falls.",
        "Add augmentation, dropout, weight decay or more data, or set early stopping.",
        epoch=last.epoch,
    )


EPOCH_RULES: tuple[Callable[[History, int], Advice | None], ...] = (
    no_learning,
    rising_loss,
    exploding_gradient,
    overfitting,
)


def still_learning(history: History) -> Advice | None:
    """At the end of the run the training accuracy is low and the loss is still falling."""
    last = history[-1]
    before = history[-1 - max(1, len(history) // 5)] if len(history) > 1 else last
    if last.measures.get("train_accuracy", 1.0) > 0.9 or last.train_loss > 0.95 * before.train_loss:
        return None
    return Advice(
        "underfitting",
        f"The training ended while it was still getting better: the loss fell from {before.train_loss:.3f} in epoch "
        f"{before.epoch} to {last.train_loss:.3f} in epoch {last.epoch}.",
        "Train for more epochs, or use a larger network.",
        severity="info",
        epoch=last.epoch,
    )


class Advisor(Callback):
    """Emits `Advice`, each kind once in a run, also across a resume."""

    key: ClassVar[str] = "advice"

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._history: list[EpochResult] = []
        self._told: set[str] = set()

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        self._history.append(result)
        for rule in EPOCH_RULES:
            self._tell(rule(self._history, len(trainer.task.classes)))
        if result.epoch in LOOK_AT:
            self._tell(vanishing_gradient(trainer, result.epoch))
            self._tell(dead_units(trainer, result.epoch))

    def ended(self, trainer: Trainer) -> None:
        if self._history and not trainer.stopping:
            self._tell(still_learning(self._history))

    def _tell(self, advice: Advice | None) -> None:
        if advice is not None and advice.kind not in self._told:
            self._told.add(advice.kind)
            self._emit(advice)

    def state(self) -> dict[str, Any]:
        return {
            "told": sorted(self._told),
            "history": [{**vars(result), "measures": dict(result.measures)} for result in self._history],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self._told = {str(kind) for kind in state["told"]}
        self._history = [EpochResult(**numbers(result)) for result in state["history"]]
