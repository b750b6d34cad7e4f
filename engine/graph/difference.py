"""What is different between two designs: nodes that came, went or changed, and edges. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.spec import BLOCK, EdgeSpec, NetworkSpec, NodeSpec

Change = tuple[Any, Any]
"""The value before and the value after; None where a parameter was left at its default."""


@dataclass(frozen=True)
class Difference:
    """Two designs compared. Nodes inside blocks are named "block.inner".

    Attributes:
        added: in the second design only.
        removed: in the first only.
        changed: in both with other settings; by parameter, "type" for another type of layer, "shares" for the weights.
        renamed: the id in the first design to the one in the second, where a node is the same by its type, settings
            and place and only its name differs.
        edges_added, edges_removed: by the path of the network that they are drawn in, "" for the whole.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    edges_added: Mapping[str, tuple[EdgeSpec, ...]] = field(default_factory=dict)
    edges_removed: Mapping[str, tuple[EdgeSpec, ...]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (
            self.added or self.removed or self.changed or self.renamed or self.edges_added or self.edges_removed
        )

    def reversed(self) -> Difference:
        """The same from the second design to the first."""
        back = {new: old for old, new in self.renamed.items()}
        swapped = {
            back.get(id, id): {name: (new, old) for name, (old, new) in some.items()}
            for id, some in self.changed.items()
        }
        return Difference(self.removed, self.added, swapped, back, self.edges_removed, self.edges_added)


def difference(before: NetworkSpec, after: NetworkSpec) -> Difference:
    """Compare two designs. Positions, names of networks and groups don't count."""
    work = _Work()
    work.compare(before, after, "")
    return Difference(
        tuple(work.added),
        tuple(work.removed),
        work.changed,
        work.renamed,
        {path: edges for path, edges in work.edges_added.items() if edges},
        {path: edges for path, edges in work.edges_removed.items() if edges},
    )


@dataclass
class _Work:
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: dict[str, dict[str, Change]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    edges_added: dict[str, tuple[EdgeSpec, ...]] = field(default_factory=dict)
    edges_removed: dict[str, tuple[EdgeSpec, ...]] = field(default_factory=dict)

    def compare(self, before: NetworkSpec, after: NetworkSpec, path: str) -> None:
        partners = _partners(before, after)
        self.renamed.update({path + old: path + new for old, new in partners.items() if old != new})
        self.removed += [path + node.id for node in before.nodes if node.id not in partners]
        kept = set(partners.values())
        self.added += [path + node.id for node in after.nodes if node.id not in kept]
        for old, new in partners.items():
            self._compare_nodes(before.by_id[old], after.by_id[new], f"{path}{new}", partners)
        translated = {
            EdgeSpec(
                partners.get(edge.source, edge.source),
                partners.get(edge.target, edge.target),
                edge.source_port,
                edge.target_port,
            ): edge
            for edge in before.edges
        }
        here = path.rstrip(".")
        self.edges_added[here] = tuple(edge for edge in after.edges if edge not in translated)
        now = set(after.edges)
        self.edges_removed[here] = tuple(edge for moved, edge in translated.items() if moved not in now)

    def _compare_nodes(self, old: NodeSpec, new: NodeSpec, path: str, partners: Mapping[str, str]) -> None:
        changes: dict[str, Change] = {}
        if old.type != new.type:
            changes["type"] = (old.type, new.type)
        for name in dict.fromkeys((*old.params, *new.params)):
            values = (old.params.get(name), new.params.get(name))
            if values[0] != values[1]:
                changes[name] = values
        if partners.get(old.shares or "", old.shares) != new.shares:
            changes["shares"] = (old.shares, new.shares)
        if changes:
            self.changed[path] = changes
        if old.type == new.type == BLOCK and old.subgraph is not None and new.subgraph is not None:
            self.compare(old.subgraph, new.subgraph, f"{path}.")


def _partners(before: NetworkSpec, after: NetworkSpec) -> dict[str, str]:
    """Which node of `before` is which of `after`: by id; what is left, by being alike with the same neighbours."""
    partners = {node.id: node.id for node in before.nodes if node.id in after.by_id}
    left = [node for node in after.nodes if node.id not in before.by_id]
    for node in before.nodes:
        if node.id in partners:
            continue
        for other in left:
            if _same(node, other) and _meets(before, node.id, after, other.id, partners):
                partners[node.id] = other.id
                left.remove(other)
                break
    return partners


def _same(node: NodeSpec, other: NodeSpec) -> bool:
    return (node.type, node.params, node.subgraph) == (other.type, other.params, other.subgraph)


def _meets(before: NetworkSpec, old: str, after: NetworkSpec, new: str, partners: Mapping[str, str]) -> bool:
    """Whether two nodes have the same nodes before them, or the same behind them."""
    into = {partners.get(edge.source, "") for edge in before.edges_into.get(old, ())}
    out_of = {partners.get(edge.target, "") for edge in before.edges_out_of.get(old, ())}
    new_into = {edge.source for edge in after.edges_into.get(new, ())}
    new_out_of = {edge.target for edge in after.edges_out_of.get(new, ())}
    return bool(into and into == new_into) or bool(out_of and out_of == new_out_of)
