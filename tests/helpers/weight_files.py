"""Weight files with random but lively contents under names whose checksum is right, in place of downloaded ones."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import skimage.data
import torch
from torch import nn

from engine.pretrained.table import Weights, table


def lively_state(model: str, seed: int = 0, spread: float = 1.8) -> dict[str, torch.Tensor]:
    """The state of a model whose activations neither vanish nor explode, so that its answers differ from each other.

    Args:
        spread: standard deviation of a detector's class scores before softmax; larger ones make surer answers.
    """
    from torchvision.models import get_model, get_model_weights

    torch.manual_seed(seed)
    classes = len(get_model_weights(model).DEFAULT.meta["categories"])
    more: dict[str, Any] = {}
    if model in ("googlenet", "inception_v3"):
        more = {"aux_logits": True, "init_weights": False}
    elif model.startswith(("fcn", "deeplab")):
        more = {"weights_backbone": None, "aux_loss": True}
    elif "_fpn" in model or model.startswith(("ssd", "lraspp")):
        more = {"weights_backbone": None}
    net = get_model(model, weights=None, num_classes=classes, **more).eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.05)
        if isinstance(module, nn.BatchNorm2d):
            # One look at a picture in training mode makes its own statistics the ones that are kept.
            module.momentum = 1.0
            module.train()
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    photograph = torch.from_numpy(skimage.data.astronaut()).permute(2, 0, 1).float()[None] / 255
    side = 224 if model.startswith("vit") else 300
    small = nn.functional.interpolate(photograph, (side, side), mode="bilinear")
    pictures = torch.cat([small, small.flip(3)])
    look_smaller(net)
    with torch.no_grad():
        net(list(pictures) if "_fpn" in model or model.startswith("ssd") else pictures)
    _settle(net, pictures[:1], spread)
    return {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}


def look_smaller(net: Any) -> None:
    """Let a detector that enlarges pictures to 800 pixels take them at 256: a tenth of the time."""
    if hasattr(net, "transform") and getattr(net.transform, "fixed_size", None) is None:
        net.transform.min_size, net.transform.max_size = (256,), 512


def _settle(net: nn.Module, pictures: torch.Tensor, spread: float) -> None:
    """Scale a detector's last layers so that its class scores spread as asked and its boxes stay near their anchors."""
    last: list[tuple[str, Any]] = [
        (name, module)
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
        and (
            name.endswith(("cls_logits", "cls_score", "bbox_reg", "bbox_pred"))
            or re.search(r"(classification|regression)_head\.module_list\.\d(\.1)?$", name)
        )
    ]
    spreads: dict[str, float] = {}

    def note(name: str, result: torch.Tensor) -> None:
        spreads[name] = max(spreads.get(name, 0.0), float(result.std()))

    hooks = [
        module.register_forward_hook(lambda module, inputs, result, name=name: note(name, result))
        for name, module in last
    ]
    with torch.no_grad():
        net.eval()
        if last:
            net(list(pictures))
    for hook in hooks:
        hook.remove()
    for name, module in last:
        wanted = spread if "cls" in name or "classification" in name else 1.0
        module.weight.data *= wanted / spreads[name]
        module.bias.data *= wanted / spreads[name]


def weight_file(folder: Path, model: str, seed: int = 0, spread: float = 1.8) -> Weights:
    """Write such a file, and return the row of the table for it."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "part"
    torch.save(lively_state(model, seed, spread), temporary)
    digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    size = temporary.stat().st_size / 2**20
    row = next(row for row in table() if row.model == model)
    row = replace(row, file=f"{model}-{digest[:8]}.pth", mebibytes=round(size, 3))
    temporary.rename(folder / row.file)
    return row


def torchvisions_own(patch: pytest.MonkeyPatch, row: Weights, folder: Path) -> nn.Module:
    """The model as torchvision's builder makes it from that file, in evaluation mode."""
    from torchvision.models import WeightsEnum, get_model

    state = torch.load(folder / row.file, weights_only=True)
    patch.setattr(WeightsEnum, "get_state_dict", lambda self, *args, **kwargs: dict(state))
    made: nn.Module = get_model(row.model, weights=row.weights)
    return made.eval()
