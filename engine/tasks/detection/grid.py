"""The grid of YOLO v1: every cell answers for the object whose middle lies in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.tasks.detection.boxes import Truth, centred

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Outputs

PLACE_WEIGHT = 5.0
EMPTY_WEIGHT = 0.5


def grid_losses(outputs: Outputs, truth: Truth, grid: str, boxes: int) -> Mapping[str, Tensor]:
    """The paper's loss: squared errors all through, summed over a picture (Redmon et al. 2016, equation 3).

    Of the boxes of a cell the one that overlaps the object most answers for it. Places and roots of sizes count five
    times, the confidence of boxes that answer for nothing half; the confidence aims at the overlap. Where the middles
    of two objects lie in one cell, the larger is left out, for a cell can say one class only.

    Args:
        grid: name of the output (N, S, S, 5·B + K) of x, y, √width, √height and confidence for each box, then classes.
        boxes: B.
    """
    import torch
    from torch.nn.functional import one_hot

    cells = outputs[grid].float()
    rows, columns = cells.shape[1], cells.shape[2]
    said = cells[..., : 5 * boxes].unflatten(3, (boxes, 5))  # (N, S, S, B, 5)
    picture, down, right, place, label = _owners(truth, rows, columns)
    mine = said[picture, down, right]  # (P, B, 5)
    wide = torch.cat([mine[..., :2] / mine.new_tensor([columns, rows]), mine[..., 2:4].square()], dim=-1)
    own = torch.cat([place[:, :2] / place.new_tensor([columns, rows]), place[:, 2:]], dim=-1)
    fit = _overlap(wide.detach(), own[:, None])  # (P, B)
    overlap, best = fit.max(1) if len(fit) else (fit.new_zeros(0), fit.new_zeros(0, dtype=torch.int64))
    answer = mine[torch.arange(len(best), device=best.device), best]  # (P, 5)
    aim = torch.cat([place[:, :2], place[:, 2:].clamp(min=0).sqrt()], dim=1)
    empty = torch.ones_like(said[..., 4])
    empty[picture, down, right, best] = 0
    classes = cells[picture, down, right, 5 * boxes :]
    count = len(truth)
    return {
        "boxes": PLACE_WEIGHT * (answer[:, :4] - aim).square().sum() / count,
        "objects": (answer[:, 4] - overlap).square().sum() / count,
        "empty": EMPTY_WEIGHT * (said[..., 4].square() * empty).sum() / count,
        "classes": (classes - one_hot(label, classes.shape[1])).square().sum() / count,
    }


def _owners(truth: Truth, rows: int, columns: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Which cell answers for which object: picture, row and column (P,), place (P, 4), class (P,).

    A place is the middle as a share of the cell and the size as a share of the picture.
    """
    import torch

    shares = centred(truth.boxes, truth.height, truth.width)  # (N, M, 4)
    order = (shares[..., 2] * shares[..., 3]).argsort(1, descending=True)  # the smallest comes last and stays
    taken: dict[tuple[int, int, int], int] = {}
    at = shares[..., :2].clamp(0, 1 - 1e-6) * shares.new_tensor([columns, rows])
    cell = at.long().tolist()
    for number, (line, real) in enumerate(zip(order.tolist(), truth.valid.tolist(), strict=True)):
        for item in line:
            if real[item]:
                taken[number, cell[number][item][1], cell[number][item][0]] = item
    keys = torch.tensor([*taken], dtype=torch.int64, device=truth.device).reshape(-1, 3)
    items = torch.tensor([*taken.values()], dtype=torch.int64, device=truth.device)
    picture, down, right = keys.unbind(1)
    middle = at[picture, items] - torch.stack([right, down], dim=1)
    return picture, down, right, torch.cat([middle, shares[picture, items, 2:]], dim=1), truth.labels[picture, items]


def _overlap(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of boxes as middle, width and height, pair by pair."""
    import torch

    near = torch.minimum(first[..., :2] + first[..., 2:] / 2, second[..., :2] + second[..., 2:] / 2)
    far = torch.maximum(first[..., :2] - first[..., 2:] / 2, second[..., :2] - second[..., 2:] / 2)
    common = (near - far).clamp(min=0).prod(-1)
    union = first[..., 2:].prod(-1) + second[..., 2:].prod(-1) - common
    return common / union.clamp(min=1e-9)
