"""Faster, Mask and Keypoint R-CNN. Masks stay as small as the network gives them: 28×28 for each box.

Torchvision pastes every mask into a picture of the frame's size, which for thirty objects in a full-HD frame is a
quarter of a gigabyte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.trained.base import LEAST_THRESHOLD, USUAL_THRESHOLD, TrainedPredictor, picture_tensor

if TYPE_CHECKING:
    from torch import Tensor

    from engine.pretrained.build import Pretrained

# COCO's person: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, each left then right.
_BONES = (
    (0, 1), (0, 2), (1, 3), (2, 4), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip


class TrainedTwoStage(TrainedPredictor):
    """Boxes of COCO's classes, with masks or key points where the model has them."""

    def _ready(self, loaded: Pretrained) -> None:
        self.threshold = USUAL_THRESHOLD
        self._bones = _BONES if "keypoint_names" in loaded.meta else ()

    def predict(self, frame: Frame) -> Detections:
        import torch

        net: Any = self._net
        with torch.inference_mode():
            with self._stage("prepare"):
                picture = picture_tensor(frame).to(self._device).float().div_(255)  # (3, H, W)
                images = net.transform([picture])[0]
                batch = images.tensors.contiguous(memory_format=torch.channels_last)
            with self._stage("model"):
                # What is not sure enough is left out before suppression, and no mask is computed for it.
                net.roi_heads.score_thresh = max(self.threshold, LEAST_THRESHOLD)
                maps = net.backbone(batch)
                proposals = net.rpn(images, maps)[0]
                answer = net.roi_heads(maps, proposals, images.image_sizes)[0][0]
            with self._stage("decode"):
                return self._decoded(answer, images.image_sizes[0], frame)

    def _decoded(self, answer: dict[str, Tensor], size: tuple[int, int], frame: Frame) -> Detections:
        self._finite(answer["boxes"])
        factor = np.array([frame.width / size[1], frame.height / size[0]], np.float32)
        boxes = answer["boxes"].float().cpu().numpy() * np.concatenate([factor, factor])
        masks = keypoints = None
        if "masks" in answer:
            masks = answer["masks"][:, 0].mul(255).round().byte().cpu().numpy()  # (N, 28, 28)
        if "keypoints" in answer:
            places = answer["keypoints"][:, :, :2].float().cpu().numpy() * factor
            sure = answer["keypoints_scores"].float().sigmoid().cpu().numpy()
            keypoints = np.concatenate([places, sure[:, :, None]], axis=2).astype(np.float32)  # (N, 17, 3)
        ids = self._places[answer["labels"].cpu()].numpy()
        scores = answer["scores"].float().cpu().numpy()
        named = ids >= 0
        return Detections(
            np.ascontiguousarray(boxes[named], np.float32), scores[named], ids[named], self.classes,
            None if masks is None else masks[named], None if keypoints is None else keypoints[named],
            bones=self._bones,
        )  # fmt: skip
