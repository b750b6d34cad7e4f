"""Several processes that train one network together: each learns from its share of every batch.

What `torchrun` sets in the environment (RANK, WORLD_SIZE, MASTER_ADDR, ...) says who they are. A batch is cut into as
many shares as there are processes, the gradients are added up, and all take the same step, so that their weights stay
equal to the last bit; Dean et al., 2012, "Large scale distributed deep networks", without the server.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.errors import BadInput, JobCancelled, JobFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.tasks.batch import Batch

T = TypeVar("T")
PATIENCE = timedelta(minutes=10)


def wanted() -> bool:
    """Whether this process was started by `torchrun` as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


@contextmanager
def joined(device: torch.device) -> Iterator[Group | None]:
    """The group of this process while it trains; None for one that trains alone. Raises `BadInput`."""
    if not wanted():
        yield None
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    except (ValueError, RuntimeError) as error:
        raise BadInput(
            "The processes could not find each other.",
            "Start them with torchrun --nproc-per-node=N main.py train PROJECT.",
            details=repr(error),
        ) from None
    try:
        yield Group(device)
        # Nobody leaves while another still measures: who talks to a process that has gone is aborted.
        dist.barrier()
    finally:
        dist.destroy_process_group()


class Group:
    """The processes that train together, seen from one of them.

    Attributes:
        rank: which one this is, from 0. Only the first writes files and tells how it goes.
        size: how many there are.
    """

    def __init__(self, device: torch.device) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()
        self.cancelled = False
        self._device = device

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

    def add_gradients(self, weights: Sequence[Tensor]) -> None:
        """Add up the gradients of all processes, and stop all of them once one is asked to.

        Raises `JobCancelled`: in every process at the same step.
        """
        for weight in weights:
            if weight.grad is None and weight.requires_grad:
                weight.grad = torch.zeros_like(weight)
        grads = [weight.grad for weight in weights if weight.grad is not None]
        flag = torch.full((1,), float(self.cancelled), device=self._device)
        flat = torch.cat([flag, *(grad.reshape(-1).float() for grad in grads)])
        dist.all_reduce(flat)
        if flat[0] > 0:
            raise JobCancelled
        start = 1
        for grad in grads:
            grad.copy_(flat[start : start + grad.numel()].view_as(grad))
            start += grad.numel()

    def add_numbers(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """The sums of the same numbers over all processes."""
        values = torch.tensor(list(numbers.values()), dtype=torch.float64)
        values = values.float().to(self._device) if self._device.type == "mps" else values.to(self._device)
        dist.all_reduce(values)
        return dict(zip(numbers, values.tolist(), strict=True))

    @torch.no_grad()
    def average_buffers(self, model: nn.Module) -> None:
        """Let statistics that each process gathered from its own share agree."""
        for buffer in model.buffers():
            if buffer.is_floating_point():
                dist.all_reduce(buffer)
                buffer /= self.size
            else:
                dist.broadcast(buffer, 0)

    def tell(self, value: T | None) -> T:
        """What the first process says, in all of them."""
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
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, code.hexdigest())
        if len(set(found)) != 1:
            raise JobFailed(
                "The processes ended with different weights.",
                "Train with one process, and report how they were started.",
                details=f"{found}",
            )
