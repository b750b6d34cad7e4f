"""The kinds of solids in a generated scene: which points they cover, how high they stand and where they face.

Every solid lies on the plane of the picture, is one unit in radius and is known in closed form, so that outlines,
heights and normals agree to rounding. u points to the right, v down, and heights towards the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RING_MIDDLE = 0.7
"""From the centre of a ring to the middle of its tube."""
RING_TUBE = 0.3
"""Half the thickness of a ring."""
_ROUND = 64  # corners of a round outline


@dataclass(frozen=True, eq=False)
class Relief:
    """A solid seen from above at some points.

    Attributes:
        inside: bool, (H, W): whether the solid covers the point.
        height: float64, (H, W), in radii; 0 outside.
        normals: float64, (H, W, 3): unit vectors; of no meaning outside.
    """

    inside: np.ndarray
    height: np.ndarray
    normals: np.ndarray


class Solid:
    """One kind of solid. `rings` are its outlines, float64, (P, 2), counted as holes where they overlap."""

    rings: tuple[np.ndarray, ...]

    def relief(self, u: np.ndarray, v: np.ndarray, steepness: float) -> Relief:
        """The solid at the points (u, v), each (H, W).

        Args:
            steepness: height of the tip in radii; round solids have the height of their own.
        """
        raise NotImplementedError


class Ball(Solid):
    """Half a ball: z² = 1 − u² − v², and the normal is the point itself."""

    rings = (np.stack([f(np.arange(_ROUND) * (2 * np.pi / _ROUND)) for f in (np.cos, np.sin)], axis=1),)

    def relief(self, u: np.ndarray, v: np.ndarray, steepness: float) -> Relief:
        left = 1 - u * u - v * v
        height = np.sqrt(np.maximum(left, 0))
        return Relief(left > 0, height, np.stack([u, v, height], axis=2))


class Torus(Solid):
    """Half a ring with a round tube: z² = t² − (√(u² + v²) − m)²."""

    rings = (Ball.rings[0], Ball.rings[0][::-1] * (RING_MIDDLE - RING_TUBE))

    def relief(self, u: np.ndarray, v: np.ndarray, steepness: float) -> Relief:
        distance = np.sqrt(u * u + v * v)
        across = (distance - RING_MIDDLE) / RING_TUBE
        left = 1 - across * across
        height = np.sqrt(np.maximum(left, 0))
        outward = across / np.maximum(distance, 1e-12)
        return Relief(left > 0, RING_TUBE * height, np.stack([outward * u, outward * v, height], axis=2))


class Pyramid(Solid):
    """Flat faces from an outline up to a tip over the centre, which has to see the whole outline.

    Over the face between the corners a and b the height is steepness · (1 − g·p), where g·a = g·b = 1.

    Args:
        corners: (P, 2), in the order of their angles.
    """

    def __init__(self, corners: np.ndarray) -> None:
        angles = np.arctan2(corners[:, 1], corners[:, 0])
        corners = corners[np.argsort(angles)]
        self.rings = (corners,)
        self._angles = np.sort(angles)
        following = np.roll(corners, -1, axis=0)
        pairs = np.stack([corners, following], axis=1)  # (P, 2 corners, 2)
        self._slopes = np.linalg.solve(pairs, np.ones((len(corners), 2, 1)))[:, :, 0]  # (P, 2): g of each face

    def relief(self, u: np.ndarray, v: np.ndarray, steepness: float) -> Relief:
        # Points before the first corner belong to the face that closes the outline, which stands last.
        face = np.searchsorted(self._angles, np.arctan2(v, u), side="right") - 1
        slopes = self._slopes[face]  # (H, W, 2)
        left = 1 - slopes[:, :, 0] * u - slopes[:, :, 1] * v
        facing = np.concatenate([self._slopes * steepness, np.ones((len(self._slopes), 1))], axis=1)
        facing /= np.linalg.norm(facing, axis=1, keepdims=True)
        return Relief(left > 0, steepness * np.maximum(left, 0), facing[face])


def _spikes(radii: list[float]) -> np.ndarray:
    """Corners at even angles around the centre, the first one upwards."""
    angles = np.arange(len(radii)) * (2 * np.pi / len(radii)) - np.pi / 2
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(radii)[:, None]


def _cross() -> np.ndarray:
    arm, half = np.sqrt(1 - 0.3**2), 0.3
    quarter = np.array([[arm, -half], [arm, half], [half, half]])
    turned = [quarter, quarter[:, ::-1] * [-1, 1], -quarter, quarter[:, ::-1] * [1, -1]]
    return np.concatenate(turned)


SOLIDS: dict[str, Solid] = {
    "circle": Ball(),
    "square": Pyramid(_spikes([1.0] * 4)),
    "triangle": Pyramid(_spikes([1.0] * 3)),
    "star": Pyramid(_spikes([1.0, 0.45] * 5)),
    "ring": Torus(),
    "cross": Pyramid(_cross()),
}
"""Every kind under the name of its outline."""
