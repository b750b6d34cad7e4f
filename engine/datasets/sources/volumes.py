"""Volumes to tell apart: solids drawn by the program, and the user's own scans."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, SampleSet, SeriesSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.class_folders import require_classes, require_memory, sorted_by_class
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import open_folder, walk
from engine.datasets.formats.volumes import Scaling, is_array, read_volume
from engine.datasets.kinds import named_kinds
from engine.datasets.pictures import is_picture
from engine.datasets.sequences.solids import LEVELS, SOLIDS
from engine.datasets.sequences.solids import Solids as Recipe
from engine.errors import BadInput
from engine.events import Emit, Progress


class _Volumes(DatasetSource):
    """What both share: how large a volume is."""

    kind: ClassVar[Literal["pictures", "series", "text"]] = "series"
    noun: ClassVar[str] = "volume"

    size: int = Field(16, ge=8, le=128, description="Values along each of the three sides.")

    def known_shape(self) -> tuple[int, ...]:
        return 1, self.size, self.size, self.size


@DATASETS.register("solids")
class Solids(_Volumes):
    """A sphere, cube, pyramid or torus in three-dimensional noise, with place, size, turn and density by chance.

    A single slice is often not enough to tell them apart; how it goes on in the third axis is. The network gets
    values from 0 to 1.
    """

    label = "Generated solids"
    help = "Volumes with a body in noise, told apart by its form, drawn by the program. As many as you like."

    count: int = Field(1000, ge=1, le=200_000, description="How many volumes there are.")
    kinds: str = Field(
        ", ".join(SOLIDS), max_length=200, description=f"The classes, with commas between: {', '.join(SOLIDS)}."
    )
    difficulty: Literal["easy", "medium", "hard"] = Field(
        "easy", description="Harder volumes have more noise, less contrast, and bodies that are tipped over further."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same volumes.")

    @field_validator("kinds")
    @classmethod
    def _known(cls, value: str) -> str:
        return named_kinds(value, SOLIDS)

    def known_classes(self) -> int | None:
        return len(self._classes)

    @property
    def _classes(self) -> tuple[str, ...]:
        return tuple(self.kinds.split(", "))

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        require_memory(self.count, self.known_shape(), "volume")
        recipe = Recipe(self._classes, self.size, LEVELS[self.difficulty], self.seed)
        volumes = np.empty((self.count, *self.known_shape()), np.uint8)
        labels = np.empty(self.count, np.int64)
        for index in range(self.count):
            if index % 32 == 0:
                token.raise_if_cancelled()
                emit(Progress("Drawing the volumes", index, self.count))
            volumes[index], labels[index] = recipe.volume(index)
        return SeriesSet(volumes, {"label": labels}, self._classes, labels)


@DATASETS.register("volumes")
class VolumeFolder(_Volumes):
    """Your own volumes, sorted into one folder for each class, such as scans of a body or of a material.

    A volume is a file of numbers (.npy or .npz: depth, height, width), or a folder of pictures, its slices in the
    order of their names. All are brought to one size. The network gets values from 0 to 1: 0 for the least value of a
    volume and 1 for its greatest, or for the values that you set; bytes and pictures keep 0 for 0 and 1 for 255.
    """

    label = "Volume folder"
    help = "Your own volumes, with one folder for each class: files of numbers, or folders of slices."

    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the class folders.",
        json_schema_extra={"path": "folder"},
    )
    size: int = Field(32, ge=8, le=128, description="Values along each of the three sides; volumes are stretched.")
    low: float | None = Field(None, description="The value that becomes 0; empty for the least of each volume.")
    high: float | None = Field(None, description="The value that becomes 1; empty for the greatest of each volume.")

    @model_validator(mode="after")
    def _apart(self) -> VolumeFolder:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("the value that becomes 1 must be above the one that becomes 0")
        return self

    @property
    def scaling(self) -> Scaling:
        """How values become bytes."""
        return Scaling(self.low, self.high)

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        top = open_folder(root, self.folder, "volumes")
        if not top.is_dir():
            raise BadInput(f"{top.name} is one file.", "Choose the folder that holds the class folders.")
        found = _found(top)
        faults = Faults()
        names = require_classes(top, found, "volume", faults)
        require_memory(len(names), self.known_shape(), "volume")
        good: list[str] = []
        volumes: list[np.ndarray] = []
        for place, name in enumerate(names):
            token.raise_if_cancelled()
            emit(Progress(f"Reading {name}", place, len(names)))
            try:
                volumes.append(read_volume(top / name, self.size, self.scaling))
                good.append(name)
            except BadInput as error:
                faults.refuse(name, error.what)
        if not good:
            raise unusable(top, "no volume", faults.first())
        given = sorted_by_class(good, found)
        inputs = np.stack(volumes)
        return SeriesSet(
            inputs, {"label": given.labels}, given.classes, given.labels, given.names, faults.all(), given.fixed
        )


def _found(top: Path) -> list[str]:
    """Files of numbers, and folders that hold pictures, below `top`."""
    names: dict[str, None] = {}
    for name in walk(top):
        path = PurePosixPath(name)
        if is_array(Path(name)):
            names[name] = None
        elif is_picture(Path(name)) and str(path.parent) != ".":
            names[str(path.parent)] = None
    return list(names)
