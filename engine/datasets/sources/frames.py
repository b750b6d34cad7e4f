"""Frames of videos as pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

import numpy as np
from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.annotation import Annotation
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.class_names import in_order
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import PART_NAMES, file_state, open_folder, prescribed, walk
from engine.datasets.formats.kept_frames import User, make_room
from engine.datasets.formats.videos import frames_of, is_video
from engine.datasets.pictures import load_picture
from engine.errors import BadInput
from engine.events import Emit, Progress


@DATASETS.register("frames")
class VideoFrames(DatasetSource):
    """Every n-th frame of your videos, as pictures to label or to learn from.

    Videos in a folder of their own belong to the class of that name; loose videos have none. Folders called train,
    val and test keep their part. The frames are copied once into the program's own data folder; when they take more
    than a few gigabytes there, those that no project uses any more are removed, the oldest first.
    """

    label = "Video frames"
    help = "Pictures taken from one video, or from a folder of videos."
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the videos, or one video.",
        json_schema_extra={"path": "folder"},
    )
    every: int = Field(10, ge=1, le=100_000, description="Take one frame out of this many; neighbours look alike.")
    most: int = Field(1000, ge=1, le=100_000, description="Take at most this many frames of one video.")

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        top = open_folder(root, self.folder, "videos")
        if top.is_file():
            top, videos = top.parent, [top.name]
        else:
            videos = [name for name in walk(top) if is_video(Path(name))]
        if not videos:
            raise BadInput(f"{top} holds no video.", "Choose a folder with MP4, AVI, MOV or other videos.")
        faults = Faults()
        user = User(root, self.model_dump(mode="json"))
        found: list[tuple[str, str, Path]] = []
        for place, video in enumerate(videos):

            def say(count: int, place: int = place, video: str = video) -> None:
                token.raise_if_cancelled()
                emit(Progress(f"Took {count:,} frames of {video}", place, len(videos)))

            try:
                folder, names, note = frames_of(top / video, self.every, self.most, say, user)
            except BadInput as error:
                faults.refuse(video, error.what)
                continue
            if note:
                faults.repair(video, note)
            found.extend((video, name, folder / name) for name in names)
        if not found:
            raise unusable(top, "no video", faults.first())
        make_room()
        return FramePictures(top, found, faults)


def _class_and_part(video: str) -> tuple[str, int]:
    """The class and the part that the folders of a video say; "" and -1 where they don't."""
    steps = PurePosixPath(video).parts[:-1]
    part = PART_NAMES.get(steps[0].lower(), -1) if steps else -1
    rest = steps[1:] if part >= 0 else steps
    return (rest[0] if rest else ""), part


class FramePictures(PictureSet):
    """Frames in picture files.

    Args:
        found: for each the video below `folder`, the frame's name, and its file.
    """

    def __init__(self, folder: Path, found: list[tuple[str, str, Path]], faults: Faults) -> None:
        kinds = [_class_and_part(video) for video, _, _ in found]
        # A picture without a class among others with one could be anything.
        labelled = all(kind for kind, _ in kinds)
        classes = in_order(kind for kind, _ in kinds) if labelled else []
        numbers = {name: number for number, name in enumerate(classes)}
        labels = np.array([numbers.get(kind, 0) for kind, _ in kinds], np.int64)
        names = [f"{video}/{name}" for video, name, _ in found]
        super().__init__(classes, labels, names, faults.all(), prescribed([part for _, part in kinds]))
        self.folder = folder
        self.gives = ("label",) if labelled else ()
        self._files = [file for _, _, file in found]
        self._videos = sorted({video for video, _, _ in found})

    def path(self, index: int) -> Path:
        """Where the copy of frame `index` lies."""
        return self._files[index]

    def picture(self, index: int) -> np.ndarray:
        return load_picture(self._files[index])

    def thumbnail(self, index: int, side: int) -> np.ndarray:
        return load_picture(self._files[index], at_least=side)

    def annotation(self, index: int) -> Annotation:
        return Annotation(label=int(self.labels[index]) if self.gives else None)

    def fingerprint(self) -> str:
        states = [f"{video} {file_state(self.folder / video)}" for video in self._videos]
        text = "\n".join([str(self.folder), *states, *self.names, *self.classes])
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
