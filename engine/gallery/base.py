"""What a gallery entry is, and the small language in which networks are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.complaints import words
from engine.errors import BadInput
from engine.graph.layout import layout
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec
from engine.registry import Registry

Source = Literal["paper", "torchvision", "modern"]


class Options(BaseModel):
    """Options that nearly every network has; a family adds its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_classes: int = Field(1000, ge=1, le=1_000_000, description="How many classes the network tells apart.")
    in_channels: int = Field(3, ge=1, le=4096, description="1 for grey pictures, 3 for colour.")


@dataclass(frozen=True)
class GalleryEntry:
    """A famous network and its card.

    Attributes:
        source: what it is exact to: the paper as published, torchvision's module, or a usual modern form.
        merit: the paper's own figure of merit, or "" where it has none.
        options: the settings that `build` understands.
        rename: torchvision's name of a weight to ours, for networks that take its state dict.
    """

    id: str
    name: str
    year: int
    authors: str
    task: str
    source: Source
    idea: str
    build: Callable[[Any], NetworkSpec]
    options: type[Options] = Options
    merit: str = ""
    rename: Callable[[str], str] | None = None


GALLERY: Registry[GalleryEntry] = Registry("network", "engine.gallery")


def add(entry: GalleryEntry) -> GalleryEntry:
    """File `entry` in the gallery."""
    GALLERY.add(entry.id, entry)
    return entry


def open_network(id: str, **options: Any) -> NetworkSpec:
    """Return the network called `id`, laid out. Raises `BadInput` for an unknown id or an impossible option."""
    entry = GALLERY.get(id)
    try:
        chosen = entry.options(**options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = ", ".join(entry.options.model_fields)
        raise BadInput(
            f"{entry.name} cannot take {name} = {first.get('input')!r}.",
            f"{words(first)} Its options are {known}.",
            details=str(error),
        ) from None
    return entry.build(chosen)


class Drawing:
    """Writes a network down node by node. Each call returns the new node's id, to be named as a later `after`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[NodeSpec] = []
        self._edges: list[EdgeSpec] = []

    def input(self, *shape: int, id: str = "input") -> str:
        self._nodes.append(NodeSpec(id, INPUT, {"shape": shape}))
        return id

    def node(self, type: str, id: str, after: str | Sequence[str], **params: Any) -> str:
        self._nodes.append(NodeSpec(id, type, params))
        return self._wire(id, after)

    def chain(self, after: str, *steps: tuple[str, str, Mapping[str, Any]] | tuple[str, str]) -> str:
        """Several nodes in a row, each (type, id) or (type, id, params); returns the last id."""
        for type, id, *params in steps:
            after = self.node(type, id, after, **(params[0] if params else {}))
        return after

    def block(self, id: str, inside: NetworkSpec, after: str | Sequence[str]) -> str:
        """A composite block; `inside` has one Input node (of any shape) per incoming edge and one Output node."""
        self._nodes.append(NodeSpec(id, BLOCK, {}, subgraph=inside))
        return self._wire(id, after)

    def output(self, after: str, id: str = "output") -> NetworkSpec:
        """End the network and return it, laid out."""
        self._nodes.append(NodeSpec(id, OUTPUT))
        self._wire(id, after)
        return layout(NetworkSpec(self._name, tuple(self._nodes), tuple(self._edges)))

    def _wire(self, id: str, after: str | Sequence[str]) -> str:
        for source in [after] if isinstance(after, str) else after:
            self._edges.append(EdgeSpec(source, id))
        return id


def with_input(spec: NetworkSpec, shape: Sequence[int]) -> NetworkSpec:
    """The same network for pictures of another shape (channels, height, width)."""
    nodes = tuple(
        node.with_params(shape=tuple(shape)) if node.type == INPUT and node is spec.inputs[0] else node
        for node in spec.nodes
    )
    return replace(spec, nodes=nodes)
