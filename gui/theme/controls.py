"""How each standard control is painted. Every function gets a style option in a saved, antialiased painter."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QStyle,
    QStyleOption,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStyleOptionComplex,
    QStyleOptionHeader,
    QStyleOptionProgressBar,
    QStyleOptionSlider,
    QStyleOptionSpinBox,
    QStyleOptionTab,
    QToolButton,
    QWidget,
)

from gui.theme.theme import tokens

State, Sub = QStyle.StateFlag, QStyle.SubControl
Place = Callable[[QStyle.SubControl], QRect]
ROUND = 6.0


def has(option: QStyleOption, state: QStyle.StateFlag) -> bool:
    return bool(option.state & state)


def kind_of(widget: QWidget | None) -> str:
    return str(widget.property("kind") or "") if widget is not None else ""


def frame(option: QStyleOption, painter: QPainter, fill: str, line: str, width: float = 1.0) -> None:
    """A rounded box in the option's rectangle; "" for no fill or no line."""
    half = width / 2
    painter.setPen(QPen(QColor(line), width) if line else Qt.PenStyle.NoPen)
    painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(option.rect).adjusted(half, half, -half, -half), ROUND, ROUND)


def nothing(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    """A line that Fusion draws and we do not."""


def plain_frame(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    """The line around lists, tables and text areas."""
    t = tokens()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QColor(t.accent if has(option, State.State_HasFocus) else t.border))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(option.rect.adjusted(0, 0, -1, -1))


def push_button(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    t, kind = tokens(), kind_of(widget)
    enabled, hot, down = has(option, State.State_Enabled), has(option, State.State_MouseOver), _down(option)
    focus = has(option, State.State_HasFocus) and has(option, State.State_KeyboardFocusChange)
    if kind == "primary" and enabled:
        frame(option, painter, t.accent_hover if hot or down else t.accent, t.text if focus else "")
        return
    fill = t.pressed if down else t.hover if hot and enabled else "" if kind == "quiet" else t.raised
    line = "" if kind == "quiet" else t.border_strong if enabled else t.border
    frame(option, painter, fill, t.accent if focus else line, 1.5 if focus else 1.0)


def label_colour(option: QStyleOptionButton, widget: QWidget | None) -> str:
    """The colour of a push button's words when it is not the usual one."""
    t, kind = tokens(), kind_of(widget)
    if not has(option, State.State_Enabled):
        return ""
    return {"primary": t.accent_text, "danger": t.problem, "quiet": t.accent}.get(kind, "")


def tool_button(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    t = tokens()
    enabled, raised = has(option, State.State_Enabled), has(option, State.State_AutoRaise)
    on, hot = has(option, State.State_On), has(option, State.State_MouseOver) and enabled
    fill = t.pressed if has(option, State.State_Sunken) else t.accent_soft if on else t.hover if hot else ""
    if not raised and not fill:
        fill = t.raised
    focus = has(option, State.State_HasFocus) and has(option, State.State_KeyboardFocusChange)
    line = t.accent if focus else "" if raised else t.border_strong
    frame(option, painter, fill, line)


def _down(option: QStyleOption) -> bool:
    return has(option, State.State_Sunken) or has(option, State.State_On)


def line_edit(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    # A field inside a spin box or an editable combo box is framed by those.
    if getattr(option, "lineWidth", 1) > 0:
        field(option, painter, has(option, State.State_HasFocus))


def line_edit_frame(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    """The panel has drawn its frame already."""


def field(option: QStyleOption, painter: QPainter, focus: bool) -> None:
    """The ground of everything that takes text or a choice."""
    t = tokens()
    enabled = has(option, State.State_Enabled)
    line = t.accent if focus else t.border_strong if enabled else t.border
    frame(option, painter, t.raised if enabled else t.window, line, 1.5 if focus else 1.0)


def focus_ring(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    if has(option, State.State_KeyboardFocusChange):
        painter.setPen(QPen(QColor(tokens().accent), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(option.rect).adjusted(0.75, 0.75, -0.75, -0.75), 4, 4)


def check_box(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    box, ink = _indicator(option, painter)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QPen(ink, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    side = box.width()
    if has(option, State.State_On):
        points = ((0.24, 0.54), (0.43, 0.72), (0.77, 0.31))
        painter.drawPolyline([QPointF(box.left() + x * side, box.top() + y * side) for x, y in points])
    elif has(option, State.State_NoChange):
        y = box.center().y()
        painter.drawLine(QPointF(box.left() + side * 0.26, y), QPointF(box.right() - side * 0.26, y))


def radio_button(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    box, ink = _indicator(option, painter)
    painter.drawEllipse(box)
    if has(option, State.State_On):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawEllipse(box.center(), box.width() * 0.22, box.width() * 0.22)


def _indicator(option: QStyleOption, painter: QPainter) -> tuple[QRectF, QColor]:
    """Set pen and brush for the box of a check or radio button; returns the box and the colour of its mark."""
    t = tokens()
    on = has(option, State.State_On) or has(option, State.State_NoChange)
    enabled = has(option, State.State_Enabled)
    fill = t.raised if not on else t.accent if enabled else t.border_strong
    hot = has(option, State.State_MouseOver) and enabled
    painter.setPen(QPen(QColor(fill if on else t.accent if hot else t.border_strong), 1.2))
    painter.setBrush(QColor(fill))
    side = min(option.rect.width(), option.rect.height()) - 2
    middle = QRectF(option.rect).center()
    return QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side), QColor(t.accent_text)


def tip(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    t = tokens()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QColor(t.border_strong))
    painter.setBrush(QColor(t.raised))
    painter.drawRect(option.rect.adjusted(0, 0, -1, -1))


def progress_groove(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    t = tokens()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(t.pressed))
    bar = _bar(option)
    painter.drawRoundedRect(bar, bar.height() / 2, bar.height() / 2)


def progress_contents(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    if not isinstance(option, QStyleOptionProgressBar):
        return
    bar = _bar(option)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens().accent))
    if option.maximum <= option.minimum:
        # How much is left is not known: a quarter in the middle, at rest, since words beside it say what goes on.
        bar = bar.adjusted(bar.width() * 0.375, 0, -bar.width() * 0.375, 0)
    else:
        share = (option.progress - option.minimum) / (option.maximum - option.minimum)
        bar.setWidth(bar.width() * max(0.0, min(1.0, share)))
    if bar.width() > 0:
        painter.drawRoundedRect(bar, bar.height() / 2, bar.height() / 2)


def _bar(option: QStyleOption) -> QRectF:
    """A thin bar unless there are words on it."""
    area = QRectF(option.rect)
    if isinstance(option, QStyleOptionProgressBar) and option.textVisible:
        return area
    return QRectF(area.left(), area.center().y() - 3, area.width(), 6)


def tab(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    t = tokens()
    area = QRectF(option.rect)
    chosen = has(option, State.State_Selected)
    if has(option, State.State_MouseOver) and not chosen:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.hover))
        painter.drawRoundedRect(area.adjusted(3, 4, -3, -4), ROUND, ROUND)
    if chosen and isinstance(option, QStyleOptionTab):
        painter.fillRect(QRectF(area.left() + 8, area.bottom() - 2, area.width() - 16, 2.5), QColor(t.accent))


def tab_base(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    painter.fillRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1, QColor(tokens().border))


def header(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    t = tokens()
    painter.fillRect(option.rect, QColor(t.panel))
    painter.fillRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1, QColor(t.border))
    if isinstance(option, QStyleOptionHeader) and option.orientation == Qt.Orientation.Horizontal:
        painter.fillRect(option.rect.right(), option.rect.top() + 5, 1, option.rect.height() - 10, QColor(t.border))


def splitter(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    t = tokens()
    hot = has(option, State.State_MouseOver) or has(option, State.State_Sunken)
    middle, colour = option.rect.center(), QColor(t.accent if hot else t.border)
    if has(option, State.State_Horizontal):
        painter.fillRect(middle.x(), option.rect.top(), 1, option.rect.height(), colour)
    else:
        painter.fillRect(option.rect.left(), middle.y(), option.rect.width(), 1, colour)


def chevron(painter: QPainter, area: QRect, turn: int, colour: str) -> None:
    """A small arrow head in the middle of `area`; `turn` is 1 for down and -1 for up."""
    at, path = QRectF(area).center(), QPainterPath()
    path.moveTo(at.x() - 3.5, at.y() - 1.75 * turn)
    path.lineTo(at.x(), at.y() + 1.75 * turn)
    path.lineTo(at.x() + 3.5, at.y() - 1.75 * turn)
    painter.setPen(QPen(QColor(colour), 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


def arrow_down(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    """The mark of a button with a menu; Fusion puts it into the lower corner, we at half height."""
    t, area = tokens(), option.rect
    if isinstance(widget, QToolButton) and widget.menu() is not None:
        area = QRect(widget.width() - 18, 0, 14, widget.height())
    chevron(painter, area, 1, t.text if has(option, State.State_Enabled) else t.text_muted)


def combo_box(option: QStyleOptionComplex, painter: QPainter, place: Place) -> None:
    t = tokens()
    if isinstance(option, QStyleOptionComboBox) and option.frame:
        field(option, painter, has(option, State.State_HasFocus) or has(option, State.State_On))
    enabled = has(option, State.State_Enabled)
    chevron(painter, place(Sub.SC_ComboBoxArrow), 1, t.text if enabled else t.text_muted)


def spin_box(option: QStyleOptionComplex, painter: QPainter, place: Place) -> None:
    t = tokens()
    if not isinstance(option, QStyleOptionSpinBox):
        return
    if option.frame:
        field(option, painter, has(option, State.State_HasFocus))
    if option.buttonSymbols == QAbstractSpinBox.ButtonSymbols.NoButtons:
        return
    enabled = has(option, State.State_Enabled)
    steps = option.stepEnabled
    for part, turn, step in (
        (Sub.SC_SpinBoxUp, -1, QAbstractSpinBox.StepEnabledFlag.StepUpEnabled),
        (Sub.SC_SpinBoxDown, 1, QAbstractSpinBox.StepEnabledFlag.StepDownEnabled),
    ):
        chevron(painter, place(part), turn, t.text if enabled and steps & step else t.border_strong)


def slider(option: QStyleOptionComplex, painter: QPainter, place: Place) -> None:
    t = tokens()
    if not isinstance(option, QStyleOptionSlider):
        return
    enabled, focus = has(option, State.State_Enabled), has(option, State.State_HasFocus)
    area, handle = QRectF(place(Sub.SC_SliderGroove)), QRectF(place(Sub.SC_SliderHandle)).center()
    flat = option.orientation == Qt.Orientation.Horizontal
    middle = area.center()
    groove = (
        QRectF(area.left(), middle.y() - 2, area.width(), 4)
        if flat
        else QRectF(middle.x() - 2, area.top(), 4, area.height())
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(t.border_strong))
    painter.drawRoundedRect(groove, 2, 2)
    done = QRectF(groove)
    if flat:
        done.setRight(handle.x())
    else:
        done.setTop(handle.y())
    painter.setBrush(QColor(t.accent if enabled else t.border_strong))
    painter.drawRoundedRect(done, 2, 2)
    painter.setPen(QPen(QColor(t.accent if enabled else t.border_strong), 2.5 if focus else 1.5))
    painter.setBrush(QColor(t.raised))
    painter.drawEllipse(handle, 7, 7)


def scroll_bar(option: QStyleOptionComplex, painter: QPainter, place: Place) -> None:
    t = tokens()
    if not isinstance(option, QStyleOptionSlider) or option.maximum <= option.minimum:
        return
    hot = bool(option.activeSubControls & Sub.SC_ScrollBarSlider) and has(option, State.State_MouseOver)
    down = has(option, State.State_Sunken) and bool(option.activeSubControls & Sub.SC_ScrollBarSlider)
    handle = QRectF(place(Sub.SC_ScrollBarSlider))
    edge = 2.0 if hot or down else 3.0
    handle = handle.adjusted(edge, edge, -edge, -edge)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(t.text_muted if hot or down else t.border_strong))
    half = min(handle.width(), handle.height()) / 2
    painter.drawRoundedRect(handle, half, half)


def scroll_bar_part(option: QStyleOptionComplex, part: QStyle.SubControl, usual: QRect) -> QRect:
    """Where a part of a scroll bar is: no arrow buttons, so the handle has the whole length."""
    if not isinstance(option, QStyleOptionSlider):
        return usual
    area = option.rect
    if part in (Sub.SC_ScrollBarAddLine, Sub.SC_ScrollBarSubLine):
        return QRect()
    flat = option.orientation == Qt.Orientation.Horizontal
    length = area.width() if flat else area.height()
    span = option.maximum - option.minimum
    handle = length if span <= 0 else max(min(32, length), length * option.pageStep // (span + option.pageStep))
    start = QStyle.sliderPositionFromValue(
        option.minimum, option.maximum, option.sliderPosition, length - handle, option.upsideDown
    )
    begin, size = {
        Sub.SC_ScrollBarGroove: (0, length),
        Sub.SC_ScrollBarSlider: (start, handle),
        Sub.SC_ScrollBarSubPage: (0, start),
        Sub.SC_ScrollBarAddPage: (start + handle, length - start - handle),
    }.get(part, (0, 0))
    if part not in (Sub.SC_ScrollBarGroove, Sub.SC_ScrollBarSlider, Sub.SC_ScrollBarSubPage, Sub.SC_ScrollBarAddPage):
        return usual
    return (
        QRect(area.left() + begin, area.top(), size, area.height())
        if flat
        else QRect(area.left(), area.top() + begin, area.width(), size)
    )
