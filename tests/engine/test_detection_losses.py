"""The losses of detectors: equal to torchvision's own where it has some, and worked by hand where it has none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models.detection import _utils, retinanet, roi_heads, rpn, ssd
from torchvision.ops import box_iou

from engine.tasks.detection.anchors import retina_losses, ssd_losses
from engine.tasks.detection.boxes import Truth, centred, cornered, encode, overlaps
from engine.tasks.detection.grid import grid_losses
from engine.tasks.detection.matching import NOTHING, UNDECIDED, draw, match
from engine.tasks.detection.points import assign, boxes_of, point_losses
from engine.tasks.detection.queries import pair, query_losses
from engine.tasks.detection.regions import region_losses
from tests.helpers.detected import anchors, objects, rows

COUNTS = [3, 0, 5, 1]
CLASSES = 3


def made(*shape: int, seed: int = 3) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def close(ours: Tensor, theirs: Tensor) -> None:
    assert float(ours.detach()) == pytest.approx(float(theirs.detach()), rel=1e-5, abs=1e-6)


def test_overlaps_are_torchvisions() -> None:
    truth = objects([4, 4])
    places = anchors(2)
    expected = torch.stack([box_iou(truth.boxes[i], places[i]) for i in range(2)])
    torch.testing.assert_close(overlaps(truth.boxes, places), expected)


def test_moves_are_torchvisions_and_are_undone_by_the_layer_that_reads_them() -> None:
    from engine.modules.detection_boxes import DecodeBoxes

    weights = (10.0, 10.0, 5.0, 5.0)
    boxes, places = objects([6]).boxes, anchors(1)[:, :6]
    moves = encode(boxes, places, weights)
    torch.testing.assert_close(moves[0], _utils.BoxCoder(weights).encode_single(boxes[0], places[0]))
    torch.testing.assert_close(DecodeBoxes(weights)(moves, places), boxes, rtol=1e-4, atol=1e-3)


def test_shares_of_the_picture_and_back() -> None:
    boxes = torch.tensor([[[10.0, 20.0, 30.0, 60.0]]])
    shares = centred(boxes, 100, 200)
    torch.testing.assert_close(shares, torch.tensor([[[0.1, 0.4, 0.1, 0.4]]]))
    torch.testing.assert_close(cornered(shares, 100, 200), boxes)


@pytest.mark.parametrize(
    ("rescue", "high", "low", "matcher"),
    [
        ("ties", 0.7, 0.3, _utils.Matcher(0.7, 0.3, allow_low_quality_matches=True)),
        ("ties", 0.5, 0.4, _utils.Matcher(0.5, 0.4, allow_low_quality_matches=True)),
        ("none", 0.5, 0.5, _utils.Matcher(0.5, 0.5, allow_low_quality_matches=False)),
        ("best", 0.5, 0.5, _utils.SSDMatcher(0.5)),
    ],
)
def test_anchors_answer_for_the_objects_that_torchvision_gives_them(
    rescue: str, high: float, low: float, matcher: _utils.Matcher
) -> None:
    truth, places = objects([4, 2, 0, 7]), anchors(4)
    found = match(places, truth, high, low, rescue)  # type: ignore[arg-type]
    for number, target in enumerate(rows(truth)):
        if not len(target["boxes"]):
            assert (found[number] == NOTHING).all()
            continue
        expected = matcher(box_iou(target["boxes"], places[number]))
        assert torch.equal(found[number], expected)
    assert (found >= 0).any()
    if high > low:
        assert (found == UNDECIDED).any()


def test_an_object_that_no_anchor_touches_is_given_none() -> None:
    truth = objects([1])
    far = anchors(1) + 500
    assert (match(far, truth, 0.7, 0.3, "ties") == NOTHING).all()


def test_draws_are_balanced_and_hang_on_the_picture_alone() -> None:
    truth = objects([1, 1, 1])
    positive = torch.zeros(3, 200, dtype=torch.bool)
    positive[0, :90], positive[1, :10] = True, True
    first, second = draw(positive, ~positive, truth, 64, 0.5, slot=0)
    assert first.sum(1).tolist() == [32, 10, 0]
    assert second.sum(1).tolist() == [32, 54, 64]
    assert not (first & ~positive).any()
    assert not (second & positive).any()
    alone = Truth(truth.boxes[1:2], truth.labels[1:2], 96, 96, truth.keys[1:2])
    again, _ = draw(positive[1:2], ~positive[1:2], alone, 64, 0.5, slot=0)
    other, _ = draw(positive, ~positive, truth, 64, 0.5, slot=1)
    assert torch.equal(again[0], first[1])
    assert not torch.equal(other[0], first[0])


def test_ssd_learns_by_torchvisions_loss() -> None:
    truth, places = objects(COUNTS), anchors(len(COUNTS))
    logits, deltas = made(len(COUNTS), places.shape[1], CLASSES + 1), made(len(COUNTS), places.shape[1], 4, seed=4)
    ours = ssd_losses({"class_logits": logits, "anchor_deltas": deltas, "anchors": places}, truth)
    twin = ssd.SSD.__new__(ssd.SSD)
    torch.nn.Module.__init__(twin)
    twin.box_coder, twin.neg_to_pos_ratio = _utils.BoxCoder((10.0, 10.0, 5.0, 5.0)), 3.0
    targets = rows(truth, first=1)
    matched = [_matched(_utils.SSDMatcher(0.5), one["boxes"], places[i]) for i, one in enumerate(targets)]
    theirs = twin.compute_loss(targets, {"cls_logits": logits, "bbox_regression": deltas}, list(places), matched)
    close(ours["classes"], theirs["classification"])
    close(ours["boxes"], theirs["bbox_regression"])


def test_retinanet_learns_by_torchvisions_loss() -> None:
    truth, places = objects(COUNTS), anchors(len(COUNTS))
    logits, deltas = made(len(COUNTS), places.shape[1], CLASSES), made(len(COUNTS), places.shape[1], 4, seed=4)
    ours = retina_losses({"class_logits": logits, "anchor_deltas": deltas, "anchors": places}, truth)
    head = retinanet.RetinaNetHead(8, 3, CLASSES)
    matcher = _utils.Matcher(0.5, 0.4, allow_low_quality_matches=True)
    targets = rows(truth)
    matched = [_matched(matcher, one["boxes"], places[i]) for i, one in enumerate(targets)]
    theirs = head.compute_loss(targets, {"cls_logits": logits, "bbox_regression": deltas}, list(places), matched)
    close(ours["classes"], theirs["classification"])
    close(ours["boxes"], theirs["bbox_regression"])


def _matched(matcher: _utils.Matcher, boxes: Tensor, places: Tensor) -> Tensor:
    if not len(boxes):
        return torch.full((len(places),), -1)
    return matcher(box_iou(boxes, places))


def region_outputs(truth: Truth, regions: int = 40) -> dict[str, Tensor]:
    """Answers of a two-stage head whose regions lie near the objects and elsewhere; few enough that all are drawn."""
    count = len(truth)
    places = anchors(count)[:, :100]
    near = truth.boxes.repeat(1, 3, 1) + made(count, 3 * truth.boxes.shape[1], 4, seed=9).detach()
    proposals = torch.cat([near * (truth.valid.repeat(1, 3))[..., None], anchors(count)[:, 100 : 100 + regions]], dim=1)
    total = proposals.shape[1]
    return {
        "objectness": made(count, 100, 1),
        "anchor_deltas": made(count, 100, 4, seed=4),
        "anchors": places,
        "proposals": proposals,
        "class_logits": made(count, total, CLASSES + 1, seed=5),
        "box_deltas": made(count, total, 4 * (CLASSES + 1), seed=6),
    }


def test_the_first_stage_learns_by_torchvisions_loss() -> None:
    truth = objects([3, 2])
    outputs = region_outputs(truth)
    ours = region_losses(outputs, truth)
    network = rpn.RegionProposalNetwork(torch.nn.Identity(), torch.nn.Identity(), 0.7, 0.3, 1000, 0.5, {}, {}, 0.7)
    targets = rows(truth)
    labels, boxes = network.assign_targets_to_anchors(list(outputs["anchors"]), targets)
    goals = network.box_coder.encode(boxes, list(outputs["anchors"]))
    # All negatives fit into the draw; positives are far fewer than half.
    assert sum(int((one >= 0).sum()) for one in labels) < 2 * 256
    flat = outputs["anchor_deltas"].flatten(0, 1)
    theirs = network.compute_loss(outputs["objectness"].flatten(), flat, labels, list(goals))
    close(ours["objectness"], theirs[0])
    close(ours["proposals"], theirs[1])


def test_the_second_stage_learns_by_torchvisions_loss() -> None:
    truth = objects([3, 2])
    outputs = region_outputs(truth)
    ours = region_losses(outputs, truth)
    matcher, coder = _utils.Matcher(0.5, 0.5), _utils.BoxCoder((10.0, 10.0, 5.0, 5.0))
    labels, goals, logits, deltas = [], [], [], []
    for number, target in enumerate(rows(truth, first=1)):
        real = (outputs["proposals"][number, :, 2] > outputs["proposals"][number, :, 0]).nonzero()[:, 0]
        regions = outputs["proposals"][number, real]
        matched = matcher(box_iou(target["boxes"], regions))
        labels.append(target["labels"][matched.clamp(min=0)] * (matched >= 0))
        goals.append(coder.encode_single(target["boxes"][matched.clamp(min=0)], regions))
        logits.append(outputs["class_logits"][number, real])
        deltas.append(outputs["box_deltas"][number, real])
    assert 0 < sum(int((one > 0).sum()) for one in labels) <= 2 * 128
    theirs = roi_heads.fastrcnn_loss(torch.cat(logits), torch.cat(deltas), labels, goals)
    close(ours["classes"], theirs[0])
    close(ours["boxes"], theirs[1])


def test_masks_learn_by_torchvisions_loss() -> None:
    truth = objects([2, 2])
    instances = torch.zeros(2, 96, 96, dtype=torch.uint8)
    for picture, boxes in enumerate(truth.boxes):
        for number, (x1, y1, x2, y2) in enumerate(boxes.round().int().tolist()):
            instances[picture, y1 : (y1 + y2) // 2, x1:x2] = number + 1
    truth = Truth(truth.boxes, truth.labels, 96, 96, truth.keys, instances)
    regions = truth.boxes + made(2, 2, 4, seed=8).detach()
    logits = made(2, 2, CLASSES + 1, 14, 14, seed=7)
    outputs = {**region_outputs(truth), "mask_logits": logits}
    ours = region_losses(outputs, truth, regions)["masks"]
    masks = [torch.stack([(one == 1), (one == 2)]).float() for one in instances]
    matched = [_utils.Matcher(0.5, 0.5)(box_iou(truth.boxes[i], regions[i])) for i in range(2)]
    assert all((one >= 0).all() for one in matched)
    labels = [one + 1 for one in truth.labels]
    theirs = roi_heads.maskrcnn_loss(logits.flatten(0, 1), list(regions), masks, labels, matched)
    close(ours, theirs)


def test_without_any_object_masks_learn_nothing_and_stay_in_the_graph() -> None:
    truth = objects([0, 0])
    truth = Truth(truth.boxes, truth.labels, 96, 96, truth.keys, torch.zeros(2, 96, 96, dtype=torch.uint8))
    logits = made(2, 2, CLASSES + 1, 14, 14)
    losses = region_losses({**region_outputs(truth), "mask_logits": logits}, truth, anchors(2)[:, :2])
    assert float(losses["masks"].detach()) == 0
    losses["masks"].backward()
    assert float(logits.grad.abs().sum()) == 0  # type: ignore[union-attr]


def grid_points(side: int = 96) -> Tensor:
    levels = []
    for stride in (8, 16, 32):
        line = torch.arange(stride / 2, side, stride)
        y, x = torch.meshgrid(line, line, indexing="ij")
        levels.append(torch.stack([x.flatten(), y.flatten(), torch.full_like(x.flatten(), stride)], dim=1))
    return torch.cat(levels)[None]


def test_points_read_boxes_as_the_layer_does() -> None:
    from engine.modules.detection_suppression import PointDetections

    points = torch.tensor([[[40.0, 48.0, 8.0]]])
    raw = torch.tensor([[[0.0, math.log(2), math.log(3), 0.5, 9.0]]])
    layer = PointDetections(score_threshold=0.1, detections=1)
    torch.testing.assert_close(boxes_of(raw, points), layer(torch.zeros(1, 3, 96, 96), points, raw)[0])


def test_points_outside_of_all_objects_learn_that_there_is_nothing() -> None:
    points, truth = grid_points(), objects([2])
    boxes = boxes_of(torch.zeros(1, points.shape[1], 4), points)
    index, quality = assign(torch.full((1, points.shape[1], CLASSES), 0.1), boxes, points, truth)
    assert 0 < int((quality > 0).sum()) <= 20
    for point, row in zip(points[quality > 0], index[quality > 0], strict=True):
        x1, y1, x2, y2 = truth.boxes[0, row].tolist()
        x, y, stride = point.tolist()
        middle = max(abs((x1 + x2) / 2 - x), abs((y1 + y2) / 2 - y)) <= stride / 2
        assert middle or (x1 < x < x2 and y1 < y < y2)


def test_the_best_point_of_an_object_aims_at_its_overlap_and_a_point_serves_one_object() -> None:
    points = grid_points()
    truth = Truth(
        torch.tensor([[[8.0, 8.0, 40.0, 40.0], [16.0, 16.0, 48.0, 48.0]]]),
        torch.tensor([[0, 1]]),
        96,
        96,
        np.zeros(1, np.uint64),
    )
    boxes = boxes_of(torch.full((1, points.shape[1], 4), 0.7), points)
    scores = torch.rand(1, points.shape[1], 2, generator=torch.Generator().manual_seed(0))
    index, quality = assign(scores, boxes, points, truth)
    fit = overlaps(truth.boxes, boxes)[0]
    for number in range(2):
        mine = (quality[0] > 0) & (index[0] == number)
        assert float(quality[0, mine].max()) == pytest.approx(float(fit[number, mine].max()))


def test_a_perfect_answer_of_points_costs_next_to_nothing_and_a_wrong_class_much() -> None:
    points, truth = grid_points(), objects([2], seed=5)
    far = torch.zeros(1, points.shape[1], 4)
    aim = torch.full((1, points.shape[1], CLASSES), -20.0)
    for box, label in zip(truth.boxes[0], truth.labels[0], strict=True):
        x, y, stride = points[0].unbind(1)
        sides = torch.stack([x - box[0], y - box[1], box[2] - x, box[3] - y], dim=1)
        inside = (sides > 0.5).all(1)
        far[0, inside] = (sides[inside] / stride[inside, None]).log()
        aim[0, inside] = torch.where(torch.arange(CLASSES) == label, 20.0, -20.0)
    good = point_losses({"raw": torch.cat([far, aim], 2), "points": points}, truth)
    wrong = point_losses({"raw": torch.cat([far, aim.roll(1, 2)], 2), "points": points}, truth)
    assert float(good["boxes"]) < 1e-3
    assert float(good["classes"]) < 0.05 * float(wrong["classes"])


def test_pictures_without_objects_train_points_to_say_nothing() -> None:
    points = grid_points()
    raw = torch.zeros(1, points.shape[1], 4 + CLASSES, requires_grad=True)
    losses = point_losses({"raw": raw, "points": points}, objects([0]))
    sum(losses.values()).backward()  # type: ignore[union-attr]
    assert float(losses["boxes"].detach()) == 0
    assert (raw.grad[..., 4:] > 0).all()  # type: ignore[index]


def test_yolo_v1_by_hand() -> None:
    """One object in the middle of cell (0, 1) of 2×2 cells; the second of its boxes is right but for the confidence."""
    truth = Truth(torch.tensor([[[56.0, 16.0, 88.0, 32.0]]]), torch.tensor([[1]]), 96, 96, np.zeros(1, np.uint64))
    grid = torch.zeros(1, 2, 2, 12)
    grid[0, 0, 1, 5:10] = torch.tensor([0.5, 0.5, math.sqrt(1 / 3), math.sqrt(1 / 6), 0.75])
    grid[0, 0, 1, 10:] = torch.tensor([0.25, 0.5])
    grid[0, 1, 0, 4] = 0.5  # a box of an empty cell that is sure of itself
    losses = grid_losses({"output": grid}, truth, "output", 2)
    expected = {"boxes": 0.0, "objects": 0.25**2, "empty": 0.5 * 0.25, "classes": 0.25**2 + 0.5**2}
    assert {name: float(value) for name, value in losses.items()} == pytest.approx(expected, abs=1e-6)


def test_yolo_v1_counts_places_five_times_and_gives_a_cell_to_the_smaller_object() -> None:
    truth = Truth(
        torch.tensor([[[10.0, 10.0, 30.0, 30.0], [8.0, 8.0, 40.0, 40.0]]]),
        torch.tensor([[0, 1]]),
        96,
        96,
        np.zeros(1, np.uint64),
    )
    grid = torch.zeros(1, 2, 2, 12)
    root = math.sqrt(20 / 96)
    grid[0, 0, 0, :5] = torch.tensor([20 / 48 + 0.1, 20 / 48, root, root, 1.0])
    grid[0, 0, 0, 10] = 1.0
    losses = grid_losses({"output": grid}, truth, "output", 2)
    assert float(losses["boxes"]) == pytest.approx(5 * 0.1**2, rel=1e-4)
    assert float(losses["classes"]) == pytest.approx(0, abs=1e-6)


def test_yolo_v1_takes_pictures_without_objects() -> None:
    losses = grid_losses({"output": torch.ones(1, 2, 2, 12)}, objects([0]), "output", 2)
    assert {name: float(value) for name, value in losses.items()} == {
        "boxes": 0.0,
        "objects": 0.0,
        "empty": 4.0,
        "classes": 0.0,
    }


def test_queries_are_paired_at_the_least_cost() -> None:
    goal = torch.tensor([[0.2, 0.2, 0.1, 0.1], [0.7, 0.7, 0.2, 0.2], [0.5, 0.2, 0.1, 0.3]])
    order = torch.tensor([4, 1, 2])
    boxes = torch.full((6, 4), 0.9)
    boxes[order] = goal + 0.01
    answers, places = pair(torch.zeros(6, CLASSES + 1), boxes, goal, torch.tensor([0, 1, 2]))
    assert dict(zip(places.tolist(), answers.tolist(), strict=True)) == {0: 4, 1: 1, 2: 2}


def test_queries_by_hand() -> None:
    """One query is right; the other two say nothing, as they should; all are sure by ln 3 of 4."""
    truth = Truth(torch.tensor([[[24.0, 24.0, 72.0, 48.0]]]), torch.tensor([[2]]), 96, 96, np.zeros(1, np.uint64))
    logits = torch.zeros(1, 3, 4)
    logits[0, 0, 2] = logits[0, 1, 3] = logits[0, 2, 3] = math.log(9)
    boxes = torch.tensor([[[0.5, 0.375, 0.5, 0.25], [0.1, 0.1, 0.1, 0.1], [0.9, 0.9, 0.1, 0.1]]])
    losses = query_losses({"classes": logits, "boxes": boxes}, truth)
    assert float(losses["classes"]) == pytest.approx(-math.log(9 / 12), rel=1e-5)
    assert float(losses["boxes"]) == pytest.approx(0, abs=1e-5)
    moved = query_losses({"classes": logits, "boxes": boxes + torch.tensor([0.25, 0, 0, 0])}, truth)
    # Half of the box is beside: IoU 1/3 and the hull is the union.
    assert float(moved["boxes"]) == pytest.approx(5 * 0.25, rel=1e-4)
    assert float(moved["overlaps"]) == pytest.approx(2 * (1 - 1 / 3), rel=1e-4)


def test_queries_without_an_object_all_learn_to_say_nothing() -> None:
    logits = made(2, 5, 4)
    losses = query_losses({"classes": logits, "boxes": torch.full((2, 5, 4), 0.5)}, objects([0, 0]))
    assert float(losses["boxes"]) == 0
    assert float(losses["overlaps"]) == 0
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.full((10,), 3))
    close(losses["classes"], expected)
