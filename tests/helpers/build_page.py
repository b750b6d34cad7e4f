"""The Build page under test: networks on it, and what a person would do there."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.graph import edits
from engine.graph.layout import layout
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from gui.builder.page import BuildPage
from gui.context import Context

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def chain(*types: str) -> NetworkSpec:
    """Layers one after the other, laid out."""
    spec = NetworkSpec()
    for index, type in enumerate(types):
        spec = edits.add_node(spec, NodeSpec(edits.fresh_id(spec, type), type))
        if index:
            spec = edits.connect(spec, EdgeSpec(spec.nodes[-2].id, spec.nodes[-1].id))
    return layout(spec)


def with_block() -> NetworkSpec:
    """input1 (1×12×12) → block1 (conv2d1 → relu1) → flatten1 → output1."""
    spec = edits.set_params(chain("Input", "Conv2d", "ReLU", "Flatten", "Output"), "input1", shape=[1, 12, 12])
    return layout(edits.make_block(spec, ["conv2d1", "relu1"], "block1"))


def nested() -> NetworkSpec:
    """The same, with relu1 in a block of its own inside block1."""
    return layout(edits.inside(with_block(), "block1", lambda level: edits.make_block(level, ["relu1"], "core")))


def make_page(context: Context, qtbot: QtBot) -> BuildPage:
    made = BuildPage(context)
    qtbot.addWidget(made)
    made.resize(1280, 900)
    made.show()
    qtbot.waitExposed(made)
    return made


def draw(page: BuildPage, spec: NetworkSpec) -> None:
    """Put a network on the page at 100 %."""
    page.editor.open_network(spec)
    page.view.zoom_to(1.0)
    page.view.centerOn(0.0, 200.0)


def spec_of(page: BuildPage) -> NetworkSpec:
    return page.context.document.project.network


def undo(page: BuildPage) -> None:
    page.context.document.undo_stack.undo()


def at(page: BuildPage, x: float, y: float) -> QPoint:
    """A point of the scene in pixels of the view."""
    return page.view.mapFromScene(QPointF(x, y))


def middle(page: BuildPage, id: str) -> QPoint:
    """Where a card is grabbed; scrolled into view if it was not."""
    page.view.reveal([id])
    item = page.scene.nodes[id]
    return page.view.mapFromScene(item.pos() + item.header.center())


def click(page: BuildPage, id: str, keys: Qt.KeyboardModifier = NONE) -> None:
    QTest.mouseClick(page.view.viewport(), LEFT, keys, middle(page, id))


def double_click(page: BuildPage, id: str) -> None:
    where = middle(page, id)
    QTest.mouseClick(page.view.viewport(), LEFT, NONE, where)
    QTest.mouseDClick(page.view.viewport(), LEFT, NONE, where)


def press(page: BuildPage, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
    """Press a key while the drawing has the keyboard."""
    page.view.setFocus()
    QTest.keyClick(page.view, key, keys)
