"""The training loop. It fits on a screen: everything that is not a step of learning is a callback."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from engine.cancel import CancelToken
from engine.device import ran_out, release_memory
from engine.errors import JobCancelled, JobFailed
from engine.tasks.base import Task, Turn
from engine.tasks.batch import Batch, Outputs
from engine.training.averaging import Average
from engine.training.batches import OrderedBatches, TrainingBatches
from engine.training.callbacks.base import Callback
from engine.training.descent import Descent
from engine.training.group import Group
from engine.training.measuring import Outcome, Runner, added, evaluate
from engine.training.precision import Precision
from engine.training.restore import load_optimiser, whole_pieces, whole_position
from engine.training.schedules import Stepper
from engine.training.seeds import epoch_seed, random_state, set_random_state
from engine.training.shares import Share, joined_tally, own_share, part_of
from engine.training.tally import Tally

TERM = "loss:"  # before the name of a term of the loss among an epoch's sums


@dataclass
class Position:
    """Where the run is: finished epochs, batches done in the current one, optimiser steps altogether."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class EpochResult:
    """The numbers of one epoch, counted from 1. Losses and norm are NaN where there is nothing to measure."""

    epoch: int
    step: int
    train_loss: float
    val_loss: float
    learning_rate: float
    gradient_norm: float
    seconds: float
    measures: Mapping[str, float] = field(default_factory=dict)


class Trainer:
    """Trains one network. The state is whole between any two steps, so it can stop and go on anywhere.

    Args:
        run: the network as it is used.
        learner: the same weights as they are trained, where that is another module; see `Task.training_spec`.
    """

    def __init__(
        self,
        *,
        run: Runner,
        learner: Runner | None = None,
        task: Task,
        optimiser: torch.optim.Optimizer,
        schedule: Stepper,
        batches: TrainingBatches,
        validation: OrderedBatches | None,
        precision: Precision,
        callbacks: Sequence[Callback] = (),
        clip_norm: float | None = None,
        l1: float = 0.0,
        pieces: int = 1,
        average: Average | None = None,
        group: Group | None = None,
        seed: int = 0,
        token: CancelToken,
    ) -> None:
        self.run = run
        self.learner = learner or run
        self.model = run.model
        self.task = task
        self.turns = task.turns()
        self.optimiser = optimiser
        self.schedule = schedule
        self.batches = batches
        self.validation = validation
        self.precision = precision
        self.callbacks = list(callbacks)
        self.descent = Descent(optimiser, precision, clip_norm, l1, group)
        self.pieces = pieces  # that a batch is cut into, because it does not fit into memory whole
        self.average = average
        self.group = group
        self.seed = seed
        self.token = token
        self.position = Position()
        self.tally = Tally()
        self.outcome: Outcome | None = None  # of the newest validation
        self.keep: tuple[int, ...] = ()  # places of the validation whose answers are kept
        self.norm_wanted = True  # whether the next step measures its gradient
        self.stopping = False  # set by a callback: no further epoch
        self.shares: list[Share] = []  # what each process of a group had at the newest step; empty when not gathered
        self._random: Mapping[str, Any] | None = None  # of the generators, to go on from
        self._step_hooks = [hook.step_done for hook in self.callbacks if type(hook).step_done is not Callback.step_done]

    def fit(self, epochs: int) -> None:
        """Train until `epochs` epochs are done. Raises `JobCancelled` once cancelled, `JobFailed` if it diverges."""
        at, clock = self.position, _Clock(self.position)
        self._tell("started")
        if self._random is not None:
            set_random_state(self._random)
        try:
            while at.epoch < epochs and not self.stopping:
                self.model.train()
                self.learner.model.train()
                if at.batch == 0:
                    self.tally.new_epoch()
                    # Every process of a group drops other units.
                    torch.manual_seed(epoch_seed(self.seed, at.epoch) + (self.group.rank if self.group else 0))
                for batch in self.batches.epoch(at.epoch, at.batch):
                    self._step(batch)
                    clock.tick()
                    for hook in self._step_hooks:
                        hook(self)
                    self._obey(clock)
                result = self._end_epoch(clock)
                self._tell("epoch_done", result)
        except JobCancelled:
            self._tell("interrupted")
            raise
        except BaseException:
            self._tell("failed")
            raise
        self._tell("ended")

    def _step(self, batch: Batch) -> None:
        at = self.position
        rate = self.schedule.set_step(at.step)
        # Always at the end of an epoch, so that the number in its row does not hang on the clock.
        wanted = self.norm_wanted or at.batch == self.batches.steps - 1
        share = 1.0
        if self.group is not None:
            batch, share = self.group.share(batch)
        loss, sums, norm = self._turns(batch, share, wanted)
        self.norm_wanted = False
        at.step += 1
        at.batch += 1
        if self.average is not None:
            self.average.update()
        if not share:  # a sample that another process counts
            sums = {name: torch.zeros_like(value) for name, value in sums.items()}
        self.tally.add(at.step, rate, len(batch) if share else 0, loss, sums, norm)
        if self.group is not None:
            gathering = self.group.stopping or self.group.saving
            self.shares = self.group.gather(own_share(self)) if gathering else []

    def try_step(self, batch: Batch, rate: float) -> float:
        """One step at a rate of its own, outside of any run; returns its loss, for which it waits."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss, _, _ = self._turns(batch, 1.0, False)
        return float(loss)

    def _turns(self, batch: Batch, share: float, norm_wanted: bool) -> tuple[Tensor, dict[str, Tensor], Tensor | None]:
        """Every player's step on a batch: its loss, what is added up, and the norm of the last player's gradient."""
        losses: list[Tensor] = []
        sums: dict[str, Tensor] = {}
        norm = None
        for turn in self.turns:
            with self._learning(turn):
                parts, found, norm = self._turn(turn, batch, share, norm_wanted)
            losses += parts
            sums |= found
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum(), sums, norm

    def _turn(
        self, turn: Turn, batch: Batch, share: float, norm_wanted: bool
    ) -> tuple[list[Tensor], dict[str, Tensor], Tensor | None]:
        """One player's step, the batch cut into smaller pieces as often as memory runs out."""
        most = max(1, len(batch) // 2)  # batch normalisation cannot learn from one sample
        while True:
            try:
                losses, sums = self._gather(turn, batch, share)
                return losses, sums, self.descent.finish(norm_wanted)
            except Exception as error:
                # The others of a group do not repeat what they have all done.
                if not ran_out(error) or self.pieces >= most or self.descent.exchanged:
                    raise
            # Outside of the except block, whose traceback would keep the memory.
            self.descent.begin()
            release_memory()
            self.pieces = min(2 * self.pieces, most)
            self._tell("memory_short", -(-len(batch) // self.pieces))

    def _gather(self, turn: Turn, batch: Batch, share: float) -> tuple[list[Tensor], dict[str, Tensor]]:
        """The gradients of all pieces of a batch, with their losses and sums."""
        losses: list[Tensor] = []
        sums: dict[str, Tensor] = {}
        self.descent.begin()
        for start, stop in cut(len(batch), self.pieces):
            part = batch if self.pieces == 1 else batch.piece(start, stop)
            weight = (stop - start) / len(batch)
            fed = self.task.feed(part)
            with self.precision.autocast():
                outputs, terms = self.task.step(self.learner, fed, turn)
                loss = added(terms)
            self.descent.add(loss, share * weight)
            losses.append(loss.detach() * weight if self.pieces > 1 else loss.detach())
            for name, value in self._sums(outputs, fed, terms).items():
                sums[name] = sums[name] + value if name in sums else value
        return losses, sums

    def _sums(self, outputs: Outputs, batch: Batch, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What is added up over the epoch: the task's own sums, and the terms of the loss where there are several."""
        sums = dict(self.task.sums({name: output.detach() for name, output in outputs.items()}, batch))
        if len(terms) > 1 or len(self.turns) > 1:
            sums |= {f"{TERM}{name}": term.detach() * len(batch) for name, term in terms.items()}
        return sums

    @contextmanager
    def _learning(self, turn: Turn) -> Iterator[None]:
        """Let only the weights of one player change; the optimiser passes over those without a gradient."""
        if turn.learns is None:
            yield
            return
        resting = [
            weight
            for name, weight in self.learner.model.named_parameters()
            if weight.requires_grad and name.partition(".")[0] not in turn.learns
        ]
        for weight in resting:
            weight.requires_grad_(False)
        try:
            yield
        finally:
            for weight in resting:
                weight.requires_grad_(True)

    def _obey(self, clock: _Clock) -> None:
        if self.token.paused:
            self._tell("paused")
            self.token.wait_while_paused()
            clock.restart()
        if self.group is None:
            self.token.raise_if_cancelled()
        elif self.group.stopping:
            raise JobCancelled

    def _end_epoch(self, clock: _Clock) -> EpochResult:
        self.require_finite()
        at, tally = self.position, self.tally
        self.shares = []
        if self.group is not None:
            tally.share(self.group)
            self.group.average_buffers(self.model)
            if not self.group.first:
                tally.take()  # nobody asks for them there, and they would pile up
        measures = {f"train_{k}": v for k, v in self.task.running(tally.sums, tally.count).items()}
        terms = {name.removeprefix(TERM): v / tally.count for name, v in tally.sums.items() if name.startswith(TERM)}
        measures |= {f"train_loss_{name}": value for name, value in terms.items()}
        val_loss = math.nan
        if self.validation is not None:
            with self.as_judged():
                self.outcome = evaluate(
                    self.run, self.task, self.validation, self.precision, keep=self.keep, token=self._watched()
                )
            val_loss = self.outcome.loss
            measures |= {f"val_{name}": value for name, value in self.outcome.measures.items()}
            if len(self.outcome.terms) > 1:
                measures |= {f"val_loss_{name}": value for name, value in self.outcome.terms.items()}
            if not math.isfinite(val_loss):
                raise diverged(f"The validation loss became {val_loss} in epoch {at.epoch + 1}.", self)
        self.schedule.epoch_done(tally.mean_loss if math.isnan(val_loss) else val_loss)
        clock.tick()
        at.epoch, at.batch = at.epoch + 1, 0
        rate = float(self.optimiser.param_groups[0]["lr"])
        return EpochResult(at.epoch, at.step, tally.mean_loss, val_loss, rate, tally.norm, at.seconds, measures)

    def _watched(self) -> CancelToken | None:
        """What ends a validation early; the processes of a group stop together, at a step."""
        return self.token if self.group is None else None

    def as_judged(self) -> AbstractContextManager[None]:
        """The network as it is measured and kept: with the average of its weights, where one is made."""
        return self.average.in_place() if self.average is not None else nullcontext()

    def can_save(self) -> bool:
        """Whether one can go on exactly from here; in a group it is so after the next step, now that it is asked."""
        if self.group is None or self.shares:
            return True
        self.group.want_save()
        return False

    def require_finite(self) -> None:
        """Fetch the pending losses and raise `JobFailed` when one of them is NaN or infinite."""
        self.tally.flush()
        if math.isfinite(self.tally.loss_sum):
            return
        bad = next((step for step in self.tally.steps if not math.isfinite(step.loss)), None)
        where = f" at step {bad.step}" if bad else ""
        value = "infinite" if bad and math.isinf(bad.loss) else "NaN (not a number)"
        raise diverged(f"The loss became {value} in epoch {self.position.epoch + 1}{where}.", self)

    def _tell(self, what: str, *arguments: Any) -> None:
        for hook in self.callbacks:
            getattr(hook, what)(self, *arguments)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from here: tensors and plain Python only."""
        at = self.position
        return {
            "position": {"epoch": at.epoch, "batch": at.batch, "step": at.step, "seconds": at.seconds},
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state(),
            "scaler": self.precision.state(),
            "random": random_state(),
            "tally": self.tally.state(),
            "callbacks": {hook.key: hook.state() for hook in self.callbacks if hook.key},
            "pieces": self.pieces,
            **({"shares": self.shares, "tally": joined_tally(self.shares)} if self.shares else {}),
            **({"average": self.average.state()} if self.average is not None else {}),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up a state whose weights are already in the model."""
        self.position = Position(**whole_position(state["position"], self.batches.steps))
        state = part_of(state, self.group, self.model)
        load_optimiser(self.optimiser, state["optimiser"])
        self.schedule.load(state["schedule"])
        self.precision.load(state["scaler"])
        self.tally.load(state["tally"])
        for hook in self.callbacks:
            if hook.key:
                hook.load(state["callbacks"][hook.key])
        self.pieces = whole_pieces(state.get("pieces", 1))
        if self.average is not None and "average" in state:
            self.average.load(state["average"])
        self._random = state["random"]
        set_random_state(state["random"])  # once more when the loop begins; a damaged one is told here


class _Clock:
    """Adds the time that was spent training, without pauses, to a position."""

    def __init__(self, position: Position) -> None:
        self._position = position
        self._last = time.perf_counter()

    def tick(self) -> None:
        now = time.perf_counter()
        self._position.seconds += now - self._last
        self._last = now

    def restart(self) -> None:
        self._last = time.perf_counter()


def cut(count: int, pieces: int) -> list[tuple[int, int]]:
    """Where each of `pieces` about equal parts of `count` samples starts and stops; none is empty."""
    ends = [count * k // pieces for k in range(pieces + 1)]
    return [(start, stop) for start, stop in pairwise(ends) if stop > start]


def diverged(what: str, trainer: Trainer) -> JobFailed:
    """The failure of a run whose numbers left the range, with what to change."""
    rate = float(trainer.optimiser.param_groups[0]["lr"])
    clip = "" if trainer.descent.clip_norm is not None else " and set gradient clipping to 1"
    return JobFailed(
        what,
        f"Lower the learning rate (it was {rate:.3g}) tenfold{clip}; the last good checkpoint is kept.",
    )
