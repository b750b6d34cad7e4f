"""The split: stratified, without overlap, stable, twins together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.datasets.spec import SplitSpec
from engine.datasets.split import split


def alone(count):
    return np.arange(count)


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=200),
    twins=st.integers(1, 250),
    seed=st.integers(0, 50),
    shares=st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.9, 0.0, 0.1), (0.1, 0.45, 0.45), (0.8, 0.2, 0)]),
)
@settings(max_examples=150, deadline=None)
def test_every_picture_is_in_one_part_and_twins_stay_together(labels, twins, seed, shares):
    labels = np.array(labels)
    same = np.random.default_rng(seed).integers(0, twins, len(labels))
    parts = split(labels, same, SplitSpec(train=shares[0], validation=shares[1], test=shares[2], seed=seed))
    everything = np.concatenate(parts)
    assert sorted(everything.tolist()) == list(range(len(labels)))
    where = np.empty(len(labels), int)
    for number, indices in enumerate(parts):
        assert (np.diff(indices) > 0).all()
        where[indices] = number
        if shares[number] == 0:
            assert len(indices) == 0
    for twin in np.unique(same):
        assert len(np.unique(where[same == twin])) == 1
    assert len(parts[0]) > 0


@pytest.mark.parametrize("sizes", [[1000, 200, 40], [10] * 100, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]])
def test_shares_hold_in_every_class_and_in_all(sizes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    parts = split(labels, alone(len(labels)), SplitSpec())
    for share, indices in zip((0.7, 0.15, 0.15), parts, strict=True):
        assert abs(len(indices) - share * len(labels)) <= 1.01
        counts = np.bincount(labels[indices], minlength=len(sizes))
        assert np.abs(counts - share * np.array(sizes)).max() <= 1.5


def test_the_seed_decides():
    labels = np.repeat([0, 1], 100)
    first = split(labels, alone(200), SplitSpec(seed=1))
    again = split(labels, alone(200), SplitSpec(seed=1))
    other = split(labels, alone(200), SplitSpec(seed=2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[2], other[2])


def test_the_split_is_the_same_for_ever():
    """Numbers written down, so that an old run's test pictures are never trained on after an update."""
    parts = split(np.repeat([0, 1], 10), alone(20), SplitSpec(seed=0))
    assert [indices.tolist() for indices in parts[1:]] == [[5, 6, 19], [9, 12, 17]]


def test_a_prescribed_test_part_is_kept_and_the_rest_is_shared():
    labels = np.zeros(100, int)
    fixed = np.full(100, -1, np.int8)
    fixed[60:] = 2
    spec = SplitSpec(train=0.6, validation=0.2, test=0.2)
    train, validation, test = split(labels, alone(100), spec, fixed)
    assert test.tolist() == list(range(60, 100))
    assert len(train) == 45  # three quarters of the free ones
    assert len(validation) == 15


def test_all_parts_prescribed():
    fixed = np.array([0, 1, 2, 0, 1, 2], np.int8)
    parts = split(np.zeros(6, int), alone(6), SplitSpec(), fixed)
    assert [indices.tolist() for indices in parts] == [[0, 3], [1, 4], [2, 5]]


def test_no_pictures():
    assert [len(part) for part in split(np.zeros(0, int), alone(0), SplitSpec())] == [0, 0, 0]


# -- whole classes


def test_whole_classes_go_to_one_part():
    labels = np.random.default_rng(0).integers(0, 40, 4000)
    spec = SplitSpec(by="class")
    parts = split(labels, np.zeros(4000, int), spec)  # all pictures alike, which must not pull classes together
    classes = [set(labels[indices].tolist()) for indices in parts]
    assert classes[0] | classes[1] | classes[2] == set(range(40))
    assert sum(len(part) for part in classes) == 40
    assert [len(part) for part in classes] == [28, 6, 6]
    assert sum(len(indices) for indices in parts) == 4000
    again, other = split(labels, alone(4000), spec), split(labels, alone(4000), SplitSpec(by="class", seed=1))
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))
    assert set(labels[other[2]].tolist()) != classes[2]


def test_a_single_class_is_learnt():
    assert [len(part) for part in split(np.zeros(9, int), alone(9), SplitSpec(by="class"))] == [9, 0, 0]


def test_a_split_saved_without_the_choice_is_by_picture():
    assert SplitSpec.model_validate({"train": 0.5, "validation": 0.25, "test": 0.25}).by == "picture"


@pytest.mark.parametrize("count", range(3, 12))
@pytest.mark.parametrize("seed", range(3))
def test_validation_gets_a_picture_where_training_can_spare_one(count, seed):
    train, validation, test = split(np.zeros(count, int), alone(count), SplitSpec(seed=seed))
    assert len(train) >= len(validation) >= 1
    assert sorted([*train, *validation, *test]) == list(range(count))


def test_validation_takes_no_class_its_only_picture_nor_twins_apart():
    train, validation, _ = split(np.arange(4), alone(4), SplitSpec())
    assert (len(train), len(validation)) == (4, 0)
    twins = np.array([0, 0, 0, 0])
    train, validation, _ = split(np.zeros(4, int), twins, SplitSpec())
    assert (len(train), len(validation)) == (4, 0)
    _, validation, _ = split(np.zeros(4, int), alone(4), SplitSpec(train=0.9, validation=0, test=0.1))
    assert len(validation) == 0
