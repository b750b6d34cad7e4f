"""The famous networks are what their papers say, to the unit."""

from __future__ import annotations

import pytest
import torch
import torchvision

from engine.errors import BadInput
from engine.gallery import GALLERY, open_network
from engine.gallery.base import with_input
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.spec import to_plain
from engine.project.store import network_from_plain


@pytest.mark.parametrize("id", list(GALLERY))
def test_every_network_is_whole(id: str) -> None:
    entry = GALLERY.get(id)
    spec = open_network(id)
    assert entry.id == id
    assert len(entry.idea) > 60
    assert network_from_plain(to_plain(spec)) == spec
    analysis = analyse(spec)
    assert [p for p in analysis.problems if p.severity == "error"] == []
    places = [node.position for node in spec.nodes]
    assert len(set(places)) == len(places), "cards lie on each other"


@pytest.mark.parametrize(
    ("id", "options", "parameters"),
    [
        ("lenet5_modern", {}, 61_706),
        ("alexnet", {}, 62_378_344),
        ("alexnet", {"grouped": True}, 60_965_224),
        ("resnet18", {}, 11_689_512),
        ("perceptron", {"in_channels": 3, "size": 224, "hidden": (512, 128), "num_classes": 1}, 77_136_641),
    ],
)
def test_parameters_to_the_unit(id: str, options: dict, parameters: int) -> None:
    assert analyse(open_network(id, **options)).totals.parameters == parameters


def test_lenet5_is_the_papers_table() -> None:
    """Layer sizes and trainable parameters of LeCun et al. 1998, section II.B."""
    analysis = analyse(open_network("lenet5"))
    table = {
        "c1": ((6, 28, 28), 156),
        "s2": ((6, 14, 14), 12),
        "c3": ((16, 10, 10), 1516),
        "s4": ((16, 5, 5), 32),
        "c5": ((120, 1, 1), 48_120),
        "f6": ((84,), 10_164),
        "rbf": ((10,), 0),
    }
    for node, (shape, parameters) in table.items():
        assert analysis.nodes[node].output_shape == shape, node
        assert analysis.nodes[node].trainable_parameters == parameters, node
    assert analysis.totals.trainable_parameters == 60_000


def test_alexnet_shrinks_as_published() -> None:
    nodes = analyse(open_network("alexnet")).nodes
    assert [nodes[id].output_shape for id in ("conv1", "pool1", "pool2", "pool5")] == [
        (96, 55, 55),
        (96, 27, 27),
        (256, 13, 13),
        (256, 6, 6),
    ]
    assert nodes["flatten"].output_shape == (9216,)


def test_resnet18_takes_torchvisions_weights_and_agrees() -> None:
    torch.manual_seed(0)
    twin = torchvision.models.resnet18(weights=None).eval()
    with torch.no_grad():
        for module in twin.modules():
            if isinstance(module, torch.nn.BatchNorm2d):  # fresh running averages would hide a swapped layer
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 1.5)
    ours = compile_network(open_network("resnet18")).eval()
    rename = GALLERY.get("resnet18").rename
    assert rename is not None
    ours.load_state_dict({rename(key): value for key, value in twin.state_dict().items()})
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        assert torch.allclose(ours(x), twin(x), atol=1e-5)


def test_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"Its options are num_classes, in_channels, grouped\."):
        open_network("alexnet", colour="red")


def test_another_input_size_carries_through() -> None:
    spec = with_input(open_network("resnet18"), (3, 64, 64))
    assert analyse(spec).nodes["layer4"].output_shape == (512, 2, 2)
