"""A whole project as one frozen value; undo and redo swap these. Never imports torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from engine.datasets.spec import DataSpec
from engine.frozen import FrozenDict
from engine.graph.spec import NetworkSpec
from engine.training.spec import TrainingSpec


@dataclass(frozen=True)
class ProjectSpec:
    """Network, data and training settings. Runs and copied pictures lie beside it in the project's folder."""

    name: str = "Untitled"
    task: str = "classification"
    network: NetworkSpec = field(default_factory=NetworkSpec)
    data: DataSpec = field(default_factory=DataSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    task_options: FrozenDict = field(default_factory=FrozenDict)

    def with_(self, **changes: Any) -> ProjectSpec:
        return replace(self, **changes)
