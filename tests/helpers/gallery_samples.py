"""Gallery networks at the smallest size that they take."""

from __future__ import annotations

from typing import Any

from engine.gallery import GALLERY, open_network
from engine.gallery.base import with_input
from engine.graph.spec import NetworkSpec


def small(id: str, **options: Any) -> NetworkSpec:
    """The gallery network `id` for the smallest pictures that it takes."""
    spec, smallest = open_network(id, **options), GALLERY.get(id).smallest
    if smallest is None:
        return spec
    return with_input(spec, (spec.inputs[0].params["shape"][0], *smallest))
