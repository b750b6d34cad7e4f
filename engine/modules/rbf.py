"""Radial basis function output units with fixed codes."""

import torch
from torch import nn


class DigitRBF(nn.Module):
    """Squared distance to a fixed drawing of each digit, or its negative as logits (LeCun et al. 1998, F6 to output).

    The codes are ±1 pictures, seven pixels wide and twelve high, in the spirit of the paper's figure 3; similar digits
    have similar codes. Input (N, 84), output (N, 10). The codes are a buffer: they are saved but not trained.
    """

    codes: torch.Tensor

    DRAWINGS = (
        "...#... ..#.#.. .#...#. #.....# #.....# #.....# #.....# #.....# #.....# .#...#. ..#.#.. ...#...",
        "...#... ..##... .#.#... ...#... ...#... ...#... ...#... ...#... ...#... ...#... ...#... .#####.",
        ".#####. #.....# ......# ......# .....#. ....#.. ...#... ..#.... .#..... #...... #...... #######",
        ".#####. #.....# ......# ......# .....#. ..###.. .....#. ......# ......# ......# #.....# .#####.",
        ".....#. ....##. ...#.#. ..#..#. .#...#. #....#. #....#. ####### .....#. .....#. .....#. .....#.",
        "####### #...... #...... #...... #.###.. ##...#. ......# ......# ......# ......# #.....# .#####.",
        "..####. .#..... #...... #...... #.###.. ##...#. #.....# #.....# #.....# #.....# .#...#. ..###..",
        "####### ......# ......# .....#. .....#. ....#.. ....#.. ...#... ...#... ..#.... ..#.... ..#....",
        ".#####. #.....# #.....# #.....# .#...#. ..###.. .#...#. #.....# #.....# #.....# #.....# .#####.",
        ".#####. #.....# #.....# #.....# #.....# .###### ......# ......# ......# ......# .....#. .####..",
    )

    def __init__(self, negate: bool = True) -> None:
        super().__init__()
        self.negate = negate
        pixels = [[1.0 if mark == "#" else -1.0 for mark in drawing.replace(" ", "")] for drawing in self.DRAWINGS]
        self.register_buffer("codes", torch.tensor(pixels))  # (10, 84)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # |x − c|² = |x|² − 2·x·c + |c|²: one matrix product instead of a tensor of all differences.
        distance = (x * x).sum(1, keepdim=True) - 2 * x @ self.codes.T + (self.codes * self.codes).sum(1)
        return -distance if self.negate else distance

    def extra_repr(self) -> str:
        return f"negate={self.negate}"
