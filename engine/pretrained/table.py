"""Which trained models there are, the files that they need, and where a person gets those. Imports no torch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from engine.errors import BadInput
from engine.paths import resources
from engine.project.plain import read_bytes

PREFIX = "torchvision:"
Kind = Literal["detection", "instances", "pose", "segmentation", "classification"]
KIND_WORDS: dict[str, str] = {
    "detection": "Boxes around objects",
    "instances": "Objects with their outlines",
    "pose": "People and their joints",
    "segmentation": "A class for every pixel",
    "classification": "One of 1,000 classes for the picture",
}
_ADDRESS = "https://download.pytorch.org/models/"
_HASH = re.compile(r"-([0-9a-f]{8,64})\.pth$")


@dataclass(frozen=True)
class Weights:
    """One file of weights, and the model that it is for.

    Attributes:
        model: the builder's name in torchvision; a model may have several files, the best one first.
        label: the model in words.
        task: what it answers.
        weights: the member of torchvision's enumeration of this model's weights.
        file: the name that the file must have.
        mebibytes: its size.
    """

    model: str
    label: str
    task: Kind
    weights: str
    file: str
    mebibytes: float

    @property
    def id(self) -> str:
        """What `predict --model` and the live view call the model."""
        return f"{PREFIX}{self.model}"

    @property
    def url(self) -> str:
        """Where a person fetches the file, on any computer that has a network."""
        return _ADDRESS + self.file

    @property
    def hash_prefix(self) -> str:
        """How the SHA-256 of the file begins: its name ends with it, by torch.hub's custom."""
        found = _HASH.search(self.file)
        if found is None:
            raise ValueError(f"{self.file} does not end with a checksum")
        return found[1]


@cache
def table() -> tuple[Weights, ...]:
    """Every file that is known, models in the order in which they are offered."""
    text = read_bytes(resources() / "pretrained" / "torchvision.json").decode("utf-8")
    return tuple(Weights(**row) for row in json.loads(text))


def files_of(id: str, rows: tuple[Weights, ...] | None = None) -> tuple[Weights, ...]:
    """The files that serve a model, the best first.

    Args:
        id: "torchvision:resnet50".
        rows: of the table; None for all.

    Raises `BadInput` for an unknown model, and lists the known ones.
    """
    known = table() if rows is None else rows
    found = tuple(row for row in known if row.id == id)
    if not found:
        names = ", ".join(dict.fromkeys(row.model for row in known))
        raise BadInput(f"There is no trained model called {id}.", f"Write one of these after {PREFIX} {names}.")
    return found
