"""What is known of a picture, drawn over it on the Data page, and over what the network sees of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor

from engine.datasets.preprocess import Preprocessor
from engine.datasets.reading import Reader
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.project.spec import ProjectSpec
from engine.tasks.dense.colours import class_colours
from gui.widgets.pixmaps import fitted
from tests.helpers.augment_page import shapes
from tests.helpers.data_page import click, open_page, wait_for_report

# The offscreen platform has no windows to put in front of others.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)

BOX = (40, 20, 70, 60)  # x1 y1 x2 y2 in a picture of 80 by 80


@pytest.fixture
def coco(tmp_path):
    """One grey picture with a box of the second of two classes."""
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((80, 80, 3), 100 + number, np.uint8)).save(folder / f"{number}.png")
    x1, y1, x2, y2 = BOX
    box = {"category_id": 2, "bbox": [x1, y1, x2 - x1, y2 - y1], "area": 1200, "iscrowd": 0}
    said = {
        "images": [{"id": n + 1, "file_name": f"{n}.png", "width": 80, "height": 80} for n in range(4)],
        "annotations": [{"id": n + 1, "image_id": n + 1, **box} for n in range(4)],
        "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "pen"}],
    }
    (folder / "labels.json").write_text(json.dumps(said), encoding="utf-8")
    return Choice(id="coco", options={"folder": str(folder)})


def shown(qtbot, context, project):
    """The page with the first picture's preview made, as wide as a window gives it."""
    context.document.edit("Take it", project)
    page = open_page(qtbot, context)
    page.entered()
    wait_for_report(qtbot, page)
    qtbot.waitUntil(lambda: page.preview.shown is not None and not context.runner.handles)
    return page


def at(page, number, x, y):
    """The colour of a large picture on the screen, at so many of the picture's own pixels."""
    sheet = page.preview.sheet
    pixmap = sheet.large[number][1]
    area = fitted(pixmap.size(), sheet.place_of(number))
    image = sheet.grab().toImage()
    ratio = image.devicePixelRatio()
    place = (
        round((area.x() + x * area.width() / pixmap.width()) * ratio),
        round((area.y() + y * area.height() / pixmap.height()) * ratio),
    )
    return QColor(image.pixel(*place)).getRgb()[:3]


def near(page, number, x, y):
    """The colours of five pixels of the screen, side by side."""
    pixmap = page.preview.sheet.large[number][1]
    step = pixmap.width() / page.preview.sheet.place_of(number).width()
    return {at(page, number, x + across * step, y) for across in (-2, -1, 0, 1, 2)}


def test_boxes_lie_where_the_file_says_and_where_the_network_has_them(qtbot, context, coco):
    seen = PreprocessSpec(height=40, width=80, channels=3, fit="pad")
    page = shown(qtbot, context, ProjectSpec("Pens", task="detection", data=DataSpec(source=coco, preprocess=seen)))
    hue = tuple(class_colours()[2].tolist())
    x1, y1, x2, y2 = BOX
    middle = (y1 + y2) / 2
    assert hue in near(page, 0, x1, middle)
    assert hue in near(page, 0, x2, middle)
    assert hue not in near(page, 0, x1 - 15, middle)
    assert len(set(at(page, 0, (x1 + x2) / 2, middle))) == 1, "the picture is seen inside the box"
    # Half as large, with 20 pixels of black on either side.
    assert hue in near(page, 1, 20 + x1 / 2, middle / 2)
    assert hue in near(page, 1, 20 + x2 / 2, middle / 2)
    assert hue not in near(page, 1, x1 / 2, middle / 2)
    click(page.preview.marks)
    assert hue not in near(page, 0, x1, middle)
    assert hue not in near(page, 1, 20 + x1 / 2, middle / 2)
    page.pictures.wall.choose(1)
    qtbot.waitUntil(lambda: page.preview.shown.index == 1)
    assert hue not in near(page, 0, x1, middle), "the choice stays from picture to picture"
    click(page.preview.marks)
    qtbot.waitUntil(lambda: hue in near(page, 0, x1, middle))


def test_names_stand_at_the_boxes(qtbot, context, coco):
    page = shown(qtbot, context, ProjectSpec("Pens", task="detection", data=DataSpec(source=coco)))
    (over, _) = page.preview.sheet.over
    assert list(over.names) == ["cup", "pen"]
    named = page.preview.sheet.grab().toImage()
    over.names = ()
    page.preview.sheet.update()
    assert named != page.preview.sheet.grab().toImage()


def test_the_network_is_shown_what_training_hands_to_it(qtbot, context):
    project = shapes("segmentation")
    crop = project.data.preprocess.model_copy(update={"width": 32, "fit": "crop"})
    page = shown(qtbot, context, replace(project, data=project.data.model_copy(update={"preprocess": crop})))
    assert page.preview.marks.wanted() == {"regions"}
    preview = page.preview.shown
    pictures = page.model.pictures
    reader = Reader(pictures, Preprocessor(crop), np.array([preview.index]), ("regions",))
    _, targets = reader.rows(np.array([preview.index]))
    regions = targets["regions"][0].numpy()
    (tint,) = preview.marks[1].tints
    assert np.array_equal(tint[..., 3] > 0, regions > 0)
    assert np.array_equal(tint[regions > 0][:, :3], class_colours()[regions[regions > 0]])
    # On the screen the tint is mixed with the picture.
    row, column = (int(places[len(places) // 2]) for places in np.nonzero(regions > 0))
    tinted = at(page, 1, column + 0.5, row + 0.5)
    click(page.preview.marks)
    plain = at(page, 1, column + 0.5, row + 0.5)
    assert plain == tuple(preview.seen[row, column].tolist())
    mixed = np.array(plain) + (class_colours()[regions[row, column]] - np.array(plain)) * 110 / 255
    assert np.abs(np.array(tinted) - mixed).max() <= 2


@pytest.mark.parametrize(
    ("task", "layers"),
    [
        ("detection", {"boxes", "instances"}),
        ("edges", {"edges"}),
        ("normals", {"normals"}),
    ],
)
def test_what_the_task_learns_is_drawn_and_the_rest_can_be_chosen(qtbot, context, task, layers):
    page = shown(qtbot, context, shapes(task))
    marks = page.preview.marks
    assert marks.isVisible()
    assert marks.wanted() == layers
    offered = {name for name, action in marks.actions_of.items() if action.isVisible()}
    assert offered == {"boxes", "instances", "regions", "edges", "normals"}
    before = page.preview.shown
    marks.actions_of["regions"].trigger()
    qtbot.waitUntil(lambda: page.preview.shown is not before)
    assert len(page.preview.shown.marks[0].tints) == len(layers - {"boxes"}) + 1


def test_where_nothing_is_known_there_is_no_button(qtbot, context):
    page = shown(qtbot, context, ProjectSpec("Digits"))
    assert not page.preview.marks.isVisible()
    assert page.preview.shown.marks is None
