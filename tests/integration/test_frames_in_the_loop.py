"""Clips and volumes in the one loop: trained, shown while they train, measured, gone on with, and asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.spec import Choice, DataSpec
from engine.errors import BadInput
from engine.events import Cancelled, Event
from engine.gallery import open_network
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.inference.frame import Frame
from engine.inference.predictor import open_predictor
from engine.job import run_job
from engine.project.spec import ProjectSpec
from engine.training.evaluate import EvaluateJob
from engine.training.events import EpochDone, SamplePredictions
from engine.training.job import TrainJob
from engine.training.runs import load_run
from engine.training.spec import TrainingSpec
from tests.helpers.trained_samples import trained
from tests.helpers.training import same_bits


def project(source: str, network: NetworkSpec, **options: object) -> ProjectSpec:
    return ProjectSpec(
        task="sequence",
        network=network,
        data=DataSpec(source=Choice(id=source, options={"count": 48, **options})),
        training=TrainingSpec(epochs=2, batch_size=16, device="cpu"),
    )


def clips() -> ProjectSpec:
    network = open_network("cnn_lstm", length=3, in_channels=1, size=8, num_classes=2, features=8, hidden=8)
    return project("moving_shapes", network, frames=3, size=8, kinds="left, right")


def volumes() -> ProjectSpec:
    return project("solids", open_network("voxnet", size=12, num_classes=4), size=12)


@pytest.mark.parametrize("name", ["clips", "volumes"])
def test_stopped_and_resumed_is_as_never_stopped(name: str, tmp_path: Path) -> None:
    drawn, token = {"clips": clips, "volumes": volumes}[name](), CancelSource().token
    heard: list[Event] = []
    whole = TrainJob(drawn, tmp_path, tmp_path / "runs" / "whole")(heard.append, token)
    (shown, *_) = [event for event in heard if isinstance(event, SamplePredictions)]
    # Three frames side by side, and three cuts in two rows, with gaps of two pixels.
    size = {"clips": (8 + 4, 3 * 8 + 8), "volumes": (2 * 12 + 6, 2 * 12 + 6)}[name]
    assert {sketch.image.shape for sketch in shown.samples} == {size}
    assert {sketch.image.dtype for sketch in shown.samples} == {np.dtype(np.uint8)}
    assert max(int(sketch.image.max()) for sketch in shown.samples) > 100, "as bright as it was drawn"

    source = CancelSource()

    def stop_after_one(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 1:
            source.cancel()

    folder = tmp_path / "runs" / "parts"
    assert run_job(TrainJob(drawn, tmp_path, folder), stop_after_one, source.token) == Cancelled()
    TrainJob(drawn, tmp_path, folder, resume=True)(heard.append, token)
    states = [load_run(tmp_path / "runs" / each).model.state_dict() for each in ("whole", "parts")]
    assert same_bits(states[0], states[1])
    evaluated = EvaluateJob(folder, tmp_path)(heard.append, token)
    assert evaluated.measures["accuracy"] == pytest.approx(whole.test["accuracy"], abs=1e-4)
    assert evaluated.report.matrix is not None
    assert evaluated.report.examples[0].image.ndim == 2


def test_a_network_for_other_clips_is_refused_with_both_shapes(tmp_path: Path) -> None:
    wrong = clips().with_(network=open_network("cnn_lstm", length=4, in_channels=1, size=8, num_classes=2))
    with pytest.raises(BadInput, match=r"The data is 3×1×8×8 and the network's input 'input' takes 4×1×8×8"):
        TrainJob(wrong, tmp_path, tmp_path / "run")(lambda event: None, CancelSource().token)


def test_a_network_with_three_dimensional_kernels_reads_clips(tmp_path: Path) -> None:
    """Also where pictures would be laid out pixel by pixel, which weights of five axes cannot be."""
    net = Drawing("Slices of time")
    last = net.chain(
        net.input(3, 1, 8, 8), ("Permute", "turn", {"dims": (2, 1, 3, 4)}), ("Conv3d", "conv", {"out_channels": 2}),
        ("Flatten", "flatten"), ("Linear", "fc", {"out_features": 2}),
    )  # fmt: skip
    drawn = clips().with_(network=net.output(last))
    drawn = drawn.with_(training=drawn.training.model_copy(update={"epochs": 1, "channels_last": True}))
    TrainJob(drawn, tmp_path, tmp_path / "runs" / "one")(lambda event: None, CancelSource().token)
    predictor = open_predictor(str(tmp_path / "runs" / "one"), "cpu")
    answers = [predictor.predict(Frame(np.full((20, 20, 3), value, np.uint8))).plain() for value in (10, 90, 200)]
    assert ["label" in answer for answer in answers] == [False, False, True]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_cnn_and_an_lstm_tell_how_shapes_move(tmp_path: Path) -> None:
    lines = trained("clips", tmp_path / "run", seconds=150)
    assert lines[-1]["test"]["accuracy"] >= 0.9


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_voxnet_tells_solids_apart(tmp_path: Path) -> None:
    drawn = project("solids", open_network("voxnet", size=16, num_classes=4), count=1000)
    settings = TrainingSpec(
        epochs=12,
        batch_size=32,
        device="cpu",
        threads=1,
        optimiser=Choice(id="adam", options={"learning_rate": 0.003}),
        schedule=Choice(id="one_cycle"),
    )
    done = TrainJob(drawn.with_(training=settings), tmp_path, tmp_path / "run")(
        lambda event: None, CancelSource().token
    )
    assert done.test["accuracy"] >= 0.93
