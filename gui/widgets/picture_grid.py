"""Many small pictures with captions: enlarged without blurring, painted only where they are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from gui import theme

Mark = Literal["", "right", "wrong"]
Index = QModelIndex | QPersistentModelIndex
_GAP = 8
_LONGEST = 26  # characters that a cell may be made wide for
_LONG = 8  # of the longest words are measured


@dataclass(frozen=True, eq=False)
class GridPicture:
    """One cell. `image` is uint8, (H, W) or (H, W, 3) in RGB; None while it is not loaded.

    `over` paints over the place that the image takes up.
    """

    image: np.ndarray | None
    caption: str = ""
    detail: str = ""
    mark: Mark = ""
    tip: str = ""
    over: Callable[[QPainter, QRect], None] | None = None


def as_qimage(image: np.ndarray) -> QImage:
    """A view of `image` as a QImage; it shares the array's memory, so paint it before the array goes."""
    array = np.ascontiguousarray(image)
    kind = QImage.Format.Format_Grayscale8 if array.ndim == 2 else QImage.Format.Format_RGB888
    made = QImage(array.data, array.shape[1], array.shape[0], array.strides[0], kind)
    made.array = array  # type: ignore[attr-defined]  # keeps the memory alive as long as the view
    return made


def paint_picture(painter: QPainter, image: np.ndarray, area: QRect) -> QRect:
    """Paint `image` into `area`, aspect kept; enlarged by repeating pixels. Returns where it is."""
    place = _fitted(image, area)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, place.width() < image.shape[1])
    painter.drawImage(place, as_qimage(image))
    return place


def _fitted(image: np.ndarray, area: QRect) -> QRect:
    """The largest rectangle of the picture's shape in the middle of `area`."""
    height, width = image.shape[:2]
    scale = min(area.width() / width, area.height() / height)
    size = QSize(max(1, round(width * scale)), max(1, round(height * scale)))
    return QRect(
        QPoint(area.x() + (area.width() - size.width()) // 2, area.y() + (area.height() - size.height()) // 2), size
    )


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.pictures: Sequence[GridPicture] = ()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.pictures)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        picture = self.pictures[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (picture.caption, picture.detail, picture.mark) if part)
        if role == Qt.ItemDataRole.DisplayRole:
            return picture.caption
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, grid: PictureGrid) -> None:
        super().__init__(grid)
        self._grid = grid

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._grid.cell_size()

    def place(self, cell: QRect) -> QRect:
        side = self._grid.side
        return QRect(cell.x() + (self._grid.cell_size().width() - side) // 2, cell.y() + _GAP // 2 + 2, side, side)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        t = theme.tokens()
        picture = self._grid.picture(index.row())
        cell: QRect = option.rect
        state: QStyle.StateFlag = option.state
        area = self.place(cell)
        painter.save()
        if picture.image is None:
            painter.fillRect(area, QColor(t.hover))
            self._grid.want(index.row())
        else:
            place = paint_picture(painter, picture.image, area)
            if picture.over is not None:
                picture.over(painter, place)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        colour = t.accent if chosen else {"right": t.success, "wrong": t.problem}.get(picture.mark, t.border)
        painter.setPen(QPen(QColor(colour), 2 if chosen or picture.mark == "wrong" else 1))
        painter.drawRect(area.adjusted(-1, -1, 0, 0))
        if picture.mark:
            self._paint_mark(painter, area, picture.mark)
        self._paint_words(painter, area, picture)
        painter.restore()

    def _paint_mark(self, painter: QPainter, area: QRect, mark: Mark) -> None:
        """Right and wrong differ by shape, not by colour alone."""
        t = theme.tokens()
        side = 16
        place = QRect(area.right() - side + 3, area.top() - 3, side, side)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.success if mark == "right" else t.problem))
        painter.drawEllipse(place)
        theme.icon("check" if mark == "right" else "close", t.panel).paint(painter, place.adjusted(2, 2, -2, -2))

    def _paint_words(self, painter: QPainter, area: QRect, picture: GridPicture) -> None:
        t = theme.tokens()
        painter.setFont(self._grid.words_font)
        metrics = QFontMetrics(self._grid.words_font)
        wide = self._grid.cell_size().width() - _GAP
        row = QRect(area.center().x() - wide // 2, area.bottom() + 4, wide, metrics.height())
        for text, colour in ((picture.caption, t.text), (picture.detail, t.text_muted)):
            if text:
                painter.setPen(QColor(colour))
                fitted = metrics.elidedText(text, Qt.TextElideMode.ElideRight, row.width())
                painter.drawText(row, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, fitted)
                row.translate(0, metrics.height())

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        picture = self._grid.picture(index.row())
        lines = [picture.tip or picture.caption, picture.detail if not picture.tip else ""]
        lines.append(value_under(picture.image, self.place(view.visualRect(index)), event.pos()))
        text = "\n".join(line for line in lines if line)
        QToolTip.showText(event.globalPos(), text, view)
        return True


def value_under(image: np.ndarray | None, area: QRect, point: QPoint) -> str:
    """The pixel of `image`, painted into `area`, that lies under `point`, in words; "" outside."""
    if image is None:
        return ""
    place = _fitted(image, area)
    height, width = image.shape[:2]
    x = (point.x() - place.x()) * width // place.width()
    y = (point.y() - place.y()) * height // place.height()
    if not (0 <= x < width and 0 <= y < height):
        return ""
    value = image[y, x]
    shown = ", ".join(str(part) for part in value) if image.ndim == 3 else str(value)
    return f"Row {y}, column {x}: {shown}"


class PictureGrid(QListView):
    """Shows a sequence of pictures, however long: only visible cells are asked for.

    Args:
        side: the space for each picture, in pixels.
        lines: lines of words below each, 0 to 2.

    Signals:
        opened(object): the index of a picture that was double-clicked or opened by Enter.
        current_changed(object): the index that the keyboard is on, or -1.
        wanted(object): indices of cells that were painted without a picture, as a tuple; `set_picture` fills them.
    """

    opened = Signal(object)
    current_changed = Signal(object)
    wanted = Signal(object)

    def __init__(self, side: int = 64, lines: int = 2, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self.lines = lines
        self.words_font = theme.font("small")
        self._words: tuple[str, ...] = ()
        self._wanted: set[int] = set()
        self._model = _Model(self)
        self.setModel(self._model)
        self.setItemDelegate(_Delegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName("Pictures")
        self.activated.connect(lambda index: self.opened.emit(index.row()))
        self.selectionModel().currentChanged.connect(lambda now, _before: self.current_changed.emit(now.row()))
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)
        theme.watcher().changed.connect(self._themed)
        self._fit()

    @property
    def pictures(self) -> Sequence[GridPicture]:
        return self._model.pictures

    def picture(self, index: int) -> GridPicture:
        return self._model.pictures[index]

    def set_pictures(self, pictures: Sequence[GridPicture]) -> None:
        """Show other pictures; when there are as many as before, place and selection stay."""
        if len(pictures) == len(self._model.pictures):
            self._model.pictures = pictures
            self.viewport().update()
            return
        self._model.beginResetModel()
        self._model.pictures = pictures
        self._model.endResetModel()
        self._wanted.clear()

    def set_picture(self, index: int, picture: GridPicture) -> None:
        """Change one cell, such as one whose picture has been loaded."""
        pictures = self._model.pictures
        if not isinstance(pictures, list):
            pictures = self._model.pictures = list(pictures)
        pictures[index] = picture
        self._wanted.discard(index)
        self.update(self._model.index(index))

    def set_side(self, side: int) -> None:
        """Give each picture this many pixels of space."""
        self.side = side
        self._fit()

    def fit_words(self, words: Iterable[str]) -> None:
        """Make the cells so wide that these words are read whole, up to a length; the longest of them decide."""
        self._words = tuple(sorted(set(words), key=len)[-_LONG:])
        self._fit()

    def cell_size(self) -> QSize:
        metrics = QFontMetrics(self.words_font)
        wide = max((metrics.horizontalAdvance(words) for words in ("100 %", *self._words)), default=0)
        wide = max(self.side, min(wide, metrics.averageCharWidth() * _LONGEST) if self.lines else 0)
        return QSize(wide + 2 * _GAP, self.side + metrics.height() * self.lines + 2 * _GAP)

    def want(self, index: int) -> None:
        """A cell was painted without its picture."""
        if index not in self._wanted:
            self._wanted.add(index)
            self._asking.start()

    def _ask(self) -> None:
        if self._wanted:
            self.wanted.emit(tuple(sorted(self._wanted)))

    def _fit(self) -> None:
        self.setGridSize(self.cell_size())
        self.verticalScrollBar().setSingleStep(self.cell_size().height() // 2)

    def _themed(self) -> None:
        self.words_font = theme.font("small")
        self._fit()
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() and not self.currentIndex().isValid() and self._model.rowCount():
            self.setCurrentIndex(self._model.index(0))
