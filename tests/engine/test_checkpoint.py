"""Checkpoints: whole or not at all, checked, and nothing in them is executed."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.errors import BadInput
from engine.training import checkpoint
from engine.training.callbacks import checkpoints
from engine.training.checkpoint import best_path, last_path, load_best, load_last, load_weights, save_best, save_last


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / checkpoint.FOLDER).mkdir()
    return tmp_path


def test_round_trip(run: Path) -> None:
    weights = {"a": torch.randn(3, 4), "n": torch.tensor(7)}
    save_last(run, {"model": weights, "position": {"epoch": 3}})
    save_best(run, weights)
    state = load_last(run)
    assert state["position"] == {"epoch": 3}
    assert torch.equal(state["model"]["a"], weights["a"])
    assert torch.equal(load_best(run)["n"], weights["n"])


@pytest.mark.parametrize(("value", "fine"), [(3e38, True), (float("nan"), False), (float("-inf"), False)])
def test_only_finite_weights_are_kept(value: float, fine: bool) -> None:
    # Two of the largest add up to infinity in single precision, the only one that every device has.
    weights = {"a": torch.full((4,), 3e38), "n": torch.tensor(7), "b": torch.tensor([1.0, value])}
    assert checkpoints._finite(weights) is fine


def test_tied_weights_can_be_saved(run: Path) -> None:
    tensor = torch.randn(2, 2)
    save_best(run, {"one": tensor, "other": tensor, "turned": tensor.t()})
    assert torch.equal(load_best(run)["turned"], tensor.t())


@pytest.mark.parametrize("kind", ["last", "best"])
def test_a_flipped_byte_is_noticed(run: Path, kind: str) -> None:
    save_last(run, {"model": {"a": torch.zeros(100)}})
    save_best(run, {"a": torch.zeros(100)})
    path, load = {"last": (last_path(run), load_last), "best": (best_path(run), load_best)}[kind]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadInput, match="damaged"):
        load(run)


def test_a_kill_between_digest_and_file_leaves_a_readable_checkpoint(run: Path) -> None:
    save_last(run, {"position": 1})
    before = last_path(run).read_bytes()
    for position in range(2, 5):
        save_last(run, {"position": position})
        last_path(run).write_bytes(before)  # as if the new file had never come
        assert load_last(run)["position"] == 1


def test_missing_files_are_told(run: Path) -> None:
    with pytest.raises(BadInput, match=r"no file .*last\.pt"):
        load_last(run)
    save_last(run, {})
    last_path(run).with_name("last.pt.sha256").unlink()
    with pytest.raises(BadInput, match="may be damaged"):
        load_last(run)


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("bomb",)


@pytest.mark.parametrize("form", ["pickle", "torch", "text", "empty", "foreign", "newer"])
def test_foreign_files_are_refused_and_never_run(
    run: Path, form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    if form == "torch":
        torch.save({"format": checkpoint.FORMAT, "version": 1, "x": _Bomb()}, buffer)
    if form == "foreign":
        torch.save({"weights": torch.zeros(2)}, buffer)
    if form == "newer":
        torch.save({"format": checkpoint.FORMAT, "version": 99}, buffer)
    data = {"pickle": pickle.dumps(_Bomb()), "text": b"hello", "empty": b""}.get(form, buffer.getvalue())
    for path in (last_path(run), best_path(run)):
        path.write_bytes(data)
        path.with_name(f"{path.name}.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  {path.name}\n")
    with pytest.raises(BadInput):
        load_last(run)
    with pytest.raises(BadInput):
        load_best(run)
    assert not (tmp_path / "bomb").exists()


def test_foreign_weights_are_named(run: Path) -> None:
    model = nn.Linear(3, 2)
    good = model.state_dict()
    with pytest.raises(BadInput, match="lacks weight 'bias'"):
        load_weights(model, {"weight": good["weight"]}, run)
    with pytest.raises(BadInput, match="unknown weight 'extra'"):
        load_weights(model, {**good, "extra": good["bias"]}, run)
    with pytest.raises(BadInput, match=r"'weight' with the sizes 2×4, and the network needs 2×3"):
        load_weights(model, {**good, "weight": torch.zeros(2, 4)}, run)
    with pytest.raises(BadInput, match="no tensor"):
        load_weights(model, {**good, "weight": 3}, run)  # type: ignore[dict-item]
