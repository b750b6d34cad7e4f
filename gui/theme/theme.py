"""Which theme is on, putting it on the application, and telling everybody when it changes."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from gui.theme.tokens import CATEGORY_COLOURS, DARK, LIGHT, Tokens

Mode = Literal["system", "light", "dark"]

SMALLEST_POINTS = 9.75  # 13 px at 96 dpi
GRID = 8  # pixels; every distance is a multiple, or a half of it


class Watcher(QObject):
    """Says that colours have changed; whoever caches pictures or pens makes them anew."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode: Mode = "system"
        self.text_percent = 100
        self.style: QStyle | None = None
        self.base: QFont | None = None  # the system's own font, before any scaling
        self.tokens: Tokens = LIGHT
        self._follows = False

    def follow_system(self) -> None:
        """Listen to the system's light and dark switch, once."""
        if not self._follows:
            self._follows = True
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def _system_changed(self) -> None:
        app = QApplication.instance()
        if self.mode == "system" and isinstance(app, QApplication):
            apply(app, "system", self.text_percent)


_watcher: Watcher | None = None


def watcher() -> Watcher:
    """The one object that tells of theme changes."""
    global _watcher
    if _watcher is None:
        _watcher = Watcher()
    return _watcher


def tokens() -> Tokens:
    """The colours of the theme that is on now."""
    return watcher().tokens


def mode() -> Mode:
    """What the user chose; "system" follows the system."""
    return watcher().mode


def space(n: float) -> int:
    """`n` steps of the 8-pixel grid, in logical pixels."""
    return round(n * GRID)


def icon_side(pixels: float) -> int:
    """The side of an icon that is `pixels` at the usual text size, in logical pixels: it grows with the text."""
    return round(pixels * watcher().text_percent / 100)


def category_colour(category: str) -> str:
    """The colour of a layer category, the same everywhere. Input and output are ink; callers tint blocks."""
    return CATEGORY_COLOURS.get(category, tokens().ink)


def text_percent() -> int:
    """How large text is, in percent of the system's size."""
    return watcher().text_percent


def apply(app: QApplication, mode: Mode, text_percent: int = 100) -> None:
    """Put the theme on `app`: our style and palette, and the base font at `text_percent` of the system's size.

    Emits `watcher().changed`.
    """
    seen = watcher()
    seen.mode, seen.text_percent = mode, text_percent
    if seen.base is None:
        seen.base = QFont(app.font())
    app.setFont(_scaled(seen.base, text_percent))
    seen.follow_system()
    wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(mode, Qt.ColorScheme.Unknown)
    hints = app.styleHints()
    hints.setColorScheme(wanted)
    # Most Linux platforms ignore the wish, so the palette is ours in any case.
    dark = mode == "dark" or (mode == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    seen.tokens = DARK if dark else LIGHT
    if seen.style is None:
        # Imported here: the style paints with the tokens of this module. Kept, or Python would take it from Qt.
        from gui.theme.style import VitrineStyle

        seen.style = VitrineStyle()
        app.setStyle(seen.style)
    app.setPalette(palette(seen.tokens))
    seen.changed.emit()


def _scaled(base: QFont, percent: int) -> QFont:
    # 13 px is the base that the window is drawn for; a system that asks for larger text gets it.
    made = QFont(base)
    points = base.pointSizeF() if base.pointSizeF() > 0 else base.pixelSize() * 0.75
    made.setPointSizeF(max(points, SMALLEST_POINTS) * percent / 100)
    return made


def palette(t: Tokens) -> QPalette:
    """The Qt palette for these tokens, with the disabled group muted."""
    roles = QPalette.ColorRole
    made = QPalette()
    pairs = {
        roles.Window: t.window,
        roles.WindowText: t.text,
        roles.Base: t.raised,
        roles.AlternateBase: t.panel,
        roles.Text: t.text,
        roles.PlaceholderText: t.text_muted,
        roles.Button: t.raised,
        roles.ButtonText: t.text,
        roles.BrightText: t.problem,
        roles.ToolTipBase: t.raised,
        roles.ToolTipText: t.text,
        roles.Highlight: t.accent_soft,
        roles.HighlightedText: t.text,
        roles.Link: t.accent,
        roles.LinkVisited: t.accent,
        roles.Accent: t.accent,
        roles.Light: t.raised,
        roles.Midlight: t.hover,
        roles.Mid: t.border,
        roles.Dark: t.border_strong,
        roles.Shadow: "#000000",
    }
    for role, colour in pairs.items():
        made.setColor(role, QColor(colour))
    off = QPalette.ColorGroup.Disabled
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        faded = QColor(t.text_muted)
        faded.setAlphaF(0.75)
        made.setColor(off, role, faded)
    made.setColor(off, roles.Highlight, QColor(t.hover))
    made.setColor(off, roles.Base, QColor(t.window))
    return made
