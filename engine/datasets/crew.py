"""Processes that read pictures and prepare them while the network learns. Importing this module does not import torch.

They are PyTorch's loader processes, begun in a way that is safe beside a window and beside threads: never by fork of
this process, which has hung programs with a window, but from a server that was started fresh (Linux) or fresh
themselves (elsewhere). They stay for as long as the run does. Pictures come back through pipes and not through shared
memory, of which containers have next to none.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from engine.cancel import CancelToken
from engine.datasets.targets import Arrays
from engine.datasets.unread import Recipe
from engine.errors import BadInput, JobFailed

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader

CHUNK = 16
"""Pictures that a process reads at a time: one batch is shared out among all of them."""
MOST_WORKERS = 16
PATIENCE = 120.0
"""Seconds that a chunk may take before it counts as stuck."""
POLL = 1.0
"""Seconds after which it is looked whether the processes live and whether the job is to stop."""
AHEAD_BYTES = 256 * 2**20
"""What pictures that were read ahead may take."""
_PRELOADED = ["torch", "engine.opencv", "engine.datasets.crew", "engine.datasets.pictures"]

Rows = tuple[np.ndarray, Arrays]
Tensors = tuple["torch.Tensor", dict[str, "torch.Tensor"]]


class Crew:
    """Reads pictures in other processes, in the order that is asked for.

    Args:
        token: looked at while waiting.
        workers: how many processes; 0 reads in this one. None takes as many as there are processors.
        patience: seconds that sixteen pictures may take.
    """

    def __init__(
        self, recipe: Recipe, token: CancelToken, workers: int | None = None, patience: float = PATIENCE
    ) -> None:
        self.recipe = recipe
        self.workers = usual_workers() if workers is None else workers
        self._token = token
        self._patience = patience
        self._loader: DataLoader[Any] | None = None
        self._coming: Iterator[Any] | None = None
        self._groups = _Chunks()
        self._busy = False

    def read(self, groups: Sequence[np.ndarray]) -> Iterator[Tensors]:
        """Pictures, uint8 (n, C, H, W), and targets of each group of places in the dataset, in turn.

        Raises:
            BadInput: a picture can no longer be read.
            JobFailed: a process was killed, or is stuck.
            JobCancelled: the token was set.
        """
        # Whoever asks while others are still served is served here and now.
        if not self.workers or self._busy:
            for group in groups:
                self._token.raise_if_cancelled()
                yield _tensors([self.recipe.rows(group)])
            return
        self._busy = True
        left = len(groups)
        try:
            self._begin(groups)
            for group in groups:
                found = _tensors([self._next() for _ in range(0, len(group), CHUNK)])
                left -= 1
                self._busy = left > 0  # who takes the last group may not look beyond it
                yield found
        except Exception:
            self.close()
            raise
        finally:
            if left:
                self._busy = False

    def employ(self, workers: int | None) -> None:
        """Read with so many processes from now on; None takes as many as there are processors."""
        count = usual_workers() if workers is None else workers
        if count != self.workers:
            self.close()
            self.workers = count

    def close(self) -> None:
        """Let the processes go. Whoever reads afterwards gets new ones."""
        self._coming = self._loader = None  # the last references, with which PyTorch ends and joins them

    def _begin(self, groups: Sequence[np.ndarray]) -> None:
        self._groups.items = [group[at : at + CHUNK] for group in groups for at in range(0, len(group), CHUNK)]
        if self._loader is not None:
            try:
                self._coming = iter(self._loader)
                return
            except RuntimeError:
                # They first finish what is left of a pass that was given up, and did not do so in time.
                self.close()
        self._loader = self._make_loader(max((len(group) for group in groups), default=1))
        self._coming = iter(self._loader)

    def _make_loader(self, batch: int) -> DataLoader[Any]:
        import torch
        from torch.utils.data import DataLoader

        channels, height, width = self.recipe.preprocessor.input_shape
        chunk_bytes = CHUNK * channels * height * width
        # A whole batch is read while the network learns from the one before.
        wanted = -(-batch // (CHUNK * self.workers)) + 2
        affordable = AHEAD_BYTES // (chunk_bytes * self.workers)
        return DataLoader(
            _Rows(self.recipe),  # type: ignore[arg-type]
            batch_sampler=self._groups,  # type: ignore[arg-type]
            num_workers=self.workers,
            collate_fn=_as_it_is,
            worker_init_fn=_settle,
            multiprocessing_context=_context(),
            persistent_workers=True,
            prefetch_factor=max(2, min(wanted, affordable)),
            timeout=POLL,
            # Of its own, or each epoch would draw from the generator that dropout draws from.
            generator=torch.Generator(),
        )

    def _next(self) -> Rows:
        assert self._coming is not None
        waited = 0.0
        while True:
            self._token.raise_if_cancelled()
            try:
                found = next(self._coming)
                break
            except RuntimeError as error:
                # PyTorch has no class of its own for these; after a wait that was too long it can be asked again.
                words = str(error)
                if "timed out after" in words and waited < self._patience:
                    waited += POLL
                    continue
                raise _lost(words, self._patience) from None
        if isinstance(found, BadInput):
            raise found
        images, targets = found
        return images, targets


class _Rows:
    """What a process runs: a recipe, asked for chunks. PyTorch calls this a dataset."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def __getitems__(self, indices: np.ndarray) -> Rows | BadInput:
        try:
            return self._recipe.rows(indices)
        except BadInput as error:
            return error  # PyTorch would make another error of it on the way

    def __getitem__(self, index: int) -> Rows | BadInput:
        return self.__getitems__(np.array([index]))

    def __len__(self) -> int:
        return len(self._recipe.pictures)


class _Chunks:
    """The chunks of the next pass, in order; the loader asks for them anew at every pass."""

    def __init__(self) -> None:
        self.items: list[np.ndarray] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def usual_workers() -> int:
    """One process for each processor that this program may use; they step back for the one that learns."""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(MOST_WORKERS, count)


def _context() -> Any:
    import multiprocessing

    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _settle(number: int) -> None:
    """The first thing that a process does."""
    from engine.opencv import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what an interrupt means
    cv2.setNumThreads(1)  # there are as many processes as there is room for
    # Whatever has been read is learned from first; only when that waits, all processors read.
    psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else min(19, os.getpriority(0, 0) + 3))


def _as_it_is(found: Any) -> Any:
    return found


def _tensors(chunks: Sequence[Rows]) -> Tensors:
    import torch

    images = [images for images, _ in chunks]
    names = chunks[0][1]
    return torch.from_numpy(_joined(images)), {
        name: torch.from_numpy(_joined([targets[name] for _, targets in chunks])) for name in names
    }


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _lost(words: str, patience: float) -> JobFailed:
    if "timed out after" in words:
        return JobFailed(
            f"The pictures could not be read: nothing came from the disk for {patience:.0f} seconds.",
            "Look whether the disk or the network drive answers, then resume from the last checkpoint.",
            details=words,
        )
    return JobFailed(
        "A process that reads the pictures was ended from outside, as happens when memory is short.",
        "Close other programs or choose a smaller picture or batch size, then resume from the last checkpoint.",
        details=words,
    )
