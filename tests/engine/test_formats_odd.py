"""Sets as cameras, old tools and careless copying leave them: turned photographs, UTF-16, links in circles."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.cancel import CancelSource
from engine.datasets.base import PictureSet, parse_source
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import read_text, walk
from engine.datasets.pictures import load_picture
from engine.datasets.report import inspect
from engine.datasets.spec import Choice, DataSpec
from engine.errors import BadInput
from tests.helpers.annotated_sets import load, paint

WIDTH, HEIGHT = 40, 30
BOX = (4, 6, 14, 11)  # x1, y1, x2, y2 in the picture as it lies in the file
QUARTERS = (5, 6, 7, 8)


def photograph(path: Path, orientation: int) -> Path:
    """Black with a white box, lying on its side in the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    tags = Image.Exif()
    tags[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=tags, quality=100, subsampling=0)
    return path


def extent(picture: np.ndarray) -> list[float]:
    """The box around what is white."""
    rows, columns = np.nonzero(picture[..., 0] > 128 if picture.ndim == 3 else picture == 1)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def shown(path: Path) -> np.ndarray:
    """The photograph as Pillow turns it."""
    return np.asarray(ImageOps.exif_transpose(Image.open(path)))


def only(found: PictureSet, path: Path) -> None:
    """One picture, whose box lies where the white box is."""
    (fault,) = found.faults
    assert fault.repaired
    assert "EXIF" in fault.reason
    assert np.array_equal(found.picture(0), shown(path))
    boxes = found.annotation(0).boxes
    assert boxes is not None
    assert boxes.tolist() == [extent(shown(path))]


def coco(folder: Path, size: tuple[int, int], segmentation: object = None) -> None:
    x1, y1, x2, y2 = BOX
    marked = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
    plain = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": size[0], "height": size[1]}],
        "annotations": [marked | ({"segmentation": segmentation} if segmentation else {})],
        "categories": [{"id": 1, "name": "box"}],
    }
    (folder / "set.json").write_text(json.dumps(plain))


@pytest.mark.parametrize("orientation", QUARTERS)
def test_coco_marks_of_a_photograph_on_its_side_are_turned_with_it(tmp_path: Path, orientation: int) -> None:
    path = photograph(tmp_path / "a.jpg", orientation)
    x1, y1, x2, y2 = BOX
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    flat = mask.T.reshape(-1)
    ends = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(int)))
    runs = {"counts": np.diff([0, *ends.tolist(), flat.size]).tolist(), "size": [HEIGHT, WIDTH]}
    outline = [[x1, y1, x2, y1, x2, y2, x1, y2]]
    for segmentation in (None, runs, outline):
        coco(tmp_path, (WIDTH, HEIGHT), segmentation)
        found = load("coco", tmp_path)
        only(found, path)
        if segmentation:
            regions = found.annotation(0).regions
            assert regions is not None
            assert extent(regions) == extent(shown(path))


def test_marks_made_upright_stay(tmp_path: Path) -> None:
    photograph(tmp_path / "a.jpg", 6)
    coco(tmp_path, (HEIGHT, WIDTH))
    found = load("coco", tmp_path)
    assert not found.faults
    assert found.annotation(0).boxes.tolist() == [list(BOX)]
    photograph(tmp_path / "a.jpg", 1)
    with pytest.raises(BadInput, match="says 30×40 pixels"):
        load("coco", tmp_path)


@pytest.mark.parametrize("orientation", QUARTERS)
def test_voc_marks_of_a_photograph_on_its_side_are_turned_with_it(tmp_path: Path, orientation: int) -> None:
    path = photograph(tmp_path / "JPEGImages" / "a.jpg", orientation)
    x1, y1, x2, y2 = BOX
    corners = f"<xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
    (tmp_path / "a.xml").write_text(
        f"<annotation><filename>a.jpg</filename><size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
        f"<object><name>box</name><bndbox>{corners}</bndbox></object></annotation>"
    )
    only(load("voc", tmp_path), path)
    numbers = np.zeros((HEIGHT, WIDTH), np.uint8)
    numbers[y1:y2, x1:x2] = 1
    for kind in ("SegmentationClass", "SegmentationObject"):
        (tmp_path / kind).mkdir()
        Image.fromarray(numbers).save(tmp_path / kind / "a.png")
    known = load("voc", tmp_path).annotation(0)
    assert known.regions is not None
    assert extent(known.regions) == extent(known.instances) == extent(shown(path))


@pytest.mark.parametrize("orientation", QUARTERS)
def test_masks_of_a_photograph_on_its_side_are_turned_with_it(tmp_path: Path, orientation: int) -> None:
    path = photograph(tmp_path / "images" / "a.jpg", orientation)
    numbers = np.zeros((HEIGHT, WIDTH), np.uint8)
    numbers[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 1
    (tmp_path / "masks").mkdir()
    Image.fromarray(numbers).save(tmp_path / "masks" / "a.png")
    found = load("masks", tmp_path)
    assert [fault.repaired for fault in found.faults] == [True]
    regions = found.annotation(0).regions
    assert regions is not None
    assert extent(regions) == extent(shown(path))


def test_links_in_circles_cost_no_set(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for number in range(3):
            paint(tmp_path / name / f"{number}.png", 9, 9, 20 * number)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "a" / "self.png").symlink_to("self.png")
    (tmp_path / "a" / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert len(list(walk(tmp_path))) == 6
    found = load("folder", tmp_path)
    assert (found.classes, len(found), found.faults) == (("a", "b"), 6, ())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_texts_say_their_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes("file,label\na.png,käse\nb.png,日本\n".encode(encoding))
    for name in ("a", "b"):
        paint(tmp_path / f"{name}.png", 8, 8)
    found = load("table", tmp_path)
    assert (found.classes, found.faults) == (("käse", "日本"), ())
    faults = Faults()
    assert read_text(tmp_path / "t.csv", 1000, faults, "t.csv").startswith("file,")


def test_an_empty_file_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(BadInput, match=r"a\.png is an empty file"):
        load_picture(tmp_path / "a.png")
    photograph(tmp_path / "b.jpg", 1)
    coco(tmp_path, (WIDTH, HEIGHT))
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(BadInput, match=r"cannot be used \(a\.jpg is an empty file\), so it was left out"):
        load("coco", tmp_path)


def test_a_side_that_single_precision_loses_is_none(tmp_path: Path) -> None:
    photograph(tmp_path / "a.jpg", 1)
    plain = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [5, 5, 1e-9, 5]},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [5, 5, 6, 5]},
            {"id": 3, "image_id": 1, "category_id": 9, "bbox": [5, 5, 6, 5]},
        ],
        "categories": [{"id": 1, "name": "box"}],
    }
    (tmp_path / "set.json").write_text(json.dumps(plain))
    found = load("coco", tmp_path)
    assert found.annotation(0).boxes.tolist() == [[5, 5, 11, 10]]
    assert [fault.reason for fault in found.faults] == [
        "Annotation 1 (id 1): The box has no area, so it was left out.",
        "Annotation 3 (id 3) has the category 9, which is not in the file, so it was left out.",
    ]
    data = DataSpec(source=Choice(id="coco", options={"folder": str(tmp_path)}))
    told = {one.kind: one.what for one in inspect(data, tmp_path, lambda _: None, CancelSource().token).findings}
    assert told == {**told, "left_out": "2 annotations of set.json are left out."}
    assert "unreadable" not in told, "the file was read, and its picture is there"


def test_numbers_too_large_to_learn_from_are_named(tmp_path: Path) -> None:
    rows = [f"{moment},{'1e300' if moment == 7 else moment}" for moment in range(60)]
    (tmp_path / "t.csv").write_bytes("\n".join(["a,b", *rows]).encode("utf-16"))
    options = {"file": str(tmp_path / "t.csv"), "layout": "columns", "steps": 4, "horizon": 2}
    source = parse_source(Choice(id="series_table", options=options))
    found = source.load(tmp_path, lambda event: None, CancelSource().token)
    assert [(fault.name, fault.reason) for fault in found.faults] == [
        ("t.csv, line 9", "The column b holds '1e300', which is too large a number.")
    ]
    assert np.isfinite(found.inputs).all()
