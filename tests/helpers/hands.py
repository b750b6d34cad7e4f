"""A person's hands: presses, drags, drops and typing, sent to the real widgets as events."""

from __future__ import annotations

from itertools import pairwise

import PySide6
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QWidget

from engine.graph.spec import EdgeSpec
from gui.builder.page import BuildPage

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.MouseButton.NoButton


def click(widget: QWidget, at: QPoint | None = None) -> None:
    """Press and release the left button in the middle of a control, or at `at`."""
    assert widget.isVisible(), f"{widget.accessibleName() or widget} is not shown"
    assert widget.isEnabled(), f"{widget.accessibleName() or widget} cannot be used"
    QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())


def button(root: QWidget, text: str) -> QAbstractButton:
    """The visible button whose text or accessible name begins with `text`."""
    found = [
        made
        for made in root.findChildren(QAbstractButton)
        if made.isVisible()
        and any(words.startswith(text) for words in (made.text().replace("&", ""), made.accessibleName()))
    ]
    assert found, f"no button says {text!r}"
    return found[0]


def type_over(widget: QWidget, text: str) -> None:
    """Replace what stands in a field, and leave it with Enter."""
    widget.setFocus()
    QTest.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(widget, text)
    QTest.keyClick(widget, Qt.Key.Key_Return)


def drag(widget: QWidget, *points: QPoint, steps: int = 6) -> None:
    """Press at the first point, move along the others and release at the last."""

    def send(kind: QEvent.Type, at: QPointF, pressed: Qt.MouseButton, held: Qt.MouseButton) -> None:
        where = widget.mapToGlobal(at)
        QApplication.sendEvent(widget, QMouseEvent(kind, at, where, pressed, held, Qt.KeyboardModifier.NoModifier))

    send(QEvent.Type.MouseButtonPress, QPointF(points[0]), LEFT, LEFT)
    for start, end in pairwise(points):
        for step in range(1, steps + 1):
            at = QPointF(start) + (QPointF(end) - QPointF(start)) * (step / steps)
            send(QEvent.Type.MouseMove, at, NONE, LEFT)
    send(QEvent.Type.MouseButtonRelease, QPointF(points[-1]), LEFT, NONE)


def turn_wheel(
    area: QAbstractScrollArea, at: QPointF, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """Turn the wheel over a point of a view, away from the hand for positive `notches`."""
    viewport, still = area.viewport(), Qt.ScrollPhase.NoScrollPhase
    turned = QPoint(0, 120 * notches)
    event = QWheelEvent(at, viewport.mapToGlobal(at), QPoint(), turned, NONE, keys, still, False)
    QApplication.sendEvent(viewport, event)


def carry_over(widget: QWidget, mime: QMimeData, at: QPointF) -> bool:
    """Drag something onto a widget and over it; whether it would take it."""
    # From 6.12 on these two take a QPointF, and before that only a QPoint.
    point = at if tuple(map(int, PySide6.__version__.split(".")[:2])) >= (6, 12) else at.toPoint()
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(point, Qt.DropAction.CopyAction, mime, LEFT, keys)  # type: ignore[arg-type]
    QApplication.sendEvent(widget, enter)
    QApplication.sendEvent(widget, QDragMoveEvent(point, Qt.DropAction.CopyAction, mime, LEFT, keys))  # type: ignore[arg-type]
    return enter.isAccepted()


def let_go(widget: QWidget, mime: QMimeData, at: QPointF) -> bool:
    """Drop what is dragged; whether the widget took it."""
    event = QDropEvent(at, Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop_layer(page: BuildPage, type: str, at: QPointF) -> str:
    """Drag a layer from the palette onto the drawing, at a point of the scene; returns the new node's id."""
    before = set(page.scene.nodes)
    tree, view = page.palette_panel.tree, page.view
    mime = tree.mimeData([tree.item_of(type)])
    where = QPointF(view.mapFromScene(at))
    assert carry_over(view.viewport(), mime, where), f"the drawing does not take a {type}"
    assert let_go(view.viewport(), mime, where)
    added = set(page.scene.nodes) - before
    assert len(added) == 1
    return added.pop()


def join(page: BuildPage, source: str, target: str) -> None:
    """Drag from the output of one node to the input of another."""
    view = page.view
    start = page.scene.nodes[source].sceneBoundingRect()
    end = page.scene.nodes[target].sceneBoundingRect()
    out = view.mapFromScene(page.scene.nodes[source].pos() + QPointF(0, 30))
    into = view.mapFromScene(page.scene.nodes[target].pos() + QPointF(0, -30))
    assert view.viewport().rect().contains(out), f"{source} is out of view ({start})"
    assert view.viewport().rect().contains(into), f"{target} is out of view ({end})"
    drag(view.viewport(), out, into)
    assert EdgeSpec(source, target) in page.context.document.project.network.edges
