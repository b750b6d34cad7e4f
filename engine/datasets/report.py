"""What a person should know of a dataset before training on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.base import PARTS, Fault, PictureSet, parse_source
from engine.datasets.examine import Examination
from engine.datasets.prepare import examine, parts_of
from engine.datasets.spec import DataSpec
from engine.errors import BadInput
from engine.events import Emit

SHOWN = 1000  # pictures listed with a finding at most


@dataclass(frozen=True)
class Finding:
    """Something about the dataset that may spoil a training.

    Attributes:
        kind: stable id, such as "leaking".
        what, advice: two sentences.
        pictures: indices of pictures concerned, the first `SHOWN` of them.
    """

    kind: str
    severity: Literal["info", "warning", "error"]
    what: str
    advice: str
    pictures: tuple[int, ...] = ()


@dataclass(frozen=True)
class DatasetReport:
    """Counts, sizes and findings.

    Attributes:
        counts: int64, (classes, 3): pictures for training, validation and test; of all where there are no classes.
        smallest, largest, usual: (width, height) in pixels; by area, and the most frequent. (0, 0) without pictures.
        faults: what of the dataset is left out or was put right.
    """

    classes: tuple[str, ...]
    counts: np.ndarray
    smallest: tuple[int, int]
    largest: tuple[int, int]
    usual: tuple[int, int]
    findings: tuple[Finding, ...]
    faults: tuple[Fault, ...]

    @property
    def total(self) -> int:
        """Pictures that can be used."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class _Case:
    """What the checks look at."""

    data: DataSpec
    pictures: PictureSet
    examination: Examination
    part: np.ndarray  # int8, (N,), 0..2, or -1 for unreadable pictures
    counts: np.ndarray


def inspect(data: DataSpec, root: Path, emit: Emit, token: CancelToken) -> DatasetReport:
    """Load a dataset, look at every picture and report. Raises what `DatasetSource.load` raises."""
    pictures = parse_source(data.source).load(root, emit, token)
    if not isinstance(pictures, PictureSet):
        raise BadInput("These are sequences, not pictures.", "Choose a dataset of pictures.")
    return report(data, pictures, examine(pictures, emit, token))


def report(data: DataSpec, pictures: PictureSet, examination: Examination) -> DatasetReport:
    """The report on pictures that have been looked at; quick, so it can follow every change of the split."""
    part = np.full(len(pictures), -1, np.int8)
    counts = np.zeros((max(1, len(pictures.classes)), 3), np.int64)
    for number, indices in enumerate(parts_of(data, pictures, examination)):
        part[indices] = number
        counts[:, number] = np.bincount(pictures.labels[indices], minlength=len(counts))
    case = _Case(data, pictures, examination, part, counts)
    findings = tuple(finding for check in _CHECKS if (finding := check(case)) is not None)
    sizes = examination.sizes[examination.readable]
    return DatasetReport(pictures.classes, counts, *_extremes(sizes), findings, pictures.faults + examination.faults)


def _extremes(sizes: np.ndarray) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    if len(sizes) == 0:
        return (0, 0), (0, 0), (0, 0)
    area = sizes[:, 0].astype(np.int64) * sizes[:, 1]
    _, first, times = np.unique(sizes[:, 0].astype(np.int64) << 32 | sizes[:, 1], return_index=True, return_counts=True)
    rows = (sizes[area.argmin()], sizes[area.argmax()], sizes[first[times.argmax()]])
    smallest, largest, usual = ((int(row[0]), int(row[1])) for row in rows)
    return smallest, largest, usual


def _some(indices: np.ndarray) -> tuple[int, ...]:
    return tuple(int(index) for index in indices[:SHOWN])


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _count(count: int, one: str) -> str:
    several = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"1 {one}" if count == 1 else f"{count:,} {several}"


def left_out_words(faults: Sequence[Fault]) -> list[str]:
    """What is left out, kind by kind: "2 files", "1 line of labels/3.txt", "5 rows of 2 files".

    Pictures without labels are not among it: nothing is wrong with them.
    """
    found: dict[str, list[str]] = {}
    for fault in faults:
        if not fault.repaired and fault.thing != "unlabelled":
            # A table of numbers names the line in words.
            file = fault.name.rpartition(", line ")[0] or fault.name if fault.thing == "line" else fault.name
            found.setdefault(fault.thing, []).append(file)
    told = []
    for thing, names in sorted(found.items()):
        files = sorted(set(names))
        where = files[0] if len(files) == 1 else _count(len(files), "file")
        told.append(f"{_count(len(names), thing)} of {where}" if thing else _count(len(files), "file"))
    return told


def unlabelled_words(faults: Sequence[Fault]) -> str:
    """ "2 pictures have no labels yet"; "" where all have some."""
    count = sum(fault.thing == "unlabelled" for fault in faults)
    return f"{_pictures(count)} {'has' if count == 1 else 'have'} no labels yet" if count else ""


def _joined(told: Sequence[str]) -> str:
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def _unreadable(case: _Case) -> Finding | None:
    faults = [one for one in case.pictures.faults + case.examination.faults if not one.repaired and not one.thing]
    if not faults:
        return None
    return Finding(
        "unreadable",
        "warning",
        f"{left_out_words(faults)[0]} cannot be used and will be left out, such as {faults[0].place}.",
        "The list says why for each; replace or remove them.",
        _some(np.flatnonzero(~case.examination.readable)),
    )


def _left_out(case: _Case) -> Finding | None:
    faults = [one for one in case.pictures.faults if not one.repaired and one.thing not in ("", "unlabelled")]
    if not faults:
        return None
    example = f", such as {faults[0].place}" if len({one.place for one in faults}) > 1 else ""
    return Finding(
        "left_out",
        "warning",
        f"{_joined(left_out_words(faults))} {'is' if len(faults) == 1 else 'are'} left out{example}.",
        "The list says why for each; put them right in the file, or go on without them.",
    )


def _unlabelled(case: _Case) -> Finding | None:
    words = unlabelled_words(case.pictures.faults)
    if not words:
        return None
    return Finding(
        "unlabelled",
        "info",
        f"{words} and will be left out.",
        "Label them on the Label page, or mark as finished those that have nothing in them.",
    )


def _leaking(case: _Case) -> Finding | None:
    twins = case.examination.twins
    used = case.part >= 0
    leaks = np.zeros(len(case.part), bool)
    for seen, judged in ((0, 1), (0, 2), (1, 2)):
        shared = np.intersect1d(twins[used & (case.part == seen)], twins[used & (case.part == judged)])
        leaks |= used & (case.part == judged) & np.isin(twins, shared)
    if not leaks.any():
        return None
    count = int(leaks.sum())
    return Finding(
        "leaking",
        "warning",
        f"{_pictures(count)} kept for validation or test {'is' if count == 1 else 'are'} also in an earlier part "
        "of the split, so the network will have seen them.",
        "Remove the copies from one of the parts; until then the measures look better than they are.",
        _some(np.flatnonzero(leaks)),
    )


def _duplicate(case: _Case) -> Finding | None:
    _, first, numbers, times = np.unique(
        case.examination.twins, return_index=True, return_inverse=True, return_counts=True
    )
    copies = (times[numbers] > 1) & (first[numbers] != np.arange(len(numbers)))
    if not copies.any():
        return None
    count = int(copies.sum())
    return Finding(
        "duplicate",
        "warning",
        f"{_pictures(count)} {'is an exact copy' if count == 1 else 'are exact copies'} of another.",
        "The split keeps copies together; remove them if they should not count twice.",
        _some(np.flatnonzero(times[numbers] > 1)),
    )


def _contradicting(case: _Case) -> Finding | None:
    twins, labels = case.examination.twins, case.pictures.labels
    lowest = np.full(len(twins), np.iinfo(np.int64).max)
    highest = np.full(len(twins), -1)
    np.minimum.at(lowest, twins, labels)
    np.maximum.at(highest, twins, labels)
    torn = lowest[twins] != highest[twins]
    if not torn.any():
        return None
    example = case.pictures.classes[lowest[twins[torn][0]]], case.pictures.classes[highest[twins[torn][0]]]
    return Finding(
        "contradicting",
        "warning",
        f"{_pictures(int(torn.sum()))} stand in two classes with the same content, such as in {example[0]} and "
        f"{example[1]}.",
        "No network can get both right; keep each picture in one class.",
        _some(np.flatnonzero(torn)),
    )


def _tiny(case: _Case) -> Finding | None:
    wanted = case.data.preprocess
    sizes = case.examination.sizes
    small = (sizes[:, 0] * 4 < wanted.width) | (sizes[:, 1] * 4 < wanted.height)
    tiny = case.examination.readable & sizes.all(axis=1) & small
    if not tiny.any():
        return None
    width, height = sizes[np.flatnonzero(tiny)[0]]
    return Finding(
        "tiny",
        "warning",
        f"{_pictures(int(tiny.sum()))} must be enlarged more than four times, such as one of {width}×{height} to "
        f"{wanted.width}×{wanted.height}.",
        "Choose a smaller size under Preprocessing, or larger pictures.",
        _some(np.flatnonzero(tiny)),
    )


def _distorted(case: _Case) -> Finding | None:
    wanted = case.data.preprocess
    readable = np.flatnonzero(case.examination.readable)
    if wanted.fit != "stretch" or not case.examination.sizes[readable].all():
        return None  # sequences have no size
    sizes = case.examination.sizes[readable].astype(np.float64)
    change = (sizes[:, 0] / sizes[:, 1]) / (wanted.width / wanted.height)
    bent = readable[np.maximum(change, 1 / change) > 1.5]
    if not len(bent) or len(bent) * 10 < len(readable):
        return None
    return Finding(
        "distorted",
        "info",
        f"{_pictures(len(bent))} change their proportions by more than half when stretched to "
        f"{wanted.width}×{wanted.height}.",
        "Choose crop or pad under Preprocessing to keep them.",
        _some(bent),
    )


def _imbalance(case: _Case) -> Finding | None:
    totals = case.counts.sum(axis=1)
    if len(totals) < 2 or totals.min() == 0 or totals.max() < 3 * totals.min():
        return None
    classes = case.pictures.classes
    many, few = int(totals.argmax()), int(totals.argmin())
    return Finding(
        "imbalance",
        "warning",
        f"{classes[many]} has {totals[many]:,} pictures and {classes[few]} only {totals[few]:,}.",
        "The network will favour the frequent class; add pictures to the rare ones and judge by F1, not by accuracy.",
    )


def _missing(case: _Case) -> Finding | None:
    if not case.pictures.classes:
        return None
    shares = (case.data.split.train, case.data.split.validation, case.data.split.test)
    lacking = [
        f"{case.pictures.classes[label]} ({PARTS[part]})"
        for label, part in zip(*np.nonzero(case.counts == 0), strict=True)
        if (shares[part] > 0 and case.counts[:, part].any()) or part == 0
    ]
    if not lacking:
        return None
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    return Finding(
        "missing",
        "warning",
        f"Some classes have no pictures in a part of the split: {', '.join(lacking[:3])}{more}.",
        "Add pictures to these classes, or give that part a larger share.",
    )


def _empty(case: _Case) -> Finding | None:
    """A part that shall have pictures and has none at all."""
    shares = (case.data.split.train, case.data.split.validation, case.data.split.test)
    used = int((case.part >= 0).sum())
    empty = [part for part in (1, 2) if shares[part] > 0 and not (case.part == part).any()]
    if not empty or not used:
        return None
    lost = {1: "the best epoch cannot be chosen by new pictures", 2: "nothing says how good the network is in the end"}
    few = (
        f"Add pictures: {_pictures(used)} can be used, and at least 3 are needed"
        if used < 3
        else ("Add pictures, or give it a larger share under Split")
    )
    return Finding(
        "empty",
        "warning",
        f"No picture is left {' and '.join(f'for {PARTS[part]}' for part in empty)}.",
        f"{few}; until then {' and '.join(lost[part] for part in empty)}.",
    )


def _alone(case: _Case) -> Finding | None:
    if len(case.pictures.classes) > 1 or "label" not in case.pictures.gives:
        return None
    return Finding(
        "alone",
        "error",
        f"There is only one class, {', '.join(case.pictures.classes)}.",
        "Add a second class folder; telling things apart takes at least two.",
    )


_CHECKS: tuple[Callable[[_Case], Finding | None], ...] = (
    _alone, _unreadable, _left_out, _unlabelled, _leaking, _contradicting, _duplicate,
    _empty, _missing, _imbalance, _tiny, _distorted,
)  # fmt: skip
