"""Prepared data: the right pictures in the right part, faults listed, kept between starts, cancelled at once."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets import cache
from engine.datasets.prepare import examine, measure, prepare
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.errors import BadInput, JobCancelled
from engine.events import Progress
from engine.paths import data_dir

RANDOM = np.random.default_rng(1)


def quiet(event):
    pass


def folder_data(folder, **preprocess):
    size = {"height": 8, "width": 8, "channels": 3} | preprocess
    return DataSpec(source=Choice(id="folder", options={"folder": str(folder)}), preprocess=PreprocessSpec(**size))


@pytest.fixture
def pets(tmp_path):
    folder = tmp_path / "pets"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(10):
            picture = RANDOM.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(picture).save(folder / name / f"{number}.png")
    return folder


def test_digits_ready_to_train(tmp_path):
    events = []
    data = DataSpec(split=SplitSpec(seed=3))
    ours = prepare(data, tmp_path, events.append, CancelSource().token)
    assert ours.classes == tuple("0123456789")
    for part, share in ((ours.train, 0.7), (ours.validation, 0.15), (ours.test, 0.15)):
        assert part.inputs.shape == (len(part), 1, 32, 32)
        assert part.inputs.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        assert len(part) == pytest.approx(share * 1797, abs=1.5)
        assert np.array_equal(part.labels.numpy(), ours.samples.labels[part.indices])
        place = len(part) // 2
        expected = ours.preprocessor.picture(ours.samples.picture(int(part.indices[place])))
        assert np.array_equal(part.inputs[place].numpy(), expected)
    everything = np.concatenate([ours.train.indices, ours.validation.indices, ours.test.indices])
    assert sorted(everything.tolist()) == list(range(1797))
    assert events[-1] == Progress("Preparing pictures", 1797, 1797)
    assert ours.part("test") is ours.test
    with pytest.raises(BadInput, match="tset"):
        ours.part("tset")


def test_broken_files_are_listed_and_left_out(pets, tmp_path):
    whole = (pets / "dog" / "0.png").read_bytes()
    (pets / "dog" / "0.png").write_bytes(whole[:60])
    (pets / "dog" / "1.png").write_bytes(b"not a picture")
    (pets / "cat" / "readme.txt").write_text("hello")
    ours = prepare(folder_data(pets), tmp_path, quiet, CancelSource().token)
    assert [fault.name for fault in ours.faults] == ["cat/readme.txt", "dog/0.png", "dog/1.png"]
    assert "0.png is" in ours.faults[1].reason
    used = np.concatenate([ours.train.indices, ours.validation.indices, ours.test.indices])
    assert sorted(ours.samples.names[index] for index in used) == sorted(
        name for name in ours.samples.names if name not in ("dog/0.png", "dog/1.png")
    )


def test_a_folder_is_decoded_once(pets, tmp_path, monkeypatch):
    data = folder_data(pets)
    first = prepare(data, tmp_path, quiet, CancelSource().token)
    events = []
    again = prepare(data, tmp_path, events.append, CancelSource().token)
    assert not [event for event in events if "Preparing" in event.text]
    assert torch.equal(again.train.inputs, first.train.inputs)
    assert np.array_equal(again.examination.digests, first.examination.digests)

    # Another mean is applied later; another size is not what was kept.
    brighter = data.model_copy(update={"preprocess": data.preprocess.model_copy(update={"mean": (0.5,)})})
    prepare(brighter, tmp_path, events.append, CancelSource().token)
    assert not [event for event in events if "Preparing" in event.text]
    larger = prepare(folder_data(pets, height=9), tmp_path, events.append, CancelSource().token)
    assert larger.train.inputs.shape[2] == 9
    inverted = prepare(folder_data(pets, invert=True), tmp_path, quiet, CancelSource().token)
    assert torch.equal(inverted.train.inputs, 255 - first.train.inputs)
    assert [event for event in events if "Preparing" in event.text]


def test_a_picture_that_changed_is_read_anew(pets, tmp_path):
    data = folder_data(pets)
    before = prepare(data, tmp_path, quiet, CancelSource().token)
    Image.fromarray(np.full((8, 8, 3), 77, np.uint8)).save(pets / "cat" / "3.png")
    os.utime(pets / "cat" / "3.png", ns=(1, 1))
    after = prepare(data, tmp_path, quiet, CancelSource().token)
    index = after.samples.names.index("cat/3.png")
    assert not np.array_equal(before.examination.digests[index], after.examination.digests[index])


def test_what_was_kept_may_be_damaged(pets, tmp_path, caplog):
    data = folder_data(pets)
    first = prepare(data, tmp_path, quiet, CancelSource().token)
    kept = sorted(data_dir().rglob("*.npz"))
    assert len(kept) == 2
    for path in kept:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(bytes(content))
    again = prepare(data, tmp_path, quiet, CancelSource().token)
    assert "damaged" in caplog.text
    assert torch.equal(again.train.inputs, first.train.inputs)


def test_room_is_made_for_new_pictures(monkeypatch):
    monkeypatch.setattr(cache, "MAX_BYTES", 16_000)
    spec = PreprocessSpec()
    images = np.zeros((3, 1, 32, 32), np.uint8)
    for number in range(5):
        cache.save_images(f"set {number}", spec, images)
        kept = sorted(data_dir().rglob("*.npz"))
        for age, path in enumerate(kept):
            os.utime(path, ns=(age + 1, age + 1))
    assert sum(path.stat().st_size for path in data_dir().rglob("*.npz")) <= 16_000
    assert cache.load_images("set 4", spec, images.shape) is not None


def test_cancelling_is_answered_before_the_next_picture(tmp_path):
    source = CancelSource()
    seen = []

    def emit(event):
        seen.append(event)
        if event.text == "Preparing pictures":
            source.cancel()

    with pytest.raises(JobCancelled):
        prepare(DataSpec(), tmp_path, emit, source.token)
    assert seen[-1].done == 0


def test_mean_and_deviation_are_those_of_numpy(pets, tmp_path):
    ours = prepare(folder_data(pets), tmp_path, quiet, CancelSource().token)
    mean, deviation = measure(ours.train)
    values = ours.train.inputs.numpy().astype(np.float64) / 255
    assert mean == pytest.approx(values.mean((0, 2, 3)))
    assert deviation == pytest.approx(values.std((0, 2, 3)))


def test_examining_alone_sees_the_same(pets, tmp_path):
    ours = prepare(folder_data(pets), tmp_path, quiet, CancelSource().token)
    for path in data_dir().rglob("*.npz"):
        path.unlink()
    alone = examine(ours.samples, quiet, CancelSource().token)
    assert np.array_equal(alone.digests, ours.examination.digests)
    assert np.array_equal(alone.sizes, ours.examination.sizes)
    assert alone.sizes[0].tolist() == [8, 8]


def test_importing_it_costs_no_torch():
    import subprocess
    import sys

    code = (
        "import sys, engine.datasets.prepare, engine.datasets.report, engine.datasets.augment as a, "
        "engine.datasets.base as b; list(a.AUGMENTATIONS); list(b.DATASETS); "
        "bad = {'torch', 'torchvision', 'cv2', 'sklearn', 'PySide6'} & set(sys.modules); "
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
