"""Where the runs of a project go. Never imports torch."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from engine.paths import data_dir, resources
from engine.project.store import inside, project_file

RUNS = "runs"


def runs_root(project: Path) -> Path:
    """Return the folder whose `runs` folder holds the runs of the project at `project`.

    That is the project's own folder, so that a project travels with its runs. A sample that ships with the program
    stays as it is, and so does a folder that may not be written (a USB stick behind a switch, a teacher's share):
    their runs go below `data_dir()`, under the project's name. Raises `BadInput` when `runs` is a link out of the
    project's folder.
    """
    folder = project_file(project).parent.resolve()
    shipped = resources().resolve()
    if folder != shipped and shipped not in folder.parents and os.access(folder, os.W_OK):
        inside(folder, RUNS)
        return folder
    # Two projects of one name must not share their runs.
    mark = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return data_dir() / "projects" / f"{folder.name}-{mark}"
