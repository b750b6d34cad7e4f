"""Runs of every task look at frames: what they find lies where it is in the frame, however the picture was fitted."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.preprocess import Preprocessor
from engine.datasets.spec import Choice, PreprocessSpec
from engine.errors import BadInput
from engine.gallery import open_network
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.inference.detections import Detections, Labels
from engine.inference.frame import Frame
from engine.inference.maps import ClassMap, EdgeMap, NormalMap, Restored
from engine.inference.masks import instance_ids
from engine.inference.predictor import open_predictor
from engine.inference.run_base import on_frame
from engine.inference.run_thresholds import listen_to_threshold
from engine.inference.stream import predict_stream
from engine.opencv import cv2
from tests.helpers.run_folders import run_folder

SIDE = 64
COLOUR = {"channels": 3, "height": SIDE, "width": SIDE}
BOX = (120, 40, 200, 90)  # of the red patch, in pixels of the frame
WIDTH, HEIGHT = 320, 160


def scene() -> Frame:
    """Grey, with a red patch right of the middle."""
    image = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
    x1, y1, x2, y2 = BOX
    image[y1:y2, x1:x2] = (0, 0, 255)
    return Frame(image)


def pixelwise(channels: int, side: int = SIDE, steps: tuple[Any, ...] = ()) -> NetworkSpec:
    """Each pixel's own linear answer."""
    net = Drawing("Pixelwise")
    last = net.input(3, side, side)
    last = net.chain(last, ("Conv2d", "conv", {"out_channels": channels, "kernel_size": 1}), *steps)
    return net.output(last)


# Class 1 wins where red exceeds green by half: 4·(r − g) − 2 against 0.
RED = {"conv.weight": [[0, 0, 0], [4, -4, 0]], "conv.bias": [0, -2]}


def answer(run: Path, frame: Frame) -> Any:
    predictor = open_predictor(str(run), "cpu")
    outcome = predictor.predict(frame)
    assert outcome.plain()
    return outcome


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_regions_lie_where_they_are_in_the_frame(fit: str, tmp_path: Path) -> None:
    preprocess = PreprocessSpec(**COLOUR, fit=fit)
    run = run_folder(
        tmp_path / "r", pixelwise(2), "segmentation", ("patch",), preprocess=preprocess, weights=RED
    )  # fmt: skip
    outcome = answer(run, scene())
    assert isinstance(outcome, ClassMap)
    assert outcome.classes == ("background", "patch")
    x1, y1, x2, y2 = outcome.area
    whole = {"crop": (80, 0, 240, 160)}.get(fit, (0, 0, WIDTH, HEIGHT))
    assert outcome.area == pytest.approx(whole, abs=1)
    # Back at the frame's size, it is the patch, but for one pixel of the map around it.
    size = (round(x2 - x1), round(y2 - y1))
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    large = cv2.resize(outcome.ids, size, interpolation=cv2.INTER_NEAREST)
    found[round(y1) : round(y2), round(x1) : round(x2)] = large
    rows, columns = np.nonzero(found)
    step = max(size[0] / outcome.ids.shape[1], size[1] / outcome.ids.shape[0])
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert edges == pytest.approx(BOX, abs=step + 1)
    share = outcome.plain()["classes"]["patch"]
    part = (BOX[2] - BOX[0]) * (BOX[3] - BOX[1]) / (size[0] * size[1])
    assert share == pytest.approx(part, abs=0.03)


def test_maps_of_the_middle_only_lie_in_the_middle(tmp_path: Path) -> None:
    network = pixelwise(2, steps=(("Crop", "crop", {"margin": 8}),))
    run = run_folder(
        tmp_path / "r", network, "segmentation", ("patch",), preprocess=PreprocessSpec(**COLOUR), weights=RED
    )
    outcome = answer(run, scene())
    assert outcome.area == pytest.approx((40, 20, 280, 140), abs=0.01)


def test_bars_are_cut_off_and_middles_placed() -> None:
    values = np.arange(64 * 64).reshape(64, 64)
    padded = Preprocessor(PreprocessSpec(**COLOUR, fit="pad"))
    part, area = on_frame(values, padded.placement((HEIGHT, WIDTH)), scene())
    assert part.shape == (32, 64)
    assert part[0, 0] == 16 * 64
    assert area == (0, 0, WIDTH, HEIGHT)
    cropped = Preprocessor(PreprocessSpec(**COLOUR, fit="crop"))
    part, area = on_frame(values[::2, ::2], cropped.placement((HEIGHT, WIDTH)), scene())
    assert part.shape == (32, 32)
    assert area == (80, 0, 240, 160)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_boxes_come_back_in_pixels_of_the_frame(fit: str, tmp_path: Path) -> None:
    preprocess = PreprocessSpec(**COLOUR, fit=fit)
    run = run_folder(tmp_path / "r", _detector(), "detection", ("patch", "other"), preprocess=preprocess)
    predictor: Any = open_predictor(str(run), "cpu")
    predictor._task = _Finder()
    outcome = predictor.predict(scene())
    assert isinstance(outcome, Detections)
    assert len(outcome) == 1  # padding and what lies in the bars are left out
    assert outcome.boxes[0] == pytest.approx(BOX, abs=6)
    assert outcome.label(0) == "patch"
    predictor.threshold = 0.95
    assert not len(predictor.predict(scene()))


class _Finder:
    """Stands in for the task: the box of what is red in the network's own picture, and rows of padding."""

    def decode(self, outputs: Any, batch: Any) -> dict[str, Any]:
        import torch

        red = (batch.inputs[0][0, 0] - batch.inputs[0][0, 1]) > 0.5
        rows, columns = torch.nonzero(red.any(1))[:, 0], torch.nonzero(red.any(0))[:, 0]
        box = [0.0, 0.0, 1.0, 1.0]
        if len(rows):
            box = [float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1]
        masks = torch.zeros(1, 3, *batch.inputs[0].shape[2:])
        masks[0, 0] = red.float()
        boxes = torch.tensor([[box, [0, -50, 5, -40], [0, 0, 0, 0]]])
        labels = torch.tensor([[0, 1, -1]])
        return {"boxes": boxes, "scores": torch.tensor([[0.9, 0.8, 0.0]]), "labels": labels, "masks": masks}


def _detector() -> NetworkSpec:
    return open_network("yolo_small", num_classes=2, channels=16)


@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_masks_of_the_whole_picture_become_masks_of_their_boxes(fit: str, tmp_path: Path) -> None:
    preprocess = PreprocessSpec(**COLOUR, fit=fit)
    run = run_folder(tmp_path / "r", _detector(), "detection", ("patch", "other"), preprocess=preprocess)
    predictor: Any = open_predictor(str(run), "cpu")
    predictor._task = _Finder()
    outcome = predictor.predict(scene())
    assert outcome.masks is not None
    assert outcome.masks.shape == (1, 28, 28)
    there = instance_ids(outcome, HEIGHT, WIDTH) > 0
    rows, columns = np.nonzero(there)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert edges == pytest.approx(BOX, abs=6)
    assert there.mean() == pytest.approx(80 * 50 / (WIDTH * HEIGHT), rel=0.2)


@pytest.mark.parametrize("id", ["ssdlite320_mobilenet_v3_large", "yolo_small"])
def test_a_real_detector_tells_its_layers_the_threshold_and_finds_the_same_from_there_on(
    id: str, tmp_path: Path
) -> None:
    network = open_network(id)
    shape = tuple(network.inputs[0].params["shape"])
    from engine.gallery.base import GALLERY

    classes = tuple(str(k) for k in range(_classes_of(network, GALLERY.get(id))))
    preprocess = PreprocessSpec(channels=3, height=shape[1], width=shape[2])
    run = run_folder(tmp_path / "r", network, "detection", classes, preprocess=preprocess)
    predictor: Any = open_predictor(str(run), "cpu")
    assert len(listen_to_threshold(predictor._run.model)) == 1
    predictor.threshold = 0.0
    everything = predictor.predict(scene())
    assert isinstance(everything, Detections)
    if len(everything) > 3:
        values = np.unique(everything.scores)
        threshold = float(values[len(values) // 2 - 1 : len(values) // 2 + 1].mean())  # between two of them
        predictor.threshold = threshold
        sure = predictor.predict(scene())
        np.testing.assert_allclose(sure.scores, everything.above(threshold).scores, atol=1e-6)


def _classes_of(network: NetworkSpec, entry: Any) -> int:
    options = entry.options()
    count = int(options.num_classes)
    return count - 1 if entry.torchvision else count


def test_edges_normals_and_clean_pictures(tmp_path: Path) -> None:
    preprocess = PreprocessSpec(**COLOUR)
    weights = {"conv.weight": [[40, -40, 0]], "conv.bias": [-20]}
    run = run_folder(tmp_path / "e", pixelwise(1), "edges", preprocess=preprocess, weights=weights)
    edges = answer(run, scene())
    assert isinstance(edges, EdgeMap)
    assert edges.share() == pytest.approx(80 * 50 / (WIDTH * HEIGHT), rel=0.1)
    weights = {"conv.weight": [[1, 0, 0], [0, 0, 0], [0, 0, 0]], "conv.bias": [-0.376, 0, 0.624]}
    run = run_folder(tmp_path / "n", pixelwise(3), "normals", preprocess=preprocess, weights=weights)
    normals = answer(run, scene())
    assert isinstance(normals, NormalMap)
    assert normals.colours[2, 2].tolist() == pytest.approx([128, 128, 255], abs=1)
    assert normals.colours[25, 32].tolist() == pytest.approx([218, 128, 218], abs=1)  # half to the right
    same = {"conv.weight": np.eye(3), "conv.bias": [0, 0, 0]}
    run = run_folder(tmp_path / "d", pixelwise(3), "denoising", preprocess=preprocess, weights=same)
    restored = answer(run, scene())
    assert isinstance(restored, Restored)
    assert restored.image.shape == (SIDE, SIDE, 3)
    assert restored.image[25, 32].tolist() == [255, 0, 0]  # RGB
    assert restored.change == 0
    assert restored.area == (0, 0, WIDTH, HEIGHT)


def _labeller(outputs: int) -> NetworkSpec:
    net = Drawing("Labels")
    last = net.chain(
        net.input(3, SIDE, SIDE),
        ("AdaptiveAvgPool2d", "pool"),
        ("Flatten", "flat"),
        ("Linear", "head", {"out_features": outputs}),
    )
    return net.output(last)


def test_labels_are_judged_one_by_one(tmp_path: Path) -> None:
    weights = {"head.weight": np.zeros((2, 3)), "head.bias": [2.0, -1.0]}
    run = run_folder(
        tmp_path / "m", _labeller(2), "multilabel", ("a", "b"), preprocess=PreprocessSpec(**COLOUR), weights=weights
    )
    outcome = answer(run, scene())
    assert isinstance(outcome, Labels)
    assert outcome.probabilities == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(1))], abs=1e-6)
    assert outcome.plain()["labels"] == [{"label": "a", "score": 0.8808}]


def asked(run: Path, source: str, limit: int | None = None, save: Path | None = None) -> list[dict[str, Any]]:
    return list(predict_stream(str(run), source, limit, save, lambda event: None, CancelSource().token))


def test_tables_are_read_row_by_row(tmp_path: Path) -> None:
    net = Drawing("Mean")
    last = net.chain(net.input(4, 1), ("Flatten", "flat"), ("Linear", "head", {"out_features": 2}))
    weights = {"head.weight": [[1, 1, 1, 1], [-1, -1, -1, -1]], "head.bias": [0, 0]}
    source = Choice(id="series_table", options={"file": "x.csv", "scale": False})
    run = run_folder(tmp_path / "s", net.output(last), "sequence", ("up", "down"), source=source, weights=weights)
    table = tmp_path / "series.csv"
    table.write_text("label,a,b,c,d\nup,1,1,1,1\ndown,-1,-1,0,0\n,0.1,0,0,0\n", "utf-8")
    found = asked(run, str(table), save=tmp_path / "out.csv")
    assert [one["label"] for one in found] == ["up", "down", "up"]
    assert found[2]["score"] == pytest.approx(1 / (1 + np.exp(-0.2)), abs=1e-3)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["label"] for row in csv.DictReader(stream)] == ["up", "down", "up"]
    table.write_text("a,b,c\n1,2,3\n", "utf-8")
    with pytest.raises(BadInput, match="hold 3 values, and the network reads 4"):
        asked(run, str(table))
    with pytest.raises(BadInput, match="reads numbers, not cameras"):
        asked(run, "camera:0")
    with pytest.raises(BadInput, match="reads tables of numbers, not pictures"):
        open_predictor(str(run))


def test_a_course_is_foretold_in_its_own_units(tmp_path: Path) -> None:
    net = Drawing("Again")
    last = net.chain(net.input(3, 2), ("Flatten", "flat"), ("Linear", "head", {"out_features": 4}))
    again = np.zeros((4, 6))
    again[[0, 1, 2, 3], [4, 5, 4, 5]] = 1  # the last step twice
    weights = {"head.weight": again, "head.bias": np.zeros(4)}
    for scale in (False, True):
        options = {"file": "x.csv", "layout": "columns", "steps": 3, "horizon": 2, "scale": scale}
        run = run_folder(
            tmp_path / f"f{scale}", net.output(last, f"out{scale}") if not scale else _again(), "forecasting",
            source=Choice(id="series_table", options=options), weights=weights,
        )  # fmt: skip
        table = tmp_path / "course.csv"
        table.write_text("time;heat\n1;10,5\n2;20\n3;30\n4;41,5\n", "utf-8")
        (found,) = asked(run, str(table), save=tmp_path / "next.csv")
        assert np.array(found["forecast"]) == pytest.approx(np.array([[4, 41.5], [4, 41.5]]), abs=1e-3)
    assert (tmp_path / "next.csv").read_text("utf-8").count("\n") == 3


def _again() -> NetworkSpec:
    net = Drawing("Again")
    last = net.chain(net.input(3, 2), ("Flatten", "flat"), ("Linear", "head", {"out_features": 4}))
    return net.output(last)


def test_a_text_is_gone_on_with(tmp_path: Path) -> None:
    net = Drawing("Next")
    last = net.chain(
        net.input(8),
        ("Embedding", "embed", {"num_embeddings": 3, "embedding_dim": 3}),
        ("Linear", "head", {"out_features": 3}),
    )
    following = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]) * 60  # a → b → c → a
    weights = {"embed.weight": np.eye(3), "head.weight": following, "head.bias": np.zeros(3)}
    run = run_folder(tmp_path / "c", net.output(last), "characters", ("a", "b", "c"), weights=weights)
    (found,) = asked(run, "ab", 5, tmp_path / "out.txt")
    assert found["text"] == "abcabca"
    assert (tmp_path / "out.txt").read_text("utf-8") == "abcabca\n"
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("c", "utf-8")
    assert asked(run, str(prompt), 2)[0]["text"] == "cab"
    with pytest.raises(BadInput, match="characters"):
        asked(run, "xyz")


def test_pictures_are_made_and_saved(tmp_path: Path) -> None:
    network = open_network("dcgan", part="both", size=16, in_channels=1, width=8)
    shape = (1, 16, 16)
    preprocess = PreprocessSpec(channels=shape[0], height=shape[1], width=shape[2])
    run = run_folder(tmp_path / "g", network, "generation", preprocess=preprocess)
    found = asked(run, "random:3", 2, tmp_path / "made")
    assert [one["picture"] for one in found] == [[shape[2], shape[1]]] * 2
    files = sorted((tmp_path / "made").iterdir())
    assert [file.name for file in files] == ["000000.png", "000001.png"]
    assert cv2.imread(str(files[0])).shape == (shape[1], shape[2], 3)
    asked(run, "random:3", 1, tmp_path / "again.png")
    assert (cv2.imread(str(tmp_path / "again.png")) == cv2.imread(str(files[0]))).all()
    with pytest.raises(BadInput, match="random values, not of"):
        asked(run, "film.mp4")
    with pytest.raises(BadInput, match="instead of looking"):
        open_predictor(str(run))


def test_an_autoencoder_shows_what_it_draws_again(tmp_path: Path) -> None:
    same = {"conv.weight": np.eye(3), "conv.bias": [0, 0, 0]}
    run = run_folder(
        tmp_path / "a", pixelwise(3), "generation", preprocess=PreprocessSpec(**COLOUR), weights=same,
        options={"range": "0 to 1"},
    )  # fmt: skip
    outcome = answer(run, scene())
    assert isinstance(outcome, Restored)
    assert outcome.change == 0
