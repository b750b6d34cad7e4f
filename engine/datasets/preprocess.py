"""From any picture to the network's input, in one place for training, evaluation, live view and export.

Importing this module imports neither torch nor cv2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.spec import PreprocessSpec
from engine.errors import BadInput

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Placement:
    """Where a picture lies in what the network sees: new = old · scale + offset, along each axis.

    Attributes:
        height, width: of what the network sees.
        scale, offset: (x, y).
    """

    height: int
    width: int
    scale: tuple[float, float]
    offset: tuple[float, float]

    def boxes(self, boxes: np.ndarray) -> np.ndarray:
        """float64, (M, 4), boxes of the picture in the network's pixels, not clipped."""
        return np.asarray(boxes.astype(np.float64) * (self.scale * 2) + (self.offset * 2))

    def boxes_back(self, boxes: np.ndarray) -> np.ndarray:
        """float64, (M, 4), boxes in the network's pixels as boxes of the picture."""
        return np.asarray((boxes.astype(np.float64) - (self.offset * 2)) / (self.scale * 2))

    def nearest(self, values: np.ndarray, outside: int) -> np.ndarray:
        """A map (h, w, ...) of the picture at the network's size, each pixel taken from the nearest one."""
        columns, rows = (
            np.floor((np.arange(length) + 0.5 - self.offset[axis]) / self.scale[axis]).astype(np.int64)
            for axis, length in ((0, self.width), (1, self.height))
        )
        old_height, old_width = values.shape[:2]
        made = values[rows.clip(0, old_height - 1)][:, columns.clip(0, old_width - 1)]
        made[(rows < 0) | (rows >= old_height)] = outside
        made[:, (columns < 0) | (columns >= old_width)] = outside
        return np.ascontiguousarray(made)

    def thin(self, values: np.ndarray) -> np.ndarray:
        """A map of thin lines, uint8 (h, w), at the network's size, so that no line is lost where it shrinks."""
        from engine.opencv import cv2

        made = self.nearest(values, 255)
        if min(self.scale) >= 1:
            return made
        reach = tuple(int(np.ceil(1 / factor)) | 1 for factor in self.scale)
        thick = cv2.dilate((values == 1).astype(np.uint8), np.ones(reach[::-1], np.uint8))
        return np.where((made == 0) & (self.nearest(thick, 0) > 0), np.uint8(1), made)


class Preprocessor:
    """What a `PreprocessSpec` says, done. It travels with every trained network.

    Raises:
        BadInput: the numbers of means or standard deviations fit neither one nor the number of channels.
    """

    def __init__(self, spec: PreprocessSpec) -> None:
        for name, values in (("means", spec.mean), ("standard deviations", spec.std)):
            if len(values) not in (1, spec.channels):
                raise BadInput(
                    f"The preprocessing has {len(values)} {name} for {spec.channels} channel(s).",
                    f"Give one number for all channels, or {spec.channels} of them.",
                )
        self.spec = spec
        self._constants: dict[torch.device, tuple[torch.Tensor, torch.Tensor]] = {}

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of what `picture` returns."""
        return self.spec.channels, self.spec.height, self.spec.width

    def picture(self, rgb: np.ndarray) -> np.ndarray:
        """Return what the network sees: uint8, (C, H, W).

        Args:
            rgb: uint8, (H, W, 3) in RGB, or (H, W) in grey; any size.

        Shrinking averages areas, enlarging interpolates smoothly (bicubic). The bars of "pad" are black, after any
        inversion, so white paper that becomes black goes on seamlessly.
        """
        spec = self.spec
        picture = _with_channels(rgb, spec.channels)
        if spec.fit == "crop":
            picture = _middle(picture, spec.height, spec.width)
        if spec.fit == "pad":
            picture = resize(picture, *_inside(picture.shape[:2], spec.height, spec.width))
        else:
            picture = resize(picture, spec.height, spec.width)
        if spec.invert:
            picture = 255 - picture
        if picture.shape[:2] != (spec.height, spec.width):
            picture = _padded(picture, spec.height, spec.width)
        channels_last = picture.reshape(spec.height, spec.width, spec.channels)
        return np.ascontiguousarray(channels_last.transpose(2, 0, 1))

    def placement(self, size: tuple[int, int]) -> Placement:
        """Where a picture of `size` (height, width) lies in what `picture` makes of it."""
        spec, (height, width) = self.spec, size
        if spec.fit == "crop":
            top, left, new_height, new_width = _middle_part(size, spec.height, spec.width)
            scale = (spec.width / new_width, spec.height / new_height)
            return Placement(spec.height, spec.width, scale, (-left * scale[0], -top * scale[1]))
        inner = _inside(size, spec.height, spec.width) if spec.fit == "pad" else (spec.height, spec.width)
        top, left = (spec.height - inner[0]) // 2, (spec.width - inner[1]) // 2
        return Placement(spec.height, spec.width, (inner[1] / width, inner[0] / height), (float(left), float(top)))

    def normalise(self, batch: torch.Tensor) -> torch.Tensor:
        """Return float32, (N, C, H, W), on the batch's device: (x / 255 − mean) / std.

        Args:
            batch: uint8 (or float with values 0 to 255), (N, C, H, W).
        """
        scale, offset = self._scale_and_offset(batch.device)
        return batch.float().mul_(scale).add_(offset)

    def restore(self, batch: torch.Tensor) -> torch.Tensor:
        """The opposite of `normalise`: uint8, of the same shape and on the same device."""
        scale, offset = self._scale_and_offset(batch.device)
        return batch.float().sub(offset).div_(scale).round_().clamp_(0, 255).byte()

    def _scale_and_offset(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        if device not in self._constants:
            # Kept for later calls, of which some may want gradients: those cannot go through inference tensors.
            with torch.inference_mode(False):
                std = torch.tensor(self.spec.std, dtype=torch.float64)
                scale = 1 / (255 * std)
                offset = -torch.tensor(self.spec.mean, dtype=torch.float64) / std
                self._constants[device] = (
                    scale.to(torch.float32).to(device).view(1, -1, 1, 1),
                    offset.to(torch.float32).to(device).view(1, -1, 1, 1),
                )
        return self._constants[device]

    def __getstate__(self) -> dict[str, object]:
        return {"spec": self.spec, "_constants": {}}


def _with_channels(picture: np.ndarray, channels: int) -> np.ndarray:
    """(H, W, 3) for colour or (H, W) for grey, with the weights of ITU-R BT.601."""
    from engine.opencv import cv2

    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    if channels == 3:
        return np.repeat(picture[:, :, None], 3, axis=2) if picture.ndim == 2 else picture
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return uint8, (height, width[, 3]): areas are averaged where it shrinks, bicubic where it grows."""
    from engine.opencv import cv2

    old_height, old_width = picture.shape[:2]
    if (old_height, old_width) == (height, width):
        return picture
    # OpenCV averages areas only when both sides shrink, so mixed cases go in two steps.
    small = (min(width, old_width), min(height, old_height))
    if small != (old_width, old_height):
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    if small != (width, height):
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(picture)


def _middle(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """The largest middle part that has the proportions of (height, width)."""
    top, left, new_height, new_width = _middle_part(picture.shape[:2], height, width)
    return picture[top : top + new_height, left : left + new_width]


def _middle_part(size: tuple[int, ...], height: int, width: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of that part."""
    old_height, old_width = size[:2]
    new_height = max(1, min(old_height, round(old_width * height / width)))
    new_width = max(1, min(old_width, round(old_height * width / height)))
    return (old_height - new_height) // 2, (old_width - new_width) // 2, new_height, new_width


def _inside(size: tuple[int, ...], height: int, width: int) -> tuple[int, int]:
    """The largest (height, width) with the picture's proportions that fits."""
    factor = min(height / size[0], width / size[1])
    return max(1, min(height, round(size[0] * factor))), max(1, min(width, round(size[1] * factor)))


def _padded(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    canvas = np.zeros((height, width, *picture.shape[2:]), np.uint8)
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


class Unprocessed:
    """Stands where a `Preprocessor` would for sequences, which reach the network as they are.

    Clips and volumes, samples of four axes, are held as bytes and reach it as float32 from 0 to 1.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.input_shape = shape
        self._bytes = len(shape) == 4

    def normalise(self, batch: torch.Tensor) -> torch.Tensor:
        return batch.float().div_(255) if self._bytes else batch

    def restore(self, batch: torch.Tensor) -> torch.Tensor:
        return batch.float().mul(255).round_().clamp_(0, 255).byte() if self._bytes else batch
