"""The colours of both themes by purpose, and the fixed colours of the layer categories. Plain values, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

# Okabe and Ito (2008), "Color Universal Design": told apart with every common kind of colour blindness.
BLUE, SKY, ORANGE, YELLOW = "#0072B2", "#56B4E9", "#E69F00", "#F0E442"
GREEN, PURPLE, VERMILION = "#009E73", "#CC79A7", "#D55E00"

CATEGORY_COLOURS = {
    "convolution": BLUE,
    "pooling": SKY,
    "activation": ORANGE,
    "normalisation": YELLOW,
    "dense": GREEN,
    "recurrent": PURPLE,
    "attention": VERMILION,
    "regularisation": "#B5A36A",
    "merge": "#8A909C",
    "shape": "#8A909C",
}


@dataclass(frozen=True)
class Tokens:
    """One theme. Every value is a "#rrggbb" string; `text` on `window`, `panel` or `raised` has at least 4.5:1."""

    dark: bool
    window: str  # behind everything
    panel: str  # side panels, bars, fields
    raised: str  # cards, menus, toasts
    hover: str  # a control under the pointer
    pressed: str
    text: str
    text_muted: str
    border: str
    border_strong: str  # fields and buttons; at least 3:1 where it is the only mark
    accent: str
    accent_hover: str
    accent_text: str  # on accent
    accent_soft: str  # selected rows, the current page
    problem: str
    problem_soft: str
    warning: str
    warning_soft: str
    success: str
    grid: str
    canvas: str
    ink: str  # input and output nodes
    series: tuple[str, ...]  # one hue per curve, in this order


LIGHT = Tokens(
    dark=False,
    window="#f3f4f7",
    panel="#fbfbfd",
    raised="#ffffff",
    hover="#e9ebf1",
    pressed="#dde0e9",
    text="#1a1d26",
    text_muted="#5b6373",
    border="#dfe2ea",
    border_strong="#a9b0bf",
    accent="#4a45d6",
    accent_hover="#3d38bd",
    accent_text="#ffffff",
    accent_soft="#e6e6fb",
    problem="#c3232b",
    problem_soft="#fbe7e8",
    warning="#8a5800",
    warning_soft="#fbf0d9",
    success="#17784a",
    grid="#e4e7ee",
    canvas="#f8f9fb",
    ink="#343a46",
    series=("#0072b2", "#d55e00", "#008f68", "#b0528a", "#a87400", "#2f8fc4", "#6d5bd0", "#5b6373"),
)

DARK = Tokens(
    dark=True,
    window="#15171c",
    panel="#1b1e25",
    raised="#23272f",
    hover="#2b303a",
    pressed="#353b47",
    text="#e8ebf1",
    text_muted="#a0a8b7",
    border="#2f343f",
    border_strong="#5a6374",
    accent="#8f8cff",
    accent_hover="#a5a3ff",
    accent_text="#14142b",
    accent_soft="#2c2c52",
    problem="#ff7b7b",
    problem_soft="#42242a",
    warning="#f1b94e",
    warning_soft="#3d3220",
    success="#55c794",
    grid="#1f232b",
    canvas="#121419",
    ink="#c9cfda",
    series=("#56b4e9", "#f08a4b", "#3cc79b", "#e39cc6", "#f0c04d", "#8fa8ff", "#c9b458", "#a0a8b7"),
)
