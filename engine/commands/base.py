"""What a headless command is, and how it speaks: results on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TextIO

from engine.registry import Registry

COMMANDS: Registry[type[Command]] = Registry("command", "engine.commands")

DONE = 0
FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


class Output:
    """Where a command prints. With `json`, stdout carries JSON and nothing else, whatever a library may print."""

    def __init__(self, json: bool, stream: TextIO) -> None:
        self.json = json
        self._stream = stream

    def text(self, line: str = "") -> None:
        """A line for people; silent with `--json`."""
        if not self.json:
            print(line, file=self._stream, flush=True)

    def data(self, value: Any) -> None:
        """One JSON object on one line, with `--json` only. What is not a finite number becomes null."""
        if self.json:
            print(json.dumps(plain(value), ensure_ascii=False, allow_nan=False), file=self._stream, flush=True)

    def note(self, line: str) -> None:
        """A line about what goes on, on stderr."""
        print(line, file=sys.stderr, flush=True)


class Command(ABC):
    """Base of all headless commands. Its name is the id in `COMMANDS`; modules import torch only inside `run`."""

    help: ClassVar[str]

    @abstractmethod
    def arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's arguments; `--json` is added for all."""

    @abstractmethod
    def run(self, args: Namespace, out: Output) -> int:
        """Do it and return the exit status. Raises `VitrineError` for anything that a person can act on."""


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold: tuples, paths, numpy and torch scalars, infinities."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def table(rows: Sequence[Sequence[str]], headings: Sequence[str], right: Sequence[int] = ()) -> list[str]:
    """Lines of a plain-text table; the columns whose numbers are in `right` are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        parts = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(parts).rstrip()

    return [line(headings), "  ".join("─" * width for width in widths), *(line(row) for row in rows)]


@contextlib.contextmanager
def output(json: bool) -> Iterator[Output]:
    """Yield an `Output`. With `json`, all other prints of the process, down to C libraries, go to stderr meanwhile."""
    if not json:
        yield Output(False, sys.stdout)
        return
    stdout = sys.stdout
    stdout.flush()
    with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as stack:
        # A test's stdout has no file descriptor; then only Python's prints can be, and need be, turned away.
        stream: TextIO = stdout
        if stdout is sys.__stdout__ and stdout is not None:
            number = stdout.fileno()
            kept = os.dup(number)
            stream = stack.enter_context(open(kept, "w", encoding="utf-8"))
            os.dup2(2, number)
            stack.callback(os.dup2, kept, number)
        yield Output(True, stream)
        stream.flush()
