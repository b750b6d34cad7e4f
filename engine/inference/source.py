"""What a source of pictures is, and how a text such as "camera:0" or a path becomes one. Never imports torch or cv2."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from engine.errors import BadInput, VitrineError
from engine.inference.frame import Frame
from engine.registry import Registry


class Source(ABC):
    """Pictures one after the other. All methods but `interrupt` are called in one and the same thread.

    Attributes:
        live: a camera or stream, which is opened again by itself when it was lost.
        patience: seconds that one `read` may take before the source counts as hanging; None for as long as it likes.
        open_patience: the same for `open`.
        paced: pictures come at a pace of their own and late ones are dropped; otherwise each waits to be taken.
        name: what a person calls it; used in sentences.
        on_fault: told of each picture that cannot be read while the others go on.
        fps: pictures per second that it promises, None when unknown.
    """

    live: ClassVar[bool] = False
    patience: float | None = 3.0
    open_patience: float | None = 10.0

    def __init__(self, name: str) -> None:
        self.name = name
        self.fps: float | None = None
        self.paced = True
        self.on_fault: Callable[[VitrineError], None] = lambda error: None
        self._woken = threading.Event()

    @abstractmethod
    def open(self) -> None:
        """Make ready to read. Raises `BadInput` or `JobFailed` with the reason and what to do about it."""

    @abstractmethod
    def read(self) -> Frame | None:
        """Return the next picture, or None at the end. Raises `JobFailed` when the source was lost."""

    @abstractmethod
    def close(self) -> None:
        """Release everything. May be called twice, and without `open`."""

    def interrupt(self) -> None:
        """Ask, from another thread, that a `read` that only waits for its time return at once."""
        self._woken.set()

    def _wait(self, seconds: float) -> None:
        """Wait, unless somebody has asked for an end."""
        if seconds > 0:
            self._woken.wait(seconds)

    @property
    def interrupted(self) -> bool:
        return self._woken.is_set()


@dataclass(frozen=True)
class SourceKind:
    """One kind of source.

    Attributes:
        label: what the chooser says.
        accepts: whether a text names a source of this kind.
        make: (text, live, loop) to a source. `live` keeps the pace of a watching person, otherwise pictures come as
            fast as they are asked for; `loop` begins again at the end.
        prefix: how such a text begins, for messages.
    """

    label: str
    accepts: Callable[[str], bool]
    make: Callable[[str, bool, bool], Source]
    prefix: str


SOURCES: Registry[SourceKind] = Registry("source", "engine.inference.sources")


def make_source(text: str, *, live: bool = False, loop: bool = False) -> Source:
    """Return the source that `text` names: "camera:0", "camera:NAME", a video, a picture, a folder or a URL.

    "test:RUN" names the test pictures of a run's own data, RUN being its folder.

    Nothing is opened yet. Raises `BadInput` when no kind of source accepts the text.
    """
    for kind in (SOURCES.get(id) for id in SOURCES):
        if text and kind.accepts(text):
            return kind.make(text, live, loop)
    raise BadInput(
        f"{text or 'The empty text'} is not a file, a folder or a camera that could be found.",
        "Give a video, a picture, a folder of pictures, camera:0 for the first camera, or a stream's URL.",
    )
