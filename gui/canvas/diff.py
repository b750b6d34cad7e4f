"""What changed between two drawings, so that a view touches only that. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from engine.graph.spec import EdgeSpec, NetworkSpec


@dataclass(frozen=True)
class NetworkDiff:
    """Ids and edges by what happened to them; a renamed node is one removed and one added.

    Attributes:
        moved: nodes whose position alone or among others changed.
        changed: nodes whose type, parameters, subgraph or shared weights changed.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    edges_added: tuple[EdgeSpec, ...] = ()
    edges_removed: tuple[EdgeSpec, ...] = ()
    groups: bool = False

    @property
    def geometry(self) -> bool:
        """Whether edges may run elsewhere now."""
        return bool(self.added or self.removed or self.moved or self.edges_added or self.edges_removed)

    def __bool__(self) -> bool:
        return self.geometry or bool(self.changed) or self.groups


def diff(before: NetworkSpec, after: NetworkSpec) -> NetworkDiff:
    """Compare two drawings; nodes that are the same object cost one look."""
    if before is after:
        return NetworkDiff()
    old, new = before.by_id, after.by_id
    moved, changed = [], []
    for id, node in new.items():
        was = old.get(id)
        if was is None or was is node:
            continue
        if was.position != node.position:
            moved.append(id)
        settings = (was.type, was.params, was.shares) != (node.type, node.params, node.shares)
        if settings or was.subgraph != node.subgraph:
            changed.append(id)
    added: tuple[EdgeSpec, ...] = ()
    removed: tuple[EdgeSpec, ...] = ()
    if before.edges is not after.edges:
        old_edges, new_edges = set(before.edges), set(after.edges)
        added = tuple(edge for edge in after.edges if edge not in old_edges)
        removed = tuple(edge for edge in before.edges if edge not in new_edges)
    return NetworkDiff(
        added=tuple(id for id in new if id not in old),
        removed=tuple(id for id in old if id not in new),
        moved=tuple(moved),
        changed=tuple(changed),
        edges_added=added,
        edges_removed=removed,
        groups=before.groups != after.groups,
    )
