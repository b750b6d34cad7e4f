"""Our gallery networks beside torchvision's own: same weights, same answers."""

from __future__ import annotations

import torch
import torchvision
from torch import Tensor, nn

from engine.gallery import GALLERY, open_network
from engine.graph.compile import CompiledNetwork, compile_network


def stirred_twin(name: str, **settings: object) -> nn.Module:
    """torchvision's network, stirred."""
    torch.manual_seed(0)
    return stir(torchvision.models.get_model(name, weights=None, **settings))


def stir(twin: nn.Module) -> nn.Module:
    """The same module, in evaluation, with weights and running averages that differ all, so that none can hide."""
    with torch.no_grad():
        for module in twin.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.8, 1.2)
                module.weight.uniform_(0.9, 1.1)
                module.bias.uniform_(-0.1, 0.1)
        for weight in twin.parameters():
            if not weight.any():
                weight.normal_(std=0.05)
    return twin.eval()


def ours_with_weights_of(id: str, twin: nn.Module, **options: object) -> CompiledNetwork:
    """Our network `id` holding the twin's weights; every one of its own must be among them."""
    ours = compile_network(open_network(id, **options)).eval()
    rename = GALLERY.get(id).rename
    assert rename is not None
    pairs = [(rename(key), value) for key, value in twin.state_dict().items()]
    found = {name: value for name, value in pairs if name is not None}
    assert len(found) == sum(name is not None for name, _ in pairs), "two weights became one"
    ours.load_state_dict(found)
    return ours


def answers(id: str, size: int = 224, **options: object) -> tuple[Tensor, Tensor]:
    """(ours, torchvision's) for two random pictures."""
    twin = stirred_twin(GALLERY.get(id).torchvision)
    ours = ours_with_weights_of(id, twin, **options)
    pictures = torch.randn(2, 3, size, size)
    with torch.no_grad():
        return ours(pictures), twin(pictures)
