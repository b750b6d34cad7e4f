"""The Live page with trained models and runs of other tasks: what is painted, which classes, and missing weights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest

import engine.pretrained.files
import engine.pretrained.table
from engine.datasets.spec import PreprocessSpec
from engine.inference.detections import Detections, Labels, Match, Outcome
from engine.inference.frame import Frame
from engine.inference.layers import colour_of, make_layer
from engine.inference.maps import ClassMap, EdgeMap, NormalMap, Restored
from engine.inference.overlay import draw
from engine.opencv import cv2
from engine.pretrained.files import own_folder
from gui.context import Context
from gui.live.answers import AnswerPanel
from gui.live.page import LivePage
from gui.live.picture_view import PictureView
from tests.helpers.run_folders import run_folder
from tests.helpers.weight_files import weight_file

WAIT = 30_000
MODEL = "mobilenet_v3_small"


@pytest.fixture
def page(qtbot: Any, context: Context) -> Iterator[LivePage]:
    made = LivePage(context)
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.shutdown()


@pytest.fixture
def bright(tmp_path: Path) -> Path:
    """A folder with one picture: grey, its right half red."""
    image = np.full((60, 120, 3), 90, np.uint8)
    image[:, 60:] = (0, 0, 255)
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), image)
    return folder


@pytest.fixture
def regions_run(tmp_path: Path) -> Path:
    from tests.engine.test_run_predictors import RED, pixelwise

    preprocess = PreprocessSpec(channels=3, height=64, width=64)
    return run_folder(tmp_path / "r", pixelwise(2), "segmentation", ("patch",), preprocess=preprocess, weights=RED)


def pixel(view: PictureView, x: float, y: float) -> QColor:
    """The colour at a share of the picture's width and height."""
    area = view.picture_area()
    shot = view.grab().toImage()
    ratio = shot.devicePixelRatio()
    return shot.pixelColor(
        round((area.x() + x * area.width()) * ratio), round((area.y() + y * area.height()) * ratio)
    )  # fmt: skip


def near(colour: QColor, wanted: tuple[int, int, int], slack: int = 12) -> bool:
    parts = (colour.red(), colour.green(), colour.blue())
    return max(abs(a - b) for a, b in zip(parts, wanted, strict=True)) <= slack


def mixed(below: tuple[int, int, int], tint: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (round(a * 0.45 + b * 0.55) for a, b in zip(below, tint, strict=True))
    return red, green, blue


def shown(qtbot: Any, frame: Frame, outcome: Outcome) -> PictureView:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(480, 360)
    view.show()
    qtbot.waitExposed(view)
    view.show_frame(frame, outcome, make_layer(frame, outcome))
    return view


GREY = (100, 100, 100)


def grey_frame(width: int = 120, height: int = 90) -> Frame:
    return Frame(np.full((height, width, 3), 100, np.uint8))


def test_a_class_map_tints_what_is_no_background(qtbot: Any) -> None:
    ids = np.zeros((9, 12), np.uint8)
    ids[:, 6:], ids[6:, :6] = 1, 2
    outcome = ClassMap(("background", "cat", "dog"), ids, (0.0, 0.0, 120.0, 90.0))
    view = shown(qtbot, grey_frame(), outcome)
    assert near(pixel(view, 0.25, 0.25), GREY)
    assert near(pixel(view, 0.75, 0.5), mixed(GREY, colour_of(outcome, 1)))
    assert near(pixel(view, 0.25, 0.9), mixed(GREY, colour_of(outcome, 2)))
    view.set_hidden(frozenset({1}))
    assert near(pixel(view, 0.75, 0.5), GREY)
    assert near(pixel(view, 0.25, 0.9), mixed(GREY, colour_of(outcome, 2)))
    view.set_overlay(False)
    assert near(pixel(view, 0.25, 0.9), GREY)


def test_a_map_of_the_middle_lies_in_the_middle(qtbot: Any) -> None:
    outcome = ClassMap(("background", "cat"), np.ones((4, 4), np.uint8), (30.0, 0.0, 90.0, 90.0))
    view = shown(qtbot, grey_frame(), outcome)
    assert near(pixel(view, 0.1, 0.5), GREY)
    assert near(pixel(view, 0.9, 0.5), GREY)
    assert near(pixel(view, 0.5, 0.5), mixed(GREY, colour_of(outcome, 1)))


def test_masks_are_tinted_as_their_boxes_are_drawn(qtbot: Any) -> None:
    masks = np.zeros((2, 28, 28), np.uint8)
    masks[0, :, :14], masks[1] = 255, 255
    boxes = np.array([[10, 10, 60, 80], [70, 10, 110, 80]], np.float32)
    scores = np.array([0.9, 0.4], np.float32)
    outcome = Detections(boxes, scores, np.array([0, 1]), ("cat", "dog"), masks)
    view = shown(qtbot, grey_frame(), outcome)
    inside, outside, unsure = (20 / 120, 60 / 90), (50 / 120, 60 / 90), (90 / 120, 60 / 90)
    assert near(pixel(view, *inside), mixed(GREY, colour_of(outcome, 0)))
    assert near(pixel(view, *outside), GREY)
    assert near(pixel(view, *unsure), GREY)
    view.set_threshold(0.3)
    assert near(pixel(view, *unsure), mixed(GREY, colour_of(outcome, 1)))
    view.set_hidden(frozenset({0}))
    assert near(pixel(view, *inside), GREY)
    # A recording shows the same.
    film = draw(grey_frame(), outcome, 0.3, frozenset({0}))
    assert tuple(film[60, 20, ::-1]) == GREY
    assert near(QColor(*film[60, 90, ::-1].tolist()), mixed(GREY, colour_of(outcome, 1)), 3)


def test_edges_normals_and_clean_pictures_are_painted(qtbot: Any) -> None:
    whole = (0.0, 0.0, 120.0, 90.0)
    strength = np.zeros((9, 12), np.uint8)
    strength[:, 6:] = 255
    edges = EdgeMap(strength, whole)
    view = shown(qtbot, grey_frame(), edges)
    assert near(pixel(view, 0.2, 0.5), GREY)
    assert near(pixel(view, 0.8, 0.5), colour_of(Detections(), 0))
    colours = np.zeros((9, 12, 3), np.uint8)
    colours[:] = (10, 200, 250)
    for outcome in (NormalMap(colours, (0.0, 0.0, 1.0), whole), Restored(colours, whole, 1.0)):
        assert near(pixel(shown(qtbot, grey_frame(), outcome), 0.5, 0.5), (10, 200, 250))
        assert tuple(draw(grey_frame(), outcome)[45, 60, ::-1]) == (10, 200, 250)


def test_the_panel_says_every_kind_of_answer(qtbot: Any) -> None:
    panel = AnswerPanel()
    qtbot.addWidget(panel)
    panel.show()
    whole = (0.0, 0.0, 4.0, 4.0)
    ids = np.array([[0, 0], [0, 1]], np.uint8)
    cases: list[tuple[Outcome, str]] = [
        (ClassMap(("background", "<cat>"), ids, whole), "25.0 % &lt;cat&gt;"),
        (EdgeMap(np.array([[0, 255]], np.uint8), whole), "50.0 % of the places are edges"),
        (NormalMap(np.zeros((1, 1, 3), np.uint8), (0.0, 0.0, 1.0), whole), "face you"),
        (Restored(np.zeros((1, 1, 3), np.uint8), whole, 2.5), "2.5 grey levels"),
        (Match(("a", "b"), np.array([0.9, 0.2], np.float32), same_below=0.5), "b · 0.20"),
        (Match(("a", "b"), np.array([0.9, 0.8], np.float32), same_below=0.5), "Nothing known is near"),
    ]
    for outcome, words in cases:
        panel.show_outcome(outcome)
        assert words in panel.found.text()
        assert panel.found.isVisible()
        assert not panel.bars.isVisible()
    panel.show_outcome(Labels(("a", "b", "c"), np.array([0.9, 0.2, 0.7], np.float32)))
    assert panel.bars.isVisible()
    assert [panel.bars._stands_out(k) for k in range(3)] == [True, False, True]
    assert not panel.found.isVisible()


def test_a_run_of_regions_is_shown_and_classes_are_chosen(
    page: LivePage, qtbot: Any, bright: Path, regions_run: Path
) -> None:
    page.panel.source.choose(str(bright))
    page.panel.model.choose(str(regions_run))
    qtbot.waitUntil(lambda: page._result is not None and isinstance(page._result.outcome, ClassMap), timeout=WAIT)
    classes = page.panel.answers.classes
    qtbot.waitUntil(lambda: classes.list.count() == 1, timeout=WAIT)
    assert "patch" in classes.list.item(0).text()
    assert "50.0 %" in classes.list.item(0).text()
    tint = mixed((255, 0, 0), colour_of(page._result.outcome, 1))  # type: ignore[union-attr, arg-type]
    qtbot.waitUntil(lambda: near(pixel(page.stage.picture, 0.75, 0.5), tint), timeout=WAIT)
    # A map has the one class for each place, and no share that a threshold could be compared with.
    assert not page.panel.slider.isEnabled()
    assert "no share" in page.panel.slider.toolTip()
    classes.list.setFocus()
    classes.list.setCurrentRow(0)
    QTest.keyClick(classes.list, Qt.Key.Key_Space)
    assert classes.hidden == {1}
    assert near(pixel(page.stage.picture, 0.75, 0.5), (255, 0, 0))
    qtbot.mouseClick(classes.all, Qt.MouseButton.LeftButton)
    assert near(pixel(page.stage.picture, 0.75, 0.5), tint)
    # Another model has other classes; the choice among these is forgotten.
    page.panel.model.choose("opencv:face")
    assert classes.isHidden()
    assert classes.hidden == frozenset()
    qtbot.waitUntil(page.panel.slider.isEnabled, timeout=WAIT)


def known_rows(patch: pytest.MonkeyPatch, *rows: Any) -> None:
    """Let the table hold these rows in place of those of the same models."""
    models = {row.model for row in rows}
    kept = (*rows, *(row for row in engine.pretrained.table.table() if row.model not in models))
    for module in (engine.pretrained.table, engine.pretrained.files):
        patch.setattr(module, "table", lambda: kept)


def test_missing_weights_are_named_and_brought_in(
    page: LivePage, qtbot: Any, bright: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = weight_file(tmp_path / "usb", MODEL)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    known_rows(monkeypatch, row)
    page.entered()
    panel = page.weights
    qtbot.waitUntil(lambda: "None of the" in panel.count.text(), timeout=WAIT)
    box = page.panel.model.box
    box.setCurrentIndex(box.findText("Models on this computer…"))
    box.activated.emit(box.currentIndex())
    assert page.stage.stack.currentWidget() is panel
    assert box.currentText().startswith("No model")
    panel.table.select_row(0)
    assert panel.address.text() == row.url
    assert not panel.use.isEnabled()
    assert "missing" in panel.use.toolTip()
    qtbot.mouseClick(panel.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == row.url
    # A damaged file is refused in words, and nothing of it is kept.
    whole = (tmp_path / "usb" / row.file).read_bytes()
    (tmp_path / "usb" / row.file).write_bytes(whole[:-1])
    panel.copy_in(str(tmp_path / "usb" / row.file))
    qtbot.waitUntil(lambda: "damaged" in panel.problem.text, timeout=WAIT)
    assert not (own_folder() / row.file).exists()
    (tmp_path / "usb" / row.file).write_bytes(whole)
    panel.copy_in(str(tmp_path / "usb" / row.file))
    qtbot.waitUntil(lambda: panel.count.text().startswith("1 of"), timeout=WAIT)
    assert panel.problem.text == ""
    assert panel.use.isEnabled()
    page.panel.source.choose(str(bright))
    page.stage.show_panel(panel)
    qtbot.mouseClick(panel.use, Qt.MouseButton.LeftButton)
    assert page.panel.model.current == row.id
    assert page.stage.stack.currentWidget() is not panel
    qtbot.waitUntil(lambda: page._result is not None and page._result.outcome is not None, timeout=WAIT)
    assert len(page._result.outcome.classes) == 1000  # type: ignore[union-attr]


def test_a_folder_of_weights_is_looked_in_until_it_is_forgotten(
    page: LivePage, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    row = next(row for row in engine.pretrained.table.table() if row.model == MODEL)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / row.file).write_bytes(b"anything")
    panel = page.weights
    page.stage.show_panel(panel)
    panel.choose_folder(str(tmp_path / "shared"))
    qtbot.waitUntil(lambda: panel.count.text().startswith("1 of"), timeout=WAIT)
    assert str(tmp_path / "shared") in panel.where.text()
    assert page.panel.model.box.findData(row.id) > 0
    assert panel.forget.isVisible()
    qtbot.mouseClick(panel.forget, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "None of" in panel.count.text(), timeout=WAIT)
    assert page.panel.model.box.findData(row.id) < 0
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: page.stage.stack.currentWidget() is page.stage.empty, timeout=WAIT)


def test_the_threshold_reaches_the_model(page: LivePage, qtbot: Any, bright: Path) -> None:
    from engine.inference.predictor import Predictor

    class Asked(Predictor):
        def predict(self, frame: Frame) -> Detections:
            box = np.array([[0, 0, 5, 5]], np.float32)
            return Detections(box, np.array([max(self.threshold, 0.01)], np.float32), np.zeros(1, np.int64), ("a",))

    page.panel.source.choose(str(bright))
    page.runner.use(partial(Asked, "Asked", ("a",)), "Asked")

    def score() -> float:
        outcome = page._result.outcome if page._result is not None else None
        return float(outcome.scores[0]) if isinstance(outcome, Detections) else -1

    qtbot.waitUntil(lambda: score() == pytest.approx(0.5), timeout=WAIT)
    page.panel.slider.setValue(20)
    qtbot.waitUntil(lambda: score() == pytest.approx(0.2), timeout=WAIT)
