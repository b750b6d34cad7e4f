"""The table in which a paper describes its network, beside what our drawing of it comes to. Never imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from engine.gallery.base import GalleryEntry
from engine.graph.results import Analysis
from engine.graph.spec import Shape


@dataclass(frozen=True)
class PaperLine:
    """One row of the paper's table with our numbers. None is what the paper does not print, or what is not known here.

    Attributes:
        agrees: whether everything that the paper prints in this row is what we have.
    """

    layer: str
    node: str
    output: Shape | None
    our_output: Shape | None
    parameters: int | None
    our_parameters: int | None
    agrees: bool
    note: str = ""


def beside_paper(entry: GalleryEntry, analysis: Analysis) -> tuple[PaperLine, ...]:
    """The paper's rows in its order. With other options than the paper's they tell how far the drawing is from it."""
    lines = []
    for row in entry.table:
        info = analysis.nodes.get(row.node)
        output = info.output_shape if info is not None else None
        parameters = info.parameters if info is not None else None
        agrees = row.output in (None, output) and row.parameters in (None, parameters)
        lines.append(PaperLine(row.layer, row.node, row.output, output, row.parameters, parameters, agrees, row.note))
    return tuple(lines)
