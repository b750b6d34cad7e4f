"""The layers as a LaTeX table for a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.export.tables import report_rows
from engine.project.atomic import write_atomic

# More rows than these do not fit on a page.
_PAGE = 45
_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "×": r"$\times$", "−": "$-$", "–": "--", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip


@EXPORTS.register("latex")
class Latex(ExportFormat):
    label: ClassVar[str] = "Table (LaTeX)"
    suffix: ClassVar[str] = ".tex"
    help: ClassVar[str] = "One row per layer, ruled by booktabs, to \\input into a report."

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from engine.graph.analyse import analyse

        say("Counting")
        analysis = analyse(package.spec)
        headings, rows = report_rows(analysis, package.nested)
        caption = f"Layers of {escaped(package.spec.name)} ({analysis.totals.parameters:,} parameters)."
        label = "".join(
            c for c in package.spec.name.lower().replace(" ", "-") if c.isascii() and (c.isalnum() or c == "-")
        )
        lines = _long if len(rows) > _PAGE else _short
        body = [_line(row) for row in rows]
        body.insert(-1, r"\midrule")  # the last row is the total
        text = "\n".join(lines(_line(headings), body, caption, f"tab:{label or 'network'}")) + "\n"
        write_atomic(path, text.encode("utf-8"))
        return Written()


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _line(cells: Sequence[str]) -> str:
    return " & ".join(escaped(cell) for cell in cells) + r" \\"


def _short(head: str, body: Sequence[str], caption: str, label: str) -> list[str]:
    return [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{caption}}}",
        f"  \\label{{{label}}}",
        "  \\begin{tabular}{lllrr}",
        "    \\toprule",
        f"    {head}",
        "    \\midrule",
        *(f"    {line}" for line in body),
        "    \\bottomrule",
        "  \\end{tabular}",
        "\\end{table}",
    ]


def _long(head: str, body: Sequence[str], caption: str, label: str) -> list[str]:
    """A table that goes on over pages, with its head on each."""
    return [
        "% needs \\usepackage{booktabs,longtable}",
        "\\begin{longtable}{lllrr}",
        f"  \\caption{{{caption}}}\\label{{{label}}} \\\\",
        "  \\toprule",
        f"  {head}",
        "  \\midrule",
        "  \\endfirsthead",
        "  \\toprule",
        f"  {head}",
        "  \\midrule",
        "  \\endhead",
        "  \\bottomrule",
        "  \\endfoot",
        *(f"  {line}" for line in body),
        "\\end{longtable}",
    ]
