"""Choosing among thousands of boxes: thresholds, suppression of doubles, and a fixed number of results.

All of them give as many rows as they were told to; those that are left over hold zeros, and −1 as their label. The
suppression itself is torchvision's. Nothing here is learned.
"""

import math

import torch
from torch import nn
from torchvision.ops import batched_nms, clip_boxes_to_image, nms

Found = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def nothing_yet(like: torch.Tensor, count: int) -> Found:
    """Results of the right shape without values, for tensors that have none."""
    pictures = like.shape[0]
    boxes, scores = like.new_empty(pictures, count, 4), like.new_empty(pictures, count)
    return boxes, scores, like.new_empty((pictures, count), dtype=torch.int64)


def stacked(found: list[Found]) -> Found:
    """The results of all pictures."""
    return (
        torch.stack([one[0] for one in found]),
        torch.stack([one[1] for one in found]),
        torch.stack([one[2] for one in found]),
    )


def suppressed(
    image: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor, labels: torch.Tensor, overlap: float, count: int
) -> Found:
    """The best of boxes that overlap within a label, at most `count`, filled up to `count` rows."""
    if torch.compiler.is_compiling():
        # WORKAROUND: torchvision tells the exporter that at least two boxes are kept, so two empty rows come along.
        boxes = torch.cat([boxes, boxes.new_zeros(2, 4)])
        scores = torch.cat([scores, scores.new_zeros(2)])
        labels = torch.cat([labels, labels.new_full((2,), -1)])
        # An exported program cannot go through the labels that it finds, so boxes of different labels move apart.
        apart = labels.to(boxes.dtype) * (max(image.shape[2:]) + 1)
        keep = nms(boxes.detach() + apart[:, None], scores.detach(), overlap)[:count]
    else:
        keep = batched_nms(boxes.detach(), scores.detach(), labels, overlap)[:count]
    rows = (torch.arange(keep.shape[0], device=keep.device),)
    return (
        boxes.new_zeros(count, 4).index_put(rows, boxes[keep]),
        scores.new_zeros(count).index_put(rows, scores[keep]),
        labels.new_full((count,), -1).index_put(rows, labels[keep]),
    )


def large_enough(boxes: torch.Tensor, side: float) -> torch.Tensor:
    """Which boxes have no side shorter than that."""
    return (boxes[..., 2] - boxes[..., 0] >= side) & (boxes[..., 3] - boxes[..., 1] >= side)


def clipped(boxes: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Boxes without what lies outside of the picture."""
    return clip_boxes_to_image(boxes, (image.shape[2], image.shape[3]))


class RegionProposals(nn.Module):
    """The boxes that most likely hold something, without doubles (Ren et al. 2015), as torchvision chooses them.

    Args:
        candidates: boxes taken from each level before suppression, the most likely ones.
        proposals: boxes that come out.
        overlap: intersection over union above which the less likely box of a level goes.
        min_size: sides below this many pixels are dropped.
        score_threshold: probability below which boxes are dropped.

    Shapes: picture (N, C, H, W), boxes (N, A, 4) and per level the logits (N, Aᵢ, 1) to boxes (N, P, 4) and
    probabilities (N, P). No gradient passes: the second stage does not train the first through its boxes.
    """

    def __init__(
        self,
        candidates: int = 1000,
        proposals: int = 1000,
        overlap: float = 0.7,
        min_size: float = 1e-3,
        score_threshold: float = 0.0,
    ) -> None:
        super().__init__()
        self.candidates = candidates
        self.proposals = proposals
        self.overlap = overlap
        self.min_size = min_size
        self.score_threshold = score_threshold

    def forward(
        self, image: torch.Tensor, boxes: torch.Tensor, *objectness: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if image.device.type == "meta":
            return nothing_yet(boxes, self.proposals)[:2]
        boxes = boxes.detach()
        picked_boxes, picked_scores, levels, start = [], [], [], 0
        for number, level in enumerate(objectness):
            logits = level.detach().flatten(1)  # (N, Aᵢ)
            best, index = logits.topk(min(self.candidates, logits.shape[1]), dim=1)
            picked_scores.append(best.sigmoid())
            picked_boxes.append(boxes.gather(1, (index + start)[..., None].expand(-1, -1, 4)))
            levels.append(torch.full_like(index, number))
            start += logits.shape[1]
        parts = (torch.cat(picked_boxes, 1), torch.cat(picked_scores, 1), torch.cat(levels, 1))
        boxes, scores, _ = stacked([self._choose(image, *one) for one in zip(*parts, strict=True)])
        return boxes, scores

    def _choose(self, image: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor, levels: torch.Tensor) -> Found:
        boxes = clipped(boxes, image)
        keep = torch.where(large_enough(boxes, self.min_size) & (scores >= self.score_threshold))[0]
        return suppressed(image, boxes[keep], scores[keep], levels[keep], self.overlap, self.proposals)

    def extra_repr(self) -> str:
        return f"candidates={self.candidates}, proposals={self.proposals}, overlap={self.overlap}"


class RegionDetections(nn.Module):
    """Objects from regions that were classified one by one, class 0 being the background (torchvision's RoI heads).

    Shapes: picture (N, C, H, W), boxes (N, P, K, 4) or (N, P, 4), logits (N, P, K) to boxes (N, D, 4), scores and
    labels (N, D).
    """

    def __init__(self, score_threshold: float = 0.05, overlap: float = 0.5, detections: int = 100) -> None:
        super().__init__()
        self.score_threshold = score_threshold
        self.overlap = overlap
        self.detections = detections

    def forward(self, image: torch.Tensor, boxes: torch.Tensor, logits: torch.Tensor) -> Found:
        if image.device.type == "meta":
            return nothing_yet(boxes, self.detections)
        scores = logits.softmax(-1)
        if boxes.ndim == 3:
            boxes = boxes.unsqueeze(2).expand(-1, -1, logits.shape[2], -1)
        return stacked([self._choose(image, *one) for one in zip(boxes, scores, strict=True)])

    def _choose(self, image: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor) -> Found:
        labels = torch.arange(scores.shape[1], device=scores.device).expand_as(scores)
        # Every class of a region is a box of its own; the background is none.
        boxes = clipped(boxes, image)[:, 1:].reshape(-1, 4)
        scores, labels = scores[:, 1:].reshape(-1), labels[:, 1:].reshape(-1)
        # Padding has no area, and falls out here too.
        keep = torch.where((scores > self.score_threshold) & large_enough(boxes, 1e-2))[0]
        return suppressed(image, boxes[keep], scores[keep], labels[keep], self.overlap, self.detections)

    def extra_repr(self) -> str:
        return f"score_threshold={self.score_threshold}, overlap={self.overlap}, detections={self.detections}"


class LevelDetections(nn.Module):
    """Objects from anchors, each class by itself (torchvision's RetinaNet): the best of each level, then suppression.

    Args:
        candidates: (anchor, class) pairs taken from each level before suppression.

    Shapes: picture (N, C, H, W), boxes (N, A, 4) and per level the logits (N, Aᵢ, K) to boxes (N, D, 4), scores and
    labels (N, D).
    """

    def __init__(
        self, score_threshold: float = 0.05, overlap: float = 0.5, detections: int = 300, candidates: int = 1000
    ) -> None:
        super().__init__()
        self.score_threshold = score_threshold
        self.overlap = overlap
        self.detections = detections
        self.candidates = candidates

    def forward(self, image: torch.Tensor, boxes: torch.Tensor, *logits: torch.Tensor) -> Found:
        if image.device.type == "meta":
            return nothing_yet(boxes, self.detections)
        found = [
            self._choose(image, boxes[number], [level[number] for level in logits]) for number in range(len(boxes))
        ]
        return stacked(found)

    def _choose(self, image: torch.Tensor, boxes: torch.Tensor, logits: list[torch.Tensor]) -> Found:
        picked_boxes, picked_scores, labels, start = [], [], [], 0
        for level in logits:
            scores = level.sigmoid().flatten()
            best, index = scores.topk(min(self.candidates, scores.shape[0]))
            keep = torch.where(best > self.score_threshold)[0]
            index = index[keep]
            picked_scores.append(best[keep])
            picked_boxes.append(boxes[start + index // level.shape[1]])
            labels.append(index % level.shape[1])
            start += level.shape[0]
        all_boxes = clipped(torch.cat(picked_boxes), image)
        return suppressed(image, all_boxes, torch.cat(picked_scores), torch.cat(labels), self.overlap, self.detections)

    def extra_repr(self) -> str:
        rest = f"detections={self.detections}, candidates={self.candidates}"
        return f"score_threshold={self.score_threshold}, overlap={self.overlap}, {rest}"


class ClassDetections(nn.Module):
    """Objects from default boxes, class 0 being the background (torchvision's SSD): the best of each class, then
    suppression.

    Args:
        candidates: boxes taken for each class before suppression.

    Shapes: picture (N, C, H, W), boxes (N, A, 4), logits (N, A, K) to boxes (N, D, 4), scores and labels (N, D).
    """

    def __init__(
        self, score_threshold: float = 0.01, overlap: float = 0.45, detections: int = 200, candidates: int = 400
    ) -> None:
        super().__init__()
        self.score_threshold = score_threshold
        self.overlap = overlap
        self.detections = detections
        self.candidates = candidates

    def forward(self, image: torch.Tensor, boxes: torch.Tensor, logits: torch.Tensor) -> Found:
        if image.device.type == "meta":
            return nothing_yet(boxes, self.detections)
        scores = logits.softmax(-1)[..., 1:].transpose(1, 2)  # (N, K − 1, A)
        boxes = clipped(boxes, image)
        return stacked([self._choose(image, *one) for one in zip(boxes, scores, strict=True)])

    def _choose(self, image: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor) -> Found:
        best, index = scores.topk(min(self.candidates, scores.shape[1]), dim=1)
        label, place = torch.where(best > self.score_threshold)
        return suppressed(
            image, boxes[index[label, place]], best[label, place], label + 1, self.overlap, self.detections
        )

    def extra_repr(self) -> str:
        rest = f"detections={self.detections}, candidates={self.candidates}"
        return f"score_threshold={self.score_threshold}, overlap={self.overlap}, {rest}"


class PointDetections(nn.Module):
    """Objects from points without anchors: at every point four distances, and a logit per class.

    Left = x − stride·exp(t₁), top = y − stride·exp(t₂), right = x + stride·exp(t₃), bottom = y + stride·exp(t₄).

    Shapes: picture (N, C, H, W), points (N, A, 3) as x, y, stride, and raw (N, A, 4 + K) to boxes (N, D, 4), scores
    and labels (N, D); labels count from 0.
    """

    def __init__(
        self, score_threshold: float = 0.25, overlap: float = 0.6, detections: int = 100, candidates: int = 1000
    ) -> None:
        super().__init__()
        self.score_threshold = score_threshold
        self.overlap = overlap
        self.detections = detections
        self.candidates = candidates

    def forward(self, image: torch.Tensor, points: torch.Tensor, raw: torch.Tensor) -> Found:
        if image.device.type == "meta":
            return nothing_yet(raw, self.detections)
        place, stride = points[..., :2], points[..., 2:]
        far = stride * raw[..., :4].clamp(max=math.log(1000 / 16)).exp()
        boxes = clipped(torch.cat([place - far[..., :2], place + far[..., 2:]], dim=-1), image)
        scores = raw[..., 4:].sigmoid()
        return stacked([self._choose(image, *one) for one in zip(boxes, scores, strict=True)])

    def _choose(self, image: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor) -> Found:
        best, index = scores.flatten().topk(min(self.candidates, scores.numel()))
        keep = torch.where(best > self.score_threshold)[0]
        index = index[keep]
        classes = scores.shape[1]
        return suppressed(image, boxes[index // classes], best[keep], index % classes, self.overlap, self.detections)

    def extra_repr(self) -> str:
        rest = f"detections={self.detections}, candidates={self.candidates}"
        return f"score_threshold={self.score_threshold}, overlap={self.overlap}, {rest}"


class GridDetections(nn.Module):
    """Objects from the grid of YOLO v1 (Redmon et al. 2016).

    A cell of the grid says B times (x, y, √w, √h, confidence) and then K class probabilities: x and y are shares of
    the cell, w and h of the picture, and the score of a class is its probability times the confidence of the box.

    Shapes: picture (N, C, H, W) and grid (N, S, S, 5·B + K) to boxes (N, D, 4), scores and labels (N, D); labels count
    from 0.
    """

    def __init__(
        self, boxes: int = 2, score_threshold: float = 0.2, overlap: float = 0.5, detections: int = 50
    ) -> None:
        super().__init__()
        self.boxes = boxes
        self.score_threshold = score_threshold
        self.overlap = overlap
        self.detections = detections

    def forward(self, image: torch.Tensor, grid: torch.Tensor) -> Found:
        if image.device.type == "meta":
            return nothing_yet(grid, self.detections)
        rows, columns = grid.shape[1:3]
        said = grid[..., : 5 * self.boxes].unflatten(3, (self.boxes, 5))  # (N, S, S, B, 5)
        classes = grid[..., 5 * self.boxes :].unsqueeze(3)  # (N, S, S, 1, K)
        down = torch.arange(rows, dtype=grid.dtype, device=grid.device)[:, None, None]
        right = torch.arange(columns, dtype=grid.dtype, device=grid.device)[:, None]
        x = (said[..., 0] + right) / columns * image.shape[3]
        y = (said[..., 1] + down) / rows * image.shape[2]
        width, height = said[..., 2].square() * image.shape[3], said[..., 3].square() * image.shape[2]
        boxes = torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], dim=-1)
        scores = classes * said[..., 4:]  # (N, S, S, B, K)
        pairs = zip(clipped(boxes.flatten(1, 3), image), scores.flatten(1, 3), strict=True)
        return stacked([self._choose(image, *one) for one in pairs])

    def _choose(self, image: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor) -> Found:
        box, label = torch.where(scores > self.score_threshold)
        return suppressed(image, boxes[box], scores[box, label], label, self.overlap, self.detections)

    def extra_repr(self) -> str:
        rest = f"overlap={self.overlap}, detections={self.detections}"
        return f"boxes={self.boxes}, score_threshold={self.score_threshold}, {rest}"
