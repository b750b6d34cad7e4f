"""Faults planted one by one in gallery networks: where, of what kind, and at which nodes they may be named.

Each kind of fault is a function that is shown a site (a node at any depth of a network) and either leaves it alone,
because it has no such place, or damages the drawing there. `planted` goes through every kind and every network and
draws the sites with a seed, so that no case is chosen because it is easy.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.results import Analysis, NodeInfo
from engine.graph.sharing import family
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec, Shape
from engine.layers.base import LAYERS
from tests.helpers.gallery_samples import small


@dataclass(frozen=True)
class Site:
    """A node of a network, `path` being the block that it stands in ("" at the top)."""

    spec: NetworkSpec
    analysis: Analysis
    path: str
    level: NetworkSpec
    node: NodeSpec

    @property
    def type(self) -> str:
        return self.node.type

    @property
    def info(self) -> NodeInfo:
        return self.analysis.nodes[self.full(self.node.id)]

    @property
    def shape(self) -> Shape:
        """What comes in first."""
        return self.info.input_shapes[0] if self.info.input_shapes else ()

    @property
    def into(self) -> tuple[EdgeSpec, ...]:
        return self.level.edges_into.get(self.node.id, ())

    @property
    def out_of(self) -> tuple[EdgeSpec, ...]:
        return self.level.edges_out_of.get(self.node.id, ())

    def full(self, id: str) -> str:
        return f"{self.path}.{id}".strip(".")

    def has(self, name: str) -> bool:
        return self.type in LAYERS and name in LAYERS.get(self.type).model_fields

    def value(self, name: str) -> Any:
        return self.node.params.get(name, LAYERS.get(self.type).model_fields[name].get_default())

    def edit(self, change: Callable[[NetworkSpec], NetworkSpec]) -> NetworkSpec:
        """The whole network after a change to the level."""
        return edits.inside(self.spec, self.path, change)

    def set(self, **params: Any) -> NetworkSpec:
        return self.edit(lambda level: edits.set_params(level, self.node.id, **params))


@dataclass(frozen=True)
class Fault:
    """A damaged network.

    Attributes:
        at: ids in the site's level at which the fault may be named; None stands for the level itself.
        why: the reason if these are more than the node that was damaged.
        classes: how many classes the data is said to have.
        resized: the damage may change what the repaired network gives out, so that its shape is not compared.
    """

    spec: NetworkSpec
    at: tuple[str | None, ...]
    why: str = ""
    classes: int | None = None
    resized: bool = False


Kind = Callable[[Site, random.Random], Fault | None]
KINDS: dict[str, Kind] = {}


def kind(name: str) -> Callable[[Kind], Kind]:
    def file(plant: Kind) -> Kind:
        assert name not in KINDS
        KINDS[name] = plant
        return plant

    return file


@dataclass(frozen=True)
class Planted:
    """One case: the fault, where it was planted, and the full ids at which it may be named."""

    network: str
    kind: str
    node: str
    fault: Fault
    at: frozenset[str | None] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.kind} in {self.network} at {self.node}"


@lru_cache(maxsize=32)
def sound(network: str) -> tuple[NetworkSpec, Analysis]:
    """A gallery network for the smallest pictures that it takes."""
    spec = small(network)
    return spec, analyse(spec)


def sites(spec: NetworkSpec, analysis: Analysis) -> Iterator[Site]:
    """Every node at every depth; of blocks that use the same weights only the owner's."""

    def visit(level: NetworkSpec, path: str) -> Iterator[Site]:
        for node in level.nodes:
            yield Site(spec, analysis, path, level, node)
            if node.subgraph is not None and node.shares is None:
                yield from visit(node.subgraph, f"{path}.{node.id}".strip("."))

    yield from visit(spec, "")


def planted(network: str, *, times: int = 1, seed: int = 0) -> Iterator[Planted]:
    """`times` faults of every kind for which the network has a place, at sites drawn with the seed."""
    spec, analysis = sound(network)
    places = list(sites(spec, analysis))
    for name, plant in KINDS.items():
        rng = random.Random(f"{network} {name} {seed}")
        left = times
        for site in rng.sample(places, len(places)):
            try:
                fault = plant(site, rng)
            except BadInput:
                continue  # an edit that the drawing itself refuses
            if fault is None:
                continue
            at = frozenset(one for id in fault.at for one in _everywhere(site, id))
            yield Planted(network, name, site.full(site.node.id), fault, at)
            left -= 1
            if not left:
                break


def _everywhere(site: Site, id: str | None) -> Iterator[str | None]:
    """The full id, also inside the blocks that share their weights with the one in which it stands."""
    paths, level = [""], site.spec
    for part in filter(None, site.path.split(".")):
        names = family(level, part)
        paths = [f"{path}.{name}".strip(".") for path in paths for name in names]
        inner = level.node(part).subgraph
        assert inner is not None
        level = inner
    # Nodes that share their weights are one layer, which is named at the first of them.
    ids = family(level, id) if id in level.by_id else (id,)
    for path in paths:
        for one in ids:
            yield (path or None) if one is None else f"{path}.{one}".strip(".")


# --- what several kinds ask of a site ---------------------------------------------------------------------------------

KEEPERS = ("BatchNorm2d", "BatchNorm1d", "ReLU", "ReLU6", "SiLU", "Hardswish", "GELU", "Tanh", "ScaledTanh", "Sigmoid",
           "Dropout", "Dropout2d", "StochasticDepth", "Identity", "LeakyReLU", "FrozenBatchNorm2d")  # fmt: skip


def is_picture(site: Site) -> bool:
    return len(site.shape) == 3


def is_inner(site: Site) -> bool:
    """A layer or block with something before and behind it, which the network's answer depends on."""
    return site.type not in (INPUT, OUTPUT) and bool(site.into) and bool(site.out_of)


def meets(site: Site, *merges: str) -> tuple[str, list[str]] | None:
    """The merge in the same level into which the node runs straight on, and what lies between; None without one.

    The other branches of the merge must not come from the node as well, or they would change with it.
    """
    between: list[str] = []
    id = site.node.id
    while True:
        out = site.level.edges_out_of.get(id, ())
        if len(out) != 1:
            return None
        id = out[0].target
        type = site.level.by_id[id].type
        if type in merges:
            return (id, between) if len(site.level.edges_into[id]) > 1 else None
        if type not in KEEPERS:
            return None
        between.append(id)


def inside(site: Site, ids: Iterable[str]) -> list[str]:
    """These nodes of the level with, for blocks, all that is in them."""
    found = []
    for id in ids:
        full = site.full(id)
        cut = len(site.path) + 1 if site.path else 0
        found += [id, *(one[cut:] for one in site.analysis.nodes if one.startswith(f"{full}."))]
    return found


def stretched(site: Site, merge: str) -> bool:
    """Whether a branch of the merge is a single pixel, which is stretched to whatever it meets."""
    shapes = site.analysis.nodes[site.full(merge)].input_shapes
    return any(shape[1:] == (1, 1) for shape in shapes)


def raw(level: NetworkSpec, *edges: EdgeSpec) -> NetworkSpec:
    """The level with edges that a hand could not draw."""
    return replace(level, edges=(*level.edges, *edges))


def pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
