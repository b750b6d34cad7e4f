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
        from engine.export.program.capture import holdable
        from engine.export.program.onnx_model import checked, converted

        package, without = holdable(package)
        data = converted(package, say)
        say("Running it in onnxruntime")
        worst = checked(package, data)
        say("Writing the file")
        write_atomic(path, data)
        agrees = f"onnxruntime agrees to {worst:.0e}." if worst else "onnxruntime agrees exactly."
        return Written(note=f"{agrees} {without}".strip())
