"""The report: counts, sizes, and every finding on pictures made to show it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.base import Fault
from engine.datasets.report import inspect, left_out_words
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.labelling import store
from engine.labelling.spec import Box, LabelClass, LabelledPicture, LabelObject, LabelSet

RANDOM = np.random.default_rng(2)


def save(path, size=(10, 10), picture=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8) if picture is None else picture
    Image.fromarray(picture).save(path)


def look(folder, **changes):
    data = DataSpec(
        source=Choice(id="folder", options={"folder": str(folder)}),
        preprocess=PreprocessSpec(height=10, width=10),
        split=SplitSpec(train=0.6, validation=0.2, test=0.2),
    ).model_copy(update=changes)
    found = inspect(data, folder, lambda event: None, CancelSource().token)
    return found, {finding.kind: finding for finding in found.findings}


@pytest.fixture
def fair(tmp_path):
    for name in ("a", "b"):
        for number in range(10):
            save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_a_fair_dataset_has_nothing_to_say(fair):
    found, kinds = look(fair)
    assert kinds == {}
    assert found.counts.tolist() == [[6, 2, 2], [6, 2, 2]]
    assert found.total == 20
    assert found.smallest == found.largest == found.usual == (10, 10)
    assert found.faults == ()


def test_digits_are_fair(tmp_path):
    found = inspect(DataSpec(), tmp_path, lambda event: None, CancelSource().token)
    assert found.findings == ()
    assert found.counts.sum(axis=0) == pytest.approx([1258, 270, 270], abs=1)


def test_sizes(fair):
    save(fair / "a" / "wide.png", (10, 14))
    save(fair / "b" / "small.png", (9, 9))
    found, _ = look(fair)
    assert (found.smallest, found.largest, found.usual) == ((9, 9), (14, 10), (10, 10))


def test_unreadable_files(fair):
    (fair / "a" / "broken.png").write_bytes(b"?")
    (fair / "a" / "list.csv").write_text("")
    found, kinds = look(fair)
    assert set(kinds) == {"unreadable"}
    assert kinds["unreadable"].what.startswith("2 files cannot be used")
    assert [found.faults[i].name for i in (0, 1)] == ["a/list.csv", "a/broken.png"]
    assert kinds["unreadable"].pictures == (10,)
    assert found.total == 20


def test_what_is_left_out_of_a_file_is_counted_as_what_it_is():
    def refused(thing, *places):
        return [Fault(name, "Why.", line, thing=thing) for name, line in places]

    annotations = refused("annotation", ("set.json", 1), ("set.json", 1))
    assert left_out_words(annotations) == ["2 annotations of set.json"]
    assert left_out_words(refused("line", ("labels/3.txt", 2))) == ["1 line of labels/3.txt"]
    assert left_out_words(refused("line", ("a.txt", 1), ("a.txt", 5), ("b.txt", 1))) == ["3 lines of 2 files"]
    assert left_out_words(refused("line", ("t.csv, line 3", 0), ("t.csv, line 5", 0))) == ["2 lines of t.csv"]
    assert left_out_words(refused("category", ("set.json", 1), ("set.json", 2))) == ["2 categories of set.json"]
    assert left_out_words([*annotations, Fault("b.png", "Why.")]) == ["1 file", "2 annotations of set.json"]
    assert left_out_words([Fault("b.png", "Mended.", repaired=True)]) == []


def test_lines_of_a_text_and_pictures_without_labels_are_no_broken_files(tmp_path):
    for number in range(4):
        save(tmp_path / "yolo" / f"{number}.png")
        (tmp_path / "yolo" / f"{number}.txt").write_text(f"{number % 2} 0.5 0.5 0.5 0.5\n")
    (tmp_path / "yolo" / "3.txt").write_text("0 0.5 0.5 0.5 0.5\n0 none 0.5 0.5 0.5\n")
    found, kinds = look(tmp_path, source=Choice(id="yolo", options={"folder": str(tmp_path / "yolo")}))
    assert "unreadable" not in kinds
    assert kinds["left_out"].what == "1 line of 3.txt is left out."
    assert found.total == 4

    pictures = []
    for number in range(6):
        save(tmp_path / "own" / "pictures" / f"{number}.png")
        labels = (number % 2,) if number < 4 else ()
        pictures.append(LabelledPicture(f"pictures/{number}.png", 10, 10, labels=labels))
    classes = tuple(LabelClass(name, place) for place, name in enumerate(("cat", "dog")))
    store.save(tmp_path / "own", LabelSet(classes, tuple(pictures)))
    _, kinds = look(tmp_path, source=Choice(id="labelled", options={"folder": str(tmp_path / "own")}))
    assert "unreadable" not in kinds
    assert kinds["unlabelled"].severity == "info"
    assert kinds["unlabelled"].what == "2 pictures have no labels yet and will be left out."


def test_copies_in_any_format_are_found_and_kept_together(fair):
    picture = RANDOM.integers(0, 256, (10, 10, 3), dtype=np.uint8)
    for number in range(4):
        save(fair / "a" / f"copy{number}.{'png' if number % 2 else 'bmp'}", picture=picture)
    _, kinds = look(fair)
    assert set(kinds) == {"duplicate"}
    assert kinds["duplicate"].what.startswith("3 pictures are exact copies")
    assert len(kinds["duplicate"].pictures) == 4


def test_the_same_picture_in_two_classes(fair):
    picture = RANDOM.integers(0, 256, (10, 10, 3), dtype=np.uint8)
    save(fair / "a" / "same.png", picture=picture)
    save(fair / "b" / "same.png", picture=picture)
    _, kinds = look(fair)
    assert set(kinds) == {"duplicate", "contradicting"}
    assert "in a and b" in kinds["contradicting"].what


def test_a_leak_that_the_folders_prescribe(tmp_path):
    for part, count in (("train", 6), ("val", 2), ("test", 2)):
        for name in ("a", "b"):
            for number in range(count):
                save(tmp_path / part / name / f"{number}.png")
    _, kinds = look(tmp_path)
    assert kinds == {}
    picture = RANDOM.integers(0, 256, (10, 10, 3), dtype=np.uint8)
    for part in ("train", "test"):
        save(tmp_path / part / "a" / "leak.png", picture=picture)
    found, kinds = look(tmp_path)
    assert set(kinds) == {"leaking", "duplicate"}
    assert kinds["leaking"].what.startswith("1 picture kept for validation or test is also")
    assert found.counts.tolist() == [[7, 2, 3], [6, 2, 2]]


def test_a_part_that_stays_empty_is_told_with_what_to_do(tmp_path):
    for number in range(2):
        save(tmp_path / f"class{number}" / "0.png")
    _, kinds = look(tmp_path)
    assert kinds["empty"].what == "No picture is left for validation and for test."
    assert "at least 3" in kinds["empty"].advice
    _, kinds = look(tmp_path, split=SplitSpec(train=0.9, validation=0, test=0.1))
    assert kinds["empty"].what == "No picture is left for test."


def test_four_labelled_pictures_leave_one_for_validation(tmp_path):
    box = LabelObject(0, Box(1, 1, 8, 8))
    for number in range(4):
        save(tmp_path / "pictures" / f"{number}.png")
    pictures = tuple(LabelledPicture(f"pictures/{number}.png", 10, 10, (box,)) for number in range(4))
    store.save(tmp_path, LabelSet((LabelClass("cat", 0),), pictures))
    choice = Choice(id="labelled", options={"folder": str(tmp_path)})
    found, kinds = look(tmp_path, source=choice, split=SplitSpec(train=0.7, validation=0.1, test=0.2))
    assert found.counts.sum(axis=0).tolist() == [2, 1, 1]
    assert "empty" not in kinds


def test_imbalance_and_missing_and_alone(tmp_path):
    for number in range(20):
        save(tmp_path / "many" / f"{number}.png")
    save(tmp_path / "few" / "0.png")
    _, kinds = look(tmp_path)
    assert set(kinds) == {"imbalance", "missing"}
    assert kinds["imbalance"].what == "many has 20 pictures and few only 1."
    assert "few (validation), few (test)" in kinds["missing"].what
    (tmp_path / "few" / "0.png").unlink()
    _, kinds = look(tmp_path)
    assert kinds["alone"].severity == "error"


def test_tiny_and_distorted(fair):
    save(fair / "a" / "tiny.png", (5, 5))
    for number in range(4):
        save(fair / "b" / f"wide{number}.png", (20, 60))
    _, kinds = look(fair, preprocess=PreprocessSpec(height=21, width=21))
    assert set(kinds) == {"tiny", "distorted"}
    assert "one of 5×5 to 21×21" in kinds["tiny"].what
    assert len(kinds["distorted"].pictures) == 4
    assert "distorted" not in look(fair, preprocess=PreprocessSpec(height=21, width=21, fit="pad"))[1]


def test_pictures_without_classes_are_counted(tmp_path):
    for kind in ("noisy", "clean"):
        for number in range(10):
            save(tmp_path / kind / f"{number}.png")
    found, kinds = look(tmp_path, source=Choice(id="noisy", options={"folder": str(tmp_path)}))
    assert (found.classes, found.counts.tolist(), found.total) == ((), [[6, 2, 2]], 10)
    assert kinds == {}
