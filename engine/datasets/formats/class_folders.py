"""Things that lie in a folder for each class, such as videos or volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import psutil

from engine.datasets.formats.class_names import in_order
from engine.datasets.formats.faults import Faults
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


def classes_and_parts(names: Iterable[str]) -> dict[str, tuple[str, int]]:
    """The class and the part that the folders of each path say; "" and -1 where they don't.

    Folders called train, test and so on are parts where one of them has class folders inside; what lies in a part but
    in no class folder has no class. The parts may lie together in one folder more. A class may be called "test"
    beside other classes.
    """
    steps = {name: PurePosixPath(name).parts[:-1] for name in names}
    if _are_parts(steps.values()):
        return {name: _inside_part(places) for name, places in steps.items()}
    tops = {places[0] for places in steps.values() if places}
    if len(tops) == 1 and _are_parts(places[1:] for places in steps.values()):
        return {name: _inside_part(places[1:]) for name, places in steps.items()}
    return {name: (places[0] if places else "", -1) for name, places in steps.items()}


def _are_parts(places: Iterable[tuple[str, ...]]) -> bool:
    """Whether the outermost folders are parts of a dataset, with class folders inside."""
    found = [place for place in places if place]
    parts = [PART_NAMES.get(place[0].lower(), -1) for place in found]
    with_classes = {part for part, place in zip(parts, found, strict=True) if part >= 0 and len(place) > 1}
    return bool(with_classes) and (0 in with_classes or -1 not in parts)


def _inside_part(places: tuple[str, ...]) -> tuple[str, int]:
    part = PART_NAMES.get(places[0].lower(), -1) if places else -1
    rest = places[1:] if part >= 0 else places
    return (rest[0] if rest else ""), part


def sorted_by_class(names: Iterable[str], among: Iterable[str] | None = None) -> Sorted:
    """Names with their classes and parts; those that lie in no class folder are left out.

    Args:
        among: all that lies in the folder, from which it is seen what its folders mean; None for `names`.
    """
    wanted = tuple(names)
    known = classes_and_parts(wanted if among is None else among)
    found = tuple(name for name in wanted if known[name][0])
    kinds = [known[name] for name in found]
    classes = in_order(kind for kind, _ in kinds)
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[kind] for kind, _ in kinds], np.int64)
    return Sorted(found, tuple(classes), labels, prescribed([part for _, part in kinds]))


def require_classes(top: Path, names: Iterable[str], what: str, faults: Faults) -> list[str]:
    """Those that lie in a class folder; the others become faults. Raises `BadInput` where there are none of them."""
    found = list(names)
    if not found:
        raise BadInput(f"{top} holds no {what}s.", f"Choose a folder that has one folder of {what}s for each class.")
    known = classes_and_parts(found)
    inside = [name for name in found if known[name][0]]
    if not inside:
        raise BadInput(
            f"{top} holds {len(found):,} {what}{'' if len(found) == 1 else 's'} but no class folders.",
            f"Make a folder for each class inside it and move its {what}s there.",
        )
    for name in found:
        kind, part = known[name]
        if not kind:
            place = "no class folder" if part < 0 else f"{PurePosixPath(name).parent} but in no class folder there"
            faults.refuse(name, f"It lies in {place}, so its class is not known.")
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
