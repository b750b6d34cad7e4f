"""Blocks by hand: opening and folding them, going in and out, making and detaching them, sharing weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.borders import change
from engine.graph.exposed import Target, declared
from engine.graph.ids import numbered
from engine.graph.layout import layout
from engine.graph.paths import every_block, is_inside, join, level_of, name_of, outer, parent_of
from engine.graph.spec import NetworkSpec, NodeSpec
from gui.canvas import painting, placing
from gui.canvas.growing import Growing
from gui.canvas.opening import Opening

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

_MARGIN = 24.0


class Blocks:
    """What a view does with blocks. Opening, folding, entering and leaving only change what is looked at."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.scene = view.canvas
        self.editor = view.editor
        self._growing = Growing(self.scene, view)

    # looking

    @property
    def moving(self) -> bool:
        """Whether a block is just opening or folding."""
        return self._growing.running

    def is_block(self, id: str) -> bool:
        node = self.scene.spec.by_id.get(id)
        return node is not None and node.subgraph is not None

    def is_open(self, id: str) -> bool:
        return id in self.scene.view.frames

    def toggle(self, id: str) -> None:
        """Open a block in place, or fold it again. Its upper edge stays where it is if there is room."""
        if not self.is_block(id):
            return
        before = self.scene.nodes[id]
        start, anchor = before.body.translated(before.pos()), self._anchor(id)
        opening = self.scene.opening
        self.scene.show_opening(opening.with_closed([id]) if self.is_open(id) else opening.with_open([id]))
        after = self.scene.nodes[id]
        self._hold(anchor, self._anchor(id))
        self._into_view(after.body.translated(after.pos()))
        self.scene.pick([id])
        start.translate(self._anchor(id) - anchor)
        self._growing.run(start, after.body.translated(after.pos()), painting.colour_of(after.card))

    def unfold_selection(self) -> None:
        """Open the selected blocks in place."""
        self._show(self.scene.opening.with_open(id for id in self.scene.selected_nodes() if self.is_block(id)))

    def fold_selection(self) -> None:
        """Fold the selected blocks; with a layer selected, the block around it."""
        chosen = self.scene.selected_nodes()
        frames = [id for id in chosen if self.is_open(id)]
        around = [parent_of(id) for id in chosen if self.is_open(parent_of(id))]
        if frames or around:
            self._show(self.scene.opening.with_closed(frames or around))
            self.scene.pick(id for id in dict.fromkeys(frames or around) if id in self.scene.nodes)

    def unfold_all(self) -> None:
        """Open every block at every depth of the level in view."""
        scope = self.scene.opening.scope
        level = level_of(self.scene.network, scope)
        self._show(self.scene.opening.with_open(join(scope, path) for path in every_block(level)))

    def fold_all(self) -> None:
        """Fold every block."""
        self._show(self.scene.opening.all_closed())

    def enter(self, id: str) -> None:
        """Look at the inside of a block alone."""
        if self.is_block(id):
            self.go_to(id)

    def leave(self) -> None:
        """Go out of the block that has been entered, and select it."""
        inside = self.scene.opening.scope
        if inside:
            self.go_to(parent_of(inside))
            self.scene.pick([inside])
            self.view.reveal([inside])

    def go_to(self, scope: str) -> None:
        """Look at another level: the inside of a block, or with "" the whole network."""
        self.scene.pick()
        self.scene.show_opening(self.scene.opening.entered(scope))
        self.view.show_all()

    def show(self, path: str) -> bool:
        """Open and go wherever a node is to be seen, select it and bring it into view."""
        if self.editor.node(path) is None:
            return False
        self._show(self.scene.opening.showing(path))
        self.scene.pick([path])
        self.view.reveal([path])
        return True

    def _show(self, opening: Opening) -> None:
        seen = self.view.visible().center()
        nearest = min(
            (item for item in self.scene.nodes.values() if item.kind != "gate"),
            key=lambda item: (item.pos() - seen).manhattanLength(),
            default=None,
        )
        id = nearest.id if nearest is not None else ""
        anchor = self._anchor(id) if id else QPointF()
        self.scene.show_opening(opening)
        while id and id not in self.scene.nodes:
            id = parent_of(id)
        if id:
            self._hold(anchor, self._anchor(id))

    def _anchor(self, id: str) -> QPointF:
        """The point of a node that stays put on the screen while it opens: where its main path enters."""
        item = self.scene.nodes[id]
        gates = [one for one in self.scene.view.gates if parent_of(one) == id]
        x = min((self.scene.nodes[gate].x() for gate in gates), default=item.x())
        return QPointF(x, item.y() + item.body.top())

    def _into_view(self, box: QRectF) -> None:
        """Scroll up as far as the end of an opened block asks for, but never its upper edge out of view."""
        seen = self.view.visible()
        down = min(box.bottom() + _MARGIN - seen.bottom(), box.top() - _MARGIN - seen.top())
        if down > 0:
            self.view.centerOn(self.view.centre() + QPointF(0.0, down))
            self.view.moving()

    def _hold(self, before: QPointF, after: QPointF) -> None:
        self.view.centerOn(self.view.centre() + (after - before))
        self.view.moving()

    # editing

    def make(self) -> str | None:
        """Put the selected nodes into a new block; returns its path."""
        chosen = self.editor.selection()
        try:
            path, ids = self.editor.one_level(chosen)
        except BadInput as error:
            self.editor.tell(error)
            return None
        name = numbered("block", self.editor.level(path).by_id)
        done = bool(ids) and self.editor.edit(
            path, f"Make the block {name}", lambda level: _tidy(edits.make_block(level, ids, name), name)
        )
        if not done:
            return None
        self.scene.pick([join(path, name)])
        return join(path, name)

    def detach(self, id: str) -> bool:
        """Replace a block by the layers in it, arranged in the block's place."""
        path, name = parent_of(id), name_of(id)
        before = set(self.editor.level(path).by_id)
        done = self.editor.edit(path, f"Detach {name}", lambda level: placing.detach(level, name))
        if done:
            self.scene.pick(join(path, fresh) for fresh in self.editor.level(path).by_id if fresh not in before)
        return done

    def use_again(self, id: str) -> str | None:
        """Add a node that uses the weights of this one once more; returns its path."""
        path, made = parent_of(id), ""

        def edit(level: NetworkSpec) -> NetworkSpec:
            nonlocal made
            level, made = edits.use_again(level, name_of(id))
            free = level.by_id[made]
            return placing.add_free(edits.remove(level, [made]), free)

        if not self.editor.edit(path, f"Use the weights of {name_of(id)} again", edit):
            return None
        self.scene.pick([join(path, made)])
        return join(path, made)

    def share_selection(self) -> bool:
        """Let the second to last selected nodes use the weights of the first."""
        chosen = self.editor.selection()
        if len(chosen) == 1:
            return self.use_again(chosen[0]) is not None

        def edit(spec: NetworkSpec) -> NetworkSpec:
            path, ids = self.editor.one_level(chosen)

            def tie(level: NetworkSpec) -> NetworkSpec:
                for id in ids[1:]:
                    level = edits.share_weights(level, id, ids[0])
                return level

            return change(spec, path, tie)

        return len(chosen) > 1 and self.editor.apply(f"Share the weights of {name_of(chosen[0])}", edit)

    def own_weights(self, id: str) -> bool:
        """Give a node weights of its own."""
        name = name_of(id)
        return self.editor.edit(
            parent_of(id), f"Give {name} weights of its own", lambda level: edits.own_weights(level, name)
        )

    # parameters that a block shows

    def expose(self, id: str, parameter: str, block: str, label: str) -> bool:
        """Let `block` (which holds the node `id`, at any depth) show one of its parameters under a label."""
        owner = self.editor.node(block)
        if owner is None:
            return False
        target = Target(id[len(block) + 1 :], parameter)
        known = declared(owner).get(label, ())
        return self.editor.edit(
            parent_of(block),
            f"Show {label} on {name_of(block)}",
            lambda level: edits.expose(level, name_of(block), label, (*known, target)),
        )

    def hide(self, block: str, label: str) -> bool:
        """Let a block no longer show a parameter; its value stays."""
        return self.editor.edit(
            parent_of(block),
            f"No longer show {label} on {name_of(block)}",
            lambda level: edits.expose(level, name_of(block), label, ()),
        )

    def set_exposed(self, block: str, label: str, value: object) -> bool:
        """Set a parameter on a block, in all the layers that it stands for."""
        return self.editor.edit(
            parent_of(block),
            f"Set {label} of {name_of(block)}",
            lambda level: edits.set_exposed(level, name_of(block), label, value),
            merge=f"{block}.{label}",
        )

    def around(self, id: str) -> tuple[str, ...]:
        """The blocks that hold a node, the innermost first."""
        return tuple(reversed(tuple(outer(id))))

    def opened_in(self, ids: Iterable[str]) -> tuple[str, ...]:
        """All nodes on the canvas that move with these: themselves, and what is in opened blocks among them."""
        chosen = tuple(ids)
        frames = [id for id in chosen if self.is_open(id)]
        inside = (id for id in self.scene.nodes if any(is_inside(id, frame) for frame in frames))
        return tuple(dict.fromkeys((*chosen, *inside)))


def _tidy(level: NetworkSpec, name: str) -> NetworkSpec:
    """A level whose new block is laid out inside."""
    block: NodeSpec = level.node(name)
    inside = layout(block.subgraph) if block.subgraph is not None else None
    nodes = (
        NodeSpec(name, node.type, node.params, node.position, inside) if node.id == name else node
        for node in level.nodes
    )
    return NetworkSpec(level.name, tuple(nodes), level.edges, level.groups)
