"""The generated code runs alone, takes the same weights and gives the same answers."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from engine.errors import BadInput
from engine.export.source.generate import generate
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec, Shape
from engine.importing.trace import trace
from engine.layers.base import parse_layer
from tests.helpers.rebuilt import rebuilt


def in_process(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "generated"}
    exec(compile(code, "generated.py", "exec"), names)
    return names


def newest_class(code: str) -> type[nn.Module]:
    name = [node.name for node in ast.parse(code).body if isinstance(node, ast.ClassDef)][-1]
    return in_process(code)[name]


@pytest.mark.parametrize("id", ["lenet5_modern", "perceptron", "alexnet"])
def test_state_dicts_have_the_same_keys_and_sizes(id: str) -> None:
    spec = open_network(id)
    if id == "alexnet":
        spec = with_input(open_network(id, num_classes=3), (3, 67, 67))
    ours = compile_network(spec).state_dict()
    theirs = newest_class(generate(spec))().state_dict()
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in theirs.items()}


def test_traced_torchvision_code_gives_torchvisions_output() -> None:
    twin = torchvision.models.resnet18(weights=None).eval()
    traced = trace(twin, (3, 64, 64))
    net = newest_class(generate(traced.spec))().eval()
    net.load_state_dict(traced.load(twin.state_dict()))
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(net(x), twin(x), atol=1e-5, rtol=1e-5)


def test_code_that_was_edited_by_hand_comes_in_again(tmp_path: Path) -> None:
    code = generate(with_input(open_network("resnet50"), (3, 64, 64)))
    assert code.count("nn.Linear(2048, 1000)") == 1
    (tmp_path / "edited.py").write_text(code.replace("nn.Linear(2048, 1000)", "nn.Linear(2048, 7)"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("edited", tmp_path / "edited.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = module.ResNet50().eval()
    again = trace(net, module.INPUT_SHAPE)
    assert analyse(again.spec).totals.parameters == 25_557_032 - 993 * 2049
    ours = compile_network(again.spec).eval()
    ours.load_state_dict(again.load(net.state_dict()))
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), net(x), atol=1e-5, rtol=1e-5)


def test_the_code_is_what_a_person_would_write() -> None:
    code = generate(open_network("lenet5_modern"))
    assert "import torch\nfrom torch import Tensor, nn\n" in code
    assert "= nn.Conv2d(1, 6, kernel_size=5)" in code
    assert "# (N, 6, 28, 28)" in code
    assert max(len(line) for line in generate(open_network("lenet5")).splitlines()) <= 120
    imported = {
        name
        for node in ast.parse(code).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported == {"torch"}


def test_equal_blocks_share_a_class_and_names_do_not_collide() -> None:
    code = generate(with_input(open_network("resnet18"), (3, 64, 64)))
    classes = [node.name for node in ast.parse(code).body if isinstance(node, ast.ClassDef)]
    assert len(classes) == len(set(classes))
    # With and without a projection, and what holds them in each stage.
    assert [name for name in classes if name.startswith("BasicBlock")] == [
        "BasicBlock", "BasicBlockWithDownsample", "BasicBlocks", "BasicBlocks2",
    ]  # fmt: skip
    for name in ("Add", "True", "F", "nn", "7 up", 'Ünïcode "quoted"\\', ""):
        spec = NetworkSpec(name, *_adding())
        newest_class(generate(spec))()(torch.zeros(1, 2))


def _adding() -> tuple[tuple[NodeSpec, ...], tuple[EdgeSpec, ...]]:
    nodes = (
        NodeSpec("x", "Input", {"shape": (2,)}),
        NodeSpec("h", "Tanh"),
        NodeSpec("y", "Add"),
        NodeSpec("out", "Output"),
    )
    return nodes, (EdgeSpec("x", "h"), EdgeSpec("x", "y"), EdgeSpec("h", "y"), EdgeSpec("y", "out"))


def test_several_inputs_and_outputs() -> None:
    nodes = (
        NodeSpec("a", "Input", {"shape": (2,)}),
        NodeSpec("b", "Input", {"shape": (2,)}),
        NodeSpec("both", "Multiply"),
        NodeSpec("one", "Output"),
        NodeSpec("two", "Output"),
    )
    pairs = ("a>both", "b>both", "both>one", "b>two")
    code = generate(NetworkSpec("Pair", nodes, tuple(EdgeSpec(*pair.split(">")) for pair in pairs)))
    a, b = torch.randn(3, 2), torch.randn(3, 2)
    one, two = newest_class(code)()(a, b)
    assert torch.equal(one, a * b)
    assert torch.equal(two, b)


SETTINGS: list[tuple[str, dict[str, Any], Shape]] = [
    ("Conv2d", {"padding": "same", "kernel_size": 5, "dilation": 2}, (4, 9, 9)),
    ("Conv2d", {"padding": [1, 2], "stride": [2, 1], "padding_mode": "reflect", "bias": False, "groups": 2}, (4, 9, 9)),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (4, 9, 9)),
    ("MaxPool2d", {"kernel_size": [3, 2]}, (4, 9, 9)),
    ("BatchNorm2d", {"momentum": 0.3, "affine": False}, (4, 9, 9)),
    ("LayerNorm", {"dimensions": 3}, (4, 9, 9)),
    ("PReLU", {"init": 0.5}, (4, 9, 9)),
    ("GELU", {"approximate": "tanh"}, (4,)),
    ("Upsample", {"scale_factor": [2, 3], "mode": "bilinear"}, (4, 9, 9)),
    ("Linear", {"out_features": 3, "bias": False}, (4,)),
    ("Dropout", {"p": 0.0}, (4,)),
    ("RBF", {"output": "distance"}, (84,)),
    ("SparseConv2d", {"kernel_size": [3, 5], "bias": False, "padding": 1}, (6, 9, 9)),
    ("ScaledTanh", {"amplitude": 1.5}, (4,)),
    ("Reshape", {"shape": [2, 2]}, (4,)),
    ("ZeroPad2d", {"padding": 3}, (4, 9, 9)),
]


@pytest.mark.parametrize(("type", "params", "shape"), SETTINGS)
def test_constructor_calls_make_equal_modules(type: str, params: dict, shape: Shape) -> None:
    ours, theirs = parse_layer(type, params).build(shape), rebuilt(type, params, (shape,))
    assert repr(ours) == repr(theirs)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, *shape)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


def test_a_drawing_with_errors_is_refused() -> None:
    spec = edits.set_params(open_network("lenet5_modern"), "conv1", kernel_size=99)
    with pytest.raises(BadInput, match="99×99"):
        generate(spec)
