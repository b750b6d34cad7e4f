"""A baseline that stands where a network would, so that whatever takes a run takes a baseline, too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.baselines.classifiers import logits
from engine.baselines.features import extract
from engine.baselines.regions import region_logits
from engine.baselines.spec import BaselineSpec, PictureBaseline
from engine.datasets.preprocess import Preprocessor
from engine.errors import BadInput
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec


class BaselineNetwork(nn.Module):
    """Normalised pictures, (N, C, H, W), to logits: (N, K), or (N, K + 1, H, W) of regions. It computes on the CPU.

    Args:
        arrays: what was learned, float64 or int64.
        classes: K.
    """

    def __init__(
        self, spec: BaselineSpec, preprocessor: Preprocessor, arrays: Mapping[str, np.ndarray], classes: int
    ) -> None:
        super().__init__()
        self.spec = spec
        self._preprocessor = preprocessor
        self._count = classes
        for name, array in arrays.items():
            tensor = torch.from_numpy(np.array(array))
            if tensor.is_floating_point():
                self.register_parameter(name, nn.Parameter(tensor, requires_grad=False))
            else:
                self.register_buffer(name, tensor)

    def forward(self, pictures: Tensor) -> Tensor:
        seen = self._preprocessor.restore(pictures).cpu().contiguous().numpy()  # (N, C, H, W) uint8
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in self.state_dict().items()}
        if isinstance(self.spec, PictureBaseline):
            found = logits(self.spec.classifier, arrays, extract(seen, self.spec.features), self._count)
        else:
            found = np.stack([region_logits(picture, arrays, self.spec, self._count + 1) for picture in seen])
        return torch.from_numpy(found.astype(np.float32)).to(pictures.device)


def open_baseline(
    spec: BaselineSpec, preprocessor: Preprocessor, weights: Mapping[str, Tensor], classes: int, path: Path
) -> BaselineNetwork:
    """A baseline with what it has learned. Raises `BadInput` where the numbers in the file at `path` do not fit."""
    arrays = {name: tensor.numpy() for name, tensor in weights.items() if name.isidentifier()}
    try:
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("numbers that are not finite")
        model = BaselineNetwork(spec, preprocessor, arrays, classes)
        answer = model(torch.zeros(1, *preprocessor.input_shape))
        if not bool(torch.isfinite(answer).all()):
            raise ValueError("answers that are not finite")
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise BadInput(
            f"{path} does not hold what {spec.label} learns.", "Fit the baseline again.", details=repr(error)
        ) from None
    return model


def stand_in(spec: BaselineSpec, shape: tuple[int, ...]) -> NetworkSpec:
    """The drawing of a baseline: pictures go in and answers come out, with nothing between that could be drawn."""
    ends = (NodeSpec("input", "Input", {"shape": list(shape)}), NodeSpec("output", "Output"))
    return NetworkSpec(spec.label, ends, (EdgeSpec("input", "output"),))
