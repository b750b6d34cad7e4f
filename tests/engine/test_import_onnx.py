"""ONNX files come in as drawings that compute what onnxruntime computes; what cannot be drawn is named."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from engine.cancel import CancelSource
from engine.errors import BadInput
from engine.export.job import ExportJob
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.importing.job import Imported, ImportJob
from engine.importing.modules import tensors_of

MODULES = {
    "resnet18": 64,
    "mobilenet_v3_small": 64,
    "shufflenet_v2_x0_5": 64,
    "densenet121": 64,
    "convnext_tiny": 64,
    "googlenet": 64,
    "squeezenet1_1": 64,
}


def bring_in(path: Path) -> Imported:
    return ImportJob(path)(lambda event: None, CancelSource().token)


def answers(path: Path, picture: Tensor) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture.numpy()})


def check(path: Path, shape: tuple[int, ...], tolerance: float = 1e-5) -> Imported:
    """Import, compile, load the weights, and compare with onnxruntime."""
    found = bring_in(path)
    assert not analyse(found.spec).errors
    net = compile_network(found.spec).eval()
    net.load_state_dict(dict(found.state or {}), strict=True)
    torch.manual_seed(3)
    picture = torch.randn(1, *shape)
    with torch.no_grad():
        mine = tensors_of(net(picture))
    wanted = answers(path, picture)
    assert len(mine) == len(wanted)
    for a, b in zip(mine, wanted, strict=True):
        np.testing.assert_allclose(a.numpy(), b, atol=tolerance * (1 + float(np.abs(b).max())), rtol=tolerance)
    return found


def exported(module: nn.Module, path: Path, size: int, dynamo: bool) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), (torch.randn(1, 3, size, size),), path, dynamo=dynamo, verbose=False, external_data=False
        )
    return path


def twin(name: str) -> nn.Module:
    torch.manual_seed(0)
    options = {"init_weights": False} if name == "googlenet" else {}
    module = torchvision.models.get_model(name, weights=None, **options)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight) * 0.01)
    return module


def test_what_pytorch_exports_comes_back_with_its_blocks(tmp_path: Path) -> None:
    path = exported(twin("resnet18"), tmp_path / "net.onnx", 64, dynamo=False)
    found = check(path, (3, 64, 64))
    assert found.how == "ONNX"
    assert "layer1" in [node.id for node in found.spec.nodes], "the blocks of the modules are there again"
    assert found.state is not None
    assert "layer1.block0.conv1.weight" in found.state


@pytest.mark.slow
@pytest.mark.parametrize("dynamo", [True, False], ids=["newer exporter", "older exporter"])
@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_pytorch_exports_comes_back_from_every_family(name: str, dynamo: bool, tmp_path: Path) -> None:
    path = exported(twin(name), tmp_path / "net.onnx", MODULES[name], dynamo)
    if (name, dynamo) == ("convnext_tiny", True):
        # Its global pooling becomes an as_strided, which for one picture is written as a reshape of the batch.
        with pytest.raises(BadInput, match=r"Reshape .* moves the batch"):
            bring_in(path)
        return
    check(path, (3, MODULES[name], MODULES[name]))


GALLERY_ROUND_TRIP = ["lenet5", "lenet5_modern", "resnet18", "mobilenet_v2", "unet"]
SMALL = {"resnet18": (3, 64, 64), "mobilenet_v2": (3, 64, 64)}


@pytest.mark.parametrize(
    "id", [pytest.param(id, marks=() if id.startswith("lenet") else pytest.mark.slow) for id in GALLERY_ROUND_TRIP]
)
def test_what_vitrine_exports_comes_back(id: str, tmp_path: Path) -> None:
    options = {"padded": True} if id == "unet" else {}
    spec = open_network(id, **options)
    if id in SMALL:
        spec = with_input(spec, SMALL[id])
    if id == "unet":
        spec = with_input(spec, (spec.inputs[0].params["shape"][0], 64, 64))
    torch.manual_seed(0)
    path = tmp_path / f"{id}.onnx"
    ExportJob(spec, "onnx", path)(lambda event: None, CancelSource().token)
    check(path, tuple(spec.inputs[0].params["shape"]))


def model(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], shape: list[object]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


RNG = np.random.default_rng(0)
W = RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)
MATRIX = RNG.standard_normal((12, 5)).astype(np.float32)
BIAS = RNG.standard_normal(5).astype(np.float32)

CASES: dict[str, tuple[list[onnx.NodeProto], dict[str, np.ndarray], list[object], set[str]]] = {
    "a convolution of unequal borders": (
        [helper.make_node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", strides=[2, 2])],
        {"w": W},
        ["N", 3, 8, 8],
        {"Pad", "Conv2d"},
    ),
    "a matrix product and its bias": (
        [helper.make_node("MatMul", ["x", "m"], ["h"]), helper.make_node("Add", ["h", "b"], ["y"])],
        {"m": MATRIX, "b": BIAS},
        ["N", 12],
        {"Linear"},
    ),
    "limits and sizes": (
        [
            helper.make_node("Clip", ["x", "low", "high"], ["a"]),
            helper.make_node("Shape", ["a"], ["s"]),
            helper.make_node("Gather", ["s", "zero"], ["n"]),
            helper.make_node("Unsqueeze", ["n", "zero1"], ["n1"]),
            helper.make_node("Concat", ["n1", "rest"], ["to"], axis=0),
            helper.make_node("Reshape", ["a", "to"], ["y"]),
        ],
        {
            "low": np.float32(0), "high": np.float32(6), "zero": np.int64(0), "zero1": np.array([0]),
            "rest": np.array([-1]),
        },
        ["N", 2, 3, 4],
        {"ReLU6", "Flatten"},
    ),
    "numbers and parts": (
        [
            helper.make_node("Mul", ["x", "two"], ["a"]),
            helper.make_node("Sub", ["one", "a"], ["b"]),
            helper.make_node("Slice", ["b", "start", "end", "axis"], ["c"]),
            helper.make_node("Transpose", ["c"], ["d"], perm=[0, 2, 1]),
            helper.make_node("ReduceMean", ["d", "axis"], ["y"], keepdims=0),
        ],
        {
            "two": np.float32(2), "one": np.float32(1), "start": np.array([1]), "end": np.array([3]),
            "axis": np.array([1]),
        },
        [1, 4, 6],
        {"ScaleShift", "Slice", "Transpose", "Mean"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_operators_written_by_hand(name: str, tmp_path: Path) -> None:
    nodes, weights, shape, types = CASES[name]
    path = tmp_path / "net.onnx"
    onnx.save(model(nodes, weights, shape), path)
    found = check(path, tuple(int(str(size)) for size in shape[1:]))
    assert {node.type for node in found.spec.nodes} - {"Input", "Output"} == types


def broken(path: Path) -> None:
    path.write_bytes(b"\x08\x99 no onnx")


def unknown(path: Path) -> None:
    onnx.save(model([helper.make_node("Det", ["x"], ["y"])], {}, ["N", 3, 3]), path)


def open_size(path: Path) -> None:
    onnx.save(model([helper.make_node("Relu", ["x"], ["y"])], {}, ["N", 3, "H", "W"]), path)


def circle(path: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])]
    onnx.save(model([*nodes, helper.make_node("Relu", ["b"], ["y"])], {}, ["N", 3]), path)


def outside(path: Path) -> None:
    made = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": W}, ["N", 3, 8, 8])
    tensor = made.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, "../../etc/passwd", offset=0, length=W.nbytes)
    tensor.ClearField("raw_data")
    path.write_bytes(made.SerializeToString())


def moved(path: Path) -> None:
    onnx.save(model([helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0])], {}, ["N", 3]), path)


def lying(path: Path) -> None:
    made = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": W}, ["N", 3, 8, 8])
    made.graph.initializer[0].dims[0] = 2**40
    path.write_bytes(made.SerializeToString())


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (broken, "no intact ONNX file|no network"),
        (unknown, "no layer here stands for: Det"),
        (open_size, "no fixed size"),
        (circle, "which nothing before it makes"),
        (outside, "no file in the network's folder"),
        (moved, "Transpose .*moves the batch"),
        (lying, "says that it holds"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_plain_words(
    write: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "net.onnx"
    write(path)
    with pytest.raises(BadInput, match=words):
        bring_in(path)


def test_weights_may_lie_in_a_file_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    made = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": W}, ["N", 3, 8, 8])
    onnx.save(made, path, save_as_external_data=True, location="net.data", size_threshold=0)
    assert (tmp_path / "net.data").is_file()
    check(path, (3, 8, 8))
