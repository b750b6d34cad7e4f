"""The commands about blocks: looking into them, making them, taking them apart, keeping them, sharing weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gui.builder.actions import BuilderActions
    from gui.canvas.blocks import Blocks


def add_block_actions(actions: BuilderActions) -> None:
    """File them; `save_block` is wired by the page, which knows the library."""
    _opening_actions(actions)
    _level_actions(actions)
    _making_actions(actions)


def _opening_actions(actions: BuilderActions) -> None:
    blocks, add = actions.blocks, actions.add
    add(
        "unfold",
        "&Open in place",
        blocks.unfold_selection,
        key="Ctrl+]",
        icon="unfold",
        tip="Show what is in the selected block where it stands; a double-click does the same",
        keywords="block unfold expand",
    )
    add(
        "fold",
        "&Fold",
        blocks.fold_selection,
        key="Ctrl+[",
        icon="fold",
        tip="Fold the opened block, or the one around the selected layer",
        keywords="block close collapse",
    )
    add(
        "unfold_all",
        "Open a&ll blocks",
        blocks.unfold_all,
        key="Ctrl+Shift+]",
        icon="unfold",
        menu="View",
        tip="Show every layer of the network",
        keywords="block unfold expand",
    )
    add(
        "fold_all",
        "Fol&d all blocks",
        blocks.fold_all,
        key="Ctrl+Shift+[",
        icon="fold",
        menu="View",
        tip="Show the network by its blocks alone",
        keywords="block close collapse",
    )


def _level_actions(actions: BuilderActions) -> None:
    blocks, add = actions.blocks, actions.add
    add(
        "enter",
        "&Go inside",
        lambda: blocks.enter(_first(blocks)),
        icon="enter",
        tip="Look at the inside of the selected block alone (Enter)",
        keywords="block scope",
    )
    add(
        "leave",
        "Go &out",
        blocks.leave,
        key="Alt+Up",
        icon="up",
        menu="View",
        tip="Go out of the block that is looked at",
        keywords="block scope leave",
    )


def _making_actions(actions: BuilderActions) -> None:
    blocks, add = actions.blocks, actions.add

    def detach() -> None:
        if blocks.detach(_first(blocks)):
            blocks.view.reveal(blocks.scene.selected_nodes()[:1])

    def make() -> None:
        made = blocks.make()
        if made is not None:
            blocks.view.reveal([made])

    add(
        "make_block",
        "&Make a block",
        make,
        key="Ctrl+G",
        icon="block",
        tip="Put the selected layers into a block",
        keywords="group composite",
    )
    add(
        "detach",
        "Detach into &layers",
        detach,
        key="Ctrl+Shift+G",
        icon="detach",
        tip="Replace the selected block by its layers",
        keywords="ungroup block",
    )
    add(
        "share",
        "Use the same &weights again",
        blocks.share_selection,
        icon="link",
        tip="Add a node that uses the weights of the selected one; with several, let all use those of the first",
        keywords="shared siamese recurrent tie",
    )


def _first(blocks: Blocks) -> str:
    return next(iter(blocks.scene.selected_nodes()), "")


def offer_block_actions(actions: BuilderActions, nodes: tuple[str, ...]) -> None:
    """Offer only what the selection allows."""
    blocks, known = actions.blocks, actions.all
    held = [id for id in nodes if blocks.is_block(id)]
    opened = [id for id in held if blocks.is_open(id)]
    around = any(blocks.is_open(id.rpartition(".")[0]) for id in nodes)
    known["unfold"].setEnabled(len(held) > len(opened))
    known["fold"].setEnabled(bool(opened) or around)
    known["unfold_all"].setEnabled(any(node.subgraph is not None for node in blocks.scene.spec.nodes))
    known["fold_all"].setEnabled(bool(blocks.scene.view.frames))
    known["enter"].setEnabled(len(held) == 1)
    known["leave"].setEnabled(bool(blocks.scene.opening.scope))
    known["make_block"].setEnabled(bool(nodes))
    known["detach"].setEnabled(len(nodes) == 1 and len(held) == 1)
    known["share"].setEnabled(bool(nodes))
    if "save_block" in known:
        known["save_block"].setEnabled(len(held) == 1)
