"""Run folders without training: a network with weights that are set by hand or drawn, and everything beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.frozen import FrozenDict
from engine.graph.compile import compile_network
from engine.graph.spec import NetworkSpec
from engine.training.checkpoint import save_best
from engine.training.run_folder import RunConfig, write_config
from engine.training.spec import TrainingSpec


def run_folder(
    folder: Path,
    network: NetworkSpec,
    task: str,
    classes: tuple[str, ...] = (),
    *,
    preprocess: PreprocessSpec | None = None,
    source: Choice | None = None,
    options: Mapping[str, Any] | None = None,
    weights: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run.

    Args:
        weights: values by the name of the weight, such as {"conv.weight": ...}; the others are drawn by seed 0.
    """
    torch.manual_seed(0)
    state = compile_network(network).state_dict()
    for name, value in (weights or {}).items():
        state[name] = torch.as_tensor(value, dtype=state[name].dtype).reshape(state[name].shape)
    data = DataSpec(source=source or Choice(id="digits"), preprocess=preprocess or PreprocessSpec())
    (folder / "checkpoints").mkdir(parents=True)
    config = RunConfig(
        "Test", task, classes, data, TrainingSpec(device="cpu"), task_options=FrozenDict(dict(options or {}))
    )
    write_config(folder, network, config)
    save_best(folder, state)
    return folder
