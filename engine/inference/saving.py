"""What `--save` keeps of a stream: a film, one picture, or a folder of pictures, each with what was found drawn in."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from engine.errors import BadInput
from engine.inference.detections import Outcome
from engine.inference.frame import Frame
from engine.inference.overlay import draw
from engine.inference.recording import Recorder, is_picture, is_video, save_picture
from engine.inference.source import Source


class Saver:
    """Keeps nothing; the base of those that do."""

    def add(self, frame: Frame, outcome: Outcome) -> None:
        return

    def finish(self) -> None:
        return


class _Film(Saver):
    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        self._source = source
        self._recorder: Recorder | None = None
        Recorder(path, 25.0)  # refuses a bad name before the first frame is computed

    def add(self, frame: Frame, outcome: Outcome) -> None:
        if self._recorder is None:
            self._recorder = Recorder(self._path, self._source.fps or 25.0)
        # Pictures of a folder come as fast as they are read; a second each makes a film that can be watched.
        time_ms = frame.time_ms if self._source.fps or self._source.live else frame.index * 1000.0
        self._recorder.add(draw(frame, outcome), time_ms)

    def finish(self) -> None:
        if self._recorder is not None:
            self._recorder.finish()


class _Pictures(Saver):
    """A PNG for each frame, called like the picture that it was, or by its number where it was none."""

    def __init__(self, folder: Path, source: Source) -> None:
        self._folder = folder
        self._source = source
        # Answers stand beside what was asked about only as long as they are called differently.
        self._asked: Path | None = getattr(source, "path", None)
        self._taken: set[str] = set()

    def add(self, frame: Frame, outcome: Outcome) -> None:
        path = self._folder / f"{self._name(frame)}.png"
        if path.exists() and self._is_asked(path):
            raise BadInput(
                f"{path} is one of the pictures themselves, and would be written over.",
                "Give another folder to --save.",
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        save_picture(path, draw(frame, outcome))

    def _name(self, frame: Frame) -> str:
        """A name that no earlier frame has, on any system."""
        stem = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", PurePath(frame.name).stem)
        if self._source.live or self._source.fps:
            stem = ""
        name = stem = stem.strip(" .") or f"{frame.index:06d}"
        number = 2
        while name.casefold() in self._taken:
            name, number = f"{stem}_{number}", number + 1
        self._taken.add(name.casefold())
        return name

    def _is_asked(self, path: Path) -> bool:
        if self._asked is None:
            return False
        asked, found = self._asked.resolve(), path.resolve()
        return found == asked or asked in found.parents


class _OnePicture(Saver):
    def __init__(self, path: Path) -> None:
        self._path = path
        self._done = False

    def add(self, frame: Frame, outcome: Outcome) -> None:
        if self._done:
            raise BadInput(
                f"{self._path.name} holds one picture, but the source has more.",
                "Give a video such as out.mp4, or a folder, or --limit 1.",
            )
        save_picture(self._path, draw(frame, outcome))
        self._done = True


def saver(path: Path | None, source: Source) -> Saver:
    """Return what keeps frames under `path`, by its suffix. Raises `BadInput` for a suffix that nothing can write."""
    if path is None:
        return Saver()
    if is_video(path):
        return _Film(path, source)
    if is_picture(path):
        return _OnePicture(path)
    if path.suffix:
        raise BadInput(
            f"{path.name} ends like neither a video nor a picture.",
            "Give a name ending in .mp4, .avi or .png, or a folder.",
        )
    return _Pictures(path, source)
