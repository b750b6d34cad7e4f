"""Trained models answer what torchvision's own call answers with the same weights, boxes in the frame's pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torchvision.models import get_model_weights
from torchvision.models.detection.roi_heads import paste_masks_in_image

from engine.inference.detections import Classification, Detections
from engine.inference.frame import Frame
from engine.inference.maps import ClassMap
from engine.inference.masks import instance_ids
from engine.inference.predictor import Predictor
from engine.inference.trained.base import open_pretrained
from engine.opencv import cv2
from engine.pretrained.table import table
from tests.helpers.weight_files import look_smaller, torchvisions_own, weight_file

NAMES: dict[str, list[str]] = {
    row.model: get_model_weights(row.model).DEFAULT.meta["categories"]
    for row in table()
    if row.task in ("detection", "instances", "pose")
}


def picture(height: int = 360, width: int = 480) -> np.ndarray:
    """A photograph in BGR, as a camera gives it."""
    return cv2.resize(np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1]), (width, height))


def both(patch: pytest.MonkeyPatch, folder: Path, model: str) -> tuple[Predictor, Any]:
    """Our predictor and torchvision's model with the same weights."""
    row = weight_file(folder, model)
    ours: Any = open_pretrained(row.id, "cpu", [row], [folder])
    net = torchvisions_own(patch, row, folder)
    look_smaller(ours._net)
    look_smaller(net)
    return ours, net


def direct(net: Any, image: np.ndarray) -> dict[str, np.ndarray]:
    """What torchvision's detector finds in a picture, in its own format."""
    rgb = torch.from_numpy(image[:, :, ::-1].copy()).permute(2, 0, 1).float() / 255
    with torch.no_grad():
        return {name: value.numpy() for name, value in net([rgb])[0].items()}


def clear_threshold(scores: np.ndarray) -> float:
    """A threshold that 5 to 40 boxes reach, in the widest gap there, so that rounding lets none change sides."""
    falling = -np.sort(-scores[scores > 0.06])[4:41]
    assert len(falling) > 1, "these weights find next to nothing"
    at = int(np.argmax(falling[:-1] - falling[1:]))
    return float(falling[at] + falling[at + 1]) / 2


def same_boxes(
    model: str, ours: Predictor, net: Any, image: np.ndarray, threshold: float
) -> tuple[Detections, dict[str, Any]]:
    """Compare what both find from a threshold on, and return it."""
    ours.threshold = threshold
    outcome = ours.predict(Frame(image.copy()))
    assert isinstance(outcome, Detections)
    theirs = direct(net, image)
    # COCO has numbers without a class, which trained weights never give.
    named = np.array([NAMES[model][k] != "N/A" for k in theirs["labels"]], bool)
    keep = (theirs["scores"] >= threshold) & named
    theirs = {name: value[keep] for name, value in theirs.items()}
    assert len(outcome) == len(theirs["scores"])
    # Two that are equally sure may come in either order, so each box is looked for.
    apart = np.abs(outcome.boxes[None] - theirs["boxes"][:, None]).max(2)
    apart = apart + 100 * np.abs(outcome.scores[None] - theirs["scores"][:, None])
    mine = np.array([outcome.label(i) for i in range(len(outcome))])
    apart = apart + 1000 * (mine[None] != np.array([NAMES[model][k] for k in theirs["labels"]])[:, None])
    nearest = apart.argmin(1)
    assert len(set(nearest.tolist())) == len(nearest)
    assert apart.min(1).max(initial=0) < 0.5
    outcome = outcome.only(nearest)
    return outcome, theirs


@pytest.mark.parametrize("model", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn"])
def test_boxes_are_torchvisions_from_the_threshold_on(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, net = both(monkeypatch, tmp_path, model)
    image = picture()
    outcome, theirs = same_boxes(model, ours, net, image, clear_threshold(direct(net, image)["scores"]))
    assert [outcome.label(i) for i in range(len(outcome))] == [NAMES[model][k] for k in theirs["labels"]]
    assert "N/A" not in ours.classes
    assert "__background__" not in ours.classes
    assert len(ours.classes) == 80


SLOW = [
    row.model for row in table()
    if row.task in ("detection", "instances", "pose") and row.model not in ("ssdlite320_mobilenet_v3_large",)
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("model", SLOW)
def test_every_detector_is_torchvisions(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, net = both(monkeypatch, tmp_path, model)
    image = picture()
    outcome, theirs = same_boxes(model, ours, net, image, clear_threshold(direct(net, image)["scores"]))
    assert len(outcome)
    if "masks" in theirs:
        assert outcome.masks is not None
        assert outcome.masks.shape[1:] == (28, 28)
        small = torch.from_numpy(outcome.masks).float()[:, None] / 255
        pasted = paste_masks_in_image(small, torch.from_numpy(theirs["boxes"]), image.shape[:2])
        # A mask is given in steps of 1/255; its edge may move where a box lies between two pixels.
        assert np.abs(pasted.numpy() - theirs["masks"]).mean() < 0.004
    if "keypoints" in theirs:
        assert outcome.keypoints is not None
        near = np.abs(outcome.keypoints[:, :, :2] - theirs["keypoints"][:, :, :2]) < 2
        assert near.mean() > 0.95  # a heat map with two peaks of one height may tip over


def test_regions_are_torchvisions_and_lie_over_the_whole_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, net = both(monkeypatch, tmp_path, "lraspp_mobilenet_v3_large")
    image = picture()
    outcome = ours.predict(Frame(image.copy()))
    assert isinstance(outcome, ClassMap)
    assert outcome.area == (0, 0, 480, 360)
    assert outcome.classes[0] == "background"
    assert len(outcome.classes) == 21
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    rgb = torch.from_numpy(image[:, :, ::-1].copy()).float() / 255
    with torch.no_grad():
        scores = net(((rgb - mean) / std).permute(2, 0, 1)[None])["out"]
    expected = scores[0].argmax(0).numpy()  # (360, 480)
    assert len(np.unique(expected)) > 3, "these weights see too little to compare"
    here = cv2.resize(outcome.ids, (480, 360), interpolation=cv2.INTER_NEAREST)
    assert (here == expected).mean() > 0.93
    assert sum(outcome.plain()["classes"].values()) == pytest.approx(1, abs=1e-3)


def test_masks_lie_where_torchvision_pastes_them() -> None:
    y, x = np.mgrid[:28, :28]
    disc = (255 / (1 + np.exp((np.hypot(x - 13.5, y - 11.0) - 9) / 1.5))).round().astype(np.uint8)
    boxes = np.array([[30.4, 20.7, 210.2, 160.9], [150.0, 100.0, 182.5, 230.3], [-20.0, 5.0, 60.0, 90.0]], np.float32)
    scores, ids = np.full(3, 0.9, np.float32), np.zeros(3, np.int64)
    found = Detections(boxes, scores, ids, ("a",), np.stack([disc] * 3))
    small = torch.from_numpy(np.stack([disc] * 3)).float()[:, None] / 255
    pasted = paste_masks_in_image(small, torch.from_numpy(boxes), (240, 320))[:, 0].numpy() >= 0.5
    for i in range(3):
        there = instance_ids(found.only(np.array([i])), 240, 320) > 0
        assert (there & pasted[i]).sum() / (there | pasted[i]).sum() > 0.93


CLASSIFIERS = list(dict.fromkeys(row.model for row in table() if row.task == "classification"))


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, marks=[] if model in ("resnet18", "googlenet", "densenet121") else pytest.mark.slow)
        for model in CLASSIFIERS
    ],
)
def test_classifiers_are_torchvisions(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, net = both(monkeypatch, tmp_path, model)
    image = picture()
    outcome = ours.predict(Frame(image.copy()))
    assert isinstance(outcome, Classification)
    how = get_model_weights(model).DEFAULT.transforms()
    mean, std = torch.tensor(how.mean)[:, None, None], torch.tensor(how.std)[:, None, None]
    expected = how(Image.fromarray(image[:, :, ::-1].copy()))
    assert outcome.seen is not None
    seen = (torch.from_numpy(outcome.seen).float() / 255 - mean) / std
    # What it sees is what torchvision's preprocessing gives, to two grey levels; its answer is that to what it sees.
    assert float(((seen - expected) * std).abs().max()) <= 2.01 / 255
    with torch.no_grad():
        probabilities = net(seen[None]).softmax(1)[0].numpy()
    np.testing.assert_allclose(outcome.probabilities, probabilities, atol=2e-4, rtol=5e-3)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", [row.model for row in table() if row.task == "segmentation"])
def test_every_segmenter_is_torchvisions(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, net = both(monkeypatch, tmp_path, model)
    image = picture(240, 320)
    outcome = ours.predict(Frame(image.copy()))
    assert isinstance(outcome, ClassMap)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    rgb = torch.from_numpy(image[:, :, ::-1].copy()).float() / 255
    with torch.no_grad():
        expected = net(((rgb - mean) / std).permute(2, 0, 1)[None])["out"][0].argmax(0).numpy()
    assert (outcome.ids == expected).mean() > 0.98
