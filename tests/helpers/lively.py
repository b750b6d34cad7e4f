"""Gallery networks whose outputs say something: many answer with next to nothing while fresh, which hides faults."""

from __future__ import annotations

import torch
from torch import nn

from engine.graph.compile import compile_network
from engine.graph.example import example_inputs
from engine.graph.spec import NetworkSpec
from tests.helpers.gallery_samples import small

_NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)


def lively(id: str) -> tuple[NetworkSpec, nn.Module]:
    """The network at its smallest size, and its module in eval mode with activations of ordinary size throughout."""
    spec = small(id)
    torch.manual_seed(0)
    net = compile_network(spec)
    norms = [module for module in net.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if norms:
        _settle(net, norms, spec)
    elif not any(isinstance(module, _NORMS) for module in net.modules()):
        # From PyTorch's fresh weights to He's: the activations stay of one size behind rectifiers.
        with torch.no_grad():
            for module in net.modules():
                if isinstance(module, nn.Conv2d | nn.Linear | nn.ConvTranspose2d):
                    module.weight.mul_(6**0.5)
    return spec, net.eval()


def _settle(net: nn.Module, norms: list[nn.modules.batchnorm._BatchNorm], spec: NetworkSpec) -> None:
    """Let batch normalisation see one batch, so that it divides by what is there."""
    net.train()
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        net(*example_inputs(spec, 4, seed=3))
        for norm in norms:
            norm.momentum = 0.1
            norm.running_var.clamp_(min=1e-2)  # type: ignore[union-attr]
