"""What the canvas knows about a node beyond its spec: how it stands, and its numbers. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
_RANK = {"error": 3, "warning": 2, "info": 1}


@dataclass(frozen=True)
class Facts:
    """The numbers at a node, ready to be written.

    Attributes:
        parameters: "2.4 k", or "" where there are none.
        details: two lines for whoever comes close: parameters and multiply-accumulates, memory and receptive field.
        shapes: sizes of what leaves by each port, as on the edges.
    """

    parameters: str = ""
    details: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """What leaves by the first port; "?" while that is unknown."""
        return self.shapes[0] if self.shapes else "?"


@dataclass(frozen=True)
class Mark:
    """The worst problem at a node, how many there are, and whether any of them can be repaired."""

    severity: Severity
    messages: tuple[str, ...]
    repairable: bool = False


def worse(one: Severity, other: Severity) -> Severity:
    return one if _RANK[one] >= _RANK[other] else other


NO_FACTS = Facts()
