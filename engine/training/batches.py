"""The pictures of a run as uint8 tensors on the device, handed out in batches that need no worker and no wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.device import send
from engine.training.seeds import epoch_seed

if TYPE_CHECKING:
    from engine.datasets.augment import Augmenter
    from engine.datasets.prepare import Part
    from engine.datasets.preprocess import Preprocessor

# What the pictures may take of the device's free memory; the rest belongs to the network.
DEVICE_SHARE = 0.4

Batch = tuple[Tensor, Tensor]
"""Normalised pictures float32 (N, C, H, W) and targets int64 (N,), both on the device."""


class Held:
    """One part of the data: on the device if it fits there, else in main memory and moved a batch at a time."""

    def __init__(self, part: Part, preprocessor: Preprocessor, device: torch.device) -> None:
        where = device if _fits(part.images, device) else torch.device("cpu")
        self.images = part.images.to(where)  # (N, C, H, W) uint8
        self.labels = part.labels.to(where)  # (N,) int64
        self.indices = part.indices
        self.device = device
        self._preprocessor = preprocessor

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (uint8) and targets of the places `chosen`, on the device."""
        at = chosen.to(self.images.device)
        # Whole pictures are copied as they lie; general indexing takes twice as long.
        images, labels = self.images.index_select(0, at), self.labels.index_select(0, at)
        return send(images, self.device), send(labels, self.device)

    def normalise(self, images: Tensor) -> Tensor:
        return self._preprocessor.normalise(images)


class TrainingBatches:
    """The training part in a new order every epoch, augmented.

    The order follows from (seed, epoch) and a picture's augmentation from (seed, epoch, index) alone, so a run can
    go on in the middle of an epoch. The last batch is smaller; a single left-over picture joins the batch before,
    because batch normalisation cannot learn from one.
    """

    def __init__(self, held: Held, augmenter: Augmenter | None, batch_size: int, seed: int) -> None:
        self._held = held
        self._augmenter = augmenter
        self._seed = seed
        self._bounds = bounds(len(held), batch_size)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return len(self._bounds)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of epoch `epoch` (from 0), beginning with batch `first`."""
        generator = torch.Generator().manual_seed(epoch_seed(self._seed, epoch))
        order = torch.randperm(len(self._held), generator=generator)
        held = self._held
        indices = held.indices[order.numpy()] if self._augmenter else None
        order = order.to(held.images.device)
        for start, stop in self._bounds[first:]:
            images, targets = held.pick(order[start:stop])
            if self._augmenter is not None and indices is not None:
                images = self._augmenter(images, epoch, indices[start:stop])
            yield held.normalise(images), targets


class OrderedBatches:
    """A part in its own order and unchanged, for validation and test."""

    def __init__(self, held: Held, batch_size: int) -> None:
        self.held = held
        self._batch_size = batch_size

    def __iter__(self) -> Iterator[Batch]:
        held = self.held
        for start in range(0, len(held), self._batch_size):
            stop = start + self._batch_size
            images = send(held.images[start:stop], held.device)
            yield held.normalise(images), send(held.labels[start:stop], held.device)


def bounds(count: int, batch_size: int) -> list[tuple[int, int]]:
    """Where each of at least one batch starts and stops; no batch holds one picture unless there is only one."""
    starts = list(range(0, count, batch_size)) or [0]
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], count], strict=True))


def _fits(images: Tensor, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return images.numel() < DEVICE_SHARE * free
