"""`predict` with runs of other tasks and with trained models, in the JSON that is promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.datasets.spec import PreprocessSpec
from engine.opencv import cv2
from tests.engine.test_run_predictors import RED, pixelwise
from tests.helpers.run_folders import run_folder

ROOT = Path(__file__).resolve().parents[2]


def predict(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "VITRINE_HOME": str(home), "TORCH_HOME": str(home / "torch")}
    return subprocess.run(
        [sys.executable, "main.py", "predict", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_shares_of_classes_come_as_json_and_the_picture_is_saved(tmp_path: Path) -> None:
    image = np.full((60, 120, 3), 90, np.uint8)
    image[:, 60:] = (0, 0, 255)
    (tmp_path / "in").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), image)
    preprocess = PreprocessSpec(channels=3, height=64, width=64)
    run = run_folder(tmp_path / "r", pixelwise(2), "segmentation", ("patch",), preprocess=preprocess, weights=RED)
    arguments = ("--model", str(run), "--source", str(tmp_path / "in"), "--save", str(tmp_path / "out"), "--json")
    done = predict(tmp_path / "home", *arguments)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(line) for line in lines] == [["frame", "name", "time_ms", "classes"]] * 2
    assert lines[0]["classes"] == pytest.approx({"background": 0.5, "patch": 0.5}, abs=0.02)
    saved = cv2.imread(str(tmp_path / "out" / "0.png"))
    assert (saved[:, :55] == 90).all()
    assert (saved[:, 65:] != image[:, 65:]).any(axis=2).all()
    words = predict(tmp_path / "home", *arguments[:4])
    assert "background 50.0 %, patch 50.0 %" in words.stdout


def test_missing_weights_are_bad_input_in_two_sentences(tmp_path: Path) -> None:
    done = predict(tmp_path / "home", "--model", "torchvision:fcn_resnet50", "--source", "camera:0", "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "fcn_resnet50_coco-1167a1af.pth, 135 MiB) are not on this computer." in done.stderr
    assert str(tmp_path / "home") in done.stderr
