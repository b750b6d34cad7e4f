"""Writing CSV tables and folders of classes."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from engine.datasets.formats.writing import FORMATS, PART_FOLDERS, DatasetFormat, Shown, shortest


@FORMATS.register("table")
class TableFormat(DatasetFormat):
    """Pictures in `images` and `labels.csv`: a row for each box where there are boxes, else one for each picture."""

    label = "CSV table"
    help = "One table with the class, the classes or the boxes of every picture."
    carries = ("label", "labels", "boxes")
    needs = ("label", "labels", "boxes")
    source = "table"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._boxed = "boxes" in self.gives
        self._single = "label" in self.gives and not self._boxed
        self._rows: list[list[Any]] = []
        # The separator of several classes cannot be part of one.
        self._words = [re.sub(r"[;|]", ",", name) for name in self.classes] if not self._boxed else list(self.classes)

    def place(self, shown: Shown) -> str | None:
        known = shown.known
        if (known.boxes if self._boxed else known.label if self._single else known.labels) is None:
            self.faults.refuse(shown.name, "Nothing is known of this picture that fits the table, so it was left out.")
            return None
        return f"images/{shown.name}"

    def add(self, shown: Shown) -> None:
        known = shown.known
        path, part = f"images/{shown.name}", PART_FOLDERS[shown.part]
        if self._boxed:
            assert known.boxes is not None
            assert known.box_labels is not None
            for box, label in zip(known.boxes, known.box_labels.tolist(), strict=True):
                self._rows.append([path, *(shortest(value) for value in box), self._words[label], part])
            if not shown.count:
                self._rows.append([path, "", "", "", "", "", part])
        elif self._single:
            self._rows.append([path, self._words[known.label or 0], part])
        else:
            words = [self._words[label] for label in known.labels or ()]
            # A separator at the end tells one class of several possible from the only possible one.
            self._rows.append([path, ";".join(words) + ";", part])

    def finish(self) -> None:
        head = ["path", "x1", "y1", "x2", "y2", "label", "part"] if self._boxed else ["path", "label", "part"]
        drop = all(not row[-1] for row in self._rows)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for row in (head, *self._rows):
            writer.writerow(row[:-1] if drop else row)
        self.write("labels.csv", text.getvalue().encode())


@FORMATS.register("folder")
class FolderFormat(DatasetFormat):
    """A folder for each class, inside folders for the parts where the set prescribes them."""

    label = "Folder for each class"
    help = "Pictures sorted into one folder for each class."
    carries = ("label",)
    needs = ("label",)
    source = "folder"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._folders = _folder_names(self.classes)
        self._parts: set[int] = set()

    def place(self, shown: Shown) -> str | None:
        if shown.known.label is None:
            self.faults.refuse(shown.name, "It has no class of its own, so it was left out.")
            return None
        self._parts.add(shown.part)
        folder = self._folders[shown.known.label]
        return f"{PART_FOLDERS[shown.part] or 'train'}/{folder}/{shown.name}"

    def add(self, shown: Shown) -> None:
        """Nothing beyond the folder tells of the picture."""

    def finish(self) -> None:
        if self._parts == {-1}:
            within = self.folder / "train"
            held = within.rename(self.folder / ".held")
            for folder in sorted(held.iterdir()):
                folder.rename(self.folder / folder.name)
            held.rmdir()


def _folder_names(classes: tuple[str, ...]) -> list[str]:
    """A name for each class that every file system takes, in the classes' words."""
    names: list[str] = []
    taken: set[str] = set()
    for name in classes:
        plain = re.sub(r'[<>:"/\\|?*]+', "_", name).strip(" .")[:100] or "class"
        found, number = plain, 1
        while found.casefold() in taken:
            number += 1
            found = f"{plain}_{number}"
        taken.add(found.casefold())
        names.append(found)
    return names
