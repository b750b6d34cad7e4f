"""Which settings have an effect: a field says itself by which others it counts. Never imports torch.

Values of fields that do not count are kept and saved like all others; a window has no need to show them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

_IF, _UNLESS = "counts_if", "counts_unless"

FACTS = {
    "outputs": "how many Output nodes the project's network has",
    "clean": "whether the data brings clean pictures beside noisy ones",
    "hypercolumn": "whether the project's network has a Hypercolumn",
    "smoothing": "whether the loss of the project's task can spread its target",
    "momentum": "whether the chosen optimiser keeps a momentum",
    "cycled": "whether the chosen schedule sets the momentum",
}
"""What a field may depend on beside the fields of its own declaration; who shows a form tells it what is known."""


def counts_if(**values: Sequence[Any]) -> dict[str, Any]:
    """`json_schema_extra` of a field that counts only while each of these fields or facts has one of its values."""
    return {_IF: {name: list(some) for name, some in values.items()}}


def counts_unless(**values: Sequence[Any]) -> dict[str, Any]:
    """`json_schema_extra` of a field that counts only while none of these fields or facts has one of its values."""
    return {_UNLESS: {name: list(some) for name, some in values.items()}}


def conditions(declaration: type[BaseModel], name: str) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """What a field says: values of others by which it counts, and by which it does not."""
    extra = declaration.model_fields[name].json_schema_extra
    said = extra if isinstance(extra, dict) else {}
    wanted, unwanted = said.get(_IF, {}), said.get(_UNLESS, {})
    assert isinstance(wanted, dict)
    assert isinstance(unwanted, dict)
    return wanted, unwanted  # type: ignore[return-value]


def idle_fields(
    declaration: type[BaseModel], values: Mapping[str, Any], facts: Mapping[str, Any] | None = None
) -> frozenset[str]:
    """Names of the fields that have no effect with these values. What nobody knows keeps no field from counting."""
    known = {**(facts or {}), **values}
    idle = set()
    for name in declaration.model_fields:
        wanted, unwanted = conditions(declaration, name)
        missed = any(other in known and known[other] not in some for other, some in wanted.items())
        if missed or any(other in known and known[other] in some for other, some in unwanted.items()):
            idle.add(name)
    return frozenset(idle)
