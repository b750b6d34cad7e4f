"""The layers as a Markdown table."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.export.tables import report_rows
from engine.project.atomic import write_atomic


@EXPORTS.register("markdown")
class Markdown(ExportFormat):
    label: ClassVar[str] = "Table (Markdown)"
    suffix: ClassVar[str] = ".md"
    help: ClassVar[str] = "One row per layer with output, parameters and multiply-accumulates, for a README."

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from engine.graph.analyse import analyse

        say("Counting")
        headings, rows = report_rows(analyse(package.spec), package.nested)
        lines = [_line(headings), "|---|---|---|---:|---:|", *(_line([escaped(cell) for cell in row]) for row in rows)]
        text = f"**{escaped(package.spec.name)}**\n\n" + "\n".join(lines) + "\n"
        write_atomic(path, text.encode("utf-8"))
        return Written()


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, and that stays within its cell."""
    for mark in "\\`*_{}[]<>#|":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
