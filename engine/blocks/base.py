"""What a composite block is: a small network with a name, which gallery networks are built of and people drop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.complaints import words
from engine.errors import BadInput
from engine.graph.spec import NetworkSpec
from engine.layers.base import Category
from engine.registry import Registry


class BlockOptions(BaseModel):
    """Base of a block's options: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class BlockEntry:
    """A composite block for the palette.

    Attributes:
        help: what it does and whose idea it was, for a learner.
        build: makes the network inside, with an Input and an Output node per port, from the options.
        category: gives the card its tint; that of the layer that does the main work.
        each: apply it to every element of the first axis, such as the frames of a clip.
        exposed: parameters that can be set on the block; name -> (path of the inner node, parameter, factor).
    """

    id: str
    label: str
    help: str
    build: Callable[[Any], NetworkSpec]
    options: type[BlockOptions] = BlockOptions
    category: Category = "convolution"
    keywords: tuple[str, ...] = ()
    each: bool = False
    exposed: Callable[[Any], dict[str, list[tuple[str, str, int]]]] | None = None


BLOCKS: Registry[BlockEntry] = Registry("block", "engine.blocks")


def add(entry: BlockEntry) -> BlockEntry:
    """File `entry` among the blocks."""
    BLOCKS.add(entry.id, entry)
    return entry


def block_params(entry: BlockEntry, options: BlockOptions) -> dict[str, Any]:
    """The parameters that a node which holds this block has."""
    params: dict[str, Any] = {"each": True} if entry.each else {}
    if entry.exposed is not None:
        params["exposed"] = {name: [list(one) for one in some] for name, some in entry.exposed(options).items()}
    return params


def parse_options(entry: BlockEntry, **options: Any) -> BlockOptions:
    """Check options of a block. Raises `BadInput` that names the wrong one."""
    try:
        return entry.options(**options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = ", ".join(entry.options.model_fields) or "none"
        raise BadInput(
            f"{entry.label} cannot take {name} = {first.get('input')!r}.",
            f"{words(first)} Its options are {known}.",
            details=str(error),
        ) from None
