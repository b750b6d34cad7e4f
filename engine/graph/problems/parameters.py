"""Settings that a layer does not accept."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from engine.complaints import problems_of
from engine.frozen import FrozenDict, freeze
from engine.graph.problems.base import View, register, title
from engine.graph.repairs import default_param, rename_param, set_param, spoken_value
from engine.graph.results import Problem, Repair
from engine.graph.spec import NodeSpec
from engine.layers.base import LAYERS


@register("bad-parameter")
def bad_parameter(view: View) -> Iterator[Problem]:
    """Unknown settings, and values out of their range."""
    for node in view.spec.nodes:
        if not node.params or node.type not in LAYERS:
            continue
        for name, rule, allowed in faults(node.type, node.params):
            yield _problem(node, name, rule, allowed)


def _problem(node: NodeSpec, name: str, rule: str, allowed: Any) -> Problem:
    if name not in LAYERS.get(node.type).model_fields:
        known = ", ".join(LAYERS.get(node.type).model_fields) or "none"
        return Problem(
            "error",
            "bad-parameter",
            node.id,
            f"{title(node)} has no setting called {name!r}.",
            f"Its settings are: {known}.",
            (*_meant(node, name), default_param(node.id, name, f"Remove the setting {name}")),
        )
    value, usual = node.params[name], LAYERS.get(node.type)().model_dump()[name]
    repairs: list[Repair] = []
    if allowed is not None and allowed != usual:
        repairs.append(set_param(node.id, name, allowed))
    repairs.append(default_param(node.id, name, f"Put {name} of {node.id} back to {spoken_value(usual)}"))
    return Problem(
        "error", "bad-parameter", node.id, f"{title(node)} cannot use {name} = {_shown(value)}.", rule, tuple(repairs)
    )


def _meant(node: NodeSpec, name: str) -> list[Repair]:
    """The setting whose name is nearest, if it is not given already and takes the value."""
    free = [field for field in LAYERS.get(node.type).model_fields if field not in node.params]
    found = []
    for field in difflib.get_close_matches(name, free, n=1, cutoff=0.6):
        params = FrozenDict({field: node.params[name]})
        if not faults(node.type, params):
            found.append(rename_param(node.id, name, field))
    return found


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    text = spoken_value(value)
    return text if len(text) < 60 else text[:57] + "..."


@lru_cache(maxsize=4096)
def faults(type: str, params: FrozenDict) -> tuple[tuple[str, str, Any], ...]:
    """For each setting that is refused: its name, the rule in words, and the nearest value allowed (or None)."""
    declaration = LAYERS.get(type)
    try:
        declaration.model_validate(dict(params))
    except ValidationError as error:
        by_name: dict[str, list[Any]] = {}
        for one in error.errors():
            by_name.setdefault(str(one["loc"][0]) if one["loc"] else "", []).append(one)
        rules = problems_of(error)
        return tuple((name, rules[name], _nearest(type, params, name, some)) for name, some in by_name.items() if name)
    return ()


def _nearest(type: str, params: FrozenDict, name: str, errors: list[Any]) -> Any:
    """The closest value that the layer accepts, for a number out of range."""
    value = params.get(name)
    candidates: list[Any] = []
    nearest: list[Any] = []  # with only those sizes changed that are refused
    for error in errors:
        context = error.get("ctx", {})
        bounds = {bound: context[bound] for bound in ("ge", "le") if bound in context}
        candidates.extend(bounds.values())
        if isinstance(value, tuple) and all(isinstance(one, int | float) for one in value):
            nearest.append(tuple(min(max(one, bounds.get("ge", one)), bounds.get("le", one)) for one in value))
    if isinstance(value, float) and not isinstance(value, bool):
        candidates.insert(0, round(value) if abs(value) < 1e9 else None)
    if isinstance(value, tuple):
        candidates += [tuple(one for _ in value) for one in candidates if one is not None]
    for candidate in (*nearest, *candidates):
        if candidate is None:
            continue
        trial = FrozenDict({**params, name: freeze(candidate)})
        try:
            LAYERS.get(type).model_validate({name: trial[name]})
        except ValidationError:
            continue
        return trial[name]
    return None
