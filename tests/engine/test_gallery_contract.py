"""What every famous network owes: its numbers to the unit, a forward and a backward, a card, a file that comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor

import main
from engine.gallery import GALLERY, GalleryEntry, open_network
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.example import example_inputs
from engine.graph.spec import to_json
from engine.project.network_file import network_from_plain
from tests.helpers.gallery_samples import small

IDS = [
    "perceptron", "lenet5", "lenet5_modern", "alexnet", "alexnet_torchvision", "zfnet", "vgg11", "vgg13", "vgg16",
    "vgg19", "googlenet", "inception_v3", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
    "wide_resnet50_2", "highway", "densenet121", "densenet161", "densenet169", "densenet201", "mobilenet_v1",
    "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "xception", "efficientnet_b0", "vit_b_16",
    "recurrent_conv", "pixelnet", "fcn32s", "fcn16s", "fcn8s", "fcn_resnet50", "unet", "deeplabv3_resnet50",
    "lraspp_mobilenet_v3_large", "siamese", "rcnn", "fast_rcnn", "fasterrcnn_resnet50_fpn", "yolo_v1", "yolo_small",
    "ssd300_vgg16", "ssdlite320_mobilenet_v3_large", "retinanet_resnet50_fpn", "maskrcnn_resnet50_fpn",
    "keypointrcnn_resnet50_fpn", "detr_small", "autoencoder", "denoising_autoencoder", "dcgan", "rnn", "birnn",
    "lstm", "gru", "cnn_lstm", "voxnet",
]  # fmt: skip

# As the papers and torchvision's documentation state them.
PARAMETERS: list[tuple[str, dict[str, Any], int]] = [
    ("perceptron", {"in_channels": 3, "size": 224, "hidden": (512, 128), "num_classes": 1}, 77_136_641),
    ("voxnet", {}, 921_736),
    ("lenet5_modern", {}, 61_706),
    ("alexnet", {}, 62_378_344),
    ("alexnet", {"grouped": True}, 60_965_224),
    ("alexnet_torchvision", {}, 61_100_840),
    ("zfnet", {}, 62_357_608),
    ("vgg11", {}, 132_863_336),
    ("vgg13", {}, 133_047_848),
    ("vgg16", {}, 138_357_544),
    ("vgg19", {}, 143_667_240),
    ("googlenet", {}, 6_624_904),
    ("inception_v3", {}, 27_161_264),
    ("resnet18", {}, 11_689_512),
    ("resnet34", {}, 21_797_672),
    ("resnet50", {}, 25_557_032),
    ("resnet101", {}, 44_549_160),
    ("resnet152", {}, 60_192_808),
    ("wide_resnet50_2", {}, 68_883_240),
    ("densenet121", {}, 7_978_856),
    ("densenet161", {}, 28_681_000),
    ("densenet169", {}, 14_149_480),
    ("densenet201", {}, 20_013_928),
    ("mobilenet_v1", {}, 4_231_976),
    ("mobilenet_v1", {"width": 0.75}, 2_585_560),
    ("mobilenet_v1", {"width": 0.5}, 1_331_592),
    ("mobilenet_v1", {"width": 0.25}, 470_072),
    ("unet", {"in_channels": 1, "num_classes": 2, "padded": False}, 31_030_658),
]

# So large that a forward and a backward take many seconds.
LARGE = {
    "vgg11", "vgg13", "vgg16", "vgg19", "resnet101", "resnet152", "wide_resnet50_2", "densenet161", "densenet169",
    "densenet201", "alexnet", "alexnet_torchvision", "zfnet", "fcn32s", "fcn16s", "fcn8s", "pixelnet", "rcnn",
    "fast_rcnn", "maskrcnn_resnet50_fpn", "keypointrcnn_resnet50_fpn", "yolo_v1", "xception", "vit_b_16",
    "inception_v3", "deeplabv3_resnet50", "ssd300_vgg16", "retinanet_resnet50_fpn", "fasterrcnn_resnet50_fpn", "unet",
    "fcn_resnet50",
}  # fmt: skip

# Heads that work at every region of the picture take their time: a few regions show the same.
FEWER: dict[str, dict[str, Any]] = {
    "fasterrcnn_resnet50_fpn": {"proposals": 32, "detections": 8},
    "maskrcnn_resnet50_fpn": {"proposals": 32, "detections": 8},
    "keypointrcnn_resnet50_fpn": {"proposals": 32, "detections": 8},
    "rcnn": {"proposals": 4},
    "fast_rcnn": {"proposals": 8},
}


def test_the_gallery_is_complete() -> None:
    assert set(IDS) == set(GALLERY)


@pytest.mark.parametrize(("id", "options", "parameters"), PARAMETERS)
def test_describe_prints_the_known_number_of_parameters(
    id: str, options: dict[str, Any], parameters: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = [part for name, value in options.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    assert main.main(["describe", id, *chosen, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == parameters


@pytest.mark.parametrize("id", [id for id in GALLERY if GALLERY.get(id).torchvision])
def test_twins_have_torchvisions_parameters(id: str) -> None:
    entry = GALLERY.get(id)
    with torch.device("meta"):
        twin = torchvision.models.get_model(entry.torchvision, weights=None, **_without_weights(entry))
    count = sum(weight.numel() for weight in twin.parameters())
    if id == "googlenet":  # the auxiliary classifiers are an option of ours
        count -= sum(weight.numel() for part in (twin.aux1, twin.aux2) for weight in part.parameters())
    assert analyse(open_network(id)).totals.parameters == count


def _without_weights(entry: GalleryEntry) -> dict[str, Any]:
    """No downloads, and none of the slow start values that two of them announce to drop."""
    if entry.id in ("googlenet", "inception_v3"):
        return {"init_weights": False}
    return {} if entry.task == "classification" else {"weights_backbone": None}


@pytest.mark.parametrize("id", list(GALLERY))
def test_every_network_has_a_card_and_comes_back_from_a_file(id: str) -> None:
    entry, spec = GALLERY.get(id), open_network(id)
    assert entry.id == id
    assert 1950 <= entry.year <= 2026
    assert entry.authors
    assert entry.paper, "the card names the paper"
    assert 2 <= entry.idea.count(". ") + 1 <= 5, "the idea in about three sentences"
    assert network_from_plain(json.loads(to_json(spec))) == spec
    analysis = analyse(spec)
    assert not analysis.errors
    places = [node.position for node in spec.nodes]
    assert len(set(places)) == len(places), "cards lie on each other"
    for row in entry.table:
        assert row.node in analysis.nodes, f"{row.layer} names a node that is not there"


@pytest.mark.parametrize("id", [pytest.param(id, marks=[pytest.mark.slow] if id in LARGE else []) for id in GALLERY])
def test_every_network_runs_forward_and_backward(id: str) -> None:
    torch.manual_seed(0)
    spec = small(id, **FEWER.get(id, {}))
    net, inputs = compile_network(spec), example_inputs(spec, batch=2)
    assert not analyse(spec).errors
    answer = net.train()(*inputs)
    results: list[Tensor] = list(answer) if isinstance(answer, tuple) else [answer]
    expected = analyse(spec).output
    shapes = [tuple(result.shape[1:]) for result in results]
    assert shapes == ([expected] if len(results) == 1 else list(expected or ()))
    loss = sum(result.double().square().mean() for result in results if result.requires_grad)
    assert isinstance(loss, Tensor)
    assert torch.isfinite(loss)
    loss.backward()
    lost = [name for name, weight in net.named_parameters() if weight.requires_grad and weight.grad is None]
    assert not lost, "every weight takes part"
    assert all(torch.isfinite(weight.grad).all() for weight in net.parameters() if weight.grad is not None)
