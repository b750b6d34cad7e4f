"""Measures in the window's words, which are those of the command line."""

from __future__ import annotations

from engine.tasks.measure_help import measure_help
from engine.tasks.measure_words import (
    capital,
    column_show,
    column_title,
    headline_of,
    in_order,
    is_share,
    measure_title,
    measure_value,
    sample_words,
)

__all__ = [
    "capital",
    "column_show",
    "column_title",
    "headline_of",
    "in_order",
    "is_share",
    "measure_help",
    "measure_title",
    "measure_value",
    "sample_words",
]
