"""Source goes round: generated, edited by hand and imported again; and modules that people name come in either way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.cancel import CancelSource
from engine.commands.runner import run
from engine.errors import BadInput
from engine.export.source.generate import generate
from engine.gallery import open_network
from engine.graph.compile import compile_network
from engine.graph.edits import move, set_params
from engine.graph.spec import NetworkSpec, Shape
from engine.importing.exported import export_module
from engine.importing.job import Imported, ImportJob, NotTrusted
from engine.importing.modules import import_module, tensors_of


def bring_in(what: str | Path, like: NetworkSpec | None = None, shapes: tuple[Shape, ...] = ()) -> Imported:
    return ImportJob(what, trusted=True, like=like, shapes=shapes)(lambda event: None, CancelSource().token)


def without_titles(spec: NetworkSpec) -> list[object]:
    """All that a drawing computes and looks like; the titles of blocks are no part of source."""
    return [
        (n.id, n.type, n.params, n.position, n.shares, without_titles(n.subgraph) if n.subgraph else None)
        for n in spec.nodes
    ] + list(spec.edges)


@pytest.mark.parametrize("id", ["lenet5_modern", "resnet18", "lenet5", "densenet121", "mobilenet_v3_small"])
def test_generated_source_comes_back_as_the_same_drawing(id: str, tmp_path: Path) -> None:
    spec = open_network(id)
    path = tmp_path / "net.py"
    path.write_text(generate(spec), encoding="utf-8")
    found = bring_in(path, like=spec)
    assert without_titles(found.spec) == without_titles(spec)
    assert found.state is None, "its weights were only start values"


def test_an_edit_in_the_source_is_an_edit_in_the_drawing(tmp_path: Path) -> None:
    spec = move(open_network("resnet18"), {"conv1": (512.0, -64.0)})
    path = tmp_path / "net.py"
    text = generate(spec)
    assert "nn.Linear(512, 1000)" in text
    path.write_text(text.replace("nn.Linear(512, 1000)", "nn.Linear(512, 7)"), encoding="utf-8")
    found = bring_in(path, like=spec).spec
    assert without_titles(found) == without_titles(set_params(spec, "fc", out_features=7))
    assert found.node("conv1").position == (512.0, -64.0)


def test_a_layer_that_is_added_in_the_source_stands_beside_the_others(tmp_path: Path) -> None:
    spec = open_network("lenet5_modern")
    path = tmp_path / "net.py"
    text = generate(spec)
    last = next(node for node in reversed(spec.nodes) if node.type == "Linear").id
    text = text.replace("    def forward(self", "        self.extra = nn.Softmax(1)\n\n    def forward(self", 1)
    lines = [
        f"        return self.extra(self.{last}(x))" if "return self." in line else line for line in text.splitlines()
    ]
    path.write_text("\n".join(line.split("  #")[0] for line in lines), encoding="utf-8")
    found = bring_in(path, like=spec).spec
    assert {node.id for node in found.nodes} - {node.id for node in spec.nodes} == {"extra"}
    kept = {node.id: node.position for node in spec.nodes}
    assert {id: found.node(id).position for id in kept} == kept


def test_code_is_only_run_when_somebody_has_said_that_it_may(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    mark = tmp_path / "mark"
    path.write_text(f"open({str(mark)!r}, 'w')\n", encoding="utf-8")
    with pytest.raises(NotTrusted, match="runs code"):
        ImportJob(path)(lambda event: None, CancelSource().token)
    assert not mark.exists()
    with pytest.raises(NotTrusted):
        ImportJob(tmp_path / "net.pt2")(lambda event: None, CancelSource().token)


SEVERAL = """
from torch import nn
class One(nn.Module):
    '''One: (N, 3, 20, 24) in, (N, 4, 18, 22) out.'''
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
    def forward(self, x):
        return self.conv(x)
class Two(One):
    pass
made = One(5)
def make(width):
    return One(width)
number = 3
"""


def test_objects_of_a_script_are_named_after_the_colon(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text(SEVERAL, encoding="utf-8")
    found = bring_in(f"{path}:One")
    assert found.spec.inputs[0].params["shape"] == (3, 20, 24), "the docstring says what goes in"
    assert found.state is None or set(found.state) == {"conv.weight", "conv.bias"}
    made = bring_in(f"{path}:made")
    assert made.state is not None
    assert made.state["conv.weight"].shape == (5, 3, 3, 3)
    job = ImportJob(f"{path}:make", trusted=True, options={"width": 9})
    assert job(lambda event: None, CancelSource().token).spec.node("conv").params["out_channels"] == 9
    for what, words in (
        (f"{path}:nothing", "has no nothing"),
        (f"{path}:number", "cannot be called"),
        (f"{path}:make", "refuses these options"),
        (f"{tmp_path}/absent.py", "no script"),
        ("json:loads", "refuses these options|returned"),
        ("no_such_module:thing", "could not be imported"),
    ):
        with pytest.raises(BadInput, match=words):
            bring_in(what)


def test_a_script_without_or_with_several_networks_says_so(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("number = 3\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no network"):
        bring_in(path)
    path.write_text(SEVERAL.replace("class Two(One)", "class Two(nn.Module)"), encoding="utf-8")
    with pytest.raises(BadInput, match=r"2 networks: One, Two"):
        bring_in(path)
    path.write_text("def broken(:\n", encoding="utf-8")
    with pytest.raises(BadInput, match="SyntaxError in line 1"):
        bring_in(path)


class Looping(nn.Module):
    """Python that torch.fx cannot follow, and torch.export can: a loop as long as a size says."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.scale = nn.Parameter(torch.full((4, 1, 1), 0.5))
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        for _ in range(int(x.shape[1]) // 2):
            x = torch.relu_(self.conv(x)) * self.scale
        tokens = x.flatten(2).transpose(1, 2)
        tokens = self.attention(tokens, tokens, tokens, need_weights=False)[0]
        return {"classes": self.fc(x.mean((2, 3))), "tokens": tokens}


def test_torch_export_is_the_second_way_and_the_result_says_why() -> None:
    torch.manual_seed(0)
    found = import_module(Looping(), [(4, 6, 6)])
    assert found.how == "torch.export"
    assert any("torch.fx failed" in note for note in found.notes)
    assert any("agrees with the module" in note for note in found.notes)
    assert [node.id for node in found.spec.outputs] == ["classes", "tokens"]
    assert [node.shares for node in found.spec.nodes if node.type == "Conv2d"] == [None, "conv"]
    assert "SelfAttention" in [node.type for node in found.spec.nodes]


@pytest.mark.parametrize("id", ["resnet18", "vit_b_16"])
def test_a_saved_program_comes_back(id: str, tmp_path: Path) -> None:
    import torchvision

    torch.manual_seed(0)
    size = 64 if id == "resnet18" else 32
    options = {} if id == "resnet18" else {"image_size": 32, "num_layers": 2}
    module = getattr(torchvision.models, id)(weights=None, **options) if id == "resnet18" else small_vit()
    picture = torch.randn(2, 3, size, size)
    path = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(module.eval(), (picture,)), path)
    found = bring_in(path)
    net = compile_network(found.spec).eval()
    net.load_state_dict(dict(found.state or {}), strict=True)
    with torch.no_grad():
        for a, b in zip(tensors_of(net(picture)), tensors_of(module(picture)), strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def small_vit() -> nn.Module:
    from torchvision.models import VisionTransformer

    module = VisionTransformer(32, 8, 2, 4, 32, 64, num_classes=5)
    nn.init.normal_(module.heads.head.weight)
    return module


def test_what_neither_way_can_follow_is_said_once() -> None:
    class Deciding(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(BadInput, match="Deciding cannot be traced") as caught:
        import_module(Deciding(), [(3,)])
    assert "torch.export" in caught.value.details


def test_an_in_place_change_is_seen_by_what_reads_the_tensor_later() -> None:
    class Overwriting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.act = nn.ReLU(inplace=True)

        def forward(self, x: Tensor) -> Tensor:
            x = self.fc(x)
            y = self.act(x)
            return x * 2 + y

    for found in (import_module(Overwriting(), [(4,)]),):
        assert found.how == "torch.fx"
    module = Overwriting().eval()
    traced = export_module(module, [(4,)])
    net = compile_network(traced.spec).eval()
    net.load_state_dict(dict(traced.values), strict=True)
    picture = torch.randn(3, 4)
    with torch.no_grad():
        torch.testing.assert_close(net(picture), module(picture))


def no_window(*args: object) -> int:
    raise AssertionError("a command opens no window")


def test_the_commands_take_scripts_and_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "some.py"
    path.write_text(SEVERAL, encoding="utf-8")
    assert run(["describe", f"{path}:One"], no_window) == 0
    text = capsys.readouterr().out
    assert "Conv2d" in text
    assert "Imported by torch.fx." in text
    weights = tmp_path / "weights.pt"
    torch.save({"module.conv.weight": torch.zeros(4, 3, 3, 3), "conv.extra": torch.zeros(2)}, weights)
    assert run(["describe", f"{path}:One", "--weights", str(weights)], no_window) == 0
    text = capsys.readouterr().out
    assert "1 weights matched by name" in text
    assert "missing in the file: conv.bias" in text
    assert run(["describe", str(path)], no_window) == 0, "Two is the only network that no other class uses"


def test_a_broken_program_is_named_in_two_sentences_and_nothing_else_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.pt2"
    path.write_text("garbage", encoding="utf-8")

    with pytest.raises(BadInput, match="is no intact exported program"):
        bring_in(path)

    assert capfd.readouterr().err == ""
