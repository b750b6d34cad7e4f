"""The user's own blocks on disk: saved, found again, renamed, deleted and restored; broken files are named."""

from __future__ import annotations

import pytest

from engine.errors import BadInput
from engine.gallery import open_network
from engine.graph.spec import NodeSpec
from engine.paths import blocks_dir
from engine.project import block_library as library


def block() -> NodeSpec:
    return next(node for node in open_network("resnet18").nodes if node.subgraph is not None)


def test_a_saved_block_is_found_again_without_its_place() -> None:
    saved = library.save_block("My residual", block())
    (found,), broken = library.list_blocks()
    assert found == saved
    assert not broken
    assert found.name == "My residual"
    assert found.node.subgraph == block().subgraph
    assert found.node.position == (0.0, 0.0)
    assert found.path.parent == blocks_dir()


def test_names_are_kept_apart() -> None:
    names = [library.save_block("Same", block()).name for _ in range(3)]
    assert names == ["Same", "Same 2", "Same 3"]
    assert len({saved.path for saved in library.list_blocks()[0]}) == 3


def test_renaming_deleting_and_restoring() -> None:
    saved = library.rename_block(library.save_block("One", block()), "Two")
    assert [one.name for one in library.list_blocks()[0]] == ["Two"]
    aside = library.delete_block(saved)
    assert library.list_blocks() == ((), ())
    assert library.restore_block(aside).node == saved.node
    assert [one.name for one in library.list_blocks()[0]] == ["Two"]
    assert not aside.exists()


def test_a_name_that_another_block_has_is_refused() -> None:
    library.save_block("One", block())
    other = library.save_block("Two", block())
    with pytest.raises(BadInput, match="another block called 'One'"):
        library.rename_block(other, "One")


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "a\x00b"])
def test_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="cannot be called"):
        library.save_block(name, block())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "vitrine-network", "version": 1, "nodes": 3}', "{" * 900])
def test_broken_files_are_named_and_the_others_shown(text: str) -> None:
    library.save_block("Good", block())
    (blocks_dir() / "broken.json").write_text(text, encoding="utf-8")
    found, broken = library.list_blocks()
    assert [one.name for one in found] == ["Good"]
    (error,) = broken
    assert "broken.json" in error.what


def test_a_file_with_a_whole_network_is_no_block() -> None:
    from engine.project.network_file import save_network

    blocks_dir().mkdir(parents=True)
    save_network(open_network("lenet5"), blocks_dir() / "net.json")
    found, (error,) = library.list_blocks()
    assert not found
    assert "net.json holds" in error.what


def test_a_layer_is_no_block() -> None:
    with pytest.raises(BadInput, match="not a block"):
        library.save_block("Layer", NodeSpec("conv1", "Conv2d"))
