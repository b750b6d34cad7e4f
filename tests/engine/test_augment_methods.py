"""What each augmentation does: by torchvision's numbers, by formulas of the papers, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from engine.datasets.augment import AUGMENTATIONS, Augmenter, Mixing, parse_augmentation, partners
from engine.datasets.augmentations.colour import saturated, turned_hue
from engine.datasets.augmentations.mixing import beta_quantiles
from engine.datasets.draws import Draws, sample_keys
from engine.datasets.moving import resample
from engine.datasets.spec import Choice
from engine.errors import BadInput

IDS = sorted(AUGMENTATIONS)
GENERATOR = torch.Generator().manual_seed(3)
PICTURES = torch.randint(0, 256, (12, 3, 24, 30), generator=GENERATOR, dtype=torch.uint8)


def draws(count: int, slot: int = 0) -> Draws:
    return Draws(sample_keys(0, 0, np.arange(count)), slot)


def shown(id: str, pictures: torch.Tensor, epoch: int = 0, **options: object) -> torch.Tensor:
    augmenter = Augmenter([Choice(id=id, options=options)], 0)
    return augmenter(pictures, epoch, torch.arange(len(pictures)))


# -- colour


@pytest.mark.parametrize("turn", [-0.5, -0.2, 0.0, 0.1, 0.35])
def test_hue_is_torchvisions(turn):
    ours = turned_hue(PICTURES.float(), torch.full((12, 1, 1, 1), turn))
    theirs = tv.adjust_hue(PICTURES.double() / 255, turn) * 255
    assert torch.allclose(ours.double(), theirs, atol=0.02)


def test_a_third_of_a_turn_makes_red_green():
    red = torch.tensor([200.0, 40.0, 40.0]).view(1, 3, 1, 1)
    assert turned_hue(red, torch.full((1, 1, 1, 1), 1 / 3)).flatten().tolist() == pytest.approx([40, 200, 40], abs=0.01)


@pytest.mark.parametrize("factor", [0.0, 0.6, 1.0, 1.4])
def test_saturation_is_torchvisions(factor):
    ours = saturated(PICTURES.float(), torch.full((12, 1, 1, 1), factor)).clamp(0, 255)
    theirs = tv.adjust_saturation(PICTURES.double() / 255, factor) * 255
    assert torch.allclose(ours.double(), theirs, atol=0.1)  # their weight of red is 0.2989


@pytest.mark.parametrize("id", ["hue", "saturation"])
def test_grey_has_no_hue(id):
    grey = PICTURES[:, :1].contiguous()
    assert torch.equal(shown(id, grey), grey)
    alike = grey.repeat(1, 3, 1, 1)
    assert torch.equal(shown(id, alike), alike)


def test_the_rgb_shift_is_one_colour_along_imagenets_directions():
    grey = torch.full((3000, 3, 2, 2), 128, dtype=torch.uint8)
    shift = shown("rgb_shift", grey, deviation=0.5).double() - 128
    assert (shift.amax((2, 3)) == shift.amin((2, 3))).all()
    covariance = np.cov(shift[:, :, 0, 0].numpy().T)
    values, vectors = np.linalg.eigh(covariance)
    # λ of the paper's formula are 0.2175, 0.0188 and 0.0045 on the scale 0 to 1.
    assert math.sqrt(values[2]) == pytest.approx(255 * 0.2175 * 0.5, rel=0.05)
    assert math.sqrt(values[1]) == pytest.approx(255 * 0.0188 * 0.5, rel=0.1)
    assert np.abs(vectors[:, 2]) == pytest.approx([0.5675, 0.5808, 0.5836], abs=0.02)
    lamp = shown("rgb_shift", grey[:, :1], deviation=0.5).double() - 128
    grey_of_first = 0.299 * 0.5675 + 0.587 * 0.5808 + 0.114 * 0.5836
    assert lamp.std().item() == pytest.approx(255 * 0.2175 * 0.5 * grey_of_first, rel=0.05)


def test_jitter_changes_all_four_and_none_when_all_are_zero():
    nothing = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    for name, value in {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 40.0}.items():
        found = shown("colour_jitter", PICTURES, **{**nothing, name: value})
        assert (found.int() - PICTURES.int()).abs().max() > 5, name
    still = shown("colour_jitter", PICTURES, **nothing)
    assert (still.int() - PICTURES.int()).abs().max() <= 1


# -- disturbances


def test_blur_is_torchvisions_with_the_drawn_widths():
    widths = draws(12).uniform(0.0, 2.0)
    ours = shown("blur", PICTURES, largest=2.0)
    for row, width in enumerate(widths.tolist()):
        theirs = tv.gaussian_blur(PICTURES[row].double(), [13, 13], [max(width, 1e-3)] * 2)
        inner = (slice(None), slice(7, -7), slice(7, -7))
        assert torch.allclose(ours[row].double()[inner], theirs[inner], atol=0.52)


def test_blur_keeps_what_is_even_and_ends_at_its_border():
    even = torch.full((4, 1, 9, 9), 77, dtype=torch.uint8)
    assert torch.equal(shown("blur", even, largest=5.0), even)


def test_salt_and_pepper_have_the_share_asked_for():
    grey = torch.full((200, 3, 40, 40), 128, dtype=torch.uint8)
    found = shown("salt_pepper", grey, share=0.2)
    changed = found != 128
    assert set(found.unique().tolist()) == {0, 128, 255}
    assert (changed.all(1) == changed.any(1)).all(), "whole pixels change"
    shares = changed[:, 0].flatten(1).float().mean(1)
    assert shares.max().item() == pytest.approx(0.2, abs=0.03)
    assert shares.mean().item() == pytest.approx(0.1, abs=0.01)
    assert (found == 0).sum().item() == pytest.approx((found == 255).sum().item(), rel=0.05)


# -- place and shape


def test_a_crop_lies_in_the_picture_and_keeps_enough_of_it():
    x = (torch.arange(64.0) + 0.5).expand(300, 1, 48, 64)
    y = (torch.arange(48.0) + 0.5)[:, None].expand(300, 1, 48, 64)
    crop = parse_augmentation(Choice(id="crop", options={"smallest": 0.3, "stretch": 1.5}))
    affine = crop.affine(draws(300), 48, 64)  # type: ignore[attr-defined]
    across, along = affine[:, 0, 0], affine[:, 1, 1]
    middle_x, middle_y = affine[:, 0, 2] + 32, affine[:, 1, 2] + 24
    assert (middle_x - 32 * across >= -1e-9).all()
    assert (middle_x + 32 * across <= 64 + 1e-9).all()
    assert (middle_y - 24 * along >= -1e-9).all()
    assert (middle_y + 24 * along <= 48 + 1e-9).all()
    areas, tallness = across * along, along / across
    # A part that would reach beyond the picture is narrowed to it.
    assert areas.min() > 0.3 / 1.5
    whole = (across < 1) & (along < 1)
    assert areas[whole].min() >= 0.3 - 1e-9
    assert tallness[whole].min() >= 1 / 1.5 - 1e-9
    assert tallness[whole].max() <= 1.5 + 1e-9
    for axis, ramp, middle, part in ((3, x, middle_x, across), (2, y, middle_y, along)):
        seen = resample(ramp, affine, "edge")[:, 0].mean(4 - axis)
        step = (seen[:, -2] - seen[:, 1]) / (seen.shape[1] - 3)
        assert step.numpy() == pytest.approx(part, abs=0.02)
        assert seen[:, 1:-1].mean(1).numpy() == pytest.approx(middle, abs=0.1)


def test_a_vertical_slant_is_torchvisions():
    shear = parse_augmentation(Choice(id="shear", options={"horizontal": 0.0, "vertical": 20.0}))
    affine = shear.affine(draws(1), 24, 40)  # type: ignore[attr-defined]
    angle = math.degrees(math.atan(affine[0, 1, 0]))
    assert 1 < abs(angle) <= 20
    image = torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(0)) * 255
    theirs = tv.affine(image, 0.0, [0, 0], 1.0, [0.0, angle], interpolation=InterpolationMode.BILINEAR)
    inner = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    assert torch.allclose(resample(image, affine, "black")[inner], theirs[inner], atol=0.05)


# -- mixing


@pytest.mark.parametrize(("alpha", "cumulated"), [
    (1.0, lambda x: x),
    (2.0, lambda x: 3 * x**2 - 2 * x**3),
    (0.5, lambda x: 2 / math.pi * np.arcsin(np.sqrt(x))),
])  # fmt: skip
def test_beta_quantiles_are_those_of_the_distribution(alpha, cumulated):
    quantiles = beta_quantiles(alpha)
    assert cumulated(quantiles) == pytest.approx((np.arange(4096) + 0.5) / 4096, abs=1e-4)


def test_beta_of_a_small_alpha_has_its_variance():
    assert np.var(beta_quantiles(0.2)) == pytest.approx(1 / (4 * (2 * 0.2 + 1)), rel=1e-3)


def test_partners_are_a_circle_whatever_the_order():
    keys = sample_keys(0, 0, np.arange(20))
    found = partners(Draws(keys, 0))
    assert sorted(found) == list(range(20))
    assert (found != np.arange(20)).all()
    place = 0
    for _ in range(20):
        place = found[place]
    assert place == 0
    order = np.random.default_rng(0).permutation(20)
    shuffled = partners(Draws(keys[order], 0))
    assert (order[shuffled] == found[order]).all()
    assert partners(Draws(keys[:1], 0)).tolist() == [0]


def mixed(id: str, pictures: torch.Tensor, epoch: int = 0, **options: object):
    count = len(pictures)
    targets = {"label": torch.arange(count) + 100}
    augmenter = Augmenter([Choice(id=id, options=options)], 0)
    return augmenter(pictures, epoch, torch.arange(count), targets)


def test_mixup_by_its_formula():
    pictures = torch.randint(0, 256, (64, 3, 8, 8), generator=GENERATOR, dtype=torch.uint8)
    seen, targets = mixed("mixup", pictures, alpha=1.0)
    share = targets["label_share"]
    assert share.dtype == torch.float32
    assert torch.equal(targets["label"], torch.arange(64) + 100)
    assert (targets["label_other"] != targets["label"]).all()
    others = pictures[targets["label_other"] - 100].float()
    weight = share.view(-1, 1, 1, 1)
    assert torch.equal(seen, (weight * pictures.float() + (1 - weight) * others).round().to(torch.uint8))
    assert 0.5 <= share.min() < 0.55
    assert share.max() > 0.95
    # The labels are mixed whatever else is done to the pictures.
    choices = [Choice(id="flip"), Choice(id="mixup", options={"alpha": 1.0}), Choice(id="rotate")]
    _, further = Augmenter(choices, 0)(pictures, 0, torch.arange(64), {"label": torch.arange(64)})
    assert further["label_share"].shape == (64,)


def test_cutmix_shares_are_those_of_the_pixels():
    pictures = (torch.arange(64, dtype=torch.uint8) * 3).view(-1, 1, 1, 1).expand(64, 1, 20, 30).contiguous()
    seen, targets = mixed("cutmix", pictures, chance=0.75)
    own = (seen == pictures).flatten(1).float().mean(1)
    assert torch.allclose(own, targets["label_share"], atol=1e-6)
    others = pictures[targets["label_other"] - 100]
    assert ((seen == pictures) | (seen == others)).all()
    touched = targets["label_share"] < 1
    assert 0.5 < touched.float().mean() < 0.9
    for mask in (seen != pictures)[touched][:, 0]:
        rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
        assert mask.sum() == (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1), "one rectangle"


@pytest.mark.parametrize("id", ["mixup", "cutmix"])
def test_mixing_is_repeatable_in_the_same_batch_in_any_order(id):
    targets = {"label": torch.arange(12)}
    augmenter = Augmenter([Choice(id=id, options={"chance": 1.0})], 0)
    seen, found = augmenter(PICTURES, 4, torch.arange(12), targets)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(2))
    again, theirs = augmenter(PICTURES[order], 4, order, {"label": order})
    assert torch.equal(again, seen[order])
    for name, value in found.items():
        assert torch.equal(theirs[name], value[order])
    assert torch.equal(augmenter(PICTURES, 4, torch.arange(12)), seen)
    assert not torch.equal(augmenter(PICTURES, 5, torch.arange(12)), seen)
    single, alone = augmenter(PICTURES[:1], 4, torch.arange(1), {"label": torch.tensor([7])})
    assert (single.int() - PICTURES[:1].int()).abs().max() <= 1
    assert alone["label_other"].tolist() == [7]


def test_mixing_is_for_classification():
    augmenter = Augmenter([Choice(id="flip"), Choice(id="cutmix")], 0)
    augmenter.check(("label",))
    augmenter.check(("label",), "classification")
    with pytest.raises(BadInput, match=r"CutMix mixes two pictures.*only classification"):
        augmenter.check(("boxes",))
    with pytest.raises(BadInput, match="Remove it"):
        augmenter.check(("label",), "matching")
    for id in IDS:
        if not issubclass(AUGMENTATIONS.get(id), Mixing):
            Augmenter([Choice(id=id)], 0).check(("boxes", "instances"), "instances")


def test_only_one_may_mix():
    with pytest.raises(BadInput, match="MixUp and CutMix"):
        Augmenter([Choice(id="mixup"), Choice(id="flip"), Choice(id="cutmix")], 0)


# -- the dial


@pytest.mark.parametrize("id", IDS)
def test_the_dial_turns_from_nothing_to_much(id):
    declared = AUGMENTATIONS.get(id)
    default = declared()
    assert 0 < default.power < 1
    for power in (0.0, 0.25, 0.5, 1.0):
        assert default.with_power(power).power == pytest.approx(power, abs=0.01)
    change = []
    for power in (0.0, 0.3, 1.0):
        options = default.with_power(power).model_dump(mode="json")
        seen = torch.cat([shown(id, PICTURES, epoch, **options) for epoch in range(4)])
        change.append((seen.float() - PICTURES.repeat(4, 1, 1, 1)).abs().mean().item())
    assert change[0] < change[1] < change[2]
    if id == "crop":
        options = {**default.with_power(0.0).model_dump(), "stretch": 1.0}
        change[0] = (shown(id, PICTURES, **options).float() - PICTURES).abs().mean().item()
    assert change[0] < 0.5 or id in ("erase", "mixup")
