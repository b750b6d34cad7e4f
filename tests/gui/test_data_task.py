"""Choosing a dataset that cannot serve the task: the task follows in the same step, and says so."""

from __future__ import annotations

import pytest

from engine.datasets.base import DATASETS
from engine.datasets.spec import Choice
from engine.gallery import open_network
from engine.tasks.base import TASKS
from gui.data.fitting import fit, fitting, serves
from gui.data.no_pictures import sample_for
from tests.helpers.annotated_sets import shapes, write
from tests.helpers.data_page import click, open_page, project, undo, wait_for_report

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)


@pytest.fixture
def page(qtbot, context):
    return open_page(qtbot, context)


def choose(page, id: str) -> None:
    """Choose a dataset from the list."""
    combo = page.source.form.editor("source").combo
    combo.setCurrentIndex(combo.findData(id))
    combo.activated.emit(combo.currentIndex())


@pytest.mark.parametrize(
    ("source", "task", "reason"),
    [("coco", "detection", "boxes"), ("masks", "segmentation", "a class for each pixel"),
     ("forecast", "forecasting", "sequences that go on"), ("text", "characters", "running text"),
     ("waves", "sequence", "a class for each sequence")],
)  # fmt: skip
def test_a_dataset_that_cannot_serve_the_task_brings_its_own(page, source, task, reason):
    choose(page, source)
    assert page.context.document.undo_stack.count() == 1
    assert (project(page).data.source.id, project(page).task) == (source, task)
    assert page.task.box.currentData() == task
    assert not page.task.note.isHidden()
    assert f"Task: {TASKS.get(task).label}, because this set has {reason}." in page.task.note.text()
    page.task.note.linkActivated.emit("undo")
    assert (project(page).data.source.id, project(page).task) == ("digits", "classification")
    assert page.task.note.isHidden()


def test_a_dataset_that_serves_the_task_leaves_it_alone(page):
    choose(page, "fashion_mnist")
    assert project(page).task == "classification"
    assert page.task.note.isHidden()


def test_other_tasks_are_one_click_away_and_the_line_goes_with_the_next_edit(page):
    choose(page, "voc")
    assert 'href="segmentation"' in page.task.note.text()
    page.task.note.linkActivated.emit("segmentation")
    assert project(page).task == "segmentation"
    assert page.task.note.isHidden()
    undo(page)
    assert (project(page).data.source.id, project(page).task) == ("voc", "detection")


def test_what_was_read_lacks_what_the_task_needs_and_tasks_that_fit_are_offered(qtbot, page, tmp_path):
    write(shapes(4), tmp_path / "set", "voc")
    document = page.context.document
    data = project(page).data.model_copy(update={"source": Choice(id="voc", options={"folder": str(tmp_path / "set")})})
    document.edit("Set by hand", project(page).with_(data=data, task="classification"))
    page.entered()
    qtbot.waitUntil(lambda: not page.task.instead.isHidden(), timeout=10_000)
    assert "needs a class for each picture" in page.task.problem.text
    assert 'href="detection"' in page.task.instead.text()
    page.task.instead.linkActivated.emit("detection")
    assert project(page).task == "detection"
    assert page.task.problem.text == ""
    assert page.task.instead.isHidden()


def test_the_network_follows_the_classes_of_a_set_in_the_same_step(qtbot, page, tmp_path):
    pictures = shapes(4)
    write(pictures, tmp_path / "set", "voc")
    document = page.context.document
    network = open_network("yolo_small", num_classes=7, channels=16)
    size = project(page).data.preprocess.model_copy(update={"height": 192, "width": 192, "channels": 3})
    data = project(page).data.model_copy(update={"preprocess": size})
    document.edit("Draw", project(page).with_(network=network, data=data))
    before, count = project(page), len(pictures.classes)
    page.model.choose("Take data from set", Choice(id="voc", options={"folder": str(tmp_path / "set")}))
    page.entered()
    words = f"because this set has boxes. The network now tells {count} classes."
    qtbot.waitUntil(lambda: words in page.task.note.text(), timeout=20_000)
    assert 'href="segmentation"' in page.task.note.text()
    assert project(page).network == open_network("yolo_small", num_classes=count, channels=16)
    assert document.undo_stack.count() == 2
    page.task.note.linkActivated.emit("undo")
    assert project(page) == before


def test_a_network_that_was_changed_meanwhile_is_left_alone(qtbot, page, tmp_path):
    pictures = shapes(4)
    write(pictures, tmp_path / "set", "voc")
    document = page.context.document
    page.model.choose("Take data from set", Choice(id="voc", options={"folder": str(tmp_path / "set")}))
    unsuitable = open_network("unet")
    document.edit_network("Draw", unsuitable)
    page.entered()
    qtbot.waitUntil(lambda: page.model.state == "ready", timeout=20_000)
    assert project(page).network == unsuitable
    assert "The network now" not in page.task.note.text()


def test_every_dataset_has_a_task_and_none_is_changed_without_need():
    for id, source in DATASETS.items():
        assert fitting(source.kind, source.gives), id
        for task in TASKS:
            found = fit(task, id)
            assert (found is None) == serves(source.kind, source.gives, task)
            assert found is None or serves(source.kind, source.gives, found.task)


def test_an_empty_page_offers_a_set_that_serves_the_task(qtbot, page):
    page.entered()
    choose(page, "coco")
    empty = page.pictures.empty
    qtbot.waitUntil(lambda: page.model.state == "failed")
    assert (project(page).task, empty.sample.text()) == ("detection", "Use generated shapes")
    page.context.document.edit("Task", project(page).with_(task="classification"))
    assert empty.sample.text() == "Use the handwritten digits", "the offer follows the task"
    page.context.document.undo_stack.undo()
    click(empty.sample)
    assert (project(page).task, project(page).data.source.id) == ("detection", "shapes")
    wait_for_report(qtbot, page, 600)


@pytest.mark.parametrize("task", list(TASKS))
def test_every_task_has_a_set_to_offer_that_it_can_learn_from(task):
    found = sample_for(task, "folder")
    assert found is not None
    assert serves(DATASETS.get(found).kind, DATASETS.get(found).gives, task)


@pytest.mark.parametrize(
    ("task", "wanted", "found"),
    [("classification", "folder", "digits"), ("instances", "coco", "shapes"), ("segmentation", "masks", "shapes"),
     ("edges", "folder", "shapes"), ("normals", "folder", "shapes"), ("sequence", "series_table", "waves"),
     ("sequence", "clips", "moving_shapes"), ("sequence", "volumes", "solids")],
)  # fmt: skip
def test_what_is_offered_suits_task_and_kind_of_sample(task, wanted, found):
    assert sample_for(task, wanted) == found
