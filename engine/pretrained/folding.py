"""Batch normalisation folded into the convolution before it: the same answers with a layer less to compute."""

from __future__ import annotations

import itertools
import re

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Blocks that call their layers by name: "conv1" is followed by "bn1", "conv" by "bn".
_NAMED = re.compile(r"conv(\d*)")


def fold_norms(net: nn.Module) -> int:
    """Fold what can be folded, in place; returns how many layers that were. The network must be in evaluation mode.

    `w' = w · γ / √(σ² + ε)` and `b' = (b − μ) · γ / √(σ² + ε) + β`: what normalisation does with fixed statistics is a
    scale and a shift of each channel, which the convolution can do itself. The answers agree to rounding. Only pairs
    of which it is known that the second follows the first are folded: neighbours in an `nn.Sequential`, and layers
    named conv1 and bn1 as in torchvision's residual and Inception blocks.
    """
    count = 0
    for module in list(net.modules()):
        for first, second in _pairs(module):
            conv, norm = getattr(module, first), getattr(module, second)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d) and norm.track_running_stats:
                setattr(module, first, fuse_conv_bn_eval(conv, norm))
                setattr(module, second, nn.Identity())
                count += 1
    return count


def _pairs(module: nn.Module) -> list[tuple[str, str]]:
    names = [name for name, _ in module.named_children()]
    if isinstance(module, nn.Sequential):
        return list(itertools.pairwise(names))
    matches = ((name, _NAMED.fullmatch(name)) for name in names)
    return [(name, f"bn{match[1]}") for name, match in matches if match and f"bn{match[1]}" in names]
