"""Labels as data to learn from, and the work around them: gathering, near copies, proposals."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.annotation import IGNORE
from engine.datasets.sources.labelled import Labelled, LabelledPictures
from engine.errors import BadInput
from engine.events import Event
from engine.inference.detections import Classification, Detections, Labels
from engine.inference.frame import Frame
from engine.inference.maps import ClassMap
from engine.inference.predictor import Predictor
from engine.labelling import edits, store
from engine.labelling.gather import AddPictures, Gathered, KeepFrame
from engine.labelling.near import FindNearPairs, NearPair, difference_hash
from engine.labelling.proposals import Bench, Proposal, Propose, accept, proposals_of
from engine.labelling.samples import COUNT, MakeSamples
from engine.labelling.spec import Box, LabelledPicture, LabelSet, Mask, Point, Polygon

TOKEN = CancelSource().token


def ignore(event: Event) -> None:
    """Nobody listens."""


def save(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


def noise(seed: int, height: int = 30, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def labels(tmp_path: Path) -> LabelSet:
    made = LabelSet()
    for name in ("a", "b", "c"):
        save(tmp_path / "labels" / "pictures" / f"{name}.png", noise(ord(name)))
        made = edits.add_pictures(made, [LabelledPicture(f"pictures/{name}.png", 40, 30)])
    for name in ("cat", "dog"):
        made = edits.add_class(made, name)
    return made


def load(root: Path, labels: LabelSet) -> LabelledPictures:
    store.save(root / "labels", labels)
    return Labelled().load(root, ignore, TOKEN)


A, B, C = (f"pictures/{name}.png" for name in "abc")


def test_boxes_teach_detection_and_unlabelled_pictures_are_left_out_by_name(tmp_path: Path, labels: LabelSet) -> None:
    labels = edits.add_object(labels, A, 1, Box(1, 2, 11, 22))
    labels = edits.add_object(labels, A, 1, Point(3, 4))
    labels = edits.set_checked(labels, B, True)
    pictures = load(tmp_path, labels)
    assert pictures.gives == ("labels", "boxes")
    assert pictures.classes == ("cat", "dog")
    assert pictures.names == (A, B)
    assert pictures.labels.tolist() == [1, 0]
    assert [fault.name for fault in pictures.faults] == [C]
    found, empty = pictures.annotation(0), pictures.annotation(1)
    assert found.boxes is not None
    assert found.boxes.tolist() == [[1, 2, 11, 22]]
    assert found.box_labels is not None
    assert found.box_labels.tolist() == [1]
    assert found.labels == (1,)
    assert found.points is not None
    assert found.points.tolist() == [[3, 4, 1]]
    assert found.regions is None
    assert found.label is None
    assert empty.boxes is not None
    assert empty.boxes.shape == (0, 4)
    assert np.array_equal(pictures.picture(0), noise(ord("a")))


def test_outlines_and_masks_teach_segmentation_and_bare_boxes_are_not_guessed(tmp_path: Path, labels: LabelSet) -> None:
    labels = edits.add_object(labels, A, 0, Box(0, 0, 10, 10))
    labels = edits.add_object(labels, A, 1, Polygon((((5, 5), (15, 5), (15, 15), (5, 15)),)))
    labels = edits.add_object(labels, A, 0, Mask(14, 5, 4, 1, (0, 4)))
    pictures = load(tmp_path, labels)
    assert set(pictures.gives) == {"labels", "boxes", "instances", "regions"}
    found = pictures.annotation(0)
    assert found.regions is not None
    assert found.instances is not None
    assert found.outlines is not None
    assert found.regions[2, 2] == IGNORE
    assert found.regions[7, 7] == 2
    assert found.regions[5, 14:18].tolist() == [1, 1, 1, 1], "the later object lies above"
    assert found.regions[20, 20] == 0
    assert found.instances[2, 2] == 0
    assert found.instances[7, 7] == 2
    assert found.instances[5, 16] == 3
    assert [len(rings) for rings in found.outlines] == [0, 1, 0]
    assert found.boxes is not None
    assert found.boxes.tolist() == [[0, 0, 10, 10], [5, 5, 15, 15], [14, 5, 18, 6]]


def test_classes_of_whole_pictures_teach_classification(tmp_path: Path, labels: LabelSet) -> None:
    for file, label in ((A, 1), (B, 0), (C, 1)):
        labels = edits.set_labels(labels, file, [label])
    pictures = load(tmp_path, labels)
    assert pictures.gives == ("label", "labels")
    assert pictures.labels.tolist() == [1, 0, 1]
    assert pictures.annotation(0).label == 1
    two = load(tmp_path, edits.set_labels(labels, A, [0, 1]))
    assert two.gives == ("labels",), "a picture with two classes has no single one"
    assert two.annotation(0).labels == (0, 1)


def test_every_change_of_a_label_or_a_picture_changes_the_fingerprint(tmp_path: Path, labels: LabelSet) -> None:
    labels = edits.add_object(labels, A, 1, Box(1, 2, 11, 22))
    seen = {load(tmp_path, labels).fingerprint()}
    assert load(tmp_path, labels).fingerprint() in seen
    for changed in (
        edits.move(labels, A, (0,), 1, 0),
        edits.relabel(labels, A, (0,), 0),
        edits.rename_class(labels, 0, "lion"),
        edits.set_checked(labels, B, True),
    ):
        seen.add(load(tmp_path, changed).fingerprint())
    save(tmp_path / "labels" / A, noise(99, 31))
    seen.add(load(tmp_path, labels).fingerprint())
    assert len(seen) == 6


def test_nothing_to_learn_from_is_said_in_words(tmp_path: Path, labels: LabelSet) -> None:
    with pytest.raises(BadInput, match="no labels"):
        Labelled().load(tmp_path, ignore, TOKEN)
    with pytest.raises(BadInput, match="None of the 3 pictures"):
        load(tmp_path, labels)
    with pytest.raises(BadInput, match="no classes"):
        load(tmp_path, edits.set_checked(LabelSet((), labels.pictures), A, True))


# -- gathering


def gather(job: AddPictures | KeepFrame | MakeSamples) -> Gathered:
    return job(ignore, TOKEN)


def test_a_folder_is_copied_with_what_cannot_be_used_told(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "labels"
    save(source / "1.png", noise(1))
    save(source / "deep" / "1.png", noise(2))
    save(source / ".hidden" / "1.png", noise(3))
    (source / "broken.jpg").write_bytes(b"no picture")
    (source / "notes.txt").write_text("nothing")
    turned = Image.fromarray(noise(4))
    exif = turned.getexif()
    exif[274] = 6
    turned.save(source / "turned.jpg", exif=exif)
    gathered = gather(AddPictures((source,), target))
    assert {(one.file, one.width, one.height) for one in gathered.pictures} == {
        ("pictures/1.png", 40, 30),
        ("pictures/deep-1.png", 40, 30),
        ("pictures/turned.jpg", 30, 40),
    }
    assert [fault.name for fault in gathered.faults] == ["broken.jpg"]
    assert (target / "pictures" / "1.png").read_bytes() == (source / "1.png").read_bytes()
    again = gather(AddPictures((source, source / "1.png"), target))
    assert again.pictures == ()
    assert again.known == 4
    save(source / "1.png", noise(5))
    assert [one.file for one in gather(AddPictures((source / "1.png",), target)).pictures] == ["pictures/1 2.png"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no pictures"):
        gather(AddPictures((tmp_path,), tmp_path / "labels"))


def test_moments_of_a_camera_and_samples_can_be_read_again(tmp_path: Path) -> None:
    kept = gather(KeepFrame(noise(7)[:, :, ::-1], tmp_path))
    assert np.array_equal(np.asarray(Image.open(tmp_path / kept.pictures[0].file)), noise(7))
    samples = gather(MakeSamples(tmp_path)).pictures
    assert len(samples) == COUNT
    for one in samples:
        with Image.open(tmp_path / one.file) as picture:
            assert picture.size == (one.width, one.height)


# -- near copies


def test_the_hash_is_that_of_greys_averaged_over_areas() -> None:
    for seed in range(20):
        picture = noise(seed, 67, 53)
        grey = picture @ np.array([0.299, 0.587, 0.114])
        # Every pixel cut into 8×9 equal ones, so that the cells of the grid hold whole pieces.
        fine = np.repeat(np.repeat(grey, 8, axis=0), 9, axis=1)
        small = fine.reshape(8, 67, 9, 53).mean(axis=(1, 3))
        bits = "".join("01"[int(darker)] for row in small for darker in row[:-1] < row[1:])
        assert difference_hash(picture) == int(bits, 2)


def test_near_copies_are_found_and_different_pictures_are_not(tmp_path: Path) -> None:
    y, x = np.mgrid[:120, :160]
    scene = np.stack([127 + 120 * np.sin(x / 19 + y / 31), 127 + 100 * np.cos(y / 17), x + y / 3], axis=2)
    scene = scene.clip(0, 255).astype(np.uint8)
    save(tmp_path / "scene.png", scene)
    Image.fromarray(scene).resize((320, 240)).save(tmp_path / "larger.jpg", quality=70)
    save(tmp_path / "mirrored.png", scene[:, ::-1].copy())
    save(tmp_path / "white.png", np.full((50, 50, 3), 255, np.uint8))
    save(tmp_path / "black.png", np.zeros((50, 50, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"x")
    files = tuple(sorted(path.name for path in tmp_path.iterdir()))
    pairs = FindNearPairs(tmp_path, files)(ignore, TOKEN)
    assert [(pair.first, pair.second) for pair in pairs] == [("larger.jpg", "scene.png")]
    assert isinstance(pairs[0], NearPair)
    assert pairs[0].bits <= 5


# -- proposals


def test_answers_of_models_become_proposals_the_surest_first() -> None:
    boxes = np.array([[1, 1, 50, 9], [5, 5, 20, 9]], np.float32)
    found = Detections(boxes, np.array([0.3, 0.9], np.float32), np.array([0, 1]), ("cat", "dog"))
    assert proposals_of(found, 30, 40) == (
        Proposal("dog", pytest.approx(0.9), Box(5, 5, 20, 9)),
        Proposal("cat", pytest.approx(0.3), Box(1, 1, 40, 9)),
    )
    masks = np.zeros((2, 4, 6), np.uint8)
    masks[1, :, :3] = 255
    painted = proposals_of(replace(found, masks=masks), 30, 40)[0].shape
    assert painted == Mask(5, 5, 8, 4, (0, 32)), "the left half of the box from 5 to 20, with the pixel it cuts"
    regions = ClassMap(("nothing", "cat", "dog"), np.array([[0, 2], [2, 2]], np.uint8), (0, 1, 4, 5))
    assert proposals_of(regions, 4, 4) == (Proposal("dog", 1.0, Mask(0, 1, 4, 3, (2, 2, 2, 6))),)
    several = Labels(("cat", "dog"), np.array([0.6, 0.8], np.float32))
    assert [one.name for one in proposals_of(several, 30, 40)] == ["dog", "cat"]
    whole = Classification(("cat", "dog"), np.array([0.25, 0.75], np.float32))
    assert proposals_of(whole, 30, 40) == (Proposal("dog", 0.75, None),)


def test_accepting_adds_classes_that_are_not_there(labels: LabelSet) -> None:
    taken = (Proposal("Cat", 0.9, Box(1, 1, 9, 9)), Proposal("bird", 0.5, Box(3, 3, 9, 9)), Proposal("dog", 1, None))
    after = accept(labels, A, taken)
    assert after.names == ("cat", "dog", "bird")
    assert [one.label for one in after.picture(A).objects] == [0, 2]
    assert after.picture(A).labels == (1,)


def test_a_model_is_opened_once_for_many_pictures_and_anew_when_its_weights_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    class Everything(Predictor):
        def predict(self, frame: Frame) -> Detections:
            box = np.array([[0, 0, frame.width, frame.height]], np.float32)
            return Detections(box, np.array([0.5], np.float32), np.array([0]), self.classes)

        def close(self) -> None:
            opened.append(f"closed {self.name}")

    def make(model: str) -> Predictor:
        opened.append(Path(model).name)
        return Everything(Path(model).name, ("thing",))

    monkeypatch.setattr("engine.inference.predictor.open_predictor", make)
    save(tmp_path / "a.png", noise(3))
    weights = tmp_path / "run-001" / "checkpoints" / "best.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"1")
    bench = Bench()
    for _ in range(2):
        job = Propose(str(tmp_path / "run-001"), tmp_path / "a.png", bench)
        assert job(ignore, TOKEN) == (Proposal("thing", 0.5, Box(0, 0, 40, 30)),)
    assert opened == ["run-001"]
    os.utime(weights, (1, 1))
    job(ignore, TOKEN)
    Propose("other", tmp_path / "a.png", bench)(ignore, TOKEN)
    bench.close()
    assert opened == ["run-001", "closed run-001", "run-001", "closed run-001", "other", "closed other"]


def test_a_built_in_detector_proposes_on_a_picture_file(tmp_path: Path) -> None:
    save(tmp_path / "a.png", noise(3, 120, 160))
    proposals = Propose("opencv:face", tmp_path / "a.png", Bench())(ignore, TOKEN)
    assert isinstance(proposals, tuple)
    with pytest.raises(BadInput):
        Propose("opencv:nothing", tmp_path / "a.png", Bench())(ignore, TOKEN)
