"""The table of weights against torchvision's own, and files that are missing, damaged or brought in."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.cancel import CancelSource
from engine.errors import BadInput, JobCancelled
from engine.inference.predictor import open_predictor
from engine.inference.trained.base import open_pretrained
from engine.pretrained.build import load_pretrained
from engine.pretrained.files import (
    CopyIn,
    Found,
    check,
    choose_folder,
    chosen_folder,
    find_model,
    find_weights,
    folders,
    own_folder,
    row_of,
    torch_folder,
)
from engine.pretrained.table import KIND_WORDS, files_of, table
from tests.helpers.weight_files import weight_file

SMALL = "mobilenet_v3_small"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def test_the_table_says_what_torchvision_says() -> None:
    from torchvision.models import get_model_weights

    for row in table():
        weights = get_model_weights(row.model)[row.weights]
        assert row.url == weights.url
        assert row.mebibytes == pytest.approx(weights.meta["_file_size"])
        assert row.task in KIND_WORDS
        assert row.file.removesuffix(".pth").endswith(f"-{row.hash_prefix}")
    for model in {row.model for row in table()}:
        assert files_of(f"torchvision:{model}")[0].weights == get_model_weights(model).DEFAULT.name
    assert len({row.file for row in table()}) == len(table())


@pytest.mark.parametrize("variables", [{}, {"XDG_CACHE_HOME": "cache"}, {"TORCH_HOME": "mine"}])
def test_weights_are_looked_for_where_torch_hub_keeps_them(variables: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import torch.hub, os\nfrom pathlib import Path\nfrom engine.pretrained.files import torch_folder\n"
        "assert torch_folder() == Path(torch.hub.get_dir()) / 'checkpoints', torch_folder()\n"
    )
    env = {name: value for name, value in os.environ.items() if name not in ("TORCH_HOME", "XDG_CACHE_HOME")}
    env |= {name: str(tmp_path / value) for name, value in variables.items()}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60, cwd=Path(__file__).parents[2])


def test_nothing_of_it_imports_torch() -> None:
    code = (
        "import sys\nfrom engine.pretrained.files import find_weights\nfind_weights()\n"
        "assert 'torch' not in sys.modules and 'cv2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[2])


def test_a_missing_file_is_named_with_its_size_and_how_to_bring_it() -> None:
    with pytest.raises(BadInput) as told:
        open_predictor("torchvision:ssdlite320_mobilenet_v3_large")
    words = str(told.value)
    for part in (
        "ssdlite320_mobilenet_v3_large_coco-a79551df.pth",
        "13.4 MiB",
        "https://download.pytorch.org/models/ssdlite320_mobilenet_v3_large_coco-a79551df.pth",
        str(own_folder()),
    ):
        assert part in words
    with pytest.raises(BadInput, match="ssdlite320_mobilenet_v3_large"):
        open_predictor("torchvision:yolo")


def test_folders_are_searched_in_their_order_and_a_second_best_file_serves(tmp_path: Path) -> None:
    best, second = files_of("torchvision:resnet50")
    usb = tmp_path / "usb"
    for folder, row in ((usb, second), (torch_folder(), second), (own_folder(), best)):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / row.file).write_bytes(b"weights")
    choose_folder(usb)
    assert chosen_folder() == usb
    assert folders() == (usb, own_folder(), torch_folder())
    places = {one.row.file: one.path for one in find_weights() if one.path is not None}
    assert places == {second.file: usb / second.file, best.file: own_folder() / best.file}
    assert find_model("torchvision:resnet50").row == best
    (own_folder() / best.file).unlink()
    assert find_model("torchvision:resnet50").path == usb / second.file
    choose_folder(None)
    assert chosen_folder() is None
    assert find_model("torchvision:resnet50").path == torch_folder() / second.file
    with pytest.raises(BadInput, match="does not exist"):
        choose_folder(tmp_path / "gone")
    # A folder that was taken away is no reason to fail.
    choose_folder(usb)
    (usb / second.file).unlink()
    usb.rmdir()
    assert find_model("torchvision:resnet50").path == torch_folder() / second.file


def test_one_flipped_byte_is_refused_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = weight_file(tmp_path, SMALL)
    path = tmp_path / row.file
    check(path, row)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    monkeypatch.setattr(torch, "load", lambda *args, **kwargs: pytest.fail("the file was read"))
    with pytest.raises(BadInput, match="damaged or another file"):
        open_pretrained(row.id, "cpu", [row], [tmp_path])


def test_a_file_that_wants_to_run_code_is_refused(tmp_path: Path) -> None:
    import hashlib
    import pickle

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    data = pickle.dumps({"weight": Bomb()})
    row = files_of(f"torchvision:{SMALL}")[0]
    row = replace(row, file=f"bomb-{hashlib.sha256(data).hexdigest()[:8]}.pth")
    (tmp_path / row.file).write_bytes(data)
    with pytest.raises(BadInput):
        load_pretrained(Found(row, tmp_path / row.file))
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    row = weight_file(tmp_path, SMALL)
    with pytest.raises(BadInput, match=r"lacks|other sizes"):
        load_pretrained(Found(replace(row, model="squeezenet1_1"), tmp_path / row.file))


def test_a_file_is_copied_in_only_when_it_is_whole(tmp_path: Path) -> None:
    row = weight_file(tmp_path / "usb", SMALL)
    source = tmp_path / "usb" / row.file
    token = CancelSource().token
    events: list[object] = []
    assert CopyIn(source, (row,))(events.append, token) == row
    assert (own_folder() / row.file).read_bytes() == source.read_bytes()
    assert events
    assert find_model(row.id, (row,)).path == own_folder() / row.file
    (own_folder() / row.file).unlink()
    source.write_bytes(source.read_bytes()[:-1])
    with pytest.raises(BadInput, match="damaged"):
        CopyIn(source, (row,))(events.append, token)
    assert list(own_folder().iterdir()) == []
    with pytest.raises(BadInput, match="not the file of a model"):
        CopyIn(tmp_path / "holiday.pth")(events.append, token)
    stopped = CancelSource()
    stopped.cancel()
    with pytest.raises(JobCancelled):
        CopyIn(source, (row,))(events.append, stopped.token)
    assert row_of(source, (row,)) == row
