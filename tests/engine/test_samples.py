"""Every sample on the start page opens as a project whose network fits its task and its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cancel import CancelSource
from engine.datasets.base import DATASETS, parse_source
from engine.datasets.drawn_series import DrawnSeries
from engine.graph.analyse import analyse
from engine.project.samples import SAMPLES, Sample, available
from engine.project.store import load_project
from engine.project.suiting import unsuited
from engine.tasks.base import TASKS


def test_all_samples_are_there() -> None:
    assert available() == SAMPLES


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_a_sample_can_be_trained_as_it_is(sample: Sample, tmp_path: Path) -> None:
    project = load_project(sample.folder)
    task, source = TASKS.get(project.task), DATASETS.get(project.data.source.id)
    assert task.kind == source.kind
    found = parse_source(project.data.source).load(tmp_path, lambda event: None, CancelSource().token)
    assert set(task.needs) <= set(found.gives)
    analysis = analyse(project.network)
    assert not analysis.errors
    assert unsuited(project, analysis, len(found.classes)) is None
    if source.kind != "pictures":
        drawn = DrawnSeries(found)  # type: ignore[arg-type]
        assert drawn.picture(0).ndim == 3
