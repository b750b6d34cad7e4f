"""Data larger than the memory it may take: read by other processes, and learned from to the same last bit."""

from __future__ import annotations

import itertools
import os
import signal

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets import crew as crews
from engine.datasets.crew import Crew, usual_workers
from engine.datasets.prepare import Part, measure, memory_limit, memory_needed, prepare
from engine.datasets.preprocess import Preprocessor
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.datasets.unread import Recipe, UnreadPart
from engine.errors import BadInput, JobCancelled, JobFailed
from engine.events import Notice, Progress
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.project.spec import ProjectSpec
from engine.training.batches import OrderedBatches, TrainingBatches, pool_of
from engine.training.checkpoint import load_best
from engine.training.job import TrainJob
from engine.training.spec import TrainingSpec
from tests.helpers.slow_pictures import SlowPictures

CPU = torch.device("cpu")
EVERYTHING = ("label", "labels", "boxes", "instances", "regions", "edges", "normals")


def ready(data, root, events=None, needs=("label",)):
    return prepare(data, root, (events if events is not None else []).append, CancelSource().token, needs)


def limited(data, megabytes=1):
    return data.model_copy(update={"memory_limit_mb": megabytes})


def scenes(count=60):
    options = {"count": count, "height": 48, "width": 48, "difficulty": "medium"}
    preprocess = PreprocessSpec(height=64, width=64, channels=3)
    return DataSpec(source=Choice(id="shapes", options=options), preprocess=preprocess)


@pytest.fixture
def pets(tmp_path):
    random = np.random.default_rng(1)
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(40):
            picture = random.integers(0, 128, (40, 50, 3), dtype=np.uint8)
            picture[:, :, ["cat", "dog"].index(name)] += 100
            Image.fromarray(picture).save(tmp_path / "pets" / name / f"{number}.png")
    return DataSpec(
        source=Choice(id="folder", options={"folder": "pets"}),
        preprocess=PreprocessSpec(height=64, width=64, channels=3),
        augmentation=(Choice(id="rotate"), Choice(id="noise")),
    )


def slow(folder, *, workers=2, token=None, patience=60.0, **options):
    pictures = SlowPictures(folder, **options)
    seen = Preprocessor(PreprocessSpec(height=8, width=8))
    recipe = Recipe(pictures, seen, np.full((40, 2), 8, np.int32), ("label",))
    return Crew(recipe, token or CancelSource().token, workers, patience)


# -- the decision


def test_what_fits_is_held_and_what_does_not_is_streamed(pets, tmp_path):
    events = []
    assert isinstance(ready(pets, tmp_path, events).train, Part)
    assert not any(isinstance(event, Notice) for event in events)
    streamed = ready(limited(pets), tmp_path, events)
    assert isinstance(streamed.train, UnreadPart)
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert notice.kind == "streaming"
    assert "would take 1.9 MB of memory and may take 1.0 MB" in notice.what  # 2 × 80 × 3 × 64 × 64


def test_the_memory_that_is_needed_and_allowed():
    seen = Preprocessor(PreprocessSpec(height=10, width=20, channels=3))
    assert memory_needed(7, seen, ("label",)) == 2 * 7 * 200 * 3
    assert memory_needed(7, seen, ("regions", "normals")) == 2 * 7 * 200 * (3 + 1 + 12)
    free = psutil.virtual_memory().available
    assert memory_limit(DataSpec()) == pytest.approx(0.4 * free, rel=0.2)
    assert memory_limit(DataSpec(memory_limit_mb=3)) == 3 * 2**20
    assert memory_limit(DataSpec(memory_limit_mb=16_000_000)) == pytest.approx(0.8 * free, rel=0.2)
    assert DataSpec.model_validate({}).memory_limit_mb is None  # as in files from before


# -- the same bits


def test_streamed_batches_are_those_that_are_held(tmp_path):
    held = ready(scenes(), tmp_path, needs=EVERYTHING)
    streamed = ready(limited(scenes()), tmp_path, needs=EVERYTHING)
    assert isinstance(streamed.train, UnreadPart)
    assert streamed.mark == held.mark
    assert measure(streamed.train) == measure(held.train)
    theirs, ours = held.train.overview(), streamed.train.overview()
    assert theirs.keys() == ours.keys()
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)
    for name in ("train", "validation"):
        passes = []
        for prepared in (held, streamed):
            pool = pool_of(prepared.part(name), prepared.preprocessor, CPU)
            assert torch.equal(pool.labels, held.part(name).labels)
            batches = TrainingBatches(pool, None, 7, seed=3)
            rounds = np.array([[0, 3], [2, 1], [3, 3]])
            passes.append([*batches.epoch(0), *batches.epoch(1, first=1), *OrderedBatches(pool, 2, rounds)])
        for one, other in zip(*passes, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
            assert one.targets.keys() == other.targets.keys()
            assert all(torch.equal(one.targets[key], other.targets[key]) for key in one.targets)
            assert np.array_equal(one.indices, other.indices)
    streamed.close()


def test_a_network_learns_the_same_from_disk(pets, tmp_path):
    nodes = (
        NodeSpec("input", "Input", {"shape": [3, 64, 64]}),
        NodeSpec("conv", "Conv2d", {"out_channels": 4, "kernel_size": 5, "stride": 4}),
        NodeSpec("flatten", "Flatten"),
        NodeSpec("dropout", "Dropout"),  # draws from the generator that nothing else may touch
        NodeSpec("linear", "Linear", {"out_features": 2}),
        NodeSpec("output", "Output"),
    )
    edges = tuple(EdgeSpec(a.id, b.id) for a, b in itertools.pairwise(nodes))
    network = NetworkSpec("Pets", nodes, edges)
    weights, measures = [], []
    for number, data in enumerate((pets, limited(pets))):
        training = TrainingSpec(epochs=2, batch_size=16, device="cpu")
        project = ProjectSpec("Pets", network=network, data=data, training=training)
        events = []
        summary = TrainJob(project, tmp_path, tmp_path / "runs" / str(number))(events.append, CancelSource().token)
        assert any(isinstance(event, Notice) and event.kind == "streaming" for event in events) == (number == 1)
        weights.append(load_best(tmp_path / "runs" / str(number)))
        measures.append(summary.test)
    assert measures[0] == measures[1]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


# -- what changes, breaks or hangs


def test_a_changed_picture_is_noticed(pets, tmp_path):
    before = ready(limited(pets), tmp_path)
    events = []
    again = ready(limited(pets), tmp_path, events)
    assert again.mark == before.mark
    assert not any(isinstance(event, Progress) and "Looking" in event.text for event in events)  # known from before
    path = tmp_path / "pets" / "cat" / "3.png"
    Image.fromarray(np.zeros((30, 30, 3), np.uint8)).save(path)
    after = ready(limited(pets), tmp_path, events)
    assert any(isinstance(event, Progress) and "Looking" in event.text for event in events)
    assert after.mark != before.mark
    place = before.samples.names.index("cat/3.png")
    with pytest.raises(BadInput, match=r"cat/3\.png was changed while"):
        list(before.train.crew.read([np.array([place])]))
    path.unlink()
    with pytest.raises(BadInput, match=r"3\.png"):
        list(before.train.crew.read([np.array([place])]))


def test_more_processes_keep_the_order(tmp_path):
    crew = slow(tmp_path, seconds=0.001)
    groups = [np.array([39, 0, 7]), np.arange(35), np.array([5])]
    for _ in range(2):
        coming = crew.read(groups)
        found = [next(coming) for _ in groups]  # as the batches of a validation are taken, with no look beyond
        for (inputs, targets), group in zip(found, groups, strict=True):
            assert inputs[:, 0, 0, 0].tolist() == group.tolist()
            assert targets["label"].tolist() == (group % 2).tolist()
    readers = {int(path.name) for path in tmp_path.iterdir()}
    assert len(readers) == 2  # the same two both times
    assert os.getpid() not in readers
    crew.close()
    assert not any(psutil.pid_exists(reader) for reader in readers)


def test_who_asks_in_between_is_served_too(tmp_path):
    crew = slow(tmp_path, workers=1)
    groups = [np.arange(number, number + 4) for number in range(0, 40, 4)]
    seen = []
    for inputs, _ in crew.read(groups):
        seen += inputs[:, 0, 0, 0].tolist()
        (other,) = crew.read([np.array([17])])
        assert other[0].unique().tolist() == [17]
    assert seen == list(range(40))
    assert len(list(tmp_path.iterdir())) == 2  # this process and one other
    crew.close()


def test_a_pass_that_is_given_up_leaves_nothing_behind(tmp_path):
    crew = slow(tmp_path, workers=1)
    first = crew.read([np.array([1]), np.array([2]), np.array([3])])
    assert next(first)[0].unique().tolist() == [1]
    first.close()
    assert [inputs.unique().tolist() for inputs, _ in crew.read([np.array([8]), np.array([9])])] == [[8], [9]]
    crew.close()


@pytest.mark.skipif(os.name == "nt", reason="there are no signals to kill by")
def test_a_killed_process_becomes_a_sentence(tmp_path):
    crew = slow(tmp_path, workers=1, seconds=0.05)
    coming = crew.read([np.array([number]) for number in range(40)])
    next(coming)
    (reader,) = (int(path.name) for path in tmp_path.iterdir())
    os.kill(reader, signal.SIGKILL)
    with pytest.raises(JobFailed, match="was ended from outside"):
        list(coming)


def test_a_disk_that_never_answers_becomes_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(crews, "POLL", 0.5)
    crew = slow(tmp_path, workers=1, stuck=3, patience=1.0)
    coming = crew.read([np.array([0]), np.array([3])])
    with pytest.raises(JobFailed, match="nothing came from the disk for 1 seconds"):
        list(coming)


def test_waiting_can_be_cancelled(tmp_path, monkeypatch):
    monkeypatch.setattr(crews, "POLL", 0.5)
    source = CancelSource()
    crew = slow(tmp_path, workers=1, stuck=3, token=source.token)
    coming = crew.read([np.array([0]), np.array([3])])
    next(coming)
    source.cancel()
    with pytest.raises(JobCancelled):
        next(coming)


def test_every_processor_reads():
    available = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process(), "cpu_affinity") else os.cpu_count()
    assert usual_workers() == min(16, available)


def test_classes_of_pictures_that_were_not_held_are_measured_and_shown(pets, tmp_path, monkeypatch):
    from engine.training import batches

    monkeypatch.setattr(batches, "KEPT_BYTES", 12 * 3 * 64 * 64 / 4)
    streamed = ready(limited(pets), tmp_path)
    onlooker = batches.Onlooker(pool_of(streamed.test, streamed.preprocessor, CPU), 3 * 64 * 64)
    next(iter(OrderedBatches(onlooker, 6)))  # a pass that is given up, as when memory runs out
    list(OrderedBatches(onlooker, 5))
    whole = streamed.train.crew.recipe.rows(streamed.test.indices)[0]
    assert len(streamed.test) == 12
    assert np.array_equal(onlooker.seen().numpy(), whole[:, :, ::2, ::2])
    streamed.close()
