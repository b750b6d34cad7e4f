"""Our look of the standard controls: Fusion underneath, flat and rounded on top, in the theme's colours.

A button's property "kind" says what it is for: "primary" for the one thing a page wants pressed, "quiet" for one that
needs no border, "danger" for one that throws something away.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import (
    QProxyStyle,
    QStyle,
    QStyleOption,
    QStyleOptionButton,
    QStyleOptionComplex,
    QToolButton,
    QWidget,
)

from gui.theme import controls
from gui.theme.theme import icon_side

Paint = Callable[[QStyleOption, QPainter, QWidget | None], None]
State, Primitive, Control = QStyle.StateFlag, QStyle.PrimitiveElement, QStyle.ControlElement
Complex, Metric, Contents = QStyle.ComplexControl, QStyle.PixelMetric, QStyle.ContentsType

_PRIMITIVES: dict[QStyle.PrimitiveElement, Paint] = {
    Primitive.PE_PanelButtonCommand: controls.push_button,
    Primitive.PE_PanelButtonTool: controls.tool_button,
    Primitive.PE_PanelLineEdit: controls.line_edit,
    Primitive.PE_FrameLineEdit: controls.line_edit_frame,
    Primitive.PE_FrameFocusRect: controls.focus_ring,
    Primitive.PE_IndicatorCheckBox: controls.check_box,
    Primitive.PE_IndicatorRadioButton: controls.radio_button,
    Primitive.PE_PanelTipLabel: controls.tip,
    Primitive.PE_FrameTabBarBase: controls.tab_base,
    Primitive.PE_IndicatorArrowDown: controls.arrow_down,
    Primitive.PE_FrameTabWidget: controls.nothing,
    Primitive.PE_FrameButtonBevel: controls.nothing,
    Primitive.PE_FrameDefaultButton: controls.nothing,
    Primitive.PE_Frame: controls.plain_frame,
}
_CONTROLS: dict[QStyle.ControlElement, Paint] = {
    Control.CE_ProgressBarGroove: controls.progress_groove,
    Control.CE_ProgressBarContents: controls.progress_contents,
    Control.CE_TabBarTabShape: controls.tab,
    Control.CE_HeaderSection: controls.header,
    Control.CE_HeaderEmptyArea: controls.header,
    Control.CE_Splitter: controls.splitter,
}
_METRICS = {
    Metric.PM_ScrollBarExtent: 12,
    Metric.PM_ScrollBarSliderMin: 32,
    Metric.PM_SplitterWidth: 5,
    Metric.PM_IndicatorWidth: 17,
    Metric.PM_IndicatorHeight: 17,
    Metric.PM_ExclusiveIndicatorWidth: 17,
    Metric.PM_ExclusiveIndicatorHeight: 17,
    Metric.PM_TabBarTabHSpace: 26,
    Metric.PM_TabBarTabVSpace: 14,
    Metric.PM_TabBarTabShiftVertical: 0,
    Metric.PM_ButtonShiftHorizontal: 0,
    Metric.PM_ButtonShiftVertical: 0,
}
_ICONS = {
    Metric.PM_ButtonIconSize: 16,
    Metric.PM_SmallIconSize: 16,
    Metric.PM_ToolBarIconSize: 18,
    Metric.PM_TabBarIconSize: 16,
    Metric.PM_ListViewIconSize: 16,
    Metric.PM_LineEditIconSize: 16,
}
"""Sides of icons at the usual text size; they grow with the text."""
_ROOM = {
    Contents.CT_PushButton: QSize(12, 8),
    Contents.CT_LineEdit: QSize(6, 6),
    Contents.CT_ComboBox: QSize(4, 5),
    Contents.CT_SpinBox: QSize(0, 4),
    Contents.CT_ToolButton: QSize(4, 4),
    Contents.CT_ItemViewItem: QSize(4, 6),
    Contents.CT_HeaderSection: QSize(4, 6),
}


class VitrineStyle(QProxyStyle):
    """Draws what `controls` knows and leaves the rest to Fusion."""

    def __init__(self) -> None:
        super().__init__("Fusion")
        self.setObjectName("vitrine")

    def drawPrimitive(
        self, element: QStyle.PrimitiveElement, option: QStyleOption, painter: QPainter, widget: QWidget | None = None
    ) -> None:
        paint = _PRIMITIVES.get(element)
        if paint is None:
            super().drawPrimitive(element, option, painter, widget)
        else:
            _guarded(paint, option, painter, widget)

    def drawControl(
        self, element: QStyle.ControlElement, option: QStyleOption, painter: QPainter, widget: QWidget | None = None
    ) -> None:
        paint = _CONTROLS.get(element)
        if paint is not None:
            _guarded(paint, option, painter, widget)
            return
        if element == Control.CE_PushButtonLabel and isinstance(option, QStyleOptionButton):
            colour = controls.label_colour(option, widget)
            if colour:
                palette = QPalette(option.palette)
                palette.setColor(QPalette.ColorRole.ButtonText, QColor(colour))
                option.palette = palette
        super().drawControl(element, option, painter, widget)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        place = lambda part: self.subControlRect(control, option, part, widget)  # noqa: E731
        if control == Complex.CC_ScrollBar:
            _guarded_complex(controls.scroll_bar, option, painter, place)
        elif control == Complex.CC_ComboBox:
            _guarded_complex(controls.combo_box, option, painter, place)
        elif control == Complex.CC_SpinBox:
            _guarded_complex(controls.spin_box, option, painter, place)
        elif control == Complex.CC_Slider:
            _guarded_complex(controls.slider, option, painter, place)
        else:
            super().drawComplexControl(control, option, painter, widget)

    def subControlRect(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        part: QStyle.SubControl,
        widget: QWidget | None = None,
    ) -> QRect:
        if control == Complex.CC_ScrollBar:
            usual = super().subControlRect(control, option, part, widget)  # type: ignore[arg-type]
            return controls.scroll_bar_part(option, part, usual)
        return super().subControlRect(control, option, part, widget)  # type: ignore[arg-type]

    def subElementRect(self, element: QStyle.SubElement, option: QStyleOption, widget: QWidget | None = None) -> QRect:
        place = super().subElementRect(element, option, widget)  # type: ignore[arg-type]
        if element == QStyle.SubElement.SE_LineEditContents and has_frame(option):
            return place.adjusted(4, 0, -4, 0)
        return place

    def pixelMetric(
        self, metric: QStyle.PixelMetric, option: QStyleOption | None = None, widget: QWidget | None = None
    ) -> int:
        icon = _ICONS.get(metric)
        if icon is not None:
            return icon_side(icon)
        fixed = _METRICS.get(metric)
        return super().pixelMetric(metric, option, widget) if fixed is None else fixed

    def sizeFromContents(
        self, kind: QStyle.ContentsType, option: QStyleOption, size: QSize, widget: QWidget | None = None
    ) -> QSize:
        made = super().sizeFromContents(kind, option, size, widget)  # type: ignore[arg-type]
        room = _ROOM.get(kind)
        if kind == Contents.CT_ToolButton and isinstance(widget, QToolButton) and widget.menu() is not None:
            made.setWidth(made.width() + 10)  # for the mark that says so
        return made if room is None else made + room


def has_frame(option: QStyleOption) -> bool:
    """Whether a field stands by itself, rather than inside a spin box or a combo box."""
    return int(getattr(option, "lineWidth", 0)) > 0


def _guarded(paint: Paint, option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(option, painter, widget)
    painter.restore()


def _guarded_complex(
    paint: Callable[[QStyleOptionComplex, QPainter, Callable[[QStyle.SubControl], QRect]], None],
    option: QStyleOptionComplex,
    painter: QPainter,
    place: Callable[[QStyle.SubControl], QRect],
) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(option, painter, place)
    painter.restore()
