"""Which classes are shown, each with the colour in which it is drawn, and how much of the picture it has."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.inference.detections import Detections, Outcome
from engine.inference.maps import ClassMap
from gui import theme
from gui.live.overlay import hue_of

_ROWS = 8
_SEARCH_FROM = 13
_ID = Qt.ItemDataRole.UserRole


class ClassList(QWidget):
    """Signals:
    changed(object): frozenset of the ids of the classes that are not to be shown.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hidden: frozenset[int] = frozenset()
        self._classes: tuple[str, ...] = ()
        self._map = False
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search classes")
        self.search.setAccessibleName("Search classes")
        self.search.setToolTip("Show only classes whose name has these letters")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Classes that are shown")
        self.list.setToolTip("Space shows or hides a class")
        self.list.setUniformItemSizes(True)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.itemChanged.connect(self._ticked)
        self.all = QPushButton("Show all", self)
        self.all.setToolTip("Show every class")
        self.all.clicked.connect(lambda: self._set_all(True))
        self.none = QPushButton("Hide all", self)
        self.none.setToolTip("Hide every class, to tick the few that matter")
        self.none.clicked.connect(lambda: self._set_all(False))
        row = QHBoxLayout()
        row.setSpacing(theme.space(1))
        row.addWidget(self.all)
        row.addWidget(self.none)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(0.5))
        for widget in (self.search, self.list):
            column.addWidget(widget)
        column.addLayout(row)

    def clear(self) -> None:
        """There is no model with classes to choose from. The choice is forgotten."""
        self._classes = ()
        self.list.clear()
        self._choose(frozenset())
        self.hide()

    def follow(self, outcome: Outcome | None) -> None:
        """Offer the classes of this outcome; maps of classes also say how much each has."""
        if not isinstance(outcome, Detections | ClassMap) or len(outcome.classes) < 2:
            return
        is_map = isinstance(outcome, ClassMap)
        if (outcome.classes, is_map) != (self._classes, self._map):
            self._classes, self._map = outcome.classes, is_map
            self._fill(outcome)
        if isinstance(outcome, ClassMap):
            self._show_shares(outcome)

    def _fill(self, outcome: Detections | ClassMap) -> None:
        background = outcome.background if isinstance(outcome, ClassMap) else None
        self.list.blockSignals(True)
        self.list.clear()
        side = theme.icon_side(14)
        for number, name in enumerate(outcome.classes):
            if number == background:
                continue
            swatch = QPixmap(side, side)
            swatch.fill(hue_of(outcome, number))
            item = QListWidgetItem(QIcon(swatch), name, self.list)
            item.setData(_ID, number)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.list.blockSignals(False)
        self._choose(frozenset())
        self.search.setVisible(self.list.count() >= _SEARCH_FROM)
        self.search.clear()
        self._fit()
        self.show()

    def _fit(self) -> None:
        """As high as its rows, up to eight; a list that is longer scrolls."""
        row = max(self.list.sizeHintForRow(0), self.fontMetrics().height() + 4)
        self.list.setFixedHeight(min(_ROWS, max(1, self.list.count())) * row + 2 * self.list.frameWidth())

    def _show_shares(self, outcome: ClassMap) -> None:
        shares = outcome.shares
        self.list.blockSignals(True)
        for item in self._items():
            name = outcome.classes[item.data(_ID)]
            share = shares.get(name, 0.0)
            text = f"{name}   {share * 100:.1f} %" if share >= 0.0005 else name
            if item.text() != text:
                item.setText(text)
        self.list.blockSignals(False)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _filter(self, text: str) -> None:
        for item in self._items():
            item.setHidden(text.strip().casefold() not in self._classes[item.data(_ID)].casefold())

    def _set_all(self, shown: bool) -> None:
        self.list.blockSignals(True)
        for item in self._items():
            item.setCheckState(Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self._ticked()

    def _ticked(self, item: QListWidgetItem | None = None) -> None:
        self._choose(frozenset(one.data(_ID) for one in self._items() if one.checkState() == Qt.CheckState.Unchecked))

    def _choose(self, hidden: frozenset[int]) -> None:
        if hidden != self.hidden:
            self.hidden = hidden
            self.changed.emit(hidden)

    def sizeHint(self) -> QSize:
        return QSize(200, super().sizeHint().height())
