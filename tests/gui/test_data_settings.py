"""The settings of the Data page with real mouse and key events: split, preprocessing, augmentation."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from engine.cancel import CancelSource
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.graph.spec import NetworkSpec, NodeSpec
from gui.data.jobs import MeasureTraining
from gui.data.split_bar import SplitBar
from tests.helpers.annotated_sets import paint
from tests.helpers.data_page import click, open_page, project, type_into, undo, wait_for_report

# The offscreen platform has no windows to put in front of others.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)


@pytest.fixture
def page(qtbot, context):
    return open_page(qtbot, context)


@pytest.fixture
def digits(qtbot, page):
    page.entered()
    wait_for_report(qtbot, page, 1797)
    return page


# -- split


def test_dragging_a_border_of_the_split(qtbot, digits):
    bar: SplitBar = digits.split.bar
    y = bar.height() // 2
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.handle_x(0), y))
    for share in (60, 55, 50):
        QTest.mouseMove(bar, QPoint(round(bar.width() * share / 100), y))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() // 2, y))
    split = project(digits).data.split
    assert (split.train, split.validation, split.test) == pytest.approx((0.5, 0.35, 0.15), abs=0.011)
    qtbot.waitUntil(lambda: digits.split.counts[0].text() != "1,258")
    assert digits.model.report.counts.sum(axis=0) == pytest.approx([899, 629, 270], abs=20)
    assert digits.context.document.undo_stack.count() == 1
    undo(digits)
    assert bar.shares == (70, 15, 15)
    qtbot.waitUntil(lambda: digits.split.counts[0].text() == "1,258")


def test_the_split_by_keyboard(digits):
    bar = digits.split.bar
    bar.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(bar, Qt.Key.Key_Left)
    assert bar.shares == (69, 16, 15)
    QTest.keyClick(bar, Qt.Key.Key_Tab)
    QTest.keyClick(bar, Qt.Key.Key_PageUp)
    assert bar.shares == (69, 21, 10)
    for _ in range(40):
        QTest.keyClick(bar, Qt.Key.Key_Right)
    assert bar.shares == (69, 31, 0)
    assert project(digits).data.split.test == 0
    assert bar.accessibleDescription() == "Training 69 %, Validation 31 %, Test 0 %"


@pytest.mark.parametrize(("field", "text", "shares"), [
    (1, "20", (65, 20, 15)), (2, "40", (45, 15, 40)), (0, "80", (80, 5, 15)), (0, "90", (90, 0, 10)),
    (1, "99", (1, 99, 0)),
])  # fmt: skip
def test_typing_a_share(digits, field, text, shares):
    spin = digits.split.fields[field]
    type_into(spin, text)
    assert digits.split.bar.shares == shares
    split = project(digits).data.split
    assert (split.train, split.validation, split.test) == pytest.approx([share / 100 for share in shares])


def test_splitting_anew_takes_the_next_seed(qtbot, digits):
    before = digits.model.part.copy()
    click(digits.split.shuffle)
    assert project(digits).data.split.seed == 1
    qtbot.waitUntil(lambda: not np.array_equal(digits.model.part, before))


# -- preprocessing


def test_typing_a_size_is_an_edit(qtbot, digits):
    editor = digits.preprocess.form.editor("height")
    type_into(editor, "28")
    assert project(digits).data.preprocess.height == 28
    qtbot.waitUntil(lambda: digits.preview.shown is not None and digits.preview.shown.seen.shape == (28, 32))
    undo(digits)
    assert editor.lineEdit().text() == "32"


def test_mean_and_deviation_are_measured_on_the_training_pictures(qtbot, digits):
    click(digits.preprocess.measure)
    assert digits.preprocess.measure.text() == "Stop measuring"
    qtbot.waitUntil(lambda: project(digits).data.preprocess.mean != (0.0,), timeout=20_000)
    spec = project(digits).data.preprocess
    train = np.flatnonzero(digits.model.part == 0)
    # Enlarging smoothly keeps the mean of the 8×8 pictures nearly as it is.
    small = np.stack([digits.model.pictures.picture(int(index))[:, :, 0] for index in train]) / 255
    assert spec.mean == pytest.approx((small.mean(),), abs=0.01)
    assert 0.3 < spec.std[0] < 0.4
    undo(digits)
    assert project(digits).data.preprocess == PreprocessSpec()


def test_noisy_pictures_are_shown_beside_what_the_network_shall_give_back(qtbot, page, tmp_path):
    for number in range(8):
        paint(tmp_path / "noisy" / f"{number}.png", 8, 8, 10 + number)
        paint(tmp_path / "clean" / f"{number}.png", 8, 8, 200 + number)
    page.entered()
    page.source.take_pictures(tmp_path, "noisy")
    wait_for_report(qtbot, page, 8)
    assert page.pictures.title.text() == "8 pictures"
    page.pictures.wall.choose(3)
    qtbot.waitUntil(lambda: page.preview.shown is not None and page.preview.shown.index == 3)
    shown = page.preview.shown
    assert (shown.seen[-1, -1], shown.target[-1, -1]) == (13, 203)
    assert [title for title, _ in page.preview.sheet.large] == ["As 1×32×32", "To give back"]


def test_pictures_without_a_class_are_measured_too(tmp_path):
    for number in range(4):
        paint(tmp_path / "images" / f"{number}.png", 8, 8, 51)
        paint(tmp_path / "masks" / f"{number}.png", 8, 8, 1)
    source = Choice(id="masks", options={"folder": str(tmp_path)})
    data = DataSpec(source=source, preprocess=PreprocessSpec(height=8, width=8))
    found = MeasureTraining(data, tmp_path)(lambda event: None, CancelSource().token)
    assert found.mean == pytest.approx((0.75 * 0.2 + 0.25 * 0.8,), abs=1e-4)


def test_fewer_channels_take_fewer_means(digits):
    three = PreprocessSpec(channels=3, mean=(0.2, 0.4, 0.6), std=(0.1, 0.2, 0.3))
    digits.model.edit("Colour", preprocess=three)
    combo: QComboBox = digits.preprocess.form.editor("channels")
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Home)
    combo.activated.emit(combo.currentIndex())
    spec = project(digits).data.preprocess
    assert (spec.channels, spec.mean, spec.std) == (1, (0.4,), (0.2,))


def test_a_network_with_another_input_is_told_and_adapted(digits):
    network = NetworkSpec("net", (NodeSpec("input1", "Input", {"shape": (1, 28, 28)}),))
    digits.context.document.edit_network("Draw", network)
    panel = digits.preprocess
    assert "expects 1×28×28" in panel.mismatch.text
    click(panel.adapt)
    assert project(digits).network.node("input1").params["shape"] == (1, 32, 32)
    assert panel.mismatch.text == ""
    assert not panel.adapt.isVisible()


# -- augmentation


def augment(page, *ids):
    page.model.edit("Augment", augmentation=tuple(Choice(id=id) for id in ids))


def test_the_augmentations_are_named_and_chosen_on_their_page(digits):
    panel = digits.augmentation
    assert "None" in panel.words.text()
    augment(digits, "rotate", "noise")
    assert panel.words.text() == "Rotate · Gaussian noise"
    click(panel.open)
    assert digits.context.navigate[-1][0] == "augment"
    digits.pictures.wall.setFocus()
    QTest.keyClick(digits.pictures.wall, Qt.Key.Key_End)
    click(panel.open)
    assert digits.context.navigate[-1] == ("augment", {"picture": digits.pictures.wall.current})
    undo(digits)
    assert "None" in panel.words.text()


def test_the_preview_shows_what_epochs_would_show(qtbot, digits):
    from engine.datasets.augment import Augmenter

    digits.context.engine.start()
    qtbot.waitUntil(lambda: digits.context.engine.is_ready, timeout=60_000)
    augment(digits, "rotate")
    qtbot.waitUntil(
        lambda: digits.preview.shown is not None and len(digits.preview.shown.variants) == 8, timeout=20_000
    )
    shown = digits.preview.shown
    import torch

    batch = torch.from_numpy(shown.seen)[None, None]
    third = Augmenter(project(digits).data.augmentation, project(digits).training.seed)(
        batch, 2, np.array([shown.index])
    )
    assert np.array_equal(shown.variants[2], third[0, 0].numpy())
    click(digits.preview.again)
    qtbot.waitUntil(lambda: digits.preview.shown is not shown, timeout=20_000)
    assert not np.array_equal(digits.preview.shown.variants[2], shown.variants[2])
