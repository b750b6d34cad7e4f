"""Which level of a network is looked at, and which blocks are opened in it. A matter of looking: no edit, no undo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.graph.paths import find, is_inside, join, outer, parent_of
from engine.graph.spec import NetworkSpec


@dataclass(frozen=True)
class Opening:
    """A value; every change is a new one.

    Attributes:
        scope: path of the block that has been entered, "" for the whole network.
        opened: paths of the blocks that are opened in place; a closed one around them hides them again.
    """

    scope: str = ""
    opened: frozenset[str] = frozenset()

    def with_open(self, paths: Iterable[str]) -> Opening:
        """Open these blocks."""
        return replace(self, opened=self.opened | frozenset(paths))

    def with_closed(self, paths: Iterable[str]) -> Opening:
        """Close these blocks. What is opened inside them is remembered."""
        return replace(self, opened=self.opened - frozenset(paths))

    def all_closed(self) -> Opening:
        return replace(self, opened=frozenset())

    def entered(self, block: str) -> Opening:
        """Look at the inside of a block alone; "" is the whole network."""
        return replace(self, scope=block)

    def left(self) -> Opening:
        """Go out to the level that holds the present one."""
        return self.entered(parent_of(self.scope))

    def showing(self, path: str) -> Opening:
        """With everything opened that a node needs to be seen; from another level, go out as far as needed."""
        made = self
        while not is_inside(path, made.scope):
            made = made.left()
        return made.with_open(block for block in outer(path) if is_inside(block, made.scope))

    def fitting(self, network: NetworkSpec) -> Opening:
        """With a scope that exists: a block that has gone is left for what held it."""
        scope = self.scope
        while scope:
            node = find(network, scope)
            if node is not None and node.subgraph is not None:
                break
            scope = parent_of(scope)
        return self if scope == self.scope else replace(self, scope=scope)

    def renamed(self, old: str, new: str) -> Opening:
        """After a node has got another name."""

        def follow(path: str) -> str:
            return new + path[len(old) :] if path == old or is_inside(path, old) else path

        return Opening(follow(self.scope), frozenset(follow(path) for path in self.opened))

    def crumbs(self, network: NetworkSpec) -> tuple[tuple[str, str], ...]:
        """Path and name of every level from the whole network down to the present one."""
        made = [("", network.name or "Network")]
        path = ""
        for part in self.scope.split(".") if self.scope else ():
            path = join(path, part)
            made.append((path, part))
        return tuple(made)
