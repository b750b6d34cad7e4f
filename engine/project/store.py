"""The project folder on disk: `project.json`, written whole or not at all, and read without trusting it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.datasets.spec import DataSpec
from engine.errors import BadInput
from engine.frozen import thaw
from engine.graph.spec import NetworkSpec, to_plain
from engine.project.atomic import write_atomic
from engine.project.migrations import PROJECT_STEPS, migrate
from engine.project.network_file import load_network, network_from_plain, save_network
from engine.project.plain import as_object, as_options, as_settings, as_text, read_plain
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec

__all__ = [
    "NETWORK_FILE",
    "PROJECT_FILE",
    "inside",
    "is_project",
    "load_network",
    "load_project",
    "network_from_plain",
    "open_file",
    "project_file",
    "project_from_plain",
    "project_to_plain",
    "save_network",
    "save_project",
]

PROJECT_FILE = "project.json"
NETWORK_FILE = "network.json"
FORMAT = "vitrine-project"
VERSION = 1

_PARTS = ("name", "task", "network", "data", "training")


def project_file(path: Path) -> Path:
    """The `project.json` meant by a project folder or by the file itself."""
    path = Path(path)
    return path / PROJECT_FILE if path.is_dir() else path


def is_project(path: Path) -> bool:
    """Whether `path` is a project folder, or the project file in one."""
    path = Path(path)
    return (path / PROJECT_FILE).is_file() or (path.name == PROJECT_FILE and path.is_file())


def inside(folder: Path, relative: str | Path) -> Path:
    """Return `folder / relative`, links followed, if it stays within the folder; else raise `BadInput`."""
    root = Path(folder).resolve()
    try:
        target: Path | None = (root / relative).resolve()
    except (OSError, RuntimeError):  # links in a circle
        target = None
    if target is None or (target != root and root not in target.parents):
        raise BadInput(
            f"{relative} leads out of the folder {folder}.",
            "Keep what belongs to a project or a run inside its folder.",
        )
    return target


def save_project(project: ProjectSpec, folder: Path) -> Path:
    """Write `project.json` into `folder` (made if missing) atomically and return its path.

    Raises `BadInput` or `JobFailed` naming the path; the old file is then untouched.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The folder {folder} could not be made: {error.strerror or error}.",
            "Choose a place where you may write.",
        ) from None
    path = folder / PROJECT_FILE
    write_atomic(path, (json.dumps(project_to_plain(project), indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    return path


def load_project(path: Path) -> ProjectSpec:
    """Open a project folder or its `project.json`.

    Raises `BadInput` that names the file and the place in it: missing, too large, malformed, from a newer
    version, or a link that leads out of the folder. Nothing named in it is imported, run or opened.
    """
    file = project_file(path)
    if file.is_symlink():
        inside(file.parent, file.name)
    try:
        return project_from_plain(read_plain(file))
    except BadInput as error:
        if file.name in error.what:
            raise
        raise type(error)(f"{file.name} cannot be opened. {error.what}", error.advice) from None


def open_file(path: Path) -> ProjectSpec | NetworkSpec:
    """Open whatever a person points at: a project folder, its `project.json`, a run folder, or a network file.

    Raises `BadInput` naming the file when it is none of these.
    """
    path = Path(path)
    if path.is_dir():
        if not is_project(path) and (path / NETWORK_FILE).is_file():
            return load_network(path / NETWORK_FILE)
        if not is_project(path):
            raise BadInput(
                f"The folder {path} holds no {PROJECT_FILE}.",
                "Choose a project folder, a run folder or a network file.",
            )
        return load_project(path)
    return load_project(path) if _format_of(path) == FORMAT else load_network(path)


def _format_of(path: Path) -> object:
    plain = read_plain(path)
    return plain.get("format") if isinstance(plain, dict) else None


def project_to_plain(project: ProjectSpec) -> dict[str, Any]:
    """The JSON form of a project."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": project.name,
        "task": project.task,
        "task_options": thaw(project.task_options),
        "network": to_plain(project.network),
        "data": project.data.model_dump(mode="json"),
        "training": project.training.model_dump(mode="json"),
    }


def project_from_plain(plain: Any) -> ProjectSpec:
    """Turn parsed JSON (of any version) into a project, or raise `BadInput` that names the place."""
    current = migrate(plain, FORMAT, VERSION, PROJECT_STEPS)
    as_object(current, "", ("format", "version", "task_options", *_PARTS), _PARTS)
    task = as_text(current["task"], "task", 100)
    return ProjectSpec(
        name=as_text(current["name"], "name", empty=True),
        task=task,
        network=network_from_plain(current["network"], "network"),
        data=as_settings(DataSpec, current["data"], "data"),
        training=as_settings(TrainingSpec, current["training"], "training"),
        task_options=as_options(current.get("task_options", {}), "task_options"),
    )
