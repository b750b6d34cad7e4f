"""Weights are read without running anything, matched by name, and loaded as far as they fit."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.errors import BadInput
from engine.gallery import GALLERY, open_network
from engine.graph.compile import compile_network
from engine.importing.trace import trace
from engine.importing.weights import load, match, read_weights


@pytest.fixture(scope="module")
def twin() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None).eval()


def check_same(ours: nn.Module, theirs: nn.Module) -> None:
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(picture), theirs(picture), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("form", ["safetensors", "pt", "nested", "prefix"])
def test_torchvisions_state_dict_goes_into_the_gallery_network(form: str, twin: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / ("weights.safetensors" if form == "safetensors" else "weights.pth")
    state = twin.state_dict()
    if form == "safetensors":
        save_file(state, path)
    elif form == "nested":
        torch.save({"epoch": 3, "state_dict": state}, path)
    else:
        torch.save({f"module.{k}" if form == "prefix" else k: v for k, v in state.items()}, path)
    spec = open_network("resnet18")
    report = match(spec, read_weights(path), GALLERY.get("resnet18"))
    assert report.complete
    assert report.unexpected == ()
    assert len(report.matched) == len(state)
    net = compile_network(spec)
    assert load(net, report) == len(state)
    check_same(net, twin)


def test_a_traced_drawing_finds_its_modules_weights_by_what_the_names_have_in_common(twin: nn.Module) -> None:
    traced = trace(twin, (3, 64, 64))
    report = match(traced.spec, twin.state_dict())
    assert report.complete
    assert {theirs: ours for ours, theirs in report.matched.items()} == dict(traced.names)


def test_a_new_head_keeps_its_start_and_is_named_with_both_sizes(twin: nn.Module) -> None:
    spec = open_network("resnet18", num_classes=10)
    report = match(spec, twin.state_dict(), GALLERY.get("resnet18"))
    assert [(one.name, one.shape, one.their_shape) for one in report.mismatched] == [
        ("fc.weight", (10, 512), (1000, 512)),
        ("fc.bias", (10,), (1000,)),
    ]
    assert not report.complete
    assert any("fc.weight has 10×512 here, 1000×512 in the file" in line for line in report.lines())
    net = compile_network(spec)
    before = net.get_parameter("fc.weight").clone()
    load(net, report)
    assert torch.equal(net.get_parameter("fc.weight"), before)
    assert torch.equal(net.get_parameter("conv1.weight"), twin.get_parameter("conv1.weight"))


def test_missing_and_unexpected_weights_are_named(twin: nn.Module) -> None:
    state: dict[str, Tensor] = dict(twin.state_dict())
    del state["conv1.weight"]
    state["other.weight"] = torch.zeros(3)
    report = match(open_network("resnet18"), state, GALLERY.get("resnet18"))
    assert report.missing == ("conv1.weight",)
    assert report.unexpected == ("other.weight",)
    lines = "\n".join(report.lines())
    assert "missing in the file: conv1.weight" in lines
    assert "no place for: other.weight" in lines


def test_nothing_that_fits_is_refused_on_loading(twin: nn.Module) -> None:
    report = match(open_network("lenet5_modern"), twin.state_dict())
    assert report.matched == {}
    with pytest.raises(BadInput, match="None of the file's weights"):
        load(compile_network(open_network("lenet5_modern")), report)


class Evil:
    """Unpickling it creates a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for name, write in (
        ("evil.pt", lambda path: torch.save({"a": Evil(mark)}, path)),
        ("evil.pth", lambda path: path.write_bytes(pickle.dumps({"a": Evil(mark)}))),
    ):
        path = tmp_path / name
        write(path)
        with pytest.raises(BadInput, match=r"evil\.pt"):
            read_weights(path)
    assert not mark.exists()


def test_hostile_and_broken_files_are_refused_by_name(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", b"\0" * 50_000_000)
    huge = tmp_path / "huge.pt"
    torch.save({"a": torch.zeros(1).expand(10**9)}, huge)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\xff" * 64)
    empty = tmp_path / "empty.pth"
    torch.save({"epoch": 1}, empty)
    for path, words in (
        (bomb, "would unpack to"),
        (huge, "more than it holds"),
        (broken, "no intact safetensors"),
        (empty, "no named tensors"),
        (tmp_path / "none.pt", "no weights file"),
    ):
        with pytest.raises(BadInput, match=words):
            read_weights(path)
