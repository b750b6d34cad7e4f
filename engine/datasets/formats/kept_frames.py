"""Frames that were taken out of videos: kept by what the video holds, within a limit, for as long as they are used.

They can be taken again at any time, so nothing of a person's own is ever lost with them. Each folder holds the frames
of one video: `frames.json` lists them, its time says when they were last asked for, and `users.json` who did.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.datasets.formats.files import file_state, read_bytes
from engine.errors import BadInput, JobFailed
from engine.paths import data_dir
from engine.project.atomic import write_atomic

log = logging.getLogger(__name__)

LIMIT = 8 * 2**30
"""Bytes that all frames may take together."""
RECENT = 24 * 3600.0
"""Seconds within which frames that were asked for are never removed: something may still read them."""

LISTING, USERS, MAKING, GONE = "frames.json", "users.json", "making-", "gone-"
_SEEN = "seen.json"
_FRAME = re.compile(r"[0-9]{7}\.jpg")
_OWN = re.compile(r"[0-9]{7}\.jpg|frames\.json|users\.json|\..*\.tmp")
_FOLDER = re.compile(r"[0-9a-f]{32}")
_BLOCK = 16 * 2**20
_MOST_SEEN, _MOST_USERS = 2000, 50
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class User:
    """Who asks for frames.

    Attributes:
        project: the project's folder.
        options: those of its dataset, by which it is known whether it still asks for the same.
    """

    project: Path
    options: Mapping[str, Any]

    def plain(self) -> dict[str, Any]:
        return {"project": str(self.project.absolute()), "options": dict(self.options)}


def home() -> Path:
    """Where all frames are kept."""
    return data_dir() / "datasets" / "frames"


def place_of(video: Path, every: int, most: int, say: Callable[[int], None]) -> Path:
    """The folder of a video's frames, the same for a copy or after a move.

    Args:
        say: called now and then while the video is read for the first time; may raise `JobCancelled`.

    Raises `BadInput` if the video cannot be read.
    """
    state, name = file_state(video), str(video.absolute())
    seen = _read_json(home() / _SEEN)
    known = seen.get(name)
    if isinstance(known, list) and len(known) == 2 and known[0] == state and isinstance(known[1], str):
        content = known[1]
    else:
        content = _digest(video, say)
        seen.pop(name, None)
        newest = list(seen.items())[-_MOST_SEEN + 1 :]
        _write_json(home() / _SEEN, {**dict(newest), name: [state, content]})
    code = hashlib.blake2b(f"{content} {every} {most}".encode("utf-8", "surrogatepass"), digest_size=16)
    return home() / code.hexdigest()


def kept(folder: Path) -> tuple[list[str], str] | None:
    """The names of the frames in a folder and what was said of the video; None unless all of them are there."""
    try:
        names, note = json.loads((folder / LISTING).read_text(encoding="utf-8"))
        whole = bool(names) and all(_FRAME.fullmatch(name) and (folder / name).is_file() for name in names)
    except (OSError, ValueError, TypeError):
        return None
    return (names, note) if whole else None


def use(folder: Path, user: User | None) -> None:
    """Note that the frames are asked for, now and by whom."""
    with suppress(OSError):
        os.utime(folder / LISTING)
    if user is None:
        return
    users = _users(folder)
    if user.plain() not in users:
        _write_json(folder / USERS, {"users": [*users, user.plain()][-_MOST_USERS:]})


def make_room(limit: int = LIMIT, recent: float = RECENT) -> int:
    """Remove the frames that were asked for longest ago until all take at most `limit` bytes; the bytes that went.

    Never those that a project still names as its dataset, nor those of the last `recent` seconds. A folder that holds
    anything else than frames is left alone.
    """
    now = time.time()
    try:
        with os.scandir(home()) as all_of_them:
            entries = [entry for entry in all_of_them if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return 0
    found: list[tuple[float, int, Path]] = []
    for entry in entries:
        folder = Path(entry.path)
        if entry.name.startswith((MAKING, GONE)):
            _forget_leftover(folder, now - max(recent, RECENT))
        elif _FOLDER.fullmatch(entry.name) and (size := _size(folder)) is not None:
            found.append((_asked(folder), size, folder))
    total, gone = sum(size for _, size, _ in found), 0
    for asked, size, folder in sorted(found):
        if total - gone <= limit or asked > now - recent:
            break
        if not any(_still(user) for user in _users(folder)) and _remove(folder):
            gone += size
    return gone


def _digest(video: Path, say: Callable[[int], None]) -> str:
    code = hashlib.blake2b(digest_size=16)
    try:
        with video.open("rb") as file:
            while block := file.read(_BLOCK):
                code.update(block)
                say(0)
    except OSError as error:
        raise BadInput(
            f"{video.name} could not be read: {error.strerror or error}.", "Check that it is there and may be opened."
        ) from None
    return code.hexdigest()


def _users(folder: Path) -> list[dict[str, Any]]:
    users = _read_json(folder / USERS).get("users", [])
    return [user for user in users if isinstance(user, dict)] if isinstance(users, list) else []


def _still(user: Mapping[str, Any]) -> bool:
    """Whether a project that asked for frames still names the same videos in the same way."""
    wanted = user.get("options")
    try:
        file = Path(str(user.get("project"))) / "project.json"
        source = json.loads(read_bytes(file, _MOST_BYTES))["data"]["source"]
        options = source.get("options", {})
        same = isinstance(wanted, dict) and all(options.get(name, value) == value for name, value in wanted.items())
        return source.get("id") == "frames" and same
    except (BadInput, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def _size(folder: Path) -> int | None:
    """The bytes that a folder takes; None if it holds anything that this module did not put there."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not _OWN.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                    return None
                total += entry.stat(follow_symlinks=False).st_size
    except OSError:
        return None
    return total


def _asked(folder: Path) -> float:
    """When the frames were last asked for."""
    for path in (folder / LISTING, folder):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _forget_leftover(folder: Path, before: float) -> None:
    """Remove what a process left that was ended in the midst of it."""
    with suppress(OSError):
        if folder.stat().st_mtime < before and _size(folder) is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: Path) -> bool:
    """Take a folder away whole, so that nobody finds half of it."""
    aside = folder.with_name(f"{GONE}{uuid.uuid4().hex}")
    try:
        os.replace(folder, aside)
    except OSError as error:
        log.warning("the frames in %s could not be removed: %s", folder, error)
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _read_json(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(read_bytes(path, _MOST_BYTES)) if path.is_file() else {}
    except (BadInput, OSError, ValueError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _write_json(path: Path, plain: Mapping[str, Any]) -> None:
    """Write a note; without it frames are only found or freed later."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(plain).encode("utf-8"))
    except (BadInput, JobFailed, OSError) as error:
        log.warning("%s could not be written: %s", path, error)
