"""The window onto the drawing: zoom, pan, hover, keys, and handing each press to the gesture that wants it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPixmapCache,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsView, QToolTip, QWidget

from engine.graph.paths import parent_of
from gui import theme
from gui.canvas import keys, painting, tips
from gui.canvas.blocks import Blocks
from gui.canvas.editor import Editor
from gui.canvas.hover import Hover
from gui.canvas.preview import PreviewItem
from gui.canvas.scene import CanvasScene
from gui.canvas.tools.base import Tool
from gui.canvas.tools.connect import ConnectTool
from gui.canvas.tools.drop import DropTool
from gui.canvas.tools.keyboard_connect import KeyboardConnectTool
from gui.canvas.tools.move import MoveTool
from gui.canvas.tools.pan import PanTool
from gui.canvas.tools.select import SelectTool

MIN_ZOOM, MAX_ZOOM = 0.05, 4.0
READABLE = 0.75
_STEP = 1.2
_STILL_MS = 140
_CACHE_KB = 96 * 1024


class CanvasView(QGraphicsView):
    """Signals:
    zoomed(): another zoom, or another part of the drawing.
    opened(object): path of a layer that was double-clicked, or on which Enter was pressed.
    layer_wanted(object): empty paper was double-clicked at this QPointF of the scene.
    menu_wanted(object): a context menu is wanted at this global QPoint; what it is about is selected.
    repair_wanted(object): id of the node whose light bulb was clicked.
    said(object): a sentence about what the keyboard does now; "" when it is over.
    """

    zoomed = Signal()
    opened = Signal(object)
    layer_wanted = Signal(object)
    menu_wanted = Signal(object)
    repair_wanted = Signal(object)
    said = Signal(object)

    def __init__(self, scene: CanvasScene, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self.canvas = scene
        self.editor = editor
        self.space_held = False
        self._tool: Tool | None = None
        self._wanted: float | None = None
        self._whole: float | None = None  # the least zoom of what is shown whole, until somebody moves it
        self._tools: tuple[Tool, ...] = (PanTool(self), ConnectTool(self), MoveTool(self), SelectTool(self))
        self._drop = DropTool(self)
        self._keyboard_connect = KeyboardConnectTool(self)
        self.blocks = Blocks(self)
        self._hover = Hover(scene, self.viewport())
        self._preview = PreviewItem()
        scene.addItem(self._preview)
        self._still = QTimer(self, singleShot=True, interval=_STILL_MS)
        self._still.timeout.connect(self._be_still)
        self._set_up()
        scene.shown.connect(self._shown)
        theme.watcher().changed.connect(scene.refresh)

    def _set_up(self) -> None:
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), _CACHE_KB))
        self.setAccessibleName("Network drawing")
        self.setFrameShape(QGraphicsView.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        for side in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            side(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)

    # looking

    @property
    def zoom(self) -> float:
        """How many pixels a scene unit takes."""
        return self.transform().m11()

    def visible(self) -> QRectF:
        """The part of the scene that is in view."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def centre(self) -> QPointF:
        return self.visible().center()

    def zoom_by(self, factor: float, anchor: QPointF | None = None) -> None:
        """Zoom around a point of the viewport, by default its middle."""
        self.zoom_to(self.zoom * factor, anchor)

    def zoom_to(self, zoom: float, anchor: QPointF | None = None) -> None:
        zoom = min(MAX_ZOOM, max(MIN_ZOOM, zoom))
        at = anchor or QPointF(self.viewport().rect().center())
        before = self.mapToScene(at.toPoint())
        self.resetTransform()
        self.scale(zoom, zoom)
        self.canvas.keep_pictures(zoom >= painting.MIDDLE)
        shift = before - self.mapToScene(at.toPoint())
        self.centerOn(self.centre() + shift)
        self.moving()

    def pan(self, dx: float, dy: float) -> None:
        """Move the paper by pixels."""
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(round(across.value() - dx))
        down.setValue(round(down.value() - dy))
        self.moving()

    def fit(self) -> None:
        """Show the whole drawing, never larger than life."""
        self._show_box(self.canvas.content(), 0.0)

    def show_all(self) -> None:
        """Show the whole drawing if it is readable then, otherwise its beginning at a readable size."""
        self._show_box(self.canvas.content(), READABLE)

    def reveal(self, ids: list[str] | tuple[str, ...]) -> None:
        """Scroll as little as needed to bring these nodes into view."""
        box = QRectF()
        for id in ids:
            if id in self.canvas.nodes:
                item = self.canvas.nodes[id]
                box = box.united(
                    item.header.translated(item.pos()) if item.kind == "frame" else item.sceneBoundingRect()
                )
        if not box.isEmpty() and not self.visible().contains(box):
            self.ensureVisible(box, 48, 48)
            self.moving()

    def _show_box(self, box: QRectF, least: float) -> None:
        self._wanted = None
        if not self.isVisible():
            self._wanted = least  # nobody knows the size of the window yet
        if box.isEmpty():
            self.zoom_to(1.0)
            self.centerOn(0.0, 0.0)
            return
        box = box.adjusted(-24, -24, 24, 24)
        room = self.viewport().size()
        whole = min(room.width() / box.width(), room.height() / box.height(), 1.0)
        self.zoom_to(max(whole, least))
        seen = self.visible()
        top = box.top() + seen.height() / 2 if box.height() > seen.height() else box.center().y()
        self.centerOn(box.center().x(), top)
        self._whole = least
        self._be_still()

    # moving and standing still

    def moving(self) -> None:
        """Something moves on screen: paint quickly now, and well as soon as it stands still."""
        self._whole = None
        self.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._still.start()
        self.zoomed.emit()

    def _be_still(self) -> None:
        self._still.stop()
        self.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self.viewport().update()
        self.zoomed.emit()

    def _shown(self, change: object) -> None:
        if self._tool is not None:
            self.stop_tool()
        self._hover.clear()

    # gestures

    def show_preview(self, start: tuple[float, float], end: tuple[float, float], upward: bool = False) -> None:
        """Show an edge in the making; `upward` when it is drawn from an input."""
        self._preview.show_edge(*((end, start) if upward else (start, end)))

    def show_ghost(self, pos: QPointF, text: str) -> None:
        self._preview.show_card(pos, text)

    def hide_preview(self) -> None:
        self._preview.setVisible(False)

    def stop_tool(self) -> None:
        """Call the running gesture off."""
        tool, self._tool = self._tool, None
        if tool is not None:
            tool.cancel()

    def connect_by_keyboard(self) -> None:
        """Connect the selection, or let the keyboard choose what the one selected node feeds."""
        chosen = self.canvas.selected_nodes()
        if len(chosen) > 1:
            self.editor.connect_selection()
        elif chosen and self._keyboard_connect.start(chosen[0]):
            self._tool = self._keyboard_connect
        else:
            self.say("Select a node whose output can still be connected." if self.canvas.nodes else "")

    def say(self, text: str) -> None:
        self.said.emit(text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self._tool is not None:
            return
        pos = self.mapToScene(event.position().toPoint())
        item = self.canvas.node_at(pos)
        if event.button() == Qt.MouseButton.LeftButton and item is not None and item.on_bulb(pos):
            self.canvas.pick([item.id])
            self.repair_wanted.emit(item.id)
            return
        if event.button() == Qt.MouseButton.LeftButton and item is not None and item.on_fold(pos):
            self.blocks.toggle(item.id)
            return
        for tool in self._tools:
            if tool.begin(event, pos):
                self._tool = tool
                self._hover.clear()
                break
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pos = self.mapToScene(event.position().toPoint())
        if self._tool is not None:
            self._tool.follow(event, pos)
        else:
            self._hover.at(pos)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        tool, self._tool = self._tool, None
        if tool is self._keyboard_connect:
            self._tool = tool
        elif tool is not None:
            tool.end(event, self.mapToScene(event.position().toPoint()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.stop_tool()
        pos = self.mapToScene(event.position().toPoint())
        item = self.canvas.node_at(pos)
        if item is not None and item.on_fold(pos):
            self.mousePressEvent(event)
        elif item is not None and (self.blocks.is_block(item.id) or item.kind == "gate"):
            self.blocks.toggle(parent_of(item.id) if item.kind == "gate" else item.id)
        elif item is not None:
            self.opened.emit(item.id)
        elif self.canvas.edge_at(pos) is None:
            self.layer_wanted.emit(pos)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps, pixels = event.angleDelta(), event.pixelDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(_STEP ** (steps.y() / 120), event.position())
        elif not pixels.isNull():
            self.pan(pixels.x(), pixels.y())
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan((steps.y() or steps.x()) * 0.6, 0)
        else:
            self.pan(steps.x() * 0.6, steps.y() * 0.6)
        event.accept()

    # keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._tool is not None:
            if event.key() == Qt.Key.Key_Escape and self._tool is not self._keyboard_connect:
                self.stop_tool()
            else:
                self._tool.key(event)
            event.accept()
        elif event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.space_held = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif not keys.press(self, event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.space_held = False
            self.viewport().unsetCursor()

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab walks over the nodes first and leaves the drawing behind the last one."""
        return False if self._tool is not None else keys.walk(self, back=not next) or super().focusNextPrevChild(next)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.space_held = False
        if self._tool is self._keyboard_connect:
            self.stop_tool()
        super().focusOutEvent(event)

    # dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._drop.enter(event.mimeData()):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._drop.what is None:
            event.ignore()
            return
        self._drop.hover(self.mapToScene(event.position().toPoint()))
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.cancel()

    def dropEvent(self, event: QDropEvent) -> None:
        if not self._drop.enter(event.mimeData()):
            event.ignore()
            return
        pos = self.mapToScene(event.position().toPoint())
        self._drop.hover(pos)
        self._drop.drop(pos)
        event.acceptProposedAction()
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    # the rest

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._wanted is not None:
            QTimer.singleShot(0, self, self._show_wanted)

    def _show_wanted(self) -> None:
        if self._wanted is not None and self.isVisible():
            self._show_box(self.canvas.content(), self._wanted)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            pos = self.mapToScene(event.pos())
            item, edge = self.canvas.node_at(pos), self.canvas.edge_at(pos)
            if item is not None and not item.isSelected():
                self.canvas.pick([item.id])
            elif item is None and edge is not None and not edge.isSelected():
                self.canvas.pick([], [edge.spec])
            elif item is None and edge is None:
                self.canvas.pick()
            self.menu_wanted.emit(event.globalPos())
        else:
            self.menu_wanted.emit(self.mapToGlobal(self._menu_place()))
        event.accept()

    def _menu_place(self) -> QPoint:
        chosen = self.canvas.selected_nodes()
        if not chosen:
            return self.viewport().rect().center()
        return self.mapFromScene(self.canvas.nodes[chosen[0]].pos())

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = tips.tip_at(self.canvas, self.mapToScene(event.pos()))
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._hover.clear()
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._whole is not None and self.isVisible():
            self._show_box(self.canvas.content(), self._whole)
        self.zoomed.emit()
