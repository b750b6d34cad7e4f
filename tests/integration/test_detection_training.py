"""Every kind of detector learns in the same loop, from random weights and from a file of torchvision's."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torchvision.models import detection

from engine.cancel import CancelSource
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.events import Event, Notice
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.training.events import RunSummary
from engine.training.job import TrainJob
from engine.training.spec import TrainingSpec

SIDE = 64
SHAPES = "circle, square, triangle"
FEW = {"proposals": 30, "detections": 10}
NETWORKS: dict[str, dict[str, Any]] = {
    "yolo_small": {"num_classes": 3, "channels": 16},
    "detr_small": {"num_classes": 3, "width": 32, "hidden": 64},
    "ssdlite320_mobilenet_v3_large": {"num_classes": 4, "detections": 10},
    "retinanet_resnet50_fpn": {"num_classes": 3, "detections": 10},
    "fasterrcnn_resnet50_fpn": {"num_classes": 4, **FEW},
    "maskrcnn_resnet50_fpn": {"num_classes": 4, **FEW},
}
SMALL = ("yolo_small", "detr_small")
RATES = {"retinanet_resnet50_fpn": 1e-4, "fasterrcnn_resnet50_fpn": 1e-4, "maskrcnn_resnet50_fpn": 1e-4}
LARGE = [id for id in NETWORKS if id not in SMALL]


def network(id: str) -> NetworkSpec:
    return with_input(open_network(id, **NETWORKS[id]), (3, SIDE, SIDE))


def project(id: str, task: str = "detection", *, epochs: int = 4, count: int = 12, **training: Any) -> ProjectSpec:
    """Twelve pictures of 64×64, nearly all of them to learn from."""
    source = {"count": count, "height": SIDE, "width": SIDE, "shapes": SHAPES, "objects": 2}
    return ProjectSpec(
        "Detector",
        task=task,
        network=network(id),
        data=DataSpec(
            source=Choice(id="shapes", options=source),
            split=SplitSpec(train=0.7, validation=0.15, test=0.15),
            preprocess=PreprocessSpec(height=SIDE, width=SIDE, channels=3, mean=(0.5,), std=(0.25,)),
        ),
        training=TrainingSpec(
            **{
                "epochs": epochs,
                "batch_size": 4,
                "optimiser": Choice(id="adam", options={"learning_rate": RATES.get(id, 5e-4)}),
                "clip_norm": 10.0,
                "device": "cpu",
                **training,
            }
        ),
    )


def trained(made: ProjectSpec, folder: Path) -> tuple[list[float], RunSummary, list[Event]]:
    """The training losses of the epochs, and how it ended."""
    events: list[Event] = []
    summary = TrainJob(made, folder, folder / "run")(events.append, CancelSource().token)
    with (folder / "run" / "metrics.csv").open(newline="") as file:
        losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
    assert np.isfinite(losses).all()
    return losses, summary, events


@pytest.mark.parametrize("id", SMALL)
def test_small_detectors_learn(id: str, tmp_path: Path) -> None:
    losses, summary, _ = trained(project(id, epochs=8), tmp_path)
    assert losses[-1] < 0.9 * losses[0]
    assert {"loss", "map", "map50"} <= set(summary.test)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("id", LARGE)
def test_torchvisions_detectors_learn_from_random_weights(id: str, tmp_path: Path) -> None:
    losses, summary, _ = trained(project(id), tmp_path)
    assert losses[-1] < 0.9 * losses[0]
    assert "map" in summary.test


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mask_rcnn_learns_masks(tmp_path: Path) -> None:
    losses, summary, _ = trained(project("maskrcnn_resnet50_fpn", "instances"), tmp_path)
    assert losses[-1] < 0.9 * losses[0]
    assert {"mask_map", "map"} <= set(summary.test)
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    masks = [float(row["train_loss_masks"]) for row in rows]
    assert masks[-1] < masks[0]
    assert {f"train_loss_{name}" for name in ("objectness", "proposals", "classes", "boxes")} <= set(rows[0])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("id", LARGE)
def test_torchvisions_detectors_learn_from_torchvisions_weights(id: str, tmp_path: Path) -> None:
    """The file is the state dict of torchvision's own module, under torchvision's names."""
    torch.manual_seed(7)
    theirs = getattr(detection, id)(weights=None, weights_backbone=None, num_classes=NETWORKS[id]["num_classes"])
    save_file({name: one.contiguous() for name, one in theirs.state_dict().items()}, tmp_path / "given.safetensors")
    start = {"start_weights": "given.safetensors"}
    losses, _, events = trained(project(id, **start), tmp_path)
    assert losses[-1] < 0.9 * losses[0]
    told = next(event for event in events if isinstance(event, Notice) and "given.safetensors" in event.what)
    assert told.severity == "info"
    size = len(theirs.state_dict())
    assert f"{size:,} of {size:,} weights taken" in told.what


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_weights_of_a_file_are_where_the_training_begins(tmp_path: Path) -> None:
    torch.manual_seed(7)
    theirs = detection.fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=4)
    torch.save(theirs.state_dict(), tmp_path / "given.pth")
    still = Choice(id="sgd", options={"learning_rate": 1e-9})
    made = project("fasterrcnn_resnet50_fpn", epochs=1, count=8, optimiser=still, start_weights="given.pth")
    trained(made, tmp_path)
    after = load_file(tmp_path / "run" / "checkpoints" / "best.safetensors")
    for ours, name in (("box_head.fc6.weight", "roi_heads.box_head.fc6.weight"), ("rpn.head.conv.weight", None)):
        expected = theirs.state_dict()[name or "rpn.head.conv.0.0.weight"]
        torch.testing.assert_close(after[ours], expected, atol=1e-5, rtol=0)
