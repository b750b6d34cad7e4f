"""Radial basis function units: with the fixed codes of LeNet-5, and with centres of their own."""

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


class RBFUnits(nn.Module):
    """Squared distance to learned centres, its negative as logits, or e^(−β·distance): (N, I) to (N, O)."""

    def __init__(
        self, in_features: int, out_features: int, output: str = "gaussian", beta: float = 1.0, trained: bool = True
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.output = output
        self.beta = beta
        self.trained = trained
        self.centres = nn.Parameter(torch.randn(out_features, in_features), requires_grad=trained)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        distance = (x * x).sum(1, keepdim=True) - 2 * x @ self.centres.T + (self.centres * self.centres).sum(1)
        if self.output == "gaussian":
            return torch.exp(-self.beta * distance)
        return -distance if self.output == "logits" else distance

    def extra_repr(self) -> str:
        rest = f"output={self.output!r}, beta={self.beta}, trained={self.trained}"
        return f"{self.in_features}, {self.out_features}, {rest}"
