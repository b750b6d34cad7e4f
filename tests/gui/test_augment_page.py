"""The Augment page with real mouse and key events: one picture in many epochs, layers, and the exact batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QListView, QScrollBar, QWidget

from engine.cancel import CancelSource
from engine.datasets.augment import AUGMENTATIONS, Augmenter
from engine.datasets.base import parse_source
from engine.datasets.prepare import prepare
from engine.datasets.preprocess import Preprocessor
from engine.datasets.reading import Reader
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.events import Event
from engine.project.spec import ProjectSpec
from engine.tasks.dense.colours import class_colours
from engine.training.spec import TrainingSpec
from gui.augment.page import AugmentPage
from gui.data.model import shared_model
from gui.data.page import DataPage
from gui.widgets.marks import Overlay
from tests.helpers.augment_page import click, open_page, settled, shapes

# The offscreen platform has no windows to put in front of others.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)

OPERATED = (QAbstractButton, QAbstractSpinBox, QAbstractSlider, QListView)
FLIP = Choice(id="flip", options={"horizontal": 1.0})


@pytest.fixture
def page(qtbot, context):
    return open_page(qtbot, context, shapes())


def ignored(event: Event) -> None:
    """Nobody follows the loading."""


def ids(page: AugmentPage) -> list[str]:
    return [choice.id for choice in page.context.document.project.data.augmentation]


def augment(page: AugmentPage, *choices: Choice) -> None:
    page.model.edit("Augment", choices)


# -- what is seen


def held_batches(project: ProjectSpec):
    """The batches as a run has them, its whole training part prepared."""
    import torch

    from engine.tasks.base import TASKS
    from engine.training.batches import Held, TrainingBatches

    prepared = prepare(project.data, Path(), ignored, CancelSource().token, TASKS.get(project.task).needs)
    augmenter = Augmenter(project.data.augmentation, project.training.seed)
    held = Held(prepared.train, prepared.preprocessor, torch.device("cpu"))
    return held, TrainingBatches(held, augmenter, project.training.batch_size, project.training.seed)


@pytest.mark.parametrize("task", ["detection", "instances", "segmentation", "classification"])
def test_the_exact_batch_is_what_training_hands_to_the_network(qtbot, context, task):
    choices = [Choice(id=id) for id in ("flip", "rotate", "colour_jitter", "crop")]
    page = open_page(qtbot, context, shapes(task, *choices))
    click(page.stage.mode_buttons["batch"])
    for spin, value in ((page.stage.epoch, "3"), (page.stage.number, "2")):
        spin.lineEdit().selectAll()
        QTest.keyClicks(spin.lineEdit(), value)
        QTest.keyClick(spin.lineEdit(), Qt.Key.Key_Return)
    settled(qtbot, page)
    shots = page.model.gallery.shots
    held, batches = held_batches(context.document.project)
    assert page.model.batches == batches.steps
    batch = list(batches.epoch(2))[1]
    seen = held.restore(batch.inputs[0]).numpy()
    assert [shot.index for shot in shots] == batch.indices.tolist()
    for row, shot in enumerate(shots):
        assert np.array_equal(shot.picture, seen[row].transpose(1, 2, 0))
        for name, tensor in batch.targets.items():
            truth = tensor[row].numpy()
            if name in ("boxes", "box_labels"):
                # Rows of padding depend on how many objects a picture has at most, here and there.
                truth = truth[: len(shot.known["boxes"])]
            assert np.array_equal(shot.known[name], truth), name
    assert "Batch 2 of 3 in epoch 3" in page.stage.heading.text()
    assert "seed 11" in page.stage.words.text()


@pytest.mark.parametrize(("count", "size"), [(24, 6), (24, 100), (24, 15), (24, 1), (24, 7)])
def test_batches_are_counted_as_training_counts_them(qtbot, context, count, size):
    from engine.training.batches import bounds

    page = open_page(qtbot, context, shapes(batch_size=size))
    assert page.model.batches == len(bounds(len(page.model.train), size))
    assert page.stage.number.maximum() == page.model.batches


def test_one_picture_in_many_epochs(qtbot, page):
    augment(page, Choice(id="affine"))
    settled(qtbot, page)
    shots = page.model.gallery.shots
    assert len(shots) == 16
    assert [shot.caption for shot in shots[:2]] == ["Unchanged", "Epoch 1"]
    reader = Reader(page.model.pictures, Preprocessor(page.model.data.data.preprocess), page.model.train, ("label",))
    inputs, _ = reader.rows(np.array([page.model.index]))
    third = Augmenter(page.model.choices, 11)(inputs, 2, np.array([page.model.index]))
    assert np.array_equal(shots[3].picture, third[0].numpy().transpose(1, 2, 0))
    click(page.stage.again)
    settled(qtbot, page)
    assert page.model.gallery.shots[1].caption == "Epoch 16"
    click(page.stage.next)
    settled(qtbot, page)
    assert page.model.gallery.shots[0].index == page.model.train[1]
    assert "Training picture 2 of" in page.stage.heading.text()
    click(page.stage.previous)
    click(page.stage.previous)
    settled(qtbot, page)
    assert page.model.gallery.shots[0].index == page.model.train[-1]


def test_every_method_is_seen_by_itself_and_switched_by_a_double_click(qtbot, page):
    click(page.stage.mode_buttons["singles"])
    settled(qtbot, page)
    captions = [shot.caption for shot in page.model.gallery.shots]
    assert sorted(captions) == sorted(method.label for _, method in AUGMENTATIONS.items())
    row = captions.index("Rotate")
    assert page.model.gallery.shots[row].detail == "off"
    assert page.model.gallery.shots[captions.index("MixUp")].detail == "not for this task"
    grid = page.stage.grid
    place = grid.visualRect(grid.model().index(row, 0)).center()
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert ids(page) == ["rotate"]
    settled(qtbot, page)
    assert page.model.gallery.shots[row].detail == "in use"


def test_layers_are_those_that_the_data_gives(qtbot, page, context):
    visible = {name for name, button in page.stage.layer_buttons.items() if button.isVisible()}
    assert visible == {"boxes", "instances", "regions", "edges", "normals"}
    assert page.stage.layers == {"boxes", "instances"}
    click(page.stage.layer_buttons["boxes"])
    click(page.stage.layer_buttons["edges"])
    assert page.stage.layers == {"instances", "edges"}
    assert page.stage.grid.picture(0).over.layers == {"instances", "edges"}
    for task, layers in (("normals", {"normals"}), ("edges", {"edges"}), ("detection", {"boxes", "instances"})):
        context.document.edit("Another task", context.document.project.with_(task=task))
        qtbot.waitUntil(lambda layers=layers: page.stage.layers == layers, timeout=20_000)
    context.document.edit("Digits", ProjectSpec("Digits"))
    qtbot.waitUntil(lambda: page.model.gives() == ("label",), timeout=20_000)
    assert not any(button.isVisible() for button in page.stage.layer_buttons.values())


def painted(overlay: Overlay, side: int = 80) -> QImage:
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    overlay(painter, image.rect())
    painter.end()
    return image


def test_layers_are_painted_where_the_objects_are():
    ids_ = np.zeros((10, 10), np.uint8)
    ids_[2:6, 3:8] = 1
    known = {
        "boxes": np.array([[3, 2, 8, 6], [0, 0, 0, 0]], np.float32),
        "box_labels": np.array([1, -1]),
        "instances": ids_,
        "edges": np.where(ids_ == 1, 1, 255).astype(np.uint8),
        "normals": np.stack([np.zeros((10, 10)), np.zeros((10, 10)), (ids_ > 0) * 1.0]).astype(np.float32),
    }
    black = QColor("black").rgb()
    boxes = painted(Overlay(known, {"boxes"}, (10, 10)))
    assert boxes.pixel(24, 30) != black  # the left side of the box, eight times as large
    assert QColor(boxes.pixel(24, 30)).getRgb()[:3] == tuple(class_colours()[2].tolist())
    assert boxes.pixel(40, 32) == black
    assert boxes.pixel(2, 70) == black, "rows of padding are not painted"
    masks = painted(Overlay(known, {"instances"}, (10, 10)))
    assert masks.pixel(40, 32) != black
    assert masks.pixel(20, 32) == black
    red, green, blue = (round(part * 110 / 255) for part in class_colours()[2].tolist())
    inside = QColor(masks.pixel(44, 30))
    assert max(abs(inside.red() - red), abs(inside.green() - green), abs(inside.blue() - blue)) <= 1
    edges = painted(Overlay(known, {"edges"}, (10, 10)))
    assert QColor(edges.pixel(40, 32)).red() > 200
    unknown = QColor(edges.pixel(5, 5))
    assert unknown.red() == unknown.green() == unknown.blue() > 0
    normals = QColor(painted(Overlay(known, {"normals"}, (10, 10))).pixel(40, 32))
    assert normals.blue() > 200
    assert painted(Overlay(known, set(), (10, 10))).pixel(40, 32) == black


def test_all_pictures_are_seen_without_scrolling(qtbot, page):
    augment(page, FLIP)
    for mode in ("variants", "singles", "batch"):
        click(page.stage.mode_buttons[mode])
        settled(qtbot, page)
        qtbot.waitUntil(lambda: page.stage.grid.verticalScrollBar().maximum() == 0)
        assert page.stage.grid.side >= 60


# -- following


def test_size_task_and_seed_are_followed(qtbot, page):
    document = page.context.document
    page.stage.show_mode("batch")
    settled(qtbot, page)
    before = [shot.index for shot in page.model.gallery.shots]
    document.edit("Seed", document.project.with_(training=TrainingSpec(batch_size=6, seed=12)))
    settled(qtbot, page)
    assert [shot.index for shot in page.model.gallery.shots] != before
    document.edit("Batch", document.project.with_(training=TrainingSpec(batch_size=4, seed=12)))
    settled(qtbot, page)
    assert len(page.model.gallery.shots) == 4
    assert page.stage.number.maximum() == page.model.batches
    data = document.project.data.model_copy(update={"preprocess": PreprocessSpec(height=20, width=30, channels=1)})
    document.edit("Size", document.project.with_(data=data))
    qtbot.waitUntil(lambda: page.model.gallery.shots[0].picture.shape == (20, 30), timeout=20_000)


def test_pages_share_the_pictures(qtbot, page, context):
    other = DataPage(context)
    qtbot.addWidget(other)
    assert other.model is page.model.data is shared_model(context)


def test_the_picture_of_the_data_page_is_taken_over(qtbot, page):
    last = len(page.model.pictures) - 1
    page.accept_hint(picture=last)
    settled(qtbot, page)
    assert page.model.gallery.shots[0].index == last


def test_nothing_is_made_while_another_page_is_shown(qtbot, page):
    settled(qtbot, page)
    page.left()
    augment(page, FLIP)
    assert not page.model.pending
    page.entered()
    settled(qtbot, page)
    assert np.array_equal(page.model.gallery.shots[1].picture, page.model.gallery.shots[0].picture[:, ::-1])


def test_without_pictures_the_page_says_what_to_do(qtbot, context):
    folder = DataSpec(source=Choice(id="folder", options={"folder": "nowhere"}))
    context.document.edit("Folder", ProjectSpec("Mine", data=folder))
    page = AugmentPage(context)
    qtbot.addWidget(page)
    page.show()
    page.entered()
    qtbot.waitUntil(lambda: page.model.data.state == "failed", timeout=20_000)
    assert "nowhere" in page.stage.empty.text.text()
    click(page.stage.empty.button)
    assert context.navigate[-1][0] == "data"


def test_sequences_are_left_alone(qtbot, context):
    context.document.edit("Waves", ProjectSpec("Waves", task="sequence", data=DataSpec(source=Choice(id="waves"))))
    page = AugmentPage(context)
    qtbot.addWidget(page)
    page.show()
    page.entered()
    qtbot.waitUntil(lambda: page.model.data.pictures is not None, timeout=20_000)
    assert page.stage.empty.title.text() == "Augmentation changes pictures"
    qtbot.waitUntil(lambda: page.model.data.work is None, timeout=20_000)


def test_everything_can_be_named_reached_and_is_explained(page):
    augment(page, Choice(id="erase"))
    click(page.methods.cards[0].details)
    for widget in page.findChildren(QWidget):
        if not isinstance(widget, OPERATED) or not widget.isVisibleTo(page) or isinstance(widget, QScrollBar):
            continue
        if widget.objectName().startswith("qt_"):
            continue
        name = widget.accessibleName() or getattr(widget, "text", str)()
        assert name, f"{widget} has no name"
        assert widget.toolTip() or widget.parentWidget().toolTip() or isinstance(widget, QListView), name


def test_a_batch_is_read_without_the_others(tmp_path):
    """Only the pictures of the batch are opened."""
    import torch

    from engine.training.batches import TrainingBatches

    pictures = parse_source(shapes().data.source).load(tmp_path, ignored, CancelSource().token)
    opened: list[int] = []
    real = pictures.picture
    pictures.picture = lambda index: opened.append(index) or real(index)
    reader = Reader(pictures, Preprocessor(sized(12)), np.arange(20), ("boxes",))
    batch = next(TrainingBatches(reader, None, 5, 0).epoch(0, 2))
    assert sorted(opened) == sorted(batch.indices.tolist())
    next(TrainingBatches(reader, None, 5, 0).epoch(0, 2))
    assert len(opened) == 5, "what was read is remembered"
    assert torch.equal(reader.labels, torch.from_numpy(pictures.labels[:20]))


def sized(side: int) -> PreprocessSpec:
    return PreprocessSpec(height=side, width=side, channels=3)
