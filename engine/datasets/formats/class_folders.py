"""Things that lie in a folder for each class, such as videos or volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import psutil

from engine.datasets.formats.class_names import in_order
from engine.datasets.formats.files import PART_NAMES, prescribed
from engine.errors import BadInput

SHARE = 0.25
"""Of the memory that is free, what samples may take that are held whole; the parts of the split are copies."""


@dataclass(frozen=True)
class Sorted:
    """Names below a folder, with what their folders say.

    Attributes:
        classes: in their order.
        labels: int64, (N,).
        fixed: int8, (N,), the part that the folders prescribe; -1 for none.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    labels: np.ndarray
    fixed: np.ndarray


def class_and_part(name: str) -> tuple[str, int]:
    """The class and the part that the folders of a path say; "" and -1 where they don't."""
    steps = PurePosixPath(name).parts[:-1]
    part = PART_NAMES.get(steps[0].lower(), -1) if len(steps) > 1 else -1
    rest = steps[1:] if part >= 0 else steps
    return (rest[0] if rest else ""), part


def sorted_by_class(names: Iterable[str]) -> Sorted:
    """Names with their classes and parts; all lie in class folders."""
    found = tuple(names)
    kinds = [class_and_part(name) for name in found]
    classes = in_order(kind for kind, _ in kinds)
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[kind] for kind, _ in kinds], np.int64)
    return Sorted(found, tuple(classes), labels, prescribed([part for _, part in kinds]))


def require_classes(top: Path, names: Iterable[str], what: str) -> list[str]:
    """Those that lie in a class folder. Raises `BadInput` where there are none of them."""
    found = list(names)
    if not found:
        raise BadInput(f"{top} holds no {what}s.", f"Choose a folder that has one folder of {what}s for each class.")
    inside = [name for name in found if class_and_part(name)[0]]
    if not inside:
        raise BadInput(
            f"{top} holds {len(found):,} {what}{'' if len(found) == 1 else 's'} but no class folders.",
            f"Make a folder for each class inside it and move its {what}s there.",
        )
    return inside


def require_memory(count: int, shape: tuple[int, ...], what: str, free: Callable[[], int] | None = None) -> None:
    """Raise `BadInput` where so many samples of bytes would take too much of the memory that is free."""
    needed = count * int(np.prod(shape))
    limit = int(SHARE * (psutil.virtual_memory().available if free is None else free()))
    if needed > limit:
        raise BadInput(
            f"{count:,} {what}s of {'×'.join(map(str, shape))} values take {needed / 2**20:,.0f} MB of memory and may "
            f"take {limit / 2**20:,.0f} MB.",
            f"Choose a smaller size or fewer {what}s on the Data page.",
        )
