"""RetinaNet and FCOS: torchvision's own call, told beforehand what nobody will be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.trained.base import LEAST_THRESHOLD, USUAL_THRESHOLD, TrainedPredictor, picture_tensor
from engine.inference.trained.ssd import found

if TYPE_CHECKING:
    from engine.pretrained.build import Pretrained


class TrainedOneStage(TrainedPredictor):
    """Boxes of COCO's 80 classes from all places of a pyramid of maps."""

    def _ready(self, loaded: Pretrained) -> None:
        self.threshold = USUAL_THRESHOLD

    def predict(self, frame: Frame) -> Detections:
        import torch

        net: Any = self._net
        with torch.inference_mode():
            with self._stage("prepare"):
                picture = picture_tensor(frame).to(self._device).float().div_(255)  # (3, H, W)
            with self._stage("model"):
                net.score_thresh = max(self.threshold, LEAST_THRESHOLD)
                answer = net([picture])[0]
            with self._stage("decode"):
                self._finite(answer["boxes"])
                places = self._places[answer["labels"].cpu()]
                return found(answer["boxes"].cpu().numpy(), answer["scores"], places, self.classes)
