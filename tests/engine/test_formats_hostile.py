"""Files that mean harm: nothing but sentences comes of them, in bounded time and memory."""

from __future__ import annotations

import json
import os
import random
import time

import numpy as np
import pytest

import engine.datasets.formats.coco as coco
import engine.datasets.formats.faults as faults_module
import engine.datasets.formats.yolo as yolo
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import part_of, prescribed, safe_relative
from engine.datasets.formats.json_records import RecordReader
from engine.datasets.formats.rle import checked_runs, decompress
from engine.errors import BadInput
from tests.helpers.annotated_sets import load, paint
from tests.helpers.damaged_annotations import coco_lines, coco_records, damage_voc, save_picture, yolo_line
from tests.helpers.damaged_tables import damage_table

SIGNS = (b"{", b"}", b"[", b"]", b'"', b",", b"\0", b"NaN", b"1e999", b"-", b"<", b"&")


def shaken(data: bytes, draw: random.Random) -> bytes:
    """The bytes with a few of them changed, doubled, or gone."""
    found = bytearray(data)
    for _ in range(draw.randrange(1, 6)):
        place = draw.randrange(len(found))
        what = draw.randrange(4)
        if what == 0:
            found[place] = draw.randrange(256)
        elif what == 1:
            del found[place : place + draw.randrange(1, 30)]
        elif what == 2:
            found[place:place] = found[place : place + draw.randrange(1, 60)]
        else:
            found[place:place] = draw.choice(SIGNS)
    return bytes(found)


@pytest.mark.parametrize("format", ["coco", "voc", "yolo", "table"])
def test_bytes_changed_by_chance_end_in_pictures_or_in_a_sentence(tmp_path, format):
    draw = random.Random(7)
    for number in range(4):
        save_picture(tmp_path / f"p{number}.png", number)
    if format == "coco":
        path = tmp_path / "set.json"
        path.write_text("\n".join(coco_lines(coco_records())[0]))
    elif format == "voc":
        path = tmp_path / damage_voc(tmp_path, "size wrong", draw).file
    elif format == "yolo":
        path = tmp_path / "p1.txt"
        path.write_text("\n".join(yolo_line(1, thing) for thing in range(3)))
    else:
        path = tmp_path / damage_table(tmp_path, "row twice", draw).file
    good = path.read_bytes()
    loaded, sentences = 0, []
    for _ in range(60):
        path.write_bytes(shaken(good, draw))
        try:
            ours = load(format, tmp_path)
        except BadInput as error:
            sentences.append(error.what)
            continue
        loaded += 1
        for index in range(len(ours)):
            known = ours.annotation(index)
            boxes = known.boxes
            assert np.isfinite(boxes).all()
            assert (boxes[:, :2] < boxes[:, 2:]).all()
            assert boxes.min(initial=0) >= 0
            assert boxes[:, 2].max(initial=0) <= 60
            assert boxes[:, 3].max(initial=0) <= 40
            assert known.box_labels.max(initial=0) < len(ours.classes)
    assert loaded > 20
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("path", ["../a.png", "a/../../b.png", "/a.png", "C:\\a.png", "c:a.png", "\\\\host\\a.png", "",
                                  " ", ".", "a\0.png", "a\nb.png", "x" * 2000, "..", "a/.."])  # fmt: skip
def test_paths_that_lead_out(path):
    assert safe_relative(path) is None


def test_paths_that_stay():
    assert safe_relative(" ./train\\a b.png") == "train/a b.png"
    assert safe_relative("..a/b..png") == "..a/b..png"


def test_files_beyond_the_limit_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(coco, "MAX_BYTES", 1000)
    monkeypatch.setattr(yolo, "MAX_BYTES", 10)
    paint(tmp_path / "a.png", 10, 10)
    (tmp_path / "a.json").write_text(" " * 2000)
    with pytest.raises(BadInput, match=r"a\.json has 0\.0 MB; 0 MB is the limit"):
        load("coco", tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_annotation_file(tmp_path):
    paint(tmp_path / "a.png", 10, 10)
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(BadInput, match="no picture with a YOLO text file"):
        load("yolo", tmp_path)


def test_millions_of_faults_are_counted_and_not_kept(monkeypatch):
    monkeypatch.setattr(faults_module, "MOST", 100)
    faults = Faults()
    for line in range(100_000):
        faults.refuse("a.csv", "It is bad.", line + 1)
    found = faults.all()
    assert len(faults) == 100_000
    assert len(found) == 101
    assert found[-1].reason == "99,900 more faults follow that are not listed."


def test_run_lengths_that_promise_too_much():
    for text in ("", "é", "~", "o", "oooooooooooooooo0", " "):
        with pytest.raises(ValueError, match=r"holds|cut off"):
            decompress(text)
    with pytest.raises(ValueError, match="cannot be"):
        checked_runs([10**15], 10, 10)
    with pytest.raises(ValueError, match="covers 99 of the picture's 100 pixels"):
        checked_runs([9, 90], 10, 10)


def test_a_picture_with_too_many_objects(tmp_path, monkeypatch):
    monkeypatch.setattr(yolo, "MAX_OBJECTS", 50)
    paint(tmp_path / "a.png", 10, 10)
    (tmp_path / "a.txt").write_text("".join(f"0 .5 .5 .{number:04d} .5\n" for number in range(1, 200)))
    ours = load("yolo", tmp_path)
    assert len(ours.annotation(0).boxes) == 50
    assert [(fault.name, fault.line) for fault in ours.faults] == [("a.txt", 51)]


def test_parts_are_kept_only_where_something_is_left_to_learn_from():
    assert prescribed([0, 0]).tolist() == [-1, -1]
    assert prescribed([1, 2]).tolist() == [-1, -1]
    assert prescribed([0, 2]).tolist() == [0, 2]
    assert prescribed([-1, 2]).tolist() == [-1, 2]
    assert part_of("annotations/instances_train2017.json") == 0
    assert part_of("valid/_annotations.coco.json") == 1
    assert part_of("contest/latest.json") == -1


@pytest.mark.parametrize(("text", "values", "problems"), [
    ('{"a": [1, {"b": 2}], "c": [3]}', [1, {"b": 2}], []),
    ('{"x": {"a": [1]}, "a": [2]}', [2], []),
    ('{"a": [1, 2', [1, 2], [1]),
    ('{"a": [{"b": 1},\n{"b": },\n{"b": 3}]}', [{"b": 1}, {"b": 3}], [2]),
    ('{"a": [{"b": 1}\n{"b": 2}]}', [{"b": 1}, {"b": 2}], []),
    ('{"x": nonsense, \n"a": [1]}', [1], [1]),
    ('{"a": [1], "a": [2]}', [1], [1]),
    ('[1]', [], [1]),
    ('', [], [1]),
])  # fmt: skip
def test_records_are_found_past_what_is_damaged(text, values, problems):
    found = list(RecordReader(text, ("a",)))
    assert [one.value for one in found if not one.problem] == values
    assert [one.line for one in found if one.problem] == problems


def test_a_large_file_is_read_at_once(tmp_path):
    for number in range(20):
        paint(tmp_path / f"{number}.png", 64, 64)
    images = [{"id": number, "file_name": f"{number}.png", "width": 64, "height": 64} for number in range(20)]
    objects = [
        {"id": n, "image_id": n % 20, "category_id": 1, "bbox": [1 + n % 40, 2, 9, 8.5], "iscrowd": 0,
         "segmentation": [[1.5, 2, 9, 2.25, 9, 9, 1, 9]]}
        for n in range(20_000)
    ]  # fmt: skip
    text = json.dumps({"images": images, "annotations": objects, "categories": [{"id": 1, "name": "cat"}]})
    (tmp_path / "set.json").write_text(text)
    began = time.process_time()
    ours = load("coco", tmp_path)
    assert time.process_time() - began < 10
    assert sum(len(entry.objects) for entry in ours.entries) == 20_000
