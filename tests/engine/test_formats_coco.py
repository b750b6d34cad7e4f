"""COCO's JSON: ours is read by pycocotools and torchvision, theirs by us, mask for mask."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from engine.datasets.formats.outlines import fill, joined, trace, united
from engine.datasets.formats.rle import compress, decompress, mask_of, runs_of
from engine.errors import BadInput
from tests.helpers.annotated_sets import CLASSES, by_size, load, paint, shapes, write

# pycocotools' own arrays do not know numpy's newer argument.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


def opened(path):
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


@pytest.mark.parametrize("seed", range(40))
def test_run_lengths_are_those_of_pycocotools(seed):
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 50, 2)
    mask = random.random((height, width)) < random.random()
    theirs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert compress(runs_of(mask)) == theirs
    assert np.array_equal(mask_of(decompress(theirs), height, width), mask)


@pytest.mark.parametrize("seed", range(60))
def test_outlines_fill_the_pixels_that_pycocotools_fills(seed):
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(5, 70, 2))
    corners = random.random((random.integers(3, 10), 2)) * [width * 1.4, height * 1.4] - [width * 0.2, height * 0.2]
    corners = np.round(corners) if seed % 3 == 0 else corners
    theirs = coco_mask.decode(coco_mask.frPyObjects([corners.reshape(-1).tolist()], height, width))[..., 0]
    assert np.array_equal(fill([corners], height, width), theirs)


@pytest.mark.parametrize("seed", range(30))
def test_a_traced_mask_is_filled_again_and_so_is_one_outline_of_all_its_parts(seed):
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(2, 24, 2))
    mask = random.random((height, width)) < random.uniform(0.1, 0.9)
    mask[0, 0] = True
    rings = trace(mask)
    assert np.array_equal(fill(rings, height, width), mask)
    assert np.array_equal(fill([joined(rings)], height, width), mask)


def test_overlapping_rings_are_holes_or_add_up():
    outer = np.array([[1, 1], [9, 1], [9, 9], [1, 9]], np.float32)
    inner = outer / 2 + 2
    assert fill([outer, inner], 10, 10).sum() == 64 - 16
    assert united([outer, inner], 10, 10).sum() == 64


def test_what_we_write_pycocotools_and_torchvision_read(tmp_path):
    from torchvision.datasets import CocoDetection

    ours = shapes(8)
    written = write(ours, tmp_path / "set", "coco")
    assert (written.pictures, written.lost) == (8, ())
    theirs = opened(tmp_path / "set" / "annotations" / "instances.json")
    assert [one["name"] for one in theirs.loadCats(theirs.getCatIds())] == list(CLASSES)
    for index, key in enumerate(sorted(theirs.getImgIds())):
        known = ours.annotation(index)
        objects = theirs.loadAnns(theirs.getAnnIds(imgIds=key))
        boxes = [(x, y, x + w, y + h) for x, y, w, h in (one["bbox"] for one in objects)]
        assert np.array_equal(np.array(boxes).reshape(-1, 4), known.boxes)
        assert [one["category_id"] - 1 for one in objects] == known.box_labels.tolist()
        for place, one in enumerate(objects):
            assert np.array_equal(theirs.annToMask(one), known.instances == place + 1)
            assert one["area"] == (known.instances == place + 1).sum()
    with contextlib.redirect_stdout(io.StringIO()):
        pairs = CocoDetection(str(tmp_path / "set" / "images"), str(tmp_path / "set" / "annotations/instances.json"))
    assert [np.array_equal(np.asarray(pairs[place][0]), ours.picture(place)) for place in range(8)] == [True] * 8


def test_what_we_write_we_read_again(tmp_path):
    ours = shapes(6, fixed=True)
    write(ours, tmp_path / "set", "coco")
    again = load("coco", tmp_path / "set")
    assert again.faults == ()
    assert again.classes == CLASSES
    assert again.gives == ours.gives
    order = np.argsort(again.names)
    names = [again.names[place].rsplit("/")[-1] for place in order]
    assert sorted(again.fixed.tolist()) == sorted(ours.fixed.tolist())
    for place, name in zip(order, names, strict=True):
        index = int(name.split(".")[0])
        one, two = ours.annotation(index), again.annotation(int(place))
        assert again.fixed[place] == ours.fixed[index]
        assert np.array_equal(one.boxes, two.boxes)
        assert np.array_equal(one.instances, two.instances)
        assert np.array_equal(one.regions, two.regions)
        assert (one.labels, one.box_labels.tolist()) == (two.labels, two.box_labels.tolist())
        for rings, number in zip(two.outlines, range(1, 99), strict=False):
            assert np.array_equal(fill(rings, 48, 64), one.instances == number)


def coco_file(folder, count=3):
    """A file as other tools write it: polygons in several parts, both kinds of run lengths, a crowd, only a box."""
    random = np.random.default_rng(5)
    records, images = [], []
    for number in range(count):
        paint(folder / "train2017" / f"{number:012d}.jpg", 60, 40, 20 + number)
        images.append({"id": 100 + number, "file_name": f"{number:012d}.jpg", "width": 60, "height": 40})
        mask = np.zeros((40, 60), np.uint8)
        mask[10 + number : 20, 5:25] = 1
        packed = coco_mask.encode(np.asfortranarray(mask))
        star = (random.random((7, 2)) * [40, 30] + 5).reshape(-1).round(2).tolist()
        shapes = (
            [star, [40.5, 5.25, 55.0, 5.0, 50.0, 18.75]],
            {"size": [40, 60], "counts": packed["counts"].decode()},
            {"size": [40, 60], "counts": runs_of(mask[::-1].astype(bool)).tolist()},
        )
        for shape in shapes:
            whole = shape if isinstance(shape, dict) else coco_mask.merge(coco_mask.frPyObjects(shape, 40, 60))
            whole = coco_mask.frPyObjects(whole, 40, 60) if isinstance(whole["counts"], list) else whole
            crowd = isinstance(shape, dict) and isinstance(shape["counts"], list)
            records.append({
                "id": len(records) + 1, "image_id": 100 + number, "category_id": 7 if crowd else 3,
                "iscrowd": int(crowd), "area": 5.0,
                "bbox": [float(value) for value in coco_mask.toBbox(whole)], "segmentation": shape,
                "keypoints": [1, 2, 2], "num_keypoints": 1,
            })  # fmt: skip
    categories = [{"id": 7, "name": "cup", "supercategory": "x"}, {"id": 3, "name": "cat"}]
    path = folder / "annotations" / "instances_train2017.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": {}, "annotations": records, "images": images, "categories": categories}))
    (path.parent / "captions_train2017.json").write_text('{"images": [], "annotations": [{"caption": "A"}]}')
    return path


def test_masks_and_boxes_of_other_tools_are_those_of_pycocotools(tmp_path):
    theirs = opened(coco_file(tmp_path))
    ours = load("coco", tmp_path)
    assert ours.faults == ()
    assert ours.classes == ("cat", "cup")
    for index, name in enumerate(ours.names):
        known = ours.annotation(index)
        records = theirs.loadAnns(theirs.getAnnIds(imgIds=100 + int(name[-16:-4])))
        single = [one for one in records if not one["iscrowd"]]
        expected = [(x, y, x + w, y + h) for x, y, w, h in (one["bbox"] for one in single)]
        assert by_size(expected, [0] * len(single)) == by_size(known.boxes, known.box_labels)
        for place, one in enumerate(single):
            assert np.array_equal(ours.entries[index].objects[place].mask(40, 60), theirs.annToMask(one))
            assert np.array_equal(fill(known.outlines[place], 40, 60), theirs.annToMask(one))
        crowd = theirs.annToMask(next(one for one in records if one["iscrowd"])).astype(bool)
        alone = crowd & ~np.any([theirs.annToMask(one) for one in single], axis=0)
        assert (known.regions[alone] == 2).all()
        assert (known.instances[alone] == 0).all()
        assert known.labels == (0, 1)


def test_the_fingerprint_follows_annotations_and_pictures(tmp_path):
    path = coco_file(tmp_path)
    before = load("coco", tmp_path).fingerprint()
    assert load("coco", tmp_path).fingerprint() == before
    path.write_text(path.read_text().replace('"cup"', '"mug"'))
    changed = load("coco", tmp_path).fingerprint()
    assert changed != before
    paint(tmp_path / "train2017" / f"{0:012d}.jpg", 60, 40, 200)
    assert load("coco", tmp_path).fingerprint() not in (before, changed)


def test_only_a_box_claims_nothing_of_pixels(tmp_path):
    path = coco_file(tmp_path, 1)
    data = json.loads(path.read_text())
    data["annotations"] = data["annotations"][:2]
    data["annotations"][0]["segmentation"] = []
    path.write_text(json.dumps(data))
    known = load("coco", tmp_path).annotation(0)
    x1, y1, x2, y2 = known.boxes[0].astype(int)
    inside = known.regions[y1:y2, x1:x2]
    assert set(np.unique(inside)) <= {1, 255}
    assert (inside == 255).any()
    assert known.outlines[0] == ()


@pytest.mark.parametrize("text", ["", "[]", "{}", "no", '{"images": [{"id": 1, "file_name": "x.png"}]}', "\0" * 99])
def test_files_without_any_use_are_refused(tmp_path, text):
    paint(tmp_path / "a.png", 5, 5)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadInput, match="no picture with COCO annotations that can be used"):
        load("coco", tmp_path)
