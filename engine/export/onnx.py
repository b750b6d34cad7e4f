"""ONNX, for other runtimes. Nothing is put in place that onnxruntime does not run to the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.project.atomic import write_atomic


@EXPORTS.register("onnx")
class Onnx(ExportFormat):
    label: ClassVar[str] = "ONNX"
    suffix: ClassVar[str] = ".onnx"
    help: ClassVar[str] = "For other runtimes and devices; checked against onnxruntime before it is written."
    holds_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "onnx"
    packages: ClassVar[tuple[str, ...]] = ("onnx", "onnxscript", "onnxruntime")

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from engine.export.program.capture import first_that_works
        from engine.export.program.onnx_model import checked, converted

        def attempt(part: Package) -> tuple[bytes, float]:
            data = converted(part, say)
            say("Running it in onnxruntime")
            return data, checked(part, data)

        (data, worst), note = first_that_works(package, attempt)
        say("Writing the file")
        write_atomic(path, data)
        agrees = f"onnxruntime agrees to {worst:.0e}." if worst else "onnxruntime agrees exactly."
        return Written(note=f"{agrees} {note}".strip())
