"""What the steps of an epoch add up to, kept on the device and fetched only now and then.

Asking a GPU for a number makes it finish everything before; once per step that costs more than the step. So the losses
stay tensors until `flush`, and the sums are added one step after the other in double precision, which makes them the
same however often they were fetched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from engine.training.group import Group


@dataclass(frozen=True)
class Step:
    """One optimiser step, its numbers fetched. `norm` is NaN where the gradient was not measured."""

    step: int
    pictures: int
    loss: float
    rate: float
    norm: float


class Tally:
    """The running sums of one epoch and the steps nobody has taken yet."""

    def __init__(self) -> None:
        self.loss_sum = 0.0
        self.sums: dict[str, float] = {}
        self.count = 0
        self.norm = math.nan  # the newest measured gradient norm
        self.steps: list[Step] = []
        self._pending: list[tuple[int, float, int]] = []
        self._losses: list[Tensor] = []
        self._sums: list[Tensor] = []
        self._names: tuple[str, ...] = ()
        self._norms: dict[int, Tensor] = {}

    def add(
        self, step: int, rate: float, count: int, loss: Tensor, sums: Mapping[str, Tensor], norm: Tensor | None
    ) -> None:
        """Note one step: `loss`, `norm` and every sum 0-dimensional, detached and on the device.

        The names of the sums are the same in every step of an epoch.
        """
        self._names = tuple(sums)
        self._pending.append((step, rate, count))
        self._losses.append(loss)
        if sums:
            self._sums.append(torch.stack([value.float() for value in sums.values()]))
        if norm is not None:
            self._norms[step] = norm

    def flush(self) -> None:
        """Fetch what is pending, in one transfer per kind."""
        if not self._pending:
            return
        losses = torch.stack(self._losses).tolist()
        sums = torch.stack(self._sums).tolist() if self._sums else [[]] * len(losses)
        norms = (
            dict(zip(self._norms, torch.stack(list(self._norms.values())).tolist(), strict=True)) if self._norms else {}
        )
        for (step, rate, count), loss, parts in zip(self._pending, losses, sums, strict=True):
            self.loss_sum += loss * count
            for name, value in zip(self._names, parts, strict=True):
                self.sums[name] = self.sums.get(name, 0.0) + value
            self.count += count
            self.norm = norms.get(step, self.norm)
            self.steps.append(Step(step, count, loss, rate, self.norm))
        self._pending, self._losses, self._sums, self._norms = [], [], [], {}

    def take(self) -> list[Step]:
        """The fetched steps since the last call."""
        taken, self.steps = self.steps, []
        return taken

    @property
    def mean_loss(self) -> float:
        return self.loss_sum / self.count if self.count else math.nan

    def share(self, group: Group) -> None:
        """Add up what all processes of a group have summed."""
        self.flush()
        names = {f"sum:{name}": value for name, value in self.sums.items()}
        added = group.add_numbers({"loss": self.loss_sum, "count": self.count, **names})
        self.loss_sum, self.count = added["loss"], round(added["count"])
        self.sums = {name: added[f"sum:{name}"] for name in self.sums}

    def new_epoch(self) -> None:
        """Start the sums again; untaken steps stay."""
        self.loss_sum, self.sums, self.count = 0.0, {}, 0

    def state(self) -> dict[str, Any]:
        self.flush()
        return {"loss_sum": self.loss_sum, "sums": dict(self.sums), "count": self.count, "norm": self.norm}

    def load(self, state: Mapping[str, Any]) -> None:
        self.loss_sum = float(state["loss_sum"])
        sums = state["sums"]
        # Runs of the first release kept the number of right answers alone.
        named = sums if isinstance(sums, Mapping) else zip(("right",), sums, strict=False)
        self.sums = {str(name): float(value) for name, value in dict(named).items()}
        self.count = int(state["count"])
        self.norm = float(state["norm"])
