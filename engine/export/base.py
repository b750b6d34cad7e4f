"""What an export format is, and what it is given. Importing this imports no torch, so that the window can list them."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from engine.datasets.spec import PreprocessSpec
from engine.errors import BadInput
from engine.graph.spec import NetworkSpec, to_json
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.compile import CompiledNetwork

EXPORTS: Registry[type[ExportFormat]] = Registry("export format", "engine.export")

Say = Callable[[str], None]
"""Told what is being done now; raises `JobCancelled` when it is to be no more."""


@dataclass(frozen=True)
class Package:
    """A network with all that travels with it.

    Attributes:
        weights: of a training or a file; None for fresh ones.
        classes: names of what the network tells apart, where known.
        preprocess: how a picture becomes its input, where known.
        nested: whether summaries and tables go into the blocks.
        batch: how many pictures an exported graph takes at a time; None for any number.
    """

    spec: NetworkSpec
    weights: Mapping[str, Tensor] | None = None
    classes: tuple[str, ...] = ()
    preprocess: PreprocessSpec | None = None
    nested: bool = False
    batch: int | None = None

    @cached_property
    def network(self) -> CompiledNetwork:
        """The module with its weights, ready to look. Raises `BadInput` for a drawing with errors."""
        from engine.graph.compile import compile_network

        net = compile_network(self.spec)
        if self.weights is not None:
            net.load_state_dict(dict(self.weights))
        return net.eval().requires_grad_(False)

    def metadata(self) -> dict[str, str]:
        """What a weights file tells about itself; every value is text."""
        text = to_json(self.spec)
        found: dict[str, Any] = {
            "name": self.spec.name,
            "spec": text,
            "spec_sha256": hashlib.sha256(text.encode("utf-8")).hexdigest(),
        }
        if self.classes:
            found["classes"] = json.dumps(list(self.classes), ensure_ascii=False)
        if self.preprocess is not None:
            found["preprocessing"] = json.dumps(self.preprocess.model_dump(mode="json"))
        return found


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes:
        path: the file that was asked for; `more` lie beside it.
        name: of the network.
        fresh: whether the weights in it are new random ones, since none were given.
        note: a sentence about it, such as how well it agrees with the network; or "".
    """

    path: Path
    format: str
    name: str = ""
    more: tuple[Path, ...] = ()
    fresh: bool = False
    note: str = ""


@dataclass(frozen=True)
class Written:
    """What a format tells after writing; see `Exported`."""

    note: str = ""
    more: tuple[Path, ...] = field(default=())


class ExportFormat(ABC):
    """Base of all formats. Its name is the id in `EXPORTS`; modules import torch only inside `write`.

    Class variables:

        label: what a menu says.
        suffix: of the file, with its dot.
        help: one sentence about what it is good for.
        holds_weights: whether the file holds weights, so that fresh ones are worth a word.
        extra: the optional part of the installation that it needs, or "".
        packages: what has to be importable for it.
    """

    label: ClassVar[str]
    suffix: ClassVar[str]
    help: ClassVar[str]
    holds_weights: ClassVar[bool] = False
    extra: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def write(self, package: Package, path: Path, say: Say) -> Written:
        """Write the file, whole or not at all. Raises `VitrineError` for anything that a person can act on."""

    @classmethod
    def takes_weights(cls) -> bool:
        """Whether weights that are given travel along, in the file or beside it."""
        return cls.holds_weights

    @classmethod
    def missing(cls) -> BadInput | None:
        """Why the format cannot be written here, or None."""
        from importlib.util import find_spec

        lacking = [name for name in cls.packages if find_spec(name) is None]
        if not lacking:
            return None
        return BadInput(
            f"{cls.label} needs {' and '.join(lacking)}, which this installation lacks.",
            f'Install it with: pip install "vitrine[{cls.extra}]".',
        )
