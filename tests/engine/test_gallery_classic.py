"""The classic classifiers are what their papers and torchvision say: to the unit, to the table, to the last digit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from engine.blocks.base import BLOCKS, block_params
from engine.blocks.highway import highway
from engine.errors import BadInput
from engine.gallery import GALLERY, googlenet, open_network
from engine.gallery.base import Drawing, with_input
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import CompiledNetwork, compile_network
from engine.graph.exposed import exposed
from engine.graph.spec import NetworkSpec
from tests.helpers.twins import ours_with_weights_of, stirred_twin

QUIET = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}
TWINS = [
    ("alexnet_torchvision", 63, False),
    ("vgg11", 32, False),
    ("vgg13", 32, True),
    ("vgg16", 32, True),
    ("vgg19", 32, True),
    ("googlenet", 64, False),
    ("inception_v3", 299, True),
    ("resnet18", 64, False),
    ("resnet34", 32, False),
    ("resnet50", 64, False),
    ("resnet101", 32, True),
    ("resnet152", 32, True),
    ("wide_resnet50_2", 32, True),
    ("densenet121", 64, False),
    ("densenet161", 32, True),
    ("densenet169", 32, True),
    ("densenet201", 32, False),
]
MINE = [
    "perceptron", "lenet5", "lenet5_modern", "alexnet", "zfnet", "highway", *[id for id, _, _ in TWINS],
]  # fmt: skip

# Where a row of a paper's table is not what the network has, and why.
DEVIATIONS = {
    ("alexnet", "input"): "the paper prints 224×224, from which its own 55×55 does not follow",
    ("inception_v3", "conv3b"): "the published code has a 1×1 convolution in place of the table's 3×3",
    ("inception_v3", "conv4a"): "the published code strides by a pooling behind this convolution",
    ("inception_v3", "mixed5b"): "the published code has an inception module in place of the table's convolution",
}


def same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Equal to 1e-5 of their usual size, which untrained deep networks let grow."""
    scale = max(1.0, theirs.abs().max().item())
    torch.testing.assert_close(ours / scale, theirs / scale, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("id", "size"), [pytest.param(id, size, marks=[pytest.mark.slow] if slow else []) for id, size, slow in TWINS]
)
def test_it_takes_torchvisions_weights_and_agrees(id: str, size: int) -> None:
    twin = stirred_twin(GALLERY.get(id).torchvision, **QUIET.get(id, {}))
    ours = ours_with_weights_of(id, twin)
    pictures = torch.randn(2, 3, size, size)
    with torch.no_grad():
        answer = ours(pictures)
        same(answer[0] if isinstance(answer, tuple) else answer, twin(pictures))


def _in_training_without_chance(net: nn.Module) -> nn.Module:
    """torchvision's auxiliary classifiers answer in training only; dropout and batch statistics stay off."""
    net.train()
    for module in net.modules():
        if isinstance(module, nn.Dropout | nn.BatchNorm2d):
            module.eval()
    return net


def test_googlenets_auxiliary_classifiers_are_torchvisions() -> None:
    twin = _in_training_without_chance(stirred_twin("googlenet", **QUIET["googlenet"]))
    ours = compile_network(open_network("googlenet", aux=True)).eval()
    ours.load_state_dict({googlenet.rename(key): value for key, value in twin.state_dict().items()})
    pictures = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        (logits, first, second), theirs = ours(pictures), twin(pictures)
    for mine, other in ((logits, theirs.logits), (first, theirs.aux_logits1), (second, theirs.aux_logits2)):
        same(mine, other)


def test_inceptions_auxiliary_classifier_is_torchvisions_and_can_be_left_out() -> None:
    twin = stirred_twin("inception_v3", **QUIET["inception_v3"])
    ours = ours_with_weights_of("inception_v3", twin)
    pictures = torch.randn(2, 3, 299, 299)
    with torch.no_grad():
        (logits, aux), theirs = ours(pictures), _in_training_without_chance(twin)(pictures)
    same(logits, theirs.logits)
    same(aux, theirs.aux_logits)
    inside = sum(weight.numel() for weight in twin.AuxLogits.parameters())
    assert analyse(open_network("inception_v3", aux=False)).totals.parameters == 27_161_264 - inside


@pytest.mark.parametrize(
    ("id", "options", "parameters"),
    [
        ("lenet5_modern", {}, 61_706),
        ("alexnet", {}, 62_378_344),
        ("alexnet", {"grouped": True}, 60_965_224),
        ("zfnet", {}, 62_357_608),
        ("perceptron", {"in_channels": 3, "size": 224, "hidden": (512, 128), "num_classes": 1}, 77_136_641),
        ("googlenet", {"aux": True}, 13_004_888),
        # 784·50 + 50, ten layers of 2·(50·50 + 50), 50·10 + 10
        ("highway", {}, 39_250 + 10 * 5_100 + 510),
        # two colours less for 64 filters of 7×7, and 995 classes less of 512 weights and a bias
        ("resnet18", {"in_channels": 1, "num_classes": 5}, 11_689_512 - 2 * 49 * 64 - 995 * 513),
    ],
)
def test_parameters_to_the_unit(id: str, options: dict[str, Any], parameters: int) -> None:
    assert analyse(open_network(id, **options)).totals.parameters == parameters


@pytest.mark.parametrize("id", MINE)
def test_it_has_the_papers_table(id: str) -> None:
    nodes = analyse(open_network(id)).nodes
    found = set()
    for row in GALLERY.get(id).table:
        ours = nodes[row.node]
        if row.output is not None and ours.output_shape != row.output:
            found.add((id, row.node))
        assert row.parameters in (None, ours.trainable_parameters), row
    assert found == {key for key in DEVIATIONS if key[0] == id}


def test_the_tables_are_there() -> None:
    without = {id for id in MINE if not GALLERY.get(id).table}
    assert without == {"perceptron", "lenet5_modern", "alexnet_torchvision", "wide_resnet50_2", "highway"}


def test_alexnet_shrinks_as_published() -> None:
    nodes = analyse(open_network("alexnet")).nodes
    assert [nodes[id].output_shape for id in ("conv1", "pool1", "pool2", "pool5")] == [
        (96, 55, 55),
        (96, 27, 27),
        (256, 13, 13),
        (256, 6, 6),
    ]
    assert nodes["flatten"].output_shape == (9216,)


@pytest.mark.parametrize("id", ["lenet5", "lenet5_modern", "alexnet", "alexnet_torchvision", "zfnet", "inception_v3"])
def test_the_smallest_picture_is_the_smallest(id: str) -> None:
    spec, smallest = open_network(id), GALLERY.get(id).smallest
    assert smallest is not None
    channels = spec.inputs[0].params["shape"][0]
    assert not analyse(with_input(spec, (channels, *smallest))).errors
    assert analyse(with_input(spec, (channels, *(size - 1 for size in smallest)))).errors


def test_another_input_size_carries_through() -> None:
    spec = with_input(open_network("resnet18"), (3, 64, 64))
    assert analyse(spec).nodes["layer4.block1"].output_shape == (512, 2, 2)


def test_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"Its options are num_classes, in_channels, grouped\."):
        open_network("alexnet", colour="red")


@pytest.mark.parametrize(
    ("id", "options"),
    [
        ("vgg11", {"width": 0.05}),
        ("resnet18", {"width": 0.125, "depths": (1, 1, 1, 1)}),
        ("resnet50", {"width": 0.125, "depths": (1, 2, 1, 1)}),
        ("wide_resnet50_2", {"width": 0.125, "depths": (1, 1, 1, 1)}),
        ("densenet121", {"growth": 4, "depths": (1, 2, 2, 1), "first": 8, "drop": 0.2}),
        ("googlenet", {"aux": True, "five_by_five": True}),
        ("highway", {"kind": "convolutional", "depth": 4, "width": 6, "in_channels": 3}),
        ("highway", {"depth": 100, "width": 8}),
    ],
)
def test_options_make_a_network_that_learns(id: str, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    spec = open_network(id, num_classes=3, **options)
    smallest = GALLERY.get(id).smallest
    assert smallest is not None
    shape = (spec.inputs[0].params["shape"][0], *smallest)
    net = compile_network(with_input(spec, shape))
    answer = net(torch.randn(4, *shape))
    outputs = answer if isinstance(answer, tuple) else (answer,)
    labels = torch.tensor([0, 1, 2, 0])
    torch.stack([nn.functional.cross_entropy(scores, labels) for scores in outputs]).sum().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in net.parameters())


def test_densenets_options_are_torchvisions() -> None:
    torch.manual_seed(0)
    twin = torchvision.models.DenseNet(12, (2, 3, 2, 1), 20, num_classes=7).eval()
    ours = compile_network(open_network("densenet121", growth=12, depths=(2, 3, 2, 1), first=20, num_classes=7)).eval()
    rename = GALLERY.get("densenet121").rename
    assert rename is not None
    ours.load_state_dict({rename(key): value for key, value in twin.state_dict().items()})
    pictures = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        same(ours(pictures), twin(pictures))


def test_layer_three_of_a_dense_block_sees_128_channels() -> None:
    spec = open_network("densenet121")
    assert analyse(spec).nodes["denseblock1.concat2"].output_shape[0] == 128
    inside = spec.node("denseblock1").subgraph
    assert inside is not None
    assert inside.edges_into["denselayer3"][0].source == "concat2"


def test_the_growth_rate_is_set_on_the_whole_block() -> None:
    spec = open_network("densenet121")
    assert [exposed(spec.node(f"denseblock{number}"))["growth rate"].value for number in (1, 2, 3, 4)] == [32] * 4
    other = edits.set_exposed(spec, "denseblock4", "growth rate", 16)
    nodes = analyse(other).nodes
    assert nodes["denseblock4"].output_shape[0] == 512 + 16 * 16
    assert nodes["denseblock4.denselayer5.conv1"].output_shape[0] == 64
    assert not analyse(other).errors


def test_wide_bottlenecks_are_wide_inside_only() -> None:
    nodes = analyse(open_network("wide_resnet50_2")).nodes
    assert nodes["layer1.block0.conv2"].output_shape[0] == 128
    assert nodes["layer1"].output_shape[0] == 256


def _highway(kind: str, gate_bias: float) -> CompiledNetwork:
    shape = (6,) if kind == "dense" else (6, 5, 5)
    net = Drawing("One layer")
    last = net.block("layer", highway(6, kind, gate_bias=gate_bias), net.input(*shape))  # type: ignore[arg-type]
    torch.manual_seed(0)
    return compile_network(net.output(last))


@pytest.mark.parametrize("kind", ["dense", "convolutional"])
def test_a_highways_gate_carries_or_transforms(kind: str) -> None:
    torch.manual_seed(1)
    x = torch.randn(3, 6) if kind == "dense" else torch.randn(3, 6, 5, 5)
    torch.testing.assert_close(_highway(kind, -100)(x), x)
    opened = _highway(kind, 100)
    torch.testing.assert_close(opened(x), opened.layer.transform(x).relu())
    half = _highway(kind, -0.5)
    gate = torch.sigmoid(half.layer.gate(x) - 0.5)
    torch.testing.assert_close(half(x), gate * half.layer.transform(x).relu() + (1 - gate) * x)


def test_a_hundred_highway_layers_let_the_gradient_through() -> None:
    torch.manual_seed(0)
    net = compile_network(open_network("highway", depth=100, gate_bias=-4.0))
    net(torch.randn(8, 1, 28, 28)).square().mean().backward()
    first, last = net.highway1.transform.weight.grad.norm(), net.highway100.transform.weight.grad.norm()
    assert 0.1 < first / last < 10


def _levels(spec: NetworkSpec) -> list[NetworkSpec]:
    inner = [level for node in spec.nodes if node.subgraph for level in _levels(node.subgraph)]
    return [spec, *inner]


@pytest.mark.parametrize("id", MINE)
def test_its_drawing_reads_from_top_to_bottom(id: str) -> None:
    for level in _levels(open_network(id)):
        where = {node.id: node.position for node in level.nodes}
        assert all(where[edge.source][1] < where[edge.target][1] for edge in level.edges), level.name


def test_branches_of_an_inception_module_stand_side_by_side() -> None:
    module = open_network("googlenet").node("inception3a").subgraph
    assert module is not None
    where = {node.id: node.position for node in module.nodes}
    branches = (["b1_conv1x1"], ["b2_conv1x1", "b2_conv3x3"], ["b3_conv1x1", "b3_conv3x3"], ["b4_pool", "b4_conv1x1"])
    columns = [{where[id][0] for id in branch} for branch in branches]
    assert all(len(column) == 1 for column in columns), "each branch is straight"
    places = [column.pop() for column in columns]
    assert all(right - left >= 180 for left, right in pairwise(places)), "in the paper's order"


OWN_BLOCKS = [
    "basic_block", "bottleneck", "vgg_stage", "inception", "auxiliary_classifier", "inception_a", "inception_b",
    "inception_c", "inception_d", "inception_e", "dense_block", "transition", "highway",
]  # fmt: skip


@pytest.mark.parametrize("id", OWN_BLOCKS)
def test_a_dropped_block_works_and_shows_its_parameters(id: str) -> None:
    entry = BLOCKS.get(id)
    options = entry.options()
    inside = entry.build(options)
    shape = inside.inputs[0].params["shape"]
    net = Drawing("Dropped")
    spec = net.output(net.block("block", inside, net.input(*shape[:1], *(16 for _ in shape[1:]))))
    spec = edits.set_params(spec, "block", **block_params(entry, options))
    assert not analyse(spec).errors
    shown = exposed(spec.node("block"))
    assert set(shown) == set(entry.exposed(options) if entry.exposed else ())
    for name, one in shown.items():
        other = edits.set_exposed(spec, "block", name, one.value + 1)
        assert exposed(other.node("block"))[name].value == one.value + 1
        assert not analyse(other).errors, name
