"""Transformers: ViT as torchvision has it, encoder and decoder layers as PyTorch has them, a DETR that learns."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
import torchvision
from torch import Tensor, nn

from engine.blocks.base import BLOCKS, block_params
from engine.blocks.transformer import decoder_layer, encoder_layer
from engine.errors import BadInput
from engine.gallery import GALLERY, open_network
from engine.gallery.base import Drawing, with_input
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.exposed import exposed
from engine.graph.spec import NetworkSpec
from tests.helpers.twins import answers


def test_vit_is_torchvisions_to_the_unit() -> None:
    analysis = analyse(open_network("vit_b_16"))
    assert analysis.totals.parameters == 86_567_656
    # What torchvision's documentation gives as its operations.
    assert analysis.totals.macs / 1e9 == pytest.approx(17.564, abs=5e-4)
    assert analysis.nodes["encoder"].input_shapes == ((197, 768),)


def test_vit_takes_torchvisions_weights_and_agrees() -> None:
    ours, theirs = answers("vit_b_16")
    assert theirs.std() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_a_small_vision_transformer_agrees_with_torchvisions() -> None:
    torch.manual_seed(0)
    twin = torchvision.models.VisionTransformer(32, 8, 3, 4, 64, 96, num_classes=7).eval()
    with torch.no_grad():
        for weight in (twin.class_token, twin.heads.head.weight):
            weight.normal_()
    options = {"image_size": 32, "patch_size": 8, "depth": 3, "heads": 4, "width": 64, "hidden": 96}
    ours = compile_network(open_network("vit_b_16", num_classes=7, **options))
    rename = GALLERY.get("vit_b_16").rename
    assert rename is not None
    ours.load_state_dict({rename(key): value for key, value in twin.state_dict().items()})
    pictures = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(ours.eval()(pictures), twin(pictures), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.train()(pictures), twin(pictures), rtol=1e-5, atol=1e-5)
    assert rename("encoder.layers.encoder_layer_2.mlp.linear_1.bias") == "encoder.layer2.linear1.bias"


def test_patches_must_fit_the_picture() -> None:
    assert analyse(open_network("vit_b_16", image_size=225)).errors[0].node == "patches"
    with pytest.raises(BadInput, match="heads"):
        compile_network(open_network("vit_b_16", image_size=32, depth=1, heads=5))


def _alone(inside: NetworkSpec) -> nn.Module:
    net = Drawing("Alone")
    inputs = [net.input(*node.params["shape"], id=f"in{number}") for number, node in enumerate(inside.inputs)]
    return compile_network(net.output(net.block("layer", inside, inputs))).eval()


def _take(ours: nn.Module, theirs: nn.Module, names: Mapping[str, str]) -> None:
    """Give our layer the weights of PyTorch's, whose parts have other names."""
    found = {}
    for key, value in theirs.state_dict().items():
        part = next(part for part in names if key.startswith(f"{part}."))
        found[f"layer.{names[part]}{key.removeprefix(part)}"] = value
    ours.load_state_dict(found)


ENCODER = {"self_attn": "attention", "linear1": "linear1", "linear2": "linear2", "norm1": "ln_1", "norm2": "ln_2"}


@pytest.mark.parametrize("norm_first", [True, False])
def test_an_encoder_layer_is_pytorchs(norm_first: bool) -> None:
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(
        32, 4, 80, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_first
    )
    ours = _alone(encoder_layer(32, 4, 80, tokens=10, norm_first=norm_first))
    _take(ours, theirs, ENCODER)
    tokens = torch.randn(2, 10, 32)
    torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-5, atol=1e-5)


def test_positions_change_what_is_looked_at_and_not_what_is_taken() -> None:
    """DETR's encoder layer, written out with PyTorch's own attention."""
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(32, 4, 80, dropout=0.0, activation="relu", batch_first=True)
    ours = _alone(encoder_layer(32, 4, 80, tokens=10, activation="ReLU", norm_first=False, position=True))
    _take(ours, theirs, ENCODER)
    tokens, position = torch.randn(2, 10, 32), torch.randn(2, 10, 32)
    looking = tokens + position
    x = theirs.norm1(tokens + theirs.self_attn(looking, looking, tokens)[0])
    x = theirs.norm2(x + theirs.linear2(torch.relu(theirs.linear1(x))))
    torch.testing.assert_close(ours(tokens, position), x, rtol=1e-5, atol=1e-5)


def test_a_decoder_layer_without_positions_is_pytorchs() -> None:
    torch.manual_seed(0)
    theirs = nn.TransformerDecoderLayer(32, 4, 80, dropout=0.0, batch_first=True)
    ours = _alone(decoder_layer(32, 4, 80, queries=6, tokens=10))
    names = {"self_attn": "self_attention", "multihead_attn": "cross_attention", "linear1": "linear1"}
    _take(ours, theirs, {**names, "linear2": "linear2", "norm1": "ln_1", "norm2": "ln_2", "norm3": "ln_3"})
    objects, memory = torch.randn(2, 6, 32), torch.randn(2, 10, 32)
    nothing, nowhere = torch.zeros_like(objects), torch.zeros_like(memory)
    torch.testing.assert_close(ours(objects, nothing, memory, nowhere), theirs(objects, memory), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(ours(objects, objects, memory, nowhere), theirs(objects, memory), atol=1e-3)
    assert not torch.allclose(ours(objects, nothing, memory, memory), theirs(objects, memory), atol=1e-3)


@pytest.mark.parametrize("id", ["encoder_layer", "decoder_layer"])
def test_a_dropped_transformer_layer_works_and_shows_its_parameters(id: str) -> None:
    entry = BLOCKS.get(id)
    options = entry.options(dropout=0.1)
    inside = entry.build(options)
    net = Drawing("Dropped")
    inputs = [net.input(*node.params["shape"], id=f"in{number}") for number, node in enumerate(inside.inputs)]
    spec = net.output(net.block("layer", inside, inputs))
    spec = edits.set_params(spec, "layer", **block_params(entry, options))
    assert not analyse(spec).problems
    assert exposed(spec.node("layer"))["heads"].value == 4
    changed = edits.set_exposed(spec, "layer", "hidden width", 100)
    assert analyse(changed).totals.parameters < analyse(spec).totals.parameters
    assert not analyse(changed).errors


def test_detr_has_two_outputs_for_each_query() -> None:
    spec = open_network("detr_small", queries=9, num_classes=5, dropout=0.1)
    analysis = analyse(spec)
    assert not analysis.problems
    assert analysis.output == ((9, 6), (9, 4))
    classes, boxes = compile_network(spec)(torch.randn(2, 3, 96, 96))
    assert classes.shape == (2, 9, 6)
    assert boxes.shape == (2, 9, 4)
    assert boxes.min() > 0
    assert boxes.max() < 1


def test_detr_learns_where_an_object_is() -> None:
    torch.manual_seed(0)
    net = compile_network(with_input(open_network("detr_small", queries=4, num_classes=2), (3, 32, 32)))
    pictures = torch.zeros(4, 3, 32, 32)
    centres = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    for picture, (x, y) in zip(pictures, (centres * 32).int().tolist(), strict=True):
        picture[:, y - 4 : y + 4, x - 4 : x + 4] = 1
    boxes = torch.cat([centres, torch.full((4, 2), 0.25)], 1)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
    losses = []
    for _ in range(40):
        loss = _first_query_loss(net(pictures), boxes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def _first_query_loss(answer: tuple[Tensor, Tensor], boxes: Tensor) -> Tensor:
    """Query 0 is to find the object, of class 1; the others are to say that there is none."""
    classes, found = answer
    wanted = torch.tensor([1, 2, 2, 2]).expand(len(boxes), -1)
    return nn.functional.cross_entropy(classes.flatten(0, 1), wanted.flatten()) + (found[:, 0] - boxes).abs().mean()


def test_queries_learn_through_every_decoder_layer() -> None:
    net = compile_network(open_network("detr_small", queries=5))
    classes, boxes = net(torch.randn(1, 3, 96, 96))
    (classes.square().mean() + boxes.square().mean()).backward()
    assert all(weight.grad is not None for weight in net.parameters())
    assert net.get_submodule("object_queries").queries.grad.abs().sum() > 0
