"""Pairs, sequences, texts and made pictures in the one training loop: exact to the bit when stopped and resumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cancel import CancelSource
from engine.datasets.spec import Choice
from engine.events import Cancelled, Event
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.job import run_job
from engine.project.spec import ProjectSpec
from engine.training.evaluate import EvaluateJob
from engine.training.events import EpochDone, SamplePredictions
from engine.training.job import TrainJob
from engine.training.runs import load_run
from tests.helpers.sequence_samples import SAMPLES, writer
from tests.helpers.training import same_bits

FEWER = {
    "waves": {"count": 60, "length": 32},
    "forecast": {"course": "sines", "length": 500, "every": 8},
    "one_shot": {"turns": True},
    "generation": {},
    "text": {"length": 32, "every": 64},
}
SMALLER = {
    "waves": lambda: open_network("gru", length=32, features=1, hidden=4, num_classes=5),
    "forecast": lambda: open_network("lstm", length=48, features=1, hidden=4, num_classes=12),
    "one_shot": lambda: with_input(open_network("siamese", embedding=4), (1, 8, 8)),
    "generation": lambda: open_network("dcgan", part="both", size=16, width=2, in_channels=1, latent=4),
    "text": lambda: writer(32, 53, 4, 8),
}
MEASURES = {
    "waves": "accuracy",
    "forecast": "skill_linear",
    "one_shot": "n_way_accuracy",
    "generation": "pixel_distance",
    "text": "perplexity",
}


def smaller(name: str) -> ProjectSpec:
    """The sample with little data, a tiny network and two epochs."""
    project = SAMPLES[name]()
    data = project.data.model_copy(update={"source": Choice(id=project.data.source.id, options=FEWER[name])})
    if name == "one_shot":
        size = data.preprocess.model_copy(update={"height": 8, "width": 8})
        data = data.model_copy(update={"preprocess": size})
    options = {**project.task_options, **({"episodes": 20} if name == "one_shot" else {})}
    options |= {"length": 20} if name == "text" else {}
    training = project.training.model_copy(update={"epochs": 2, "batch_size": 512 if name == "one_shot" else 64})
    return project.with_(
        network=SMALLER[name](), data=data, training=training, task_options=type(project.task_options)(options)
    )


@pytest.mark.parametrize("name", list(FEWER))
def test_stopped_and_resumed_is_as_never_stopped(name: str, tmp_path: Path) -> None:
    project, token = smaller(name), CancelSource().token
    heard: list[Event] = []
    whole = TrainJob(project, tmp_path, tmp_path / "runs" / "whole")(heard.append, token)
    assert any(isinstance(event, SamplePredictions) for event in heard)

    source = CancelSource()

    def stop_after_one(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 1:
            source.cancel()

    folder = tmp_path / "runs" / "parts"
    assert run_job(TrainJob(project, tmp_path, folder), stop_after_one, source.token) == Cancelled()
    resumed = TrainJob(project, tmp_path, folder, resume=True)(heard.append, token)
    assert resumed.test == whole.test
    states = [load_run(tmp_path / "runs" / each).model.state_dict() for each in ("whole", "parts")]
    assert same_bits(states[0], states[1])

    evaluated = EvaluateJob(folder, tmp_path)(heard.append, token)
    assert evaluated.measures[MEASURES[name]] == pytest.approx(whole.test[MEASURES[name]], abs=1e-4)
    assert evaluated.report.examples
    assert len(evaluated.report.words) == (24 if name == "text" else 0)
