"""Every format holds what it promises, and says in two sentences what it cannot."""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from engine.cancel import CancelSource
from engine.datasets.spec import DataSpec, PreprocessSpec
from engine.errors import BadInput, JobCancelled, JobFailed
from engine.events import Event, Progress
from engine.export import latex, markdown
from engine.export.base import EXPORTS, Exported, ExportFormat
from engine.export.job import ExportJob, package_of_run
from engine.export.program.untangled import untangled
from engine.export.summary import summary
from engine.gallery import open_network
from engine.gallery.base import Drawing, with_input
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.example import example_inputs
from engine.graph.spec import NetworkSpec
from engine.project.store import network_from_plain
from engine.training.checkpoint import load_best, save_best
from engine.training.run_folder import RunConfig, write_config
from engine.training.spec import TrainingSpec
from tests.helpers.gallery_samples import small
from tests.helpers.run_sources import Case, alone, answers

ROOT = Path(__file__).resolve().parents[2]
SMALL = open_network("lenet5_modern")


def export(spec: NetworkSpec | None, format: str, path: Path, **more: Any) -> Exported:
    return ExportJob(spec, format, path, **more)(lambda event: None, CancelSource().token)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A training's folder with everything that an export reads."""
    folder = tmp_path / "run-001"
    (folder / "checkpoints").mkdir(parents=True)
    data = DataSpec(preprocess=PreprocessSpec(invert=True, mean=(0.5,), std=(0.25,)))
    digits = tuple(str(digit) for digit in range(10))
    write_config(folder, SMALL, RunConfig("Digits", "classification", digits, data, TrainingSpec()))
    torch.manual_seed(5)
    save_best(folder, compile_network(SMALL).state_dict())
    return folder


def test_the_window_lists_the_formats_without_pytorch() -> None:
    code = (
        "import sys; from engine.export.base import EXPORTS; from engine.export.job import ExportJob\n"
        "assert all(form.label and form.missing() is None for _, form in EXPORTS.items())\n"
        "heavy = {'torch', 'onnx', 'onnxruntime', 'PySide6'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("id", list(EXPORTS))
def test_every_format_writes_its_file_and_nothing_else(id: str, tmp_path: Path) -> None:
    form = EXPORTS.get(id)
    assert issubclass(form, ExportFormat)
    assert form.label
    assert form.help.endswith(".")
    assert form.suffix.startswith(".")
    path = tmp_path / f"network{form.suffix}"
    path.write_text("older")
    done = export(SMALL, id, path)
    assert (done.path, done.format, done.fresh) == (path, id, form.holds_weights)
    assert path.stat().st_size > 300
    assert [file.name for file in tmp_path.iterdir()] == [path.name], "nothing is left behind"


def test_a_job_can_be_pickled_tells_its_steps_and_can_be_cancelled_between_them(tmp_path: Path) -> None:
    job = pickle.loads(pickle.dumps(ExportJob(SMALL, "safetensors", tmp_path / "net.safetensors")))
    events: list[Event] = []
    source = CancelSource()

    def emit(event: Event) -> None:
        events.append(event)
        if len(events) == 2:
            source.cancel()

    job(emit, CancelSource().token)
    assert all(isinstance(event, Progress) and event.text for event in events)
    assert len(events) >= 2
    (tmp_path / "net.safetensors").unlink()
    events.clear()
    with pytest.raises(JobCancelled):
        ExportJob(SMALL, "pt2", tmp_path / "net.pt2")(emit, source.token)
    assert list(tmp_path.iterdir()) == []


def test_safetensors_tell_what_they_are(tmp_path: Path) -> None:
    torch.manual_seed(0)
    export(SMALL, "safetensors", tmp_path / "net.safetensors")
    torch.manual_seed(0)
    wanted = compile_network(SMALL).state_dict()
    found = load_file(tmp_path / "net.safetensors")
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    with safe_open(tmp_path / "net.safetensors", "pt") as file:
        told = file.metadata()
    assert told["name"] == "LeNet-5 (modern)"
    assert network_from_plain(json.loads(told["spec"])) == SMALL
    assert re.fullmatch(r"[0-9a-f]{64}", told["spec_sha256"])


def test_a_checkpoint_is_a_plain_state_dict(tmp_path: Path) -> None:
    export(SMALL, "checkpoint", tmp_path / "net.pt")
    state = torch.load(tmp_path / "net.pt", weights_only=True)
    compile_network(SMALL).load_state_dict(state)


def test_an_exported_program_takes_any_batch_and_answers_alike(tmp_path: Path) -> None:
    torch.manual_seed(0)
    done = export(SMALL, "pt2", tmp_path / "net.pt2")
    assert done.note.startswith("It agrees")
    torch.manual_seed(0)
    net = compile_network(SMALL).eval()
    program = torch.export.load(tmp_path / "net.pt2").module()
    for batch in (1, 5):
        x = torch.randn(batch, 1, 32, 32)
        with torch.no_grad():
            torch.testing.assert_close(program(x), net(x), atol=1e-5, rtol=1e-5)


def test_sums_come_out_as_sums_in_onnx(tmp_path: Path) -> None:
    """PyTorch's own translation of pooling forgets the divisor, and would give averages."""
    import onnxruntime

    net = Drawing("Sums")
    spec = net.output(net.node("SumPool2d", "sum", net.input(2, 6, 6), kernel_size=3))
    export(spec, "onnx", tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["name"] == "Sums"
    (found,) = session.run(None, {"input": torch.ones(4, 2, 6, 6).numpy()})
    assert found.shape == (4, 2, 2, 2)
    assert (found == 9).all()


def test_a_run_travels_with_weights_classes_and_preprocessing(run: Path, tmp_path: Path) -> None:
    best = load_best(run)
    done = export(None, "safetensors", tmp_path / "net.safetensors", run=run)
    assert not done.fresh
    with safe_open(done.path, "pt") as file:
        told = file.metadata()
    assert json.loads(told["classes"]) == [str(digit) for digit in range(10)]
    assert PreprocessSpec(**json.loads(told["preprocessing"])).std == (0.25,)
    done = export(None, "pytorch", tmp_path / "digits.py", run=run)
    assert done.more == (tmp_path / "digits.safetensors",)
    kept = load_file(done.more[0])
    assert all(torch.equal(kept[name], best[name]) for name in best)
    code = done.path.read_text(encoding="utf-8")
    assert "net = load('digits.safetensors')" in code
    assert "CLASSES = (" in code
    assert "32 x 32 pixels" in code
    package = package_of_run(run)
    inputs = example_inputs(package.spec, 3)
    found = alone({"digits": Case(code, package.network, inputs)}, tmp_path)["digits"]
    torch.testing.assert_close(found, answers(package.network, inputs), atol=1e-5, rtol=1e-5)


def test_torchvisions_weights_are_taken_under_its_own_names(tmp_path: Path) -> None:
    twin = torchvision.models.resnet18(weights=None, num_classes=7).eval()
    torch.save(twin.state_dict(), tmp_path / "twin.pth")
    spec = with_input(open_network("resnet18", num_classes=7), (3, 64, 64))
    done = export(spec, "checkpoint", tmp_path / "ours.pt", weights=tmp_path / "twin.pth")
    assert not done.fresh
    net = compile_network(spec).eval()
    net.load_state_dict(torch.load(tmp_path / "ours.pt", weights_only=True))
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(net(x), twin(x), atol=1e-5, rtol=1e-5)


def test_what_cannot_be_exported_says_so_in_two_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="is a folder"):
        export(SMALL, "json", tmp_path)
    with pytest.raises(BadInput, match="no folder"):
        export(SMALL, "json", tmp_path / "no" / "net.json")
    with pytest.raises(BadInput, match="no export format called 'gif'"):
        export(SMALL, "gif", tmp_path / "net.gif")
    with pytest.raises(BadInput, match="no network to export"):
        export(None, "json", tmp_path / "net.json")
    broken = edits.set_params(SMALL, "conv1", kernel_size=99)
    for id in ("pytorch", "onnx", "pt2", "safetensors"):
        with pytest.raises(BadInput, match="99×99") as caught:
            export(broken, id, tmp_path / "net")
        assert caught.value.node == "conv1"
    save_file({"conv1.weight": torch.zeros(6, 1, 5, 5)}, tmp_path / "some.safetensors")
    with pytest.raises(BadInput, match=r"lacks the weight conv1\.bias .*, and 8 more"):
        export(SMALL, "safetensors", tmp_path / "net", weights=tmp_path / "some.safetensors")
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    with pytest.raises(BadInput, match=r"bad\.pt holds more than tensors"):
        export(SMALL, "safetensors", tmp_path / "net", weights=tmp_path / "bad.pt")
    monkeypatch.setattr(EXPORTS.get("onnx"), "packages", ("onnx", "no_such_package"))
    with pytest.raises(BadInput, match="needs no_such_package") as lacking:
        export(SMALL, "onnx", tmp_path / "net.onnx")
    assert lacking.value.advice == 'Install it with: pip install "vitrine[onnx]".'
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bad.pt", "some.safetensors"]


def test_an_onnx_file_that_answers_differently_is_noticed(tmp_path: Path) -> None:
    from engine.export.base import Package
    from engine.export.program.onnx_model import checked

    export(SMALL, "onnx", tmp_path / "net.onnx")
    with pytest.raises(JobFailed, match="answers differently"):
        checked(Package(SMALL), (tmp_path / "net.onnx").read_bytes())  # fresh weights are others each time


def test_what_chooses_boxes_is_left_out_or_refused() -> None:
    spec = small("yolo_small")
    left, gone = untangled(spec)
    assert gone == ("boxes", "scores", "labels")
    assert [node.id for node in left.outputs] == ["raw", "points"]
    whole, part = compile_network(spec).eval(), compile_network(left).eval()
    part.load_state_dict(whole.state_dict())
    x = example_inputs(spec, 2)
    for one, wanted in zip(answers(part, x), answers(whole, x)[3:], strict=True):
        assert torch.equal(one, wanted)
    with pytest.raises(JobFailed, match="goes on with what it has chosen"):
        untangled(small("fasterrcnn_resnet50_fpn"))
    assert untangled(SMALL) == (SMALL, ())


def test_the_summary_is_that_of_keras() -> None:
    text = summary(analyse(SMALL))
    lines = text.splitlines()
    assert lines[0] == 'Network: "LeNet-5 (modern)"'
    assert re.search(r"^conv1 \(Conv2d\) +\(None, 6, 28, 28\) +156  input$", text, re.MULTILINE)
    assert "Total params: 61,706 (241.04 KiB)" in lines
    assert "Non-trainable params: 0 (0 B)" in lines
    assert "Multiply-accumulates: 416,520" in lines


def test_summaries_go_into_blocks_and_wrap_many_connections() -> None:
    spec = open_network("densenet121")
    short, long = summary(analyse(spec)), summary(analyse(spec), nested=True)
    assert "Total params: 7,978,856" in short
    assert len(short.splitlines()) < 40 < 400 < len(long.splitlines())
    assert re.search(r"^    norm1 \(BatchNorm2d\)", long, re.MULTILINE)
    shared = summary(analyse(open_network("siamese")))
    assert re.search(r"^\w+ = \w+ \(", shared, re.MULTILINE), "a node that uses another's weights says whose"


def test_the_csv_adds_up_and_reads_back(tmp_path: Path) -> None:
    spec = open_network("resnet18")
    export(spec, "csv", tmp_path / "net.csv", nested=True)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "net.csv").read_text("utf-8"))))
    leaves = [row for row in rows if not any(other["layer"].startswith(f"{row['layer']}.") for other in rows)]
    assert sum(int(row["parameters"]) for row in leaves) == 11_689_512
    export(spec, "csv", tmp_path / "short.csv")
    short = list(csv.DictReader(io.StringIO((tmp_path / "short.csv").read_text("utf-8"))))
    assert sum(int(row["parameters"]) for row in short) == 11_689_512
    assert {row["layer"]: row["connected to"] for row in short}["bn1"] == "conv1"


def test_the_latex_table_is_well_formed(tmp_path: Path) -> None:
    for name, environment in (("lenet5", "tabular"), ("densenet121", "longtable")):
        nested = environment == "longtable"
        export(open_network(name), "latex", tmp_path / "net.tex", nested=nested)
        text = (tmp_path / "net.tex").read_text("utf-8")
        body = re.sub(r"^%.*$", "", text, flags=re.MULTILINE)
        assert well_formed(body)
        begins, ends = re.findall(r"\\begin\{(\w+)\}", body), re.findall(r"\\end\{(\w+)\}", body)
        assert sorted(begins) == sorted(ends)
        assert environment in begins
        for rule in ("toprule", "midrule", "bottomrule"):
            assert f"\\{rule}" in body
        assert re.search(r"\\midrule\s+Total ", body), "a line above the sum"
        rows = [line for line in body.splitlines() if line.rstrip().endswith(r"\\") and "caption" not in line]
        assert all(len(re.findall(r"(?<!\\)&", row)) == 4 for row in rows)
        assert all(ord(character) < 128 for character in body), "plain pdflatex takes it"
    assert latex.escaped("50% of a_b & {c} #1 ~ ^ \\ $x$ 3×3") == (
        r"50\% of a\_b \& \{c\} \#1 \textasciitilde{} \textasciicircum{} \textbackslash{} \$x\$ 3$\times$3"
    )


def well_formed(text: str) -> bool:
    """Whether braces nest and dollars pair, those with a backslash before them left out."""
    depth, dollars = 0, 0
    for mark in re.findall(r"\\.|[{}$]", text, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        dollars += mark == "$"
        if depth < 0:
            return False
    return depth == 0 and dollars % 2 == 0


def test_the_markdown_table_keeps_its_columns(tmp_path: Path) -> None:
    net = Drawing("Pipes | and *stars*")
    spec = net.output(net.node("Linear", "fc", net.input(4), out_features=2))
    export(spec, "markdown", tmp_path / "net.md")
    lines = (tmp_path / "net.md").read_text("utf-8").splitlines()
    assert lines[0] == r"**Pipes \| and \*stars\***"
    assert "| fc | Linear | 2 | 10 | 8 |" in lines
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in lines[2:])
    assert markdown.escaped("a_b|c") == r"a\_b\|c"
