"""Bringing in a network as a job, whatever it is. Imports torch only when it runs, so that the window can make one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Progress
from engine.graph.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    from torch import Tensor

Say = Callable[[str], None]
TARGET = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*")
_SCRIPT = re.compile(r".+\.py(:[A-Za-z_]\w*(\.\w+)*)?")
FILTERS = {"ONNX": ".onnx", "Exported PyTorch program": ".pt2", "PyTorch source": ".py"}


@dataclass(frozen=True)
class Imported:
    """A network that was brought in.

    Attributes:
        state: its weights under the names of the compiled drawing, or None if it came without any.
        notes: what a person should know about it, a sentence each.
        how: the way it was taken: "torch.fx", "torch.export", "ONNX" or "exported program".
    """

    spec: NetworkSpec
    state: Mapping[str, Tensor] | None = None
    notes: tuple[str, ...] = ()
    how: str = ""


class NotTrusted(BadInput):
    """Reading this would run its code, and nobody has said that it may."""


@dataclass(frozen=True)
class ImportJob:
    """Brings in a network from a file or from code.

    Args:
        what: an .onnx or .pt2 file, a script ("net.py", "net.py:Net"), or "module:callable".
        trusted: whether the person has agreed that its code runs; ONNX files have none.
        options: arguments of the callable.
        shapes: input shapes without the batch; by default those that the source names, or a colour picture.
        like: the drawing that the source was written from; what is unchanged keeps its ids and places.

    Called as a job it emits `Progress` and returns an `Imported`.

    Raises:
        NotTrusted: it is code and `trusted` is not set.
        BadInput: it cannot be read, run or drawn; the operations that are not supported are named.
    """

    what: str | Path
    trusted: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[Shape, ...] = ()
    like: NetworkSpec | None = None

    def __call__(self, emit: Emit, token: CancelToken) -> Imported:
        def say(text: str) -> None:
            token.raise_if_cancelled()
            emit(Progress(text))

        text = str(self.what)
        if runs_code(text) and not self.trusted:
            raise NotTrusted(
                f"Opening {text} runs code that is in it.", "Open it only if you trust where it comes from."
            )
        if text.endswith(".onnx"):
            from engine.importing.onnx_file import import_onnx

            found = import_onnx(Path(text), self.shapes, say)
        elif text.endswith(".pt2"):
            from engine.importing.exported import import_program

            found = import_program(Path(text), say)
        elif is_target(text):
            from engine.importing.modules import import_target

            keep = block_paths(self.like) if self.like is not None else ()
            found = import_target(text, self.options, self.shapes, say, keep)
        else:
            raise BadInput(
                f"{text} is nothing that a network can be brought in from.",
                "Choose an .onnx or .pt2 file, a Python script, or module:callable.",
            )
        if self.like is not None:
            from engine.importing.likeness import adopt

            return adopt(found, self.like)
        return found


def block_paths(spec: NetworkSpec, prefix: str = "") -> tuple[str, ...]:
    """The paths of all blocks of a drawing, which are those of the submodules in its source."""
    found: list[str] = []
    for node in spec.nodes:
        if node.subgraph is not None:
            found += [f"{prefix}{node.id}", *block_paths(node.subgraph, f"{prefix}{node.id}.")]
    return tuple(found)


def is_target(text: str) -> bool:
    """Whether it names code: "module:callable", "script.py" or "script.py:name"."""
    return bool(_SCRIPT.fullmatch(text) or TARGET.fullmatch(text))


def can_import(text: str) -> bool:
    """Whether an `ImportJob` takes it, as far as its name says."""
    return text.endswith((".onnx", ".pt2")) or is_target(text)


def runs_code(text: str) -> bool:
    """Whether reading it runs code: scripts and modules do, and exported programs may."""
    return is_target(text) or text.endswith(".pt2")
