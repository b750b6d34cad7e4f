"""Optimisers: one declaration each, found by id in `OPTIMISERS`. Never imports torch at module level."""

from engine.training.optimisers.base import OPTIMISERS, Optimiser, make_optimiser, parse_optimiser

__all__ = ["OPTIMISERS", "Optimiser", "make_optimiser", "parse_optimiser"]
