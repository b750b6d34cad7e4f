"""The headless commands that need no training: what they print, where, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import main
from engine.gallery import GALLERY, open_network
from engine.graph.edits import disconnect, set_params
from engine.graph.spec import EdgeSpec
from engine.project.spec import ProjectSpec
from engine.project.store import load_network, load_project, save_network, save_project

ROOT = Path(__file__).resolve().parents[2]


class Shell:
    """Runs commands in this process and keeps what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        status = main.main([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    def json(self, *arguments: str | Path) -> Any:
        status, out, err = self(*arguments, "--json")
        assert status == 0, err
        assert out.count("\n") == 1, "one line of JSON and nothing else"
        return json.loads(out)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_gallery_lists_what_can_be_opened(shell: Shell) -> None:
    listed = shell.json("gallery")
    assert {entry["id"] for entry in listed} == set(GALLERY)
    assert all(set(entry) == {"id", "name", "year", "task", "parameters", "source"} for entry in listed)
    by_id = {entry["id"]: entry for entry in listed}
    assert by_id["lenet5_modern"]["parameters"] == 61_706
    assert (by_id["resnet18"]["parameters"], by_id["resnet18"]["year"]) == (11_689_512, 2015)
    status, out, _ = shell("gallery")
    assert status == 0
    assert "resnet18" in out
    assert "11,689,512" in out


# Shapes and counts of the papers and of torchvision, as the literature gives them.
@pytest.mark.parametrize(
    ("arguments", "parameters", "layers"),
    [
        (
            ("lenet5",),
            60_000,
            {
                "c1": ([6, 28, 28], 156), "s2": ([6, 14, 14], 12), "c3": ([16, 10, 10], 1_516), "s4": ([16, 5, 5], 32),
                "c5": ([120, 1, 1], 48_120), "f6": ([84], 10_164), "rbf": ([10], 0),
            },
        ),
        (("lenet5_modern",), 61_706, {"fc3": ([10], 850)}),
        (("alexnet",), 62_378_344, {"conv1": ([96, 55, 55], 34_944)}),
        (("alexnet", "--set", "grouped=true"), 60_965_224, {"conv1": ([96, 55, 55], 34_944)}),
        (("resnet18",), 11_689_512, {"conv1": ([64, 112, 112], 9_408), "fc": ([1000], 513_000)}),
    ],
)  # fmt: skip
def test_describe_gives_the_published_numbers(
    shell: Shell, arguments: tuple[str, ...], parameters: int, layers: dict[str, tuple[list[int], int]]
) -> None:
    told = shell.json("describe", *arguments)
    assert list(told) == [
        "name", "input", "output", "parameters", "trainable_parameters", "macs", "activation_bytes", "parameter_bytes",
        "training_bytes", "inference_bytes", "layers", *(["paper"] if "paper" in told else []), "problems",
    ]  # fmt: skip
    assert told["parameters"] == parameters == sum(layer["parameters"] for layer in told["layers"])
    assert told["macs"] == sum(layer["macs"] for layer in told["layers"])
    assert told["problems"] == []
    by_id = {layer["id"]: layer for layer in told["layers"]}
    for layer in told["layers"]:
        assert set(layer) == {"id", "type", "output_shape", "parameters", "macs", "receptive_field"}
    for id, (shape, count) in layers.items():
        assert (by_id[id]["output_shape"], by_id[id]["parameters"]) == (shape, count), id


def test_describe_for_people_is_a_table(shell: Shell) -> None:
    status, out, err = shell("describe", "lenet5_modern", "--set", "num_classes=3", "--input", "1,28,28")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "LeNet-5 (modern): 1×28×28 in, 3 out"
    assert [line.split()[:3] for line in lines if line.startswith("conv1")] == [["conv1", "Conv2d", "6×24×24"]]
    assert len({len(line) for line in lines[2:4]}) == 1, "the heading is as wide as its rule"


def test_describe_opens_files_projects_and_callables(shell: Shell, tmp_path: Path) -> None:
    spec = open_network("lenet5_modern")
    save_network(spec, tmp_path / "n.json")
    save_project(ProjectSpec(network=spec), tmp_path / "p")
    for where in (tmp_path / "n.json", tmp_path / "p", tmp_path / "p" / "project.json"):
        assert shell.json("describe", where)["parameters"] == 61_706
    traced = shell.json("describe", "torchvision.models:alexnet", "--set", "num_classes=10", "--input", "3,96,96")
    assert traced["input"] == [3, 96, 96]
    assert traced["output"] == [10]
    assert traced["parameters"] == 61_100_840 - 990 * 4097  # 10 outputs instead of 1000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("describe", "lenet6"), "Did you mean lenet5?"),
        (("describe", "missing.json"), "Check the name, or see what there is"),
        (("describe", "lenet5_modern", "--set", "classes=3"), "Its options are"),
        (("describe", "lenet5", "--set", "num_classes"), "--set num_classes=10"),
        (("describe", "lenet5", "--input", "1,x"), "--input 3,224,224"),
        (("describe", "no.such.module:thing"), "could not be imported"),
        (("describe", "torchvision.models:nothing"), "has no nothing"),
        (("describe", "json:dumps"), "refuses these options"),
        (("describe", "math:pi"), "cannot be called"),
        (("describe",), "required: NETWORK"),
        (("describe", "lenet5", "--jsonn"), "nrecognized arguments: --jsonn"),
        (("trian",), "Did you mean train?"),
        (("trian", "x"), "Did you mean train?"),
        (("convert", "lenet5", "--to", "onnx", "--out", "no/x.onnx"), "no folder no"),
        (("convert", "lenet5", "--to", "gif", "--out", "x"), "invalid choice"),
        (("check", "lenet5", "--repair"), "--out FILE"),
        (("check", "lenet5", "--out", "x.json"), "--repair"),
        (("train", "nowhere"), "project.json"),
        (("evaluate", "nowhere"), "is not a run"),
        (("predict", "--model", "opencv:nose", "--source", "x.mp4"), "opencv:face"),
    ],
)
def test_bad_input_is_two_sentences_on_stderr_and_status_2(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = shell(*arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def broken(tmp_path: Path) -> Path:
    """LeNet-5 with the dense part cut off from the rest."""
    spec = open_network("lenet5_modern")
    save_network(disconnect(spec, EdgeSpec("flatten", "fc1")), tmp_path / "broken.json")
    return tmp_path / "broken.json"


def test_check_says_what_is_wrong_and_ends_with_1(shell: Shell, tmp_path: Path) -> None:
    status, out, err = shell("check", broken(tmp_path), "--json")
    assert (status, err) == (1, "")
    told = json.loads(out)
    errors = [problem for problem in told["problems"] if problem["severity"] == "error"]
    assert "fc1" in {problem["node"] for problem in errors}
    assert all(set(problem) == {"severity", "node", "message", "repairs"} for problem in told["problems"])
    assert shell("check", "lenet5")[:2] == (0, "LeNet-5 has no problems.\n")


def test_check_repairs_a_file_in_place_or_elsewhere(shell: Shell, tmp_path: Path) -> None:
    path = broken(tmp_path)
    before = path.read_bytes()
    assert shell("check", path, "--repair", "--out", tmp_path / "whole.json")[0] == 0
    assert path.read_bytes() == before
    assert shell.json("describe", tmp_path / "whole.json")["parameters"] == 61_706
    told = shell.json("check", path, "--repair")
    assert told["problems"] == []
    assert told["repaired"]
    assert load_network(path) == load_network(tmp_path / "whole.json")


def test_check_repairs_the_network_of_a_project(shell: Shell, tmp_path: Path) -> None:
    project = ProjectSpec("Mine", network=load_network(broken(tmp_path)))
    save_project(project, tmp_path / "p")
    assert shell("check", tmp_path / "p", "--repair")[0] == 0
    after = load_project(tmp_path / "p")
    assert after.network != project.network
    assert (after.name, after.training) == ("Mine", project.training)


def test_check_leaves_the_network_of_a_run_as_its_weights_need_it(shell: Shell, tmp_path: Path) -> None:
    path = broken(tmp_path)
    run = tmp_path / "run-001"
    run.mkdir()
    before = path.rename(run / "network.json").read_bytes()
    status, _, told = shell("check", run, "--repair")
    assert status == 2
    assert "weights" in told
    assert (run / "network.json").read_bytes() == before
    assert shell("check", run, "--repair", "--out", tmp_path / "whole.json")[0] == 0


def test_check_tells_the_numbers_of_a_kernel_that_is_too_large(shell: Shell, tmp_path: Path) -> None:
    spec = set_params(open_network("lenet5_modern"), "conv1", kernel_size=40)
    save_network(spec, tmp_path / "n.json")
    status, out, _ = shell("check", tmp_path / "n.json")
    assert status == 1
    assert "conv1" in out
    assert "40" in out


def test_convert_to_json_and_to_pytorch(shell: Shell, tmp_path: Path) -> None:
    assert shell("convert", "lenet5", "--to", "json", "--out", tmp_path / "l.json")[0] == 0
    assert load_network(tmp_path / "l.json") == open_network("lenet5")
    told = shell.json("convert", tmp_path / "l.json", "--to", "pytorch", "--out", tmp_path / "lenet.py")
    assert (told["out"], told["to"], told["name"]) == (str(tmp_path / "lenet.py"), "pytorch", "LeNet-5")
    code = (tmp_path / "lenet.py").read_text(encoding="utf-8")
    compile(code, "lenet.py", "exec")
    assert "import torch" in code


def test_doctor_tells_what_is_there(shell: Shell) -> None:
    told = shell.json("doctor")
    assert told["packages"]["torch"]
    assert told["devices"][-1]["id"] == "cpu"
    assert all(set(one) == {"what", "advice"} for one in told["missing"])
    assert str(told["folders"]["data"]).startswith(os.environ["VITRINE_HOME"])
    assert "packages" in shell("doctor")[1]


def test_with_json_even_c_libraries_cannot_print_on_stdout() -> None:
    code = (
        "import os, sys, main, engine.commands.gallery as g\n"
        "old = g.Gallery.run\n"
        "def noisy(self, args, out):\n"
        "    print('python noise'); os.write(1, b'c noise\\n'); return old(self, args, out)\n"
        "g.Gallery.run = noisy\n"
        "sys.exit(main.main(['gallery', '--json']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["id"]
    assert "python noise" in done.stderr
    assert "c noise" in done.stderr


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "main.py", "describe", "resnet18"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.close()
        errors = process.stderr.read()
    assert errors == b""


def test_measures_have_their_units_and_shares_are_percent() -> None:
    from engine.commands.evaluate import _lines
    from engine.tasks.report import Table, TaskReport
    from engine.training.evaluate import Evaluation

    table = Table("Characters", ("character", "foreseen %", "bits"), (("e", 0.1839, None),))
    report = TaskReport({}, tables=(table,))
    measures = {"loss": 1.0, "bits_per_character": 2.0, "accuracy": 0.5}
    said = _lines(Evaluation("test", "characters", ("e",), 7, measures, report), "test")
    assert [line.split() for line in said[:4]] == [
        ["7", "excerpts", "(test)"],
        ["Bits", "per", "character", "2.0000", "bit"],  # the one that counts comes first, the loss last
        ["Accuracy", "50.0", "%"],
        ["Loss", "1.0000"],
    ]
    assert said[-1].split() == ["e", "18.4", "%", "–"]
