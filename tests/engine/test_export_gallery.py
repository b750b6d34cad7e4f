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
    id
    for id in (
        "lenet5", "resnet18", "densenet121", "inception_v3", "mobilenet_v3_small", "siamese", "recurrent_conv",
        "cnn_lstm", "detr_small", "highway", "dcgan", "unet", "yolo_small",
    )
    if id in GALLERY
]  # fmt: skip
OTHERS = [id for id in GALLERY if id not in KINDS]
GROUPS = [OTHERS[k::6] for k in range(6)]

SECOND_STAGE = "its second stage looks at regions that the first has chosen by their scores, each picture by itself"
NOT_ONNX = dict.fromkeys(
    ("fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn", "keypointrcnn_resnet50_fpn"), SECOND_STAGE
)
"""Networks that ONNX cannot hold, and why. Of the other detectors it holds all but the last choice among the boxes."""


def check_onnx(id: str, folder: Path) -> None:
    """The written file, run by onnxruntime here and not by the code that checked it, answers like the network."""
    import onnxruntime

    spec, net = lively(id)
    save_file({k: v.contiguous().clone() for k, v in net.state_dict().items()}, folder / "given.safetensors")
    job = ExportJob(spec, "onnx", folder / f"{id}.onnx", folder / "given.safetensors")
    done = job(lambda event: None, CancelSource().token)
    session = onnxruntime.InferenceSession(str(done.path), providers=["CPUExecutionProvider"])
    inputs = dict(zip((node.id for node in spec.inputs), example_inputs(spec, 2, seed=7), strict=True))
    given = {one.name: inputs[one.name].numpy() for one in session.get_inputs()}
    wanted = dict(zip((node.id for node in spec.outputs), answers(net, tuple(inputs.values())), strict=True))
    names = [one.name for one in session.get_outputs()]
    assert set(wanted) - set(names) <= {"boxes", "scores", "labels"}
    for name, one in zip(names, session.run(None, given), strict=True):
        scale = max(1e-2, float(wanted[name].double().abs().max()))
        torch.testing.assert_close(torch.from_numpy(one), wanted[name], atol=1e-4 * scale, rtol=1e-4, msg=name)


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


@pytest.mark.parametrize("id", list(GALLERY))
def test_the_code_is_as_a_reviewer_wants_it(id: str, tmp_path: Path) -> None:
    code = generate(small(id))
    tree = ast.parse(code)
    assert max(map(len, code.splitlines())) <= 120
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    assert len(names) == len(set(names))
    assert not any(name.startswith("engine") for name in imported(tree))


def imported(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff comes with the developers' tools")
def test_the_code_is_clean_and_formatted(tmp_path: Path) -> None:
    for id in GALLERY:
        (tmp_path / f"{id}.py").write_text(generate(small(id)), encoding="utf-8")
    settings = ["--isolated", "--no-cache", "--line-length", "120", "--target-version", "py311"]
    for command in (["format", "--check", "--diff"], ["check", "--select", "E,F,W,I,B,UP,SIM,C4,RET,RUF100"]):
        done = subprocess.run(
            ["ruff", *command, *settings, "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.parametrize("id", ["lenet5", "mobilenet_v3_small"])
def test_onnx_of_some_networks_agrees(id: str, tmp_path: Path) -> None:
    check_onnx(id, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("id", [id for id in GALLERY if id not in ("lenet5", "mobilenet_v3_small")])
def test_onnx_of_every_network_agrees(id: str, tmp_path: Path) -> None:
    if id in NOT_ONNX:
        with pytest.raises(JobFailed, match="goes on with what it has chosen"):
            check_onnx(id, tmp_path)
    else:
        check_onnx(id, tmp_path)
