"""Generated scenes: what is said of a picture is what is in it, to the pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.base import parse_source
from engine.datasets.scenes.paint import AMBIENT, LIGHT, annotate, edges, normals
from engine.datasets.scenes.scene import LEAST_SEEN, Scene, Thing, crop, stack
from engine.datasets.scenes.solids import RING_MIDDLE, RING_TUBE, SOLIDS
from engine.datasets.spec import Choice
from engine.errors import BadInput, JobCancelled

ALL = "circle, square, triangle, star, ring, cross"
HALVES = np.arange(-10, 10) + 0.5
LEVELS = ("easy", "medium", "hard")


def load(token=None, **options):
    source = parse_source(Choice(id="shapes", options=options))
    return source.load(Path(), lambda event: None, token or CancelSource().token)


def thing(kind="circle", x=20.0, y=12.0, radius=8.0, turn=0.3, label=0, steepness=0.8):
    return Thing(kind, label, x, y, radius, turn, steepness, (1.0, 0.5, 0.25))


def whole_mask(one, size):
    """The pixels that a thing covers inside the picture, without anything before it."""
    mask = np.zeros(size, bool)
    rows, columns, within = crop(one, size)
    mask[rows, columns] = one.relief().inside[within]
    return mask


def even_odd(rings, size):
    """The pixels whose centres lie inside an odd number of rings (P, 2): crossings of a ray to the right, counted."""
    x, y = np.meshgrid(np.arange(size[1]) + 0.5, np.arange(size[0]) + 0.5)
    inside = np.zeros(size, bool)
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            straddles = (y1 > y) != (y2 > y)
            with np.errstate(divide="ignore", invalid="ignore"):
                inside ^= straddles & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return inside


# -- by hand


def test_a_ball_by_hand():
    # Centre on a pixel's corner and radius 4: rows of 4, 6, 8, 8 and back; 4.5² does not fit in any direction.
    scene = stack([thing(x=10.0, y=6.0, radius=4.0)], (12, 20))
    known = annotate(scene)
    assert known.boxes.tolist() == [[6.0, 2.0, 14.0, 10.0]]
    assert known.instances.sum(axis=1).tolist() == [0, 0, 4, 6, 8, 8, 8, 8, 6, 4, 0, 0]
    # Closed form: at the pixel (12, 7) the centre is (2.5, 1.5) from the ball's, so z = √(16 − 6.25 − 2.25).
    assert known.normals[7, 12] == pytest.approx([2.5 / 4, 1.5 / 4, np.sqrt(7.5) / 4], abs=1e-6)
    assert known.normals[0, 0].tolist() == [0, 0, 1]
    assert (known.labels, known.label) == ((0,), 0)


def test_a_square_by_hand():
    # Its corners point along the axes when it isn't turned; the height falls from 0.5 r at the tip to 0 at the sides.
    one = thing("square", x=10.0, y=10.0, radius=7.5, turn=0.0, steepness=0.5)
    scene = stack([one], (20, 20))
    known = annotate(scene)
    assert known.boxes.tolist() == [[3.0, 3.0, 17.0, 17.0]]
    assert known.instances.sum() == sum(abs(x) + abs(y) < 7.5 for x in HALVES for y in HALVES)
    assert sorted(np.round(known.outlines[0][0], 4).tolist()) == [[2.5, 10.0], [10.0, 2.5], [10.0, 17.5], [17.5, 10.0]]
    assert known.normals[12, 12] == pytest.approx(np.array([0.5, 0.5, 1]) / np.sqrt(1.5), abs=1e-6)
    assert known.normals[12, 7] == pytest.approx(np.array([-0.5, 0.5, 1]) / np.sqrt(1.5), abs=1e-6)


def test_edges_by_hand():
    instances = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 2, 2]], np.uint16)
    assert edges(instances).tolist() == [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert edges(np.ones((3, 5), np.uint16)).sum() == 0


def test_what_lies_in_front_is_seen_and_what_is_hidden_is_left_out():
    back, front = thing(x=20, y=20, label=0), thing("square", x=26, y=20, radius=7, turn=0.0, label=1)
    scene = stack([back, front], (40, 48))
    assert scene.things == (back, front)
    assert np.array_equal(scene.instances == 2, whole_mask(front, (40, 48)))
    assert np.array_equal(scene.instances == 1, whole_mask(back, (40, 48)) & ~whole_mask(front, (40, 48)))
    known = annotate(scene)
    assert known.regions.tolist() == scene.instances.tolist()  # classes 0 and 1 became 1 and 2
    assert known.boxes[0].tolist() == [12.0, 12.0, 28.0, 28.0]  # the whole ball, also where it is hidden

    assert stack([thing(radius=5), thing(radius=9)], (40, 48)).things == (thing(radius=9),)
    # A ring hides nothing through its hole.
    assert len(stack([thing(radius=5), thing("ring", radius=14)], (40, 48)).things) == 2


# -- any scene


@pytest.mark.parametrize("difficulty", LEVELS)
def test_all_that_is_known_of_a_picture_fits_together(difficulty):
    size = (60, 80)
    ours = load(count=25, height=60, width=80, difficulty=difficulty, shapes=ALL)
    assert ours.classes == tuple(ALL.split(", "))
    for index in range(len(ours)):
        picture, known, scene = ours.picture(index), ours.annotation(index), ours.scene(index)
        assert picture.shape == (60, 80, 3)
        assert picture.dtype == np.uint8
        assert len(scene.things) == len(known.boxes) >= 1
        for number, one in enumerate(scene.things):
            mask = whole_mask(one, size)
            down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            assert known.boxes[number].tolist() == [across[0], down[0], across[-1] + 1, down[-1] + 1]
            seen = known.instances == number + 1
            assert not (seen & ~mask).any()
            assert seen.sum() >= LEAST_SEEN * one.relief().inside.sum()
            assert set(known.regions[seen].tolist()) == {one.label + 1}
            outlined = even_odd(known.outlines[number], size)
            # Round outlines have 64 corners, so a pixel on the rim may fall outside; flat ones agree exactly.
            assert (outlined ^ mask).sum() <= (6 if one.kind in ("circle", "ring") else 1)
        assert ((known.instances == 0) == (known.regions == 0)).all()
        assert known.labels == tuple(sorted({one.label for one in scene.things}))
        assert ours.labels[index] == known.label
        assert np.array_equal(known.edges, edges(known.instances))


@pytest.mark.parametrize("kind", SOLIDS)
def test_normals_are_the_slopes_of_the_heights(kind):
    one = thing(kind, x=90.3, y=89.1, radius=80.0, turn=0.7)
    relief = one.relief()
    assert np.abs(np.linalg.norm(relief.normals, axis=2) - 1)[relief.inside].max() < 1e-12
    down, across = np.gradient(relief.height)
    slope = np.stack([-across, -down, np.ones_like(down)], axis=2)
    slope /= np.linalg.norm(slope, axis=2, keepdims=True)
    # Away from rims, where a round solid is upright, and from the creases, where differences straddle two faces.
    core = relief.inside & (relief.normals[:, :, 2] > 0.35)
    for axis in (0, 1):
        for step in (1, -1):
            core &= np.roll(relief.inside, step, axis)
            core &= np.abs(np.roll(relief.normals, step, axis) - relief.normals).max(axis=2) < 0.2
    assert core.sum() > 0.4 * relief.inside.sum()
    assert np.abs(slope - relief.normals)[core].max() < 0.03


def test_a_ring_has_its_hole_and_its_height():
    relief = thing("ring", x=40.0, y=40.0, radius=40.0).relief()
    area = np.pi * ((RING_MIDDLE + RING_TUBE) ** 2 - (RING_MIDDLE - RING_TUBE) ** 2) * 40**2
    assert relief.inside.sum() == pytest.approx(area, rel=0.01)
    assert not relief.inside[40, 40]
    assert relief.height.max() == pytest.approx(RING_TUBE * 40, rel=0.01)


def test_the_picture_is_shaded_by_its_normals():
    ours = load(count=1, difficulty="easy", shapes="circle", objects=1)
    picture, scene = ours.picture(0) / 255.0, ours.scene(0)
    facing = normals(scene)
    shade = AMBIENT + (1 - AMBIENT) * np.maximum(facing @ LIGHT, 0)
    inside = scene.instances == 1
    expected = shade[inside][:, None] * np.array(scene.things[0].colour)
    assert np.abs(picture[inside] - expected).mean() < 0.02  # noise of 0.01


# -- a set


def test_pictures_depend_on_options_and_number_alone():
    ours, again, longer = load(count=5, seed=3), load(count=5, seed=3), load(count=9, seed=3)
    for index in (4, 0, 2):
        for other in (again, longer):
            assert np.array_equal(ours.picture(index), other.picture(index))
            assert np.array_equal(ours.annotation(index).normals, other.annotation(index).normals)
    assert len({ours.picture(index).tobytes() for index in range(5)}) == 5
    assert not np.array_equal(ours.picture(0), load(count=5, seed=4).picture(0))
    marks = {load(count=5, **more).fingerprint() for more in ({}, {"seed": 1}, {"difficulty": "hard"}, {"width": 64})}
    assert len(marks) == 4
    assert ours.fingerprint() == again.fingerprint() != longer.fingerprint()


def test_all_classes_occur_and_one_object_can_be_asked_for():
    ours = load(count=60, objects=1, shapes=ALL)
    assert all(len(ours.scene(index).things) == 1 for index in range(60))
    assert set(ours.labels.tolist()) == set(range(6))


def test_options_are_refused_in_words():
    for shapes in ("circle, blob", "", "circle, circle"):
        with pytest.raises(BadInput) as caught:
            load(shapes=shapes)
        assert "shapes" in caught.value.what


def test_laying_out_can_be_cancelled():
    source = CancelSource()
    source.cancel()
    with pytest.raises(JobCancelled):
        load(token=source.token)


def test_an_empty_scene_is_an_annotation_too():
    known = annotate(Scene((), np.zeros((8, 9), np.uint16), ()))
    assert known.boxes.shape == (0, 4)
    assert known.labels == ()
    assert known.edges.sum() == 0
