"""What can be drawn as heat on the nodes: a measure of every layer as a share of the hottest one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.canvas.numbers import short, size

if TYPE_CHECKING:
    from engine.graph.profile import Profile
    from engine.graph.results import Analysis, NodeInfo


@dataclass(frozen=True)
class Heat:
    """A share in [0, 1] for every node, blocks and the nodes inside them, and what the hottest colour stands for."""

    shares: Mapping[str, float]
    legend: str


def duration(seconds: float) -> str:
    """A time with a unit and sensible digits: "85 µs", "12.3 ms"."""
    for step, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= step * 0.9995:
            value = seconds / step
            return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
    return f"{seconds * 1e6:.1f} µs"


Measure = tuple[str, Callable[["NodeInfo"], int], Callable[[float], str]]

MEASURES: tuple[Measure, ...] = (
    ("Parameters", lambda info: info.parameters, short),
    ("Multiply-accumulates", lambda info: info.macs, short),
    ("Memory", lambda info: info.activation_bytes, size),
)
TIME = "Measured time"


def heat_of(name: str, analysis: Analysis, profile: Profile | None) -> Heat | None:
    """The heat of a measure by its name; None where there is nothing to show."""
    if name == TIME:
        return _heat(profile.layers, set(analysis.spec.by_id), "in one node", duration) if profile is not None else None
    for label, value, spoken in MEASURES:
        if label == name:
            values = {id: float(value(info)) for id, info in analysis.nodes.items()}
            return _heat(values, set(analysis.spec.by_id), label, spoken)
    return None


def _heat(values: Mapping[str, float], outermost: set[str], label: str, spoken: Callable[[float], str]) -> Heat | None:
    hottest = max((value for id, value in values.items() if id in outermost), default=0.0)
    if hottest <= 0:
        return None
    shares = {id: min(1.0, value / hottest) for id, value in values.items() if value > 0}
    return Heat(shares, f"0 … {spoken(hottest)} {label.lower()}")
