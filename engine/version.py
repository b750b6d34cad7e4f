"""The version of the program, from one place: `pyproject.toml` in a clone, the package's metadata when installed."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path


def version() -> str:
    """Return the version as a text such as "0.1.0"."""
    described = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if described.is_file():
        with open(described, "rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    return metadata.version("vitrine")
