"""Every network of the gallery can be taken away: as a file, as code that runs alone, and as ONNX."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.cancel import CancelSource
from engine.errors import JobFailed
from engine.export.job import ExportJob
from engine.export.source.generate import generate
from engine.gallery import GALLERY, open_network
from engine.graph.example import example_inputs
from engine.graph.spec import to_json, to_plain
from engine.project.store import load_network, network_from_plain, save_network
from tests.helpers.gallery_samples import small
from tests.helpers.lively import lively
from tests.helpers.run_sources import Case, alone, answers

# One of each kind of drawing: chains, blocks in blocks, loops, branches, several outputs, shared weights, every frame.
KINDS = [
    "lenet5", "resnet18", "densenet121", "googlenet", "mobilenet_v3_small", "siamese", "recurrent_conv", "cnn_lstm",
    "detr_small", "highway", "yolo_small",
]  # fmt: skip
OTHERS = [id for id in GALLERY if id not in KINDS]
GROUPS = [OTHERS[k::6] for k in range(6)]

REASON = (
    "among a thousand regions of nearly equal score the last digits decide the order, which the second stage follows"
)
NOT_ONNX = dict.fromkeys(("fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn", "keypointrcnn_resnet50_fpn"), REASON)
"""Networks that do not agree in ONNX, and why."""


def check_onnx(id: str, folder: Path) -> None:
    """The written file, run by onnxruntime here and not by the code that checked it, answers like the network."""
    import onnxruntime

    spec, net = lively(id)
    save_file({k: v.contiguous().clone() for k, v in net.state_dict().items()}, folder / "given.safetensors")
    job = ExportJob(spec, "onnx", folder / f"{id}.onnx", folder / "given.safetensors")
    done = job(lambda event: None, CancelSource().token)
    session = onnxruntime.InferenceSession(str(done.path), providers=["CPUExecutionProvider"])
    batch = session.get_inputs()[0].shape[0]
    inputs = dict(zip((node.id for node in spec.inputs), example_inputs(spec, 2, seed=7), strict=True))
    if isinstance(batch, int):
        inputs = {name: value[:batch] for name, value in inputs.items()}
    given = {one.name: inputs[one.name].numpy() for one in session.get_inputs()}
    wanted = dict(zip((node.id for node in spec.outputs), answers(net, tuple(inputs.values())), strict=True))
    names = [one.name for one in session.get_outputs()]
    assert set(wanted) - set(names) <= CHOSEN
    found = {name: torch.from_numpy(one) for name, one in zip(names, session.run(None, given), strict=True)}
    for name in (name for name in names if name not in CHOSEN):
        scale = max(1e-2, float(wanted[name].double().abs().max()))
        torch.testing.assert_close(found[name], wanted[name], atol=1e-4 * scale, rtol=1e-4, msg=name)
    if set(names) >= CHOSEN:
        assert same_rows(found, wanted) > 0.95


CHOSEN = {"boxes", "scores", "labels"}


def same_rows(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> float:
    """The share of detections that the other has too; among equal scores the last digits decide what is chosen."""
    one, other = (
        torch.cat([some["boxes"], some["scores"][..., None], some["labels"][..., None].float()], dim=-1)[0]
        for some in (found, wanted)
    )
    return float((torch.cdist(one, other, p=torch.inf).amin(1) < 1e-2).float().mean())


def check_sources(ids: list[str], folder: Path) -> None:
    cases = {}
    for id in ids:
        spec, net = lively(id)
        cases[id] = Case(generate(spec), net, example_inputs(spec, 2))
    found = alone(cases, folder)
    for id, case in cases.items():
        for one, wanted in zip(found[id], answers(case.net, case.inputs), strict=True):
            torch.testing.assert_close(
                one, wanted, atol=1e-5, rtol=1e-5, equal_nan=True, msg=lambda text, id=id: f"{id}: {text}"
            )


def test_the_code_of_each_kind_of_network_runs_alone_and_answers_alike(tmp_path: Path) -> None:
    check_sources(KINDS, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_the_code_of_every_network_runs_alone_and_answers_alike(group: int, tmp_path: Path) -> None:
    check_sources(GROUPS[group], tmp_path)


@pytest.mark.parametrize("id", list(GALLERY))
def test_saving_and_opening_changes_nothing(id: str, tmp_path: Path) -> None:
    spec = open_network(id)
    save_network(spec, tmp_path / "network.json")
    again = load_network(tmp_path / "network.json")
    assert again == spec
    assert to_json(again) == to_json(spec)
    assert network_from_plain(json.loads(json.dumps(to_plain(spec)))) == spec


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the code of every network."""
    folder = tmp_path_factory.mktemp("sources")
    for id in GALLERY:
        (folder / f"{id}.py").write_text(generate(small(id)), encoding="utf-8")
    return folder


@pytest.mark.xdist_group("sources")
def test_the_code_is_as_a_reviewer_wants_it(sources: Path) -> None:
    for file in sources.glob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                assert ast.get_docstring(node), f"{file.name}: {node.name} has no docstring"
        names = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        assert len(names) == len(set(names)), file.name
        assert {name.partition(".")[0] for name in imported(tree)} <= {
            "torch", "torchvision", "safetensors", "math", "functools", "operator", "collections", "itertools",
        }, file.name  # fmt: skip


def imported(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


@pytest.mark.xdist_group("sources")
@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff comes with the developers' tools")
def test_the_code_is_clean_and_formatted(sources: Path) -> None:
    settings = ["--isolated", "--no-cache", "--line-length", "120", "--target-version", "py311"]
    for command in (["format", "--check", "--diff"], ["check", "--select", "E,F,W,I,B,UP,SIM,C4,RET,RUF100"]):
        done = subprocess.run(
            ["ruff", *command, *settings, "."], cwd=sources, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_onnx_of_a_network_agrees(tmp_path: Path) -> None:
    check_onnx("lenet5", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("id", [id for id in GALLERY if id != "lenet5"])
def test_onnx_of_every_network_agrees(id: str, tmp_path: Path) -> None:
    if id not in NOT_ONNX:
        check_onnx(id, tmp_path)
    elif id == "fasterrcnn_resnet50_fpn":
        with pytest.raises(JobFailed):
            check_onnx(id, tmp_path)
        assert not list(tmp_path.glob("*.onnx"))
    else:
        pytest.skip(NOT_ONNX[id])
