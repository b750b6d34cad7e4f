"""Denoising from pictures that come with their clean ones: found by name, learned from, and measured against."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.annotation import TARGETS
from engine.datasets.base import DATASETS
from engine.datasets.formats.guess import likely_source
from engine.datasets.prepare import Part, Prepared, prepare
from engine.datasets.preprocess import Preprocessor
from engine.datasets.reading import Reader
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.datasets.unread import UnreadPart
from engine.errors import BadInput
from engine.events import Event
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph import edits
from engine.project.spec import ProjectSpec
from engine.project.store import save_project
from engine.tasks.base import TASKS
from engine.tasks.batch import Batch
from engine.tasks.kinds.denoising import Denoising, DenoisingOptions
from engine.training.evaluate import EvaluateJob
from engine.training.events import EpochDone
from engine.training.job import TrainJob
from engine.training.spec import TrainingSpec
from tests.helpers.annotated_sets import load, paint

ROOT = Path(__file__).resolve().parents[2]
SIDE = 16


def drawn(folder: Path, count: int = 24, deviation: float = 40) -> Path:
    """Smooth grey pictures with a bright bar and, beside them, the same with noise."""
    random = np.random.default_rng(0)
    for kind in ("noisy", "clean"):
        (folder / kind).mkdir(parents=True)
    for number in range(count):
        clean = np.full((SIDE, SIDE), 60.0) + random.uniform(0, 60)
        at = random.integers(0, SIDE - 5)
        clean[:, at : at + 5] = 200
        noisy = clean + random.normal(0, deviation, clean.shape)
        for kind, pixels in (("clean", clean), ("noisy", noisy)):
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / kind / f"{number:03d}.png")
    return folder


def data_of(folder: Path, **changes: object) -> DataSpec:
    return DataSpec(
        source=Choice(id="noisy", options={"folder": str(folder)}),
        preprocess=PreprocessSpec(height=SIDE, width=SIDE, channels=1),
        split=SplitSpec(train=0.5, validation=0.25, test=0.25),
    ).model_copy(update=changes)


def project_of(folder: Path, epochs: int = 6) -> ProjectSpec:
    network = with_input(open_network("denoising_autoencoder", size=SIDE, width=8), (1, SIDE, SIDE))
    return ProjectSpec(
        "Pairs",
        task="denoising",
        network=edits.remove(network, ["noise"], heal=True),
        data=data_of(folder),
        training=TrainingSpec(
            epochs=epochs,
            batch_size=4,
            optimiser=Choice(id="adam", options={"learning_rate": 0.01}),
            device="cpu",
            threads=1,
        ),
    )


def ready(data: DataSpec, needs: tuple[str, ...] = (), uses: tuple[str, ...] = Denoising.uses) -> Prepared:
    return prepare(data, Path(), lambda event: None, CancelSource().token, needs, uses)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(np.float64) / 255


def decibels(folder: Path, names: list[str]) -> float:
    """Mean PSNR of noisy pictures, of their files and by its definition."""
    errors = [np.mean((pixels(folder / "noisy" / name) - pixels(folder / "clean" / name)) ** 2) for name in names]
    return float(np.mean(-10 * np.log10(errors)))


# --- the source -------------------------------------------------------------------------------------------------------


def test_noisy_pictures_find_their_clean_ones_by_name(tmp_path: Path) -> None:
    for name, value in (("noisy/a.png", 10), ("noisy/deep/b.bmp", 20), ("clean/a.tif", 110), ("clean/deep/b.png", 120)):
        paint(tmp_path / name, 12, 8, value)
    ours = load("noisy", tmp_path)
    assert (ours.names, ours.faults, ours.classes, ours.gives) == (
        ("noisy/a.png", "noisy/deep/b.bmp"), (), (), ("clean",),
    )  # fmt: skip
    for index, (noisy, clean) in enumerate([(10, 110), (20, 120)]):
        assert ours.picture(index)[-1, -1].tolist() == [noisy] * 3
        found = ours.annotation(index).clean
        assert found is not None
        assert found.shape == (8, 12, 3)
        assert found[-1, -1].tolist() == [clean] * 3


def test_folders_may_have_any_name_and_prescribe_parts(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for kind in ("grainy", "sharp"):
            paint(tmp_path / kind / part / "a.png", 6, 6, 40 if kind == "grainy" else 90)
    ours = load("noisy", tmp_path, noisy="grainy", clean="sharp")
    assert dict(zip(ours.names, ours.fixed.tolist(), strict=True)) == {
        "grainy/test/a.png": 2, "grainy/train/a.png": 0,
    }  # fmt: skip
    with pytest.raises(BadInput, match="no noisy picture with a clean one"):
        load("noisy", tmp_path)
    with pytest.raises(BadInput, match="both said to lie in sharp"):
        load("noisy", tmp_path, noisy="sharp", clean="sharp/")


@pytest.mark.parametrize(("noisy", "clean"), [
    ("./grainy", "sharp"), ("GRAINY", "Sharp/"), (".\\grainy\\", "./SHARP/."), (" grainy ", "sharp//"),
])  # fmt: skip
def test_a_folder_is_found_however_it_is_written(tmp_path: Path, noisy: str, clean: str) -> None:
    for kind in ("grainy", "sharp"):
        paint(tmp_path / kind / "a.png", 6, 6)
    ours = load("noisy", tmp_path, noisy=noisy, clean=clean)
    assert (ours.names, ours.faults) == (("grainy/a.png",), ())
    with pytest.raises(BadInput, match="both said to lie in"):
        load("noisy", tmp_path, noisy=noisy, clean="./Grainy")


@pytest.mark.parametrize("options", [{"noisy": "grany"}, {"clean": "grany"}, {"noisy": "../grany"}])
def test_a_folder_that_is_missing_is_named(tmp_path: Path, options: dict[str, str]) -> None:
    for kind in ("noisy", "clean", "../grany"):
        paint(tmp_path / "set" / kind / "a.png", 6, 6)
    (told,) = options.values()
    with pytest.raises(BadInput, match=f"There is no folder {told} in"):
        load("noisy", tmp_path / "set", **options)


def test_an_empty_folder_is_not_said_to_be_missing(tmp_path: Path) -> None:
    paint(tmp_path / "clean" / "a.png", 6, 6)
    (tmp_path / "grainy").mkdir()
    with pytest.raises(BadInput, match="no noisy picture with a clean one"):
        load("noisy", tmp_path, noisy="grainy")


@pytest.mark.parametrize(("noisy", "clean"), [
    ("target/noisy", "target/clean"),  # around both, with the name of one kind
    ("input/noisy", "input/clean"),
    ("originals/noisy/deep", "originals/clean/deep"),
    ("noisy/original", "clean/original"),  # inside both
    ("input/target", "clean/target"),
    ("train/noisy", "train/clean"),
])  # fmt: skip
def test_folders_around_and_inside_may_have_the_name_of_a_kind(tmp_path: Path, noisy: str, clean: str) -> None:
    for folder in (noisy, clean):
        for name in ("a", "b"):
            paint(tmp_path / folder / f"{name}.png", 6, 6)
    ours = load("noisy", tmp_path)
    assert (ours.names, ours.faults) == ((f"{noisy}/a.png", f"{noisy}/b.png"), ())


def test_a_folder_that_is_named_counts_before_one_that_is_looked_for(tmp_path: Path) -> None:
    for folder in ("target/clean", "clean"):
        paint(tmp_path / folder / "a.png", 6, 6)
    ours = load("noisy", tmp_path, noisy="target/clean")
    assert (ours.names, ours.faults) == (("target/clean/a.png",), ())


def test_every_fault_names_its_file_and_the_rest_is_used(tmp_path: Path) -> None:
    for name in ("noisy/good.png", "clean/good.png", "noisy/alone.png", "clean/lonely.png", "clean/cut.png"):
        paint(tmp_path / name, 30, 30)
    for name in ("noisy/cut.png", "noisy/small.png", "noisy/empty.png", "clean/empty.png", "clean/twice.png"):
        paint(tmp_path / name, 30, 30)
    paint(tmp_path / "clean/small.png", 30, 20)
    paint(tmp_path / "clean/twice.bmp", 30, 30)
    paint(tmp_path / "noisy/twice.bmp", 30, 30)
    paint(tmp_path / "noisy/twice.png", 30, 30)
    whole = (tmp_path / "clean/cut.png").read_bytes()
    (tmp_path / "clean/cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noisy/empty.png").write_bytes(b"")
    ours = load("noisy", tmp_path)
    assert ours.names == ("noisy/good.png", "noisy/twice.bmp")
    told = {fault.name: fault.reason for fault in ours.faults}
    assert set(told) == {
        "noisy/alone.png", "clean/lonely.png", "clean/cut.png", "noisy/small.png", "noisy/empty.png",
        "clean/twice.png", "noisy/twice.png",
    }  # fmt: skip
    assert "cut off" in told["clean/cut.png"]
    assert "30×30 pixels and clean/small.png has 30×20" in told["noisy/small.png"]
    again = load("noisy", tmp_path)
    assert {fault.name for fault in again.faults} == set(told), "what is remembered tells the same"


def test_a_changed_clean_picture_is_noticed(tmp_path: Path) -> None:
    folder = drawn(tmp_path, 4)
    before = load("noisy", folder).fingerprint()
    assert load("noisy", folder).fingerprint() == before
    paint(folder / "clean" / "000.png", SIDE, SIDE, 3)
    os.utime(folder / "clean" / "000.png", ns=(1, 1))
    assert load("noisy", folder).fingerprint() != before


def test_a_dropped_folder_is_taken_for_what_it_is(tmp_path: Path) -> None:
    assert likely_source(drawn(tmp_path, 2)) == "noisy"
    assert set(DATASETS.get("noisy").model_fields) == {"folder", "noisy", "clean"}


# --- into batches -----------------------------------------------------------------------------------------------------


def test_clean_pictures_come_along_where_they_are_given_in_memory_and_streamed(tmp_path: Path) -> None:
    folder = drawn(tmp_path)
    held = ready(data_of(folder))
    names = [name.removeprefix("noisy/") for name in held.samples.names]
    assert isinstance(held.train, Part)
    clean = held.train.targets["clean"]
    assert (tuple(clean.shape), clean.dtype) == ((len(held.train), 1, SIDE, SIDE), torch.uint8)
    for row, index in enumerate(held.train.indices):
        assert np.array_equal(clean[row, 0].numpy() / 255, pixels(folder / "clean" / names[index]))
    large = data_of(folder, preprocess=PreprocessSpec(height=160, width=160, channels=1), memory_limit_mb=1)
    with closing(ready(large)) as streamed, closing(ready(large.model_copy(update={"memory_limit_mb": None}))) as whole:
        assert isinstance(streamed.train, UnreadPart)
        assert isinstance(whole.train, Part)
        inputs, targets = next(iter(streamed.train.crew.read([streamed.train.indices])))
        assert torch.equal(inputs, whole.train.inputs)
        assert torch.equal(targets["clean"], whole.train.targets["clean"])
        assert streamed.mark == whole.mark


def test_nothing_is_taken_that_nobody_uses_or_gives(tmp_path: Path) -> None:
    assert not ready(data_of(drawn(tmp_path)), uses=()).train.digests
    paint(tmp_path / "folder" / "cat" / "a.png", SIDE, SIDE)
    paint(tmp_path / "folder" / "cat" / "b.png", SIDE, SIDE, 20)
    plain = DataSpec(source=Choice(id="folder", options={"folder": str(tmp_path / "folder")}))
    assert not ready(plain).train.digests


def test_a_noisy_picture_that_breaks_takes_no_other_with_it(tmp_path: Path) -> None:
    folder = drawn(tmp_path)
    (folder / "noisy" / "000.png").unlink()
    broken = paint(folder / "noisy" / "000.bmp", SIDE, SIDE)
    broken.write_bytes(broken.read_bytes()[:-30])  # which its header does not tell
    prepared = ready(data_of(folder))
    assert len(prepared.samples) == 24
    assert [fault.name for fault in prepared.faults] == ["noisy/000.bmp"]
    assert 0 not in prepared.train.indices
    assert len(prepared.train) + len(prepared.validation) + len(prepared.test) == 23


def test_the_augment_page_is_given_the_clean_picture_as_the_target(tmp_path: Path) -> None:
    pictures = load("noisy", drawn(tmp_path, 4))
    seen = data_of(tmp_path).preprocess
    reader = Reader(pictures, Preprocessor(seen), np.arange(4), (*Denoising.needs, *Denoising.uses))
    inputs, targets = reader.rows(np.array([1]))
    assert set(reader.needed(targets)) == {"clean"}
    assert not torch.equal(inputs, targets["clean"])


def test_noise_is_added_to_pairs_only_when_asked() -> None:
    inputs = torch.full((2, 1, 8, 8), 0.5)
    batch = Batch((inputs,), {"clean": torch.full((2, 1, 8, 8), 51, dtype=torch.uint8)}, np.arange(2), 0)
    left = Denoising((), DenoisingOptions()).feed(batch)
    assert torch.equal(left.inputs[0], inputs)
    more = Denoising((), DenoisingOptions(noise_on_pairs=True)).feed(batch)
    assert not torch.equal(more.inputs[0], inputs)
    assert torch.equal(more.targets["given"], more.inputs[0])
    for fed in (left, more):
        assert fed.targets["original"].unique().tolist() == pytest.approx([0.2])


def test_every_target_that_a_task_uses_is_one_that_pictures_can_give() -> None:
    for id, task in TASKS.items():
        assert set(task.uses) <= set(TARGETS), id
        assert not set(task.uses) & set(task.needs), id


# --- learning ---------------------------------------------------------------------------------------------------------


def test_a_network_learns_from_pairs_and_is_measured_against_the_clean_ones(tmp_path: Path) -> None:
    folder = drawn(tmp_path / "set", deviation=80)
    made = project_of(folder, 12)
    events: list[Event] = []
    TrainJob(made, tmp_path, tmp_path / "runs" / "first")(events.append, CancelSource().token)
    epochs = [event.measures for event in events if isinstance(event, EpochDone)]
    assert epochs[-1]["val_psnr"] > epochs[0]["val_psnr"] + 1
    told = EvaluateJob(tmp_path / "runs" / "first", tmp_path)(lambda event: None, CancelSource().token)
    prepared = ready(made.data)
    names = [prepared.samples.names[index].removeprefix("noisy/") for index in prepared.test.indices]
    assert told.measures["psnr_given"] == pytest.approx(decibels(folder, names), abs=1e-3)
    assert told.measures["psnr"] == pytest.approx(told.measures["psnr_given"] + told.measures["gain"])
    assert told.measures["gain"] > 1
    assert 0 < told.measures["ssim"] < 1


@pytest.mark.slow
def test_the_whole_way_without_a_window(tmp_path: Path) -> None:
    folder = drawn(tmp_path / "set", deviation=80)
    save_project(project_of(folder, 12), tmp_path / "project")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "VITRINE_HOME": str(tmp_path / "home")}

    def run(*arguments: str) -> list[dict[str, object]]:
        done = subprocess.run(
            [sys.executable, "main.py", *arguments, "--json"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    lines = run("train", str(tmp_path / "project"), "--out", str(tmp_path / "run"), "--device", "cpu")
    assert lines[-1]["event"] == "finished"
    (told,) = run("evaluate", str(tmp_path / "run"))
    measures = told["measures"]
    assert isinstance(measures, dict)
    assert measures["gain"] > 1
    shown = run(
        "predict", "--model", str(tmp_path / "run"), "--source", str(folder / "noisy"), "--save", str(tmp_path / "out")
    )
    assert len(shown) == 24
    before, after = [], []
    for number in range(24):
        clean = pixels(folder / "clean" / f"{number:03d}.png")
        before.append(np.mean((pixels(folder / "noisy" / f"{number:03d}.png") - clean) ** 2))
        restored = np.asarray(Image.open(tmp_path / "out" / f"{number:03d}.png").convert("L")) / 255
        after.append(np.mean((restored - clean) ** 2))
    assert np.mean(after) < 0.8 * np.mean(before)
