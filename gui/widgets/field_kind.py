"""What kind of control a pydantic field needs, found from its annotation. Plain Python, no Qt."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.datasets.spec import Choice
from engine.registry import Registry
from gui.widgets.field_text import Json, Number, Numbers, Rows, TextFormat, WordOr

Look = Literal["check", "combo", "spin", "text", "lines", "choice", "nested"]

ANY_TEXT = TextFormat()


@dataclass(frozen=True)
class FieldKind:
    """One field of a settings model, described for the control that edits it."""

    name: str
    label: str
    help: str
    look: Look
    default: Any
    format: TextFormat = ANY_TEXT
    values: tuple[Any, ...] = ()  # of a combo, or the words that an editable combo offers
    model: type[BaseModel] | None = None  # of a nested form
    registry: Registry | None = None  # of a choice
    empty: str = ""  # what an empty optional field stands for


def kinds_of(
    model: type[BaseModel], registries: Mapping[str, Registry], labels: Mapping[str, str]
) -> Iterator[FieldKind]:
    """Describe every field of `model`, in the order in which they are declared."""
    for name, info in model.model_fields.items():
        yield _kind(name, info, registries.get(name), labels.get(name) or info.title or spoken_name(name))


def spoken_name(name: str) -> str:
    """A field's name as a label: "batch_size" becomes "Batch size", "beta1" "Beta 1"."""
    words = re.sub(r"(?<=[a-z]{3})(?=\d+$)", " ", name.replace("_", " ").strip())
    return words[:1].upper() + words[1:]


def _kind(name: str, info: FieldInfo, registry: Registry | None, label: str) -> FieldKind:
    optional, options = _alternatives(info.annotation)
    limits = list(info.metadata)
    default = info.get_default(call_default_factory=True) if not info.is_required() else None
    help = info.description or ""
    found = re.search(r"empty (?:for|means) ([^;.]+)", help)
    empty = (found.group(1) if found else "none") if optional else ""

    def made(look: Look, **more: Any) -> FieldKind:
        return FieldKind(name, label, help, look, default, empty=empty, **more)

    if registry is not None and options == [Choice]:
        return made("choice", registry=registry)
    if len(options) == 1:
        bare, own = _unwrap(options[0])
        if isinstance(bare, type) and issubclass(bare, BaseModel) and not optional and bare is not Choice:
            return made("nested", model=bare)
        if bare is bool and not optional:
            return made("check")
        if get_origin(bare) is Literal:
            return made("combo", values=((None,) if optional else ()) + get_args(bare))
        if bare is str:
            return made("text", format=TextFormat(optional=optional))
        limits += own
    format = _format(name, options, optional, limits)
    if isinstance(format, WordOr):
        return made("combo", values=format.words, format=format)
    if isinstance(format, Rows):
        return made("lines", format=format)
    return made("spin" if isinstance(format, Number | Numbers) else "text", format=format)


def _format(name: str, options: list[Any], optional: bool, limits: list[Any]) -> TextFormat:
    words: tuple[str, ...] = ()
    number: Number | None = None
    several: Numbers | None = None
    for option in options:
        bare, own = _unwrap(option)
        if get_origin(bare) is Literal and all(isinstance(word, str) for word in get_args(bare)):
            words += get_args(bare)
        elif bare in (int, float):
            number = _number(bare, [*own, *limits])
        elif get_origin(bare) is tuple:
            row = _row(name, get_args(bare))
            if row is None:
                return Rows(optional) if len(options) == 1 and _is_table(bare) else Json(optional)
            several = row
        else:
            return Json(optional)
    if several is not None:
        shared = {"single": number is not None, "optional": optional and not words}
        format: TextFormat = Numbers(item=several.item, count=several.count, between=several.between, **shared)
    elif number is not None:
        format = Number(optional and not words, number.whole, number.low, number.high)
    else:
        return Json(optional)
    return WordOr(optional, words, format) if words else format


def _row(name: str, items: tuple[Any, ...]) -> Numbers | None:
    """The format of a tuple of numbers, or None when it holds something else."""
    endless = len(items) == 2 and items[1] is Ellipsis
    inner, limits = _unwrap(items[0]) if items else (None, [])
    if inner not in (int, float):
        return None
    sizes = inner is int and (not endless or "shape" in name or "size" in name)
    return Numbers(item=_number(inner, limits), count=None if endless else len(items), between=" × " if sizes else ", ")


def _is_table(annotation: Any) -> bool:
    items = get_args(annotation)
    inner, _ = _unwrap(items[0])
    return get_origin(inner) is tuple and _unwrap(get_args(inner)[0])[0] is int


def _number(kind: type, limits: list[Any]) -> Number:
    low = high = None
    for limit in limits:
        for attribute in ("ge", "gt"):
            low = getattr(limit, attribute, low)
        for attribute in ("le", "lt"):
            high = getattr(limit, attribute, high)
    return Number(whole=kind is int, low=low, high=high)


def _alternatives(annotation: Any) -> tuple[bool, list[Any]]:
    """Whether None is allowed, and the other members of a union (or the annotation alone)."""
    bare, _ = _unwrap(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        found = [_alternatives(part) for part in get_args(bare)]
        members = [member for _, some in found for member in some if member is not type(None)]
        return any(part is type(None) for part in get_args(bare)) or any(empty for empty, _ in found), members
    return False, [annotation]


def _unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """Take `Annotated` off; return the type and the limits that stood there."""
    if get_origin(annotation) is not Annotated:
        return annotation, []
    bare, *notes = get_args(annotation)
    limits: list[Any] = []
    for note in notes:
        limits += note.metadata if isinstance(note, FieldInfo) else [note]
    inner, more = _unwrap(bare)
    return inner, limits + more
