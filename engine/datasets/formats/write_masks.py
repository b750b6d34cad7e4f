"""Writing mask PNGs."""

from __future__ import annotations

from engine.datasets.formats.objects import MOST_REGION_CLASSES
from engine.datasets.formats.writing import FORMATS, PART_FOLDERS, DatasetFormat, Shown


@FORMATS.register("masks")
class MaskFormat(DatasetFormat):
    """Pictures in `images`, under the same names PNGs in `masks`: 0 background, then the classes, 255 ignored."""

    label = "Mask PNGs"
    help = "The class of every pixel in one PNG to a picture."
    carries = ("labels", "instances", "regions")
    needs = ("regions", "instances")
    source = "masks"

    def _place(self, kind: str, name: str, part: int) -> str:
        return "/".join(step for step in (kind, PART_FOLDERS[part], name) if step)

    def place(self, shown: Shown) -> str | None:
        if len(self.classes) > MOST_REGION_CLASSES or shown.regions() is None:
            self.faults.refuse(shown.name, "There is no class for each of its pixels, so it was left out.")
            return None
        return self._place("images", shown.name, shown.part)

    def add(self, shown: Shown) -> None:
        regions = shown.regions()
        assert regions is not None
        self.write_map(self._place("masks", f"{shown.stem}.png", shown.part), regions)

    def finish(self) -> None:
        self.write("classes.txt", "".join(f"{name}\n" for name in ("background", *self.classes)).encode())
