"""A training that starts from a file of weights instead of random ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.cancel import CancelSource
from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.events import Event, Notice
from engine.graph import edits
from engine.graph.compile import compile_network
from engine.project.spec import ProjectSpec
from engine.training.job import TrainJob
from engine.training.start import start_from
from tests.helpers.small_project import small_project


def from_file(name: str) -> ProjectSpec:
    project = small_project()
    return project.with_(training=project.training.model_copy(update={"start_weights": name}))


def state_of(project: ProjectSpec, seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {key: value.clone() for key, value in compile_network(project.network).state_dict().items()}


def test_all_weights_of_the_file_are_the_start(tmp_path: Path) -> None:
    project = from_file("weights/start.safetensors")
    given = state_of(project, 7)
    (tmp_path / "weights").mkdir()
    save_file(given, tmp_path / "weights" / "start.safetensors")
    model = compile_network(project.network)
    told = start_from(model, project.network, "weights/start.safetensors", tmp_path)
    assert told.severity == "info"
    assert all(torch.equal(model.state_dict()[key], value) for key, value in given.items())


def test_a_run_begins_there_and_says_so(tmp_path: Path) -> None:
    project = from_file("start.safetensors")
    project = project.with_(
        training=project.training.model_copy(
            update={"epochs": 1, "optimiser": Choice(id="sgd", options={"learning_rate": 1e-7})}
        )
    )
    given = state_of(project, 7)
    save_file(given, tmp_path / "start.safetensors")
    events: list[Event] = []
    run = tmp_path / "runs" / "first"
    TrainJob(project, tmp_path, run)(events.append, CancelSource().token)
    assert any(isinstance(event, Notice) and "start.safetensors" in event.what for event in events)
    trained = load_file(run / "checkpoints" / "best.safetensors")
    assert all(torch.allclose(trained[key], value, atol=1e-3) for key, value in given.items())


def test_a_head_of_another_size_keeps_its_random_start_and_is_named(tmp_path: Path) -> None:
    project = small_project()
    save_file(state_of(project, 7), tmp_path / "start.safetensors")
    wide = edits.set_params(project.network, "linear1", out_features=26)
    told = start_from(compile_network(wide), wide, "start.safetensors", tmp_path)
    assert told.severity == "warning"
    assert "2 of 4" in told.what
    assert "linear1.weight has another size" in told.what


@pytest.mark.parametrize("name", ["../outside.safetensors", "/etc/passwd"])
def test_a_project_cannot_reach_for_files_elsewhere(name: str, tmp_path: Path) -> None:
    project = small_project()
    with pytest.raises(BadInput, match="outside"):
        start_from(compile_network(project.network), project.network, name, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    project = small_project()
    with pytest.raises(BadInput, match="gone"):
        start_from(compile_network(project.network), project.network, "gone.safetensors", tmp_path)
