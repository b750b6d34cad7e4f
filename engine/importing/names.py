"""Names for what modules and their calls become, out of their paths."""

from __future__ import annotations

import re

from engine.graph.ids import free_id, numbered, why_not


def short_name(path: str, outer: str, type: str, taken: set[str]) -> str:
    """The last words of a path, as an id that is free: "layer1.0" as block0 in layer1, "features.0" as features_0."""
    inside = path.startswith(f"{outer}.")
    parts = [part for part in (path[len(outer) + 1 :] if inside else path).split(".") if part]
    parts = [re.sub(r"\W", "_", part).strip("_") for part in parts]
    if not parts:
        return numbered(type, taken)
    start = next((n for n in reversed(range(len(parts))) if not parts[n][:1].isdigit()), None)
    if start is None:
        stem = type if type == "block" else f"{type}_"
        parts, start = [f"{stem}{'_'.join(parts)}"], 0
    for first in range(start, -1, -1):
        wanted = "_".join(parts[first:])
        if why_not(wanted):
            wanted = f"{type}_{wanted}".strip("_")
        if wanted not in taken and not why_not(wanted):
            return wanted
    return free_id("_".join(parts[start:]), taken)


def title(path: str) -> str:
    """What a block is called that has no class name of its own: "layer1.0.downsample" as downsample."""
    words = [part for part in path.split(".") if not part.isdigit()]
    return words[-1] if words else "Block"
