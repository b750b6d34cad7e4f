"""Reading JSON that nobody vouches for: bounded in size, depth, count and length; finite; no key twice."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from engine.errors import BadInput
from engine.frozen import FrozenDict

M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 16 * 1024 * 1024
MAX_VALUES = 400_000
MAX_DEPTH = 60
MAX_TEXT = 20_000
MAX_DIGITS = 30
MAX_OPTIONS = 100
_SHOWN = 60
# Whole strings (possessive, so that no input makes it slow), or one bracket.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class Malformed(BadInput):
    """The content of a file breaks the rules of its format."""


def refuse(where: str, why: str) -> NoReturn:
    """Raise `Malformed` about one place in a file, such as "nodes[3].id"."""
    raise Malformed(f"{where or 'The file'} {why}.", "Choose an intact file, or one that Vitrine saved.")


def shown(value: object) -> str:
    """A value as a message may show it: short, and on one line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read a regular file of at most `limit` bytes. Raises `BadInput` naming the file otherwise."""
    try:
        # Without O_NONBLOCK, opening a named pipe waits for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise BadInput(f"There is no file {path}.", "Check the name, or choose another file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{path} could not be opened: {reason}.", "Choose a file that you may read.") from None
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        raise BadInput(f"{path} is not a file.", "Choose a file, not a folder or a device.")
    with os.fdopen(handle, "rb") as file:
        if info.st_size > limit:
            raise BadInput(
                f"{path} has {info.st_size:,} bytes, more than the {limit:,} that Vitrine reads.",
                "Choose a file that Vitrine saved.",
            )
        try:
            # One byte more than it had; a buffer of the whole limit could be too much memory.
            data = file.read(info.st_size + 1)
        except OSError as error:
            raise BadInput(f"{path} could not be read: {error.strerror}.", "Check the disk and try again.") from None
    if len(data) > info.st_size:
        raise BadInput(f"{path} grew while it was read.", "Wait until it is complete and open it again.")
    return data


def read_plain(path: Path) -> Any:
    """Read a JSON file into dicts, lists, strings, numbers, booleans and None, or raise `BadInput`."""
    data = read_bytes(path)
    try:
        return parse_plain(data)
    except Malformed as error:
        raise Malformed(f"{path.name} cannot be opened. {error.what}", error.advice) from None


def parse_plain(data: bytes) -> Any:
    """Parse JSON within the bounds above, or raise `Malformed`."""
    # Counting separators bounds the number of values before any of them is made.
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        refuse("", f"holds more than {MAX_VALUES:,} values")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse("", f"is not UTF-8 text (byte {error.start:,})")
    _bound_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_number,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        refuse("", f"is not valid JSON at line {error.lineno}, column {error.colno} ({error.msg})")
    _check_strings(value)
    return value


def _bound_depth(text: str) -> None:
    """Refuse deep nesting before the parser recurses into it. Brackets inside strings do not count."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0][0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                refuse("", f"is nested more than {MAX_DEPTH} levels deep")
        elif mark in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            refuse("", f"has the key {shown(key)} twice in one object")
        made[key] = value
    return made


def _constant(text: str) -> NoReturn:
    refuse("", f"contains {text}, which is not a finite number")


def _number(text: str) -> float:
    value = float(text) if len(text) <= 400 else math.inf
    if not math.isfinite(value):
        refuse("", f"contains the number {text[:20]}, which is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        refuse("", f"contains a number of {len(text):,} digits")
    return int(text)


def _check_strings(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            _check_string(item)
        elif isinstance(item, dict):
            for key in item:
                _check_string(key)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _check_string(text: str) -> None:
    if len(text) > MAX_TEXT:
        refuse("", f"contains a text of {len(text):,} characters")
    if "\0" in text or (not text.isascii() and any("\ud800" <= mark <= "\udfff" for mark in text)):
        refuse("", f"contains the text {text[:_SHOWN]!a}, which no file may hold")


# What a parsed value must be; `where` names the place for the message.


def as_object(value: Any, where: str, known: tuple[str, ...], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `value` if it is an object with no keys but `known` and all of `needed`."""
    if not isinstance(value, dict):
        refuse(where, f"must be an object, not {shown(value)}")
    for key in value:
        if key not in known:
            refuse(where, f"has the unknown key {shown(key)}")
    for key in needed:
        if key not in value:
            refuse(where, f"lacks the key {key!r}")
    return value


def as_list(value: Any, where: str, length: int | None = None) -> list[Any]:
    if not isinstance(value, list):
        refuse(where, f"must be a list, not {shown(value)}")
    if length is not None and len(value) != length:
        refuse(where, f"must have {length} entries, not {len(value)}")
    return value


def as_text(value: Any, where: str, limit: int = 200, empty: bool = False) -> str:
    """Return `value` if it is a text of one line with at most `limit` characters."""
    if not isinstance(value, str):
        refuse(where, f"must be a text, not {shown(value)}")
    if len(value) > limit:
        refuse(where, f"has {len(value):,} characters, more than {limit}")
    if not value and not empty:
        refuse(where, "must not be empty")
    if any(mark < " " for mark in value):
        refuse(where, f"contains a control character: {shown(value)}")
    return value


def as_number(value: Any, where: str, limit: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(where, f"must be a number, not {shown(value)}")
    if not -limit <= value <= limit:
        refuse(where, f"must lie between {-limit:g} and {limit:g}, not {shown(value)}")
    return float(value)


def as_settings(model: type[M], plain: Any, where: str) -> M:
    """Return the settings that `plain` holds, or refuse naming the first that is wrong."""
    try:
        # Strict from JSON: "5" is no number, but a list may become a tuple.
        return model.model_validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join((where, *map(str, first["loc"])))
        refuse(place, f"cannot be {shown(first.get('input'))}: {first['msg']}")


def as_options(plain: Any, where: str) -> FrozenDict:
    """Return the options of something that is chosen by its id, which checks them when it is made."""
    if not isinstance(plain, dict):
        refuse(where, f"must be an object, not {shown(plain)}")
    if len(plain) > MAX_OPTIONS:
        refuse(where, f"has {len(plain):,} entries, more than {MAX_OPTIONS}")
    return FrozenDict(plain)
