"""Boxes, masks, edges and normals move with their pictures: by torchvision's numbers, by hand, and repeatable."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from engine.datasets.annotation import IGNORE, PADDING
from engine.datasets.augment import AUGMENTATIONS, Augmenter, Geometric, Mixing, Recolouring
from engine.datasets.augmentations.geometric import rotation, slant, translation, zoom
from engine.datasets.moving import SMALLEST_SHARE, Moving, forward, resample
from engine.datasets.spec import Choice

SIDE = 48
CPU = torch.device("cpu")
GEOMETRIC = sorted(id for id, declared in AUGMENTATIONS.items() if issubclass(declared, Geometric))
COLOURS = sorted(id for id, declared in AUGMENTATIONS.items() if issubclass(declared, Recolouring))
ALONE = sorted(id for id, declared in AUGMENTATIONS.items() if not issubclass(declared, Mixing))
ALL = [Choice(id=id) for id in ("flip", "rotate", "brightness", "shift", "scale", "noise", "affine")]


def scene(number: int, height: int = SIDE, width: int = SIDE, objects: int = 3) -> dict[str, torch.Tensor]:
    """One picture of filled ellipses with everything that is known of it; sizes and places follow from `number`."""
    random = np.random.default_rng(number)
    y, x = np.mgrid[:height, :width] + 0.5
    ids = np.zeros((height, width), np.uint8)
    for place in range(objects):
        cx, cy = random.uniform(8, width - 8), random.uniform(8, height - 8)
        a, b = random.uniform(4, 8, 2)
        ids[((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < 1] = place + 1
    boxes, labels = np.zeros((objects + 2, 4), np.float32), np.full(objects + 2, PADDING)
    for place in range(objects):
        if (ids == place + 1).sum() > 12:
            boxes[place], labels[place] = bounds(ids, place + 1), place % 2
        else:
            ids[ids == place + 1] = 0
    slopes = random.normal(size=(3, height, width)) + np.array([0, 0, 2.0])[:, None, None]
    clean = random.integers(0, 256, (3, height, width)).astype(np.uint8)
    return {
        "label": torch.tensor(number),
        "boxes": torch.from_numpy(boxes),
        "box_labels": torch.from_numpy(labels),
        "instances": torch.from_numpy(ids),
        "regions": torch.from_numpy((ids > 0).astype(np.uint8)),
        "edges": torch.from_numpy(((ids > 0) & (random.random(ids.shape) < 0.3)).astype(np.uint8)),
        "normals": torch.from_numpy((slopes / np.linalg.norm(slopes, axis=0)).astype(np.float32)),
        "clean": torch.from_numpy(clean),
    }


def scenes(count: int, height: int = SIDE, width: int = SIDE) -> dict[str, torch.Tensor]:
    made = [scene(number, height, width) for number in range(count)]
    return {name: torch.stack([one[name] for one in made]) for name in made[0]}


def bounds(ids: np.ndarray, id: int) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero((ids == id).any(1)), np.flatnonzero((ids == id).any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def moved(targets: dict[str, torch.Tensor], affine: np.ndarray, fills: str = "black") -> dict[str, torch.Tensor]:
    size = next(targets[name].shape[-2:] for name in ("instances", "clean", "normals", "regions") if name in targets)
    moving = Moving(targets, *map(int, size), CPU)
    moving.move(affine, fills)  # type: ignore[arg-type]
    return moving.finish()


# -- by other people's numbers


@pytest.mark.parametrize(("options", "theirs"), [
    ({"horizontal": 1.0, "vertical": 0.0}, [tv.horizontal_flip]),
    ({"horizontal": 0.0, "vertical": 1.0}, [tv.vertical_flip]),
    ({"horizontal": 1.0, "vertical": 1.0}, [tv.horizontal_flip, tv.vertical_flip]),
])  # fmt: skip
def test_flips_are_torchvisions(options, theirs):
    targets = scenes(6, 30, 46)
    images = targets["clean"].clone()
    seen, found = Augmenter([Choice(id="flip", options=options)], 0)(images, 0, torch.arange(6), targets)
    for row in range(6):
        boxes = tv_tensors.BoundingBoxes(targets["boxes"][row], format="XYXY", canvas_size=(30, 46))
        masks = {name: tv_tensors.Mask(targets[name][row]) for name in ("instances", "regions", "edges")}
        for flip in theirs:
            boxes, masks = flip(boxes), {name: flip(mask) for name, mask in masks.items()}
        real = targets["box_labels"][row] >= 0
        assert torch.allclose(found["boxes"][row][real], boxes[real].as_subclass(torch.Tensor))
        assert (found["boxes"][row][~real] == 0).all()
        for name, mask in masks.items():
            assert torch.equal(found[name][row], mask.as_subclass(torch.Tensor)), name
    assert torch.equal(found["clean"], seen)
    assert torch.equal(found["box_labels"], targets["box_labels"])


@pytest.mark.parametrize(("ours", "theirs"), [
    (rotation(np.array([-25.0])), {"angle": 25.0}),
    (rotation(np.array([90.0])), {"angle": -90.0}),
    (translation(np.array([3.0]), np.array([-2.0])), {"translate": [3, -2]}),
    (zoom(np.array([1.4]), np.array([1.4])), {"scale": 1.4}),
    (zoom(np.array([0.7]), np.array([0.7])), {"scale": 0.7}),
    (slant(np.array([15.0])), {"shear": [15.0, 0.0]}),
], ids=["turn", "quarter", "move", "larger", "smaller", "slant"])  # fmt: skip
def test_boxes_and_masks_move_as_torchvisions_do(ours, theirs):
    settings = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]} | theirs
    for number in range(8):
        targets = {name: value[None] for name, value in scene(number).items()}
        mask = tv.affine(tv_tensors.Mask(targets["instances"][0]), **settings, interpolation=InterpolationMode.NEAREST)
        found = moved({"instances": targets["instances"]}, ours)["instances"][0]
        # Where a source lies halfway between two pixels either may be taken.
        assert (found != mask.as_subclass(torch.Tensor)).float().mean() < 0.02
        boxes = tv_tensors.BoundingBoxes(targets["boxes"][0], format="XYXY", canvas_size=(SIDE, SIDE))
        expected = tv.affine(boxes, **settings).as_subclass(torch.Tensor)
        alone = moved({name: targets[name] for name in ("boxes", "box_labels", "clean")}, ours)
        kept = alone["box_labels"][0] >= 0
        assert kept.any()
        assert torch.allclose(alone["boxes"][0][kept], expected[kept], atol=0.01)


# -- by hand


def test_forward_maps_undo_backward_maps():
    backward = rotation(np.array([33.0]))
    backward[:, :, 2] = (2.5, -4.0)
    ahead = forward(backward, 20, 40)
    place = np.array([13.0, 7.0])
    there = ahead[0, :, :2] @ place + ahead[0, :, 2]
    middle = np.array([20.0, 10.0])
    back = backward[0, :, :2] @ (there - middle) + backward[0, :, 2] + middle
    assert back == pytest.approx(place)


def block(x1: int, y1: int, x2: int, y2: int) -> dict[str, torch.Tensor]:
    """A picture of 40×40 with one filled rectangle."""
    ids = torch.zeros(1, 40, 40, dtype=torch.uint8)
    ids[:, y1:y2, x1:x2] = 1
    return {
        "boxes": torch.tensor([[[x1, y1, x2, y2], [0, 0, 0, 0]]], dtype=torch.float32),
        "box_labels": torch.tensor([[4, PADDING]]),
        "instances": ids,
        "regions": ids * 5,
        "edges": ids.clone(),
    }


def test_a_quarter_turn_by_hand():
    # Counter-clockwise, (x, y) goes to (y, 40 − x).
    found = moved(block(4, 10, 10, 30), rotation(np.array([90.0])))
    assert found["boxes"][0, 0].tolist() == pytest.approx([10, 30, 30, 36], abs=1e-4)
    assert bounds(found["instances"][0].numpy(), 1) == (10, 30, 30, 36)
    assert int((found["regions"] == 5).sum()) == 6 * 20


def test_what_is_outside():
    right = translation(np.array([10.0]), np.array([0.0]))
    found = moved(block(0, 0, 20, 40), right)
    assert (found["regions"][0, :, :10] == IGNORE).all()
    assert (found["edges"][0, :, :10] == IGNORE).all()
    assert (found["instances"][0, :, :10] == 0).all()
    assert (found["regions"][0, :, 10:30] == 5).all()
    assert (found["regions"][0, :, 30:] == 0).all()
    for fills in ("edge", "mirror"):
        alike = moved(block(0, 0, 20, 40), right, fills)
        assert (alike["regions"][0, :, :30] == 5).all()
        assert (alike["edges"][0, :, :30] == 1).all()
        assert (alike["instances"][0, :, :10] == 0).all()
        assert alike["boxes"][0, 0].tolist() == [10, 0, 30, 40]


def test_boxes_are_clipped_and_go_when_little_is_left():
    left = {}
    for distance in (20, 33, 36, 37, 39, 45):
        found = moved(block(10, 10, 20, 20), translation(np.array([-float(distance - 20)]), np.array([0.0])))
        left[distance] = (found["boxes"][0, 0].tolist(), int(found["box_labels"][0, 0]))
        assert (found["instances"] > 0).any() == (found["box_labels"][0, 0] >= 0)
    assert left[20] == ([10, 10, 20, 20], 4)
    assert left[33] == ([0, 10, 7, 20], 4)
    assert left[36] == ([0, 10, 4, 20], 4)
    assert left[37] == ([0, 10, 3, 20], 4)
    assert 1 / 10 < SMALLEST_SHARE <= 3 / 10
    assert left[39] == ([0, 0, 0, 0], PADDING)
    assert left[45] == ([0, 0, 0, 0], PADDING)


@pytest.mark.parametrize("mapped", [True, False], ids=["map", "boxes"])
def test_what_is_left_is_measured_by_the_enlarged_object(mapped):
    targets = block(5, 5, 35, 35)
    if not mapped:
        targets.pop("instances")
    # Twice as large, 1,600 of 3,600 pixels are seen; three times as large, 1,600 of 8,100.
    assert moved(targets, zoom(np.array([2.0]), np.array([2.0])))["box_labels"][0, 0] == 4
    assert moved(targets, zoom(np.array([3.0]), np.array([3.0])))["box_labels"][0, 0] == PADDING


def test_a_tiny_box_goes_only_when_it_is_moved():
    targets = {
        "boxes": torch.tensor([[[10.0, 10.0, 10.6, 12.0]]]),
        "box_labels": torch.tensor([[2]]),
        "regions": torch.zeros(1, 40, 40, dtype=torch.uint8),
    }
    still = moved(targets, zoom(np.array([1.0]), np.array([1.0])))
    assert torch.equal(still["boxes"], targets["boxes"])
    assert moved(targets, translation(np.array([2.0]), np.array([0.0])))["box_labels"].item() == PADDING


def test_what_was_cut_off_does_not_come_back():
    moving = Moving(block(10, 10, 20, 20), 40, 40, CPU)
    moving.move(translation(np.array([-15.0]), np.array([0.0])), "black")
    moving.move(translation(np.array([15.0]), np.array([0.0])), "black")
    assert moving.finish()["boxes"][0, 0].tolist() == [15, 10, 20, 20]
    without = {name: value for name, value in block(10, 10, 20, 20).items() if name in ("boxes", "box_labels")}
    moving = Moving(without, 40, 40, CPU)
    moving.move(translation(np.array([-15.0]), np.array([0.0])), "black")
    moving.move(translation(np.array([15.0]), np.array([0.0])), "black")
    assert moving.finish()["boxes"][0, 0].tolist() == [15, 10, 20, 20]


def test_a_turned_disc_keeps_a_tight_box():
    y, x = np.mgrid[:40, :40] + 0.5
    disc = torch.from_numpy(((x - 20) ** 2 + (y - 20) ** 2 < 100).astype(np.uint8))[None]
    targets = {"boxes": torch.tensor([[[10.0, 10, 30, 30]]]), "box_labels": torch.tensor([[0]])}
    turn = rotation(np.array([45.0]))
    tight = moved({**targets, "instances": disc}, turn)["boxes"][0, 0]
    assert tight.tolist() == pytest.approx([10, 10, 30, 30], abs=1)
    hull = moved({**targets, "clean": torch.zeros(1, 1, 40, 40, dtype=torch.uint8)}, turn)["boxes"][0, 0]
    reach = 10 * math.sqrt(2)
    assert hull.tolist() == pytest.approx([20 - reach, 20 - reach, 20 + reach, 20 + reach], abs=1e-3)


def test_a_box_around_more_than_is_seen_is_not_drawn_together():
    targets = block(10, 10, 20, 20)
    targets["boxes"][0, 0] = torch.tensor([10.0, 10, 20, 34])  # its lower half is hidden
    found = moved(targets, rotation(np.array([30.0])))
    alone = moved(
        {name: targets[name] for name in ("boxes", "box_labels", "edges", "regions")}, rotation(np.array([30.0]))
    )
    assert torch.equal(found["boxes"], alone["boxes"])


# -- normals


def one_normal(x: float, y: float, z: float) -> torch.Tensor:
    normals = torch.zeros(1, 3, 21, 21)
    normals[0, :, 10, 15] = torch.tensor([x, y, z])  # five right of the centre
    return normals


@pytest.mark.parametrize(("affine", "row", "column", "expected"), [
    (zoom(np.array([-1.0]), np.array([1.0])), 10, 5, (-0.48, 0.6, 0.64)),
    (zoom(np.array([1.0]), np.array([-1.0])), 10, 15, (0.48, -0.6, 0.64)),
    (rotation(np.array([90.0])), 5, 10, (0.6, -0.48, 0.64)),
    (zoom(np.array([2.0]), np.array([2.0])), 10, 20, (0.48, 0.6, 0.64)),
], ids=["left-right", "top-bottom", "quarter", "zoom"])  # fmt: skip
def test_normals_turn_with_the_picture(affine, row, column, expected):
    found = moved({"normals": one_normal(0.48, 0.6, 0.64)}, affine)["normals"]
    assert found[0, :, row, column].tolist() == pytest.approx(expected, abs=1e-6)
    lengths = found.norm(dim=1)
    assert ((lengths == 0) | ((lengths - 1).abs() < 1e-5)).all()


@pytest.mark.parametrize(
    "affine",
    [rotation(np.array([37.0])), slant(np.array([20.0])), zoom(np.array([1.3]), np.array([0.9]))],
    ids=["turn", "slant", "stretch"],
)
def test_normals_are_those_of_the_moved_surface(affine):
    y, x = np.mgrid[:81, :81] - 40.0
    height = 6 * np.sin(x / 9) + 5 * np.cos(y / 8 + x / 20)

    def normals_of(surface: np.ndarray) -> np.ndarray:
        along, across = np.gradient(surface)
        made = np.stack([-across, -along, np.ones_like(surface)])
        return made / np.linalg.norm(made, axis=0)

    before = torch.from_numpy(normals_of(height)[None].astype(np.float32))
    found = moved({"normals": before}, affine)["normals"][0].numpy()
    surface = resample(torch.from_numpy(height[None, None].astype(np.float32)), affine, "edge")[0, 0].numpy()
    # Depths grow with the root of the change in area.
    root = 1 / math.sqrt(abs(affine[0, 0, 0] * affine[0, 1, 1] - affine[0, 0, 1] * affine[0, 1, 0]))
    inner = (slice(None), slice(20, -20), slice(20, -20))
    cosine = (found * normals_of(surface * root))[inner].sum(0)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 4
    assert np.degrees(np.arccos(np.clip((before[0].numpy() * found)[inner].sum(0), -1, 1))).mean() > 8


# -- every method


def changed_by(choices: list[Choice], count: int = 24, shape: tuple[int, int] = (40, 56), epoch: int = 3):
    targets = scenes(count, *shape)
    return targets, Augmenter(choices, 5)(targets["clean"], epoch, torch.arange(count), targets)


@pytest.mark.parametrize("id", [*GEOMETRIC, "all"])
def test_boxes_fit_their_moved_masks(id):
    choices = ALL if id == "all" else [Choice(id=id)]
    compared = 0
    for epoch in range(3):
        _, (_, found) = changed_by(choices, epoch=epoch)
        for row, ids in enumerate(found["instances"].numpy()):
            shown = set(np.unique(ids).tolist()) - {0}
            assert shown == {place + 1 for place in np.flatnonzero(found["box_labels"][row].numpy() >= 0).tolist()}
            for id_ in shown:
                box = found["boxes"][row, id_ - 1].numpy()
                assert box == pytest.approx(bounds(ids, id_), abs=1.6)
                compared += 1
    assert compared > 60


@pytest.mark.parametrize("id", [*ALONE, "all"])
def test_targets_depend_on_seed_epoch_and_index_alone(id):
    choices = ALL if id == "all" else [Choice(id=id)]
    targets, (seen, found) = changed_by(choices, 13)
    augmenter = Augmenter(choices, 5)
    assert torch.equal(augmenter(targets["clean"], 3, torch.arange(13)), seen)
    for row in range(13):
        one = {name: value[row : row + 1] for name, value in targets.items()}
        picture, alone = augmenter(one["clean"], 3, torch.tensor([row]), one)
        assert torch.equal(picture[0], seen[row])
        for name, value in alone.items():
            assert torch.equal(value[0], found[name][row]), name


@pytest.mark.parametrize("id", ALONE)
def test_types_shapes_and_what_has_no_place_stay(id):
    targets = scenes(5)
    before = {name: value.clone() for name, value in targets.items()}
    _, found = Augmenter([Choice(id=id)], 1)(targets["clean"], 0, torch.arange(5), targets)
    assert found.keys() == targets.keys()
    for name, value in before.items():
        assert found[name].shape == value.shape
        assert found[name].dtype == value.dtype
        assert torch.equal(targets[name], value), "the given targets were changed"
    assert torch.equal(found["label"], before["label"])
    if not issubclass(AUGMENTATIONS.get(id), Geometric):
        spared = before.keys() - ({"clean"} if id in COLOURS else set())
        assert all(torch.equal(found[name], before[name]) for name in spared)


@pytest.mark.parametrize("id", GEOMETRIC)
def test_a_clean_picture_moves_as_its_spoilt_one(id):
    targets = scenes(6)
    seen, found = Augmenter([Choice(id=id)], 1)(targets["clean"], 0, torch.arange(6), targets)
    assert torch.equal(found["clean"], seen)


def test_disturbance_leaves_the_clean_picture_alone_behind_a_move():
    targets = scenes(6)
    choices = [Choice(id="flip", options={"horizontal": 1.0}), Choice(id="noise", options={"strength": 0.5})]
    seen, found = Augmenter(choices, 1)(targets["clean"], 0, torch.arange(6), targets)
    assert torch.equal(found["clean"], targets["clean"].flip(-1))
    assert not torch.equal(seen, found["clean"])


def test_unmoved_samples_keep_every_bit():
    targets = scenes(40)
    _, found = Augmenter([Choice(id="flip")], 0)(targets["clean"], 0, torch.arange(40), targets)
    kept = (found["clean"] == targets["clean"]).flatten(1).all(1)
    assert 5 < int(kept.sum()) < 35
    for name, value in targets.items():
        assert torch.equal(found[name][kept], value[kept]), name


def test_without_augmentation_or_samples_the_targets_come_back():
    targets = scenes(2)
    images, found = Augmenter([], 0)(targets["clean"], 0, torch.arange(2), targets)
    assert images is targets["clean"]
    assert found == targets
    sequences = torch.zeros(2, 30, 3)
    assert Augmenter(ALL, 0)(sequences, 0, torch.arange(2)) is sequences
    none = {name: value[:0] for name, value in targets.items()}
    _, found = Augmenter(ALL, 0)(none["clean"], 0, torch.arange(0), none)
    assert found["boxes"].shape == (0, 5, 4)
