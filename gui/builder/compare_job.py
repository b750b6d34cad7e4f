"""Comparing the drawing with another network: what the job works out, as rows that a table can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cancel import CancelToken
from engine.events import Emit
from engine.graph.difference import Change, Difference, difference
from engine.graph.spec import BLOCK, NetworkSpec

if TYPE_CHECKING:
    from engine.graph.results import Analysis


@dataclass(frozen=True)
class Comparison:
    """Two networks beside each other. `other` is the one that was chosen, `ours` the drawing.

    `difference` goes from the other to ours: "added" is what only the drawing has.
    """

    title: str
    other: Analysis
    ours: Analysis
    difference: Difference


@dataclass(frozen=True)
class CompareJob:
    """Job: analyse another network (a gallery id, a file, or a design that is there) and compare it with `ours`."""

    title: str
    other: str | Path | NetworkSpec
    ours: NetworkSpec

    def __call__(self, emit: Emit, token: CancelToken) -> Comparison:
        from engine.graph.analyse import analyse

        other = self._read()
        token.raise_if_cancelled()
        return Comparison(self.title, analyse(other), analyse(self.ours), difference(other, self.ours))

    def _read(self) -> NetworkSpec:
        from engine.gallery.base import open_network
        from engine.project.network_file import load_network

        if isinstance(self.other, NetworkSpec):
            return self.other
        if isinstance(self.other, Path):
            return load_network(self.other)
        return open_network(self.other)


def count_layers(spec: NetworkSpec) -> int:
    """How many layers a network has at every depth, without inputs, outputs and the blocks themselves."""
    return sum(
        count_layers(node.subgraph) if node.type == BLOCK and node.subgraph is not None else 1
        for node in spec.nodes
        if node.type not in ("Input", "Output")
    )


def changes(found: Difference) -> list[tuple[str, str, str]]:
    """The difference as rows: node, what happened, the details."""
    rows = [(id, "only here", "") for id in found.added]
    rows += [(id, "only there", "") for id in found.removed]
    rows += [(id, "changed", _spoken(some)) for id, some in found.changed.items() if _spoken(some)]
    rows += [(new, "renamed", f"{old} there") for old, new in found.renamed.items()]
    for path in dict.fromkeys((*found.edges_added, *found.edges_removed)):
        more, less = found.edges_added.get(path, ()), found.edges_removed.get(path, ())
        names = {*found.added, *found.removed}
        prefix = f"{path}." if path else ""
        for edges, word in ((more, "connected only here"), (less, "connected only there")):
            # Edges of nodes that came or went say nothing new.
            rows += [
                (f"{prefix}{edge.target}", word, f"from {edge.source}")
                for edge in edges
                if prefix + edge.source not in names and prefix + edge.target not in names
            ]
    return rows


def marks(found: Difference) -> dict[str, str]:
    """The same as marks for the nodes of the drawing; a block carries the mark of what is in it."""
    result = dict.fromkeys(found.added, "added")
    result |= {id: "changed" for id, some in found.changed.items() if _spoken(some)}
    for id in (*result, *found.removed):
        parts = id.split(".")
        for depth in range(1, len(parts)):
            result.setdefault(".".join(parts[:depth]), "changed")
    return result


def _spoken(changed: Mapping[str, Change]) -> str:
    return " · ".join(
        f"{name.replace('_', ' ')} {_value(old)} → {_value(new)}"
        for name, (old, new) in changed.items()
        if name != "exposed"
    )


def _value(value: object) -> str:
    return "default" if value is None else "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
