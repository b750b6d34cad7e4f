"""The samples with an answer for every pixel: what they are, how long they take and how good they become."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.graph.analyse import analyse
from engine.paths import resources
from engine.project.store import load_project
from tests.helpers.dense_samples import SAMPLES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", list(SAMPLES))
def test_the_samples_are_drawn_without_errors_and_laid_out(name: str) -> None:
    project = load_project(resources() / "samples" / name)
    assert not analyse(project.network).errors
    assert len({node.position for node in project.network.nodes}) == len(project.network.nodes)


def test_edges_and_normals_are_learned_by_one_network_but_for_the_last_layer() -> None:
    edges, normals = (SAMPLES[name]().network for name in ("shapes_edges", "shapes_normals"))
    differing = [one.id for one, other in zip(edges.nodes, normals.nodes, strict=True) if one != other]
    assert differing == ["mlp"]


def _train(name: str, out: Path) -> tuple[list[dict[str, Any]], float]:
    """The lines that the command prints, and the seconds it takes."""
    command = [sys.executable, "main.py", "train", str(resources() / "samples" / name), "--json", "--out", str(out)]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    begun = time.monotonic()
    done = subprocess.run(
        [*command, "--seed", "0", "--device", "cpu"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    took = time.monotonic() - begun
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{name}: {lines[-1]['test']}, {took:.0f} s")  # noqa: T201 - the figures are worth seeing
    return lines, took


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_u_net_cuts_out_shapes_within_four_minutes(tmp_path: Path) -> None:
    lines, took = _train("shapes_segmentation", tmp_path / "run")
    test = lines[-1]["test"]
    assert test["mean_iou"] >= 0.90
    assert test["dice"] >= 0.94
    assert took < 240


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pixelnet_traces_edges_within_four_minutes(tmp_path: Path) -> None:
    lines, took = _train("shapes_edges", tmp_path / "run")
    assert lines[-1]["test"]["ods"] >= 0.90
    assert took < 240


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pixelnet_feels_surfaces_within_four_minutes(tmp_path: Path) -> None:
    """Four fifths of the pixels are flat ground, so that the median alone says little.

    An answer that is flat everywhere has a median of 0°, a mean of 7.3° and is 53° off on the solids.
    """
    lines, took = _train("shapes_normals", tmp_path / "run")
    test = lines[-1]["test"]
    assert test["median_angle"] <= 10
    assert test["median_slanted"] <= 10
    assert test["mean_angle"] <= 5
    assert test["within_22.5"] >= 0.90
    assert took < 240


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_noise_is_taken_out_of_digits_within_a_minute(tmp_path: Path) -> None:
    lines, took = _train("denoising", tmp_path / "run")
    test = lines[-1]["test"]
    assert test["gain"] >= 4
    assert test["psnr"] == pytest.approx(test["psnr_given"] + test["gain"], abs=1e-6)
    assert took < 60
