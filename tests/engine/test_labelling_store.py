"""The file of labels: it comes back as it was, and whatever is wrong with it is refused in words."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import BadInput
from engine.labelling import edits, shapes, store
from engine.labelling.spec import Box, LabelClass, LabelledPicture, LabelObject, LabelSet, Point, Polygon
from engine.project.plain import Malformed, parse_plain


def example() -> LabelSet:
    """One of everything."""
    y, x = np.mgrid[:60, :80]
    painted = shapes.mask_of((x - 40) ** 2 + (y - 30) ** 2 < 400)
    assert painted is not None
    ring = ((1.0, 1.0), (9.5, 1.25), (5.0, 8.75))
    hole = ((3.0, 2.0), (6.0, 2.0), (5.0, 4.0))
    objects = (
        LabelObject(0, Box(0, 30.5, 80, 60)),
        LabelObject(1, Polygon((ring, hole))),
        LabelObject(1, painted),
        LabelObject(0, Point(40.01, 41)),
    )
    return LabelSet(
        (LabelClass("Katze", 0), LabelClass("犬 & dog", 3)),
        (
            LabelledPicture("pictures/1.png", 80, 60, objects, (0, 1), True),
            LabelledPicture("pictures/α β.jpg", 8, 6),
        ),
    )


def test_labels_come_back_as_they_were(tmp_path: Path) -> None:
    store.save(tmp_path / "labels", example())
    assert store.load(tmp_path / "labels") == example()
    assert [path.name for path in (tmp_path / "labels").iterdir()] == ["labels.json"], "nothing else is left behind"


def test_a_folder_without_labels_has_none_yet(tmp_path: Path) -> None:
    assert store.load(tmp_path / "nowhere") == LabelSet()


def test_a_file_of_the_first_version_still_opens() -> None:
    written = Path(__file__).resolve().parents[1] / "data" / "labels_1"
    assert store.load(written) == example()


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(tmp_path, example())

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Exception, match="disk is full"):
        store.save(tmp_path, edits.add_class(example(), "more"))
    assert store.load(tmp_path) == example()


def test_the_largest_outline_fits(tmp_path: Path) -> None:
    side = 65_535
    corners = tuple((side - 0.01 - n % 7, side - 1365.01 + 1.25 * n) for n in range(1000))
    labels = LabelSet((LabelClass("a", 0),), (LabelledPicture("a.png", side, side),))
    labels = edits.add_object(labels, "a.png", 0, Polygon((corners,)))
    assert len(labels.pictures[0].objects) == 1
    with pytest.raises(BadInput, match="corners at most"):
        edits.reshape(labels, "a.png", 0, Polygon((corners, corners[:3])))
    plain = json.dumps(store.to_plain(labels)).encode()
    parse_plain(plain)


def test_more_than_a_file_may_hold_is_refused_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 300)
    with pytest.raises(BadInput, match="too many for one file"):
        store.save(tmp_path, example())
    assert not (tmp_path / "labels.json").exists()


def put(plain: Any, path: str, value: Any) -> Any:
    """A copy of `plain` with one place changed."""
    changed = copy.deepcopy(plain)
    *way, last = (int(step) if step.isdecimal() else step for step in path.split("/"))
    place = changed
    for step in way:
        place = place[step]
    place[last] = value
    return changed


HOSTILE = [
    ("format", "something", "format"),
    ("version", 2, "newer"),
    ("version", True, "version"),
    ("classes", {}, "list"),
    ("classes/0/name", "", "empty"),
    ("classes/0/name", " x", "space"),
    ("classes/1/name", "KATZE", "twice"),
    ("classes/0/colour", 8, "colour"),
    ("classes/0", {"name": "a", "more": 1}, "unknown key"),
    ("classes", [{"name": f"c{n}"} for n in range(201)], "201"),
    ("pictures/0/file", "../secret.png", "below the folder"),
    ("pictures/0/file", "/etc/passwd", "below the folder"),
    ("pictures/0/file", "C:\\a.png", "below the folder"),
    ("pictures/0/file", "a//b.png", "below the folder"),
    ("pictures/0/file", "a/./b.png", "below the folder"),
    ("pictures/1/file", "pictures/1.png", "twice"),
    ("pictures/0/size", [80], "2 entries"),
    ("pictures/0/size", [80, 0], "whole number"),
    ("pictures/0/size", [80, 60.5], "whole number"),
    ("pictures/0/size", [65_535, 65_535], "pixels"),
    ("pictures/0/checked", 1, "true or false"),
    ("pictures/0/labels", [1, 0], "ascending"),
    ("pictures/0/labels", [2], "whole number"),
    ("pictures/0/objects/0/class", 2, "whole number"),
    ("pictures/0/objects/0/class", -1, "whole number"),
    ("pictures/0/objects/0/box", "0 30 80", "4 numbers"),
    ("pictures/0/objects/0/box", [0, 30, 80, 60], "text of numbers"),
    ("pictures/0/objects/0/box", "0 30 81 60", "inside"),
    ("pictures/0/objects/0/box", "30 30 10 60", "inside"),
    ("pictures/0/objects/0/box", "0 30 1e1 60", "two decimals"),
    ("pictures/0/objects/0/box", "0 30 nan 60", "two decimals"),
    ("pictures/0/objects/0/box", "0 -3 9 60", "two decimals"),
    ("pictures/0/objects/0/box", "0 3.123 9 60", "two decimals"),
    ("pictures/0/objects/0/box", "0  3 9 60", "4 numbers"),
    ("pictures/0/objects/0", {"class": 0}, "one of box"),
    ("pictures/0/objects/0", {"class": 0, "box": "1 1 2 2", "point": "1 1"}, "one of box"),
    ("pictures/0/objects/1/polygon", [], "ring"),
    ("pictures/0/objects/1/polygon", ["1 1 2 2"], "corners"),
    ("pictures/0/objects/1/polygon", ["1 1 2 2 3"], "corners"),
    ("pictures/0/objects/1/polygon", ["1 1 " * 999 + "2 2 3 3"], "corners"),
    ("pictures/0/objects/2/mask/place", [79, 0, 2, 1], "inside"),
    ("pictures/0/objects/2/mask/place", [0, 0, -1, 1], "whole number"),
    ("pictures/0/objects/2/mask/runs", [1], "texts"),
    ("pictures/0/objects/2/mask/runs", ["0"], "cannot be read"),
    ("pictures/0/objects/2/mask/runs", ["zzzzzzzzzzzz"], "cannot be read"),
    ("pictures/0/objects/2/mask/more", 1, "unknown key"),
    ("pictures/0/objects/3/point", "81 3", "inside"),
    ("pictures/0/objects/1/polygon", ["1 1 " * 5000 + "2 2"], "characters"),
    ("pictures/0/objects", [{"class": 0, "point": "1 1"}] * 2001, "2,001"),
]


@pytest.mark.parametrize(("path", "value", "words"), HOSTILE, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_refused_and_named(tmp_path: Path, path: str, value: Any, words: str) -> None:
    (tmp_path / "labels.json").write_text(json.dumps(put(store.to_plain(example()), path, value)))
    with pytest.raises(Malformed, match=words) as caught:
        store.load(tmp_path)
    assert "labels.json" in caught.value.what
    assert caught.value.advice


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04pickle", b"[]", b"{", b'{"format": "vitrine-labels"}', b"[" * 100_000, b"nul", b"{}" * 2]
)
def test_bytes_that_are_no_labels_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "labels.json").write_bytes(data)
    with pytest.raises(BadInput):
        store.load(tmp_path)


def test_every_damaged_byte_is_refused_or_read_as_labels(tmp_path: Path) -> None:
    whole = store.save(tmp_path, example()).read_bytes()
    random = np.random.default_rng(3)
    for _ in range(400):
        broken = bytearray(whole)
        for place in random.integers(0, len(whole), random.integers(1, 4)):
            broken[place] = random.integers(0, 256)
        (tmp_path / "labels.json").write_bytes(
            broken[: random.integers(1, len(whole) + 1)] if random.random() < 0.2 else broken
        )
        try:
            labels = store.load(tmp_path)
        except BadInput:
            continue
        for picture in labels.pictures:
            for one in picture.objects:
                assert 0 <= one.label < len(labels.classes)
                assert shapes.tidied(one.shape, picture.width, picture.height) == one.shape
