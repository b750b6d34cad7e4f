"""The samples of a run as tensors on the device, handed out in batches that need no worker and no wait."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from engine.datasets.prepare import Part
from engine.device import send
from engine.tasks.batch import Batch
from engine.training.seeds import epoch_seed

if TYPE_CHECKING:
    from engine.datasets.augment import Augmenter
    from engine.datasets.preprocess import Preprocessor, Unprocessed
    from engine.datasets.unread import UnreadPart

# What the samples may take of the device's free memory; the rest belongs to the network.
DEVICE_SHARE = 0.4
# What pictures that are shown after a measurement may take.
KEPT_BYTES = 512 * 2**20

Targets = dict[str, Tensor]


class Pool(Protocol):
    """The samples of one part, wherever they lie."""

    device: torch.device
    indices: np.ndarray  # int64 (N,), where each sample stands in its dataset
    labels: Tensor  # int64 (N,), on the CPU

    def __len__(self) -> int: ...

    def stream(self, groups: Sequence[Tensor]) -> Iterator[tuple[Tensor, Targets]]:
        """The inputs, not yet normalised, and targets of each group of places, int64 (n,), in turn, on the device."""
        ...

    def normalise(self, inputs: Tensor) -> Tensor: ...

    def restore(self, inputs: Tensor) -> Tensor:
        """The opposite of `normalise`."""
        ...


class Held:
    """One part of the data: on the device if it fits there, else in main memory and moved a batch at a time."""

    def __init__(self, part: Part, preprocessor: Preprocessor | Unprocessed, device: torch.device) -> None:
        where = device if _fits((part.inputs, *part.targets.values()), device) else torch.device("cpu")
        self.inputs = part.inputs.to(where)  # (N, C, H, W) uint8, or sequences
        self.targets = {name: tensor.to(where) for name, tensor in part.targets.items()}
        self.labels = part.labels
        self.indices = part.indices
        self.device = device
        self._preprocessor = preprocessor

    def __len__(self) -> int:
        return len(self.indices)

    def stream(self, groups: Sequence[Tensor]) -> Iterator[tuple[Tensor, Targets]]:
        for places in groups:
            at = places.to(self.inputs.device)
            # Whole pictures are copied as they lie; general indexing takes twice as long.
            inputs = send(self.inputs.index_select(0, at), self.device)
            yield inputs, {name: send(t.index_select(0, at), self.device) for name, t in self.targets.items()}

    def normalise(self, inputs: Tensor) -> Tensor:
        return self._preprocessor.normalise(inputs)

    def restore(self, inputs: Tensor) -> Tensor:
        return self._preprocessor.restore(inputs)


class Streamed:
    """One part of the data that is read from disk, by other processes, while the network learns."""

    def __init__(self, part: UnreadPart, preprocessor: Preprocessor | Unprocessed, device: torch.device) -> None:
        self.labels = part.labels
        self.indices = part.indices
        self.device = device
        self._crew = part.crew
        self._preprocessor = preprocessor

    def __len__(self) -> int:
        return len(self.indices)

    def stream(self, groups: Sequence[Tensor]) -> Iterator[tuple[Tensor, Targets]]:
        coming = self._crew.read([self.indices[places.numpy()] for places in groups])
        for inputs, targets in coming:
            yield send(inputs, self.device), {name: send(tensor, self.device) for name, tensor in targets.items()}

    def normalise(self, inputs: Tensor) -> Tensor:
        return self._preprocessor.normalise(inputs)

    def restore(self, inputs: Tensor) -> Tensor:
        return self._preprocessor.restore(inputs)


class Onlooker:
    """Another pool, of which every picture that passes is kept, with fewer pixels where all would be too many.

    Args:
        values: of one sample.
    """

    def __init__(self, pool: Pool, values: int) -> None:
        self.device, self.indices, self.labels = pool.device, pool.indices, pool.labels
        self._pool = pool
        self._every = max(1, math.ceil(math.sqrt(len(pool) * values / KEPT_BYTES)))
        self._seen: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._pool)

    def stream(self, groups: Sequence[Tensor]) -> Iterator[tuple[Tensor, Targets]]:
        self._seen.clear()  # a pass that ran out of memory is begun anew
        for inputs, targets in self._pool.stream(groups):
            self._seen.append(inputs[..., :: self._every, :: self._every].cpu())
            yield inputs, targets

    def seen(self) -> Tensor:
        """All pictures of the newest pass, uint8 (N, C, h, w), in their order."""
        return torch.cat(self._seen)

    def normalise(self, inputs: Tensor) -> Tensor:
        return self._pool.normalise(inputs)

    def restore(self, inputs: Tensor) -> Tensor:
        return self._pool.restore(inputs)


def pool_of(part: Part | UnreadPart, preprocessor: Preprocessor | Unprocessed, device: torch.device) -> Pool:
    """The samples of a part for a network on `device`."""
    return Held(part, preprocessor, device) if isinstance(part, Part) else Streamed(part, preprocessor, device)


class TrainingBatches:
    """The training part in a new order every epoch, augmented.

    The order follows from (seed, epoch) and a sample's augmentation from (seed, epoch, index) alone, so a run can
    go on in the middle of an epoch. The last batch is smaller; a single left-over sample joins the batch before,
    because batch normalisation cannot learn from one.
    """

    def __init__(self, pool: Pool, augmenter: Augmenter | None, batch_size: int, seed: int) -> None:
        self.pool = pool
        self._augmenter = augmenter
        self._seed = seed
        self._bounds = bounds(len(pool), batch_size)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return len(self._bounds)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of epoch `epoch` (from 0), beginning with batch `first`."""
        generator = torch.Generator().manual_seed(epoch_seed(self._seed, epoch))
        order = torch.randperm(len(self.pool), generator=generator)
        pool = self.pool
        indices = pool.indices[order.numpy()]
        parts = self._bounds[first:]
        for (start, stop), (inputs, targets) in zip(
            parts, pool.stream([order[start:stop] for start, stop in parts]), strict=True
        ):
            shown = indices[start:stop]
            if self._augmenter is not None:
                inputs, targets = self._augmenter(inputs, epoch, shown, targets)
            yield Batch((pool.normalise(inputs),), targets, shown, epoch, self._seed, pool)


class OrderedBatches:
    """A part in its own order and unchanged, for validation and test.

    Args:
        rounds: int64, (R, k), places that are measured together; see `Task.rounds`. None takes each sample by itself.
        seed: of the run.
    """

    def __init__(self, pool: Pool, batch_size: int, rounds: np.ndarray | None = None, seed: int = 0) -> None:
        self.pool = pool
        self.rounds = np.arange(len(pool))[:, None] if rounds is None else rounds
        self.batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        """Samples, or rounds of them."""
        return len(self.rounds)

    def __iter__(self) -> Iterator[Batch]:
        pool, count = self.pool, self.rounds.shape[1]
        starts = range(0, len(self.rounds), self.batch_size)
        rows = [self.rounds[start : start + self.batch_size] for start in starts]
        groups = [torch.from_numpy(np.ascontiguousarray(row[:, j])) for row in rows for j in range(count)]
        coming = pool.stream(groups)
        for row in rows:
            inputs: list[Tensor] = []
            targets: Targets = {}
            for j in range(count):
                one, known = next(coming)
                inputs.append(pool.normalise(one))
                targets |= known if j == 0 else {f"{name}{j}": tensor for name, tensor in known.items()}
            yield Batch(tuple(inputs), targets, pool.indices[row[:, 0]], -1, self._seed, pool)


def bounds(count: int, batch_size: int) -> list[tuple[int, int]]:
    """Where each of at least one batch starts and stops; no batch holds one sample unless there is only one."""
    starts = list(range(0, count, batch_size)) or [0]
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], count], strict=True))


def _fits(tensors: Sequence[Tensor], device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) < DEVICE_SHARE * free
