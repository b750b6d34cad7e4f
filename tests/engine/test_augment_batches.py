"""What augmentation does to the batches of every task, and what of it the clean picture of a pair takes part in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.datasets.augment import AUGMENTATIONS, Augmenter, Geometric, Mixing, Recolouring
from engine.datasets.spec import Choice
from engine.tasks.base import TASKS

COLOURS = sorted(id for id, declared in AUGMENTATIONS.items() if issubclass(declared, Recolouring))
DISTURBANCES = sorted(
    id for id, declared in AUGMENTATIONS.items() if not issubclass(declared, Recolouring | Geometric | Mixing)
)
PICTURES = torch.arange(2 * 3 * 8 * 8).remainder(251).to(torch.uint8).view(2, 3, 8, 8)
# What comes along in a task's batch for every target that it needs or uses.
BROUGHT: dict[str, dict[str, torch.Tensor]] = {
    "label": {"label": torch.tensor([0, 1])},
    "labels": {"labels": torch.ones(2, 3)},
    "boxes": {
        "boxes": torch.tensor([[[1.0, 1, 6, 7], [0, 0, 0, 0]]] * 2),
        "box_labels": torch.tensor([[0, -1]] * 2),
    },
    "instances": {"instances": torch.ones(2, 8, 8, dtype=torch.uint8)},
    "regions": {"regions": torch.ones(2, 8, 8, dtype=torch.uint8)},
    "edges": {"edges": torch.zeros(2, 8, 8, dtype=torch.uint8)},
    "normals": {"normals": torch.ones(2, 3, 8, 8) / 3**0.5},
    "clean": {"clean": PICTURES.clone()},
    "future": {"future": torch.zeros(2, 4, 1)},
    "tokens": {"tokens": torch.zeros(2, 5, dtype=torch.int64)},
}


def batches() -> list[tuple[str, tuple[str, ...]]]:
    """Every task with what it needs, and once more with what it uses where the data brings it."""
    plain = [(id, task.needs) for id, task in sorted(TASKS.items())]
    return plain + [(id, (*task.needs, *task.uses)) for id, task in sorted(TASKS.items()) if task.uses]


@pytest.mark.parametrize(("task", "names"), batches())
def test_every_method_that_fits_a_task_takes_its_batches(task: str, names: tuple[str, ...]) -> None:
    targets = {name: value for one in names for name, value in BROUGHT[one].items()}
    inputs = torch.zeros(2, 5, 1) if {"future", "tokens"} & set(names) else PICTURES
    tried = 0
    for id, method in AUGMENTATIONS.items():
        if method().fits(TASKS.get(task).needs, task):
            continue
        tried += 1
        for given in (inputs, inputs[:, :1]) if "clean" not in names else (inputs,):
            seen, found = Augmenter([Choice(id=id)], 0)(given, 0, np.arange(2), targets)
            assert (seen.shape, seen.dtype) == (given.shape, given.dtype), id
            assert found.keys() - {"label_other", "label_share"} == targets.keys(), id
            for name, value in targets.items():
                assert (found[name].shape, found[name].dtype) == (value.shape, value.dtype), (id, name)
    assert tried >= len(COLOURS) + len(DISTURBANCES)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("id", COLOURS)
def test_light_and_colour_change_in_the_clean_picture_as_in_its_spoilt_one(id: str, channels: int) -> None:
    random = np.random.default_rng(4)
    clean = torch.from_numpy(random.integers(60, 190, (6, channels, 9, 9)).astype(np.uint8))
    spoilt = clean.clone()
    spoilt[:, :, 3] = 20  # which moves the mean, and with it what another contrast does
    seen, found = Augmenter([Choice(id=id)], 1)(spoilt, 0, np.arange(6), {"clean": clean})
    same = (spoilt == clean).all(dim=1, keepdim=True).expand_as(clean)
    assert torch.equal(seen[same], found["clean"][same])
    assert torch.equal(seen, Augmenter([Choice(id=id)], 1)(spoilt, 0, np.arange(6))), "with targets as without"
    if channels == 3 or id not in ("hue", "saturation"):
        assert not torch.equal(found["clean"], clean)


def test_a_changed_light_comes_in_its_place_among_moves() -> None:
    choices = [
        Choice(id="brightness", options={"strength": 0.8}),
        Choice(id="flip", options={"horizontal": 1.0}),
        Choice(id="contrast", options={"strength": 0.8}),
    ]
    seen, found = Augmenter(choices, 1)(PICTURES, 0, np.arange(2), {"clean": PICTURES})
    assert torch.equal(found["clean"], seen)
    assert not torch.equal(seen, PICTURES.flip(-1))


@pytest.mark.parametrize("id", DISTURBANCES)
def test_what_is_to_be_undone_leaves_the_clean_picture_alone(id: str) -> None:
    options = {"chance": 1.0} if id == "erase" else {}
    seen, found = Augmenter([Choice(id=id, options=options)], 1)(PICTURES, 0, np.arange(2), {"clean": PICTURES})
    assert torch.equal(found["clean"], PICTURES)
    assert not torch.equal(seen, PICTURES)


def test_the_headings_tell_what_reaches_the_clean_picture() -> None:
    assert {AUGMENTATIONS.get(id).family for id in COLOURS} == {"Colour and light"}
    assert {AUGMENTATIONS.get(id).family for id in DISTURBANCES} == {"Disturbance"}
    assert {"brightness", "contrast", "hue", "colour_jitter"} < set(COLOURS)
    assert {"noise", "blur", "erase", "salt_pepper"} <= set(DISTURBANCES)
