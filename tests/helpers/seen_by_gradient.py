"""The receptive field by experiment: which part of the picture has any influence on one value of a layer."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.graph.compile import CompiledNetwork, compile_network
from engine.graph.spec import NetworkSpec

_SMOOTH = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.GELU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh,
           nn.ELU, nn.Softmax, nn.Dropout, nn.Dropout2d)  # fmt: skip
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d,
          nn.LocalResponseNorm)  # fmt: skip


def linear(spec: NetworkSpec) -> CompiledNetwork:
    """The network with positive weights, no activations, no normalisation, and averages for maxima.

    So every value that goes in adds something, and nothing hides an influence by cancelling or by losing a maximum.
    """
    net = compile_network(spec).double().eval()
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, (*_SMOOTH, *_NORMS)) or type(child).__name__ in ("ScaledTanh", "StochasticDepth"):
                setattr(module, name, nn.Identity())
            elif isinstance(child, nn.MaxPool2d):
                setattr(module, name, _Averaged(child))
    with torch.no_grad():
        for weight in (*net.parameters(), *net.buffers()):
            if weight.is_floating_point():
                weight.fill_(1 / max(weight[0].numel(), 1) if weight.ndim > 1 else 1.0)
    for graph in net.modules():
        slots = getattr(graph, "_slots", None)
        if slots is not None:  # nothing works in place any more
            graph._slots = tuple(slot._replace(in_place=None) for slot in slots)
    return net


class _Averaged(nn.Module):
    """A mean over the window of a max pooling."""

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        p = self.pool
        assert (p.dilation, p.return_indices) == (1, False)
        return F.avg_pool2d(x, p.kernel_size, p.stride, p.padding, p.ceil_mode)


def touched(spec: NetworkSpec, ids: Iterable[str], shape: tuple[int, ...]) -> dict[str, list[dict[str, int]]]:
    """For each node and each of two neighbouring values in its middle, the rows and columns that influence it.

    Each value is {"row", "column", "top", "bottom", "left", "right"}: where it stands, and the extent that it sees.
    """
    net = linear(spec)
    x = torch.rand(1, *shape, dtype=torch.float64).add_(0.5).requires_grad_()
    found: dict[str, list[dict[str, int]]] = {}
    with net.tap(ids) as maps:
        net(x)
    for id, answer in maps.items():
        value = answer if isinstance(answer, Tensor) else answer[0]
        if value.ndim != 4:
            continue
        middle = (value.shape[2] // 2, value.shape[3] // 2)
        for row, column in {middle, (max(middle[0] - 1, 0), max(middle[1] - 1, 0))}:
            total = value[0, :, row, column].sum()
            grad = torch.autograd.grad(total, x, retain_graph=True, allow_unused=True)[0]
            if grad is None:
                continue
            seen = grad[0].abs().sum(0) > 0
            rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
            if len(rows):
                found.setdefault(id, []).append(
                    {"row": row, "column": column, "top": int(rows[0]), "bottom": int(rows[-1]),
                     "left": int(columns[0]), "right": int(columns[-1])}
                )  # fmt: skip
    return found
