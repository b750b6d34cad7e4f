"""Colours, fonts, spaces and icons: the only place that names any. Widgets ask here and listen to `watcher()`."""

from gui.theme.fonts import Role, font
from gui.theme.heat import heat_colour
from gui.theme.icon_label import IconLabel
from gui.theme.icons import icon
from gui.theme.theme import Mode, apply, category_colour, icon_side, mode, space, text_percent, tokens, watcher
from gui.theme.tokens import Tokens

__all__ = [
    "IconLabel",
    "Mode",
    "Role",
    "Tokens",
    "apply",
    "category_colour",
    "font",
    "heat_colour",
    "icon",
    "icon_side",
    "mode",
    "space",
    "text_percent",
    "tokens",
    "watcher",
]
