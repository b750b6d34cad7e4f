"""Regions without learned features: exact on pictures that are easy, and runs on pictures that are less so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.baselines.job import BaselineJob
from engine.baselines.regions import described, matched, parts_of
from engine.baselines.spec import RegionBaseline
from engine.cancel import CancelSource
from engine.datasets.annotation import IGNORE
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.inference.frame import Frame
from engine.inference.maps import ClassMap
from engine.inference.predictor import open_predictor
from engine.project.spec import ProjectSpec
from engine.training.evaluate import EvaluateJob
from engine.training.runs import run_info


def _flag() -> tuple[np.ndarray, np.ndarray]:
    """A red and a green square on grey, uint8 (3, 40, 40), and which is which."""
    picture, regions = np.full((3, 40, 40), 60, np.uint8), np.zeros((40, 40), np.uint8)
    picture[:, 5:15, 5:15], regions[5:15, 5:15] = np.array([250, 20, 20])[:, None, None], 1
    picture[:, 22:36, 20:34], regions[22:36, 20:34] = np.array([20, 250, 20])[:, None, None], 2
    return picture, regions


def test_clusters_of_plain_colours_are_the_regions() -> None:
    picture, regions = _flag()
    parts = parts_of(picture, RegionBaseline(method="kmeans", clusters=3))
    assert len(set(zip(parts.reshape(-1).tolist(), regions.reshape(-1).tolist(), strict=True))) == 3
    assert (matched(parts, regions, 3)[parts] == regions).all()
    np.testing.assert_array_equal(parts, parts_of(picture, RegionBaseline(method="kmeans", clusters=3)))


def test_flooding_divides_objects_that_touch() -> None:
    y, x = np.mgrid[:60, :90]
    discs = ((y - 30) ** 2 + (x - 30) ** 2 < 400) | ((y - 30) ** 2 + (x - 62) ** 2 < 400)
    picture = np.where(discs, 230, 20).astype(np.uint8)[None]
    parts = parts_of(picture, RegionBaseline(method="watershed"))
    assert parts[30, 30] != parts[30, 62]
    assert parts[0, 0] not in (parts[30, 30], parts[30, 62])
    truth = np.where(discs, np.where(x < 46, 1, 2), 0)
    found = matched(parts, truth.astype(np.uint8), 3)[parts]
    assert (found == truth).mean() > 0.97


def test_matching_looks_past_unlabelled_pixels() -> None:
    parts = np.repeat(np.arange(4), 10).reshape(4, 10)
    regions = np.full((4, 10), IGNORE, np.uint8)
    regions[0], regions[1, :5], regions[2] = 1, 0, 1
    assert matched(parts, regions, 2).tolist() == [1, 0, 1, -1]


def test_descriptions() -> None:
    picture, regions = _flag()
    told = described(picture, regions.astype(np.int64))
    assert told.shape == (3, 6)
    assert told[:, 4].tolist() == pytest.approx([(1600 - 296) / 1600, 100 / 1600, 196 / 1600])
    assert told[:, 5].tolist() == [1, 0, 0]
    assert told[:, 3].tolist() == pytest.approx([0, 0, 0], abs=1e-6)


@pytest.mark.parametrize("method", ["kmeans", "watershed"])
def test_a_run_is_measured_and_opens_like_any_other(method: str, tmp_path: Path) -> None:
    data = DataSpec(
        source=Choice(id="shapes", options={"count": 120, "height": 64, "width": 64}),
        preprocess=PreprocessSpec(height=64, width=64, channels=3),
    )
    run_dir = tmp_path / "run"
    project = ProjectSpec("Shapes", "segmentation", data=data)
    job = BaselineJob(project, tmp_path, RegionBaseline(method=method), run_dir)
    job(lambda event: None, CancelSource().token)
    info = run_info(run_dir)
    assert (info.task, info.status, info.headline) == ("segmentation", "finished", "mean_iou")
    # Calling everything background would be right about its pixels, and about nothing else.
    assert info.test["mean_iou"] > 0.3
    evaluation = EvaluateJob(run_dir, tmp_path)(lambda event: None, CancelSource().token)
    assert dict(evaluation.measures) == pytest.approx(dict(info.test))
    answer = open_predictor(str(run_dir), "cpu").predict(Frame(np.full((30, 40, 3), 90, np.uint8)))
    assert isinstance(answer, ClassMap)
