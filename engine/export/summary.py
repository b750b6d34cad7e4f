"""The text of a summary: one line per layer and the sums below, aligned in columns."""

from __future__ import annotations

from engine.export.tables import Row, rows_of
from engine.graph.results import Analysis

_HEADINGS = ("Layer (type)", "Output shape", "Param #", "Connected to")
_WIDEST = 48


def summary(analysis: Analysis, *, nested: bool = False) -> str:
    """Layer (type), output shape, parameters and connections; with `nested`, what is in the blocks follows them.

    What cannot be worked out, because the drawing has errors, is a question mark.
    """
    cells = [_cells(row) for row in rows_of(analysis, nested)]
    lines = [f'Network: "{analysis.spec.name}"', *_table(cells), *_totals(analysis)]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, str, str, str]:
    name = row.id.rpartition(".")[2]
    shared = f" = {row.shares.rpartition('.')[2]}" if row.shares else ""
    sources = ", ".join(source.rpartition(".")[2] for source in row.sources)
    shapes = ", ".join(f"(None, {', '.join(map(str, shape))})" for shape in row.info.output_shapes) or "?"
    return f"{'  ' * row.depth}{name}{shared} ({row.type})", shapes, f"{row.info.parameters:,}", sources or "-"


def _table(cells: list[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(heading), *(len(row[k]) for row in cells), 1) for k, heading in enumerate(_HEADINGS)]
    widths[3] = min(widths[3], _WIDEST)
    ruler = "─" * (sum(widths) + 6)
    lines = [ruler, _line(_HEADINGS, widths), "═" * len(ruler)]
    for row in cells:
        first, *rest = _wrapped(row[3], widths[3])
        lines.append(_line((*row[:3], first), widths))
        lines += [_line(("", "", "", more), widths) for more in rest]
    return [*lines, ruler]


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    name, shape, count, sources = cells
    return f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}  {sources}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    """Connections on as many lines as they need, broken after commas."""
    lines = [""]
    for part in text.split(", "):
        longer = f"{lines[-1]}, {part}" if lines[-1] else part
        if lines[-1] and len(longer) > width:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] = longer
    return lines


def _totals(analysis: Analysis) -> list[str]:
    totals = analysis.totals
    frozen = totals.parameters - totals.trainable_parameters
    return [
        f"Total params: {totals.parameters:,} ({_bytes(4 * totals.parameters)})",
        f"Trainable params: {totals.trainable_parameters:,} ({_bytes(4 * totals.trainable_parameters)})",
        f"Non-trainable params: {frozen:,} ({_bytes(4 * frozen)})",
        f"Multiply-accumulates: {totals.macs:,}",
        f"Activation memory: {_bytes(totals.activation_bytes)}",
    ]


def _bytes(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:,.2f} {unit}"
    return f"{count} B"
