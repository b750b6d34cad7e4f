"""Classifiers that were trained on ImageNet's 1,000 classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.inference.detections import Classification
from engine.inference.frame import Frame
from engine.inference.trained.base import TrainedPredictor, picture_tensor

if TYPE_CHECKING:
    from engine.pretrained.build import Pretrained


class TrainedClassifier(TrainedPredictor):
    """The middle of the picture, prepared as for the weights, and one probability for each class."""

    def _ready(self, loaded: Pretrained) -> None:
        self._transforms: Any = loaded.transforms

    def predict(self, frame: Frame) -> Classification:
        import torch
        from torchvision.transforms.v2 import functional as transform

        how = self._transforms
        with torch.inference_mode():
            with self._stage("prepare"):
                whole = picture_tensor(frame)
                small = transform.resize(whole, how.resize_size, interpolation=how.interpolation, antialias=True)
                seen = transform.center_crop(small, how.crop_size).contiguous()  # (3, S, S) uint8
                ready = transform.normalize(transform.to_dtype(seen, torch.float32, scale=True), how.mean, how.std)
                batch = ready.unsqueeze(0).to(self._device, memory_format=torch.channels_last)
            with self._stage("model"):
                probabilities = self._net(batch).float().softmax(1)[0]
                self._finite(probabilities)
                return Classification(self.classes, probabilities.cpu().numpy(), seen.numpy())
