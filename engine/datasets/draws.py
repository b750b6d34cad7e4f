"""Random draws that belong to a sample, not to a batch: the same (seed, epoch, index) always gives the same numbers.

A stable integer mix (the finaliser of splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", 2014) stands where a generator with a hidden state would be. So a run can be resumed in the middle of an
epoch, with another batch size or another order, and every picture still comes out the same to the last bit. What is
computed from the draws keeps to operations that IEEE 754 rounds exactly (or to one scalar call per sample), because
vectorised sines and logarithms may differ in the last bit between the body and the tail of an array.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.device import send

if TYPE_CHECKING:
    import torch

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_MASK = 0xFFFFFFFFFFFFFFFF


def mix(values: np.ndarray) -> np.ndarray:
    """Scramble an array of uint64 one to one, so that neighbours become unrelated."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(_FIRST)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(_SECOND)
    return values ^ (values >> np.uint64(31))


def sample_keys(seed: int, epoch: int, indices: np.ndarray) -> np.ndarray:
    """One uint64 key for each sample of `indices` (any integers), a pure function of the three arguments."""
    start = mix(np.array([(seed + _GOLDEN) & _MASK], dtype=np.uint64))
    start = mix(start ^ np.array([(epoch * _GOLDEN) & _MASK], dtype=np.uint64))
    return mix(start + indices.astype(np.int64).view(np.uint64) * np.uint64(_GOLDEN))


def each(function: Callable[[float], float], values: np.ndarray) -> np.ndarray:
    """Apply a scalar function to every value alone, so that the answer can't depend on the neighbours."""
    return np.array([function(value) for value in values.tolist()], dtype=np.float64)


class Draws:
    """The draws of one augmentation for the samples of one batch.

    Every call takes the next numbers of each sample, so an augmentation must make the same calls in the same order
    whatever it has drawn before.

    Args:
        keys: uint64, (N,), one per sample, from `sample_keys`.
        slot: the augmentation's place in the list, so that two alike draw differently.
    """

    def __init__(self, keys: np.ndarray, slot: int) -> None:
        self._keys = mix(keys ^ np.uint64((slot + 1) * 0xD1342543DE82EF95 & _MASK))
        self._calls = 0

    def __len__(self) -> int:
        return len(self._keys)

    def _next(self) -> np.ndarray:
        self._calls += 1
        return mix(self._keys + np.uint64(self._calls * _GOLDEN & _MASK))

    def uniform(self, low: float, high: float) -> np.ndarray:
        """float64, (N,), evenly spread over low <= x < high."""
        unit = (self._next() >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return low + unit * (high - low)

    def chance(self, probability: float) -> np.ndarray:
        """bool, (N,), true with this probability."""
        return self.uniform(0.0, 1.0) < probability

    def words(self, count: int, device: torch.device) -> torch.Tensor:
        """int64 from 0 to 65535, (N, count), computed on `device`."""
        import torch

        blocks = (count + 3) // 4
        keys = send(torch.from_numpy(self._next().view(np.int64)), device)
        counters = torch.arange(1, blocks + 1, device=device) * _signed(_GOLDEN)
        bits = _mix_on_device(keys[:, None] + counters)  # (N, blocks), 64 good bits each
        shifts = torch.arange(0, 64, 16, device=device)
        words = (bits[:, :, None] >> shifts) & 0xFFFF  # (N, blocks, 4)
        return words.reshape(len(self), blocks * 4)[:, :count]

    def normal(self, count: int, device: torch.device) -> torch.Tensor:
        """float32, (N, count), from the standard normal distribution (65,536 quantiles of it)."""
        return _normal_quantiles(device)[self.words(count, device)]


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _mix_on_device(values: torch.Tensor) -> torch.Tensor:
    """`mix` for int64 tensors: products wrap, and the arithmetic shift is masked into a logical one."""
    values = (values ^ ((values >> 30) & ((1 << 34) - 1))) * _signed(_FIRST)
    values = (values ^ ((values >> 27) & ((1 << 37) - 1))) * _signed(_SECOND)
    return values ^ ((values >> 31) & ((1 << 33) - 1))


@lru_cache(maxsize=8)
def _normal_quantiles(device: torch.device) -> torch.Tensor:
    import torch

    middles = (torch.arange(65536, dtype=torch.float64) + 0.5) / 65536
    return torch.special.ndtri(middles).float().to(device)
