"""Known segmentation networks in the loop: a few steps lower the loss, from random weights and from torchvision's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from engine.cancel import CancelSource
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.events import Event, Notice
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph.compile import compile_network
from engine.project.spec import ProjectSpec
from engine.training.evaluate import EvaluateJob
from engine.training.events import EpochDone
from engine.training.job import TrainJob
from engine.training.spec import TrainingSpec

SIDE = 48
CLASSES = 4  # background and three shapes


def project(network: str, weights: str = "", task: str = "segmentation", **options: Any) -> ProjectSpec:
    """Eight pictures, over and over, two at a time."""
    drawn = open_network(network, num_classes={"edges": 1, "normals": 3}.get(task, CLASSES), **options)
    return ProjectSpec(
        network,
        task=task,
        network=with_input(drawn, (3, SIDE, SIDE)),
        data=DataSpec(
            source=Choice(id="shapes", options={"count": 10, "height": SIDE, "width": SIDE}),
            split=SplitSpec(train=0.8, validation=0.2, test=0.0),
            preprocess=PreprocessSpec(height=SIDE, width=SIDE, channels=3, mean=(0.5,), std=(0.25,)),
        ),
        training=TrainingSpec(
            epochs=4,
            batch_size=4,
            optimiser=Choice(id="adam", options={"learning_rate": 0.001}),
            start_weights=weights,
            device="cpu",
        ),
    )


def train(made: ProjectSpec, root: Path) -> tuple[list[float], list[Event]]:
    """The training loss of every epoch, and all events."""
    events: list[Event] = []
    TrainJob(made, root, root / "runs" / "first")(events.append, CancelSource().token)
    return [event.train_loss for event in events if isinstance(event, EpochDone)], events


def with_torchvisions_weights(name: str, made: ProjectSpec, root: Path, **settings: Any) -> tuple[ProjectSpec, Notice]:
    """The project starting from a state dict as torchvision saves it, and what was said of it when it was taken up."""
    from engine.training.start import start_from

    torch.manual_seed(1)
    twin = torchvision.models.get_model(name, weights=None, weights_backbone=None, num_classes=CLASSES, **settings)
    torch.save(twin.state_dict(), root / "start.pth")
    given = made.with_(training=made.training.model_copy(update={"start_weights": "start.pth"}))
    model = compile_network(given.network)
    return given, start_from(model, given.network, "start.pth", root)


def test_lraspp_learns_from_random_weights_and_from_torchvisions(tmp_path: Path) -> None:
    losses, _ = train(project("lraspp_mobilenet_v3_large"), tmp_path / "random")
    assert losses[-1] < 0.7 * losses[0]
    root = tmp_path / "given"
    root.mkdir()
    given, told = with_torchvisions_weights("lraspp_mobilenet_v3_large", project("lraspp_mobilenet_v3_large"), root)
    assert told.severity == "info", told.what
    losses, events = train(given, root)
    assert any(isinstance(event, Notice) and "start.pth" in event.what for event in events)
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["fcn_resnet50", "deeplabv3_resnet50"])
def test_the_resnets_with_a_second_head_learn_from_random_weights_and_from_torchvisions(
    name: str, tmp_path: Path
) -> None:
    losses, events = train(project(name, aux=True), tmp_path / "random")
    assert losses[-1] < 0.7 * losses[0]
    terms = next(event for event in events if isinstance(event, EpochDone)).measures
    assert any("auxiliary" in name for name in terms)
    root = tmp_path / "given"
    root.mkdir()
    given, told = with_torchvisions_weights(name, project(name), root)
    assert told.severity == "info", told.what
    losses, _ = train(given, root)
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
def test_the_papers_fcn_learns(name: str, tmp_path: Path) -> None:
    losses, _ = train(project(name, width=0.06), tmp_path)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("task", ["segmentation", "edges", "normals"])
def test_pixelnet_learns_every_task_at_sampled_pixels(task: str, tmp_path: Path) -> None:
    made = project("pixelnet", task=task, width=0.06, drop=0.0, normalised=True)
    losses, events = train(made.with_(task_options={"pixels": 200}), tmp_path)
    assert losses[-1] < 0.95 * losses[0]
    last = [event for event in events if isinstance(event, EpochDone)][-1]
    assert f"val_{_headline(task)}" in last.measures


def _headline(task: str) -> str:
    from engine.tasks.base import TASKS

    return TASKS.get(task).headline


def test_a_run_is_measured_with_tables_curves_and_examples(tmp_path: Path) -> None:
    made = project("unet", padded=True, normalised=True, width=4, depth=2)
    made = made.with_(data=made.data.model_copy(update={"split": SplitSpec(train=0.4, validation=0.2, test=0.4)}))
    train(made, tmp_path)
    told = EvaluateJob(tmp_path / "runs" / "first", tmp_path)(lambda event: None, CancelSource().token)
    assert told.count == 4
    assert set(told.measures) == {"loss", "mean_iou", "dice", "pixel_accuracy"}
    assert told.report.matrix is not None
    assert told.report.matrix.counts.sum() == 4 * SIDE * SIDE
    assert [row[0] for row in told.report.tables[0].rows] == ["background", "circle", "square", "triangle"]
    assert len(told.report.examples) == 4
    assert told.report.examples[0].image.shape == (SIDE, 3 * SIDE + 4, 3)


def test_an_autoencoder_takes_noise_out_of_small_digits(tmp_path: Path) -> None:
    made = ProjectSpec(
        "Digits",
        task="denoising",
        network=with_input(open_network("denoising_autoencoder", size=8, width=8), (1, 8, 8)),
        data=DataSpec(preprocess=PreprocessSpec(height=8, width=8, mean=(0.5,), std=(0.5,))),
        training=TrainingSpec(
            epochs=3, batch_size=32, optimiser=Choice(id="adam", options={"learning_rate": 0.01}), device="cpu"
        ),
    )
    losses, events = train(made, tmp_path)
    assert losses[-1] < 0.6 * losses[0]
    epochs = [event.measures for event in events if isinstance(event, EpochDone)]
    assert epochs[-1]["val_psnr"] > epochs[0]["val_psnr"] + 1
    assert epochs[-1]["val_psnr_given"] == epochs[0]["val_psnr_given"], "the same noise every time"
    told = EvaluateJob(tmp_path / "runs" / "first", tmp_path)(lambda event: None, CancelSource().token)
    assert told.measures["psnr"] == pytest.approx(told.measures["psnr_given"] + told.measures["gain"])
