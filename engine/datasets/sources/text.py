"""A text, character by character."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, SampleSet, SeriesSet
from engine.datasets.sequences.windows import SHARES
from engine.errors import BadInput
from engine.events import Emit, Progress
from engine.paths import resources

MOST_BYTES = 20_000_000
MOST_CHARACTERS = 1000


@DATASETS.register("text")
class Text(DatasetSource):
    """A text in windows of characters; at every character the network says which comes next.

    After training it writes on by itself (Karpathy, "The unreasonable effectiveness of recurrent neural networks",
    2015). The text that comes with the program is a handful of short fables; a file of your own may be any plain text.
    Training has the first 70 % of it, validation the next 15 % and the test the end. The classes are its characters.
    """

    label = "Text"
    help = "Short fables that come with the program, or a text file of your own, character by character."
    kind = "text"
    gives: ClassVar[tuple[str, ...]] = ("tokens",)

    file: str = Field(
        "",
        max_length=4000,
        description="A text file of your own in UTF-8; empty takes the fables.",
        json_schema_extra={"path": "file"},
    )
    length: int = Field(64, ge=2, le=4096, title="Window length", description="Characters in a window.")
    every: int = Field(8, ge=1, le=4096, title="Window every", description="A window begins every so many characters.")
    lower: bool = Field(
        False, title="Small letters only", description="Make all letters small, for a shorter list of characters."
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        emit(Progress("Reading the text"))
        path = (root / self.file).absolute() if self.file.strip() else resources() / "texts" / "fables.txt"
        text = read_text(path)
        token.raise_if_cancelled()
        text = text.lower() if self.lower else text
        classes = sorted(set(text))
        if len(classes) > MOST_CHARACTERS:
            raise BadInput(
                f"{path.name} holds {len(classes):,} different characters.",
                f"Choose a plain text in an alphabet; up to {MOST_CHARACTERS:,} can be told apart.",
            )
        place = {character: number for number, character in enumerate(classes)}
        numbers = np.array([place[character] for character in text], np.int64)
        starts, fixed = self._starts(len(numbers), path)
        windows = numbers[starts[:, None] + np.arange(self.length + 1)]  # (N, T + 1)
        names = [f"character {start + 1}" for start in starts.tolist()]
        return SeriesSet(windows[:, :-1], {"tokens": windows[:, 1:]}, classes, names=names, fixed=fixed)

    def _starts(self, count: int, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Where windows begin and their parts; none reaches from one part into the next."""
        borders = np.round(np.cumsum(SHARES[:2]) * count)
        first = np.arange(0, max(0, count - self.length), self.every)
        part = np.searchsorted(borders, first, side="right")
        good = part == np.searchsorted(borders, first + self.length, side="right")
        if not np.any(part[good] == 0):
            raise BadInput(
                f"{path.name} holds {count:,} characters, too few for windows of {self.length}.",
                "Choose a longer text or shorter windows on the Data page.",
            )
        return first[good], part[good].astype(np.int8)


def read_text(path: Path) -> str:
    """The content of a file in UTF-8 with ends of lines as "\\n", or `BadInput` with the line that is none."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise BadInput(
            f"There is no file {path} that can be read.", "Choose it again on the Data page.", details=str(error)
        ) from None
    if size > MOST_BYTES:
        raise BadInput(f"{path.name} has {size / 1e6:,.0f} MB.", f"Choose one of up to {MOST_BYTES / 1e6:.0f} MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(
            f"Line {line:,} of {path.name} is not text in UTF-8.", "Save the file as plain text in UTF-8."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
