"""PyTorch source code, with the weights beside it if there are any."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.project.atomic import write_atomic


@EXPORTS.register("pytorch")
class PyTorch(ExportFormat):
    label: ClassVar[str] = "PyTorch source"
    suffix: ClassVar[str] = ".py"
    help: ClassVar[str] = "Code that needs PyTorch and nothing of Vitrine; weights go into a file beside it."

    @classmethod
    def takes_weights(cls) -> bool:
        return True

    def write(self, package: Package, path: Path, say: Say) -> Written:
        from engine.export.source.generate import generate

        say("Writing the code")
        beside = path.with_suffix(".safetensors")
        note = described(package)
        if package.weights is not None:
            note = f"The weights are in {beside.name}: net = load('{beside.name}'). {note}".strip()
        source = generate(package.spec, classes=package.classes, note=note)
        if package.weights is not None:
            EXPORTS.get("safetensors")().write(package, beside, say)
        write_atomic(path, source.encode("utf-8"))
        return Written(more=(beside,) if package.weights is not None else ())


def described(package: Package) -> str:
    """The preprocessing in words, for whoever feeds the network."""
    if package.preprocess is None:
        return ""
    one = package.preprocess
    colour = "grey" if one.channels == 1 else "RGB"
    inverted = " inverted (255 - x)," if one.invert else ""
    return (
        f"It takes {colour} pictures of {one.width} x {one.height} pixels ({one.fit}),{inverted} "
        f"as (x / 255 - mean) / std with mean {list(one.mean)} and std {list(one.std)}."
    )
