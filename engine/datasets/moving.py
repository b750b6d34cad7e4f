"""What is known of pictures, moved along with their pixels: boxes, masks, edges, surface normals.

Everything is computed on the device of the pictures without waiting for it, and every sample by itself, so a sample's
targets don't depend on the batch that it is in. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.datasets.annotation import IGNORE, PADDING
from engine.device import send

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Outside = Literal["black", "edge", "mirror"]
_PADDING_MODES: dict[str, str] = {"black": "zeros", "edge": "border", "mirror": "reflection"}

SMALLEST_SHARE = 0.2
"""An object of which less than this share is left in the picture counts as gone."""
SMALLEST_SIDE = 1.0
"""A box that is narrower or lower than this after a move, in pixels, counts as gone."""
# A box closely bounds what is seen of its object when it is at most this much wider: pixels, and share of a side.
_CLOSE_PIXELS = 2.0
_CLOSE_SHARE = 0.05


def resample(pictures: Tensor, affine: np.ndarray, fills: Outside) -> Tensor:
    """Move the pixels of float pictures (N, C, H, W) by the backward maps `affine` (N, 2, 3), bilinearly."""
    grid = sampling_grid(affine, int(pictures.shape[2]), int(pictures.shape[3]), pictures.device)
    return _sampled(pictures, grid, fills)


def sampling_grid(affine: np.ndarray, height: int, width: int, device: torch.device) -> Tensor:
    """float32, (N, H, W, 2): where each pixel comes from, -1 being the left or top border and 1 the other."""
    import torch

    # grid_sample wants the source in units of half the picture: -1 is its left or top border, 1 the other.
    scaled = affine * np.array([2.0 / width, 2.0 / height]).reshape(1, 2, 1)
    theta = send(torch.from_numpy(scaled.astype(np.float32)), device)  # (N, 2, 3)
    xs, ys = _centred(width, device), _centred(height, device)
    along_x = theta[:, :, 0, None] * xs  # (N, 2, W)
    along_y = theta[:, :, 1, None] * ys + theta[:, :, 2, None]  # (N, 2, H)
    grid = torch.empty((len(affine), height, width, 2), device=device)
    for axis in (0, 1):
        torch.add(along_y[:, axis, :, None], along_x[:, axis, None, :], out=grid[..., axis])
    return grid


def _sampled(maps: Tensor, grid: Tensor, fills: Outside, mode: str = "bilinear") -> Tensor:
    from torch.nn import functional

    return functional.grid_sample(maps, grid, mode=mode, padding_mode=_PADDING_MODES[fills], align_corners=False)


@lru_cache(maxsize=32)
def _centred(size: int, device: torch.device) -> Tensor:
    """Pixel positions from the centre of a side: -1.5, -0.5, 0.5, 1.5 for four pixels."""
    import torch

    return torch.arange(size, dtype=torch.float32, device=device) - (size - 1) / 2


def forward(affine: np.ndarray, height: int, width: int) -> np.ndarray:
    """Turn backward maps about the centre into forward maps of places in the picture, both float64 (N, 2, 3).

    A place is (x, y, 1) in pixels from the top left corner of the picture, as in boxes.
    """
    a, b, x = (affine[:, 0, column] for column in range(3))
    c, d, y = (affine[:, 1, column] for column in range(3))
    # Written out, because a solver may round otherwise for another batch size.
    size = a * d - b * c
    p, q, r, s = d / size, -b / size, -c / size, a / size
    middle_x, middle_y = width / 2, height / 2
    right = middle_x - (p * (middle_x + x) + q * (middle_y + y))
    down = middle_y - (r * (middle_x + x) + s * (middle_y + y))
    return np.stack([np.stack([p, q, right], axis=1), np.stack([r, s, down], axis=1)], axis=1)


class Moving:
    """The targets of a batch on their way through the moves, and the other light, of its pictures.

    What becomes of each where the old picture ends, and otherwise:

    - boxes: their corners are mapped and the upright hull of them is clipped to the picture. Where the instance map
      shows the object, and its box was close around it, a turned, slanted or clipped box is drawn together about what
      is still seen of the object. A box of which less than `SMALLEST_SHARE` is left (pixels where there is a map, else
      area), or that is smaller than `SMALLEST_SIDE`, becomes padding.
    - instances: the nearest pixel; 0 outside whatever is seen there, because a mirror image is no object of the list.
      An object without a box disappears from the map.
    - regions, edges: the nearest pixel; outside `IGNORE` with "black", else alike the picture.
    - normals: the nearest pixel, 0 (unknown) outside; their x and y turn with the picture.
    - clean: bilinearly, filled as the picture. Another light or colour is given to it too (`recolour`), since nobody
      could tell by the picture what there is to undo; noise, blur and covered parts don't reach it, so the network
      learns to undo them.
    - everything else stays as it is.

    Args:
        targets: by the names of `engine.datasets.annotation`; they are not changed.
        height, width: of the pictures, in pixels.
        device: of the pictures and the targets; there may be no targets.
    """

    def __init__(self, targets: Mapping[str, Tensor], height: int, width: int, device: torch.device) -> None:
        self._targets = targets
        self._size = (height, width)
        self._device = device
        self._maps = {name: targets[name].float() for name in ("regions", "edges", "clean") if name in targets}
        self._normals = targets.get("normals")
        self._boxes = _Boxes(targets, height, width) if "boxes" in targets else None
        self._instances = targets["instances"].float() if "instances" in targets else None
        self._changed = False

    def move(self, affine: np.ndarray, fills: Outside) -> None:
        """Move all by the backward maps `affine`, float64 (N, 2, 3), as `resample` moves the pictures."""
        import torch

        self._changed = True
        flat = [name for name in ("regions", "edges") if name in self._maps]
        if flat or "clean" in self._maps or self._normals is not None or self._instances is not None:
            grid = sampling_grid(affine, *self._size, self._device)
        if flat:
            unknown = IGNORE if fills == "black" else 0
            stacked = torch.stack([self._maps[name] for name in flat], dim=1) - unknown
            moved = _sampled(stacked, grid, fills, "nearest") + unknown
            self._maps.update({name: moved[:, place] for place, name in enumerate(flat)})
        if "clean" in self._maps:
            self._maps["clean"] = _sampled(self._maps["clean"], grid, fills)
        if self._normals is not None:
            self._normals = _turned(_sampled(self._normals, grid, "black", "nearest"), affine)
        if self._instances is not None:
            self._instances = _sampled(self._instances[:, None], grid, "black", "nearest")[:, 0]
        if self._boxes is not None:
            self._instances = self._boxes.move(affine, self._instances)

    def recolour(self, change: Callable[[Tensor], Tensor]) -> None:
        """Give the clean picture, float32 (N, C, H, W) from 0 to 255, the light and colour that the picture was given.

        Args:
            change: returns changed values of that shape, which are clamped, and leaves those that it is given alone.
        """
        if "clean" in self._maps:
            self._changed = True
            self._maps["clean"] = change(self._maps["clean"]).clamp(0, 255)

    def finish(self) -> dict[str, Tensor]:
        """All targets, in the types and shapes in which they came."""
        if not self._changed:
            return dict(self._targets)
        moved = dict(self._targets)
        for name, values in self._maps.items():
            moved[name] = values.round().clamp(0, 255).to(self._targets[name].dtype)
        if self._instances is not None:
            moved["instances"] = self._instances.round().to(self._targets["instances"].dtype)
        if self._normals is not None:
            moved["normals"] = self._normals
        if self._boxes is not None:
            moved["boxes"] = self._boxes.boxes
            if "box_labels" in self._targets:
                moved["box_labels"] = self._targets["box_labels"].masked_fill(~self._boxes.real, PADDING)
        return moved


def _turned(normals: Tensor, affine: np.ndarray) -> Tensor:
    """Turn surface normals (N, 3, H, W) with their picture.

    The slopes of a surface go with the transposed backward map; depths grow as the picture does (by the root of the
    change in area), so enlarging alone changes no normal and a turn or a mirror is done to x and y as it is to places.
    """
    import torch

    a, b, c, d = affine[:, 0, 0], affine[:, 0, 1], affine[:, 1, 0], affine[:, 1, 1]
    root = np.sqrt(np.abs(a * d - b * c))
    linear = np.stack([a / root, c / root, b / root, d / root], axis=1).astype(np.float32)  # transposed, in one row
    turn = send(torch.from_numpy(linear), normals.device)[:, :, None, None]  # (N, 4, 1, 1)
    x, y, z = normals.unbind(1)
    across = turn[:, 0] * x + turn[:, 1] * y
    along = turn[:, 2] * x + turn[:, 3] * y
    before, now = x * x + y * y + z * z, across * across + along * along + z * z
    # The ratio is exactly 1 for turns that keep the length, and unknown normals stay 0.
    scale = torch.where(now > 0, before / now, torch.ones_like(now)).sqrt()
    return torch.stack([across * scale, along * scale, z * scale], dim=1)


class _Boxes:
    """The boxes of a batch: where their corners are now, and which are still there."""

    def __init__(self, targets: Mapping[str, Tensor], height: int, width: int) -> None:
        self._height, self._width = height, width
        self.boxes = targets["boxes"].float()  # (N, M, 4)
        wide, high = _sides(self.boxes)
        self.real = (wide > 0) & (high > 0)  # (N, M)
        if "box_labels" in targets:
            self.real = self.real & (targets["box_labels"] >= 0)
        self._corners = _corners(self.boxes)
        self._left = self.real.float()  # share of each object that is left
        self._counts: Tensor | None = None
        self._close = self.real & False
        if "instances" in targets:
            seen, tight = _bounds_of(targets["instances"].long(), self.boxes.shape[1])
            self._counts = seen.float()
            slack = (self.boxes - tight).abs()
            allowed = _CLOSE_PIXELS + _CLOSE_SHARE * wide.maximum(high)
            self._close = (seen > 0) & (slack <= allowed[..., None]).all(-1)

    def move(self, affine: np.ndarray, instances: Tensor | None) -> Tensor | None:
        """Move by backward maps; returns the (already moved) instance map without the objects that are gone."""
        import torch

        ahead = forward(affine, self._height, self._width)
        still = _on(np.all(ahead == np.array([[1.0, 0, 0], [0, 1, 0]]), axis=(1, 2)), self.boxes)[:, None]  # (N, 1)
        linear = ahead[:, :, :2]
        upright = (linear[:, 0, 1] == 0) & (linear[:, 1, 0] == 0) | (linear[:, 0, 0] == 0) & (linear[:, 1, 1] == 0)
        maps = _on(ahead.astype(np.float32), self.boxes)[:, None]  # (N, 1, 2, 3)
        x, y = self._corners[..., 0], self._corners[..., 1]  # (N, M, 4)
        places = [maps[..., row, 0:1] * x + maps[..., row, 1:2] * y + maps[..., row, 2:3] for row in (0, 1)]
        corners = torch.stack(places, dim=-1)  # (N, M, 4, 2)
        hull = torch.cat([corners.amin(dim=2), corners.amax(dim=2)], dim=-1)
        clipped = self._clipped(hull)
        cut = (clipped != hull).any(-1)
        area, whole = _area(clipped), _area(hull)
        left = self._left * torch.where(whole > 0, area / whole.clamp(min=1e-12), torch.zeros_like(whole))
        boxes = clipped
        if instances is not None and self._counts is not None:
            changed = cut | ~_on(upright, self.boxes)[:, None]
            boxes, left = self._about_what_is_seen(clipped, left, instances, changed, affine)
        wide, high = _sides(boxes)
        gone = (left < SMALLEST_SHARE) | (wide < SMALLEST_SIDE) | (high < SMALLEST_SIDE)
        self.real = self.real & (still | ~gone)
        self.boxes = torch.where(self.real[..., None], boxes, torch.zeros_like(boxes))
        self._left = left
        # What was cut off does not come back with a later move.
        self._corners = torch.where(cut[..., None, None], _corners(boxes), corners)
        return None if instances is None else self._without_gone(instances)

    def _clipped(self, boxes: Tensor) -> Tensor:
        import torch

        x = boxes[..., 0::2].clamp(0, self._width)
        y = boxes[..., 1::2].clamp(0, self._height)
        return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], dim=-1)

    def _about_what_is_seen(
        self, clipped: Tensor, left: Tensor, instances: Tensor, changed: Tensor, affine: np.ndarray
    ) -> tuple[Tensor, Tensor]:
        """Boxes drawn together about the pixels of the moved map where that says more, and the shares left by it."""
        import torch

        assert self._counts is not None
        seen, tight = _bounds_of(instances.round().long(), self.boxes.shape[1])
        growth = 1 / np.abs(affine[:, 0, 0] * affine[:, 1, 1] - affine[:, 0, 1] * affine[:, 1, 0])
        self._counts = self._counts * _on(growth.astype(np.float32), clipped)[:, None]
        mapped = self._counts > 0
        left = torch.where(mapped, seen / self._counts.clamp(min=1e-12), left)
        # Sampled pixels may reach beyond the exact hull by half a pixel.
        inner = torch.cat([clipped[..., :2].maximum(tight[..., :2]), clipped[..., 2:].minimum(tight[..., 2:])], dim=-1)
        use = changed & self._close & (seen > 0)
        return torch.where(use[..., None], inner, clipped), left

    def _without_gone(self, instances: Tensor) -> Tensor:
        import torch

        count = self.real.shape[1]
        ids = instances.round().long()
        kept = torch.cat([torch.ones_like(self.real[:, :1]), self.real], dim=1)  # (N, M + 1)
        # Pixels of objects that have no row stay.
        flat = ids.clamp(max=count).flatten(1)
        stays = kept.gather(1, flat).view_as(ids) | (ids > count)
        return torch.where(stays, instances, torch.zeros_like(instances))


def _on(values: np.ndarray, like: Tensor) -> Tensor:
    import torch

    return send(torch.from_numpy(np.ascontiguousarray(values)), like.device)


def _corners(boxes: Tensor) -> Tensor:
    """(..., 4) to (..., 4, 2): the corners clockwise from the top left."""
    import torch

    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([torch.stack([x1, x2, x2, x1], -1), torch.stack([y1, y1, y2, y2], -1)], -1)


def _sides(boxes: Tensor) -> tuple[Tensor, Tensor]:
    return boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]


def _area(boxes: Tensor) -> Tensor:
    wide, high = _sides(boxes)
    return wide.clamp(min=0) * high.clamp(min=0)


def _bounds_of(instances: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """How many pixels of each object the map (N, H, W) shows, (N, M), and their tight boxes, float32 (N, M, 4)."""
    import torch

    number, height, width = instances.shape
    device = instances.device
    slots = count + 2  # the background, the objects, and one for ids without a row
    ids = instances.clamp(max=count + 1)
    pictures = torch.arange(number, device=device)[:, None, None]
    ys, xs = torch.arange(height, device=device)[:, None], torch.arange(width, device=device)
    in_rows = torch.zeros(number * height * slots, dtype=torch.int32, device=device)
    at = ((pictures * height + ys) * slots + ids).flatten()
    in_rows = in_rows.scatter_add_(0, at, torch.ones_like(at, dtype=torch.int32)).view(number, height, slots)
    in_columns = torch.zeros(number * width * slots, dtype=torch.bool, device=device)
    in_columns = in_columns.scatter_(0, ((pictures * width + xs) * slots + ids).flatten(), True)
    sides = (*_ends(in_columns.view(number, width, slots)), *_ends(in_rows > 0))
    tight = torch.stack([sides[0], sides[2], sides[1], sides[3]], dim=-1)  # (N, slots, 4)
    return in_rows.sum(dim=1)[:, 1:-1], tight[:, 1:-1]


def _ends(present: Tensor) -> tuple[Tensor, Tensor]:
    """Where along the middle axis of bool (N, L, S) the first True begins and the last one ends, float32 (N, S)."""
    import torch

    length = present.shape[1]
    places = torch.arange(length, dtype=torch.float32, device=present.device)[:, None]
    first = torch.where(present, places, float(length)).amin(dim=1)
    return first, torch.where(present, places + 1, 0.0).amax(dim=1)
