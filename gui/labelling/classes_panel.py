"""The classes with their hues and keys: choosing one, giving it to objects or to the picture, adding and renaming."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QKeySequence, QPainter, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QWidget,
)

from engine.labelling import edits
from gui import theme
from gui.actions import make_action
from gui.labelling import keys
from gui.labelling.canvas import LabelCanvas
from gui.labelling.painting import hue_of
from gui.widgets.section import PanelSection

_ROWS = 10
_NUMBERED = 9


class ClassesPanel(PanelSection):
    """Follows the model. A click on a class does what its number key does."""

    def __init__(self, canvas: LabelCanvas, parent: QWidget | None = None) -> None:
        super().__init__("Classes", parent)
        self._canvas = canvas
        self._model = canvas.model
        self._busy = False
        self.list = QListWidget(self)
        self.list.setAccessibleName("Classes")
        self.list.setToolTip(
            "Click a class, or press its number, to draw in it or to give it to what is chosen. "
            "A double click renames it; a tick means the whole picture"
        )
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        self.list.itemChanged.connect(self._item_changed)
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list, context=Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(lambda: self._remove(self.list.currentRow()))
        self.name = QLineEdit(self)
        self.name.setPlaceholderText("Add a class")
        self.name.setAccessibleName("Name of a further class")
        self.name.setToolTip("Type a name and press Enter")
        self.name.setMaxLength(100)
        self.name.returnPressed.connect(self._add)
        self.add = QToolButton(self)
        self.add.setIcon(theme.icon("plus"))
        self.add.setAutoRaise(True)
        self.add.setAccessibleName("Add class")
        self.add.setToolTip("Add the class")
        self.add.clicked.connect(self._add)
        row = QHBoxLayout()
        row.setSpacing(theme.space(0.5))
        row.addWidget(self.name, 1)
        row.addWidget(self.add)
        self.body.addWidget(self.list)
        self.body.addLayout(row)
        for signal in (self._model.changed, self._model.picture_changed, theme.watcher().changed):
            signal.connect(self._show)
        self._model.chosen_changed.connect(self._show_active)
        self._show()

    def _show(self) -> None:
        """List the classes anew."""
        labels, picture = self._model.labels, self._model.picture
        counts = Counter(one.label for each in labels.pictures for one in each.objects)
        whole = Counter(label for each in labels.pictures for label in each.labels)
        self._busy = True
        while self.list.count() > len(labels.classes):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(labels.classes):
            self.list.addItem(QListWidgetItem())
        for number, one in enumerate(labels.classes):
            item = self.list.item(number)
            item.setText(one.name)
            item.setIcon(_swatch(hue_of(one), str(number + 1) if number < _NUMBERED else ""))
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled
                | Qt.ItemFlag.ItemIsSelectable
                | Qt.ItemFlag.ItemIsEditable
                | Qt.ItemFlag.ItemIsUserCheckable
            )
            ticked = picture is not None and number in picture.labels
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            item.setToolTip(
                f"{one.name}: {counts[number]:,} objects, and {whole[number]:,} whole pictures. "
                "Tick it for the whole picture; a double click renames it"
            )
        self._busy = False
        self.list.setVisible(bool(labels.classes))
        tall = self.list.sizeHintForRow(0) if labels.classes else 0
        self.list.setFixedHeight(min(max(1, len(labels.classes)), _ROWS) * tall + 2 * self.list.frameWidth())
        self._show_active()

    def _show_active(self) -> None:
        self._busy = True
        self.list.setCurrentRow(self._model.active_class if self._model.labels.classes else -1)
        self._busy = False

    def _clicked(self, item: QListWidgetItem) -> None:
        keys.give_class(self._canvas, self.list.row(item))

    def _item_changed(self, item: QListWidgetItem) -> None:
        """Another name was typed, or the tick set."""
        if self._busy:
            return
        label, picture = self.list.row(item), self._model.picture
        name = item.text()
        if name != self._model.labels.classes[label].name:
            if not self._model.edit(f"Rename to {name}", lambda labels: edits.rename_class(labels, label, name)):
                self._show()
            return
        if picture is None:
            self._show()
            return
        ticked = item.checkState() == Qt.CheckState.Checked
        chosen = {*picture.labels, label} if ticked else set(picture.labels) - {label}
        word = "Call" if ticked else "No longer call"
        self._model.edit(f"{word} the picture {name}", lambda labels: edits.set_labels(labels, picture.file, chosen))

    def _add(self) -> None:
        name = self.name.text()
        if not name.strip():
            self.name.setFocus()
            return
        if self._model.edit(f"Add class {name.strip()}", lambda labels: edits.add_class(labels, name)):
            self.name.clear()
            self._model.choose_class(len(self._model.labels.classes) - 1)

    def _remove(self, label: int) -> None:
        if 0 <= label < len(self._model.labels.classes):
            name = self._model.labels.classes[label].name
            self._model.edit(f"Remove class {name}", lambda labels: edits.remove_class(labels, label), choose=())

    def _menu(self, at: QPoint) -> None:
        item = self.list.itemAt(at)
        if item is None:
            return
        label = self.list.row(item)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        menu.addAction(make_action(menu, "Rename", lambda: self.list.editItem(item), icon="edit", tip="Rename it"))
        tip = "Remove the class with all its objects; undo brings them back"
        menu.addAction(make_action(menu, "Remove", lambda: self._remove(label), icon="delete", tip=tip))
        menu.popup(self.list.viewport().mapToGlobal(at))


def _swatch(hue: QColor, text: str) -> QIcon:
    """A filled square with the number of the key on it."""
    from gui.theme.contrast import readable_on

    side = theme.icon_side(18)
    pixmap = QPixmap(QSize(side, side) * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(hue)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(0, 0, side, side, 4, 4)
    painter.setPen(readable_on(hue))
    painter.setFont(theme.font("small"))
    painter.drawText(0, 0, side, side, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    made = QIcon(pixmap)
    made.addPixmap(pixmap, QIcon.Mode.Selected)  # or else the style tints it
    return made
