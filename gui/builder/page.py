"""The Build page: palette, drawing, inspector and drawer, all of them views of the document's network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from engine.graph.spec import NetworkSpec
from gui import theme
from gui.actions import make_action
from gui.builder.actions import BuilderActions
from gui.builder.canvas_frame import CanvasFrame
from gui.builder.drawer import Drawer
from gui.builder.exchange import Exchange
from gui.builder.files import NetworkFiles
from gui.builder.inspector import Inspector
from gui.builder.my_blocks import MyBlocks
from gui.builder.palette import Palette
from gui.builder.saving_blocks import SaveBlock
from gui.builder.toolbar import BuilderToolbar
from gui.canvas import tips
from gui.canvas.editor import Editor
from gui.canvas.opening import Opening
from gui.canvas.placing import Prototype
from gui.canvas.scene import CanvasScene
from gui.canvas.view import CanvasView
from gui.context import Context, Page
from gui.document.document import Change

if TYPE_CHECKING:
    from engine.graph.results import Analysis, Problem, Repair
    from gui.builder.heat import Heat

_BLOCKS = ("unfold", "fold", "enter", "save_block", "detach", "leave", "unfold_all", "fold_all")
"""Commands that a menu leaves out where they mean nothing."""


class BuildPage(Page):
    """Draw the network."""

    id = "build"
    title = "Build"
    icon = "build"
    order = 2

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.scene = CanvasScene(self)
        self.editor = Editor(context.document, self.scene, context.notifier)
        self.view = CanvasView(self.scene, self.editor, self)
        self.files = NetworkFiles(context, self.editor, self, self.view.show_all)
        self.exchange = Exchange(context, self.editor, self, self.view.show_all)
        self.commands = BuilderActions(self.view, self.editor, self.files, self.exchange)
        self.mine = MyBlocks(context, self)
        self.palette_panel = Palette(self.mine, context.gallery, self)
        self.keeping = SaveBlock(self.view, self.mine, self)
        self.commands.add(
            "save_block",
            "&Save to my blocks",
            self.keeping.ask,
            icon="my_block",
            tip="Keep the selected block, to drop it into other networks from the palette",
            keywords="library own",
        )
        self.commands.refresh()
        self.frame = CanvasFrame(self.view, self.commands, self)
        self.inspector = Inspector(self.editor, self.commands, self)
        self.drawer = Drawer(context, self)
        self.toolbar = BuilderToolbar(self.commands, context, self.files.open_gallery, self)
        self._search = make_action(
            self, "&Add a layer by name", self._find_layer, shortcut="/", icon="search", tip="Search the palette"
        )
        self._search.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.view.addAction(self._search)
        self._find = make_action(
            self,
            "Find on the &drawing",
            self.frame.finder.start,
            shortcut=QKeySequence.StandardKey.Find,
            icon="search",
            tip="Find a layer by name, type, setting or problem, also inside blocks",
            keywords="search jump go to",
            scope=Qt.ShortcutContext.WidgetWithChildrenShortcut,
        )
        self._find.setProperty("menu", "Edit")
        self.addAction(self._find)
        self._openings: dict[Path, Opening] = {}
        self._folder = context.document.folder
        self._arrange()
        self._connect()
        self._show(context.document.project.network)
        if context.checker.analysis is not None and context.checker.up_to_date:
            self._analysed(context.checker.analysis)

    def _arrange(self) -> None:
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.vertical = QSplitter(Qt.Orientation.Vertical, middle)
        self.vertical.addWidget(self.frame)
        self.vertical.addWidget(self.drawer)
        self.vertical.setStretchFactor(0, 1)
        self.vertical.setSizes([550, 240])
        column.addWidget(self.toolbar)
        column.addWidget(self.vertical, 1)
        self.horizontal = QSplitter(Qt.Orientation.Horizontal, self)
        for widget, size in ((self.palette_panel, 240), (middle, 880), (self.inspector, 320)):
            self.horizontal.addWidget(widget)
            widget.setMinimumWidth(min(size, theme.space(22)))
        self.horizontal.setSizes([240, 880, 320])
        self.horizontal.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.horizontal)
        for before, after in (
            (self.palette_panel.tree, self.view),
            (self.view, self.inspector),
            (self.inspector, self.drawer),
        ):
            QWidget.setTabOrder(before, after)

    def _connect(self) -> None:
        document, checker = self.context.document, self.context.checker
        document.changed.connect(self._changed)
        document.replaced.connect(self._replaced)
        document.state_changed.connect(self._moved)
        checker.analysed.connect(self._analysed)
        self.palette_panel.chosen.connect(self._insert)
        self.palette_panel.network.connect(self.files.open_gallery)
        self.view.opened.connect(lambda id: self.inspector.focus())
        self.view.layer_wanted.connect(lambda pos: self._find_layer())
        self.view.menu_wanted.connect(self._menu)
        self.view.repair_wanted.connect(self._repair_node)
        self.scene.picked.connect(self._describe)
        self.inspector.repair.connect(self.repair)
        self.inspector.jump.connect(self.jump)
        self.drawer.problems.repair.connect(self.repair)
        self.drawer.problems.jump.connect(self.jump)
        self.drawer.costs.chosen.connect(self.jump)
        self.drawer.costs.export_wanted.connect(self.files.export_table)
        self.drawer.costs.heat_changed.connect(self._heat)
        self.drawer.compare.marks_changed.connect(self.scene.set_marks)
        self.drawer.compare.chosen.connect(self.jump)
        self.frame.empty.start.connect(lambda: self._insert("Input"))
        self.frame.empty.gallery.connect(self._gallery_under_button)

    # what others ask for

    def page_actions(self) -> list[QAction]:
        """All commands of the page, for menus and the command palette."""
        return [*self.commands.all.values(), self._find, self._search, self.frame.show_minimap]

    def accept_hint(self, **hints: Any) -> None:
        """`problems=True` shows the problem list, `node=id` that node; `famous=id` draws a network of the gallery."""
        if hints.get("problems"):
            self.drawer.setCurrentWidget(self.drawer.problems)
        if hints.get("node"):
            self.jump(str(hints["node"]))
        if hints.get("famous"):
            self.files.open_gallery(str(hints["famous"]), hints.get("options", {}))

    def entered(self) -> None:
        """The drawing takes the keyboard."""
        self.mine.load()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def jump(self, node: str) -> None:
        """Select and show a node by its path; the blocks that it is in are opened."""
        self.view.blocks.show(node)

    def repair(self, repair: Repair) -> None:
        """Carry out the repair of a problem, as one step that can be undone."""
        if self.editor.apply(repair.label, repair.apply):
            self.view.reveal(self.scene.selected_nodes())

    # following the document

    def _changed(self, change: Change) -> None:
        if change.network_changed:
            self._show(change.after.network)

    def _moved(self) -> None:
        """The same project may have got another folder; the opened blocks are remembered by it."""
        self._folder = self.context.document.folder

    def _replaced(self) -> None:
        self._openings[self._folder] = self.scene.opening
        self._folder = self.context.document.folder
        self.scene.pick()
        self.scene.forget_analysis()
        self._show(self.context.document.project.network)
        self.scene.show_opening(self._openings.get(self._folder, Opening()))
        self.view.show_all()

    def _show(self, network: NetworkSpec) -> None:
        self.scene.show_spec(network)

    def _analysed(self, analysis: Analysis) -> None:
        self.scene.show_analysis(analysis)
        self.inspector.show_analysis(analysis)
        self.drawer.show_analysis(analysis)
        self.frame.finder.show_analysis(analysis)
        self.toolbar.totals.show_analysis(analysis)
        self._describe()

    def _heat(self, heat: Heat | None) -> None:
        self.scene.set_heat(heat.shares if heat is not None else None, heat.legend if heat is not None else "")

    def _describe(self) -> None:
        chosen = self.scene.selected_nodes()
        words = [tips.plain(self.scene.nodes[id]) for id in chosen[:3]]
        self.view.setAccessibleDescription(
            "; ".join(words) if words else f"{len(self.scene.nodes)} layers, nothing selected"
        )

    # gestures that need the page

    def _insert(self, what: Prototype) -> None:
        centre: QPointF = self.view.centre()
        before = len(self.scene.nodes)
        place = (0.0, 0.0) if not before else (centre.x(), centre.y())
        added = self.editor.add_after_selection(what, place)
        if added is None:
            return
        if not before:
            self.view.show_all()
        self.view.reveal([added])

    def _find_layer(self) -> None:
        self.palette_panel.start_search()

    def _repair_node(self, id: str) -> None:
        analysis = self.context.checker.analysis
        if analysis is None:
            return
        shown_at = self.scene.view.shown_at
        found: list[Problem] = [p for p in analysis.problems if p.node and p.repairs and shown_at(p.node) == id]
        repairs = [repair for problem in found for repair in problem.repairs]
        if len(repairs) == 1:
            self.repair(repairs[0])
        elif repairs:
            menu = self._popup()
            for repair in repairs:
                menu.addAction(theme.icon("repair"), repair.label, lambda repair=repair: self.repair(repair))
            item = self.scene.nodes[id]
            menu.popup(self.view.mapToGlobal(self.view.mapFromScene(item.sceneBoundingRect().topRight())))

    def _menu(self, where: QPoint) -> None:
        menu, commands = self._popup(), self.commands
        groups: tuple[tuple[str, ...], ...]
        if self.scene.selected_nodes():
            groups = (
                ("unfold", "fold", "enter", "save_block", "detach"),
                ("connect", "make_block", "share"),
                ("cut", "copy", "duplicate", "delete"),
                ("layout", "leave"),
            )
        elif self.scene.selected_edges():
            groups = (("delete",), ("layout",))
        else:
            groups = (
                ("paste", "all"),
                ("unfold_all", "fold_all", "leave"),
                ("layout", "columns", "fit"),
                ("export", "png", "svg", "pdf"),
            )
        for names in groups:
            menu.addActions([commands[name] for name in names if name not in _BLOCKS or commands[name].isEnabled()])
            menu.addSeparator()
        menu.popup(where)

    def _popup(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        return menu

    def _gallery_under_button(self) -> None:
        button = self.frame.empty.famous
        self.toolbar.gallery.popup(button.mapToGlobal(button.rect().bottomLeft()))
