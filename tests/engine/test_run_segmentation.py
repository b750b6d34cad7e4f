"""Runs that name a class for every place decide without enlarging all scores, and decide the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from engine.datasets.spec import PreprocessSpec
from engine.gallery import open_network
from engine.gallery.base import Drawing
from engine.graph import edits
from engine.graph.spec import NetworkSpec
from engine.inference.class_ids import class_ids
from engine.inference.frame import Frame
from engine.inference.maps import ClassMap
from engine.inference.predictor import open_predictor
from engine.inference.shortened import before_enlarging
from engine.opencv import cv2
from engine.training.runs import load_run
from tests.helpers.run_folders import run_folder

SIDE = 64
COUNT = 12


def noise(height: int, width: int, count: int, blur: float, seed: int = 0) -> np.ndarray:
    """Scores (h, w, count) in which every class wins somewhere."""
    planes = np.random.default_rng(seed).normal(size=(count, height, width)).astype(np.float32)
    if blur:
        planes = np.stack([cv2.GaussianBlur(plane, (0, 0), blur) for plane in planes]) * 8
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


@pytest.mark.parametrize("blur", [0, 1, 2.5, 6])
@pytest.mark.parametrize(
    ("small", "large"), [((30, 40), (240, 320)), ((33, 17), (100, 100)), ((1, 9), (8, 90)), ((20, 20), (13, 9))]
)
def test_the_classes_are_those_of_all_maps_enlarged(
    blur: float, small: tuple[int, int], large: tuple[int, int]
) -> None:
    scores = noise(*small, 21, blur)
    planes = torch.from_numpy(scores).permute(2, 0, 1)[None]
    enlarged = interpolate(planes, large, mode="bilinear", align_corners=False)[0]
    assert (class_ids(scores, *large) == enlarged.argmax(0).numpy()).all()


def test_a_class_that_wins_only_between_two_places_is_found() -> None:
    # At both places another class is first; half way between them class 2 is, with 0.6 against 0.5.
    scores = np.array([[[1, 0, 0.6], [0, 1, 0.6]]], np.float32)
    ids = class_ids(scores, 1, 9)
    assert ids.tolist() == [[0, 0, 0, 0, 2, 1, 1, 1, 1]]
    one = np.zeros((4, 4, 3), np.float32)
    one[:, :, 2] = 1
    assert (class_ids(one, 9, 9) == 2).all()


def coarse(step: Any, like: bool = False, aux: bool = False) -> NetworkSpec:
    """Scores of an eighth of the size, which `step` enlarges; `aux` adds an output for training only."""
    net = Drawing("Coarse")
    start = net.input(3, SIDE, SIDE)
    small = net.chain(start, ("AvgPool2d", "pool", {"kernel_size": 8, "stride": 8}))
    last = net.node("Conv2d", "score", small, out_channels=COUNT, kernel_size=1)
    kind, params = step
    ends = {"output": net.node(kind, "enlarge", {"in": last, "like": start} if like else last, **params)}
    if aux:
        ends["aux"] = net.node("Conv2d", "side", small, out_channels=COUNT, kernel_size=1)
    return net.outputs(ends)


LIKE = ("UpsampleLike", {"mode": "bilinear"})
FACTOR = ("Upsample", {"mode": "bilinear", "scale_factor": 8})
CORNERS = ("Upsample", {"mode": "bilinear", "scale_factor": 8, "align_corners": True})
NEAREST = ("UpsampleLike", {"mode": "nearest"})


@pytest.mark.parametrize(
    ("network", "shorter"),
    [
        (coarse(LIKE, like=True), True),
        (coarse(FACTOR), True),
        (coarse(LIKE, like=True, aux=True), True),
        (coarse(CORNERS), False),
        (coarse(NEAREST, like=True), False),
    ],
)
def test_a_run_answers_as_its_whole_network_does(network: NetworkSpec, shorter: bool, tmp_path: Path) -> None:
    # A class for each of twelve directions from grey in which a colour may lie.
    towards = np.random.default_rng(1).normal(size=(COUNT, 3))
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    weights = {"score.weight": towards, "score.bias": -0.5 * towards.sum(axis=1)}
    run = run_folder(
        tmp_path / "r",
        network,
        "segmentation",
        tuple(f"class {number}" for number in range(1, COUNT)),
        preprocess=PreprocessSpec(channels=3, height=SIDE, width=SIDE),
        weights=weights,
    )
    image = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 4)
    image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
    predictor: Any = open_predictor(str(run), "cpu")
    outcome = predictor.predict(Frame(image))
    assert isinstance(outcome, ClassMap)
    whole = load_run(run, torch.device("cpu"))
    seen = torch.from_numpy(whole.preprocessor.picture(image[:, :, ::-1].copy()))[None]
    with torch.inference_mode():
        scores = whole.model(whole.preprocessor.normalise(seen))
    expected = (scores[0] if isinstance(scores, tuple) else scores)[0].argmax(0).numpy()
    assert len(np.unique(expected)) >= 4, "too little to compare"
    assert np.array_equal(outcome.ids, expected)
    # What serves training only, and the enlarging, are left out.
    assert predictor._run.names == ("output",)
    assert ("enlarge" in predictor._run.model._modules) is not shorter
    assert "side" not in predictor._run.model._modules


def test_known_networks_are_cut_before_their_last_step() -> None:
    for id in ("lraspp_mobilenet_v3_large", "deeplabv3_resnet50"):
        network = open_network(id, num_classes=3)
        network = edits.set_params(network, network.inputs[0].id, shape=(3, SIDE, SIDE))
        found = before_enlarging(network)
        assert found is not None
        assert found[1] == (SIDE, SIDE)
        assert "upsample" not in found[0].by_id
    assert before_enlarging(open_network("unet", num_classes=3)) is None
