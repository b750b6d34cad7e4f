"""What the numbers of sequences mean to the person who measured them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Units:
    """Names and scale of the F values of a step.

    Attributes:
        names: such as the columns of a table.
        mean, deviation: float64, (F,): a value of the data is (value in its own unit − mean) / deviation.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray

    def own(self, values: np.ndarray) -> np.ndarray:
        """Values of the data, (..., F), in their own units."""
        return np.asarray(values * self.deviation + self.mean)

    @property
    def scaled(self) -> bool:
        """Whether the values of the data differ from those in their own units."""
        return bool((self.mean != 0).any() or (self.deviation != 1).any())

    @property
    def common(self) -> float | None:
        """What an error of the data is multiplied with to be in the one unit of all values; None if they have several.

        Values that were not scaled are taken to have one unit.
        """
        if not self.scaled:
            return 1.0
        return float(self.deviation[0]) if len(self.names) == 1 else None
