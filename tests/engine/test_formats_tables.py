"""Mask PNGs, CSV tables, folders of classes and video frames: read by Pillow and csv, and made by them."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.annotation import Annotation
from engine.datasets.base import DATASETS
from engine.datasets.formats.guess import likely_source
from engine.datasets.formats.writing import FORMATS, Names, WriteDatasetJob, formats_for
from engine.errors import BadInput, JobCancelled
from engine.events import Progress
from tests.helpers.annotated_sets import CLASSES, Annotated, load, paint, shapes, write
from tests.helpers.videos import decoded, write_video


def labelled(several=False, fixed=None):
    images = np.random.default_rng(0).integers(0, 255, (6, 9, 12, 3), np.uint8)
    if several:
        words = [(0,), (1, 2), (), (2,), (0, 1, 2), (1,)]
        return Annotated(images, CLASSES, [Annotation(labels=found) for found in words], ("labels",), fixed)
    known = [Annotation(label=index % 3, labels=(index % 3,)) for index in range(6)]
    return Annotated(images, CLASSES, known, ("label", "labels"), fixed)


# -- masks


def test_masks_we_write_pillow_reads_and_so_do_we(tmp_path):
    ours = shapes(6, fixed=True)
    ours.known[0].regions[0, :] = 255
    write(ours, tmp_path / "set", "masks")
    assert (tmp_path / "set" / "classes.txt").read_text().splitlines() == ["background", *CLASSES]
    again = load("masks", tmp_path / "set")
    assert (again.faults, again.classes, again.gives) == ((), CLASSES, ("labels", "regions"))
    assert sorted(again.fixed.tolist()) == sorted(ours.fixed.tolist())
    for place, name in enumerate(again.names):
        known = ours.annotation(int(name[-5]))
        theirs = Image.open(tmp_path / "set" / name.replace("images", "masks", 1))
        assert theirs.mode == "P"
        assert np.array_equal(np.asarray(theirs), known.regions)
        assert np.array_equal(again.annotation(place).regions, known.regions)
        assert again.annotation(place).labels == known.labels
        assert np.array_equal(again.picture(place), ours.picture(int(name[-5])))


@pytest.mark.parametrize("mode", ["grey", "palette", "colour", "deep"])
def test_every_kind_of_png(tmp_path, mode):
    numbers = np.arange(200, dtype=np.uint8).reshape(10, 20) // 60
    paint(tmp_path / "images" / "a.jpg", 20, 10)
    (tmp_path / "masks").mkdir()
    image = Image.fromarray(numbers)
    if mode == "palette":
        image.putpalette([7, 7, 7, 200, 0, 0, 0, 200, 0, 0, 0, 200])
    elif mode == "colour":
        image = Image.fromarray(np.stack([numbers] * 3, axis=-1))
    elif mode == "deep":
        image = Image.fromarray(numbers.astype(np.uint16))
    image.save(tmp_path / "masks" / "a_mask.png")
    ours = load("masks", tmp_path)
    assert np.array_equal(ours.annotation(0).regions, numbers)
    assert ours.classes == ("class 1", "class 2", "class 3")


def test_black_and_white_is_one_class(tmp_path):
    mask = np.zeros((10, 20), np.uint8)
    mask[2:5] = 255
    paint(tmp_path / "photos" / "x" / "a.jpg", 20, 10)
    (tmp_path / "truth" / "x").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "truth" / "x" / "a.png")
    ours = load("masks", tmp_path, pictures="photos", masks="truth")
    assert ours.classes == ("class 1",)
    assert np.array_equal(ours.annotation(0).regions, mask // 255)


def test_the_fingerprint_follows_the_masks(tmp_path):
    write(shapes(3), tmp_path / "set", "masks")
    before = load("masks", tmp_path / "set").fingerprint()
    assert load("masks", tmp_path / "set").fingerprint() == before
    Image.fromarray(np.ones((48, 64), np.uint8)).save(tmp_path / "set" / "masks" / "1.png")
    assert load("masks", tmp_path / "set").fingerprint() != before


# -- tables


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_table_of_classes(tmp_path):
    ours = labelled(fixed=[0, 0, 1, 2, 0, 0])
    write(ours, tmp_path / "set", "table")
    rows = rows_of(tmp_path / "set" / "labels.csv")
    assert [row["label"] for row in rows] == [CLASSES[index % 3] for index in range(6)]
    again = load("table", tmp_path / "set")
    assert (again.faults, again.gives, set(again.classes)) == ((), ("label", "labels"), set(CLASSES))
    assert again.fixed.tolist() == [0, 0, 1, 2, 0, 0]
    assert [again.classes[label] for label in again.labels] == [row["label"] for row in rows]
    assert again.annotation(4).label == again.labels[4]


def test_a_table_of_several_classes(tmp_path):
    ours = labelled(several=True)
    write(ours, tmp_path / "set", "table")
    rows = rows_of(tmp_path / "set" / "labels.csv")
    assert [row["label"].strip(";") for row in rows][1:3] == [f"{CLASSES[1]};{CLASSES[2]}", ""]
    again = load("table", tmp_path / "set")
    assert (again.faults, again.gives) == ((), ("labels",))
    for index in range(6):
        told = {again.classes[label] for label in again.annotation(index).labels}
        assert told == {CLASSES[label] for label in ours.annotation(index).labels}


def test_a_table_of_boxes(tmp_path):
    ours = shapes(5)
    write(ours, tmp_path / "set", "table")
    rows = rows_of(tmp_path / "set" / "labels.csv")
    first = [row for row in rows if row["path"] == "images/0.png"]
    theirs = [[float(row[name]) for name in ("x1", "y1", "x2", "y2")] for row in first]
    assert np.array_equal(theirs, ours.annotation(0).boxes)
    again = load("table", tmp_path / "set")
    assert (again.faults, again.gives, len(again)) == ((), ("labels", "boxes"), 5)
    for index in range(5):
        assert np.array_equal(again.annotation(index).boxes, ours.annotation(index).boxes)
        told = [again.classes[label] for label in again.annotation(index).box_labels]
        assert told == [CLASSES[label] for label in ours.annotation(index).box_labels]


@pytest.mark.parametrize(("text", "kind"), [
    ("a.png,cat\nb.png,dog\n", "label"),
    ('\ufefffilename,class\r\n"a.png",cat\r\nb.png,dog\r\n', "label"),
    ("a.png\tcat\nb.png\tdog", "label"),
    ("a.png;cat\nb.png;dog", "label"),
    ("class,id,image\ncat,4,a.png\ndog,5,sub\\b.png", "label"),
    ("a.png,cat;dog\nb.png,dog", "several"),
    ("a.png,1,2,5,6,cat\na.png,0,0,3,3,dog\nb.png,,,,,\n", "boxes"),
    ("image,xmin,ymin,xmax,ymax,label\na.png,1,2,5,6,cat\na.png,0,0,3,3,dog\nb.png,,,,,\n", "boxes"),
])  # fmt: skip
def test_tables_of_others(tmp_path, text, kind):
    for name in ("a.png", "sub/b.png" if "sub" in text else "b.png"):
        paint(tmp_path / name, 12, 10)
    (tmp_path / "t.csv").write_bytes(text.encode())
    ours = load("table", tmp_path)
    assert (ours.faults, ours.classes, len(ours)) == ((), ("cat", "dog"), 2)
    if kind == "boxes":
        assert ours.annotation(0).boxes.tolist() == [[1, 2, 5, 6], [0, 0, 3, 3]]
        assert ours.annotation(1).boxes.shape == (0, 4)
    else:
        assert ours.annotation(0).labels == ((0, 1) if kind == "several" else (0,))
        assert ours.annotation(1).labels == (1,)


def test_which_table_is_meant(tmp_path):
    paint(tmp_path / "a.png", 12, 10)
    with pytest.raises(BadInput, match="holds no CSV table"):
        load("table", tmp_path)
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("a.png,cat\n")
    with pytest.raises(BadInput, match=r"several CSV tables: one\.csv, two\.csv"):
        load("table", tmp_path)
    assert len(load("table", tmp_path, file="two.csv")) == 1
    assert len(load("table", tmp_path / "two.csv")) == 1
    (tmp_path / "two.csv").write_text("x,y,z\n1,2,3\n")
    with pytest.raises(BadInput, match=r"two\.csv:1: The columns are neither named"):
        load("table", tmp_path, file="two.csv")


# -- a folder for each class


def test_folders_of_classes(tmp_path):
    ours = labelled()
    write(ours, tmp_path / "plain", "folder")
    again = load("folder", tmp_path / "plain")
    assert (again.faults, again.fixed.tolist()) == ((), [-1] * 6)
    for index, name in enumerate(again.names):
        theirs = int(name[-5])
        assert again.classes[again.labels[index]] == CLASSES[theirs % 3].replace(":", "_")
        assert np.array_equal(again.picture(index), ours.picture(theirs))
    write(labelled(fixed=[0, 0, 0, 2, 2, 2]), tmp_path / "parts", "folder")
    parts = load("folder", tmp_path / "parts")
    assert {(name.split("/")[0], int(part)) for name, part in zip(parts.names, parts.fixed, strict=True)} == {
        ("train", 0),
        ("test", 2),
    }


# -- video frames


def video(path, count=23, start=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [np.full((48, 64, 3), (start + 5 * number) % 256, np.uint8) for number in range(count)]
    return write_video(path, frames)


def test_frames_of_videos(tmp_path):
    theirs = decoded(video(tmp_path / "cats" / "a.avi"))
    video(tmp_path / "dogs" / "b.avi", 9, 100)
    (tmp_path / "dogs" / "c.mp4").write_bytes(b"no video" * 100)
    ours = load("frames", tmp_path, every=5)
    assert ours.classes == ("cats", "dogs")
    assert ours.labels.tolist() == [0] * 5 + [1] * 2
    assert [fault.name for fault in ours.faults] == ["dogs/c.mp4"]
    assert ours.names[1] == "cats/a.avi/0000005.jpg"
    for index in (4, 1):
        assert np.abs(ours.picture(index).astype(int) - theirs[5 * index][:, :, ::-1]).max() <= 3
    assert ours.annotation(5).label == 1
    again = load("frames", tmp_path, every=5)
    assert again.fingerprint() == ours.fingerprint()
    assert len(load("frames", tmp_path, every=5, most=2)) == 4


def test_one_video_has_no_class(tmp_path):
    ours = load("frames", video(tmp_path / "a.avi"), every=10)
    assert (len(ours), ours.classes, ours.gives) == (3, (), ())
    assert ours.annotation(0).label is None
    before = ours.fingerprint()
    video(tmp_path / "a.avi", 40)
    assert len(load("frames", tmp_path, every=10)) == 4
    assert ours.fingerprint() != before


def test_no_video(tmp_path):
    with pytest.raises(BadInput, match="holds no video"):
        load("frames", tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    with pytest.raises(BadInput, match=r"no video that can be used.*a\.mp4"):
        load("frames", tmp_path)


def test_taking_frames_can_be_cancelled(tmp_path):
    video(tmp_path / "a.avi")
    source = CancelSource()
    with pytest.raises(JobCancelled):
        DATASETS.get("frames")(folder=str(tmp_path)).load(tmp_path, lambda event: source.cancel(), source.token)
    assert len(load("frames", tmp_path)) == 3


# -- writing in general


def test_every_format_explains_itself():
    assert set(FORMATS) == {"coco", "voc", "yolo", "masks", "table", "folder"}
    for id in FORMATS:
        form = FORMATS.get(id)
        assert form.label
        assert form.help.endswith(".")
        assert form.__doc__
        assert form.source in DATASETS


def test_formats_are_offered_for_what_is_known():
    assert formats_for(labelled(several=True)) == ["table"]
    assert sorted(formats_for(labelled())) == ["folder", "table"]
    assert sorted(formats_for(shapes(2))) == ["coco", "masks", "table", "voc", "yolo"]
    assert formats_for(Annotated(np.zeros((1, 4, 4)), (), [Annotation()], ())) == []


def test_files_are_copied_as_they_are_and_turned_ones_are_set_upright(tmp_path):
    paint(tmp_path / "in" / "cat" / "a.jpg", 20, 10)
    turned = Image.fromarray(np.random.default_rng(0).integers(0, 255, (10, 20, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "in" / "cat" / "b.jpg", exif=exif)
    ours = load("folder", tmp_path / "in")
    write(ours, tmp_path / "out", "folder")
    copied = tmp_path / "out" / "cat" / "cat_a.jpg"
    assert copied.read_bytes() == (tmp_path / "in" / "cat" / "a.jpg").read_bytes()
    with Image.open(tmp_path / "out" / "cat" / "cat_b.png") as upright:
        assert upright.size == (10, 20)


def test_a_folder_in_use_stays_as_it_is(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="in use already"):
        write(labelled(), tmp_path / "set", "folder")
    with pytest.raises(BadInput, match="needs regions or masks of the pictures"):
        write(labelled(), tmp_path / "other", "masks")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_cancelled_writing_leaves_nothing(tmp_path):
    source = CancelSource()
    events = []

    def emit(event):
        events.append(event)
        if len(events) == 3:
            source.cancel()

    with pytest.raises(JobCancelled):
        WriteDatasetJob(labelled(), tmp_path / "set", "folder")(emit, source.token)
    assert list(tmp_path.iterdir()) == []
    assert all(isinstance(event, Progress) for event in events)


def test_some_pictures_and_pictures_that_cannot_be_read(tmp_path):
    for name in "abc":
        paint(tmp_path / "in" / "cat" / f"{name}.png", 20, 10)
    ours = load("folder", tmp_path / "in")
    (tmp_path / "in" / "cat" / "b.png").write_bytes(b"broken")
    written = write(ours, tmp_path / "out", "table", [1, 2])
    assert (written.pictures, [fault.name for fault in written.faults]) == (1, ["cat/b.png"])
    assert [row["path"] for row in rows_of(tmp_path / "out" / "labels.csv")] == ["images/cat_c.png"]


def test_names_work_everywhere_and_only_once():
    names = Names()
    assert names.take("train/cat/a b?.png") == "train_cat_a_b"
    assert names.take("train/cat/a b*.jpg") == "train_cat_a_b_2"
    assert names.take("Train/cat/A b.jpg") == "Train_cat_A_b_3"
    assert names.take("../..") == "picture"
    assert len(names.take("x" * 500)) == 100


# -- what was dropped


@pytest.mark.parametrize("format", ["coco", "voc", "yolo", "masks", "table", "folder"])
def test_what_a_dropped_folder_holds_is_seen(tmp_path, format):
    write(labelled() if format == "folder" else shapes(4), tmp_path / "set", format)
    assert likely_source(tmp_path / "set") == format


def test_dropped_videos_and_files(tmp_path):
    video(tmp_path / "in" / "a.avi", 2)
    (tmp_path / "in" / "other.json").write_text('{"name": "x"}')
    assert likely_source(tmp_path / "in") == likely_source(tmp_path / "in" / "a.avi") == "frames"
    assert likely_source(tmp_path / "nowhere") == "folder"
