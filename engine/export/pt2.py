"""The computation itself with its weights, as PyTorch's own exported program."""

from __future__ import annotations

import io
from pathlib import Path
from typing import ClassVar

from engine.errors import JobFailed
from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.project.atomic import write_atomic

TOLERANCE = 1e-5


@EXPORTS.register("pt2")
class Pt2(ExportFormat):
    label: ClassVar[str] = "Exported program (.pt2)"
    suffix: ClassVar[str] = ".pt2"
    help: ClassVar[str] = "Runs with torch.export.load, without any Python code of the network."
    holds_weights: ClassVar[bool] = True

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from engine.export.program.capture import first_that_works

        (data, worst), note = first_that_works(package, lambda part: _packed(part, say))
        say("Writing the file")
        write_atomic(path, data)
        agrees = f"It agrees with the network to {worst:.0e}." if worst else "It agrees exactly."
        return Written(note=f"{agrees} {note}".strip())


def _packed(package: Package, say: Say) -> tuple[bytes, float]:
    """The file's bytes, and by how much its answers differ. Raises `JobFailed` if that is too much."""
    import torch

    from engine.export.program.capture import answers, capture, difference, quietly, scale_of, trials

    say("Capturing the network")
    program = capture(package)
    say("Packing it")
    buffer = io.BytesIO()
    with quietly():
        torch.export.save(program, buffer, extra_files=package.metadata())
    say("Comparing it with the network")
    with quietly():
        again = torch.export.load(io.BytesIO(buffer.getvalue())).module()
    worst = 0.0
    for inputs in trials(package):
        with torch.no_grad():
            found = again(*inputs)
        wanted = answers(package, inputs)
        worst = max(worst, difference(found if isinstance(found, tuple) else (found,), wanted) / scale_of(wanted))
    if not worst <= TOLERANCE:
        raise JobFailed(
            f"The exported program answers differently from {package.spec.name}, by {worst:.1e}.",
            "Take the PyTorch source instead; the file was not written.",
        )
    return buffer.getvalue(), worst
