"""The tasks detection and instances: which networks they take, how they train and read them, and what they show."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine.errors import BadInput
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph import edits
from engine.graph.compile import compile_network
from engine.graph.spec import NetworkSpec
from engine.tasks.base import make_task
from engine.tasks.batch import Batch
from engine.tasks.detection.task import ObjectTask
from engine.training.session import ends
from tests.helpers.gallery_samples import small

CLASSES = ("ball", "box", "cone")
OWN = ("yolo_small", "retinanet_resnet50_fpn", "detr_small", "yolo_v1")
WITH_BACKGROUND = (
    "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large",
    "fasterrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "keypointrcnn_resnet50_fpn",
)


def detector(id: str, classes: int = len(CLASSES), **options: object) -> NetworkSpec:
    return small(id, num_classes=classes + (id in WITH_BACKGROUND), **options)


def task(id: str = "detection", **options: object) -> ObjectTask:
    made = make_task(id, CLASSES, options)
    assert isinstance(made, ObjectTask)
    return made


def check(id: str, spec: NetworkSpec) -> None:
    inputs, outputs = ends(spec)
    task(id).check(inputs, outputs, next(iter(inputs.values())))


@pytest.mark.parametrize("id", [*OWN, *WITH_BACKGROUND])
def test_every_detector_of_the_gallery_can_be_trained(id: str) -> None:
    check("detection", detector(id))


def test_mask_rcnn_can_be_trained_for_masks() -> None:
    check("instances", detector("maskrcnn_resnet50_fpn"))


@pytest.mark.parametrize(
    ("kind", "id", "options", "said"),
    [
        ("detection", "yolo_small", {"num_classes": 4}, "has 8 columns, and 3 classes and four distances make 7"),
        ("detection", "ssd300_vgg16", {"num_classes": 5}, "Set the network's number of classes to 4"),
        ("detection", "fasterrcnn_resnet50_fpn", {"num_classes": 3}, "the background make 4"),
        ("detection", "detr_small", {"num_classes": 5}, "one for no object make 4"),
        ("detection", "yolo_v1", {"num_classes": 4}, "5 numbers for every box and 3 for the classes"),
        ("detection", "yolo_small", {"num_classes": 3, "raw": False}, "not what its heads say"),
        ("detection", "maskrcnn_resnet50_fpn", {"num_classes": 4, "raw": False}, "not what its heads say"),
        ("detection", "lenet5", {}, "Choose a detector from the gallery"),
        ("detection", "fast_rcnn", {"num_classes": 4}, "proposes its regions itself"),
        ("instances", "fasterrcnn_resnet50_fpn", {"num_classes": 4}, "gives no masks"),
    ],
)
def test_what_does_not_fit_is_named(kind: str, id: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        check(kind, small(id, **options))
    assert said in str(caught.value)
    assert caught.value.what.endswith(".")
    assert caught.value.advice.endswith(".")


def test_a_map_of_classes_is_no_grid_of_boxes() -> None:
    spec = with_input(open_network("unet", num_classes=4, padded=True), (1, 48, 48))
    with pytest.raises(BadInput, match="Choose a detector from the gallery"):
        check("detection", spec)


def test_a_retinanet_with_a_class_too_many_is_named() -> None:
    with pytest.raises(BadInput, match="no class for the background"):
        task().training_spec(detector("retinanet_resnet50_fpn", 4))


def test_boxes_that_are_read_otherwise_than_they_are_learned_are_named() -> None:
    spec = edits.set_params(detector("ssdlite320_mobilenet_v3_large"), "decode", weights=(1.0, 1.0, 1.0, 1.0))
    with pytest.raises(BadInput, match="decode divides by 1, 1, 1, 1") as caught:
        task().training_spec(spec)
    assert caught.value.node == "decode"


@pytest.mark.parametrize("id", [*OWN, *WITH_BACKGROUND])
def test_the_drawing_to_train_with_has_the_same_weights_and_no_result(id: str) -> None:
    spec = detector(id)
    drawn = task().training_spec(spec)
    ends(drawn)
    names = {node.id for node in drawn.outputs}
    assert "scores" not in names
    assert ("boxes" in names) == (id == "detr_small")
    with torch.device("meta"):
        first, second = compile_network(spec), compile_network(drawn)
    assert {name: one.shape for name, one in first.state_dict().items()} == {
        name: one.shape for name, one in second.state_dict().items()
    }


def objects(count: int, size: int) -> Batch:
    """Pictures of noise with two objects each, the second a row of padding in the first picture."""
    boxes = torch.tensor([[4.0, 4.0, 28.0, 30.0], [20.0, 24.0, 60.0, 60.0]]).repeat(count, 1, 1)
    labels = torch.tensor([[0, 2]]).repeat(count, 1)
    boxes[0, 1], labels[0, 1] = 0, -1
    instances = torch.zeros(count, size, size, dtype=torch.uint8)
    instances[:, 4:30, 4:28], instances[1:, 24:60, 20:60] = 1, 2
    pictures = torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))
    targets = {"boxes": boxes, "box_labels": labels, "instances": instances}
    return Batch((pictures,), targets, np.arange(count), epoch=0)


def test_in_training_the_second_stage_sees_the_true_boxes() -> None:
    spec = detector("maskrcnn_resnet50_fpn", proposals=20, detections=5)
    learner = task("instances")
    drawn = learner.training_spec(spec)
    batch = objects(2, 64)
    fed = learner.feed(batch)
    assert fed.inputs[1].shape == (2, 4, 4)
    torch.testing.assert_close(fed.inputs[1][:, :2], batch.targets["boxes"])
    shaken = fed.inputs[1][1, 2:]
    assert ((shaken - batch.targets["boxes"][1]).abs() <= 0.15 * 40 + 1e-4).all()
    assert not torch.equal(shaken, batch.targets["boxes"][1])
    torch.testing.assert_close(learner.feed(batch).inputs[1], fed.inputs[1])
    assert learner.feed(batch.with_(epoch=-1)).inputs == batch.inputs
    torch.manual_seed(0)
    model = compile_network(drawn)
    outputs = dict(zip([node.id for node in drawn.outputs], model(*fed.inputs), strict=True))
    torch.testing.assert_close(outputs["proposals"][:, 20:], fed.inputs[1])
    assert outputs["mask_logits"].shape[:2] == (2, 4)
    losses = learner.losses(outputs, fed)
    assert set(losses) == {"objectness", "proposals", "classes", "boxes", "masks"}
    sum(losses.values()).backward()  # type: ignore[union-attr]
    assert float(model.get_parameter("mask_head.conv1.weight").grad.abs().sum()) > 0  # type: ignore[union-attr]


@pytest.mark.parametrize("id", ["yolo_small", "retinanet_resnet50_fpn"])
def test_yes_or_no_classes_start_at_their_prior(id: str) -> None:
    spec = detector(id)
    torch.manual_seed(0)
    model = compile_network(spec)
    task().start_values(model, spec)
    biases = [one for name, one in model.named_parameters() if name.endswith("cls_logits.bias")]
    assert biases
    for bias in biases:
        torch.testing.assert_close(bias.detach().sigmoid(), torch.full_like(bias, 0.01))


def test_classes_with_a_background_start_as_they_are() -> None:
    spec = detector("ssdlite320_mobilenet_v3_large")
    model = compile_network(spec)
    before = {name: one.clone() for name, one in model.state_dict().items()}
    task().start_values(model, spec)
    assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())


def answers(outputs: dict[str, torch.Tensor], side: int = 64) -> dict[str, torch.Tensor]:
    count = len(next(iter(outputs.values())))
    return dict(task().decode(outputs, Batch((torch.zeros(count, 3, side, side),), {})))


def raw(kind: str) -> dict[str, torch.Tensor]:
    found = {
        "boxes": torch.tensor([[[1.0, 2.0, 30.0, 40.0], [0.0, 0.0, 0.0, 0.0]]]),
        "scores": torch.tensor([[0.8, 0.0]]),
        "labels": torch.tensor([[2, -1]]),
    }
    heads = {
        "points": {"raw": torch.zeros(1, 5, 7), "points": torch.zeros(1, 5, 3)},
        "ssd": {
            "class_logits": torch.zeros(1, 5, 4),
            "anchor_deltas": torch.zeros(1, 5, 4),
            "anchors": torch.zeros(1, 5, 4),
        },
        "retina": {
            "class_logits": torch.zeros(1, 5, 3),
            "anchor_deltas": torch.zeros(1, 5, 4),
            "anchors": torch.zeros(1, 5, 4),
        },
    }
    return {**found, **heads[kind]}


@pytest.mark.parametrize(("kind", "label"), [("points", 2), ("retina", 2), ("ssd", 1)])
def test_labels_are_classes_from_zero_whatever_the_network_counts(kind: str, label: int) -> None:
    found = answers(raw(kind))
    assert found["labels"].tolist() == [[label, -1]]
    torch.testing.assert_close(found["boxes"], raw(kind)["boxes"])


def test_answers_without_a_place_are_none() -> None:
    outputs = raw("points")
    outputs["boxes"][0, 0, 0] = math.nan
    found = answers(outputs)
    assert found["labels"].tolist() == [[-1, -1]]
    assert torch.isfinite(found["boxes"]).all()


def test_queries_are_read_as_shares_of_the_picture() -> None:
    logits = torch.tensor([[[0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 9.0]]])
    found = answers({"classes": logits, "boxes": torch.tensor([[[0.5, 0.5, 0.5, 0.25]] * 2])})
    torch.testing.assert_close(found["boxes"][0, 0], torch.tensor([16.0, 24.0, 48.0, 40.0]))
    assert found["labels"][0, 0] == 1
    expected = math.exp(3) / (math.exp(3) + 3)
    assert float(found["scores"][0, 0]) == pytest.approx(expected, rel=1e-5)
    assert float(found["scores"][0, 1]) < 0.01


def test_a_grid_is_read_into_boxes() -> None:
    grid = torch.zeros(1, 2, 2, 13)
    grid[0, 1, 0, :5] = torch.tensor([0.5, 0.5, math.sqrt(0.25), math.sqrt(0.5), 0.9])
    grid[0, 1, 0, 10:] = torch.tensor([0.0, 1.2, 0.0])
    found = answers({"output": grid})
    keep = found["labels"] >= 0
    assert found["labels"][keep].tolist() == [1]
    torch.testing.assert_close(found["boxes"][keep], torch.tensor([[8.0, 32.0, 24.0, 64.0]]))
    assert float(found["scores"][keep][0]) == pytest.approx(1.0)


PICTURE = np.full((48, 64, 3), 90, np.uint8)
TRUTH = {"boxes": np.array([[8, 8, 24, 24], [30, 20, 60, 44], [0, 0, 0, 0]], np.float32), "box_labels": [0, 2, -1]}
TRUTH["box_labels"] = np.array(TRUTH["box_labels"])


def said(*rows: tuple[list[float], int, float]) -> dict[str, np.ndarray]:
    boxes, labels, scores = zip(*rows, strict=True) if rows else ((), (), ())
    return {
        "boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "labels": np.array(labels, np.float32),
        "scores": np.array(scores, np.float32),
    }


def test_a_sketch_tells_what_was_found() -> None:
    right = said(([8, 8, 24, 24], 0, 0.9), ([30, 20, 60, 44], 2, 0.8), ([0, 0, 9, 9], 1, 0.1))
    whole = task().sketch(PICTURE, right, TRUTH)
    assert (whole.caption, whole.note, whole.mark) == ("2 of 2 found", "", "right")
    assert whole.score == pytest.approx(1.0)
    assert "1 ball" in whole.tip
    wrong = task().sketch(PICTURE, said(([8, 8, 24, 24], 1, 0.9), ([30, 20, 60, 40], 2, 0.8)), TRUTH)
    assert (wrong.caption, wrong.note, wrong.mark) == ("1 of 2 found", "1 too many", "wrong")
    # One pair overlaps by 20/24; one object is missed and one answer is too many.
    assert wrong.score == pytest.approx(20 / 24 / 2, rel=1e-5)


def test_a_sketch_of_a_small_picture_is_enlarged_and_coloured() -> None:
    answer = said(([30, 20, 60, 44], 2, 0.8))
    sketch = task().sketch(PICTURE, answer, TRUTH)
    assert sketch.image.shape == (192, 256, 3)
    assert sketch.image.dtype == np.uint8
    from engine.tasks.dense.colours import class_colours

    border = sketch.image[100:170, 30 * 4 : 30 * 4 + 2].reshape(-1, 3)
    assert (border == class_colours()[3]).all(1).mean() > 0.5
    dashes = sketch.image[8 * 4, 8 * 4 : 24 * 4, 0]
    assert set(dashes.tolist()) == {0, 255}
    assert (task().sketch(PICTURE[..., 0], answer, TRUTH).image == sketch.image).all()


def test_the_option_hides_weak_answers() -> None:
    weak = said(([8, 8, 24, 24], 0, 0.4))
    assert task().sketch(PICTURE, weak, TRUTH).caption == "1 of 2 found"
    assert task(shown_score=0.5).sketch(PICTURE, weak, TRUTH).caption == "0 of 2 found"


def test_a_sketch_of_a_picture_without_objects() -> None:
    nobody = {"boxes": np.zeros((1, 4), np.float32), "box_labels": np.array([-1])}
    empty = task().sketch(PICTURE, said(), nobody)
    assert (empty.caption, empty.mark, empty.score) == ("nothing to find", "right", 1.0)
    assert task().sketch(PICTURE, said(([0, 0, 9, 9], 0, 0.9)), nobody).mark == "wrong"


def test_a_sketch_tints_masks_and_compares_them() -> None:
    instances = np.zeros((48, 64), np.uint8)
    instances[8:24, 8:24], instances[20:44, 30:60] = 1, 2
    truth = {**TRUTH, "instances": instances}
    answer = said(([8, 8, 24, 24], 0, 0.9), ([30, 20, 60, 44], 2, 0.8))
    answer["masks"] = np.ones((2, 14, 14), np.float32)
    whole = task("instances").sketch(PICTURE, answer, truth)
    assert whole.caption == "2 of 2 found"
    assert (whole.image[32 * 4, 45 * 4] != 90).any()
    answer["masks"][1, :, 5:] = 0
    assert task("instances").sketch(PICTURE, answer, truth).caption == "1 of 2 found"
    silent = {**said(), "masks": np.zeros((0, 14, 14), np.float32)}
    assert task("instances").sketch(PICTURE, silent, truth).caption == "0 of 2 found"


def test_other_sizes_of_the_picture_are_named() -> None:
    inputs, outputs = ends(with_input(open_network("yolo_small", num_classes=3), (3, 64, 64)))
    with pytest.raises(BadInput, match="The pictures are 3×96×96"):
        task().check(inputs, outputs, (3, 96, 96))
