"""What the network sees: one of the user's own pictures, preprocessed, and as some epochs would show it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from engine.events import Event, Failed, Finished
from engine.tasks.base import TASKS
from gui import theme
from gui.context import Context
from gui.data.jobs import VARIANTS, MakePreview, Preview
from gui.data.marks_button import MarksButton
from gui.data.model import DataModel
from gui.document.document import Change
from gui.runtime.jobs import JobHandle
from gui.widgets.marks import Overlay
from gui.widgets.notes import QuietLabel
from gui.widgets.pixmaps import draw_fitted, to_pixmap
from gui.widgets.section import PanelSection

_PAUSE_MS = 60
_SIDE = 320
_COLUMNS = 4


class _Sheet(QWidget):
    """Two large pictures side by side, and small ones below."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.large: tuple[tuple[str, QPixmap], ...] = ()
        self.small: tuple[QPixmap, ...] = ()
        self.over: tuple[Overlay | None, ...] = ()  # one for each large picture
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("What the network sees")
        theme.watcher().changed.connect(self.update)

    def show_pictures(
        self,
        large: tuple[tuple[str, QPixmap], ...],
        small: tuple[QPixmap, ...],
        over: tuple[Overlay | None, ...] = (),
    ) -> None:
        self.large, self.small, self.over = large, small, over
        self.updateGeometry()
        self.update()

    def _sides(self, width: int) -> tuple[int, int]:
        gap = theme.space(1)
        return (width - gap) // 2, (width - (_COLUMNS - 1) * gap) // _COLUMNS

    def place_of(self, number: int) -> QRect:
        """Where a large picture has its room."""
        large, _ = self._sides(self.width())
        line = self.fontMetrics().height() + theme.space(0.5)
        return QRect(number * (large + theme.space(1)), line, large, large)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        large, small = self._sides(width)
        rows = -(-len(self.small) // _COLUMNS)
        line = self.fontMetrics().height() + theme.space(0.5)
        below = (line + theme.space(1) + rows * (small + theme.space(1))) if rows else 0
        return line + large + below

    def sizeHint(self) -> QSize:
        return QSize(280, self.heightForWidth(280))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.heightForWidth(160))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setFont(self.font())
        gap = theme.space(1)
        large, small = self._sides(self.width())
        line = self.fontMetrics().height() + theme.space(0.5)
        for number, (title, pixmap) in enumerate(self.large):
            x = number * (large + gap)
            painter.setPen(QColor(t.text_muted))
            words = self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, large)
            painter.drawText(QRect(x, 0, large, line), Qt.AlignmentFlag.AlignLeft, words)
            over = self.over[number] if number < len(self.over) else None
            self._frame(painter, self.place_of(number), pixmap, over)
        top = line + large + gap
        if self.small:
            painter.setPen(QColor(t.text_muted))
            words = f"In {len(self.small)} epochs of training"
            painter.drawText(QRect(0, top, self.width(), line), Qt.AlignmentFlag.AlignLeft, words)
        for number, pixmap in enumerate(self.small):
            row, column = divmod(number, _COLUMNS)
            place = QRect(column * (small + gap), top + line + row * (small + gap), small, small)
            self._frame(painter, place, pixmap)

    def _frame(self, painter: QPainter, place: QRect, pixmap: QPixmap, over: Overlay | None = None) -> None:
        t = theme.tokens()
        painter.fillRect(place, QColor(t.canvas))
        if not pixmap.isNull():
            area = draw_fitted(painter, pixmap, place)
            if over is not None:
                over(painter, area)
        painter.setPen(QColor(t.border))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place.adjusted(0, 0, -1, -1))


class PreviewPanel(PanelSection):
    """Follows the current picture, the preprocessing and the augmentation."""

    def __init__(self, context: Context, model: DataModel, parent: QWidget | None = None) -> None:
        super().__init__("What the network sees", parent)
        self._context = context
        self._model = model
        self._index: int | None = None
        self._first_epoch = 0
        self._job: JobHandle | None = None
        self.shown: Preview | None = None
        self.again = QToolButton(self)
        self.again.setIcon(theme.icon("shuffle"))
        self.again.setAutoRaise(True)
        self.again.setToolTip("Show what the next epochs would make of the picture")
        self.again.setAccessibleName("Show other epochs")
        self.again.clicked.connect(self._other_epochs)
        self.marks = MarksButton(self)
        self.marks.wanted_changed.connect(self._marks_changed)
        self.corner.addWidget(self.marks)
        self.corner.addWidget(self.marks.more)
        self.corner.addWidget(self.again)
        self.sheet = _Sheet(self)
        self.words = QuietLabel("", self)
        self.body.addWidget(self.sheet)
        self.body.addWidget(self.words)
        self._pause = QTimer(self, singleShot=True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._make)
        context.engine.ready.connect(self.refresh)
        context.document.changed.connect(self._document_changed)
        self._say_nothing()

    def show_index(self, index: int | None) -> None:
        """Preview another picture of the model's set, or none."""
        self._index = index
        self.refresh()

    def refresh(self) -> None:
        """Make the preview anew in a moment; what is on its way is dropped."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if self._index is None or self._model.pictures is None:
            self._pause.stop()
            self._say_nothing()
        else:
            self._pause.start()

    def _say_nothing(self) -> None:
        self.shown = None
        self.sheet.setVisible(False)
        self.again.setEnabled(False)
        self.again.setToolTip("Choose a picture first")
        self.words.setText("Choose a picture to see what becomes of it.")
        self.words.setVisible(True)

    def _document_changed(self, change: Change) -> None:
        if change.before.task != change.after.task:
            self.refresh()

    def _marks_changed(self) -> None:
        if self.marks.wanted():
            self.refresh()
        elif self.shown is not None:
            self._show(self.shown)

    def _other_epochs(self) -> None:
        self._first_epoch += VARIANTS
        self.refresh()

    def _make(self) -> None:
        pictures, data = self._model.pictures, self._model.data
        if pictures is None or self._index is None or self._index >= len(pictures):
            return
        task = self._context.document.project.task
        self.marks.follow(pictures.gives, TASKS.get(task).needs if task in TASKS else ())
        # Augmentation needs the engine; `ready` comes back here, and meanwhile the rest is shown.
        augmentation = data.augmentation if self._context.engine.is_ready else ()
        seed = self._context.document.project.training.seed
        job = MakePreview(
            pictures, self._index, data.preprocess, augmentation, seed, self._first_epoch, _SIDE, self.marks.wanted()
        )
        handle = self._context.runner.start(job, title="Preparing the preview", show=False)
        self._job = handle

        def ended(end: Event) -> None:
            if self._job is not handle:
                return
            self._job = None
            if isinstance(end, Finished):
                self._show(end.result)
            elif isinstance(end, Failed):
                self.shown = None
                self.sheet.setVisible(False)
                self.words.setText(str(end.error))
                self.words.setVisible(True)

        handle.ended.connect(ended)

    def _show(self, preview: Preview) -> None:
        self.shown = preview
        spec = self._model.data.preprocess
        seen = f"As {spec.channels}×{spec.height}×{spec.width}"
        large = (("Picture", to_pixmap(preview.original)), (seen, to_pixmap(preview.seen)))
        over = self._over(preview)
        if preview.target is not None:
            large = (large[1], ("To give back", to_pixmap(preview.target)))
            over = over[1:]
        self.sheet.show_pictures(large, tuple(to_pixmap(variant) for variant in preview.variants), over)
        self.sheet.setVisible(True)
        waiting = bool(self._model.data.augmentation) and not preview.variants
        self.words.setText(
            preview.fault if preview.fault
            else "The changed pictures follow when the engine has loaded." if waiting
            else "" if preview.variants
            else "Without augmentation every epoch shows the picture like this."
        )  # fmt: skip
        self.words.setVisible(bool(preview.fault) or not preview.variants)
        self.again.setEnabled(bool(preview.variants))
        self.again.setToolTip(
            "Show what the next epochs would make of the picture"
            if preview.variants
            else "Every epoch shows the same picture; choose an augmentation first"
        )

    def _over(self, preview: Preview) -> tuple[Overlay | None, ...]:
        """What is laid over the picture and over what the network sees."""
        layers, pictures = self.marks.wanted(), self._model.pictures
        if not layers or preview.marks is None or pictures is None:
            return ()
        return tuple(Overlay(one.known, layers, one.size, pictures.classes, one.tints) for one in preview.marks)
