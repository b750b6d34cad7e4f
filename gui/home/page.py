"""Home: begin with a sample, a famous network, a file or nothing; go on with what was open; see the engine load."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.cancel import CancelToken
from engine.events import Emit, Event, Finished
from engine.project import recovery
from engine.project.recovery import Autosaved
from engine.project.samples import SAMPLES, Sample
from gui import theme
from gui.context import Context, Page
from gui.document.files import leftovers
from gui.home.cards import NetworkCard, SampleCard, StartCard
from gui.home.engine_line import EngineLine
from gui.home.grid import CardGrid
from gui.home.recent import RecentList, RecoveryOffer

WIDEST = 1200


class HomePage(Page):
    """Signals: `offers_changed()` when the list of unsaved work is there."""

    id = "home"
    title = "Home"
    icon = "home"
    order = 0
    offers_changed = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName("Home")
        self._headings: list[QLabel] = []
        self.offers: list[RecoveryOffer] = []
        self._fill(self._column())
        context.gallery.changed.connect(self._fill_gallery)
        context.settings.changed.connect(self._fill_recent)
        theme.watcher().changed.connect(self._themed)
        self._fill_samples()
        self._fill_gallery()
        self._fill_recent()
        self._themed()

    def _column(self) -> QVBoxLayout:
        """The column in the middle of the page that scrolls when it is too tall."""
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        content = QWidget()
        content.setMaximumWidth(WIDEST)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(theme.space(4), theme.space(4), theme.space(4), theme.space(4))
        row.addStretch(1)
        row.addWidget(content, 20)
        row.addStretch(1)
        scroll.setWidget(holder)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1.5))
        return column

    def _fill(self, column: QVBoxLayout) -> None:
        self._title = QLabel("Draw a network, train it, watch it see")
        self._title.setWordWrap(True)
        column.addWidget(self._title)
        self.engine_line = EngineLine(self.context.engine)
        column.addWidget(self.engine_line)
        self._offers = QVBoxLayout()
        self._offers.setSpacing(theme.space(1))
        column.addLayout(self._offers)
        column.addSpacing(theme.space(1))
        column.addLayout(self._start())
        column.addSpacing(theme.space(2))
        self._recent_heading = self._heading("Recent projects")
        column.addWidget(self._recent_heading)
        self.recent = RecentList(self.context)
        column.addWidget(self.recent)
        self._recent_space = QWidget()
        self._recent_space.setFixedHeight(theme.space(1))
        column.addWidget(self._recent_space)
        column.addWidget(self._heading("Samples that train in minutes"))
        self.samples = CardGrid()
        column.addWidget(self.samples)
        column.addSpacing(theme.space(1))
        famous = QHBoxLayout()
        famous.addWidget(self._heading("Start from a famous network"), 1)
        self.browse = QPushButton(theme.icon("star"), "Browse the gallery…")
        self.browse.setToolTip(self.context.actions["file.gallery"].toolTip())
        self.browse.clicked.connect(self.context.actions["file.gallery"].trigger)
        famous.addWidget(self.browse)
        column.addLayout(famous)
        self.gallery = CardGrid()
        column.addWidget(self.gallery)
        column.addStretch(1)

    def entered(self) -> None:
        self._fill_recent()
        look = self.context.runner.start(leftovers, title="Looking for unsaved work", show=False)
        look.ended.connect(self._found)

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        self._headings.append(label)
        return label

    def _start(self) -> QGridLayout:
        actions = self.context.actions
        self.sample = StartCard(
            actions["file.open_sample"],
            "Open the digits sample",
            "LeNet-5 and 1,797 handwritten digits. Press Start training and it learns to read them in under a minute.",
            primary=True,
        )
        self.empty = StartCard(actions["file.new"], "Empty project", "Draw a network from nothing, layer by layer.")
        self.open_file = StartCard(
            actions["file.open"], "Open a file", "A project or a network that was saved. Or drop it onto the window."
        )
        grid = QGridLayout()
        grid.setSpacing(theme.space(2))
        for place, card in enumerate((self.sample, self.empty, self.open_file)):
            grid.addWidget(card, 0, place)
            grid.setColumnStretch(place, 5 if place == 0 else 4)
        return grid

    # unsaved work

    def _found(self, end: Event) -> None:
        if not isinstance(end, Finished):
            return
        for offer in self.offers:
            self._offers.removeWidget(offer)
            offer.deleteLater()
        self.offers = [self._offer(left) for left in end.result]
        self.offers_changed.emit()

    def _offer(self, left: Autosaved) -> RecoveryOffer:
        offer = RecoveryOffer(left)
        offer.recover.clicked.connect(lambda: self.context.document.recover(left))
        offer.discard.clicked.connect(lambda: self._discard(left, offer))
        self._offers.addWidget(offer)
        return offer

    def _discard(self, left: Autosaved, offer: RecoveryOffer) -> None:
        def forget(emit: Emit, token: CancelToken) -> None:
            recovery.forget(left)

        offer.setEnabled(False)
        handle = self.context.runner.start(forget, title=f"Discarding {left.name}", show=False)
        handle.ended.connect(lambda end: self.entered())

    # lists

    def _fill_recent(self) -> None:
        paths = [Path(path) for path in self.context.settings.values.recent]
        self.recent.show_paths(paths)
        for widget in (self._recent_heading, self.recent, self._recent_space):
            widget.setVisible(bool(paths))

    def _fill_samples(self) -> None:
        cards: list[QWidget] = []
        for sample in SAMPLES[1:]:
            card = SampleCard(sample)
            card.clicked.connect(partial(self._open_sample, sample))
            cards.append(card)
        self.samples.set_cards(cards)

    def _open_sample(self, sample: Sample) -> None:
        target = self.context.settings.projects_dir() / sample.name
        self.context.document.open_copy(sample.folder, target)

    def _fill_gallery(self) -> None:
        cards: list[QWidget] = []
        gallery = self.context.gallery
        if gallery.entries:
            self.browse.setText(f"All {len(gallery.entries)} networks…")
        for entry in gallery.featured:
            card = NetworkCard(entry, gallery.thumbnail(entry.id))
            card.clicked.connect(lambda checked=False, id=entry.id: gallery.open(id))
            cards.append(card)
        self.gallery.set_cards(cards)

    def _themed(self) -> None:
        self._title.setFont(theme.font("title"))
        for label in self._headings:
            label.setFont(theme.font("heading"))
        self.update()
