"""Classes of generated data that a person names in one line, with commas between."""

from __future__ import annotations

from collections.abc import Collection


def named_kinds(value: str, known: Collection[str]) -> str:
    """The same names in lower case, each once, with ", " between. Raises `ValueError` that says what to write."""
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    if not names or any(name not in known for name in names):
        raise ValueError(f"choose from {', '.join(known)}")
    if len(set(names)) < len(names):
        raise ValueError("name every kind once")
    return ", ".join(names)
