"""Augmentation: training pictures changed a little in every epoch, a batch at a time and exactly repeatable.

What moves pixels (rotation, shift, ...) is written as one 2×3 matrix per sample; neighbours in the list are multiplied
together, so that however many there are the pictures are resampled only once and lose sharpness only once.
Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self, overload

import numpy as np

from engine.datasets.draws import Draws, sample_keys
from engine.datasets.moving import Moving, Outside, resample
from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.device import send
from engine.errors import BadInput
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

AUGMENTATIONS: Registry[type[Augmentation]] = Registry("augmentation", "engine.datasets.augmentations")


@dataclass(frozen=True)
class Dial:
    """An option that a method's power sets: `low` at power 0, `high` at power 1, evenly in between."""

    field: str
    low: float
    high: float


class Augmentation(Settings):
    """Base of all augmentations; a subclass's fields are its options and its docstring the learner's text.

    Class variables:
        label: the name in lists.
        family: what it changes, for headings.
        dials: the options that one slider for its power sets together; the first one tells the power.
    """

    label: ClassVar[str]
    family: ClassVar[str]
    dials: ClassVar[tuple[Dial, ...]] = ()

    @property
    def power(self) -> float:
        """From 0 to 1, as the first dial has it."""
        dial = self.dials[0]
        return min(max((getattr(self, dial.field) - dial.low) / (dial.high - dial.low), 0.0), 1.0)

    def with_power(self, power: float) -> Self:
        """The same with its dials set to `power`, 0 to 1; the options without a dial stay."""
        set_ = {dial.field: round(dial.low + power * (dial.high - dial.low), 3) for dial in self.dials}
        return type(self).model_validate({**self.model_dump(), **set_})

    def fits(self, needs: Collection[str], task: str = "") -> str:
        """Why a task cannot be trained with this, in two sentences; "" when it can.

        Args:
            needs: the targets that the task needs (`Task.needs`).
            task: its id; "" where only the needs are known.
        """
        return ""

    def change(self, work: _Work, draws: Draws) -> None:
        """Do to a batch what this augmentation does."""
        raise NotImplementedError


class Geometric(Augmentation):
    """An augmentation that moves pixels."""

    family = "Place and shape"

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        """Return float64, (N, 2, 3): for each sample, where in the old picture a pixel of the new one comes from.

        Both are (x, y, 1) in pixels from the picture's centre, x to the right and y down.
        """
        raise NotImplementedError

    @property
    def fills(self) -> Outside:
        """What is seen where the old picture ends."""
        return "black"

    def change(self, work: _Work, draws: Draws) -> None:
        work.move(self.affine(draws, work.height, work.width), self.fills)


class Pixelwise(Augmentation):
    """An augmentation that changes values where they are, in the picture alone: what it spoils can be given back."""

    family = "Disturbance"

    def apply(self, batch: Tensor, draws: Draws) -> Tensor:
        """Return the changed batch: float32, (N, C, H, W), values 0 to 255 (clamped afterwards)."""
        raise NotImplementedError

    def change(self, work: _Work, draws: Draws) -> None:
        work.settle()
        work.pictures = self.apply(work.pictures, draws).clamp_(0, 255)


class Recolouring(Augmentation):
    """An augmentation that changes light or colour, alike in the picture and in the clean one that comes with it."""

    family = "Colour and light"

    def recolouring(self, batch: Tensor, draws: Draws) -> Callable[[Tensor], Tensor]:
        """Return what is done to the values of `batch`, so that the very same can be done to another picture of each.

        Args:
            batch: the pictures as they are, float32, (N, C, H, W), values 0 to 255; what is drawn or measured is taken
                here, once.
            draws: of this augmentation for the batch.

        Returns:
            A function of such a tensor that gives a changed one (clamped afterwards) and leaves its own alone.
        """
        raise NotImplementedError

    def change(self, work: _Work, draws: Draws) -> None:
        work.settle()
        work.recolour(self.recolouring(work.pictures, draws))


class Mixing(Augmentation):
    """An augmentation that mixes every picture with another one of its batch.

    The draws are those of the samples, but the partner is one of those that happen to be in the same batch: which it
    is, and so the picture that comes out, depends on the composition of the batch (not on the order within it). A run
    that goes on in the middle of an epoch has the same batches and so the same partners.

    With targets, `label_other` (int64, (N,)) is the partner's label and `label_share` (float32, (N,)) the own label's
    share, from 0 to 1; `label` stays the own one.
    """

    family = "Mixing"

    def mix(self, batch: Tensor, others: Tensor, draws: Draws) -> tuple[Tensor, np.ndarray]:
        """Mix float32 (N, C, H, W), values 0 to 255, with `others`; returns it and the own shares, float64 (N,)."""
        raise NotImplementedError

    def fits(self, needs: Collection[str], task: str = "") -> str:
        if set(needs) == {"label"} and task in ("", "classification"):
            return ""
        return (
            f"{self.label} mixes two pictures and their labels, which only classification can learn from. "
            "Remove it, or train a classification."
        )

    def change(self, work: _Work, draws: Draws) -> None:
        import torch

        work.settle()
        partner = partners(draws)
        others = work.pictures.index_select(0, send(torch.from_numpy(partner), work.pictures.device))
        work.pictures, share = self.mix(work.pictures, others, draws)
        work.mix_labels(partner, share)


def partners(draws: Draws) -> np.ndarray:
    """int64, (N,): for each sample of a batch another one's place, or its own when it is alone.

    All samples stand in a circle in the order of a number drawn for each, and take the next one's picture; so every
    sample is taken once, and the order of the batch plays no part.
    """
    order = np.argsort(draws.uniform(0.0, 1.0), kind="stable")
    found = np.empty(len(draws), np.int64)
    found[order] = np.roll(order, -1)
    return found


def parse_augmentation(choice: Choice) -> Augmentation:
    """The declaration with its options, or `BadInput` that names what is wrong."""
    return parse_choice(AUGMENTATIONS, choice)


def after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The affine maps (N, 2, 3) that do `first` and then `second`."""
    a, b = second, first
    joined = np.empty_like(a)
    for row in (0, 1):
        # Written out, because a matrix product may sum in another order for another batch size.
        for column in (0, 1):
            joined[:, row, column] = a[:, row, 0] * b[:, 0, column] + a[:, row, 1] * b[:, 1, column]
        joined[:, row, 2] = a[:, row, 0] * b[:, 0, 2] + a[:, row, 1] * b[:, 1, 2] + a[:, row, 2]
    return joined


class Augmenter:
    """The augmentations of a run, in the order of the list.

    Args:
        choices: entries of `AUGMENTATIONS` with their options.
        seed: of the run; with the epoch and the sample's index it determines every draw.

    Raises:
        BadInput: a choice is unknown, one of its options is out of range, or two of them mix pictures.
    """

    def __init__(self, choices: Sequence[Choice], seed: int) -> None:
        self.augmentations = tuple(parse_augmentation(choice) for choice in choices)
        self._seed = seed
        mixing = [augmentation.label for augmentation in self.augmentations if isinstance(augmentation, Mixing)]
        if len(mixing) > 1:
            raise BadInput(
                f"A picture can be mixed with one other only, but {' and '.join(mixing)} are both switched on.",
                "Keep one of them.",
            )

    def check(self, needs: Collection[str], task: str = "") -> None:
        """Raise `BadInput` when a task with these needs (`Task.needs`) cannot be trained with one of the list."""
        for augmentation in self.augmentations:
            why = augmentation.fits(needs, task)
            if why:
                raise BadInput(*why.split(". ", 1))

    @overload
    def __call__(self, batch: Tensor, epoch: int, indices: Tensor | np.ndarray, targets: None = None) -> Tensor: ...

    @overload
    def __call__(
        self, batch: Tensor, epoch: int, indices: Tensor | np.ndarray, targets: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]: ...

    def __call__(
        self,
        batch: Tensor,
        epoch: int,
        indices: Tensor | np.ndarray,
        targets: Mapping[str, Tensor] | None = None,
    ) -> Tensor | tuple[Tensor, dict[str, Tensor]]:
        """Return the batch as this epoch shows it: uint8, (N, C, H, W), on the batch's device.

        Args:
            batch: uint8, (N, C, H, W). Anything else is no batch of pictures and comes back as it is.
            epoch: any number; the same one gives the same pictures.
            indices: (N,), the samples' places in the dataset. On the CPU they cost no wait for a GPU.
            targets: what is known of the pictures, by the names of `engine.datasets.annotation`, on the batch's
                device. Given them, batch and targets come back together, what has a place in the picture moved along
                and a clean picture recoloured as `engine.datasets.moving.Moving` says; the pictures are the same with
                and without.
        """
        if not self.augmentations or len(batch) == 0 or batch.ndim != 4:
            return batch if targets is None else (batch, dict(targets))
        keys = sample_keys(self._seed, epoch, _as_numpy(indices))
        work = _Work(batch, targets)
        for slot, augmentation in enumerate(self.augmentations):
            augmentation.change(work, Draws(keys, slot))
        work.settle()
        pictures = work.pictures.round_().clamp_(0, 255).to(batch.dtype)
        return pictures if targets is None else (pictures, work.targets())


class _Work:
    """A batch between augmentations: float pictures, and the moves that are still to be carried out."""

    def __init__(self, batch: Tensor, targets: Mapping[str, Tensor] | None) -> None:
        self.height, self.width = int(batch.shape[2]), int(batch.shape[3])
        self.pictures = batch.float()
        self._targets = targets
        self._moving = None if targets is None else Moving(targets, self.height, self.width, batch.device)
        self.mixed: dict[str, Tensor] = {}
        self._pending: np.ndarray | None = None
        self._fills: Outside = "black"

    def move(self, affine: np.ndarray, fills: Outside) -> None:
        """Move the pixels by these backward maps, together with the moves before where they fill alike."""
        if self._pending is not None and fills != self._fills:
            self.settle()
        # Where a new pixel comes from is answered backwards: the last move is undone first.
        self._pending = affine if self._pending is None else after(self._pending, affine)
        self._fills = fills

    def recolour(self, change: Callable[[Tensor], Tensor]) -> None:
        """Do the same to the values of the pictures and of the clean ones that they ought to be."""
        self.pictures = change(self.pictures).clamp(0, 255)
        if self._moving is not None:
            self._moving.recolour(change)

    def mix_labels(self, partner: np.ndarray, share: np.ndarray) -> None:
        """Note whose picture came into each one, and how much of its own is left."""
        import torch

        if self._targets is None or "label" not in self._targets:
            return
        label = self._targets["label"]
        self.mixed = {
            "label_other": label.index_select(0, send(torch.from_numpy(partner), label.device)),
            "label_share": send(torch.from_numpy(share.astype(np.float32)), label.device),
        }

    def targets(self) -> dict[str, Tensor]:
        """What is known of the pictures now; only for a batch that came with targets."""
        assert self._moving is not None
        return {**self._moving.finish(), **self.mixed}

    def settle(self) -> None:
        """Carry out what is pending."""
        if self._pending is None:
            return
        self.pictures = resample(self.pictures, self._pending, self._fills)
        if self._moving is not None:
            self._moving.move(self._pending, self._fills)
        self._pending = None


def _as_numpy(indices: Tensor | np.ndarray) -> np.ndarray:
    return indices if isinstance(indices, np.ndarray) else indices.cpu().numpy()
