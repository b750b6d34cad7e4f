"""pydantic's complaints in words for a person, at a form as at the command line. Never imports torch."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

_RANGE = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_KINDS = {
    "extra_forbidden": "There is no such setting.",
    "missing": "It has to be given.",
    "int_type": "Must be a whole number.",
    "int_parsing": "Must be a whole number.",
    "int_from_float": "Must be a whole number.",
    "float_type": "Must be a number.",
    "float_parsing": "Must be a number.",
    "finite_number": "Must be a finite number.",
    "bool_type": "Must be true or false.",
    "bool_parsing": "Must be true or false.",
    "string_type": "Must be a text.",
    "tuple_type": "Must be a list of values.",
}


def problems_of(error: ValidationError) -> dict[str, str]:
    """One sentence per field; what concerns the whole model stands under ""."""
    by_field: dict[str, list[Any]] = {}
    for one in error.errors():
        by_field.setdefault(str(one["loc"][0]) if one["loc"] else "", []).append(one)
    # A union complains once per member; the one about the range is the one that the person meant.
    return {name: words(next((e for e in some if e["type"] in _RANGE), some[0])) for name, some in by_field.items()}


def words(error: Any) -> str:
    """One complaint of pydantic as a sentence."""
    kind, context = error["type"], error.get("ctx") or {}
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in _RANGE:
        key, spoken = _RANGE[kind]
        limit = context[key]
        return f"Must be {spoken} {limit:,}." if isinstance(limit, int) else f"Must be {spoken} {limit:g}."
    if kind in ("too_short", "too_long"):
        least = kind == "too_short"
        limit = context["min_length" if least else "max_length"]
        return f"{'At least' if least else 'At most'} {limit} value{'s' if limit != 1 else ''} can stand here."
    if kind == "string_too_long":
        return f"At most {context['max_length']} characters can stand here."
    if kind == "literal_error":
        return f"Choose {context['expected']}."
    text = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
