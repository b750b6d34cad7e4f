"""What the published datasets have in common: looked for on this machine, downloaded only when the user asks."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.datasets.base import DatasetSource
from engine.errors import BadInput
from engine.paths import data_dir


class PublishedDataset(DatasetSource):
    """Base of datasets that are too large to ship.

    Class variables:

        subfolders: where below a named folder the files may lie; "" is the folder itself.
        files: what to copy, for the message when they aren't found.
    """

    needs_network: ClassVar[bool] = True
    class_count: ClassVar[int | None] = 10
    subfolders: ClassVar[tuple[str, ...]]
    files: ClassVar[tuple[str, ...]]

    folder: str = Field(
        "",
        max_length=4000,
        description="The folder with a copy of the files; empty for the one that downloads go to.",
        json_schema_extra={"path": "folder"},
    )
    download: bool = Field(
        False, description="Fetch the files from the internet if they are not on this machine. Nothing is sent."
    )
    published_test: bool = Field(
        True, description="Test with the pictures published for it; otherwise all are mixed and split anew."
    )

    def home(self, root: Path) -> Path:
        """The folder that was named, or the one where downloads are kept."""
        return (root / self.folder).absolute() if self.folder.strip() else data_dir() / "datasets"

    def places(self, root: Path) -> list[Path]:
        """Where the files are looked for, in this order."""
        home = self.home(root)
        return [home / sub if sub else home for sub in self.subfolders]

    def fixed(self, train: int, test: int) -> np.ndarray | None:
        """The published parts for `train` pictures followed by `test` ones, unless they are to be mixed."""
        if not self.published_test:
            return None
        return np.concatenate([np.full(train, -1, np.int8), np.full(test, 2, np.int8)])

    def not_found(self, root: Path) -> BadInput:
        """The sentence that says where it was looked for and how to bring the files along."""
        below = ", ".join(sub for sub in self.subfolders if sub)
        return BadInput(
            f"{self.label} is not on this machine; it was looked for in {self.home(root)} and its folders {below}.",
            f"Copy {', '.join(self.files)} to {self.home(root)}, by USB stick if this machine has no network, "
            "or switch on its download option.",
        )
