"""The network file of this program."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.export.base import EXPORTS, ExportFormat, Package, Say, Written
from engine.project.network_file import save_network


@EXPORTS.register("json")
class Json(ExportFormat):
    label: ClassVar[str] = "Vitrine network"
    suffix: ClassVar[str] = ".json"
    help: ClassVar[str] = "The drawing as a file that Vitrine opens again, without weights."

    def write(self, package: Package, path: Path, say: Say) -> Written:
        say("Writing the network")
        save_network(package.spec, path)
        return Written()
