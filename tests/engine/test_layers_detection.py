"""The stages of a detector against torchvision's own classes, and by hand."""

from __future__ import annotations

import math
from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNet, RetinaNetHead
from torchvision.models.detection.roi_heads import (
    RoIHeads,
    heatmaps_to_keypoints,
    maskrcnn_inference,
    paste_masks_in_image,
)
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.models.detection.ssd import SSD
from torchvision.ops import MultiScaleRoIAlign, box_iou, roi_pool
from torchvision.ops.misc import FrozenBatchNorm2d

from engine.errors import BadInput
from engine.graph.shapes import facts_of
from engine.layers.base import parse_layer
from engine.layers.detection_anchors import octaves, spread

SIZE = (96, 128)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def made(type: str, *inputs: Tensor, **params: object) -> nn.Module:
    """The layer's module for these inputs."""
    return parse_layer(type, params).build(*(tuple(x.shape[1:]) for x in inputs))


def levels(*sizes: tuple[int, int], channels: int = 8) -> list[Tensor]:
    return [torch.randn(2, channels, *size) for size in sizes]


def some_boxes(count: int, size: tuple[int, int] = SIZE) -> Tensor:
    """(2, count, 4), some of them reaching out of the picture."""
    limit = torch.tensor([size[1], size[0]], dtype=torch.float32)
    corner = torch.rand(2, count, 2) * limit * 0.8 - 4
    return torch.cat([corner, corner + 3 + torch.rand(2, count, 2) * limit * 0.5], dim=2)


def images(size: tuple[int, int] = SIZE) -> ImageList:
    return ImageList(torch.randn(2, 3, *size), [size, size])


def found(boxes: Tensor, scores: Tensor, labels: Tensor) -> list[dict[str, Tensor]]:
    """Our results without padding, per picture, as torchvision gives them; checks the padding on the way."""
    results = []
    for box, score, label in zip(boxes, scores, labels, strict=True):
        real = label >= 0
        assert not box[~real].any()
        assert not score[~real].any()
        assert (label[~real] == -1).all()
        assert not real[int(real.sum()) :].any(), "padding comes last"
        results.append({"boxes": box[real], "scores": score[real], "labels": label[real]})
    return results


def same(ours: list[dict[str, Tensor]], theirs: list[dict[str, Tensor]]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert len(one["boxes"]) > 3, "the test should find something"
        for name in ("boxes", "scores", "labels"):
            torch.testing.assert_close(one[name], other[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [(96, 128), (75, 101)])
def test_anchors_are_torchvisions(size: tuple[int, int]) -> None:
    sizes, ratios = ((32, 40), (64, 80), (128, 160)), (0.5, 1.0, 2.0)
    maps = levels(*((math.ceil(size[0] / s), math.ceil(size[1] / s)) for s in (8, 16, 32)))
    picture = images(size)
    ours = made("Anchors", picture.tensors, *maps, sizes=sizes, aspect_ratios=ratios)(picture.tensors, *maps)
    theirs = AnchorGenerator(sizes, (ratios,) * 3)(picture, maps)
    assert torch.equal(ours, torch.stack(theirs))


def test_retinanets_sizes_are_three_to_the_octave() -> None:
    theirs = tuple((x, int(x * 2 ** (1.0 / 3)), int(x * 2 ** (2.0 / 3))) for x in (32, 64, 128, 256, 512))
    assert octaves((32, 64, 128, 256, 512)) == theirs


@pytest.mark.parametrize("steps", [None, (8, 16)])
def test_default_boxes_are_torchvisions(steps: tuple[int, int] | None) -> None:
    picture, maps = images(), levels((12, 16), (6, 8))
    scales = spread(2, 0.2, 0.95)
    generator = DefaultBoxGenerator([[2], [2, 3]], min_ratio=0.2, max_ratio=0.95, steps=list(steps) if steps else None)
    assert tuple(generator.scales) == scales
    params = {"aspect_ratios": ((2,), (2, 3)), "scales": scales, "steps": steps}
    ours = made("DefaultBoxes", picture.tensors, *maps, **params)(picture.tensors, *maps)
    torch.testing.assert_close(ours, torch.stack(generator(picture, maps)), rtol=0, atol=1e-5)


def test_grid_points_are_the_middles_of_the_cells() -> None:
    picture, maps = torch.zeros(2, 3, 4, 8), levels((1, 2), (2, 4))
    points = made("GridPoints", picture, *maps, levels=2)(picture, *maps)
    assert points.shape == (2, 10, 3)
    assert points[0, :2].tolist() == [[2, 2, 4], [6, 2, 4]]
    assert points[0, 2:4].tolist() == [[1, 1, 2], [3, 1, 2]]
    assert points[0, -1].tolist() == [7, 3, 2]


def test_anchor_rows_stand_in_the_order_of_the_anchors() -> None:
    """Row (i·width + j)·K + k of a 2×3 map with K = 2 anchors of 4 numbers, written out."""
    x = torch.arange(8 * 2 * 3, dtype=torch.float32).reshape(1, 8, 2, 3)
    rows = made("AnchorRows", x, columns=4)(x)
    assert rows.shape == (1, 12, 4)
    for i, j, k in ((0, 0, 0), (0, 2, 1), (1, 1, 0)):
        assert torch.equal(rows[0, (i * 3 + j) * 2 + k], x[0, 4 * k : 4 * k + 4, i, j])


@pytest.mark.parametrize("classes", [1, 5])
def test_boxes_are_decoded_as_torchvision_does(classes: int) -> None:
    deltas, boxes = torch.randn(2, 30, 4 * classes) * 3, some_boxes(30)
    weights = (10.0, 10.0, 5.0, 5.0)
    ours = made("DecodeBoxes", deltas, boxes, weights=weights)(deltas, boxes)
    theirs = BoxCoder(weights).decode(deltas.flatten(0, 1), list(boxes)).unflatten(0, (2, 30))
    assert ours.shape == ((2, 30, 4) if classes == 1 else (2, 30, classes, 4))
    torch.testing.assert_close(ours.reshape(theirs.shape), theirs, rtol=1e-6, atol=1e-4)


def test_a_box_that_is_not_moved_stays() -> None:
    boxes = some_boxes(7)
    deltas = torch.zeros(2, 7, 4)
    torch.testing.assert_close(made("DecodeBoxes", deltas, boxes)(deltas, boxes), boxes)


def test_region_proposals_are_torchvisions() -> None:
    picture, maps = images(), levels((12, 16), (6, 8), (3, 4))
    generator = AnchorGenerator(((16,), (32,), (64,)), ((0.5, 1.0, 2.0),) * 3)
    head = RPNHead(8, 3)
    for layer in (head.cls_logits, head.bbox_pred):
        nn.init.normal_(layer.weight, std=0.3)
    count = {"training": 60, "testing": 60}
    theirs = RegionProposalNetwork(generator, head, 0.7, 0.3, 256, 0.5, {"training": 30, "testing": 30}, count, 0.7)
    expected, _ = theirs.eval()(picture, OrderedDict(enumerate(maps)))

    objectness, deltas = head(maps)
    logits = [made("AnchorRows", one, columns=1)(one) for one in objectness]
    moves = torch.cat([made("AnchorRows", one, columns=4)(one) for one in deltas], 1)
    anchors = torch.stack(generator(picture, maps))
    boxes = made("DecodeBoxes", moves, anchors)(moves, anchors)
    params = {"candidates": 30, "proposals": 60, "levels": 3}
    ours, scores = made("RegionProposals", picture.tensors, boxes, *logits, **params)(picture.tensors, boxes, *logits)
    assert not ours.requires_grad
    for mine, score, other in zip(ours, scores, expected, strict=True):
        real = score > 0
        assert 10 < real.sum() == len(other)
        torch.testing.assert_close(mine[real], other, rtol=1e-5, atol=1e-4)
        assert not mine[~real].any()
        assert (score[:-1] >= score[1:]).all()


def test_region_detections_are_torchvisions_and_padding_finds_nothing() -> None:
    logits, deltas, regions = torch.randn(2, 40, 6) * 2, torch.randn(2, 40, 24), some_boxes(40)
    regions[:, 30:] = 0
    heads = RoIHeads(None, None, None, 0.5, 0.5, 512, 0.25, None, 0.05, 0.5, 25)
    real = (logits[:, :30].flatten(0, 1), deltas[:, :30].flatten(0, 1), list(regions[:, :30]), [SIZE, SIZE])
    expected = [dict(zip(("boxes", "scores", "labels"), one, strict=True))
                for one in zip(*heads.postprocess_detections(*real), strict=True)]  # fmt: skip
    picture = images().tensors
    boxes = made("DecodeBoxes", deltas, regions, weights=(10, 10, 5, 5))(deltas, regions)
    module = made("RegionDetections", picture, boxes, logits, detections=25)
    same(found(*module(picture, boxes, logits)), expected)


def test_level_detections_are_torchvisions() -> None:
    picture, maps = images(), levels((12, 16), (6, 8))
    generator = AnchorGenerator(((16, 20), (32, 40)), ((0.5, 1.0, 2.0),) * 2)
    head = RetinaNetHead(8, 6, 5)
    for name, weight in head.named_parameters():
        if name.endswith("weight"):
            nn.init.normal_(weight, std=0.2)
    answers = head(maps)
    counts = [12 * 16 * 6, 6 * 8 * 6]
    net = RetinaNet(
        _Body(), 5, anchor_generator=generator, head=head, detections_per_img=40, topk_candidates=100, score_thresh=0.1
    )
    anchors = generator(picture, maps)
    split = {name: list(answer.split(counts, 1)) for name, answer in answers.items()}
    expected = net.postprocess_detections(split, [list(one.split(counts)) for one in anchors], picture.image_sizes)

    deltas, logits = answers["bbox_regression"], list(answers["cls_logits"].split(counts, 1))
    boxes = made("DecodeBoxes", deltas, torch.stack(anchors))(deltas, torch.stack(anchors))
    params = {"score_threshold": 0.1, "detections": 40, "candidates": 100, "levels": 2}
    module = made("LevelDetections", picture.tensors, boxes, *logits, **params)
    same(found(*module(picture.tensors, boxes, *logits)), expected)


class _Body(nn.Module):
    out_channels = 8


def test_class_detections_are_torchvisions() -> None:
    picture, maps = images(), levels((12, 16), (6, 8))
    generator = DefaultBoxGenerator([[2], [2, 3]])
    anchors = generator(picture, maps)
    rows = len(anchors[0])
    answers = {"bbox_regression": torch.randn(2, rows, 4), "cls_logits": torch.randn(2, rows, 5) * 2}
    net = SSD(_Body(), generator, SIZE, 5, head=nn.Identity(), detections_per_img=50, topk_candidates=30)
    expected = net.postprocess_detections(answers, anchors, picture.image_sizes)

    deltas, logits = answers.values()
    boxes = made("DecodeBoxes", deltas, torch.stack(anchors), weights=(10, 10, 5, 5))(deltas, torch.stack(anchors))
    module = made("ClassDetections", picture.tensors, boxes, logits, detections=50, candidates=30)
    same(found(*module(picture.tensors, boxes, logits)), expected)


@pytest.mark.parametrize("type", ["RegionDetections", "ClassDetections", "LevelDetections"])
def test_doubles_go_and_nothing_found_is_all_padding(type: str) -> None:
    picture = torch.zeros(1, 3, 32, 32)
    boxes = torch.tensor([[[2.0, 2, 12, 12], [3, 2, 12, 12], [20, 20, 30, 30], [2, 2, 12, 12]]])
    logits = torch.full((1, 4, 3), -9.0)
    module = made(type, picture, boxes, logits, score_threshold=0.5, detections=5)
    if type != "LevelDetections":
        logits[..., 0] = 9.0
    assert module(picture, boxes, logits)[2].tolist() == [[-1] * 5]
    # Rows 0 and 1 overlap in class 1, the weaker goes; row 3 lies there too but is of class 2.
    for row, (label, value) in enumerate(((1, 8.0), (1, 7.0), (1, 6.0), (2, 5.0))):
        logits[0, row] = -9.0
        logits[0, row, label] = value
    kept, scores, labels = module(picture, boxes, logits)
    assert labels.tolist() == [[1, 1, 2, -1, -1]]
    assert kept[0, 1].tolist() == [20, 20, 30, 30]
    assert scores[0, 0] > scores[0, 1] > scores[0, 2] > 0 == scores[0, 3]


def test_point_detections_measure_distances_from_the_points() -> None:
    picture, points = torch.zeros(1, 3, 32, 32), torch.tensor([[[4.0, 12.0, 8.0], [20.0, 12.0, 8.0]]])
    raw = torch.tensor([[[0.0, math.log(0.5), math.log(1.5), 0, -9, 9], [0, 0, 0, 0, -9, -9]]])
    boxes, scores, labels = made("PointDetections", picture, points, raw, detections=3)(picture, points, raw)
    # 4 − 8 is cut at the edge of the picture.
    torch.testing.assert_close(boxes[0, 0], torch.tensor([0.0, 8.0, 16.0, 20.0]))
    assert labels.tolist() == [[1, -1, -1]]
    assert scores[0, 0].item() == pytest.approx(1 / (1 + math.exp(-9)))


def test_grid_detections_read_a_cell_as_the_paper_does() -> None:
    """Row 1, column 2 of a 4×4 grid on a 64×32 picture: the middle of the cell, half as wide and a quarter as high."""
    picture, grid = torch.zeros(1, 3, 32, 64), torch.zeros(1, 4, 4, 2 * 5 + 3)
    grid[0, 1, 2, 5:10] = torch.tensor([0.5, 0.5, math.sqrt(0.5), 0.5, 0.8])
    grid[0, 1, 2, 12] = 0.9
    boxes, scores, labels = made("GridDetections", picture, grid)(picture, grid)
    torch.testing.assert_close(boxes[0, 0], torch.tensor([40.0 - 16, 12.0 - 4, 40.0 + 16, 12.0 + 4]))
    assert scores[0, 0].item() == pytest.approx(0.72)
    assert labels[0].tolist() == [2] + [-1] * 49


@pytest.mark.parametrize("count", [1, 3])
def test_roi_align_is_torchvisions(count: int) -> None:
    size = (512, 640)
    maps = levels((128, 160), (64, 80), (32, 40))[:count]
    picture, boxes = torch.zeros(2, 3, *size), some_boxes(20, size)
    boxes[:, :5, 2:] = boxes[:, :5, :2] + 20
    theirs = MultiScaleRoIAlign([str(n) for n in range(count)], 7, 2)
    expected = theirs({str(n): one for n, one in enumerate(maps)}, list(boxes), [size, size])
    ours = made("RoIAlign", picture, boxes, *maps, levels=count)(picture, boxes, *maps)
    torch.testing.assert_close(ours.flatten(0, 1), expected)


def test_small_regions_are_read_from_fine_levels_and_learn_there() -> None:
    maps = [one.requires_grad_() for one in levels((128, 128), (64, 64), (32, 32))]
    picture, boxes = torch.zeros(2, 3, 512, 512), torch.tensor([[[0.0, 0, 50, 50]], [[0.0, 0, 500, 500]]])
    made("RoIAlign", picture, boxes, *maps, levels=3)(picture, boxes, *maps).sum().backward()
    touched = [[bool(one.grad[picture].abs().sum()) for one in maps] for picture in range(2)]
    # Side 50 asks for level 2, side 500 for level 5 and gets the coarsest there is.
    assert touched == [[True, False, False], [False, False, True]]


def test_roi_pool_is_torchvisions() -> None:
    (features,), picture, boxes = levels((6, 8)), torch.zeros(2, 3, *SIZE), some_boxes(9)
    ours = made("RoIPool", picture, boxes, features)(picture, boxes, features)
    assert torch.equal(ours.flatten(0, 1), roi_pool(features, list(boxes), 7, 1 / 16))


def test_warped_regions_show_the_box_at_one_size() -> None:
    """A ramp stays a ramp: column j of 8 without context lies at (j + ½)/8 of the box."""
    picture = torch.arange(64.0).expand(1, 1, 64, 64)
    boxes = torch.tensor([[[10.0, 10, 26, 42]]])
    plain = made("WarpRegions", picture, boxes, size=8, context=0)(picture, boxes)
    assert plain.shape == (1, 1, 1, 8, 8)
    expected = 10 + 16 * (torch.arange(8) + 0.5) / 8 - 0.5
    torch.testing.assert_close(plain[0, 0, 0, 3], expected)
    # With 2 pixels of context on each side, the box fills the middle four of eight.
    wide = made("WarpRegions", picture, boxes, size=8, context=2)(picture, boxes)
    torch.testing.assert_close(wide[0, 0, 0, 3, 2:6], 10 + 16 * (torch.arange(4) + 0.5) / 4 - 0.5)
    outside = made("WarpRegions", picture, boxes, size=8, context=2)
    assert not outside(picture, torch.tensor([[[200.0, 200, 210, 210]]])).any()


def test_masks_are_chosen_and_pasted_as_torchvision_does() -> None:
    logits, boxes, labels = torch.randn(2, 5, 4, 14, 14), some_boxes(5), torch.randint(0, 4, (2, 5))
    masks = made("SelectMasks", logits, labels)(logits, labels)
    expected = torch.cat(maskrcnn_inference(logits.flatten(0, 1), list(labels)))
    torch.testing.assert_close(masks.flatten(0, 1), expected[:, 0])
    boxes[:, 4], labels[:, 4] = 0, -1
    masks = made("SelectMasks", logits, labels)(logits, labels)
    assert not masks[:, 4].any()
    picture = torch.zeros(2, 3, *SIZE)
    pasted = made("PasteMasks", picture, boxes, masks)(picture, boxes, masks)
    for mine, mask, box in zip(pasted, masks, boxes, strict=True):
        torch.testing.assert_close(mine[:4], paste_masks_in_image(mask[:4, None], box[:4], SIZE)[:, 0])
        assert not mine[4].any()


def test_keypoints_are_torchvisions() -> None:
    heatmaps, boxes = torch.randn(2, 4, 3, 14, 14), some_boxes(4)
    boxes[:, 3] = 0
    points, scores = made("HeatmapsToKeypoints", boxes, heatmaps)(boxes, heatmaps)
    for index in range(2):
        expected = heatmaps_to_keypoints(heatmaps[index, :3], boxes[index, :3])
        torch.testing.assert_close(points[index, :3], expected[0])
        torch.testing.assert_close(scores[index, :3], expected[1])
    assert not points[:, 3].any()
    assert not scores[:, 3].any()


def test_frozen_batch_norm_is_torchvisions_and_takes_ordinary_weights() -> None:
    x = torch.randn(2, 6, 5, 5)
    ordinary = nn.BatchNorm2d(6)
    for value in (ordinary.weight.data, ordinary.bias.data, ordinary.running_mean, ordinary.running_var):
        value.copy_(torch.rand(6) + 0.5)  # type: ignore[union-attr]
    ours, theirs = made("FrozenBatchNorm2d", x), FrozenBatchNorm2d(6)
    ours.load_state_dict(ordinary.state_dict())
    theirs.load_state_dict(ordinary.state_dict())
    torch.testing.assert_close(ours.train()(x), theirs(x))
    torch.testing.assert_close(ours(x), ordinary.eval()(x))
    assert not list(ours.parameters())


def test_l2_scale_gives_every_place_the_length_of_the_factor() -> None:
    x = torch.randn(2, 512, 3, 3)
    torch.testing.assert_close(made("L2Scale", x)(x).norm(dim=1), torch.full((2, 3, 3), 20.0))


@pytest.mark.parametrize(
    ("type", "params", "shapes", "words"),
    [
        ("AnchorRows", {"columns": 4}, [(10, 4, 4)], ["10", "4"]),
        ("DecodeBoxes", {}, [(7, 4), (8, 4)], ["7×4", "8"]),
        ("RegionProposals", {"levels": 2}, [(3, 64, 64), (20, 4), (8, 1), (9, 1)], ["20", "17"]),
        ("RegionDetections", {}, [(3, 64, 64), (8, 5, 4), (8, 3)], ["8×5×4", "3"]),
        ("RegionDetections", {}, [(3, 64, 64), (8, 4), (8, 1)], ["background"]),
        ("RoIAlign", {"levels": 2}, [(3, 64, 64), (5, 4), (8, 16, 16), (9, 8, 8)], ["8", "9"]),
        ("RoIPool", {}, [(8, 4, 4), (5, 4), (3, 64, 64)], ["64×64", "4×4"]),
        ("Anchors", {}, [(3, 8, 8), (4, 16, 16)], ["16×16", "8×8"]),
        ("DefaultBoxes", {"scales": (0.1, 0.2, 0.3)}, [(3, 8, 8), (4, 4, 4)], ["3", "2"]),
        ("WarpRegions", {"size": 20, "context": 10}, [(3, 8, 8), (4, 4)], ["10", "20"]),
        ("GridDetections", {"boxes": 3}, [(3, 64, 64), (7, 7, 15)], ["7×7×15", "3"]),
        ("PointDetections", {}, [(3, 64, 64), (9, 3), (8, 6)], ["9×3", "8×6"]),
        ("SelectMasks", {}, [(5, 3, 7, 7), (4,)], ["5×3×7×7", "4"]),
    ],
)
def test_what_does_not_fit_is_refused_with_its_numbers(type: str, params: dict, shapes: list, words: list) -> None:
    with pytest.raises(BadInput) as caught:
        parse_layer(type, params).build(*shapes)
    assert all(word in str(caught.value) for word in words)


def test_shapes_are_known_before_anything_is_computed() -> None:
    facts = facts_of("RegionProposals", {"proposals": 50}, [(3, 64, 64), (20, 4), (20, 1)])
    assert facts.output_shapes == ((50, 4), (50,))
    facts = facts_of("RoIAlign", {"levels": 2}, [(3, 64, 64), (9, 4), (8, 16, 16), (8, 8, 8)])
    assert facts.output_shapes == ((9, 8, 7, 7),)


def test_kept_boxes_overlap_no_more_than_asked() -> None:
    picture, boxes, logits = torch.zeros(2, 3, *SIZE), some_boxes(200), torch.randn(2, 200, 2)
    module = made("RegionDetections", picture, boxes, logits, overlap=0.3)
    for one in found(*module(picture, boxes, logits)):
        assert (box_iou(one["boxes"], one["boxes"]).fill_diagonal_(0) <= 0.3).all()


# torchvision's own description of its suppression, to the exporter, is written in an older way.
@pytest.mark.filterwarnings("ignore:`create_unbacked_symint` is deprecated:FutureWarning")
@pytest.mark.parametrize("type", ["RegionDetections", "ClassDetections", "LevelDetections"])
@pytest.mark.parametrize("kept", [0, 1, 30])
def test_an_exported_choice_is_the_same_however_few_are_found(type: str, kept: int) -> None:
    picture, boxes, logits = torch.zeros(2, 3, *SIZE), some_boxes(30), torch.full((2, 30, 3), -9.0)
    if type != "LevelDetections":
        logits[..., 0] = 9.0
    module = made(type, picture, boxes, logits, score_threshold=0.3, detections=20).eval()
    program = torch.export.export(module, (picture, boxes, torch.randn(2, 30, 3))).module()
    logits[:, :kept] = 4 * torch.rand(2, kept, 3)
    expected = module(picture, boxes, logits)
    assert (expected[2] >= 0).any() == (kept > 0)
    for one, other in zip(program(picture, boxes, logits), expected, strict=True):
        torch.testing.assert_close(one, other)
