"""The loss of edge maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.datasets.annotation import IGNORE

if TYPE_CHECKING:
    from torch import Tensor


def balanced_cross_entropy(logits: Tensor, truth: Tensor, balanced: bool = True) -> Tensor:
    """−mean of β·t·log p + (1 − β)·(1 − t)·log(1 − p) over the pixels that are labelled, p = sigmoid(logit).

    β is the share of the batch's labelled pixels that are no edge, so that the few pixels of edges weigh as much as
    all others together (Xie and Tu 2015, HED). Without `balanced` every pixel has the weight 1; a batch without a
    labelled pixel has the loss 0.

    Args:
        logits: (N, H, W). truth: (N, H, W), 1 on an edge, 0 elsewhere, or `IGNORE`.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    labelled = truth != IGNORE
    edge = truth == 1
    count = labelled.sum().clamp(min=1)
    weight = labelled.float()
    if balanced:
        beta = 1 - edge.sum() / count
        weight = weight * torch.where(edge, beta, 1 - beta)
    return binary_cross_entropy_with_logits(logits, edge.float(), weight, reduction="sum") / count
