"""The button that shows or hides what is known of a picture over it, with a menu where several things are known."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from gui import theme
from gui.data.known_marks import DRAWN
from gui.widgets.marks import LAYERS, TIPS, first_layers


class MarksButton(QToolButton):
    """On to begin with; hidden where nothing is known that could be drawn.

    Attributes:
        more: a button that offers the layers, to stand beside it; hidden where there is one only.

    Signals:
        wanted_changed(): `wanted` gives something else.
    """

    wanted_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._begun: tuple[tuple[str, ...], tuple[str, ...]] | None = None  # data and task that the layers are for
        self._offered: tuple[str, ...] = ()
        self.setText("Marks")
        self.setIcon(theme.icon("eye"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAutoRaise(True)
        self.setCheckable(True)
        self.setChecked(True)
        self.setAccessibleName("Marks")
        self.setToolTip("Draw what is known of the picture over it")
        self.setVisible(False)
        self.more = QToolButton(parent)
        self.more.setAutoRaise(True)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setAccessibleName("Choose the marks")
        self.more.setToolTip("Choose what is drawn over the picture")
        self.more.setVisible(False)
        self.layers = QMenu(self)
        self.layers.setToolTipsVisible(True)
        self.actions_of: dict[str, QAction] = {}
        for name in DRAWN:
            action = self.actions_of[name] = self.layers.addAction(LAYERS[name])
            action.setCheckable(True)
            action.setToolTip(TIPS[name])
            action.triggered.connect(self._chosen)
        self.more.setMenu(self.layers)
        self.clicked.connect(self.wanted_changed)

    def follow(self, gives: Sequence[str], needs: Sequence[str]) -> None:
        """Offer what the pictures give, beginning anew with what the task learns when either is another."""
        if (tuple(gives), tuple(needs)) == self._begun:
            return
        self._begun = tuple(gives), tuple(needs)
        self._offered = tuple(name for name in DRAWN if name in gives)
        begin = first_layers(gives, needs)
        for name, action in self.actions_of.items():
            action.setVisible(name in self._offered)
            action.setChecked(name in begin)
        words = ", ".join(LAYERS[name].lower() for name in self._offered)
        self.setToolTip(f"Draw what is known of the picture over it: {words}")
        self.more.setVisible(len(self._offered) > 1)
        self.setVisible(bool(self._offered))

    def wanted(self) -> frozenset[str]:
        """The layers to be drawn."""
        if not self.isChecked():
            return frozenset()
        return frozenset(name for name in self._offered if self.actions_of[name].isChecked())

    def _chosen(self) -> None:
        self.setChecked(True)
        self.wanted_changed.emit()
