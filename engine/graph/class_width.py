"""Setting anew how many classes a network tells apart, wherever in the drawing that number stands. Never imports torch.

The number of classes is no setting of a drawing: it is the width of the last layers, and what comes behind them counts
with it, such as the columns of a table of anchors. From an Output on this follows the wires back, through blocks and
joined branches, until it has found every layer that makes these values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.frozen import FrozenDict
from engine.graph.edits import inside, update_params
from engine.graph.ports import input_ports, is_known, is_variadic, output_ports
from engine.graph.sharing import family
from engine.graph.spec import BLOCK, INPUT, EdgeSpec, NetworkSpec, NodeSpec
from engine.layers.base import LAYERS

if TYPE_CHECKING:
    from engine.graph.results import Analysis

_WIDTHS = ("out_features", "out_channels")
_COUNTS = {"AnchorRows": "columns", "Reshape": "shape"}
"""Layers without weights that hold a number of columns, and in which setting."""


@dataclass(frozen=True)
class Columns:
    """The values of an output that stand for classes.

    Attributes:
        output: its id.
        before, after: how many classes it has, and is to have, the background counted where there is one.
        besides: values in front of them that stay.
    """

    output: str
    before: int
    after: int
    besides: int = 0

    @property
    def total(self) -> int:
        return self.besides + self.before

    def scaled(self, value: int) -> int | None:
        """What becomes of a width that holds these values once or for several boxes; None for any other width."""
        times, rest = divmod(value, self.total)
        return None if rest else times * (self.besides + self.after)


Changes = tuple[tuple[str, str, FrozenDict], ...]
"""New settings: the path of the block that a node is in, the node's id, and what to set."""


def class_settings(spec: NetworkSpec, analysis: Analysis, wanted: Iterable[Columns]) -> Changes:
    """What to set for other numbers of classes; nothing where what makes them was not found.

    Whether the result is sound is for the caller to see.

    Args:
        analysis: of `spec`, without errors.
    """
    walk = _Walk(analysis)
    try:
        for columns in wanted:
            walk.back((_Place(spec),), spec.edges_into[columns.output][0], columns)
    except (_LostError, KeyError):
        return ()
    return tuple((*place, FrozenDict(settings)) for place, settings in walk.changes.items())


def with_settings(spec: NetworkSpec, changes: Changes) -> NetworkSpec:
    """Set parameters of nodes inside blocks; nodes that share weights take part.

    Raises `BadInput` where one of the nodes is gone.
    """
    for path, id, settings in changes:
        spec = inside(spec, path, partial(update_params, id=id, changes=settings))
    return spec


class _LostError(Exception):
    """The wires lead to something of which nobody knows how its values stand for classes."""


@dataclass(frozen=True)
class _Place:
    """A network on the way down: the whole one, or the inside of the block `id` of the place before."""

    spec: NetworkSpec
    id: str = ""


Way = tuple[_Place, ...]


@dataclass
class _Walk:
    analysis: Analysis
    changes: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _seen: set[tuple[str, str, str, int]] = field(default_factory=set)

    def back(self, way: Way, edge: EdgeSpec, columns: Columns) -> None:
        """Follow an edge to what makes its values."""
        path = _path(way)
        step = (path, edge.source, edge.source_port, columns.besides)
        if step in self._seen:
            return
        self._seen.add(step)
        node = way[-1].spec.by_id[edge.source]
        if node.type == INPUT:
            self._out_of_block(way, node, columns)
        elif node.type == BLOCK and node.subgraph is not None:
            ends = dict(zip(output_ports(node), node.subgraph.outputs, strict=True))
            (end,) = node.subgraph.edges_into[ends[edge.source_port].id]
            self.back((*way, _Place(node.subgraph, node.id)), end, columns)
        elif not is_known(node):
            raise _LostError(node.id)
        else:
            self._through(way, node, columns)

    def _out_of_block(self, way: Way, node: NodeSpec, columns: Columns) -> None:
        if len(way) == 1:
            raise _LostError(node.id)  # the classes are those of the picture itself
        above, block = way[-2].spec, way[-2].spec.by_id[way[-1].id]
        port = dict(zip((one.id for one in way[-1].spec.inputs), input_ports(block), strict=True))[node.id]
        for edge in above.edges_into[block.id]:
            if edge.target_port == port:
                self.back(way[:-1], edge, columns)

    def _through(self, way: Way, node: NodeSpec, columns: Columns) -> None:
        width = next((name for name in _WIDTHS if name in LAYERS.get(node.type).model_fields), "")
        if width:
            value = node.params.get(width)
            new = columns.scaled(value) if isinstance(value, int) else None
            if new is None:
                raise _LostError(node.id)
            self._set(way, node, width, new)
            self._pad(way, node, columns)
            if not self._only_enlarges(way, node, columns):
                return
        if node.type in _COUNTS:
            self._count(way, node, _COUNTS[node.type], columns)
        edges = way[-1].spec.edges_into[node.id]
        if node.type == "Concatenate":
            self._into_branches(way, node, edges, columns)
        elif is_variadic(node):
            for edge in edges:
                self.back(way, edge, columns)
        else:
            first = input_ports(node)[0]
            self.back(way, next(edge for edge in edges if edge.target_port == first), columns)

    def _pad(self, way: Way, node: NodeSpec, columns: Columns) -> None:
        """Zeros that stand for the scores of the classes the first time that a layer is used grow with them."""
        level = way[-1].spec
        for user in family(level, node.id):
            for edge in level.edges_into.get(user, ()):
                before = level.by_id[edge.source]
                if before.type == "PadChannels" and before.params.get("channels") == columns.before:
                    self._set(way, before, "channels", columns.after)

    def _only_enlarges(self, way: Way, node: NodeSpec, columns: Columns) -> bool:
        """Whether a transposed convolution gets the scores of the classes already."""
        shape = self.analysis.nodes[_named(way, node.id)].input_shapes[0]
        return node.type == "ConvTranspose2d" and shape[0] == columns.total

    def _count(self, way: Way, node: NodeSpec, name: str, columns: Columns) -> None:
        value, new = node.params.get(name), columns.besides + columns.after
        if value == columns.total:
            self._set(way, node, name, new)
        elif isinstance(value, tuple) and columns.total in value:
            last = len(value) - 1 - value[::-1].index(columns.total)
            self._set(way, node, name, (*value[:last], new, *value[last + 1 :]))

    def _into_branches(self, way: Way, node: NodeSpec, edges: Sequence[EdgeSpec], columns: Columns) -> None:
        """Rows of several levels come from all branches; of channels, only some are those of the classes."""
        info = self.analysis.nodes[_named(way, node.id)]
        axis, shape = node.params.get("dim", 1) - 1, info.output_shape or ()
        if len(shape) == 2 and axis == 0:
            for edge in edges:
                self.back(way, edge, columns)
            return
        if axis >= len(shape) or shape[axis] != columns.total:
            raise _LostError(node.id)
        place = 0
        for edge, branch in zip(edges, info.input_shapes, strict=True):
            if place == columns.besides and branch[axis] == columns.before:
                self.back(way, edge, Columns(columns.output, columns.before, columns.after))
                return
            place += branch[axis]
        raise _LostError(node.id)

    def _set(self, way: Way, node: NodeSpec, name: str, value: Any) -> None:
        self.changes.setdefault((_path(way), node.id), {})[name] = value


def _path(way: Way) -> str:
    return ".".join(place.id for place in way[1:])


def _named(way: Way, id: str) -> str:
    return f"{_path(way)}.{id}".strip(".")
