"""Average precision: equal to pycocotools' own on generated results, and what is shown of it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from engine.tasks.base import make_task
from engine.tasks.batch import Batch
from engine.tasks.detection.meter import OVERLAPS, BoxMeter
from engine.tasks.detection.reports import object_report

SIDE, PICTURES, MOST, ROWS = 64, 12, 5, 14
CLASSES = ("ball", "box", "cone", "dice")
SETS = range(20)


def generated(seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Objects of some pictures and answers near them: misplaced, of another class, twice, missing, or on nothing.

    Sizes and scores are coarse, so that there are ties of scores, and overlaps and recalls that lie on a threshold.
    """
    random = np.random.default_rng(seed)
    boxes, labels = np.zeros((PICTURES, MOST, 4), np.float32), np.full((PICTURES, MOST), -1)
    found, said = np.zeros((PICTURES, ROWS, 4), np.float32), np.full((PICTURES, ROWS), -1)
    scores = np.zeros((PICTURES, ROWS), np.float32)
    for picture in range(PICTURES):
        count = int(random.integers(0, MOST + 1))
        corner = random.integers(0, SIDE - 24, (count, 2))
        boxes[picture, :count] = np.concatenate([corner, corner + random.integers(6, 24, (count, 2))], axis=1)
        labels[picture, :count] = random.integers(0, 3, count)  # the last class has no object
        rows = int(random.integers(0, ROWS + 1))
        for row in range(rows):
            if count and random.random() < 0.8:
                number = int(random.integers(0, count))
                near = boxes[picture, number] + random.integers(-4, 5, 4) * (random.random() < 0.7)
                said[picture, row] = labels[picture, number] if random.random() < 0.85 else random.integers(0, 4)
            else:
                near = np.concatenate([start := random.integers(0, 40, 2), start + random.integers(4, 24, 2)])
                said[picture, row] = random.integers(0, 4)
            near = near.clip(0, SIDE)
            near[2:] = np.maximum(near[2:], near[:2] + 1)
            found[picture, row] = near
            scores[picture, row] = random.integers(1, 21) / 20
    return {"boxes": boxes, "labels": labels}, {"boxes": found, "labels": said, "scores": scores}


def ellipses(boxes: np.ndarray) -> np.ndarray:
    """A mask in every box: bool (M, SIDE, SIDE)."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    x1, y1, x2, y2 = (boxes[:, i, None, None] for i in range(4))
    wide, tall = np.maximum(x2 - x1, 1), np.maximum(y2 - y1, 1)
    return ((x - (x1 + x2) / 2) / wide * 2) ** 2 + ((y - (y1 + y2) / 2) / tall * 2) ** 2 <= 1


def instance_map(boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which object is seen where; later ones lie on top."""
    seen = np.zeros((SIDE, SIDE), np.uint8)
    for number in np.flatnonzero(labels >= 0).tolist():
        seen[ellipses(boxes[number : number + 1])[0]] = number + 1
    return seen


def coco(truth: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray], kind: str) -> COCOeval:
    """pycocotools' own evaluation of the same."""
    wanted, said = [], []
    for picture in range(PICTURES):
        seen = instance_map(truth["boxes"][picture], truth["labels"][picture])
        for number in np.flatnonzero(truth["labels"][picture] >= 0).tolist():
            mask = seen == number + 1
            one = _entry(picture, truth["boxes"][picture, number], int(truth["labels"][picture, number]), mask)
            wanted.append({**one, "id": len(wanted) + 1, "iscrowd": int(kind == "segm" and not mask.any())})
        rows = np.flatnonzero(found["labels"][picture] >= 0)
        masks = ellipses(found["boxes"][picture, rows])
        for place, row in enumerate(rows.tolist()):
            one = _entry(picture, found["boxes"][picture, row], int(found["labels"][picture, row]), masks[place])
            said.append({**one, "id": len(said) + 1, "score": float(found["scores"][picture, row])})
    images = [{"id": picture, "height": SIDE, "width": SIDE} for picture in range(PICTURES)]
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    with contextlib.redirect_stdout(io.StringIO()):
        sets = []
        for annotations in (wanted, said):
            one = COCO()
            one.dataset = {"images": images, "annotations": annotations, "categories": categories}
            one.createIndex()
            sets.append(one)
        evaluation = COCOeval(*sets, iouType=kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def _entry(picture: int, box: np.ndarray, label: int, mask: np.ndarray) -> dict[str, object]:
    x1, y1, x2, y2 = (float(value) for value in box)
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    place = {"image_id": picture, "category_id": label, "bbox": [x1, y1, x2 - x1, y2 - y1]}
    return {**place, "area": (x2 - x1) * (y2 - y1), "segmentation": rle}


def batches(truth: Mapping[str, np.ndarray], masks: bool) -> list[tuple[slice, Batch]]:
    """The pictures in batches of five, the last one smaller."""
    made = []
    for start in range(0, PICTURES, 5):
        rows = slice(start, start + 5)
        count = len(truth["boxes"][rows])
        targets = {"boxes": truth["boxes"][rows], "box_labels": truth["labels"][rows]}
        if masks:
            pairs = zip(truth["boxes"][rows], truth["labels"][rows], strict=True)
            targets["instances"] = np.stack([instance_map(*pair) for pair in pairs])
        tensors = {name: torch.from_numpy(array) for name, array in targets.items()}
        made.append((rows, Batch((torch.zeros(count, 3, SIDE, SIDE),), tensors)))
    return made


def measured(
    truth: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray], *, masks: bool = False, full: bool = False
) -> BoxMeter:
    meter = BoxMeter(masks=masks, full=full)
    for rows, batch in batches(truth, masks):
        answers = {name: torch.from_numpy(array[rows]) for name, array in found.items()}
        if masks:
            answers["masks"] = torch.from_numpy(np.stack([ellipses(boxes) for boxes in found["boxes"][rows]])).float()
        meter.add(answers, batch)
    return meter


def expected(evaluation: COCOeval, prefix: str = "") -> dict[str, float]:
    names = {0: "map", 1: "map50", 2: "map75", 8: "recall"}
    return {f"{prefix}{name}": float(evaluation.stats[place]) for place, name in names.items()}


@pytest.mark.parametrize("seed", SETS)
def test_boxes_are_measured_as_by_pycocotools(seed: int) -> None:
    truth, found = generated(seed)
    evaluation = coco(truth, found, "bbox")
    meter = measured(truth, found, full=True)
    assert dict(meter.result()) == pytest.approx(expected(evaluation), abs=1e-6)
    theirs = evaluation.eval["precision"][:, :, :, 0, -1]
    assert 0 < theirs[theirs >= 0].mean() < 1
    for curve in meter.curves():
        precision = theirs[:, :, curve.number]
        if (precision < 0).all():
            assert np.isnan(curve.average())
        else:
            assert curve.average() == pytest.approx(precision.mean(), abs=1e-6)
            assert curve.average(0.5) == pytest.approx(precision[0].mean(), abs=1e-6)


@pytest.mark.parametrize("seed", SETS)
def test_masks_are_measured_as_by_pycocotools(seed: int) -> None:
    truth, found = generated(seed)
    meter = measured(truth, found, masks=True)
    wanted = expected(coco(truth, found, "segm"), "mask_")
    assert {name: value for name, value in meter.result().items() if name in wanted} == pytest.approx(wanted, abs=1e-6)


def test_what_does_not_apply_is_left_out() -> None:
    truth, found = generated(0)
    nobody = {**truth, "labels": np.full_like(truth["labels"], -1)}
    assert dict(measured(nobody, found).result()) == {}
    assert dict(BoxMeter().result()) == {}
    silent = {**found, "labels": np.full_like(found["labels"], -1)}
    assert dict(measured(truth, silent).result()) == {"map": 0.0, "map50": 0.0, "map75": 0.0, "recall": 0.0}


def test_an_answer_can_be_added_after_a_result() -> None:
    truth, found = generated(1)
    meter = BoxMeter()
    for rows, batch in batches(truth, masks=False):
        meter.add({name: torch.from_numpy(array[rows]) for name, array in found.items()}, batch)
        meter.result()
    assert dict(meter.result()) == dict(measured(truth, found).result())


def test_masks_over_their_boxes_are_put_into_the_picture() -> None:
    boxes = np.array([[[8, 8, 40, 32], [40, 40, 56, 60]]], np.float32)
    instances = np.zeros((1, SIDE, SIDE), np.uint8)
    instances[0, 8:32, 8:40], instances[0, 40:60, 40:56] = 1, 2
    batch = Batch(
        (torch.zeros(1, 3, SIDE, SIDE),),
        {
            "boxes": torch.from_numpy(boxes),
            "box_labels": torch.tensor([[0, 1]]),
            "instances": torch.from_numpy(instances),
        },
    )
    meter = BoxMeter(masks=True)
    answers = {"boxes": batch.targets["boxes"], "labels": batch.targets["box_labels"], "scores": torch.ones(1, 2)}
    meter.add({**answers, "masks": torch.ones(1, 2, 28, 28)}, batch)
    assert meter.result()["mask_map50"] == pytest.approx(1.0)
    assert meter.result()["mask_map75"] == pytest.approx(1.0)
    half = torch.ones(1, 2, 28, 28)
    half[:, :, 14:] = 0
    other = BoxMeter(masks=True)
    other.add({**answers, "masks": half}, batch)
    assert other.result()["map"] == pytest.approx(1.0)
    assert 0 < other.result()["mask_map"] < 0.25


def test_the_report_has_a_row_per_class_a_plot_and_the_worst_first() -> None:
    from engine.tasks.base import Sketch

    truth, found = generated(2)
    meter = measured(truth, found, full=True)
    empty = np.zeros((4, 4, 3), np.uint8)
    sketches = [Sketch(empty, "good", score=0.9), Sketch(empty, "bad", score=0.1)]
    report = make_task("detection", CLASSES).report(meter, sketches)
    assert report.measures == dict(meter.result())
    rows = {str(row[0]): row for row in report.tables[0].rows}
    assert sum(int(row[1] or 0) for row in rows.values()) == int((truth["labels"] >= 0).sum())
    evaluation = coco(truth, found, "bbox").eval["precision"][:, :, :, 0, -1]
    for number, name in enumerate(CLASSES[:3]):
        assert rows[name][2:5] == pytest.approx(
            [evaluation[part, :, number].mean() for part in (slice(None), 0, int(np.abs(OVERLAPS - 0.75).argmin()))]
        )
    assert rows["dice"][2] is None
    mean = report.plots[0].lines[0]
    assert mean.name == "mean of all classes"
    np.testing.assert_allclose(mean.y, evaluation[0, :, :3].mean(1))
    assert [one.caption for one in report.examples] == ["bad", "good"]


def test_the_plot_shows_the_most_frequent_classes_of_many() -> None:
    names = tuple(f"class {number}" for number in range(30))
    boxes = np.tile(np.array([4, 4, 20, 20], np.float32), (PICTURES, MOST, 1))
    labels = np.arange(PICTURES * MOST).reshape(PICTURES, MOST) % 30
    meter = measured(
        {"boxes": boxes, "labels": labels},
        {"boxes": boxes, "labels": labels, "scores": np.ones((PICTURES, MOST), np.float32)},
        full=True,
    )
    report = object_report(meter, names, ())
    assert len(report.plots[0].lines) == 9
    assert len(report.tables[0].rows) == 30
