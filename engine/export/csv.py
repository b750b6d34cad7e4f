"""The layers as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.export.tables import rows_of, sizes
from engine.project.atomic import write_atomic

HEADINGS = (
    "layer", "type", "output", "parameters", "trainable", "multiply-accumulates", "activation bytes", "receptive field",
    "connected to",
)  # fmt: skip


@EXPORTS.register("csv")
class Csv(ExportFormat):
    label: ClassVar[str] = "Table (CSV)"
    suffix: ClassVar[str] = ".csv"
    help: ClassVar[str] = "One row per layer with its shapes and costs, for spreadsheets and scripts."

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from engine.graph.analyse import analyse

        say("Counting")
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(HEADINGS)
        for row in rows_of(analyse(package.spec), package.nested):
            info = row.info
            field = sizes(info.receptive_field.size) if info.receptive_field else ""
            writer.writerow(
                [row.id, row.type, row.output, info.parameters, info.trainable_parameters, info.macs,
                 info.activation_bytes, field, " ".join(row.sources)]
            )  # fmt: skip
        write_atomic(path, buffer.getvalue().encode("utf-8"))
        return Written()
