"""The test pictures of a run: those of its own data that it has never learned from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.cancel import CancelSource
from engine.errors import BadInput
from engine.inference.source import SOURCES, SourceKind
from engine.inference.sources.folder import Album

if TYPE_CHECKING:
    from engine.datasets.base import PictureSet

PREFIX = "test:"


class RunPictures(Album):
    """Each picture as the data gives it, before any preprocessing.

    Args:
        run: the run's folder.
    """

    open_patience = 300.0  # all pictures are looked at once, since equal ones belong to one part

    def __init__(self, run: Path, *, seconds: float = 0.0, loop: bool = False) -> None:
        super().__init__(f"the test pictures of {run.name}", seconds=seconds, loop=loop)
        self._run = run
        self._cancel = CancelSource()
        self._samples: PictureSet | None = None
        self._places = np.zeros(0, np.int64)

    def open(self) -> None:
        from engine.datasets.base import PictureSet, parse_source
        from engine.datasets.prepare import examine, parts_of
        from engine.training.run_folder import read_config

        config = read_config(self._run)
        samples = parse_source(config.data.source).load(
            config.project_root(self._run), lambda event: None, self._cancel.token
        )
        if not isinstance(samples, PictureSet):
            raise BadInput(
                f"The run {self._run.name} learned from no single pictures.", "Choose a camera, a video or a folder."
            )
        seen = examine(samples, lambda event: None, self._cancel.token)
        self._places = parts_of(config.data, samples, seen)[2]
        if not len(self._places):
            raise BadInput(
                f"The data of {self._run.name} keeps no pictures for testing.", "Choose a folder of pictures instead."
            )
        self._samples = samples
        self._begin(len(self._places))

    def _picture(self, place: int) -> tuple[np.ndarray, str]:
        assert self._samples is not None
        number = int(self._places[place])
        return self._samples.picture(number), self._samples.names[number]

    def interrupt(self) -> None:
        super().interrupt()
        self._cancel.cancel()


SOURCES.add(
    "run_pictures",
    SourceKind(
        "Test pictures of a run",
        lambda text: text.startswith(PREFIX),
        lambda text, live, loop: RunPictures(Path(text[len(PREFIX) :]), seconds=2.0 if live else 0.0, loop=loop),
        f"{PREFIX}RUN",
    ),
)
