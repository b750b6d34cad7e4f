"""Video clips to tell apart: drawn by the program, and cut out of the user's own videos."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, SampleSet, SeriesSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.class_folders import require_classes, require_memory, sorted_by_class
from engine.datasets.formats.clips import Cut, clip_of, make_room
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import open_folder, walk
from engine.datasets.formats.videos import is_video
from engine.datasets.kinds import named_kinds
from engine.datasets.sequences.motions import LEVELS, MOTIONS
from engine.datasets.sequences.motions import MovingShapes as Recipe
from engine.errors import BadInput
from engine.events import Emit, Progress


class _Clips(DatasetSource):
    """What both share: how large a clip is."""

    kind: ClassVar[Literal["pictures", "series", "text"]] = "series"
    noun: ClassVar[str] = "clip"

    frames: int = Field(8, ge=2, le=256, description="Frames in each clip.")
    size: int = Field(24, ge=8, le=512, description="Height and width of a frame, in pixels.")
    channels: Literal[1, 3] = Field(1, description="1 for grey, 3 for colour.")

    def known_shape(self) -> tuple[int, ...]:
        return self.frames, self.channels, self.size, self.size


@DATASETS.register("moving_shapes")
class MovingShapes(_Clips):
    """A disc, square or diamond that moves right, left, up or down, goes round in a circle, or stays where it is.

    What leaves a frame on one side comes back on the other, and every place is equally likely in every frame of every
    class: no single frame tells what moves how, only their order does. The network gets values from 0 to 1.
    """

    label = "Generated clips"
    help = "Short clips of moving shapes, told apart by how they move, drawn by the program. As many as you like."

    count: int = Field(2000, ge=1, le=200_000, description="How many clips there are.")
    kinds: str = Field(
        "right, left, up, down, clockwise, anticlockwise",
        max_length=200,
        description=f"The classes, with commas between: {', '.join(MOTIONS)}.",
    )
    difficulty: Literal["easy", "medium", "hard"] = Field(
        "easy", description="Harder clips have more noise, less contrast, shaky paths and further shapes at rest."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same clips.")

    @field_validator("kinds")
    @classmethod
    def _known(cls, value: str) -> str:
        return named_kinds(value, MOTIONS)

    def known_classes(self) -> int | None:
        return len(self._classes)

    @property
    def _classes(self) -> tuple[str, ...]:
        return tuple(self.kinds.split(", "))

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        shape = self.known_shape()
        require_memory(self.count, shape, "clip")
        recipe = Recipe(self._classes, self.frames, self.size, self.channels, LEVELS[self.difficulty], self.seed)
        clips = np.empty((self.count, *shape), np.uint8)
        labels = np.empty(self.count, np.int64)
        for index in range(self.count):
            if index % 64 == 0:
                token.raise_if_cancelled()
                emit(Progress("Drawing the clips", index, self.count))
            clips[index], labels[index] = recipe.clip(index)
        return SeriesSet(clips, {"label": labels}, self._classes, labels)


@DATASETS.register("clips")
class VideoClips(_Clips):
    """Your own videos, sorted into one folder for each class; each becomes one clip of a few small frames.

    The frames are spaced evenly over the whole video, or come one after another from its middle. Folders called train,
    validation and test with the class folders inside keep their videos in that part. The network gets values from 0
    to 1. A run that learned from whole videos gives one answer for each video file. Of a camera, which has no end, it
    takes the last frames, as the middle would have them: choose the middle if it shall look at a camera later.
    """

    label = "Video clips"
    help = "Your own videos, with one folder for each class; the network sees some frames of each in their order."

    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the class folders.",
        json_schema_extra={"path": "folder"},
    )
    size: int = Field(32, ge=8, le=512, description="Height and width of a frame, in pixels; videos are stretched.")
    channels: Literal[1, 3] = Field(3, description="1 for grey, 3 for colour.")
    span: Literal["whole", "middle"] = Field(
        "whole",
        description="Space the frames evenly over the whole video, or take them from its middle, which is right for "
        "watching a camera later.",
    )
    every: int = Field(
        1,
        ge=1,
        le=1000,
        description="In the middle, and of a camera: take one frame out of this many.",
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        top = open_folder(root, self.folder, "videos")
        if not top.is_dir():
            raise BadInput(f"{top.name} is one file.", "Choose the folder that holds the class folders.")
        found = [name for name in walk(top) if is_video(Path(name))]
        faults = Faults()
        videos = require_classes(top, found, "video", faults)
        require_memory(len(videos), self.known_shape(), "clip")
        clips, names = self._cut(top, videos, faults, emit, token)
        if not names:
            raise unusable(top, "no video", faults.first())
        given = sorted_by_class(names, found)
        inputs = np.stack(clips)
        return SeriesSet(
            inputs, {"label": given.labels}, given.classes, given.labels, given.names, faults.all(), given.fixed
        )

    def _cut(
        self, top: Path, videos: list[str], faults: Faults, emit: Emit, token: CancelToken
    ) -> tuple[list[np.ndarray], list[str]]:
        """A clip of each video that has one, with its name."""
        cut = Cut(self.frames, self.span, self.every, self.size, self.channels)
        clips: list[np.ndarray] = []
        names: list[str] = []
        for place, video in enumerate(videos):

            def say(count: int, place: int = place, video: str = video) -> None:
                token.raise_if_cancelled()
                words = f"Read {count:,} frames of {video}" if count else f"Reading {video}"
                emit(Progress(words, place, len(videos)))

            try:
                clips.append(clip_of(top / video, cut, say))
                names.append(video)
            except BadInput as error:
                faults.refuse(video, error.what)
        make_room()
        emit(Progress("Reading videos", len(videos), len(videos)))
        return clips, names
