"""The classes of pictures that show several things: counted by objects, pixels or pictures, and said in words."""

from __future__ import annotations

import numpy as np
import pytest

from engine.datasets.census import Census
from engine.datasets.spec import Choice, PreprocessSpec
from gui.data.census import findings
from gui.data.class_bars import BELOW, COUNTS, FIGURE
from tests.helpers.data_page import open_page, project, wait_for_report

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)

COUNT = 30


@pytest.fixture
def page(qtbot, context):
    return open_page(qtbot, context)


def show(qtbot, page, task: str) -> None:
    """Thirty generated pictures with the task, all counted."""
    options = {"count": COUNT, "difficulty": "medium", "height": 32, "width": 32}
    data = project(page).data.model_copy(
        update={"source": Choice(id="shapes", options=options), "preprocess": PreprocessSpec(channels=3)}
    )
    page.context.document.edit("Set by hand", project(page).with_(data=data, task=task))
    page.entered()
    wait_for_report(qtbot, page, COUNT)
    if page.pictures.classes.unit is not None:
        qtbot.waitUntil(lambda: page.pictures.classes.census is not None, timeout=10_000)


def rows(page, role: int) -> list:
    model = page.pictures.bars.model()
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


def things(page) -> list[list[int]]:
    """The classes of all objects, picture by picture, as the scenes have them."""
    return [[thing.label for thing in page.model.pictures.scene(index).things] for index in range(COUNT)]


def test_objects_and_the_pictures_that_show_them(qtbot, page):
    show(qtbot, page, "detection")
    every = things(page)
    objects = np.bincount(np.concatenate(every), minlength=3)
    holders = [sum(label in some for some in every) for label in range(3)]
    assert rows(page, FIGURE) == [str(objects.sum()), *map(str, objects)]
    assert rows(page, BELOW)[1:] == [f"objects in {held} pictures" for held in holders]
    by_part = np.zeros((3, 3), int)
    for index, some in enumerate(every):
        for label in some:
            by_part[label, page.model.part[index]] += 1
    assert [list(counts) for counts in rows(page, COUNTS)[1:]] == by_part.tolist()


def test_a_class_shows_all_pictures_with_it(qtbot, page):
    show(qtbot, page, "detection")
    page.pictures.bars.choose(2)
    with_it = [index for index, some in enumerate(things(page)) if 2 in some]
    assert page.pictures.wall.count == len(with_it)
    some = things(page)[with_it[0]]
    words = page.pictures._describe(with_it[0])
    assert f"{some.count(2)} triangle" in words


def test_shares_of_pixels(qtbot, page):
    show(qtbot, page, "segmentation")
    regions = np.concatenate([page.model.pictures.annotation(index).regions.ravel() for index in range(COUNT)])
    shares = np.bincount(regions, minlength=4) / len(regions)
    assert rows(page, FIGURE)[1:] == [f"{100 * share:.1f} %" for share in shares[1:]]
    assert rows(page, BELOW)[0] == f"of pixels; background {100 * shares[0]:.1f} %"


def test_the_task_decides_what_is_counted(qtbot, page):
    show(qtbot, page, "classification")
    assert rows(page, FIGURE)[0] == str(COUNT)
    assert rows(page, BELOW) == ["", "", "", ""]
    page.context.document.edit("Other task", project(page).with_(task="edges"))
    qtbot.waitUntil(lambda: page.pictures.classes.census is not None, timeout=10_000)
    held = [sum(label in some for some in things(page)) for label in range(3)]
    assert rows(page, FIGURE)[1:] == [str(each) for each in held]
    page.context.document.undo_stack.undo()
    assert rows(page, BELOW) == ["", "", "", ""]


def census(unit, amounts, background: int = 0) -> Census:
    """One picture for each class, with so many objects or pixels of it."""
    each = np.arange(len(amounts))
    return Census(unit, len(amounts), each, each, each, np.array(amounts), background)


def test_rare_and_unseen_classes_are_told():
    names = ("circle", "star", "ring")
    counted = census("boxes", [90, 30, 45])
    (rare,) = findings(counted, names, counted.amounts())
    assert rare.what == "circle has 90 objects and star only 30."
    assert findings(counted, names, np.array([[90, 0, 0], [31, 0, 0], [45, 0, 0]])) == ()
    pixels = census("pixels", [80, 10, 10], background=100)
    (rare,) = findings(pixels, names, pixels.amounts())
    assert rare.what == "circle fills 40.0 % of the pixels and star only 5.0 %."
    (unseen,) = findings(counted, names, np.array([[30, 0, 0], [30, 0, 0], [0, 0, 30]]))
    assert unseen.what == "No training picture shows ring, so it cannot be learned."


def test_counting_that_fails_is_told_and_not_waited_for(qtbot, page):
    show(qtbot, page, "classification")
    told = []
    page.context.notifier.shown.connect(told.append)

    def out_of_memory(index: int):
        raise MemoryError

    page.model.pictures.annotation = out_of_memory  # what a set of huge pictures would do
    page.context.document.edit("Other task", project(page).with_(task="detection"))
    qtbot.waitUntil(lambda: page.pictures.classes.ended, timeout=10_000)
    assert set(rows(page, BELOW)) == {"Not counted"}
    assert told
    page.context.document.undo_stack.undo()
    assert rows(page, BELOW) == ["", "", "", ""]
