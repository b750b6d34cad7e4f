"""Edits of labels against a plain model of lists, and what they promise a person."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.labelling import edits, shapes, store
from engine.labelling.spec import Box, LabelledPicture, LabelSet, Mask, Point, Polygon

WIDTH, HEIGHT = 40, 30
FILES = ("pictures/a.png", "pictures/b.png", "pictures/c.png")


def fresh(classes: tuple[str, ...] = ("cat", "dog")) -> LabelSet:
    labels = edits.add_pictures(LabelSet(), [LabelledPicture(file, WIDTH, HEIGHT) for file in FILES])
    for name in classes:
        labels = edits.add_class(labels, name)
    return labels


class Plain:
    """The same in lists and dictionaries, with whole numbers for places so that nothing is rounded."""

    def __init__(self) -> None:
        self.classes = ["cat", "dog"]
        self.pictures: dict[str, dict[str, Any]] = {
            file: {"objects": [], "labels": set(), "checked": False} for file in FILES
        }

    def state(self) -> Any:
        return self.classes, self.pictures


def state_of(labels: LabelSet) -> Any:
    pictures = {}
    for picture in labels.pictures:
        objects = []
        for one in picture.objects:
            assert isinstance(one.shape, Box)
            box = one.shape
            objects.append([one.label, box.left, box.top, box.right, box.bottom])
        pictures[picture.file] = {"objects": objects, "labels": set(picture.labels), "checked": picture.checked}
    return list(labels.names), pictures


numbers = st.integers(0, 10_000)
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ("add", "move", "reshape", "remove", "relabel", "class", "rename", "drop", "labels", "check", "copy")
        ),
        st.sampled_from(FILES),
        numbers,
        numbers,
        st.integers(-50, 50),
        st.integers(-50, 50),
    ),
    max_size=25,
)


def boxed(a: int, b: int) -> tuple[int, int, int, int]:
    left, top = a % (WIDTH - 2), b % (HEIGHT - 2)
    return left, top, left + 1 + (a // 7) % (WIDTH - left - 1), top + 1 + (b // 7) % (HEIGHT - top - 1)


def step_both(labels: LabelSet, plain: Plain, step: tuple[str, str, int, int, int, int]) -> LabelSet:
    """Do one step in both worlds."""
    what, file, a, b, dx, dy = step
    picture = plain.pictures[file]
    objects, classes = picture["objects"], plain.classes
    number = a % len(objects) if objects else None
    label = b % len(classes) if classes else None
    if what == "add" and label is not None:
        objects.append([label, *boxed(a, b)])
        return edits.add_object(labels, file, label, Box(*boxed(a, b)))
    if what == "move" and number is not None:
        _, left, top, right, bottom = objects[number]
        far = max(-left, min(dx, WIDTH - right)), max(-top, min(dy, HEIGHT - bottom))
        objects[number][1:] = [left + far[0], top + far[1], right + far[0], bottom + far[1]]
        return edits.move(labels, file, (number,), dx, dy)
    if what == "reshape" and number is not None:
        objects[number][1:] = boxed(b, a)
        return edits.reshape(labels, file, number, Box(*boxed(b, a)))
    if what == "remove" and number is not None:
        del objects[number]
        return edits.remove_objects(labels, file, (number,))
    if what == "relabel" and number is not None and label is not None:
        objects[number][0] = label
        return edits.relabel(labels, file, (number,), label)
    if what == "class":
        classes.append(f"class {a}-{len(classes)}")
        return edits.add_class(labels, classes[-1])
    if what == "rename" and label is not None:
        classes[label] = f"name {a}-{b}-{dx}"
        return edits.rename_class(labels, label, classes[label])
    if what == "drop" and label is not None:
        del classes[label]
        for each in plain.pictures.values():
            each["objects"][:] = [[o[0] - (o[0] > label), *o[1:]] for o in each["objects"] if o[0] != label]
            each["labels"] = {one - (one > label) for one in each["labels"] if one != label}
        return edits.remove_class(labels, label)
    if what == "labels" and label is not None:
        picture["labels"] = {label, a % len(classes)}
        return edits.set_labels(labels, file, picture["labels"])
    if what == "check":
        picture["checked"] = bool(a % 2)
        return edits.set_checked(labels, file, bool(a % 2))
    if what == "copy":
        source = FILES[a % 3]
        objects.extend([list(one) for one in plain.pictures[source]["objects"]])
        return edits.copy_objects(labels, source, file)
    return labels


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_edits_do_what_a_plain_model_does_and_leave_what_was(todo: list) -> None:
    labels, plain = fresh(), Plain()
    for step in todo:
        before, kept = labels, store.to_plain(labels)
        try:
            labels = step_both(labels, plain, step)
        except BadInput:
            plain.classes[:] = list(labels.names)  # a name that was there already
        assert state_of(labels) == plain.state()
        assert store.to_plain(before) == kept, "what was must stay, or undoing goes nowhere"
        assert store.from_plain(store.to_plain(labels)) == labels


def test_nothing_changes_where_nothing_would_be_left() -> None:
    labels = edits.add_object(fresh(), FILES[0], 0, Box(3, 3, 9, 9))
    assert edits.add_object(labels, FILES[0], 0, Box(5, 5, 5.4, 20)) is labels
    assert edits.reshape(labels, FILES[0], 0, Box(5, 5, 5.4, 20)) is labels
    assert edits.set_checked(labels, FILES[0], False) is labels


def test_a_brush_adds_to_a_mask_and_erases_it_until_it_goes() -> None:
    labels = edits.paint(fresh(), FILES[0], None, 1, [(5, 5), (15, 5)], 2)
    shape = labels.picture(FILES[0]).objects[0].shape
    assert isinstance(shape, Mask)
    before = shapes.raster(shape, HEIGHT, WIDTH)
    assert before[4:6, 5:15].all()
    more = edits.paint(labels, FILES[0], 0, 1, [(15, 5), (15, 20)], 2)
    after = shapes.raster(more.picture(FILES[0]).objects[0].shape, HEIGHT, WIDTH)
    assert len(more.picture(FILES[0]).objects) == 1
    assert (after >= before).all()
    assert after[5:20, 14:16].all()
    half = edits.erase(more, FILES[0], 0, [(15, 12), (15, 28)], 3)
    left = shapes.raster(half.picture(FILES[0]).objects[0].shape, HEIGHT, WIDTH)
    assert not left[12:].any()
    assert left[:8].sum() == after[:8].sum()
    gone = edits.erase(half, FILES[0], 0, [(0, 5), (30, 5)], 20)
    assert gone.picture(FILES[0]).objects == ()


def test_hues_are_shared_out_evenly_and_names_are_kept_apart() -> None:
    labels = fresh(())
    for number in range(10):
        labels = edits.add_class(labels, f"c{number}")
    assert [one.colour for one in labels.classes] == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]
    with pytest.raises(BadInput, match="already"):
        edits.add_class(labels, " C3 ")
    with pytest.raises(BadInput, match="already"):
        edits.rename_class(labels, 0, "c1")
    assert edits.rename_class(labels, 0, "C0").names[0] == "C0"
    for bad in ("", "  ", "a\nb", "x" * 101):
        with pytest.raises(BadInput, match="name of a class"):
            edits.add_class(labels, bad)


def test_pictures_are_added_once_and_taken_out() -> None:
    labels = edits.add_object(fresh(), FILES[1], 0, Point(3, 3))
    again = edits.add_pictures(labels, [LabelledPicture(FILES[1], 1, 1), LabelledPicture("pictures/d.png", 5, 5)])
    assert [picture.file for picture in again.pictures] == [*FILES, "pictures/d.png"]
    assert again.picture(FILES[1]).objects
    assert FILES[1] not in edits.remove_picture(again, FILES[1]).places


def test_copies_are_clipped_to_the_smaller_picture() -> None:
    labels = edits.add_pictures(fresh(), [LabelledPicture("small.png", 10, 10)])
    labels = edits.add_object(labels, FILES[0], 0, Box(5, 5, 30, 30))
    labels = edits.add_object(labels, FILES[0], 0, Box(20, 20, 30, 30))
    labels = edits.add_object(labels, FILES[0], 1, Polygon((((1, 1), (9, 1), (5, 28)),)))
    copied = edits.copy_objects(labels, FILES[0], "small.png").picture("small.png").objects
    assert [one.label for one in copied] == [0, 1], "what lies outside is not copied"
    assert copied[0].shape == Box(5, 5, 10, 10)


def test_what_is_not_there_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError):
        edits.add_object(fresh(), "none.png", 0, Point(1, 1))
    with pytest.raises(IndexError):
        edits.relabel(fresh(), FILES[0], (), 9)
    with pytest.raises(IndexError):
        edits.reshape(fresh(), FILES[0], 0, Box(1, 1, 5, 5))
