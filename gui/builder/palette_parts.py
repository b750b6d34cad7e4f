"""The entries of the palette as values: what they are called, what finds them, and what they put on a drawing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from engine.blocks.base import BLOCKS, BlockEntry, block_params
from engine.graph.layout import layout
from engine.graph.spec import BLOCK, NodeSpec
from engine.layers.base import LAYERS, Layer
from engine.project.block_library import SavedBlock
from gui.canvas.card import main_category
from gui.canvas.placing import Prototype

# The order in which a network is usually built; whatever else there is follows.
_ORDER = (
    "input",
    "convolution",
    "pooling",
    "activation",
    "normalisation",
    "dense",
    "regularisation",
    "shape",
    "merge",
    "recurrent",
    "attention",
)
_NAMES = {"input": "Input and output", "shape": "Shape", "merge": "Merge branches"}
_FIRST = (
    "Input",
    "Output",
    "Conv2d",
    "MaxPool2d",
    "AvgPool2d",
    "ReLU",
    "BatchNorm2d",
    "Linear",
    "Dropout",
    "Flatten",
)


@dataclass(frozen=True)
class Part:
    """One entry.

    Attributes:
        key: what it is called by the program, such as a layer's type; unique in its section.
        words: what the search looks through, in small letters.
        make: what is put on the drawing; None for what is opened instead.
        saved: the file behind one of the user's own blocks.
    """

    key: str
    label: str
    category: str
    icon: str
    tip: str
    words: str
    make: Callable[[], Prototype] | None = None
    saved: SavedBlock | None = None


@dataclass(frozen=True)
class Section:
    """A heading with its entries. `open` until the user folds it."""

    key: str
    title: str
    parts: tuple[Part, ...]
    open: bool = True


def layer_sections() -> Iterator[Section]:
    """All layers, by category."""
    by_category: dict[str, list[tuple[str, type[Layer]]]] = {}
    for type, layer in LAYERS.items():
        by_category.setdefault(layer.category, []).append((type, layer))
    ranked = {category: index for index, category in enumerate(_ORDER)}
    for category in sorted(by_category, key=lambda name: (ranked.get(name, len(ranked)), name)):
        entries = sorted(by_category[category], key=_beginners_first)
        parts = tuple(_layer_part(type, layer) for type, layer in entries)
        opened = category in ("input", "convolution", "pooling", "activation", "dense")
        yield Section(category, _NAMES.get(category, category.capitalize()), parts, opened)


def block_section() -> Section:
    """The blocks that famous networks are built of."""
    parts = (_block_part(id, entry) for id, entry in BLOCKS.items())
    return Section("blocks", "Blocks", tuple(sorted(parts, key=lambda part: part.label)))


def my_section(blocks: Iterable[SavedBlock]) -> Section:
    """The user's own blocks."""
    return Section("mine", "My blocks", tuple(_my_part(block) for block in blocks))


def network_section(entries: Iterable[tuple[str, str, int, str]]) -> Section:
    """Famous networks as (id, name, year, idea)."""
    parts = (
        Part(id, f"{name} ({year})", "", "network", f"<b>{name}</b> ({year})<br>{idea}", f"{name} {id} {year}".lower())
        for id, name, year, idea in entries
    )
    return Section("networks", "Famous networks", tuple(parts), False)


def block_node(entry: BlockEntry) -> NodeSpec:
    """A block of the library with its default options, as a node."""
    options = entry.options()
    stem = re.sub(r"\W", "_", entry.id).strip("_").lower() or "block"
    return NodeSpec(stem, BLOCK, block_params(entry, options), subgraph=layout(entry.build(options)))


def rank(label: str, words: list[str]) -> int:
    """Best first: the label itself, its beginning, somewhere in it, elsewhere."""
    whole = " ".join(words)
    return 0 if label == whole else 1 if label.startswith(whole) else 2 if whole in label else 3


def _layer_part(type: str, layer: type[Layer]) -> Part:
    first = inspect.cleandoc(layer.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    words = " ".join((layer.label, type, layer.category, *layer.keywords)).lower()
    return Part(type, layer.label, layer.category, layer.icon, f"<b>{layer.label}</b><br>{first}", words, lambda: type)


def _block_part(id: str, entry: BlockEntry) -> Part:
    words = " ".join((entry.label, id, "block", entry.category, *entry.keywords)).lower()
    tip = f"<b>{entry.label}</b><br>{' '.join(entry.help.split())}"
    return Part(id, entry.label, entry.category, "block", tip, words, lambda: block_node(entry))


def _my_part(block: SavedBlock) -> Part:
    inside = block.node.subgraph
    category = main_category(inside) if inside is not None else ""
    tip = f"<b>{block.name}</b><br>Your block, in {block.path.name}. F2 renames it, Delete deletes it."
    words = f"{block.name} my own block".lower()
    return Part(str(block.path), block.name, category, "my_block", tip, words, lambda: block.node, block)


def _beginners_first(entry: tuple[str, type[Layer]]) -> tuple[int, str]:
    return (_FIRST.index(entry[0]) if entry[0] in _FIRST else len(_FIRST), entry[1].label)
