"""FCN, DeepLab v3 and LR-ASPP: a class for every place, decided before the scores are enlarged where that is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.inference.class_ids import class_ids, map_size
from engine.inference.frame import Frame
from engine.inference.maps import ClassMap
from engine.inference.trained.base import TrainedPredictor

if TYPE_CHECKING:
    from torch import Tensor

    from engine.pretrained.build import Pretrained


class TrainedSegmenter(TrainedPredictor):
    """Pascal VOC's 20 classes and background for every place of the whole frame.

    A frame whose shorter side is longer than 520 pixels is shrunk to that, as in torchvision's own preprocessing; a
    smaller one is not enlarged, which would cost time and add nothing.
    """

    def _ready(self, loaded: Pretrained) -> None:
        how: Any = loaded.transforms
        self._most = int(how.resize_size[0])
        self.classes = ("background", *self.classes)
        std, mean = np.array(how.std, np.float32), np.array(how.mean, np.float32)
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def predict(self, frame: Frame) -> ClassMap:
        import torch

        with torch.inference_mode():
            with self._stage("prepare"):
                batch = self._prepared(frame).to(self._device)  # (1, 3, H, W), channels last
            with self._stage("model"):
                scores = self._scores(batch)[0].float().cpu()  # (classes, h, w), an eighth of the size
            with self._stage("decode"):
                self._finite(scores)
                height, width = map_size(int(batch.shape[2]), int(batch.shape[3]))
                ids = class_ids(scores.permute(1, 2, 0).contiguous().numpy(), height, width)
                return ClassMap(self.classes, ids, (0.0, 0.0, float(frame.width), float(frame.height)))

    def _prepared(self, frame: Frame) -> Tensor:
        import torch

        from engine.opencv import cv2

        rgb = cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB)
        shrink = min(1.0, self._most / min(frame.height, frame.width))
        if shrink < 1:
            size = (max(1, round(frame.width * shrink)), max(1, round(frame.height * shrink)))
            rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        ready = rgb.astype(np.float32)
        ready *= self._scale
        ready += self._shift
        return torch.from_numpy(ready).permute(2, 0, 1).unsqueeze(0)

    def _scores(self, batch: Tensor) -> Tensor:
        """The scores as the classifier gives them, before torchvision enlarges all of them to the picture's size."""
        net: Any = self._net
        maps = net.backbone(batch)
        scores: Tensor = net.classifier(maps if "low" in maps else maps["out"])
        return scores
