"""The user's own blocks: one network file each, holding a single block. Read as strictly as any file; torch-free."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import BadInput
from engine.graph.ids import free_id
from engine.graph.spec import BLOCK, NetworkSpec, NodeSpec, to_json
from engine.paths import blocks_dir
from engine.project.atomic import write_atomic
from engine.project.network_file import SUFFIX, load_network

MOST = 500
_LONGEST = 80
_DELETED = ".deleted"


@dataclass(frozen=True)
class SavedBlock:
    """A block in the library. `node` is what is put on a drawing; `path` the file."""

    name: str
    node: NodeSpec
    path: Path


def list_blocks() -> tuple[tuple[SavedBlock, ...], tuple[BadInput, ...]]:
    """The saved blocks by name, and for each file that cannot be used what is wrong with it."""
    folder = blocks_dir()
    if not folder.is_dir():
        return (), ()
    files = sorted(file for file in folder.glob(f"*{SUFFIX}") if not file.name.startswith("."))
    found, broken = [], []
    for file in files[:MOST]:
        try:
            found.append(load_block(file))
        except BadInput as error:
            broken.append(error)
    if len(files) > MOST:
        broken.append(BadInput(f"{folder} holds {len(files):,} blocks; the first {MOST} are shown.", "Delete some."))
    return tuple(sorted(found, key=lambda block: block.name.lower())), tuple(broken)


def load_block(path: Path) -> SavedBlock:
    """Read one file. Raises `BadInput` with the file's name and what is wrong."""
    network = load_network(path)
    if len(network.nodes) != 1 or network.nodes[0].type != BLOCK:
        raise BadInput(
            f"{path.name} holds {len(network.nodes)} nodes and not one block.",
            "Delete the file, or open it as a network.",
        )
    return SavedBlock(network.name or path.stem, network.nodes[0], path)


def save_block(name: str, node: NodeSpec) -> SavedBlock:
    """Write a block under a name, or under "name 2" when there is one of that name. Raises `BadInput`."""
    if node.subgraph is None:
        raise BadInput(f"{node.id} ({node.type}) is not a block.", "Select a block, or make one from a selection.")
    wanted = _checked(name)
    taken = {block.name for block in list_blocks()[0]}
    number, title = 1, wanted
    while title in taken:
        number += 1
        title = f"{wanted} {number}"
    return _write(title, node, _file_for(title))


def rename_block(block: SavedBlock, name: str) -> SavedBlock:
    """Give a saved block another name. Raises `BadInput` when another block has it."""
    wanted = _checked(name)
    if wanted == block.name:
        return block
    if wanted in {other.name for other in list_blocks()[0]}:
        raise BadInput(f"There is another block called {wanted!r}.", "Choose another name.")
    made = _write(wanted, block.node, _file_for(wanted))
    with suppress(FileNotFoundError):
        block.path.unlink()
    return made


def delete_block(block: SavedBlock) -> Path:
    """Take a block out of the library; it is put aside, for `restore_block`. Returns where it lies."""
    aside = blocks_dir() / _DELETED
    try:
        aside.mkdir(parents=True, exist_ok=True)
        target = aside / block.path.name
        os.replace(block.path, target)
    except OSError as error:
        raise BadInput(
            f"{block.path} could not be deleted: {error.strerror or error}.", "Check that you may write there."
        ) from None
    return target


def restore_block(aside: Path) -> SavedBlock:
    """Bring a deleted block back."""
    block = load_block(aside)
    made = save_block(block.name, block.node)
    with suppress(FileNotFoundError):
        aside.unlink()
    return made


def _checked(name: str) -> str:
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > _LONGEST or not wanted.isprintable():
        raise BadInput(f"A block cannot be called {name[:_LONGEST]!r}.", f"Type 1 to {_LONGEST} letters.")
    return wanted


def _file_for(name: str) -> Path:
    stem = re.sub(r"[^\w-]+", "-", name.lower()).strip("-.") or "block"
    folder = blocks_dir()
    number, path = 1, folder / f"{stem}{SUFFIX}"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{SUFFIX}"
    return path


def _write(name: str, node: NodeSpec, path: Path) -> SavedBlock:
    bare = replace(node, id=free_id(node.id, ()), position=(0.0, 0.0), shares=None)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"{path.parent} could not be made: {error.strerror or error}.",
            "Choose a home that you may write to.",
        ) from None
    write_atomic(path, to_json(NetworkSpec(name, (bare,))).encode("utf-8"))
    return SavedBlock(name, bare, path)
