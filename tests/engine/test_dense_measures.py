"""Measures of maps: against torchmetrics, scikit-learn, scikit-image and sums written out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor
from torchmetrics.functional import classification as tm
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from engine.datasets.annotation import IGNORE
from engine.tasks.base import Meter
from engine.tasks.batch import Batch
from engine.tasks.dense.confusion import RegionMeter, class_dice, class_iou
from engine.tasks.dense.edge_measures import EdgeMeter, edge_counts, thinned, widened
from engine.tasks.dense.normal_measures import NormalMeter, angles, facing
from engine.tasks.dense.restoring import RestoringMeter


def batch_of(**targets: Tensor) -> Batch:
    return Batch((torch.zeros(1, 1, 8, 8),), targets)


def in_batches(meter: Meter, answers: Mapping[str, Tensor], **targets: Tensor) -> Mapping[str, float]:
    """Add everything, five rows at a time."""
    for start in range(0, len(next(iter(answers.values()))), 5):
        rows = slice(start, start + 5)
        meter.add(
            {name: tensor[rows] for name, tensor in answers.items()},
            batch_of(**{name: tensor[rows] for name, tensor in targets.items()}),
        )
    return meter.result()


# --- regions ----------------------------------------------------------------------------------------------------------


def some_regions(classes: int = 5, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Truth with unknown pixels and without the last class; answers that are mostly right and never of class 1."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(0, classes - 1, (13, 20, 24), generator=generator)
    guess = torch.randint(0, classes - 1, truth.shape, generator=generator)
    found = torch.where(torch.rand(truth.shape, generator=generator) < 0.7, truth, guess)
    found[found == 1] = 2
    truth[torch.rand(truth.shape, generator=generator) < 0.1] = IGNORE
    return truth.byte(), found.byte()


@pytest.mark.parametrize("seed", range(5))
def test_region_measures_are_those_of_torchmetrics(seed: int) -> None:
    truth, found = some_regions(seed=seed)
    measures = in_batches(RegionMeter(5), {"regions": found}, regions=truth)
    settings = {"num_classes": 5, "ignore_index": IGNORE}
    theirs = {
        "mean_iou": tm.multiclass_jaccard_index(found.long(), truth.long(), average="macro", **settings),
        "dice": tm.multiclass_f1_score(found.long(), truth.long(), average="macro", **settings),
        "pixel_accuracy": tm.multiclass_accuracy(found.long(), truth.long(), average="micro", **settings),
    }
    assert set(measures) == set(theirs)
    for name, value in theirs.items():
        assert f"{measures[name]:.5f}" == f"{float(value):.5f}", name


def test_every_classes_iou_and_dice_are_those_of_torchmetrics() -> None:
    truth, found = some_regions()
    meter = RegionMeter(5, each=True)
    in_batches(meter, {"regions": found}, regions=truth)
    settings = {"num_classes": 5, "ignore_index": IGNORE, "average": "none"}
    iou = tm.multiclass_jaccard_index(found.long(), truth.long(), **settings)
    dice = tm.multiclass_f1_score(found.long(), truth.long(), **settings)
    np.testing.assert_allclose(class_iou(meter.counts)[:4], iou[:4], rtol=1e-6)
    np.testing.assert_allclose(class_dice(meter.counts)[:4], dice[:4], rtol=1e-6)
    assert np.isnan(class_iou(meter.counts)[4]), "neither there nor found"
    whole = tm.multiclass_confusion_matrix(found.long(), truth.long(), num_classes=5, ignore_index=IGNORE)
    np.testing.assert_array_equal(meter.counts, whole)
    alone = [
        float(tm.multiclass_jaccard_index(f[None].long(), t[None].long(), num_classes=5, ignore_index=IGNORE))
        for f, t in zip(found, truth, strict=True)
    ]
    np.testing.assert_allclose(meter.of_pictures(), alone, rtol=1e-5)


def test_an_answer_for_the_middle_is_measured_there() -> None:
    truth = torch.zeros(1, 8, 8, dtype=torch.uint8)
    truth[:, 2:6, 2:6] = 1
    found = torch.ones(1, 4, 4, dtype=torch.uint8)
    assert in_batches(RegionMeter(2), {"regions": found}, regions=truth)["pixel_accuracy"] == 1


def test_nothing_labelled_gives_no_measure() -> None:
    truth = torch.full((2, 4, 4), IGNORE, dtype=torch.uint8)
    assert in_batches(RegionMeter(3, each=True), {"regions": torch.zeros_like(truth)}, regions=truth) == {}


# --- edges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0, 1, 1.5, 2, 3.7])
def test_widening_reaches_exactly_as_far_as_the_radius(radius: float) -> None:
    maps = torch.rand(2, 15, 18, generator=torch.Generator().manual_seed(0))
    y, x = np.mgrid[-4:5, -4:5]
    disc = x**2 + y**2 <= radius**2
    expected = np.stack([ndimage.grey_dilation(one, footprint=disc, mode="constant", cval=0) for one in maps.numpy()])
    np.testing.assert_array_equal(widened(maps, radius).numpy(), expected)


def test_a_thick_line_becomes_thin_and_keeps_its_middle() -> None:
    rows = torch.arange(21.0)
    for middle in (10.0, 10.5):  # of an odd and of an even number of pixels
        ridge = torch.exp(-((rows - middle) ** 2) / 8).view(1, -1, 1).expand(1, 21, 21)
        for maps in (ridge, ridge.transpose(1, 2)):
            thin = thinned(maps.contiguous())
            lines = thin.sum(2) if maps is ridge else thin.sum(1)
            rows_left = torch.nonzero(lines[0] > 0.5 * lines.max())[:, 0].tolist()
            assert len(rows_left) == 1
            assert abs(rows_left[0] - middle) <= 0.5
            assert torch.equal(thin[thin > 0], maps[thin > 0]), "what stays keeps its value"


def by_hand(thin: np.ndarray, truth: np.ndarray, threshold: float, tolerance: float) -> tuple[int, int, int, int]:
    """Right of found, found, found of true and true, with scipy's distances."""
    known = truth != IGNORE
    found, real = (thin >= threshold), truth == 1
    near_real = ndimage.distance_transform_edt(~real) <= tolerance if real.any() else np.zeros_like(real)
    near_found = ndimage.distance_transform_edt(~found) <= tolerance if found.any() else np.zeros_like(found)
    return (
        int((found & near_real & known).sum()),
        int((found & known).sum()),
        int((near_found & real).sum()),
        int(real.sum()),
    )


@pytest.mark.parametrize("tolerance", [0, 1.5, 2])
def test_edges_are_counted_within_the_tolerance_at_every_threshold(tolerance: float) -> None:
    generator = torch.Generator().manual_seed(1)
    found = torch.rand(3, 24, 20, generator=generator)
    truth = (torch.rand(3, 24, 20, generator=generator) < 0.1).byte()
    truth[:, :4] = IGNORE
    counts = edge_counts(found, truth, tolerance).numpy()
    thin = thinned(found).numpy()
    for picture in range(3):
        for place, threshold in ((9, 0.1), (49, 0.5), (89, 0.9)):
            expected = by_hand(thin[picture], truth[picture].numpy(), threshold, tolerance)
            assert tuple(counts[picture, :, place]) == expected


def test_the_best_f_measures_are_those_of_the_best_thresholds() -> None:
    """A wrong line in every picture is a little less sure than the right one, at another level in each."""
    truth = torch.zeros(7, 24, 24, dtype=torch.uint8)
    truth[:, 12] = 1
    found = torch.linspace(0.3, 0.9, 7).view(-1, 1, 1) * truth
    found[:, 4] = found[:, 12] - 0.15
    meter = EdgeMeter(1.0)
    measures = in_batches(meter, {"edges": found}, edges=truth)
    whole = meter.counts.sum(0)
    scores = []
    for k in range(99):
        precision, recall = whole[0, k] / max(whole[1, k], 1), whole[2, k] / whole[3, k]
        scores.append(2 * precision * recall / max(precision + recall, 1e-12))
    assert measures["ods"] == pytest.approx(max(scores))
    assert measures["threshold"] == pytest.approx((int(np.argmax(scores)) + 1) / 100)
    assert measures["ois"] == 1
    assert 0.5 < measures["ods"] < 0.95


def test_perfect_edges_have_a_perfect_score_and_missing_ones_none() -> None:
    truth = torch.zeros(2, 16, 16, dtype=torch.uint8)
    truth[:, 8] = 1
    assert in_batches(EdgeMeter(0), {"edges": truth.float()}, edges=truth)["ods"] == 1
    assert in_batches(EdgeMeter(2), {"edges": torch.zeros(2, 16, 16)}, edges=truth)["ods"] == 0
    assert in_batches(EdgeMeter(2), {"edges": torch.rand(2, 16, 16)}, edges=torch.zeros_like(truth)) == {}


# --- normals ----------------------------------------------------------------------------------------------------------


def some_normals() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    truth = torch.nn.functional.normalize(torch.randn(12, 3, 10, 11, generator=generator), dim=1)
    found = 3 * truth + 1.5 * torch.randn(truth.shape, generator=generator)
    truth[:, :, :2] = 0
    return truth, found


def test_angular_errors_are_those_of_numpy() -> None:
    truth, found = some_normals()
    meter = NormalMeter(each=True)
    measures = in_batches(meter, {"normals": found}, normals=truth)
    a, b = (x[:, :, 2:].double().numpy() for x in (found, truth))
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1)
    expected = np.degrees(np.arccos(cosines.clip(-1, 1)))
    assert measures["mean_angle"] == pytest.approx(expected.mean(), abs=1e-4)
    assert measures["median_angle"] == pytest.approx(np.median(expected), abs=1.1e-3)
    for degrees in (11.25, 22.5, 30):
        assert measures[f"within_{degrees:g}"] == pytest.approx((expected <= degrees).mean(), abs=1e-3)
    np.testing.assert_allclose(meter.of_pictures(), expected.mean(axis=(1, 2)), rtol=1e-5)
    slanted = np.degrees(np.arccos(b[:, 2].clip(-1, 1))) > 10
    assert 0 < slanted.sum() < slanted.size
    assert measures["median_slanted"] == pytest.approx(np.median(expected[slanted]), abs=1.1e-3)


def test_directions_fall_into_the_eighths_of_the_compass() -> None:
    names = {(0, 0, 1): 0, (1, 0, 1): 1, (1, 1, 1): 2, (0, 1, 1): 3, (-1, 0, 1): 5, (0, -1, 1): 7, (1, -1, 1): 8,
             (0.1, 0, 1): 0, (0.2, 0, 1): 1, (0, 0, 0): IGNORE, (0, 1, 0): 3, (0, 1, -1): 3}  # fmt: skip
    vectors = torch.tensor(list(names), dtype=torch.float32).T.reshape(1, 3, 1, -1)
    assert facing(vectors).flatten().tolist() == list(names.values())


def test_small_angles_keep_their_digits() -> None:
    """The arc cosine in single precision would answer 0."""
    small = torch.tensor([1e-4, 0.0, 1.0]).view(1, 3, 1, 1)
    straight = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
    assert float(angles(small, straight)) == pytest.approx(np.degrees(np.arctan(1e-4)), rel=1e-4)
    assert float(angles(-straight, straight)) == pytest.approx(180)
    assert float(angles(0 * straight, straight)) == 90


# --- restored pictures ------------------------------------------------------------------------------------------------


def test_restored_pictures_are_measured_like_torchmetrics_does() -> None:
    generator = torch.Generator().manual_seed(4)
    original = torch.rand(9, 3, 20, 24, generator=generator)
    given = (original + 0.2 * torch.randn(original.shape, generator=generator)).clamp(0, 1)
    restored = (original + 0.05 * torch.randn(original.shape, generator=generator)).clamp(0, 1)
    answers = {"restored": restored, "given": given, "original": original}
    measures = in_batches(RestoringMeter(full=True), answers, clean=original)

    def psnr(pictures: Tensor) -> float:
        return float(peak_signal_noise_ratio(pictures, original, data_range=1.0, dim=(1, 2, 3)))

    assert measures["psnr"] == pytest.approx(psnr(restored), abs=1e-4)
    assert measures["gain"] == pytest.approx(psnr(restored) - psnr(given), abs=1e-4)
    ssim = float(structural_similarity_index_measure(restored, original, data_range=1.0))
    assert measures["ssim"] == pytest.approx(ssim, abs=1e-5)


def test_a_perfect_answer_has_a_finite_score() -> None:
    picture = torch.rand(2, 1, 12, 12)
    answers = {"restored": picture, "given": picture, "original": picture}
    assert in_batches(RestoringMeter(), answers)["psnr"] == 100
