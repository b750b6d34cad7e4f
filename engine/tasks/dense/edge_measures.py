"""How good edge maps are: F-measure at the best threshold, with a tolerance for where the edge lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.annotation import IGNORE
from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.dense.sizes import middle_of

if TYPE_CHECKING:
    from torch import Tensor

THRESHOLDS = 100
"""Steps between 0 and 1 at which maps are cut."""


@dataclass(frozen=True, eq=False)
class EdgeCurve:
    """Precision and recall at the thresholds 1/100, 2/100, ... 99/100, float64 (99,) each; NaN where undefined."""

    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f: np.ndarray


class EdgeMeter(Meter):
    """Counts hits at every threshold, picture by picture.

    A found pixel is right when a true edge lies within `tolerance` pixels of it, and a true one is found when a found
    pixel does; maps are thinned to lines first. That is the measure of the Berkeley benchmark (Arbeláez et al. 2011)
    without its pairing of pixels one to one.
    """

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._counts: list[Tensor] = []

    def add(self, answers: Answers, batch: Batch) -> None:
        found = answers["edges"]
        self._counts.append(edge_counts(found, middle_of(batch.targets["edges"], found), self._tolerance))

    @property
    def counts(self) -> np.ndarray:
        """int64, (N, 4, 99): right ones of the found, found, found ones of the true, true; by picture and threshold."""
        import torch

        return torch.cat(self._counts).cpu().numpy() if self._counts else np.zeros((0, 4, THRESHOLDS - 1), np.int64)

    def result(self) -> Mapping[str, float]:
        counts = self.counts
        if not counts[:, 3].any():
            return {}
        curve = curve_of(counts.sum(0))
        best = _best(curve.f)
        return {
            "ods": float(np.nan_to_num(curve.f[best])),
            "ois": best_per_picture(counts),
            "precision": float(np.nan_to_num(curve.precision[best])),
            "recall": float(np.nan_to_num(curve.recall[best])),
            "threshold": float(curve.threshold[best]),
        }


def curve_of(counts: np.ndarray) -> EdgeCurve:
    """The curve of counts (4, 99), of one picture or added up over many."""
    right, found, hit, true = counts.astype(np.float64)
    precision = np.divide(right, found, out=np.full(len(found), np.nan), where=found > 0)
    recall = np.divide(hit, true, out=np.full(len(true), np.nan), where=true > 0)
    both = precision + recall
    f = np.divide(2 * precision * recall, both, out=np.where(np.isnan(both), np.nan, 0.0), where=both > 0)
    return EdgeCurve(np.arange(1, THRESHOLDS) / THRESHOLDS, precision, recall, f)


def best_per_picture(counts: np.ndarray) -> float:
    """F-measure of the counts (N, 4, 99) when every picture is cut at its own best threshold (OIS)."""
    chosen = [one[:, _best(curve_of(one).f)] for one in counts]
    whole = curve_of(np.sum(chosen, axis=0)[:, None])
    return float(np.nan_to_num(whole.f[0]))


def _best(f: np.ndarray) -> int:
    return int(np.argmax(np.nan_to_num(f, nan=-1.0)))


def edge_counts(found: Tensor, truth: Tensor, tolerance: float) -> Tensor:
    """int64, (N, 4, 99), as `EdgeMeter.counts`, of maps (N, H, W) in 0..1 and truth (N, H, W); not thinned yet."""
    import torch

    thin = thinned(found)
    labelled, edge = truth != IGNORE, truth == 1
    near_truth = widened(edge.float(), tolerance) > 0
    right = _above(thin, labelled & near_truth)
    all_found = _above(thin, labelled)
    hit = _above(widened(thin, tolerance), edge)
    true = edge.flatten(1).sum(1)[:, None].expand(-1, THRESHOLDS - 1)
    return torch.stack([right, all_found, hit, true], 1)


def _above(values: Tensor, among: Tensor) -> Tensor:
    """int64, (N, 99): pixels of each picture, of those marked, whose value reaches each threshold."""
    import torch

    steps = (values * THRESHOLDS).floor().long().clamp(0, THRESHOLDS - 1)  # (N, H, W)
    steps = steps + THRESHOLDS * torch.arange(len(values), device=values.device).view(-1, 1, 1)
    counts = torch.bincount(steps[among], minlength=THRESHOLDS * len(values)).view(-1, THRESHOLDS)
    return counts.flip(1).cumsum(1).flip(1)[:, 1:]


def widened(maps: Tensor, radius: float) -> Tensor:
    """The largest value within `radius` pixels (Euclidean) of every pixel, (N, H, W)."""
    import torch
    from torch.nn.functional import max_pool2d, pad

    height, reach = maps.shape[1], math.floor(radius)
    whole = maps
    for down in range(-reach, reach + 1):
        width = math.floor(math.sqrt(radius**2 - down**2))
        row = max_pool2d(maps[:, None], (1, 2 * width + 1), 1, (0, width))[:, 0] if width else maps
        moved = pad(row, (0, 0, max(down, 0), max(-down, 0)))[:, max(-down, 0) :][:, :height]
        whole = torch.maximum(whole, moved)
    return whole


def thinned(maps: Tensor) -> Tensor:
    """Edge maps (N, H, W) in 0..1 with 0 wherever a neighbour across the edge is surer.

    Across is where the slightly blurred map bends most, the direction of its Hessian's least eigenvalue; values
    beside a pixel are blended from the four nearest. The value itself stays.
    """
    import torch
    from torch.nn.functional import grid_sample

    soft = _blurred(maps, 1)
    bend = _blurred(maps, 2)
    along_x, along_y = torch.gradient(bend, dim=(2, 1))
    xx, xy = torch.gradient(along_x, dim=(2, 1))
    (yy,) = torch.gradient(along_y, dim=1)
    # The angle of the largest eigenvalue's direction, which runs along a ridge; a quarter turn leads across.
    angle = 0.5 * torch.atan2(2 * xy, xx - yy) + math.pi / 2
    height, width = maps.shape[1:]
    rows = torch.arange(height, device=maps.device, dtype=maps.dtype).view(1, -1, 1)
    columns = torch.arange(width, device=maps.device, dtype=maps.dtype).view(1, 1, -1)

    def beside(step: int) -> Tensor:
        x = (columns + step * angle.cos()) * (2 / max(width - 1, 1)) - 1
        y = (rows + step * angle.sin()) * (2 / max(height - 1, 1)) - 1
        grid = torch.stack([x, y], -1)
        return grid_sample(soft[:, None], grid, mode="bilinear", padding_mode="border", align_corners=True)[:, 0]

    # One side may be as sure, so that of a line two pixels wide one remains.
    peak = (soft >= beside(1) - 1e-6) & (soft > beside(-1) + 1e-6)
    return maps * peak


def _blurred(maps: Tensor, times: int) -> Tensor:
    """Maps (N, H, W) blurred by 1-2-1 along both axes, so often."""
    from torch.nn.functional import pad

    for _ in range(times):
        wide = pad(maps[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
        maps = (wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]) / 4
        maps = (maps[:, :-2] + 2 * maps[:, 1:-1] + maps[:, 2:]) / 4
    return maps
