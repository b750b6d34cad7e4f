"""Detectors against torchvision's own, with the same weights and pictures; and against their papers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.transform import paste_masks_in_image
from torchvision.ops import box_iou

from engine.gallery import GALLERY, open_network
from engine.gallery.base import with_input
from engine.graph.analyse import analyse
from engine.graph.compile import CompiledNetwork, compile_network
from engine.graph.spec import NetworkSpec

SIZE = (96, 128)
TWINS = [id for id in GALLERY if GALLERY.get(id).task in ("detection", "instance segmentation", "keypoints")
         and GALLERY.get(id).torchvision]  # fmt: skip
OURS = ["rcnn", "fast_rcnn", "yolo_v1", "yolo_small"]
# As torchvision's documentation states them for its published weights, whose batch norm is frozen.
PUBLISHED = {
    "fasterrcnn_resnet50_fpn": detection.FasterRCNN_ResNet50_FPN_Weights.COCO_V1,
    "maskrcnn_resnet50_fpn": detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1,
    "keypointrcnn_resnet50_fpn": detection.KeypointRCNN_ResNet50_FPN_Weights.COCO_V1,
    "retinanet_resnet50_fpn": detection.RetinaNet_ResNet50_FPN_Weights.COCO_V1,
    "ssd300_vgg16": detection.SSD300_VGG16_Weights.COCO_V1,
    "ssdlite320_mobilenet_v3_large": detection.SSDLite320_MobileNet_V3_Large_Weights.COCO_V1,
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def twin(id: str, **params: Any) -> nn.Module:
    return torchvision.models.get_model(GALLERY.get(id).torchvision, weights=None, weights_backbone=None, **params)


def settled(model: nn.Module, pictures: Tensor) -> nn.Module:
    """The model in evaluation, with averages of these pictures and heads that say something."""
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        nn.init.uniform_(norm.weight, 0.8, 1.2)
        nn.init.normal_(norm.bias, std=0.1)
    with torch.no_grad():
        maps = model.backbone.train()(pictures)
        if hasattr(model, "head"):
            model.head.train()(list(maps.values()))
    for name, weight in model.named_parameters():
        if name.rpartition(".")[0].endswith(("bbox_pred", "cls_logits", "bbox_reg", "cls_score")) and weight.ndim > 1:
            nn.init.normal_(weight, std=1.5 / math.sqrt(weight[0].numel()))
        elif name.endswith(("cls_logits.bias", "cls_score.bias")):
            nn.init.normal_(weight, std=0.3)
    return model.eval()


def same_weights(id: str, model: nn.Module, spec: NetworkSpec) -> CompiledNetwork:
    """Our network with the weights of torchvision's, each by its name and none left over."""
    net, rename = compile_network(spec), GALLERY.get(id).rename
    assert rename is not None
    weights = {rename(name): value for name, value in model.state_dict().items()}
    assert None not in weights
    net.load_state_dict(weights)  # type: ignore[arg-type]
    return net.eval()


def named(net: CompiledNetwork, answer: tuple[Tensor, ...]) -> dict[str, Tensor]:
    return dict(zip((node.id for node in net.spec.outputs), answer, strict=True))


def compare(ours: Mapping[str, Tensor], theirs: list[dict[str, Tensor]], *further: str) -> None:
    """Each picture's results without our padding, within 1e-5 of the size of the numbers."""
    for index, expected in enumerate(theirs):
        real = ours["labels"][index] >= 0
        assert len(expected["labels"]) == real.sum() >= 3, "the test should find something"
        for name in ("boxes", "scores", "labels", *further):
            one = ours[name][index][real]
            torch.testing.assert_close(
                one, expected[name].reshape(one.shape), rtol=1e-5, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
            )
        for name in ("boxes", "scores"):
            assert not ours[name][index][~real].any()


@pytest.mark.parametrize("id", TWINS)
def test_parameters_are_those_that_torchvision_documents(id: str) -> None:
    has_norm = "norm" in GALLERY.get(id).options.model_fields
    options = {"norm": "frozen"} if has_norm else {}
    assert analyse(open_network(id, **options)).totals.parameters == PUBLISHED[id].meta["num_params"]


# Not those with a third head: torchvision counted it for as many objects as its picture happened to hold.
@pytest.mark.parametrize(
    "id", ["fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn", "ssd300_vgg16", "ssdlite320_mobilenet_v3_large"]
)
def test_work_is_what_torchvision_documents(id: str) -> None:
    """Billions of multiply-adds for the drawn size: 800, 300 or 320 pixels."""
    assert analyse(open_network(id)).totals.macs / 1e9 == pytest.approx(PUBLISHED[id].meta["_ops"], abs=1e-3)


@pytest.mark.parametrize("id", TWINS)
def test_every_weight_of_torchvision_has_its_place(id: str) -> None:
    with torch.device("meta"):
        theirs, ours = twin(id).state_dict(), compile_network(open_network(id)).state_dict()
    rename = GALLERY.get(id).rename
    assert rename is not None
    assert {rename(name): value.shape for name, value in theirs.items()} == {k: v.shape for k, v in ours.items()}
    assert rename("something.else") is None


def test_files_of_older_versions_fit_too() -> None:
    mask, retina = GALLERY.get("maskrcnn_resnet50_fpn").rename, GALLERY.get("retinanet_resnet50_fpn").rename
    assert mask is not None
    assert retina is not None
    assert mask("rpn.head.conv.weight") == "rpn.head.conv.weight"
    assert mask("roi_heads.mask_head.mask_fcn2.bias") == mask("roi_heads.mask_head.1.0.bias") == "mask_head.conv2.bias"
    assert mask("backbone.fpn.inner_blocks.3.weight") == "fpn.inner5.weight"
    assert retina("head.classification_head.conv.6.weight") == "head.cls_conv4.weight"
    assert retina("head.regression_head.conv.2.0.weight") == "head.reg_conv3.weight"


@pytest.mark.parametrize(
    ("id", "limits", "further"),
    [
        ("fasterrcnn_resnet50_fpn", {"detections": 40}, {}),
        ("maskrcnn_resnet50_fpn", {"detections": 6}, {"masks": "masks"}),
        pytest.param(
            "keypointrcnn_resnet50_fpn",
            {"detections": 4},
            {"keypoints": "keypoints", "keypoint_scores": "keypoints_scores"},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_two_stages_answer_as_torchvision(id: str, limits: dict[str, int], further: dict[str, str]) -> None:
    classes = 2 if "keypoint" in id else 5
    pictures = torch.randn(2, 3, *SIZE)
    params = {"rpn_post_nms_top_n_test": 60, "box_detections_per_img": limits["detections"]}
    model = settled(twin(id, num_classes=classes, **params), pictures)
    spec = with_input(open_network(id, num_classes=classes, proposals=60, **limits), (3, *SIZE))
    net = same_weights(id, model, spec)
    with torch.no_grad():
        images = ImageList(pictures, [SIZE] * 2)
        maps = model.backbone(pictures)
        proposals, _ = model.rpn(images, maps)
        expected, _ = model.roi_heads(maps, proposals, images.image_sizes)
        ours = named(net, net(pictures))
    for one, other in zip(ours["proposals"], proposals, strict=True):
        torch.testing.assert_close(one[: len(other)], other, rtol=1e-5, atol=1e-4)
        assert not one[len(other) :].any()
    theirs = [{{v: k for k, v in further.items()}.get(name, name): x for name, x in one.items()} for one in expected]
    compare(ours, theirs, *further)


def test_masks_can_come_at_full_size() -> None:
    options = {"num_classes": 5, "proposals": 20, "detections": 4}
    spec = with_input(open_network("maskrcnn_resnet50_fpn", **options), (3, *SIZE))
    pasted = with_input(open_network("maskrcnn_resnet50_fpn", pasted=True, raw=False, **options), (3, *SIZE))
    assert analyse(pasted).output == ((4, 4), (4,), (4,), (4, *SIZE))
    net, full = compile_network(spec).eval(), compile_network(pasted).eval()
    full.load_state_dict(net.state_dict())
    with torch.no_grad():
        pictures = torch.randn(1, 3, *SIZE)
        small, large = named(net, net(pictures)), named(full, full(pictures))
    real = small["labels"][0] >= 0
    assert real.any()
    expected = paste_masks_in_image(small["masks"][0][real][:, None], small["boxes"][0][real], SIZE)
    torch.testing.assert_close(large["masks"][0][real], expected[:, 0])


def test_retinanet_answers_as_torchvision() -> None:
    id, pictures = "retinanet_resnet50_fpn", torch.randn(2, 3, *SIZE)
    model = settled(twin(id, num_classes=5, detections_per_img=50), pictures)
    net = same_weights(id, model, with_input(open_network(id, num_classes=5, detections=50), (3, *SIZE)))
    with torch.no_grad():
        images = ImageList(pictures, [SIZE] * 2)
        maps = list(model.backbone(pictures).values())
        said, anchors = model.head(maps), model.anchor_generator(images, maps)
        counts = [one.shape[2] * one.shape[3] * 9 for one in maps]
        split = {name: list(one.split(counts, 1)) for name, one in said.items()}
        levels = [list(one.split(counts)) for one in anchors]
        expected = model.postprocess_detections(split, levels, images.image_sizes)
        ours = named(net, net(pictures))
    torch.testing.assert_close(ours["class_logits"], said["cls_logits"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours["anchor_deltas"], said["bbox_regression"], rtol=1e-5, atol=1e-5)
    assert torch.equal(ours["anchors"], torch.stack(anchors))
    compare(ours, expected)


@pytest.mark.parametrize(
    ("id", "side", "batch"),
    [
        pytest.param("ssd300_vgg16", 300, 1, marks=pytest.mark.slow),
        ("ssdlite320_mobilenet_v3_large", 320, 2),
    ],
)
def test_single_shots_answer_as_torchvision(id: str, side: int, batch: int) -> None:
    pictures = torch.randn(batch, 3, side, side)
    model = settled(twin(id, num_classes=5), pictures)
    net = same_weights(id, model, open_network(id, num_classes=5))
    with torch.no_grad():
        images = ImageList(pictures, [(side, side)] * batch)
        maps = list(model.backbone(pictures).values())
        said, anchors = model.head(maps), model.anchor_generator(images, maps)
        expected = model.postprocess_detections(said, anchors, images.image_sizes)
        ours = named(net, net(pictures))
    torch.testing.assert_close(ours["class_logits"], said["cls_logits"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours["anchors"], torch.stack(anchors), rtol=1e-6, atol=1e-4)
    compare(ours, expected)


@pytest.mark.parametrize("id", [*TWINS, *OURS])
def test_the_papers_sizes_come_out(id: str) -> None:
    entry, analysis = GALLERY.get(id), analyse(open_network(id))
    for row in entry.table:
        assert row.node in analysis.nodes, row.layer
        if row.output is not None:
            assert analysis.nodes[row.node].output_shape == row.output, row.layer


@pytest.mark.parametrize("id", [*TWINS, *OURS])
def test_without_what_training_needs_only_results_come_out(id: str) -> None:
    options = {"decode": True} if id == "yolo_v1" else {"raw": False}
    spec = open_network(id, **options)
    extra = {"maskrcnn_resnet50_fpn": ["masks"], "keypointrcnn_resnet50_fpn": ["keypoints", "keypoint_scores"]}
    first = ["output"] if id == "yolo_v1" else []
    assert [node.id for node in spec.outputs] == [*first, "boxes", "scores", "labels", *extra.get(id, [])]
    analysis = analyse(spec)
    assert not analysis.errors
    assert isinstance(analysis.output, tuple)


def test_heads_share_their_weights_over_the_levels() -> None:
    for id, path in (("retinanet_resnet50_fpn", ()), ("yolo_small", ()), ("fasterrcnn_resnet50_fpn", ("rpn",))):
        spec = open_network(id)
        for step in path:
            inside = spec.by_id[step].subgraph
            assert inside is not None
            spec = inside
        users = [node for node in spec.nodes if node.shares == "head"]
        assert len(users) == {"yolo_small": 2}.get(id, 4)


def test_rcnn_costs_a_whole_pass_per_region_and_fast_rcnn_only_dense_layers() -> None:
    """AlexNet with two groups: 724,406,816 multiply-adds with 1,000 classes; VGG-16's dense layers 119,545,856."""
    few, many = (analyse(open_network("rcnn", proposals=count)).totals.macs for count in (1, 101))
    alexnet = 724_406_816 - 4096 * 1000
    assert (many - few) / 100 == alexnet + 4096 * 21 + 9216 * 84
    few, many = (analyse(open_network("fast_rcnn", proposals=count)).totals.macs for count in (1, 101))
    assert (many - few) / 100 == 25_088 * 4096 + 4096 * 4096 + 4096 * (21 + 84)


def test_fast_rcnn_reads_a_region_from_the_maps_of_the_whole_picture() -> None:
    spec = with_input(open_network("fast_rcnn", proposals=3, num_classes=3), (3, 64, 96))
    net = compile_network(spec).eval()
    pictures = torch.randn(2, 3, 64, 96)
    regions = torch.tensor([[0.0, 0, 50, 50], [40, 10, 90, 60], [0, 0, 0, 0]]).expand(2, 3, 4)
    with torch.no_grad(), net.tap(["backbone", "roi_pool"]) as seen:
        answer = named(net, net(pictures, regions))
    assert seen["backbone"].shape == (2, 512, 4, 6)
    expected = torchvision.ops.roi_pool(seen["backbone"], [regions[0], regions[1]], 7, 1 / 16)
    assert torch.equal(seen["roi_pool"].flatten(0, 1), expected)
    assert (answer["labels"] >= 0).any()
    assert (answer["scores"][answer["labels"] < 0] == 0).all()


def test_yolo_v1_has_24_convolutions_and_known_weights() -> None:
    """271,703,550 parameters, as other implementations of the paper's figure 3 count them."""
    analysis = analyse(open_network("yolo_v1"))
    assert sum(info.type == "Conv2d" for info in analysis.nodes.values()) == 24
    assert analysis.totals.parameters == 271_703_550
    assert analysis.output == (7, 7, 30)


def test_yolo_small_is_small_and_takes_many_sizes() -> None:
    spec = open_network("yolo_small")
    assert analyse(spec).totals.parameters < 2_000_000
    for side in (128, 160, 320):
        rows = sum((side // stride) ** 2 for stride in (8, 16, 32))
        output = analyse(with_input(spec, (3, side, side))).output
        assert output == ((100, 4), (100,), (100,), (rows, 24), (rows, 3))


def scenes(count: int, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Noise with one bright square (class 0) or dark one (class 1): pictures, boxes (N, 4), labels (N,)."""
    pictures = 0.2 * torch.randn(count, 3, side, side)
    size = torch.randint(side // 4, side // 2, (count,))
    corner = (torch.rand(count, 2) * (side - size)[:, None]).long()
    labels = torch.randint(0, 2, (count,))
    for picture, (x, y), s, label in zip(pictures, corner.tolist(), size.tolist(), labels.tolist(), strict=True):
        picture[:, y : y + s, x : x + s] += 1.0 if label == 0 else -1.0
    return pictures, torch.cat([corner, corner + size[:, None]], dim=1).float(), labels


def loss_of(raw: Tensor, points: Tensor, boxes: Tensor, labels: Tensor) -> Tensor:
    """What a training computes from the raw output alone: class scores everywhere, distances where an object is."""
    sides = torch.cat([points[..., :2] - boxes[:, None, :2], boxes[:, None, 2:] - points[..., :2]], dim=2)  # (N, A, 4)
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    near = (points[..., :2] - middle).abs().amax(2) < 1.5 * points[..., 2]
    inside = near & (sides.amin(2) > 0)
    wanted = torch.zeros_like(raw[..., 4:])
    wanted[inside] = nn.functional.one_hot(labels, wanted.shape[2]).float()[torch.where(inside)[0]]
    scores = torchvision.ops.sigmoid_focal_loss(raw[..., 4:], wanted, alpha=0.5, reduction="sum") / inside.sum()
    goal = (sides[inside] / points[inside][:, 2:]).log()
    return scores + nn.functional.smooth_l1_loss(raw[..., :4][inside], goal)


@pytest.mark.slow
def test_yolo_small_learns_to_find_squares_from_its_raw_output() -> None:
    side = 64
    spec = with_input(open_network("yolo_small", num_classes=2, channels=32), (3, side, side))
    net = compile_network(spec).train()
    rate = torch.optim.AdamW(net.parameters(), lr=2e-3)
    for _ in range(150):
        pictures, boxes, labels = scenes(16, side)
        answer = named(net, net(pictures))
        loss = loss_of(answer["raw"], answer["points"], boxes, labels)
        rate.zero_grad()
        loss.backward()
        rate.step()
    pictures, boxes, labels = scenes(40, side)
    with torch.no_grad():
        answer = named(net.eval(), net(pictures))
    overlap = torch.stack(
        [box_iou(one[None], best[:1])[0, 0] for one, best in zip(boxes, answer["boxes"], strict=True)]
    )
    assert (answer["labels"][:, 0] == labels).float().mean() > 0.9
    assert overlap.mean() > 0.7


@pytest.mark.parametrize("id", ["retinanet_resnet50_fpn", "ssdlite320_mobilenet_v3_large", "yolo_small"])
def test_a_loss_on_the_raw_answers_reaches_every_weight(id: str) -> None:
    options = {} if id == "yolo_small" else {"num_classes": 4}
    net = compile_network(with_input(open_network(id, **options), (3, *SIZE))).train()
    answer = named(net, net(torch.randn(2, 3, *SIZE)))
    names = [name for name in ("raw", "class_logits", "anchor_deltas") if name in answer]
    sum(answer[name].square().mean() for name in names).backward()  # type: ignore[union-attr]
    assert all(weight.grad is not None for weight in net.parameters())
