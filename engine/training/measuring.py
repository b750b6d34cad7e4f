"""A network at work on a whole part: its loss, its measures, and the answers to some samples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.cancel import CancelToken
from engine.device import ran_out, release_memory
from engine.tasks.base import Meter, Task
from engine.tasks.batch import Batch, Outputs
from engine.training.batches import OrderedBatches
from engine.training.precision import Precision


@dataclass(frozen=True)
class Kept:
    """One sample with its answer, as plain arrays: rows of the tensors that `Task.sketch` describes."""

    picture: np.ndarray
    answer: Mapping[str, np.ndarray]
    truth: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Outcome:
    """What the network made of a whole part: loss and its terms, measures, and the samples that were asked for."""

    loss: float
    terms: Mapping[str, float]
    measures: Mapping[str, float]
    meter: Meter
    kept: Mapping[int, Kept]


class Runner:
    """A network that is called by its task: one tensor for each Input, answers by the ids of its Outputs.

    Args:
        names: ids of the Output nodes, in the order of the drawing.
        channels_last: give pictures to it pixel by pixel, as its weights should lie too.
        compiled: run it through `torch.compile`; `model` stays the module with the weights.
    """

    def __init__(
        self, model: nn.Module, names: Sequence[str], *, channels_last: bool = False, compiled: bool = False
    ) -> None:
        self.model = model
        self.names = tuple(names)
        self._channels_last = channels_last
        self._call = torch.compile(model) if compiled else model

    def __call__(self, *inputs: Tensor) -> Outputs:
        if self._channels_last:
            inputs = tuple(
                one.contiguous(memory_format=torch.channels_last) if one.ndim == 4 else one for one in inputs
            )
        answer = self._call(*inputs)
        return {self.names[0]: answer} if len(self.names) == 1 else dict(zip(self.names, answer, strict=True))


def added(terms: Mapping[str, Tensor]) -> Tensor:
    """The loss: the sum of its terms."""
    values = list(terms.values())
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def evaluate(
    run: Runner,
    task: Task,
    batches: OrderedBatches,
    precision: Precision,
    *,
    full: bool = False,
    keep: Collection[int] = (),
    token: CancelToken | None = None,
) -> Outcome:
    """Run a whole part through the network in evaluation mode and measure it.

    Args:
        full: measure also what takes longer.
        keep: places (of samples, or of rounds) whose answers are wanted.
        token: looked at before every batch; `JobCancelled` once it is set.

    Where memory runs out it begins anew with half as many samples at once, and keeps to that.
    """
    while True:
        try:
            return _evaluate(run, task, batches, precision, full, keep, token)
        except Exception as error:
            if not ran_out(error) or batches.batch_size <= 1:
                raise
        # Outside of the except block, whose traceback would keep the memory.
        release_memory()
        batches.batch_size //= 2


@torch.inference_mode()
def _evaluate(
    run: Runner,
    task: Task,
    batches: OrderedBatches,
    precision: Precision,
    full: bool,
    keep: Collection[int],
    token: CancelToken | None,
) -> Outcome:
    run.model.eval()
    meter = task.meter(full)
    losses: list[Tensor] = []
    counts: list[int] = []
    names: tuple[str, ...] = ()
    kept: dict[int, Kept] = {}
    start = 0
    for batch in batches:
        if token is not None:
            token.raise_if_cancelled()
        fed = task.feed(batch)
        with precision.autocast():
            outputs = run(*fed.inputs)
            terms = task.penalties(outputs, fed)
        names = tuple(terms)
        losses.append(torch.stack([term.float() for term in terms.values()]))
        answers = task.decode(outputs, fed)
        meter.add(answers, fed)
        counts.append(len(batch))
        for place in keep:
            if start <= place < start + len(batch):
                kept[place] = _keep(batches, batch, fed, answers, place - start)
        start += len(batch)
    weights = torch.tensor(counts, dtype=torch.float64)
    means = ((torch.stack(losses).cpu().double() * weights[:, None]).sum(0) / weights.sum()).tolist()
    terms_of_all = dict(zip(names, means, strict=True))
    return Outcome(sum(means), terms_of_all, meter.result(), meter, kept)


def _keep(batches: OrderedBatches, batch: Batch, fed: Batch, answers: Mapping[str, Tensor], row: int) -> Kept:
    """One row of a batch; the picture is what the network was given, as far as that is one for each row."""
    inputs = fed.inputs if len(fed.inputs[0]) == len(batch) else batch.inputs
    pictures = [_plain(batches.pool.restore(one[row : row + 1])[0]) for one in inputs if len(one) == len(batch)]
    truth = {name: tensor[row].cpu().numpy() for name, tensor in {**batch.targets, **fed.targets}.items()}
    if len(batch.inputs) > 1:
        pictures = [_plain(batches.pool.restore(one[row : row + 1])[0]) for one in batch.inputs]
    truth |= {f"input{j}": picture for j, picture in enumerate(pictures) if j > 0}
    return Kept(pictures[0], {name: tensor[row].float().cpu().numpy() for name, tensor in answers.items()}, truth)


def _plain(sample: Tensor) -> np.ndarray:
    """A picture (C, H, W) as (H, W) or (H, W, 3); anything else as it is."""
    array = sample.cpu().numpy()
    if array.dtype != np.uint8 or array.ndim != 3:
        return array
    return np.ascontiguousarray(array[0] if array.shape[0] == 1 else array.transpose(1, 2, 0))
