"""Several processes that train one network together: each learns from its share of every batch.

What `torchrun` sets in the environment (RANK, WORLD_SIZE, MASTER_ADDR, ...) says who they are. A batch is cut into as
many shares as there are processes, the gradients are added up, and all take the same step, so that their weights stay
equal to the last bit; Dean et al., 2012, "Large scale distributed deep networks", without the server.

Who waits for a process that has failed waits in vain. So before anything is exchanged all of them meet, with three
numbers in main memory: whether one was asked to stop, wants a checkpoint, or leaves.
"""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.errors import BadInput, JobCancelled, JobFailed, VitrineError
from engine.job import explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.cancel import CancelToken
    from engine.tasks.batch import Batch

T = TypeVar("T")
# For a machine that no longer answers: a failure is told, and a process that died is noticed at once.
PATIENCE = timedelta(minutes=30)


class ToldByFirst(JobFailed):
    """How a training ends in all processes but the first, which tells why."""


def wanted() -> bool:
    """Whether this process was started by `torchrun` as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


@contextmanager
def joined(device: torch.device, token: CancelToken) -> Iterator[Group | None]:
    """The group of this process while it trains; None for one that trains alone.

    An error that leaves this context ends all processes: the first raises the error itself, whichever it came from,
    and the others `ToldByFirst`. Raises `BadInput` where the processes do not find each other.
    """
    if not wanted():
        yield None
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    except (ValueError, RuntimeError) as error:
        raise BadInput(
            "The processes could not find each other.",
            "Start them with torchrun --nproc-per-node=N main.py train PROJECT.",
            details=repr(error),
        ) from None
    group = Group(device, token)
    try:
        yield group
        group.meet()  # nobody leaves while another still measures
    except Exception as error:
        end = group.leave(error)
        if end is error:
            raise
        raise end from None
    finally:
        dist.destroy_process_group()


def decline(device: torch.device, token: CancelToken, error: VitrineError) -> None:
    """Let the others know that the first process cannot begin because of `error`, which is raised."""
    with joined(device, token):
        raise error


class Group:
    """The processes that train together, seen from one of them.

    Attributes:
        rank: which one this is, from 0. Only the first writes files and tells how it goes.
        size: how many there are.
        stopping: whether all have agreed that the step they are in is the last one.
        saving: whether all have agreed to gather what a checkpoint needs of each when the step is done.
    """

    def __init__(self, device: torch.device, token: CancelToken) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()
        self.stopping = False
        self.saving = False
        self._device = device
        self._token = token
        self._wants_save = False
        self._alone = False  # nobody is left to meet
        self._known = False  # all know how it ends

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, batch: Batch) -> tuple[Batch, float]:
        """This process's share of a batch, and how much of the whole it is.

        With fewer samples than processes some take one that is another's and count it as nothing.
        """
        bounds = [len(batch) * k // self.size for k in range(self.size + 1)]
        start, stop = bounds[self.rank], bounds[self.rank + 1]
        if start == stop:
            return batch.piece(0, 1), 0.0
        return batch.piece(start, stop), (stop - start) / len(batch)

    # meeting

    def meet(self, leaving: Exception | None = None) -> None:
        """Come together with all processes, so that what they exchange next finds every one of them.

        Args:
            leaving: what ends this process.

        Raises the error that ends the training, in every process at the same meeting.
        """
        words = torch.tensor([self._token.cancelled, self._wants_save, leaving is not None], dtype=torch.int32)
        try:
            dist.all_reduce(words)
            found: list[Any] = [None] * self.size
            if words[2]:
                dist.all_gather_object(found, leaving)
        except RuntimeError as error:
            self._alone = self._known = True
            raise JobFailed(
                "Another process of this training has ended without a word.",
                "Look whether its machine ran out of memory, and go on from the last checkpoint.",
                details=repr(error),
            ) from None
        self.stopping |= bool(words[0])
        self.saving |= bool(words[1])
        if words[2]:
            self._known = True
            raise self._ending(found)

    def _ending(self, found: list[Any]) -> Exception:
        """What ends the training here, from what each process said."""
        errors = [error for error in found if isinstance(error, VitrineError)]
        if not errors:
            return JobCancelled()
        if self.first:
            return errors[0]
        return ToldByFirst("The training has ended in another process.", "See there.", details=str(errors[0]))

    def leave(self, error: Exception) -> Exception:
        """Tell all processes that `error` ends this one, unless they know; returns what ends it here."""
        end = error
        if not self._known:
            plain = isinstance(error, VitrineError | JobCancelled)
            try:
                self.meet(error if plain else explain(error, traceback.format_exc()))
            except (VitrineError, JobCancelled) as agreed:
                end = error if self._alone else agreed
        if not self._alone:
            # Whoever starts the processes ends all when one goes; the first still notes in the run how it ended.
            with suppress(RuntimeError):
                dist.barrier()
        return end

    def want_save(self) -> None:
        """Ask all processes to gather what a checkpoint needs of each at the end of the next step."""
        self._wants_save = True

    def gather(self, value: T) -> list[T]:
        """What each process says, in the order of their ranks, in all of them."""
        self.meet()
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        self.saving = self._wants_save = False
        return found

    # adding up

    def add_gradients(self, weights: Sequence[Tensor]) -> None:
        """Add up the gradients of all processes. Raises the error that ends the training, as `meet` does."""
        for weight in weights:
            if weight.grad is None and weight.requires_grad:
                weight.grad = torch.zeros_like(weight)
        grads = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([grad.reshape(-1).float() for grad in grads])
        # Only now, for until here memory may run out, and the step be tried again in smaller pieces.
        self.meet()
        dist.all_reduce(flat)
        start = 0
        for grad in grads:
            grad.copy_(flat[start : start + grad.numel()].view_as(grad))
            start += grad.numel()

    def add_numbers(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """The sums of the same numbers over all processes."""
        values = torch.tensor(list(numbers.values()), dtype=torch.float64)
        self.meet()
        dist.all_reduce(values)
        return dict(zip(numbers, values.tolist(), strict=True))

    @torch.no_grad()
    def average_buffers(self, model: nn.Module) -> None:
        """Let statistics that each process gathered from its own share agree."""
        self.meet()
        for buffer in model.buffers():
            if buffer.is_floating_point():
                dist.all_reduce(buffer)
                buffer /= self.size
            else:
                dist.broadcast(buffer, 0)

    def tell(self, value: T | None) -> T:
        """What the first process says, in all of them."""
        self.meet()
        box: list[Any] = [value]
        dist.broadcast_object_list(box, 0)
        said: T = box[0]
        return said

    def require_equal(self, model: nn.Module) -> None:
        """Raise `JobFailed` unless all processes hold the same weights, bit for bit."""
        code = hashlib.blake2b(digest_size=16)
        for name, tensor in model.state_dict().items():
            code.update(name.encode())
            code.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        found = self.gather(code.hexdigest())
        if len(set(found)) != 1:
            raise JobFailed(
                "The processes ended with different weights.",
                "Train with one process, and report how they were started.",
                details=f"{found}",
            )
