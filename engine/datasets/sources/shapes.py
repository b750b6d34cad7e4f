"""Scenes of solids that the program draws."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.kinds import named_kinds
from engine.events import Emit, Progress


@DATASETS.register("shapes")
class Shapes(DatasetSource):
    """Solids under one light, drawn by the program: balls, rings, and pyramids over squares, triangles, stars, crosses.

    Because the program draws them, everything about them is known exactly: which classes occur, the box around every
    object, which pixels belong to it, where it ends, and where its surface faces. So all tasks with pictures can be
    tried here before you label your own. Where objects hide one another, boxes go around the whole object; an object
    of which less than 30 % can be seen is left out. The class of a picture is that of the object seen most of.
    """

    label = "Generated shapes"
    help = "Solids drawn by the program, with exact boxes, outlines, edges and surface directions. As many as you like."
    gives: ClassVar[tuple[str, ...]] = ("label", "labels", "boxes", "instances", "regions", "edges", "normals")

    count: int = Field(600, ge=1, le=200_000, description="How many pictures there are.")
    height: int = Field(96, ge=24, le=1024, description="Height of a picture in pixels.")
    width: int = Field(96, ge=24, le=1024, description="Width of a picture in pixels.")
    difficulty: Literal["easy", "medium", "hard"] = Field(
        "easy", description="Harder: more and smaller objects that overlap, alike colours, texture and noise."
    )
    shapes: str = Field(
        "circle, square, triangle",
        max_length=200,
        description="The classes, with commas between: circle, square, triangle, star, ring, cross.",
    )
    objects: int = Field(
        0,
        ge=0,
        le=50,
        title="Objects in a picture",
        description="How many objects a picture holds at most; 0: as many as the difficulty has.",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same pictures.")

    @field_validator("shapes")
    @classmethod
    def _known(cls, value: str) -> str:
        from engine.datasets.scenes.solids import SOLIDS

        return named_kinds(value, SOLIDS)

    def known_classes(self) -> int | None:
        return len(_names(self.shapes))

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        from engine.datasets.scenes.pictures import ScenePictures

        def before(index: int) -> None:
            token.raise_if_cancelled()
            if index % 64 == 0:
                emit(Progress("Laying out the scenes", index, self.count))

        objects = (1, self.objects) if self.objects else None
        size = (self.height, self.width)
        return ScenePictures(self.count, _names(self.shapes), size, self.difficulty, self.seed, objects, before)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())
