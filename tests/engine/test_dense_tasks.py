"""Segmentation, edges, normals and denoising as tasks: what they ask of a network, feed and show."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.datasets.annotation import IGNORE
from engine.datasets.preprocess import Preprocessor
from engine.datasets.spec import PreprocessSpec
from engine.errors import BadInput
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph.compile import compile_network
from engine.tasks.base import Task, make_task
from engine.tasks.batch import Batch
from engine.tasks.dense.colours import class_colours, normal_picture
from engine.tasks.dense.noise import spoilt
from engine.tasks.dense.pixel_sampling import at_positions
from engine.tasks.dense.region_losses import balanced_weights, class_counts, cross_entropy

CLASSES = ("circle", "square")
SAMPLE = (3, 16, 16)
INDICES = np.array([4, 9, 2])


def task_of(id: str, **options: Any) -> Task:
    return make_task(id, CLASSES, options)


def known(seed: int = 0, size: int = 16) -> dict[str, Tensor]:
    """Three pictures' worth of every target."""
    generator = torch.Generator().manual_seed(seed)
    regions = torch.randint(0, 3, (3, size, size), generator=generator).byte()
    regions[:, 0] = IGNORE
    normals = torch.nn.functional.normalize(torch.randn(3, 3, size, size, generator=generator), dim=1)
    normals[:, :, 0] = 0
    return {"regions": regions, "edges": (regions == 1).byte(), "normals": normals}


def batch_of(epoch: int = 0, size: int = 16, **changes: Any) -> Batch:
    pictures = torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(7))
    return Batch((pictures,), known(size=size), INDICES, epoch, 5).with_(**changes)


# --- what is asked of a network ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "outputs", "words"),
    [
        ("segmentation", {"out": (4, 16, 16)}, "has 4 channels, and the task needs 3: one for the background and"),
        ("segmentation", {"out": (3, 16, 16), "aux": (2, 16, 16)}, "output 'aux' has 2 channels"),
        ("segmentation", {"out": (3,)}, "shape 3, and every pixel needs an answer"),
        ("segmentation", {"out": (3, 32, 32)}, "is 32×32 pixels, more than the picture has"),
        ("edges", {"out": (2, 16, 16)}, "has 2 channels, and the task needs 1"),
        ("edges", {"out": (1, 16, 16), "aux": (1, 16, 16)}, "2 outputs"),
        ("normals", {"out": (1, 16, 16)}, "needs 3: the direction's parts"),
        ("denoising", {"out": (1, 16, 16)}, "needs 3: those of the picture"),
    ],
)
def test_a_network_that_cannot_answer_is_told_what_to_change(id: str, outputs: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as caught:
        task_of(id).check({"in": SAMPLE}, outputs, SAMPLE)
    assert words in caught.value.what


@pytest.mark.parametrize(("id", "channels"), [("segmentation", 3), ("edges", 1), ("normals", 3), ("denoising", 3)])
def test_maps_of_the_picture_its_middle_or_coarser_ones_will_do(id: str, channels: int) -> None:
    for size in (16, 10, 4):
        task_of(id).check({"in": SAMPLE}, {"out": (channels, size, size)}, SAMPLE)


def test_a_drawing_for_single_pixels_is_refused() -> None:
    with pytest.raises(BadInput, match="2 inputs"):
        task_of("edges").check({"in": SAMPLE, "positions": (50, 2)}, {"out": (1, 50, 1)}, SAMPLE)


# --- sampled pixels ---------------------------------------------------------------------------------------------------


def pixelnet(channels: int) -> Any:
    return with_input(open_network("pixelnet", width=0.03, num_classes=channels), (3, 32, 32))


def test_only_a_hypercolumn_is_trained_at_sampled_pixels() -> None:
    unet = open_network("unet", padded=True, width=2, depth=1)
    assert task_of("segmentation", pixels=10).training_spec(unet) is unet
    drawn = pixelnet(3)
    assert [node.params["shape"] for node in task_of("edges", pixels=60).training_spec(drawn).inputs] == [
        (3, 32, 32), (60, 2),
    ]  # fmt: skip
    for pixels in (0, 32 * 32):
        assert task_of("edges", pixels=pixels).training_spec(drawn) is drawn


@pytest.mark.parametrize(("id", "channels"), [("segmentation", 3), ("edges", 1), ("normals", 3)])
def test_sampled_pixels_are_scored_as_all_would_be(id: str, channels: int) -> None:
    """The loss at sampled pixels is that of all pixels where the others are unknown."""
    torch.manual_seed(0)
    task = task_of(id, pixels=60)
    drawn = pixelnet(channels)
    dense, sampled = compile_network(drawn).eval(), compile_network(task.training_spec(drawn)).eval()
    sampled.load_state_dict(dense.state_dict())
    batch = batch_of(size=32)
    fed = task.feed(batch)
    positions = fed.inputs[1].long()
    assert positions.shape == (3, 60, 2)
    truth = batch.targets[id if id != "segmentation" else "regions"]
    assert torch.equal(fed.targets[task.needs[0]], at_positions(truth, positions))
    with torch.no_grad():
        few = task.losses({"out": sampled(*fed.inputs)}, fed)
        hidden = torch.zeros_like(truth) if id == "normals" else torch.full_like(truth, IGNORE)
        for row, where in enumerate(positions):
            hidden[row, ..., where[:, 1], where[:, 0]] = truth[row, ..., where[:, 1], where[:, 0]]
        whole = task.losses({"out": dense(*batch.inputs)}, batch.with_(targets={task.needs[0]: hidden}))
    for name, value in few.items():
        assert float(value) == pytest.approx(float(whole[name]), rel=1e-4), name


@pytest.mark.parametrize("id", ["segmentation", "edges", "normals"])
def test_which_pixels_follows_from_seed_epoch_and_picture_alone(id: str) -> None:
    task = task_of(id, pixels=40)
    task.training_spec(pixelnet(3))
    batch = batch_of(size=32)
    first = task.feed(batch).inputs[1]
    assert torch.equal(first, task.feed(batch).inputs[1])
    order = [2, 0, 1]
    moved = batch.with_(
        inputs=(batch.inputs[0][order],),
        targets={name: tensor[order] for name, tensor in batch.targets.items()},
        indices=INDICES[order],
    )
    assert torch.equal(task.feed(moved).inputs[1], first[order])
    for change in ({"epoch": 1}, {"seed": 6}):
        assert not torch.equal(task.feed(batch.with_(**change)).inputs[1], first)
    measured = batch.with_(epoch=-1)
    assert task.feed(measured) is measured, "all pixels are measured"
    unknown = task.feed(batch).targets[task.needs[0]]
    assert not (unknown == (0 if id == "normals" else IGNORE)).flatten(2).all(1).any()


# --- losses -----------------------------------------------------------------------------------------------------------


def test_further_outputs_are_learned_with_less_weight_and_not_measured() -> None:
    batch = batch_of()
    main, aux = torch.randn(2, 3, 3, 16, 16)
    truth = batch.targets["regions"]
    terms = task_of("segmentation", auxiliary=0.4).losses({"out": main, "aux": aux}, batch)
    assert set(terms) == {"cross_entropy", "auxiliary"}
    torch.testing.assert_close(terms["auxiliary"], 0.4 * cross_entropy(aux, truth))
    task = task_of("segmentation", loss="cross-entropy + Dice")
    terms = task.losses({"out": main, "aux": aux}, batch)
    assert set(terms) == {"cross_entropy", "dice", "auxiliary"}
    assert set(task.penalties({"out": main, "aux": aux}, batch)) == {"cross_entropy", "dice"}
    assert torch.equal(task.decode({"out": main, "aux": aux}, batch)["regions"], main.argmax(1).byte())


def test_class_weights_count_in_training_only() -> None:
    batch, scores = batch_of(), torch.randn(3, 3, 16, 16)
    truth = batch.targets["regions"].clone()
    truth[:, 1:10] = 0
    batch = batch.with_(targets={"regions": truth})
    task = task_of("segmentation", class_weights="balanced")
    task.learn_data({"regions": truth, "inputs": torch.zeros(3, 3, 16, 16).byte()})
    weights = balanced_weights(class_counts(truth, 3))
    outputs = {"out": scores}
    torch.testing.assert_close(task.losses(outputs, batch)["cross_entropy"], cross_entropy(scores, truth, weights))
    torch.testing.assert_close(task.penalties(outputs, batch)["cross_entropy"], cross_entropy(scores, truth))


def test_a_smaller_map_is_compared_with_the_middle_and_a_coarse_one_is_enlarged() -> None:
    batch, task = batch_of(), task_of("segmentation")
    scores = torch.randn(3, 3, 10, 10)
    middle = cross_entropy(scores, batch.targets["regions"][:, 3:13, 3:13])
    torch.testing.assert_close(task.losses({"out": scores}, batch)["cross_entropy"], middle)
    assert task.decode({"out": scores}, batch)["regions"].shape == (3, 10, 10)
    coarse = torch.randn(3, 3, 4, 4)
    whole = torch.nn.functional.interpolate(coarse, scale_factor=4, mode="bilinear")
    torch.testing.assert_close(
        task.losses({"out": coarse}, batch)["cross_entropy"], cross_entropy(whole, batch.targets["regions"])
    )
    assert task.decode({"out": coarse}, batch)["regions"].shape == (3, 16, 16)


def test_pixel_accuracy_runs_along_over_all_labelled_pixels() -> None:
    batch, task = batch_of(), task_of("segmentation")
    scores = torch.randn(3, 3, 16, 16)
    truth = batch.targets["regions"]
    sums = {name: float(value) for name, value in task.sums({"out": scores}, batch).items()}
    right = (scores.argmax(1) == truth)[truth != IGNORE].float().mean()
    assert task.running(sums, 3)["pixel_accuracy"] == pytest.approx(float(right))


@pytest.mark.parametrize("id", ["segmentation", "edges", "normals", "denoising"])
def test_answers_need_no_truth(id: str) -> None:
    """Live, there is none."""
    batch = batch_of(targets={}, epoch=-1)
    answers = task_of(id).decode({"out": torch.randn(3, 1 if id == "edges" else 3, 8, 8)}, batch)
    (answer,) = answers.values()
    assert answer.shape[-2:] == (16, 16)


# --- noise ------------------------------------------------------------------------------------------------------------


def noise(kind: Any, amount: float, pictures: Tensor, epoch: int = 0) -> Tensor:
    return spoilt(pictures, kind, amount, seed=5, epoch=epoch, indices=np.arange(len(pictures)))


def test_noise_is_as_strong_as_it_says() -> None:
    grey = torch.full((6, 3, 64, 64), 0.5)
    gauss = noise("gaussian", 0.1, grey) - grey
    assert float(gauss.std()) == pytest.approx(0.1, rel=0.02)
    assert float(gauss.mean()) == pytest.approx(0, abs=2e-3)
    masked = noise("masking", 0.3, grey)
    assert set(masked.unique().tolist()) == {0.0, 0.5}
    assert float((masked == 0).float().mean()) == pytest.approx(0.3, rel=0.05)
    assert torch.equal(masked[:, 0], masked[:, 1]), "a pixel is hit in all its channels"
    salted = noise("salt and pepper", 0.3, grey)
    for value in (0.0, 1.0):
        assert float((salted == value).float().mean()) == pytest.approx(0.15, rel=0.08)
    assert torch.equal(noise("none", 0.3, grey), grey)


def scaled_batch(epoch: int, mean: float, std: float) -> tuple[Batch, Tensor]:
    """Pictures as a run with this normalisation gives them, and what they were, in 0..1."""
    scale = Preprocessor(PreprocessSpec(height=16, width=16, channels=3, mean=(mean,), std=(std,)))
    whole = torch.randint(0, 256, (3, *SAMPLE), generator=torch.Generator().manual_seed(3)).byte()
    return Batch((scale.normalise(whole),), {}, INDICES, epoch, 5, scale), whole.float() / 255


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.5, 0.25)])
def test_pictures_are_spoilt_and_compared_from_black_to_white(mean: float, std: float) -> None:
    task = task_of("denoising", amount=0.2)
    batch, original = scaled_batch(0, mean, std)
    fed = task.feed(batch)
    torch.testing.assert_close(fed.targets["original"], original)
    given = fed.targets["given"]
    assert 0.1 < float((given - original).std()) < 0.25
    assert float(given.min()) >= 0
    assert float(given.max()) <= 1
    torch.testing.assert_close(fed.inputs[0], (given - mean) / std, rtol=1e-5, atol=1e-5)
    loss = task.losses({"out": original}, fed)
    assert float(loss["mse"]) == 0
    answers = task.decode({"out": original}, fed)
    meter = task.meter(full=True)
    meter.add(answers, fed)
    assert meter.result()["gain"] > 60


def test_validation_sees_the_same_noise_every_time_and_training_never() -> None:
    task = task_of("denoising")
    batch, _ = scaled_batch(-1, 0, 1)
    assert torch.equal(task.feed(batch).inputs[0], task.feed(batch).inputs[0])
    one = task.feed(batch.with_(inputs=(batch.inputs[0][1:2],), indices=INDICES[1:2]))
    assert torch.equal(one.inputs[0], task.feed(batch).inputs[0][1:2]), "whatever stands beside it"
    epochs = [task.feed(batch.with_(epoch=epoch)).inputs[0] for epoch in (0, 1)]
    assert not torch.equal(*epochs)


def test_pictures_that_come_with_a_clean_one_are_left_as_they_are() -> None:
    batch, _ = scaled_batch(0, 0, 1)
    clean = torch.full((3, *SAMPLE), 51, dtype=torch.uint8)
    fed = task_of("denoising").feed(batch.with_(targets={"clean": clean}))
    assert torch.equal(fed.inputs[0], batch.inputs[0])
    assert float(fed.targets["original"].max()) == pytest.approx(0.2)


def test_the_drawings_own_noise_rests_while_the_task_makes_it() -> None:
    drawn = open_network("denoising_autoencoder", size=16)
    assert task_of("denoising").training_spec(drawn).node("noise").params["amount"] == 0
    assert task_of("denoising", noise="none").training_spec(drawn) is drawn


# --- what is shown ----------------------------------------------------------------------------------------------------


def outputs_of(id: str, size: int) -> Tensor:
    return torch.randn(3, 1 if id == "edges" else 3, size, size, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("size", [16, 10])
@pytest.mark.parametrize("id", ["segmentation", "edges", "normals", "denoising"])
def test_sketches_show_all_three_and_reports_can_be_sent(id: str, size: int) -> None:
    task = task_of(id)
    batch = task.feed(batch_of(epoch=-1))
    answers = task.decode({"out": outputs_of(id, size)}, batch)
    meter = task.meter(full=True)
    meter.add(answers, batch)
    picture = (batch.inputs[0][0] * 255).byte().permute(1, 2, 0).numpy()
    answer = {name: tensor[0].float().numpy() for name, tensor in answers.items()}
    sketch = task.sketch(picture, answer, {name: tensor[0].numpy() for name, tensor in batch.targets.items()})
    assert sketch.image.shape == (16, 16 + 16 + size + 4, 3)
    assert sketch.image.dtype == np.uint8
    assert np.isfinite(sketch.score)
    assert sketch.caption
    alone = task.sketch(picture, answer, {})
    assert alone.caption
    report = pickle.loads(pickle.dumps(task.report(meter, [sketch])))
    assert set(report.measures) <= set(task.measures)
    assert task.headline in report.measures
    assert report.tables
    assert report.plots
    assert all(len(row) == len(table.columns) for table in report.tables for row in table.rows)
    assert all(np.isfinite(line.y).all() and len(line.x) == len(line.y) for plot in report.plots for line in plot.lines)


def test_an_empty_part_has_an_empty_report() -> None:
    for id in ("segmentation", "edges", "normals", "denoising"):
        task = task_of(id)
        assert task.report(task.meter(full=True), []).measures == {}


def test_colours_of_classes_stay_and_are_told_apart() -> None:
    table = class_colours().astype(int)
    apart = np.abs(table[:21, None] - table[None, :21]).sum(2) + 1000 * np.eye(21, dtype=int)
    assert apart.min() > 70
    assert tuple(table[1]) == (230, 159, 0)
    straight = np.zeros((3, 1, 1))
    straight[2] = 1
    assert normal_picture(straight).reshape(3).tolist() == [128, 128, 255]
