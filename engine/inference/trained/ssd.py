"""SSD300 and SSDlite320 with a decoding that looks only at what is sure enough.

SSD scores every class at every default box, 3,234 boxes of 91 classes in SSDlite320. Torchvision sorts and suppresses
all that reach 0.001, class by class. Suppression goes from the surest box down, so no box changes the fate of a
surer one: leaving out what nobody will be shown gives the very same boxes for those that are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.trained.base import LEAST_THRESHOLD, USUAL_THRESHOLD, TrainedPredictor

if TYPE_CHECKING:
    from torch import Tensor

    from engine.pretrained.build import Pretrained


class TrainedSsd(TrainedPredictor):
    """Boxes of COCO's 80 classes in one pass over a picture that is stretched to a square."""

    def _ready(self, loaded: Pretrained) -> None:
        self.threshold = USUAL_THRESHOLD
        net: Any = self._net
        self._size: tuple[int, int] = tuple(net.transform.fixed_size)  # (width, height)
        std, mean = np.array(net.transform.image_std, np.float32), np.array(net.transform.image_mean, np.float32)
        self._scale, self._shift = 1 / (255 * std), -mean / std
        self._anchors: Tensor | None = None

    def predict(self, frame: Frame) -> Detections:
        import torch

        net: Any = self._net
        with torch.inference_mode():
            with self._stage("prepare"):
                images = self._prepared(frame).to(self._device)  # (1, 3, S, S), channels last
            with self._stage("model"):
                maps = list(net.backbone(images).values())
                heads = net.head(maps)
                logits, moves = heads["cls_logits"][0].float(), heads["bbox_regression"][0].float()  # (A, C), (A, 4)
            with self._stage("decode"):
                if self._anchors is None:
                    self._anchors = self._default_boxes(images, maps)
                return self._decoded(logits, moves, frame)

    def _prepared(self, frame: Frame) -> Tensor:
        import torch

        from engine.opencv import cv2

        # In single precision, as torchvision does it; OpenCV needs a tenth of the time.
        rgb = cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB).astype(np.float32)
        small = cv2.resize(rgb, self._size, interpolation=cv2.INTER_LINEAR)
        small *= self._scale
        small += self._shift
        return torch.from_numpy(small).permute(2, 0, 1).unsqueeze(0)

    def _default_boxes(self, images: Tensor, maps: list[Tensor]) -> Tensor:
        from torchvision.models.detection.image_list import ImageList

        net: Any = self._net
        height, width = images.shape[-2:]
        boxes: Tensor = net.anchor_generator(ImageList(images, [(height, width)]), maps)[0]
        return boxes  # (A, 4)

    def _decoded(self, logits: Tensor, moves: Tensor, frame: Frame) -> Detections:
        import torch
        from torchvision.ops import batched_nms, clip_boxes_to_image

        net: Any = self._net
        assert self._anchors is not None
        scores = logits.softmax(1)
        self._finite(scores)
        rows, labels = (scores[:, 1:] >= max(self.threshold, LEAST_THRESHOLD)).nonzero(as_tuple=True)
        labels = labels + 1  # the background is class 0
        sure = scores[rows, labels]
        if len(rows) > net.topk_candidates:
            kept = torch.cat(
                [_surest((labels == label).nonzero()[:, 0], sure, net.topk_candidates) for label in labels.unique()]
            )
            rows, labels, sure = rows[kept], labels[kept], sure[kept]
        boxes = net.box_coder.decode_single(moves[rows], self._anchors[rows])
        boxes = clip_boxes_to_image(boxes, self._size[::-1])
        keep = batched_nms(boxes, sure, labels, net.nms_thresh)[: net.detections_per_img]
        factor = np.array([frame.width / self._size[0], frame.height / self._size[1]] * 2, np.float32)
        return found(boxes[keep].cpu().numpy() * factor, sure[keep], self._places[labels[keep].cpu()], self.classes)


def _surest(places: Tensor, scores: Tensor, most: int) -> Tensor:
    if len(places) <= most:
        return places
    return places[scores[places].topk(most).indices]


def found(boxes: np.ndarray, scores: Tensor, class_ids: Tensor, classes: tuple[str, ...]) -> Detections:
    """Detections of what has a class; labels that mean nothing have the class −1."""
    ids = class_ids.cpu().numpy()
    named = ids >= 0
    return Detections(
        np.ascontiguousarray(boxes[named], np.float32), scores.float().cpu().numpy()[named], ids[named], classes
    )
