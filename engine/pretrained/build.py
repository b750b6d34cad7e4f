"""Torchvision's own modules with weights from a checked file, ready to look at pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import BadInput
from engine.importing.weights import read_weights
from engine.pretrained.files import Found, check

_BACKGROUND = "__background__"
_NOT_USED = "N/A"
# Heads that only training uses, which a file may have and the model need not.
_AUXILIARY = ("aux_classifier.", "aux1.", "aux2.", "AuxLogits.")
# As torchvision does for these files: they were trained with batch normalisation without the small constant.
_WITHOUT_EPS = (
    "fasterrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "keypointrcnn_resnet50_fpn",
    "retinanet_resnet50_fpn",
)
_DENSE = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


@dataclass(frozen=True)
class Pretrained:
    """A model with its trained weights.

    Attributes:
        net: in evaluation mode, without gradients.
        labels: the names of its outputs in their order, "__background__" and "N/A" among them.
        meta: what torchvision knows of the weights.
        transforms: torchvision's own preprocessing.
    """

    net: nn.Module
    labels: tuple[str, ...]
    meta: Mapping[str, Any]
    transforms: Any

    def names(self) -> tuple[tuple[str, ...], Tensor]:
        """The classes that it can find, and int64 (labels,) from its outputs to them; −1 means nothing."""
        names = tuple(label for label in self.labels if label not in (_BACKGROUND, _NOT_USED))
        places = {name: number for number, name in enumerate(names)}
        return names, torch.tensor([places.get(label, -1) for label in self.labels])


def load_pretrained(found: Found) -> Pretrained:
    """Check a file against its checksum, and load it into the model that it is for.

    Raises `BadInput` when the file is missing, is another one, or does not fit.
    """
    from torchvision.models import get_model_weights

    if found.path is None:
        raise BadInput(f"The file {found.row.file} is not here.", f"Fetch {found.row.url} and bring it.")
    check(found.path, found.row)
    weights: Any = get_model_weights(found.row.model)[found.row.weights]
    meta = weights.meta
    labels = tuple(meta["categories"])
    net = bare_model(found.row.model, len(labels))
    _fill(net, read_weights(found.path), found.row.file)
    if found.row.model in _WITHOUT_EPS:
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 0.0
    return Pretrained(net.eval().requires_grad_(False), labels, meta, weights.transforms())


def bare_model(model: str, classes: int) -> nn.Module:
    """Torchvision's module with its start weights: nothing is fetched, and heads for training alone are left out."""
    from torchvision.models import get_model

    settings: dict[str, Any] = {"weights": None, "num_classes": classes}
    if model.endswith(("_fpn", "_fpn_v2", "_vgg16", "ssdlite320_mobilenet_v3_large")) or model.startswith(
        ("fcn_", "deeplabv3_", "lraspp_")
    ):
        settings["weights_backbone"] = None
    if model.startswith(("fcn_", "deeplabv3_")):
        settings["aux_loss"] = False
    if model in ("googlenet", "inception_v3"):
        settings |= {"transform_input": True, "aux_logits": False, "init_weights": False}
    made: nn.Module = get_model(model, **settings)
    return made


def _fill(net: nn.Module, weights: Mapping[str, Tensor], file: str) -> None:
    renamed = {_DENSE.sub(r"\1\2", name): value for name, value in weights.items()}
    used = {name: value for name, value in renamed.items() if not name.startswith(_AUXILIARY)}
    try:
        missing, unexpected = net.load_state_dict(used, strict=False)
    except RuntimeError as error:
        raise BadInput(
            f"The weights in {file} have other sizes than the model.", "Fetch the file again.", details=str(error)
        ) from None
    # Batch normalisation that was trained frozen has no such counter.
    missing = [name for name in missing if not name.endswith(".num_batches_tracked")]
    if missing or unexpected:
        raise BadInput(
            f"{file} lacks {len(missing)} weights of the model and has {len(unexpected)} others.",
            "Fetch the file again, or update torchvision.",
            details=f"missing: {missing[:20]}; unexpected: {unexpected[:20]}",
        )
