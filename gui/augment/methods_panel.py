"""The list of augmentations: those in use from top to bottom, and all others below, family by family."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from engine.datasets.augment import AUGMENTATIONS, Mixing
from engine.datasets.spec import Choice
from gui import theme
from gui.augment.method_card import Edit, MethodCard, OffRow, method_of, options_of
from gui.augment.model import FAMILIES, AugmentModel, in_families
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.section import PanelSection

_EMPTY = (
    "None yet. Small changes such as turns and shifts, new in every epoch, keep a network from learning its pictures "
    "by heart. Switch some on below."
)


class _UsedList(QWidget):
    """The cards in use, and a line where a pulled one would go."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[MethodCard] = []
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(theme.space(1))
        self._gap: int | None = None

    def gap_at(self, point: QPointF) -> int:
        """Between which cards a place on the screen lies: 0 is above the first."""
        y = self.mapFromGlobal(point.toPoint()).y()
        return sum(card.geometry().center().y() < y for card in self.cards)

    def mark(self, gap: int | None) -> None:
        """Draw the line at a gap, or nowhere."""
        self._gap = gap
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._gap is None or not self.cards:
            return
        below = self._gap < len(self.cards)
        y = self.cards[self._gap].y() - theme.space(0.5) if below else self.cards[-1].geometry().bottom()
        QPainter(self).fillRect(0, max(0, y - 1), self.width(), 3, QColor(theme.tokens().accent))


class MethodsPanel(PanelSection):
    """Switch methods on and off, set their strength and order; every step is one of the document's undo steps."""

    def __init__(self, model: AugmentModel, parent: QWidget | None = None) -> None:
        super().__init__("Augmentation", parent)
        self._model = model
        self._task = model.task
        self._shown: tuple[Choice, ...] | None = None
        self._kept: dict[str, Choice] = {}  # options of methods switched off, in case of coming back
        self.reset = QPushButton(theme.icon("reset"), "Reset", self)
        self.reset.setToolTip("Switch all methods off; undo brings them back")
        self.reset.setAccessibleName("Switch all methods off")
        self.reset.clicked.connect(self._reset)
        self.corner.addWidget(self.reset)
        self.empty = QuietLabel(_EMPTY, self)
        self.order = QuietLabel("Done from top to bottom, on training pictures only.", self)
        self.used = _UsedList(self)
        for widget in (self.empty, self.order, self.used):
            self.body.addWidget(widget)
        self.rows: dict[str, OffRow] = {}
        self.headings: dict[str, ThemedLabel] = {}
        self._add_families()
        self.show_choices(())

    @property
    def cards(self) -> list[MethodCard]:
        """The methods in use, in their order."""
        return self.used.cards

    def _add_families(self) -> None:
        for id in in_families():
            family = AUGMENTATIONS.get(id).family
            if family not in self.headings:
                self.headings[family] = ThemedLabel(family, "text_muted", "small", self)
                self.body.addWidget(self.headings[family])
            row = self.rows[id] = OffRow(id, self)
            row.chosen.connect(lambda id=id: self._switch_on(id))
            self.body.addWidget(row)
        assert set(self.headings) <= set(FAMILIES), "a family without a place"

    # showing

    def show_choices(self, choices: tuple[Choice, ...]) -> None:
        """Show the document's list, and what its task cannot use."""
        if choices == self._shown and self._task == self._model.task:
            return
        self._task = self._model.task
        ids = [choice.id for choice in choices]
        if ids == [card.choice.id for card in self.cards]:
            for card, choice in zip(self.cards, choices, strict=True):
                card.show_choice(choice)
        else:
            self._rebuild(choices)
        self._shown = choices
        self._show_faults()
        self.empty.setVisible(not choices)
        self.order.setVisible(bool(choices))
        self.used.setVisible(bool(choices))
        self.reset.setEnabled(bool(choices))
        self.reset.setToolTip(
            "Switch all methods off; undo brings them back" if choices else "No method is switched on"
        )
        for id, row in self.rows.items():
            row.setVisible(id not in ids)
            row.show_fault(self._model.fault_of(AUGMENTATIONS.get(id)()))
        for family, heading in self.headings.items():
            heading.setVisible(any(AUGMENTATIONS.get(id).family == family and id not in ids for id in self.rows))

    def _rebuild(self, choices: tuple[Choice, ...]) -> None:
        """Put cards in the order of `choices`; those that are there already are kept with what is unfolded in them."""
        spare = list(self.cards)
        cards: list[MethodCard] = []
        for choice in choices:
            card = next((one for one in spare if one.choice.id == choice.id), None)
            if card is None:
                card = self._card(choice)
            else:
                spare.remove(card)
                card.show_choice(choice)
            cards.append(card)
        for card in self.cards:
            self.used.column.removeWidget(card)
        for card in spare:
            card.hide()
            card.deleteLater()
        for row, card in enumerate(cards):
            self.used.column.addWidget(card)
            card.show_place(row, len(cards))
            card.show()
        self.used.cards = cards
        before: QWidget | None = None
        for card in cards:
            if before is not None:
                QWidget.setTabOrder(before, card.switch)
            before = card.slider

    def _card(self, choice: Choice) -> MethodCard:
        card = MethodCard(choice, self.used)
        card.edited.connect(lambda edit: self._edited(card, edit))
        card.removed.connect(lambda: self._switch_off(card))
        card.moved.connect(lambda step: self._step(card, step))
        card.handle.pulled.connect(lambda point: self.used.mark(self.used.gap_at(point)))
        card.handle.dropped.connect(lambda point: self._dropped(card, point))
        for keys, step in (("Alt+Up", -1), ("Alt+Down", 1)):
            shortcut = QShortcut(QKeySequence(keys), card, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self._step(card, step))
        return card

    def _show_faults(self) -> None:
        """What the task cannot learn from, and a second method that mixes."""
        mixing = ""
        for card in self.cards:
            if card.method is None:
                continue
            why = self._model.fault_of(options_of(card.method, card.choice))
            if not why and issubclass(card.method, Mixing):
                if mixing:
                    why = f"{mixing} mixes pictures already, and one can be mixed with one other only. Keep one."
                mixing = mixing or card.method.label
            card.show_fault(why)

    # edits

    def _place(self, card: MethodCard) -> int:
        return self.cards.index(card)

    def _put(self, label: str, choices: list[Choice], merge: str | None = None) -> None:
        self._model.edit(label, tuple(choices), merge)

    def toggle(self, id: str) -> None:
        """Switch a method on, or off where it is on."""
        card = next((card for card in self.cards if card.choice.id == id), None)
        if card is None:
            self._switch_on(id)
        else:
            self._switch_off(card)

    def _switch_on(self, id: str) -> None:
        choice = self._kept.get(id, Choice(id=id))
        self._put(f"Switch on {AUGMENTATIONS.get(id).label}", [*self._model.choices, choice])

    def _switch_off(self, card: MethodCard) -> None:
        choices = list(self._model.choices)
        gone = choices.pop(self._place(card))
        self._kept[gone.id] = gone
        method = method_of(gone)
        # A click has taken the tick away; should the edit be undone, the card comes back with one.
        card.switch.setChecked(True)
        self._put(f"Switch off {method.label if method else gone.id}", choices)

    def _edited(self, card: MethodCard, edit: Edit) -> None:
        row, choices = self._place(card), list(self._model.choices)
        choices[row] = edit.choice
        label = card.method.label if card.method is not None else edit.choice.id
        self._put(f"Change {label}", choices, f"data.augmentation.{row}.{edit.what}")

    def _step(self, card: MethodCard, step: int) -> None:
        row = self._place(card)
        if 0 <= row + step < len(self.cards):
            self._move(row, row + step)

    def _dropped(self, card: MethodCard, point: QPointF) -> None:
        self.used.mark(None)
        row, gap = self._place(card), self.used.gap_at(point)
        to = gap - (gap > row)
        if to != row:
            self._move(row, to)

    def _move(self, row: int, to: int) -> None:
        choices = list(self._model.choices)
        choices.insert(to, choices.pop(row))
        self._put("Reorder augmentations", choices)

    def _reset(self) -> None:
        self._put("Switch all augmentations off", [])
