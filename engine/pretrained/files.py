"""Where weight files lie, whether they are whole, and bringing one in. Never imports torch, and never a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Progress
from engine.paths import config_dir, data_dir
from engine.pretrained.table import Weights, files_of, table
from engine.project.atomic import move_into_place, write_atomic
from engine.project.plain import read_bytes

_CHOICE = "weights.json"
_CHUNK = 4 * 2**20


@dataclass(frozen=True)
class Found:
    """One row of the table and where its file lies; `path` is None where it is missing."""

    row: Weights
    path: Path | None = None


def torch_folder() -> Path:
    """Where torch.hub keeps what it downloads: the folder "checkpoints" of `torch.hub.get_dir()`."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    return Path(os.path.expanduser(home)) / "hub" / "checkpoints"


def own_folder() -> Path:
    """Where files that are brought in are copied to."""
    return data_dir() / "weights"


def chosen_folder() -> Path | None:
    """The folder that the user chose, such as one on a USB stick or a shared drive."""
    try:
        text = json.loads(read_bytes(config_dir() / _CHOICE).decode("utf-8"))["folder"]
    except (BadInput, OSError, ValueError, KeyError, TypeError):
        return None
    return Path(text) if isinstance(text, str) and text else None


def choose_folder(folder: Path | None) -> None:
    """Look for weights in this folder too, from now on; None forgets it. Raises `BadInput` where there is none."""
    if folder is not None and not folder.is_dir():
        raise BadInput(f"The folder {folder} does not exist.", "Choose a folder that exists.")
    config_dir().mkdir(parents=True, exist_ok=True)
    kept = {"folder": str(folder) if folder is not None else ""}
    write_atomic(config_dir() / _CHOICE, (json.dumps(kept) + "\n").encode("utf-8"))


def folders() -> tuple[Path, ...]:
    """Where weights are looked for, in this order."""
    chosen = chosen_folder()
    return (*((chosen,) if chosen is not None else ()), own_folder(), torch_folder())


def find_weights(rows: Sequence[Weights] | None = None, places: Sequence[Path] | None = None) -> tuple[Found, ...]:
    """Every known file with the place where it lies. Only names are looked at; nothing is opened.

    Args:
        rows: of the table; None for all.
        places: folders to look in; None for the usual ones.
    """
    known = table() if rows is None else rows
    places = folders() if places is None else places
    return tuple(
        Found(row, next((place / row.file for place in places if (place / row.file).is_file()), None)) for row in known
    )


def find_model(id: str, rows: Sequence[Weights] | None = None, places: Sequence[Path] | None = None) -> Found:
    """The best file that lies here for a model.

    Raises `BadInput` for an unknown model, and for one whose file is missing, with how to bring it.
    """
    wanted = files_of(id, None if rows is None else tuple(rows))
    for found in find_weights(wanted, places):
        if found.path is not None:
            return found
    row = wanted[0]
    raise BadInput(
        f"The weights of {row.label} ({row.file}, {size_words(row)}) are not on this computer.",
        f"Fetch {row.url} on a computer with a network, and copy the file into {own_folder()}.",
    )


def size_words(row: Weights) -> str:
    """How large the file is, such as "13.4 MiB"."""
    return f"{row.mebibytes:.1f} MiB" if row.mebibytes < 100 else f"{row.mebibytes:.0f} MiB"


def check(path: Path, row: Weights, token: CancelToken | None = None) -> None:
    """Raise `BadInput` when the file is not the one that the table means: its SHA-256 must begin as its name says."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                if token is not None:
                    token.raise_if_cancelled()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.", "Copy the file again.") from None
    if not digest.hexdigest().startswith(row.hash_prefix):
        raise BadInput(
            f"{path.name} is damaged or another file: its SHA-256 begins with "
            f"{digest.hexdigest()[: len(row.hash_prefix)]}, not {row.hash_prefix}.",
            f"Delete it, and fetch {row.url} again.",
        )


def row_of(path: Path, rows: Sequence[Weights] | None = None) -> Weights:
    """The row of the table that a file is for, by its name. Raises `BadInput` for another file."""
    for row in table() if rows is None else rows:
        if row.file == path.name:
            return row
    raise BadInput(
        f"{path.name} is not the file of a model that is known here.",
        "Choose a file from the list, with the name under which it was fetched.",
    )


@dataclass(frozen=True)
class CopyIn:
    """The job: check a file, then copy it to where weights are looked for. Returns its row.

    Args:
        path: the file, such as one on a USB stick.
        rows: of the table; None for all.
    """

    path: Path
    rows: tuple[Weights, ...] | None = None

    def __call__(self, emit: Emit, token: CancelToken) -> Weights:
        row = row_of(self.path, self.rows)
        emit(Progress(f"Checking {row.file}", 0, 2))
        check(self.path, row, token)
        emit(Progress(f"Copying {row.file}", 1, 2))
        target = own_folder() / row.file
        temporary = target.with_name(f".{uuid.uuid4().hex}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path, temporary)
            check(temporary, row, token)  # what arrived, not only what was sent
            move_into_place(temporary, target)
        except OSError as error:
            raise BadInput(
                f"{row.file} could not be copied to {target.parent}: {error.strerror or error}.",
                f"Make sure that {size_words(row)} are free there.",
            ) from None
        finally:
            temporary.unlink(missing_ok=True)
        return row
