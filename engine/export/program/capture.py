"""A network captured as a graph of PyTorch's own operators, for formats that hold the computation itself."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from engine.errors import JobFailed
from engine.export.base import Package
from engine.export.program.untangled import chooses, untangled
from engine.graph.example import example_inputs

if TYPE_CHECKING:
    from torch.export import ExportedProgram

T = TypeVar("T")
_TALKATIVE = ("torch", "onnxscript", "onnx_ir")

BATCH = 2
"""Captured with two pictures: one could be taken for a size that never changes."""


def trials(package: Package) -> Iterator[tuple[Tensor, ...]]:
    """Inputs to compare with, of several batch sizes if any is taken."""
    for seed, batch in enumerate((1, package.batch or 3), start=1):
        yield sample_of(package, batch, seed)


def sample_of(package: Package, batch: int = BATCH, seed: int = 0) -> tuple[Tensor, ...]:
    """Inputs to capture and to compare with."""
    return example_inputs(package.spec, batch, seed)


def answers(package: Package, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """What the network itself gives, one tensor per output."""
    with torch.no_grad():
        found = package.network(*inputs)
    return found if isinstance(found, tuple) else (found,)


@contextmanager
def quietly() -> Iterator[None]:
    """Without the remarks of PyTorch's exporters, which are for their developers: the result is compared afterwards."""
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _TALKATIVE]
    loggers = [logging.getLogger(name) for name in (*_TALKATIVE, *known)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with _unwarned():
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _unwarned() -> Iterator[None]:
    with warnings.catch_warnings():
        for category in (UserWarning, FutureWarning, DeprecationWarning, torch.jit.TracerWarning):
            warnings.simplefilter("ignore", category)
        yield


Part = tuple[Package, str]
"""What a graph can hold of a network, and a sentence about what that means, or ""."""


def parts(package: Package) -> list[Part]:
    """What to try in turn: the whole for any number of pictures; for what chooses boxes by their scores the whole for
    one picture at a time, and then, for any number, without that choice if nothing else hangs on it."""
    if not chooses(package.spec):
        return [(package, "")]
    weights = package.network.state_dict()
    found = [(replace(package, weights=weights, batch=1), "It takes one picture at a time.")]
    try:
        spec, gone = untangled(package.spec)
    except JobFailed:
        return found
    note = f"Without {', '.join(gone)}, which are chosen by their scores: do that behind it."
    return [*found, (replace(package, spec=spec, weights=weights), note)]


def first_that_works(package: Package, attempt: Callable[[Package], T]) -> tuple[T, str]:
    """What `attempt` makes of the first part of the network that can be held, and the sentence about it.

    Raises the `JobFailed` of the first part if none can.
    """
    failures: list[JobFailed] = []
    for part, note in parts(package):
        try:
            return attempt(part), note
        except JobFailed as error:
            failures.append(error)
    raise failures[0]


def capture(package: Package) -> ExportedProgram:
    """Capture the network with a batch of any size. Raises `JobFailed` where an operation depends on the values."""
    network, inputs = package.network, sample_of(package, package.batch or BATCH)
    sizes = None if package.batch else (tuple({0: torch.export.Dim("batch")} for _ in inputs),)
    try:
        with quietly(), torch.no_grad():
            return torch.export.export(network, inputs, dynamic_shapes=sizes)
    except Exception as error:
        raise JobFailed(
            f"{package.spec.name} cannot be captured as a graph: {first_line(error)}.",
            "Take the PyTorch source instead, which runs everything.",
            details=repr(error),
            node=getattr(error, "node", None),
        ) from error


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:300]


def difference(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> float:
    """The largest difference of any value; infinite where shapes differ or one is not a number and the other is."""
    worst = 0.0
    if len(found) != len(wanted):
        return float("inf")
    for one, other in zip(found, wanted, strict=True):
        if one.shape != other.shape:
            return float("inf")
        apart = (one.double() - other.double()).abs()
        apart = torch.where((one == other) | (one.isnan() & other.isnan()), 0.0, apart).nan_to_num(float("inf"))
        worst = max(worst, float(apart.max()) if apart.numel() else 0.0)
    return worst


def scale_of(wanted: Sequence[Tensor]) -> float:
    """The size of the values, at least 1: large outputs differ by more in their last digit."""
    return max([1.0, *(float(one.double().abs().max()) for one in wanted if one.numel())])
