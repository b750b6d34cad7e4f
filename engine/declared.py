"""From a `Choice` (an id with plain options) to the registered declaration it stands for. Never imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from engine.complaints import words
from engine.errors import BadInput
from engine.frozen import thaw
from engine.registry import Registry

if TYPE_CHECKING:
    from engine.datasets.spec import Choice

T = TypeVar("T", bound=BaseModel)


def parse_choice(registry: Registry[type[T]], choice: Choice) -> T:
    """Return the declaration with its options filled in, or raise `BadInput` that names the option at fault."""
    declaration = registry.get(choice.id)
    try:
        return declaration.model_validate(thaw(choice.options))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "its options"
        known = ", ".join(declaration.model_fields)
        raise BadInput(
            f"The {registry.kind} {choice.id!r} cannot use {name} = {first.get('input')!r}.",
            f"{words(first)} Its options are {known}.",
            details=str(error),
        ) from None
