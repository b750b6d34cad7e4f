"""What a model proposes on the Label page, and where labels go: near copies, training, other programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.datasets.spec import Choice
from engine.labelling import edits
from engine.labelling.proposals import Proposal, Propose
from engine.labelling.spec import Box, LabelledPicture, LabelSet, Point, Polygon
from engine.pretrained.files import own_folder
from engine.pretrained.table import table
from gui.context import Context
from gui.labelling.outcome_panel import task_of
from gui.labelling.page import LabelPage
from tests.helpers.hands import button, click, drag
from tests.helpers.label_page import (
    at,
    draw_box,
    names,
    near,
    open_page,
    press,
    ready,
    save_pictures,
    shapes,
    with_pictures,
)
from tests.helpers.videos import moving_face

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def empty(qtbot: QtBot, context: Context) -> LabelPage:
    return open_page(qtbot, context)


@pytest.fixture
def page(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> LabelPage:
    return with_pictures(qtbot, empty, tmp_path / "mine")


# -- proposals


def suggest(page: LabelPage) -> None:
    page.model.set_proposals(
        [
            Proposal("cat", 0.9, Box(10, 10, 30, 30)),
            Proposal("dog", 0.8, Box(50, 10, 80, 30)),
            Proposal("cat", 0.7, Box(10, 40, 30, 60)),
            Proposal("cat", 0.6, Box(50, 40, 80, 60)),
        ]
    )


def test_proposals_are_accepted_refused_corrected_and_undone(page: LabelPage) -> None:
    suggest(page)
    press(page, Qt.Key.Key_Return)
    assert shapes(page) == [Box(10, 10, 30, 30)]
    page.model.choose(())
    press(page, Qt.Key.Key_Delete)
    assert [one.score for one in page.model.proposals] == [0.7, 0.6]
    assert len(shapes(page)) == 1
    press(page, "v")
    drag(page.canvas, at(page, 20, 50), at(page, 22, 47))
    assert near(shapes(page)[1], 12, 37, 32, 57), "dragging corrects and accepts"
    assert names(page) == ["cat", "cat"]
    press(page, Qt.Key.Key_Return, SHIFT)
    assert len(shapes(page)) == 3
    assert page.model.proposals == ()
    for left in (2, 1, 0):
        page.context.document.undo_stack.undo()
        assert len(shapes(page)) == left


def test_all_are_accepted_as_one_step_with_classes_that_were_not_there(page: LabelPage) -> None:
    suggest(page)
    click(page.proposals.accept)
    assert names(page) == ["cat", "dog", "cat", "cat"]
    assert page.model.labels.names == ("cat", "dog")
    page.context.document.undo_stack.undo()
    assert shapes(page) == []
    assert page.model.labels.names == ("cat",)


def test_tab_chooses_which_proposal_enter_accepts_and_another_picture_forgets_them(page: LabelPage) -> None:
    suggest(page)
    press(page, Qt.Key.Key_Tab)
    press(page, Qt.Key.Key_Return)
    assert names(page) == ["dog"]
    press(page, "n")
    assert page.model.proposals == ()
    press(page, Qt.Key.Key_Return)
    assert shapes(page) == []


def test_a_detector_that_comes_ready_proposes(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> None:
    frame = moving_face(1)[0]
    (tmp_path / "faces").mkdir()
    Image.fromarray(np.ascontiguousarray(frame[:, :, ::-1])).save(tmp_path / "faces" / "face.png")
    empty.bringing.add((tmp_path / "faces",))
    qtbot.waitUntil(lambda: len(empty.model.labels.pictures) == 1)
    ready(qtbot, empty)
    assert not empty.proposals.go.isEnabled()
    assert empty.proposals.go.toolTip() == "Choose a model first"
    empty.proposals.choose("opencv:face")
    empty.proposals.threshold.setValue(5)
    click(empty.proposals.go)
    qtbot.waitUntil(lambda: bool(empty.model.proposals), timeout=30_000)
    press(empty, Qt.Key.Key_Return)
    assert names(empty) == ["face"]
    box = shapes(empty)[0]
    assert isinstance(box, Box)
    assert box.left < 140 < box.right
    assert box.top < 160 < box.bottom
    empty.proposals.choose("opencv:none")
    empty.proposals.propose()
    qtbot.waitUntil(lambda: "opencv:none" in empty.proposals.problem.text, timeout=20_000)


def test_a_model_looks_at_every_picture_without_labels_that_is_opened(
    qtbot: QtBot, page: LabelPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def answer(job: Propose, emit: object, token: object) -> tuple[Proposal, ...]:
        seen.append(job.path.name)
        return (Proposal("cat", 0.9, Box(10, 10, 30, 30)), Proposal("cat", 0.2, Box(50, 10, 80, 30)))

    monkeypatch.setattr(Propose, "__call__", answer)
    page.proposals.choose("opencv:face")
    click(page.proposals.always)
    qtbot.waitUntil(lambda: len(page.model.proposals) == 1)
    page.proposals.threshold.setValue(10)
    assert len(page.model.proposals) == 2, "what the model was less sure of comes with a lower threshold"
    page.canvas.setFocus()
    press(page, Qt.Key.Key_Return)
    page.proposals.threshold.setValue(60)
    page.proposals.threshold.setValue(10)
    assert [one.score for one in page.model.proposals] == [0.2], "what was accepted does not come again"
    press(page, "n")
    qtbot.waitUntil(lambda: len(page.model.proposals) == 2)
    press(page, "p")
    assert page.model.proposals == ()
    assert seen == ["1.png", "2.png"], "what is labelled is left alone"


def test_trained_models_are_offered_where_their_weights_are(qtbot: QtBot, page: LabelPage, tmp_path: Path) -> None:
    row = next(row for row in table() if row.model.startswith("ssdlite"))
    place = own_folder() / row.file
    assert page.proposals.box.findData(row.id) < 0
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"weights")
    page.entered()
    qtbot.waitUntil(lambda: page.proposals.box.findData(row.id) > 0, timeout=20_000)


# -- after drawing


def test_near_copies_are_named_both_and_marked(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "mine")
    Image.open(folder / "2.png").resize((192, 144)).save(folder / "again.jpg", quality=80)
    empty.bringing.add((folder,))
    qtbot.waitUntil(lambda: len(empty.model.labels.pictures) == 4)
    click(empty.outcome.near)
    qtbot.waitUntil(lambda: bool(empty.outcome.pairs), timeout=20_000)
    assert "again.jpg" in empty.outcome.found.text()
    assert "2.png" in empty.outcome.found.text()
    assert "1.png" not in empty.outcome.found.text()
    empty.outcome.found.linkActivated.emit("pictures/again.jpg")
    assert empty.model.file == "pictures/again.jpg"


def test_train_on_these_sets_data_and_task_as_one_step_and_goes_to_train(page: LabelPage) -> None:
    document = page.context.document
    assert not page.outcome.train.isEnabled()
    draw_box(page, 10, 10, 30, 30)
    before, count = document.project, document.undo_stack.count()
    click(button(page, "Train on these"))
    assert document.project.data.source == Choice(id="labelled")
    assert document.project.task == "detection"
    assert page.context.navigate == [("train", {})]
    assert document.undo_stack.count() == count + 1
    document.undo_stack.undo()
    assert document.project == before
    assert len(shapes(page)) == 1


def test_what_was_drawn_decides_the_task() -> None:
    labels = edits.add_class(edits.add_pictures(LabelSet(), [LabelledPicture("a.png", 40, 30)]), "cat")
    assert task_of(labels) == ""
    assert task_of(edits.set_labels(labels, "a.png", [0])) == "classification"
    assert task_of(edits.add_object(labels, "a.png", 0, Point(3, 3))) == ""
    boxed = edits.add_object(labels, "a.png", 0, Box(1, 1, 9, 9))
    assert task_of(edits.set_labels(boxed, "a.png", [0])) == "detection"
    outlined = edits.add_object(boxed, "a.png", 0, Polygon((((1, 1), (9, 1), (5, 9)),)))
    assert task_of(outlined) == "segmentation"


def test_labels_are_exported_for_other_programs(qtbot: QtBot, page: LabelPage, tmp_path: Path) -> None:
    draw_box(page, 10, 10, 30, 40)
    assert page.outcome.count.text() == "1 of 3 pictures, 1 object"
    page.outcome.menu.aboutToShow.emit()
    usable = {action.text(): action.isEnabled() for action in page.outcome.menu.actions()}
    assert usable["COCO JSON…"]
    assert not usable["Mask PNGs…"], "there are only boxes"
    page.outcome.write("coco", tmp_path / "coco")
    qtbot.waitUntil(lambda: any((tmp_path / "coco").rglob("*.json")), timeout=20_000)
    written = next((tmp_path / "coco").rglob("*.json"))
    plain = json.loads(written.read_text())
    assert [category["name"] for category in plain["categories"]] == ["cat"]
    assert [picture["file_name"].rsplit("/", 1)[-1] for picture in plain["images"]] == ["1.png"]
    assert plain["annotations"][0]["bbox"] == pytest.approx([10, 10, 20, 30], abs=0.3)
