"""Opening what older versions saved: one numbered function per step, applied in order.

History lives only here. `NETWORK_STEPS[3]` turns a network of version 3 into one of version 4; a step gets and
returns plain dicts. Every file format ever shipped stays in `tests/data`, and a test opens each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.project.plain import Malformed, refuse, shown

Step = Callable[[dict[str, Any]], dict[str, Any]]

NETWORK_STEPS: Mapping[int, Step] = {}
PROJECT_STEPS: Mapping[int, Step] = {}


def migrate(plain: Any, format: str, current: int, steps: Mapping[int, Step], where: str = "") -> dict[str, Any]:
    """Bring a parsed file to version `current`, or raise `Malformed`: wrong format, no version, a newer one."""
    if not isinstance(plain, dict):
        refuse(where, f"must be an object, not {shown(plain)}")
    if plain.get("format") != format:
        refuse(where, f'is not a {format} file: its "format" is {shown(plain.get("format"))}')
    version = plain.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        refuse(where, f"has the version {shown(version)}, which never existed")
    if version > current:
        raise Malformed(
            f"{where or 'The file'} has version {shown(version)} of {format}; this Vitrine knows up to {current}.",
            "Open it with the newer Vitrine that made it, or update this one.",
        )
    for number in range(version, current):
        plain = {**steps[number](plain), "format": format, "version": number + 1}
    return plain
