"""Augmentation: exact per sample, right by torchvision's and hand-made numbers, and quick."""

from __future__ import annotations

import math
import pickle
import time

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from engine.datasets.augment import AUGMENTATIONS, Augmenter, Mixing, parse_augmentation
from engine.datasets.augmentations.geometric import rotation, slant, translation, zoom
from engine.datasets.draws import Draws, mix, sample_keys
from engine.datasets.moving import resample
from engine.datasets.spec import Choice
from engine.errors import BadInput

IDS = sorted(AUGMENTATIONS)
ALONE = [id for id in IDS if not issubclass(AUGMENTATIONS.get(id), Mixing)]  # whose pictures need no others
ALL = [
    Choice(id=id) for id in ("rotate", "brightness", "shift", "scale", "noise", "flip", "erase", "contrast", "affine")
]


def pictures(count: int, channels: int = 1, height: int = 32, width: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randint(0, 256, (count, channels, height, width), generator=generator, dtype=torch.uint8)


def test_every_needed_augmentation_is_there():
    assert set(IDS) >= {
        "flip", "rotate", "crop", "scale", "shift", "shear", "affine",
        "brightness", "contrast", "saturation", "hue", "colour_jitter", "rgb_shift",
        "noise", "salt_pepper", "blur", "erase", "mixup", "cutmix",
    }  # fmt: skip


@pytest.mark.parametrize("choices", [[Choice(id=id)] for id in ALONE] + [ALL], ids=[*ALONE, "all"])
@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 17, 23)], ids=["grey", "colour"])
def test_a_sample_depends_on_seed_epoch_and_index_alone(choices, shape):
    images = pictures(37, *shape)
    indices = torch.arange(1000, 1037)
    augmenter = Augmenter(choices, seed=5)
    whole = augmenter(images, 3, indices)
    assert whole.dtype == torch.uint8
    assert whole.shape == images.shape

    order = torch.randperm(37, generator=torch.Generator().manual_seed(1))
    assert torch.equal(augmenter(images[order], 3, indices[order]), whole[order])
    alone = torch.cat([augmenter(images[i : i + 1], 3, indices[i : i + 1]) for i in range(37)])
    assert torch.equal(alone, whole)
    assert torch.equal(Augmenter(choices, seed=5)(images, 3, indices.numpy()), whole)


@pytest.mark.parametrize("id", ALONE)
def test_seed_epoch_index_and_place_in_the_list_each_matter(id):
    options = {"chance": 1.0} if id == "erase" else {}
    images = pictures(1, 3).repeat(40, 1, 1, 1)
    indices = torch.arange(40)
    choice = Choice(id=id, options=options)
    base = Augmenter([choice], 0)(images, 0, indices)
    assert len(torch.unique(base.flatten(1), dim=0)) > 1
    assert not torch.equal(base, images)
    assert not torch.equal(base, Augmenter([choice], 1)(images, 0, indices))
    assert not torch.equal(base, Augmenter([choice], 0)(images, 1, indices))
    nothing = Choice(id="brightness", options={"strength": 0.0})
    assert not torch.equal(base, Augmenter([nothing, choice], 0)(images, 0, indices))


def test_the_same_with_many_threads():
    images = pictures(64, 3)
    augmenter = Augmenter(ALL, 0)
    one = augmenter(images, 0, torch.arange(64))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert torch.equal(augmenter(images, 0, torch.arange(64)), one)
    finally:
        torch.set_num_threads(before)


def test_the_mix_is_splitmix64():
    # First outputs of the reference C code for the states 1234567 and 0, one golden step each.
    golden = np.uint64(0x9E3779B97F4A7C15)
    start = np.array([1234567, 0], np.uint64)
    assert mix(start + golden).tolist() == [6457827717110365317, 16294208416658607535]


def test_draws_are_spread_evenly():
    draws = Draws(sample_keys(0, 0, np.arange(20000)), 0)
    uniform = draws.uniform(-2.0, 4.0)
    assert uniform.min() >= -2.0
    assert uniform.max() < 4.0
    assert np.histogram(uniform, 10, (-2, 4))[0] == pytest.approx(np.full(10, 2000), rel=0.1)
    assert draws.chance(0.25).mean() == pytest.approx(0.25, abs=0.02)
    normal = draws.normal(50, torch.device("cpu"))
    assert normal.shape == (20000, 50)
    assert normal.mean().item() == pytest.approx(0, abs=0.005)
    assert normal.std().item() == pytest.approx(1, abs=0.005)
    assert (normal.abs() < 1.959964).float().mean().item() == pytest.approx(0.95, abs=0.002)
    assert np.corrcoef(normal[:, 0], normal[:, 1])[0, 1] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize(("name", "ours", "theirs"), [
    ("turn", rotation(np.array([-30.0])), {"angle": 30.0}),
    ("move", translation(np.array([3.0]), np.array([-2.0])), {"translate": [3, -2]}),
    ("zoom", zoom(np.array([1.25]), np.array([1.25])), {"scale": 1.25}),
    ("slant", slant(np.array([10.0])), {"shear": [10.0, 0.0]}),
])  # fmt: skip
def test_moves_agree_with_torchvision(name, ours, theirs):
    image = pictures(1, 3, 24, 40).float()
    settings = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]} | theirs
    expected = tv.affine(image, **settings, interpolation=InterpolationMode.BILINEAR)
    # Fills differ where a source point is beyond the border by less than a pixel, so compare inside.
    inner = (slice(None), slice(None), slice(6, -6), slice(10, -10))
    assert torch.allclose(resample(image, ours, "black")[inner], expected[inner], atol=0.05)


def test_neighbouring_moves_are_done_in_the_order_of_the_list():
    image = torch.zeros(1, 1, 33, 33, dtype=torch.uint8)
    image[0, 0, 16, 20] = 255  # four pixels right of the centre
    quarter = rotation(np.array([90.0]))
    right = translation(np.array([5.0]), np.array([0.0]))
    from engine.datasets.augment import after

    turned_then_moved = resample(image.float(), after(quarter, right), "black").round()
    # A quarter turn counter-clockwise brings it four above the centre, then it goes five to the right.
    assert turned_then_moved[0, 0].argmax().item() == 12 * 33 + 21
    step_by_step = resample(resample(image.float(), quarter, "black"), right, "black").round()
    assert torch.equal(turned_then_moved, step_by_step)


def test_moves_multiplied_together_do_what_they_do_one_after_the_other():
    images = torch.zeros(20, 1, 24, 24, dtype=torch.uint8)
    images[:, :, 8:14, 10:18] = 200
    shift = Choice(id="shift", options={"horizontal": 0.3, "vertical": 0.0})
    flip = Choice(id="flip", options={"horizontal": 1.0})
    nothing = Choice(id="brightness", options={"strength": 0.0})
    together = Augmenter([shift, flip], 0)(images, 0, torch.arange(20))
    apart = Augmenter([shift, nothing, flip], 0)(images, 0, torch.arange(20))
    assert (together.int() - apart.int()).abs().max().item() <= 1
    assert not torch.equal(together, Augmenter([flip, shift], 0)(images, 0, torch.arange(20)))


def test_what_is_outside_may_be_black_drawn_out_or_mirrored():
    ramp = torch.arange(0, 240, 10, dtype=torch.uint8).repeat(1, 1, 24, 1)
    seen = {}
    for outside in ("black", "edge", "mirror"):
        choice = Choice(id="scale", options={"smallest": 0.5, "largest": 0.5, "outside": outside})
        row = Augmenter([choice], 0)(ramp, 0, torch.arange(1))[0, 0, 12]
        assert row[12].item() == 125  # just right of the middle: between columns 12 and 13
        seen[outside] = row[-2:].tolist()
    assert seen == {"black": [0, 0], "edge": [230, 230], "mirror": [145, 125]}


def test_certain_flips_are_exact():
    images = pictures(5, 3, 9, 14)
    sideways = Choice(id="flip", options={"horizontal": 1.0, "vertical": 0.0})
    both = Choice(id="flip", options={"horizontal": 1.0, "vertical": 1.0})
    assert torch.equal(Augmenter([sideways], 0)(images, 0, torch.arange(5)), images.flip(3))
    assert torch.equal(Augmenter([both], 0)(images, 0, torch.arange(5)), images.flip(2, 3))
    half = Augmenter([Choice(id="flip")], 0)(images[:1].repeat(400, 1, 1, 1), 0, torch.arange(400))
    assert (half == images[:1].flip(3)).flatten(1).all(1).float().mean().item() == pytest.approx(0.5, abs=0.1)


def test_ranges_of_moves_are_kept():
    dot = torch.zeros(300, 1, 41, 41, dtype=torch.uint8)
    dot[:, :, 20, 20] = 255
    choice = Choice(id="shift", options={"horizontal": 0.2, "vertical": 0.0})
    moved = Augmenter([choice], 0)(dot, 0, torch.arange(300)).float()[:, 0]
    centre = (moved * torch.arange(41.0)).sum((1, 2)) / moved.sum((1, 2)) - 20
    assert centre.abs().max().item() <= 8.25
    assert centre.max().item() > 7
    assert centre.min().item() < -7
    assert (moved.sum(2).argmax(1) == 20).all()


def test_brightness_and_contrast_by_hand():
    image = torch.tensor([[[[100, 200]]]], dtype=torch.uint8).repeat(500, 1, 1, 1)
    light = Augmenter([Choice(id="brightness", options={"strength": 0.5})], 0)(image, 0, torch.arange(500)).float()
    assert light[:, 0, 0, 0].min().item() == pytest.approx(50, abs=2)
    assert light[:, 0, 0, 0].max().item() == pytest.approx(150, abs=2)
    assert light[:, 0, 0, 1].max().item() == 255  # 300 is clamped
    strong = Augmenter([Choice(id="contrast", options={"strength": 0.5})], 0)(image, 0, torch.arange(500)).float()
    assert strong.mean((1, 2, 3)).sub(150).abs().max().item() <= 1
    spread = (strong[:, 0, 0, 1] - strong[:, 0, 0, 0]) / 100
    assert spread.min().item() == pytest.approx(0.5, abs=0.03)
    assert spread.max().item() == pytest.approx(1.5, abs=0.03)


def test_noise_has_the_strength_asked_for():
    grey = torch.full((200, 1, 64, 64), 128, dtype=torch.uint8)
    noisy = Augmenter([Choice(id="noise", options={"strength": 0.1})], 0)(grey, 0, torch.arange(200)).double() - 128
    deviations = noisy.flatten(1).std(1)
    assert deviations.max().item() == pytest.approx(25.5, rel=0.05)
    assert deviations.mean().item() == pytest.approx(12.75, rel=0.1)
    assert noisy.mean().item() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(("fill", "value"), [("black", 0), ("grey", 127)])
def test_erase_covers_one_rectangle_of_the_right_size(fill, value):
    white = torch.full((400, 1, 40, 50), 255, dtype=torch.uint8)
    options = {"chance": 0.75, "smallest": 0.05, "largest": 0.15, "fill": fill}
    out = Augmenter([Choice(id="erase", options=options)], 0)(white, 0, torch.arange(400))[:, 0]
    covered = out == value
    assert ((out == 255) | covered).all()
    touched = covered.flatten(1).any(1)
    assert touched.float().mean().item() == pytest.approx(0.75, abs=0.06)
    for mask in covered[touched]:
        rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
        tall, wide = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        assert mask.sum().item() == tall * wide
        # Each side is rounded by half a pixel at most.
        assert 0.05 * 2000 - (tall + wide) / 2 - 1 <= tall * wide <= 0.15 * 2000 + (tall + wide) / 2 + 1
        assert 1 / 3.6 <= tall / wide <= 3.6


def test_without_augmentation_the_very_tensor_comes_back():
    images = pictures(3)
    assert Augmenter([], 0)(images, 0, torch.arange(3)) is images
    empty = images[:0]
    assert Augmenter(ALL, 0)(empty, 0, torch.arange(0)).shape == (0, 1, 32, 32)


def test_wrong_choices_are_named():
    with pytest.raises(BadInput, match="rotat"):
        parse_augmentation(Choice(id="rotat"))
    with pytest.raises(BadInput, match="degrees"):
        Augmenter([Choice(id="rotate", options={"degrees": 999})], 0)
    with pytest.raises(BadInput, match=r"0\.9.*above.*0\.5"):
        Augmenter([Choice(id="scale", options={"smallest": 0.9, "largest": 0.5})], 0)


@pytest.mark.parametrize("id", IDS)
def test_every_augmentation_explains_itself(id):
    declaration = AUGMENTATIONS.get(id)
    assert declaration.label
    assert declaration.__doc__
    assert all(field.description for field in declaration.model_fields.values())
    entry = declaration()
    assert pickle.loads(pickle.dumps(entry)) == entry
    assert Choice.model_validate_json(Choice(id=id, options=entry.model_dump()).model_dump_json()).id == id


def test_a_batch_costs_little():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        augmenter = Augmenter([Choice(id="rotate"), Choice(id="shift"), Choice(id="scale")], 0)
        images, indices = pictures(64), torch.arange(64)
        times = []
        for epoch in range(30):
            start = time.perf_counter()
            augmenter(images, epoch, indices)
            times.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    assert min(times) < 0.003, f"{min(times) * 1000:.2f} ms"
    assert math.isfinite(sum(times))
