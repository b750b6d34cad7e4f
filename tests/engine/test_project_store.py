"""Project and network files: what is saved is what is opened, whole or not at all, and only inside its folder."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine.datasets.spec import Choice, DataSpec, SplitSpec
from engine.errors import BadInput, JobFailed
from engine.gallery import GALLERY, open_network
from engine.graph.spec import EdgeSpec, GroupSpec, NetworkSpec, NodeSpec, to_plain
from engine.project import migrations, store
from engine.project.atomic import write_atomic
from engine.project.plain import MAX_DEPTH, parse_plain
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec

DATA = Path(__file__).resolve().parents[1] / "data"

NETWORK = NetworkSpec(
    "Odd",
    (
        NodeSpec("input1", "Input", {"shape": [3, 8, 8]}, (1.5, -2)),
        NodeSpec("what1", "FromTheFuture", {"table": [[1, None], [True, 0.5]], "unknown": {"a": "é 😀"}}),
        NodeSpec("block1", "Block", subgraph=NetworkSpec("Inside", (NodeSpec("input1", "Input"),))),
    ),
    (EdgeSpec("input1", "what1"), EdgeSpec("what1", "block1", "left", "right"), EdgeSpec("block1", "block1")),
    (GroupSpec("group1", "Two of them", ("input1", "what1")),),
)
PROJECT = ProjectSpec(
    "Ziffern ✓",
    network=NETWORK,
    data=DataSpec(
        source=Choice(id="folder", options={"path": "../pictures", "depth": [1, 2]}),
        split=SplitSpec(train=0.6, validation=0.2, test=0.2, seed=7),
        augmentation=(Choice(id="rotate", options={"degrees": 12.5}), Choice(id="not_yet_invented")),
    ),
    training=TrainingSpec(epochs=3, optimiser=Choice(id="sgd", options={"momentum": 0.9}), clip_norm=1.0),
)


def test_a_project_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    file = store.save_project(PROJECT, tmp_path / "new" / "folder")
    assert store.load_project(file) == PROJECT
    assert store.load_project(file.parent) == PROJECT
    assert store.open_file(file.parent) == PROJECT


@pytest.mark.parametrize("id", list(GALLERY))
def test_every_gallery_network_comes_back_as_it_was_saved(id: str, tmp_path: Path) -> None:
    spec = open_network(id)
    store.save_network(spec, tmp_path / "n.json")
    assert store.load_network(tmp_path / "n.json") == spec
    assert store.open_file(tmp_path / "n.json") == spec


def test_files_of_version_1_still_open() -> None:
    project = store.load_project(DATA / "project_v1")
    network = store.load_network(DATA / "network_v1.json")
    assert project.name == "Version 1"
    assert project.network == network
    assert [node.id for node in network.nodes][-2:] == ["block1", "future1"]
    assert network.node("future1").params == {"table": [[1, 0], [0, 1]], "mode": None}
    assert network.groups == (GroupSpec("group1", "Head", ("flatten1", "linear1")),)
    assert project.data.preprocess.height == 8
    assert [choice.id for choice in project.data.augmentation] == ["rotate", "noise"]
    assert (project.training.epochs, project.training.batch_size) == (1, 512)


def test_migrations_are_applied_in_order() -> None:
    steps = {
        1: lambda plain: {**plain, "name": plain["title"]},
        2: lambda plain: {**plain, "name": plain["name"].upper()},
    }
    old = {"format": "f", "version": 1, "title": "x"}
    assert migrations.migrate(old, "f", 3, steps) == {"format": "f", "version": 3, "title": "x", "name": "X"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"version": 99}, "newer Vitrine"),
        ({"format": "other"}, "not a vitrine-project"),
        ({"surplus": 1}, "unknown key 'surplus'"),
        ({"name": 3}, "name must be a text"),
        ({"training": {"epochs": "5"}}, r"training\.epochs"),
        ({"training": {"epochs": 0}}, r"training\.epochs"),
        ({"data": {"source": {"id": "x", "options": []}}}, r"data\.source\.options"),
        ({"data": {"split": {"train": 0.9, "validation": 0.9, "test": 0.9}}}, "add up to 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: dict[str, object], place: str, tmp_path: Path) -> None:
    plain = store.project_to_plain(PROJECT) | change
    (tmp_path / "project.json").write_text(json.dumps(plain))
    with pytest.raises(BadInput, match=place) as caught:
        store.load_project(tmp_path)
    assert "project.json" in caught.value.what


@pytest.mark.parametrize(
    ("node", "place"),
    [
        ({"id": "__import__", "type": "ReLU"}, r"nodes\[0\]\.id"),
        ({"id": "class", "type": "ReLU"}, "uses that word"),
        ({"id": "a", "type": ""}, "must not be empty"),
        ({"id": "a", "type": "ReLU", "position": [1e9, 0]}, "between"),
        ({"id": "a", "type": "Block"}, "subgraph"),
        ({"id": "a", "type": "ReLU", "params": [1]}, "params must be an object"),
    ],
)
def test_a_node_that_cannot_be_is_refused(node: dict[str, object], place: str) -> None:
    plain = to_plain(NetworkSpec()) | {"nodes": [node]}
    with pytest.raises(BadInput, match=place):
        store.network_from_plain(plain)


def test_an_edge_to_nowhere_is_refused_and_a_frame_around_nothing_is_not() -> None:
    plain = to_plain(replace(NETWORK, groups=(GroupSpec("group1", "x", ("gone", "what1")),)))
    assert store.network_from_plain(plain).groups[0].nodes == ("what1",)
    plain["edges"].append({"from": ["gone", "out"], "to": ["what1", "in"]})
    with pytest.raises(BadInput, match="'gone', which is not there"):
        store.network_from_plain(plain)


def test_json_is_bounded() -> None:
    assert parse_plain(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for text, reason in (
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deep"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[1e999]", "too large"),
        (b"[NaN]", "finite"),
        (b"[" + b"9" * 99 + b"]", "99 digits"),
        (b'["\\ud800"]', "no file may hold"),
    ):
        with pytest.raises(BadInput, match=reason):
            parse_plain(text)
    assert parse_plain(b'["[[[[", "\\"[", {"a": "]"}]') == ["[[[[", '"[', {"a": "]"}]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"old")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JobFailed, match="disk is full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"], "no temporary file is left behind"


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"0" * 100_000)
    stop = threading.Event()

    def write() -> None:
        for round in range(60):
            write_atomic(path, b"%d" % (round % 10) * 100_000)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        data = path.read_bytes()
        assert len(data) == 100_000
        assert len(set(data)) == 1
    writer.join()


def test_writing_keeps_permissions_and_replaces_a_link(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    write_atomic(secret, b"1")
    secret.chmod(0o600)
    write_atomic(secret, b"2")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    link = tmp_path / "link.json"
    link.symlink_to(secret)
    write_atomic(link, b"3")
    assert secret.read_bytes() == b"2", "a link in a project must not lead a save elsewhere"
    assert not link.is_symlink()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="could not be written"):
        write_atomic(tmp_path / "no" / "a.json", b"x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="could not be made"):
        store.save_project(PROJECT, tmp_path / "file" / "project")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "loop", "out/x", "/etc"])
def test_paths_stay_inside(path: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "out").symlink_to("..")
    with pytest.raises(BadInput, match="leads out"):
        store.inside(folder, path)
    assert store.inside(folder, "a/b") == (folder / "a" / "b").resolve()


def test_a_project_file_that_is_a_link_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    file = store.save_project(PROJECT, tmp_path / "real")
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "project.json").symlink_to(file)
    with pytest.raises(BadInput, match="leads out"):
        store.load_project(tmp_path / "fake")
