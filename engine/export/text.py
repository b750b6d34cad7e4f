"""A summary in plain text, as Keras prints it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.export.summary import summary
from engine.project.atomic import write_atomic


@EXPORTS.register("text")
class Text(ExportFormat):
    label: ClassVar[str] = "Summary (text)"
    suffix: ClassVar[str] = ".txt"
    help: ClassVar[str] = "Layer, output shape, parameters and what it is connected to, with the sums."

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from engine.graph.analyse import analyse

        say("Counting")
        write_atomic(path, summary(analyse(package.spec), nested=package.nested).encode("utf-8"))
        return Written()
