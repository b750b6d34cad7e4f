"""How a settings value is written in a text field, read back, and stepped with the arrow keys. Plain Python, no Qt."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from engine.frozen import thaw

_BETWEEN = re.compile(r"\s*[×xX*,;]\s*|\s+")


@dataclass(frozen=True)
class TextFormat:
    """Base: any text stands for itself. `parse` raises `ValueError` with a sentence for the person who typed."""

    optional: bool = False

    def parse(self, text: str) -> Any:
        text = text.strip()
        if not text and self.optional:
            return None
        return self.read(text)

    def show(self, value: Any) -> str:
        return "" if value is None else self.write(value)

    def read(self, text: str) -> Any:
        return text

    def write(self, value: Any) -> str:
        return str(value)

    def step(self, value: Any, count: int) -> Any:
        """The value `count` steps further, or None where stepping makes no sense."""
        return None


@dataclass(frozen=True)
class Number(TextFormat):
    """One whole or real number. `low` and `high` only limit stepping; what is typed is judged by the model."""

    whole: bool = True
    low: float | None = None
    high: float | None = None

    def read(self, text: str) -> int | float:
        if not text:
            raise ValueError("A number is needed here.")
        if self.whole:
            try:
                return int(text.replace(" ", "").replace("_", ""))
            except ValueError:
                raise ValueError(f"“{text}” is not a whole number.") from None
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            raise ValueError(f"“{text}” is not a number.") from None
        if not math.isfinite(number):
            raise ValueError("The number must be finite.")
        return number

    def write(self, value: Any) -> str:
        return str(value) if isinstance(value, int) else f"{value:.10g}"

    def step(self, value: Any, count: int) -> int | float:
        if value is None:
            value = self.low if self.low is not None else 0
        size = 1 if self.whole else self._step_size(float(value))
        moved = value + count * size
        if self.low is not None:
            moved = max(moved, self.low)
        if self.high is not None:
            moved = min(moved, self.high)
        return int(moved) if self.whole else float(f"{moved:.10g}")

    def _step_size(self, value: float) -> float:
        """A tenth of the number's own magnitude, so that 0.001 and 100 are both a few presses from their neighbours."""
        if value == 0:
            return 0.01 if self.high is None or self.high > 0.1 else self.high / 10
        return float(10.0 ** math.floor(math.log10(abs(value)) + 1e-9) / (10 if abs(value) < 1 else 1))


@dataclass(frozen=True)
class Numbers(TextFormat):
    """Several numbers in a row, such as 3 × 5; with `single`, one number alone stands for itself.

    Args:
        count: how many; None for any number of them.
        between: what is written between them. Read are ×, x, comma, semicolon and spaces.
    """

    item: Number = Number()
    count: int | None = None
    single: bool = False
    between: str = " × "

    def read(self, text: str) -> Any:
        parts = [part for part in _BETWEEN.split(text.strip("()[] ")) if part]
        numbers = tuple(self.item.read(part) for part in parts)
        if self.single and len(numbers) == 1:
            return numbers[0]
        if self.count is not None and len(numbers) != self.count:
            one = "One number, or " if self.single else ""
            needed = f"{one}{self.count} numbers such as {self.between.join(['3'] * self.count)}"
            raise ValueError(f"{needed[0].upper()}{needed[1:]} are needed here.")
        return numbers

    def write(self, value: Any) -> str:
        if isinstance(value, tuple | list):
            return self.between.join(self.item.write(part) for part in value)
        return self.item.write(value)

    def step(self, value: Any, count: int) -> Any:
        if isinstance(value, tuple):
            return tuple(self.item.step(part, count) for part in value) if self.count else None
        return self.item.step(value, count)


@dataclass(frozen=True)
class WordOr(TextFormat):
    """One of some words, or what `other` reads, such as "same" or 2 × 3."""

    words: tuple[str, ...] = ()
    other: TextFormat = TextFormat()

    def read(self, text: str) -> Any:
        for word in self.words:
            if text.lower() == word.lower():
                return word
        try:
            return self.other.parse(text)
        except ValueError as error:
            if text and text[0].isalpha():
                raise ValueError(f"“{text}” is not known here: choose {', '.join(self.words)} or a number.") from None
            raise ValueError(str(error)) from None

    def write(self, value: Any) -> str:
        return value if isinstance(value, str) else self.other.show(value)

    def step(self, value: Any, count: int) -> Any:
        return None if isinstance(value, str) else self.other.step(value, count)


@dataclass(frozen=True)
class Rows(TextFormat):
    """A table of whole numbers, one row per line."""

    def read(self, text: str) -> tuple[tuple[int, ...], ...]:
        rows = [[part for part in _BETWEEN.split(line.strip()) if part] for line in text.split("\n")]
        return tuple(tuple(int(Number().read(part)) for part in row) for row in rows)

    def write(self, value: Any) -> str:
        return "\n".join(", ".join(str(part) for part in row) for row in value)


@dataclass(frozen=True)
class Json(TextFormat):
    """Whatever has no form of its own, as JSON."""

    def read(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"This is not valid JSON: {error}.") from None

    def write(self, value: Any) -> str:
        plain = value.model_dump(mode="json") if hasattr(value, "model_dump") else thaw(value)
        return json.dumps(plain, ensure_ascii=False, default=lambda item: item.model_dump(mode="json"))
