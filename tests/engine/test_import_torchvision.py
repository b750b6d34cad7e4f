"""All of torchvision's classification and fully convolutional segmentation models come in exactly."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping

import pytest
import torch
import torchvision
from torch import Tensor, nn

from engine.graph.analyse import analyse
from engine.graph.compile import CompiledNetwork, compile_network
from engine.graph.spec import BLOCK, NetworkSpec, NodeSpec, to_plain
from engine.importing.trace import trace
from engine.project.network_file import network_from_plain

models = torchvision.models

CLASSIFIERS = models.list_models(module=models)
SEGMENTERS = models.list_models(module=models.segmentation)
EXCEPTIONS: dict[str, str] = {}
"""Models that do not come in, with the reason. There are none."""

FAST = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "mnasnet0_5", "mobilenet_v3_small",
    "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "swin_v2_t",
    "lraspp_mobilenet_v3_large",
)  # fmt: skip
# Height and width of the smallest picture that a family takes, where 64 is too small or not allowed.
SIZES = {"maxvit": 224, "vit": 224, "inception": 96, "alexnet": 67, "swin": 96}


@pytest.fixture(autouse=True)
def _memory_given_back() -> Iterator[None]:
    yield
    gc.collect()


def size_of(name: str) -> int:
    return next((size for family, size in SIZES.items() if name.startswith(family)), 64)


def twin(name: str, **options: object) -> nn.Module:
    """torchvision's module with weights that leave no branch at zero, and running averages that do something."""
    torch.manual_seed(0)
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    if name in SEGMENTERS:
        options["weights_backbone"] = None
    module = models.get_model(name, weights=None, **options).eval()
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.uniform_(-0.5, 0.5)
                part.running_var.uniform_(0.5, 1.5)
        for key, weight in module.named_parameters():
            if key.endswith("layer_scale") or float(weight.abs().max()) == 0:
                weight.uniform_(0.05, 0.2)
    return module


def outputs_of(answer: Tensor | tuple[Tensor, ...] | Mapping[str, Tensor]) -> list[Tensor]:
    if isinstance(answer, Tensor):
        return [answer]
    return list(answer.values()) if isinstance(answer, Mapping) else [one for one in answer if one is not None]


def check(module: nn.Module, size: int, training: bool = False) -> tuple[NetworkSpec, CompiledNetwork]:
    """Trace, check, save and open, compile, carry the weights over, compare the outputs."""
    traced = trace(module, (3, size, size), training=training)
    assert not analyse(traced.spec).errors
    assert network_from_plain(to_plain(traced.spec)) == traced.spec
    ours = compile_network(traced.spec)
    ours.load_state_dict(traced.load(module.state_dict()), strict=True, assign=True)
    picture = torch.randn(2, 3, size, size)
    module.train(training)
    ours.train(training)
    with torch.no_grad():
        torch.manual_seed(1)
        theirs = outputs_of(module(picture))
        torch.manual_seed(1)
        mine = outputs_of(ours(picture))
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        assert float(b.std()) > 1e-3, "an output of zeros proves nothing"
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    return traced.spec, ours


def deepest(nodes: tuple[NodeSpec, ...]) -> int:
    return max((1 + deepest(node.subgraph.nodes) for node in nodes if node.subgraph), default=0)


@pytest.mark.parametrize("name", FAST)
def test_a_model_of_every_family_comes_in_exactly(name: str) -> None:
    module = twin(name)
    spec, ours = check(module, size_of(name))
    if name not in ("alexnet", "squeezenet1_1"):
        assert deepest(spec.nodes) >= 1, "the drawing has the blocks of the module"
    used = {key for key, weight in module.named_parameters() if not key.startswith("aux")}
    assert sum(p.numel() for p in ours.parameters()) == sum(module.get_parameter(key).numel() for key in used)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in (*CLASSIFIERS, *SEGMENTERS) if name not in (*FAST, *EXCEPTIONS)])
def test_every_model_comes_in_exactly(name: str) -> None:
    check(twin(name), size_of(name))


@pytest.mark.parametrize("name", ["fcn_resnet50", "deeplabv3_mobilenet_v3_large"])
def test_a_second_head_is_a_second_output(name: str) -> None:
    spec, _ = check(twin(name, aux_loss=True), 64)
    assert [node.id for node in spec.outputs] == ["out", "aux"]


def test_auxiliary_outputs_come_along_when_training_is_followed() -> None:
    module = twin("googlenet", dropout=0.0, dropout_aux=0.0)
    spec, _ = check(module, 64, training=True)
    assert [node.id for node in spec.outputs] == ["logits", "aux_logits2", "aux_logits1"]
    assert not module.training or module.aux1 is not None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnet18", {}),
        ("efficientnet_b0", {"stochastic_depth_prob": 0.5, "dropout": 0.0}),
        ("swin_t", {}),
    ],
)
def test_running_in_training_mode_agrees_too(name: str, options: dict[str, float]) -> None:
    """The same seed leaves out the same branches, and batch normalisation uses the batch."""
    check(twin(name, **options), 96, training=True)


def test_blocks_have_the_modules_names_and_the_classes_that_they_come_from() -> None:
    spec = trace(twin("densenet121"), (3, 64, 64)).spec
    top = [node.id for node in spec.nodes]
    assert top[1:8] == ["conv0", "norm0", "relu0", "pool0", "denseblock1", "transition1", "denseblock2"]
    block = spec.node("denseblock1").subgraph
    assert block is not None
    assert block.name == "_DenseBlock"
    assert [node.id for node in block.nodes if node.type == BLOCK] == [f"denselayer{n}" for n in range(1, 7)]


def test_a_vision_transformer_is_drawn_in_its_own_terms() -> None:
    spec = trace(twin("vit_b_16"), (3, 224, 224)).spec
    types = [node.type for node in spec.nodes]
    assert {"ClassToken", "PositionalEmbedding", "Select"} <= set(types)
    block = next(node.subgraph for node in spec.nodes if node.subgraph and node.id.endswith("encoder_layer_0"))
    assert "SelfAttention" in [node.type for node in block.nodes]
