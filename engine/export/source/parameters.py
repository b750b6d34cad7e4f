"""Which numbers of a class become arguments of its constructor, and what they are called."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.export.source.calls import NOTHING, Argument
from engine.export.source.holes import Hole
from engine.export.source.program import Program
from engine.export.source.text import Expression, literal

_FIRST = ("in_channels", "in_features", "channels", "features", "out_channels", "out_features")
_ONE_BY_DEFAULT = ("stride", "dilation", "groups")
_LARGEST_FACTOR = 8
Vector = tuple[tuple[type, Any], ...]


@dataclass(frozen=True)
class Parameter:
    """An argument of a class: its values in the blocks that are of it."""

    name: str
    values: tuple[Any, ...]

    @property
    def default(self) -> Any:
        kinds = {type(value) for value in self.values}
        return 1 if self.name in _ONE_BY_DEFAULT and 1 in self.values and kinds == {int} else NOTHING

    @property
    def hint(self) -> str:
        return " | ".join(dict.fromkeys(_hint(value) for value in self.values))


def _hint(value: Any) -> str:
    if isinstance(value, tuple):
        parts = [_hint(part) for part in value]
        alike = len(set(parts)) == 1
        return f"tuple[{parts[0]}, ...]" if alike and len(parts) > 2 else f"tuple[{', '.join(parts)}]"
    return "None" if value is None else type(value).__name__


@dataclass
class Parameters:
    """The arguments of one class, and the text for each of its holes (None: the same number everywhere)."""

    listed: list[Parameter] = field(default_factory=list)
    texts: list[Expression | None] = field(default_factory=list)
    by_vector: dict[tuple[str, Vector], str] = field(default_factory=dict)

    def arguments(self, place: int) -> tuple[Argument, ...]:
        """The arguments with which the block at `place` among those of the class is made."""
        return tuple(Argument(one.name, one.values[place], one.default, one.name in _FIRST) for one in self.listed)

    def symbol(self, values: Sequence[int]) -> str:
        """The argument that has these values, or what it is multiplied by; "" if none has."""
        return self.by_vector.get(("width", _vector(values)), "")


def _vector(values: Sequence[Any]) -> Vector:
    return tuple((type(value), value) for value in values)


def parameters_of(holes: Sequence[Hole], rows: Sequence[Sequence[Any]], programs: Sequence[Program]) -> Parameters:
    """Choose the arguments of a class from the numbers (one row per block) at its holes."""
    found = Parameters()
    groups: dict[tuple[str, Vector], list[Hole]] = {}
    keys: list[tuple[str, Vector] | None] = []
    for place, hole in enumerate(holes):
        vector = _vector([row[place] for row in rows])
        varies = len(set(vector)) > 1
        keys.append((hole.kind, vector) if varies else None)
        if varies:
            groups.setdefault((hole.kind, vector), []).append(hole)
    taken: set[str] = {"self", "i", "torch", "nn", *programs[0].inputs, *(step.name for step in programs[0].steps)}
    ends = _ends(programs)
    for key in sorted(groups, key=_rank):
        # What comes in and goes out is said, not worked out by the reader.
        text = "" if key[0] == "width" and key[1] in ends else _derived(key, found.by_vector)
        if not text:
            text = _name(key, groups, ends, taken)
            taken.add(text)
            found.listed.append(Parameter(text, tuple(value for _, value in key[1])))
        found.by_vector[key] = text
    found.texts = [found.by_vector[key] if key else None for key in keys]
    found.listed.sort(key=lambda one: _order(one, found.texts))
    return found


def _rank(key: tuple[str, Vector]) -> tuple[bool, str, int]:
    """Widths first, small ones before those that may be multiples of them."""
    kind, vector = key
    first = vector[0][1]
    return kind != "width", kind, first if kind == "width" and isinstance(first, int) else 0


def _order(parameter: Parameter, texts: Sequence[Expression | None]) -> tuple[bool, int, int]:
    """Those with a default last, what comes in and goes out first, the others as they appear."""
    first = _FIRST.index(parameter.name) if parameter.name in _FIRST else len(_FIRST)
    return parameter.default is not NOTHING, first, texts.index(parameter.name)


def _ends(programs: Sequence[Program]) -> dict[Vector, str]:
    """The channels that come in and go out, by their values in all blocks of the class."""
    if any(len(p.entering) != 1 or len(p.leaving) != 1 or not p.entering[0] or not p.leaving[0] for p in programs):
        return {}
    word = "features" if len(programs[0].entering[0]) == 1 else "channels"
    names: dict[Vector, str] = {_vector([p.leaving[0][0] for p in programs]): f"out_{word}"}
    into = _vector([p.entering[0][0] for p in programs])
    names[into] = word if into in names else f"in_{word}"
    return names


def _derived(key: tuple[str, Vector], known: Mapping[tuple[str, Vector], str]) -> str:
    """The text of numbers that follow from an argument: a multiple of a width, or the padding that keeps the size."""
    kind, vector = key
    values = [value for _, value in vector]
    if any(type(value) is not int for value in values):
        return ""
    for (other, others), name in known.items():
        numbers = [value for _, value in others]
        if any(type(value) is not int for value in numbers) or " " in name:
            continue
        if kind == other == "width" and numbers[0] and values[0] % numbers[0] == 0:
            factor = values[0] // numbers[0]
            if 2 <= factor <= _LARGEST_FACTOR and all(v == factor * n for v, n in zip(values, numbers, strict=True)):
                return f"{factor} * {name}"
        if kind == "padding" and other == "dilation" and values == numbers:
            return name
        if kind == "padding" and other == "kernel_size" and values == [(n - 1) // 2 for n in numbers]:
            return f"({name} - 1) // 2"
    return ""


def _name(
    key: tuple[str, Vector],
    groups: Mapping[tuple[str, Vector], list[Hole]],
    ends: Mapping[Vector, str],
    taken: set[str],
) -> str:
    kind, vector = key
    hole = groups[key][0]
    if kind == "width":
        inner = [one for one in groups if one[0] == "width" and one[1] not in ends]
        wanted = [ends.get(vector, "width" if len(inner) == 1 else f"{hole.node}_{_short(hole.argument)}")]
    else:
        wanted = [hole.argument] if len({g[1] for g in groups if g[0] == kind}) == 1 else []
    wanted += [f"{hole.node}_{hole.argument}", *(f"{hole.node}_{hole.argument}_{n}" for n in range(2, 1000))]
    return next(name for name in wanted if name not in taken and not keyword.iskeyword(name))


def _short(argument: str) -> str:
    return argument.removeprefix("out_").removeprefix("in_").removeprefix("num_")


def signature(listed: Sequence[Parameter]) -> list[Expression]:
    """The arguments as they stand in the constructor's definition."""
    texts: list[Expression] = []
    for one in listed:
        default = "" if one.default is NOTHING else f" = {literal(one.default)}"
        texts.append(f"{one.name}: {one.hint}{default}")
    return texts
