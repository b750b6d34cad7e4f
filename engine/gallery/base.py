"""What a gallery entry is, and the small language in which networks are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.complaints import words
from engine.errors import BadInput
from engine.graph.layout import layout
from engine.graph.ports import input_ports, output_ports
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec, Shape
from engine.registry import Registry

Source = Literal["paper", "torchvision", "modern"]


class FreeOptions(BaseModel):
    """Base of the options of networks that have no classes, or read no pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Options(FreeOptions):
    """Options that nearly every network has; a family adds its own."""

    num_classes: int = Field(1000, ge=1, le=1_000_000, description="How many classes the network tells apart.")
    in_channels: int = Field(3, ge=1, le=4096, description="1 for grey pictures, 3 for colour.")


@dataclass(frozen=True)
class PaperRow:
    """One row of the table in which the paper describes its network.

    Attributes:
        layer: the paper's own name of the layer.
        node: our node, "block.inner" inside blocks.
        output: its output shape (C, H, W) as the paper prints it; None where it prints none.
        parameters: its count, where the paper gives the exact one; round figures belong into `note`.
    """

    layer: str
    node: str
    output: Shape | None = None
    parameters: int | None = None
    note: str = ""


@dataclass(frozen=True)
class GalleryEntry:
    """A famous network and its card.

    Attributes:
        task: what it is for, such as "classification" or "detection".
        source: what it is exact to: the paper as published, torchvision's module, or a usual modern form.
        idea: what makes it itself, in three sentences.
        merit: the paper's own figure of merit, or "" where it has none.
        options: the settings that `build` understands.
        paper: title and place of publication.
        table: the paper's own table of layers, in its order.
        smallest: height and width of the smallest picture that it takes; None where the drawn size is the only one.
        torchvision: name of its twin for `torchvision.models.get_model`.
        rename: torchvision's name of a weight to ours (None: not in ours), for networks that take its state dict.
    """

    id: str
    name: str
    year: int
    authors: str
    task: str
    source: Source
    idea: str
    build: Callable[[Any], NetworkSpec]
    options: type[FreeOptions] = Options
    merit: str = ""
    paper: str = ""
    table: tuple[PaperRow, ...] = ()
    smallest: tuple[int, int] | None = None
    torchvision: str = ""
    rename: Callable[[str], str | None] | None = None


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


After = str | Sequence[str] | Mapping[str, str]
"""What feeds a node: one source, several in the order of its ports, or each by the name of its port. A source is a
node's id, or "id:port" for a certain output port."""

Exposed = Mapping[str, Sequence[tuple[str, str, int]]]


class Drawing:
    """Writes a network down node by node. Each call returns the new node's id, to be named as a later `after`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: dict[str, NodeSpec] = {}
        self._edges: list[EdgeSpec] = []

    def input(self, *shape: int, id: str = "input") -> str:
        return self._add(NodeSpec(id, INPUT, {"shape": shape}), ())

    def node(self, type: str, id: str, after: After, /, **params: Any) -> str:
        return self._add(NodeSpec(id, type, params), after)

    def chain(self, after: str, *steps: tuple[str, str, Mapping[str, Any]] | tuple[str, str]) -> str:
        """Several nodes in a row, each (type, id) or (type, id, params); returns the last id."""
        for type, id, *params in steps:
            after = self.node(type, id, after, **(params[0] if params else {}))
        return after

    def block(
        self, id: str, inside: NetworkSpec, after: After, *, each: bool = False, exposed: Exposed | None = None
    ) -> str:
        """A composite block; `inside` has one Input node (of any shape) per incoming edge.

        `each` applies it to every element of the first axis; `exposed` names parameters that are set on the block.
        """
        params: dict[str, Any] = {"each": True} if each else {}
        if exposed:
            params["exposed"] = {name: [list(target) for target in targets] for name, targets in exposed.items()}
        return self._add(NodeSpec(id, BLOCK, params, subgraph=inside), after)

    def shared(self, id: str, of: str, after: After) -> str:
        """Use the node `of` once more, with the same weights."""
        owner = self._nodes[of]
        return self._add(replace(owner, id=id, shares=owner.shares or of), after)

    def output(self, after: str, id: str = "output") -> NetworkSpec:
        """End the network and return it, laid out."""
        return self.outputs({id: after})

    def outputs(self, ends: Mapping[str, str]) -> NetworkSpec:
        """End the network with several outputs, by name, and return it, laid out."""
        for id, after in ends.items():
            self._add(NodeSpec(id, OUTPUT), after)
        return layout(NetworkSpec(self._name, tuple(self._nodes.values()), tuple(self._edges)))

    def _add(self, node: NodeSpec, after: After) -> str:
        if node.id in self._nodes:
            raise ValueError(f"{self._name} has two nodes called {node.id!r}")
        self._nodes[node.id] = node
        if isinstance(after, str):
            after = [after]
        ports = input_ports(node)
        wires = after.items() if isinstance(after, Mapping) else zip(_enough(ports, len(after)), after, strict=True)
        for port, source in wires:
            id, _, out = source.partition(":")
            self._edges.append(EdgeSpec(id, node.id, out or output_ports(self._nodes[id])[0], port))
        return node.id


def _enough(ports: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The ports for `count` edges: a single port may take them all."""
    return ports * count if len(ports) == 1 else ports[:count]


def with_input(spec: NetworkSpec, shape: Sequence[int]) -> NetworkSpec:
    """The same network for pictures of another shape (channels, height, width).

    Inputs that are like the first one follow it, such as the second picture of a pair.
    """
    like = [node.id for node in spec.inputs if node.params.get("shape") == spec.inputs[0].params.get("shape")]
    nodes = tuple(
        node.with_params(shape=tuple(shape)) if node.type == INPUT and node.id in like else node for node in spec.nodes
    )
    return replace(spec, nodes=nodes)
