"""Training as a job: from a project to a run folder, and everything that can go wrong on the way."""

from __future__ import annotations

import errno
import itertools
import os
import pickle
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import metrics

from engine.cancel import CancelSource
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.errors import BadInput, JobCancelled, JobFailed
from engine.events import Cancelled, Event, Failed, Finished, Notice
from engine.gallery import open_network
from engine.graph.edits import set_params
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.job import run_job
from engine.project.spec import ProjectSpec
from engine.training.evaluate import EvaluateJob
from engine.training.events import Advice, EpochDone, RunStarted, RunSummary, SamplePredictions
from engine.training.job import TrainJob
from engine.training.run_folder import run_lock
from engine.training.runs import list_runs, load_run, new_run_dir, run_info
from engine.training.spec import TrainingSpec
from tests.helpers.training import same_bits


def project(network: NetworkSpec | None = None, data: dict[str, Any] | None = None, **training: Any) -> ProjectSpec:
    settings: dict[str, Any] = {
        "epochs": 3,
        "batch_size": 64,
        "optimiser": Choice(id="adam", options={"learning_rate": 0.004}),
        "device": "cpu",
    }
    return ProjectSpec(
        name="Digits",
        network=network or open_network("lenet5_modern"),
        data=DataSpec(**(data or {})),
        training=TrainingSpec(**{**settings, **training}),
    )


def run(job: TrainJob, source: CancelSource | None = None) -> tuple[RunSummary, list[Event]]:
    heard: list[Event] = []
    return job(heard.append, (source or CancelSource()).token), heard


def chain(*nodes: NodeSpec) -> NetworkSpec:
    edges = tuple(EdgeSpec(a.id, b.id) for a, b in itertools.pairwise(nodes))
    return NetworkSpec("chain", nodes, edges)


def dense(*between: NodeSpec, outputs: int = 10) -> NetworkSpec:
    return chain(
        NodeSpec("input", "Input", {"shape": [1, 32, 32]}),
        NodeSpec("flatten", "Flatten"),
        NodeSpec("fc", "Linear", {"out_features": outputs}),
        *between,
        NodeSpec("output", "Output"),
    )


def test_a_whole_run(tmp_path: Path) -> None:
    folder = new_run_dir(tmp_path)
    summary, heard = run(TrainJob(project(), tmp_path, folder))
    started = next(event for event in heard if isinstance(event, RunStarted))
    assert (started.parameters, started.steps_per_epoch, started.epochs) == (61_706, 20, 3)
    assert [event.epoch for event in heard if isinstance(event, EpochDone)] == [1, 2, 3]
    assert any(isinstance(event, SamplePredictions) for event in heard)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found >= {
        "network.json",
        "config.json",
        "metrics.csv",
        os.path.join("checkpoints", "last.pt"),
        os.path.join("checkpoints", "best.safetensors"),
        os.path.join("report", "summary.json"),
        os.path.join("report", "test_confusion.csv"),
    }
    (info,) = list_runs(tmp_path)
    assert (info.name, info.status, info.epochs_done, info.best_epoch) == ("run-001", "finished", 3, summary.best_epoch)
    assert info.test == pytest.approx(summary.test)
    assert info.best_value == max(row["val_accuracy"] for row in info.rows)
    assert pickle.loads(pickle.dumps(info)) == info
    assert pickle.loads(pickle.dumps(heard[-1])) == heard[-1]

    evaluation = EvaluateJob(folder)(heard.append, CancelSource().token)
    assert dict(evaluation.measures) == pytest.approx(summary.test, abs=1e-5)
    assert evaluation.measures["accuracy"] == metrics.accuracy_score(evaluation.truth, evaluation.predicted)
    np.testing.assert_array_equal(
        evaluation.confusion, metrics.confusion_matrix(evaluation.truth, evaluation.predicted)
    )
    assert len(evaluation.images) == len(evaluation.names) == len(evaluation.truth) == evaluation.confusion.sum()
    assert evaluation.images.dtype == np.uint8
    assert np.bincount(evaluation.truth).min() >= 0.9 * len(evaluation.truth) / 10  # stratified
    assert pickle.loads(pickle.dumps(evaluation)).classes == evaluation.classes

    loaded = load_run(folder)
    assert loaded.classes == tuple("0123456789")
    images = torch.from_numpy(evaluation.images)[:, None]
    with torch.no_grad():
        answers = loaded.model(loaded.preprocessor.normalise(images)).argmax(1).numpy()
    np.testing.assert_array_equal(answers, evaluation.predicted)


@pytest.mark.parametrize("ema", [None, 0.9])
def test_stopped_and_resumed_is_as_never_stopped(tmp_path: Path, ema: float | None) -> None:
    wanted = project(data={"augmentation": (Choice(id="rotate"),)}, schedule=Choice(id="one_cycle"), ema=ema)
    whole, _ = run(TrainJob(wanted, tmp_path, tmp_path / "runs" / "whole"))
    source = CancelSource()
    folder = tmp_path / "runs" / "parts"

    def stop_in_epoch_two(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 1:
            source.cancel()

    end = run_job(TrainJob(wanted, tmp_path, folder), stop_in_epoch_two, source.token)
    assert end == Cancelled()
    stopped = run_info(folder)
    assert (stopped.status, stopped.epochs_done) == ("stopped", 1)
    assert load_run(folder).spec == wanted.network
    # What has been edited since does not matter: the run goes on as it was begun.
    edited = project(network=dense(), batch_size=7)
    resumed, heard = run(TrainJob(edited, tmp_path, folder, resume=True))
    assert next(event for event in heard if isinstance(event, RunStarted)).first_epoch == 1
    assert resumed.test == whole.test
    states = [load_run(tmp_path / "runs" / name).model.state_dict() for name in ("whole", "parts")]
    assert same_bits(states[0], states[1])


def test_a_finished_run_can_go_on_for_longer(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "a"
    run(TrainJob(project(epochs=1), tmp_path, folder))
    summary, heard = run(TrainJob(project(epochs=3), tmp_path, folder, resume=True))
    assert [event.epoch for event in heard if isinstance(event, EpochDone)] == [2, 3]
    assert summary.epochs == 3
    again, heard = run(TrainJob(project(epochs=3), tmp_path, folder, resume=True))
    assert not [event for event in heard if isinstance(event, EpochDone)]
    assert again.test == summary.test


def test_pausing_saves_and_waits(tmp_path: Path) -> None:
    source = CancelSource()
    folder = tmp_path / "runs" / "a"
    written: list[bool] = []

    def pause(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 1:
            (folder / "checkpoints" / "last.pt").unlink(missing_ok=True)
            source.pause()
        elif source.token.paused:
            # The steps so far are told before the wait, so the owner can resume from here.
            written.append((folder / "checkpoints" / "last.pt").exists())
            source.resume()

    TrainJob(project(epochs=2), tmp_path, folder)(pause, source.token)
    assert written
    assert run_info(folder).status == "finished"


def test_the_seed_decides(tmp_path: Path) -> None:
    shaken = {"augmentation": (Choice(id="shift"),)}
    states = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(TrainJob(project(data=shaken, seed=seed, epochs=1), tmp_path, tmp_path / name))
        states.append(load_run(tmp_path / name).model.state_dict())
    assert same_bits(states[0], states[1])
    assert not same_bits(states[0], states[2])


def failure(job: TrainJob) -> tuple[BadInput | JobFailed, Path]:
    end = run_job(job, lambda event: None, CancelSource().token)
    assert isinstance(end, Failed)
    return end.error, job.run_dir  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("network", "data", "words"),
    [
        (dense(outputs=7), {}, "7 outputs and the data has 10 classes"),
        (None, {"preprocess": PreprocessSpec(height=28, width=28)}, "pictures are 1×28×28 .* takes 1×32×32"),
        (dense(NodeSpec("free", "Add")), {}, ""),
        (None, {"augmentation": (Choice(id="rotates"),)}, "no augmentation called 'rotates'"),
        (chain(NodeSpec("input", "Input", {"shape": [1, 32, 32]}), NodeSpec("output", "Output")), {}, ""),
    ],
)
def test_what_cannot_be_trained_is_told_and_leaves_nothing(
    tmp_path: Path, network: NetworkSpec | None, data: dict[str, Any], words: str
) -> None:
    folder = new_run_dir(tmp_path)
    error, _ = failure(TrainJob(project(network, data), tmp_path, folder))
    assert isinstance(error, BadInput)
    assert error.advice
    assert re.search(words, error.what)
    assert not folder.exists()
    assert list_runs(tmp_path) == ()


def test_nan_fails_the_run_and_keeps_the_best(tmp_path: Path) -> None:
    deep = dense(*(NodeSpec(f"more{k}", "Linear", {"out_features": 10}) for k in range(4)))
    settings = project(deep, optimiser=Choice(id="sgd", options={"learning_rate": 50.0}), epochs=5)
    error, folder = failure(TrainJob(settings, tmp_path, tmp_path / "runs" / "a"))
    assert "became" in error.what
    assert "learning rate" in error.advice
    info = run_info(folder)
    assert info.status == "failed"
    assert error.what in info.message


def test_a_full_disk_is_a_sentence_and_the_old_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs" / "a"
    run(TrainJob(project(epochs=1), tmp_path, folder))
    before = (folder / "checkpoints" / "last.pt").read_bytes()
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if str(target).endswith(".pt"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    error, _ = failure(TrainJob(project(epochs=3), tmp_path, folder, resume=True))
    assert "disk is full" in error.what
    assert "last.pt" in error.what
    assert run_info(folder).status == "failed"
    assert (folder / "checkpoints" / "last.pt").read_bytes() == before
    monkeypatch.undo()
    summary, _ = run(TrainJob(project(epochs=3), tmp_path, folder, resume=True))
    assert summary.epochs == 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bounds its own memory as Linux does")
def test_out_of_memory_is_a_sentence(tmp_path: Path) -> None:
    import resource

    huge = chain(
        NodeSpec("input", "Input", {"shape": [1, 32, 32]}),
        NodeSpec("bigger", "Upsample", {"scale_factor": 1000}),
        NodeSpec("pool", "AdaptiveAvgPool2d", {"output_size": 1}),
        NodeSpec("flatten", "Flatten"),
        NodeSpec("fc", "Linear", {"out_features": 10}),
        NodeSpec("output", "Output"),
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    # One picture becomes 32,000 × 32,000 numbers, which is 4 GB.
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**30, hard))
    try:
        error, _ = failure(TrainJob(project(huge), tmp_path, tmp_path / "runs" / "a"))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert "out of memory" in error.what
    assert error.node == "bigger"


def test_two_trainings_never_share_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "a"
    run(TrainJob(project(epochs=1), tmp_path, folder))
    lock = run_lock(folder)
    assert lock.acquire()
    try:
        (folder / "report" / "summary.json").write_text('{"status": "running"}')
        assert run_info(folder).status == "running"
        error, _ = failure(TrainJob(project(epochs=2), tmp_path, folder, resume=True))
        assert "already in training" in error.what
    finally:
        lock.release()
    assert run_info(folder).status == "stopped"


def test_warnings_before_the_start(tmp_path: Path) -> None:
    softmax = dense(NodeSpec("softmax", "Softmax"))
    data = {"split": SplitSpec(train=0.8, validation=0.0, test=0.2)}
    summary, heard = run(TrainJob(project(softmax, data, epochs=1), tmp_path, tmp_path / "a"))
    assert [event.kind for event in heard if isinstance(event, Advice)][:1] == ["double_softmax"]
    assert "no_validation" in [event.kind for event in heard if isinstance(event, Notice)]
    assert summary.best_epoch == 1
    assert [event.val_loss for event in heard if isinstance(event, EpochDone)] == [None]


def test_early_stopping_ends_the_run(tmp_path: Path) -> None:
    still = Choice(id="sgd", options={"learning_rate": 1e-9})
    summary, heard = run(TrainJob(project(epochs=50, optimiser=still, early_stopping=2), tmp_path, tmp_path / "a"))
    assert summary.epochs < 50
    assert "early_stopping" in [event.kind for event in heard if isinstance(event, Notice)]


def test_damaged_runs_are_listed_with_the_reason(tmp_path: Path) -> None:
    run(TrainJob(project(epochs=1), tmp_path, new_run_dir(tmp_path)))
    for number, damage in enumerate((b"{", b'{"format": "x"}', b"[]", b""), start=2):
        folder = new_run_dir(tmp_path)
        (folder / "config.json").write_bytes(damage)
        assert folder.name == f"run-{number:03d}"
    infos = {info.name: info for info in list_runs(tmp_path)}
    assert len(infos) == 5
    assert infos["run-001"].status == "finished"
    for name in ("run-002", "run-003", "run-004", "run-005"):
        assert infos[name].status == "failed"
        assert "config.json" in infos[name].message
    (tmp_path / "runs" / "run-001" / "metrics.csv").write_text("a,b\n1,2\n")
    assert "no epoch" in run_info(tmp_path / "runs" / "run-001").message


def test_pictures_that_changed_are_noticed(tmp_path: Path) -> None:
    for name, shade in (("dark", 20), ("light", 200)):
        for number in range(12):
            picture = np.full((8, 8, 3), shade + number, np.uint8)
            (tmp_path / "pictures" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(tmp_path / "pictures" / name / f"{number}.png")
    data = {"source": Choice(id="folder", options={"folder": "pictures"})}
    folder = new_run_dir(tmp_path)
    run(TrainJob(project(dense(outputs=2), data, epochs=1), tmp_path, folder))

    def told() -> list[str]:
        heard: list[Event] = []
        EvaluateJob(folder, tmp_path)(heard.append, CancelSource().token)
        return [event.kind for event in heard if isinstance(event, Notice)]

    assert told() == []
    Image.new("RGB", (8, 8), "red").save(tmp_path / "pictures" / "dark" / "0.png")
    assert told() == ["changed_pictures"]
    # Another split would train on what was kept for the test, so going on is refused.
    error, _ = failure(TrainJob(project(dense(outputs=2), data, epochs=2), tmp_path, folder, resume=True))
    assert "are not those that the run was begun with" in error.what


def test_a_run_of_another_network_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "a"
    run(TrainJob(project(epochs=1), tmp_path, folder))
    from engine.project.store import save_network

    save_network(set_params(open_network("lenet5_modern"), "fc1", out_features=100), folder / "network.json")
    with pytest.raises(BadInput, match="fc1"):
        load_run(folder)
    error, _ = failure(TrainJob(project(epochs=2), tmp_path, folder, resume=True))
    assert "fc1" in error.what


def test_an_empty_part_cannot_be_evaluated(tmp_path: Path) -> None:
    data = {"split": SplitSpec(train=0.8, validation=0.2, test=0.0)}
    summary, _ = run(TrainJob(project(data=data, epochs=1), tmp_path, tmp_path / "a"))
    assert summary.test == {}
    with pytest.raises(BadInput, match="no test pictures"):
        EvaluateJob(tmp_path / "a")(lambda event: None, CancelSource().token)
    found = EvaluateJob(tmp_path / "a", split="validation")(lambda event: None, CancelSource().token)
    assert len(found.truth) > 300


def test_the_job_can_be_sent_to_another_process(tmp_path: Path) -> None:
    job = TrainJob(project(), tmp_path, tmp_path / "a")
    assert pickle.loads(pickle.dumps(job)) == job
    evaluate = EvaluateJob(tmp_path / "a")
    assert pickle.loads(pickle.dumps(evaluate)) == evaluate


def test_cancelled_before_the_first_step(tmp_path: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(JobCancelled):
        TrainJob(project(), tmp_path, tmp_path / "a")(lambda event: None, source.token)
    assert not (tmp_path / "a").exists()
    assert isinstance(
        run_job(TrainJob(project(epochs=1), tmp_path, tmp_path / "a"), print, CancelSource().token), Finished
    )
