"""Pictures with their classes or boxes in a CSV table."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.annotation import Annotation
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.formats.boxes import MAX_CLASSES, MAX_OBJECTS, number, unusable, usable_box
from engine.datasets.formats.class_names import in_order
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import (
    PART_NAMES,
    FilePictures,
    Finder,
    file_state,
    open_folder,
    part_of_folders,
    picture_size,
    prescribed,
    read_text,
    safe_relative,
    walk,
)
from engine.datasets.formats.objects import Entry, Marked, ObjectPictures
from engine.datasets.formats.table import CORNERS, MAX_BYTES, Row, Table, read_table
from engine.errors import BadInput
from engine.events import Emit, Progress


@DATASETS.register("table")
class TableSet(DatasetSource):
    """Pictures that a CSV table lists, with a class, several classes, or boxes.

    The columns are path,label, or path,label1;label2 for pictures with several classes, or path,x1,y1,x2,y2,label
    with one row for each box in pixels. A first line may name them, and a column called part keeps pictures in train,
    validation or test. Paths start at the table's folder.
    """

    label = "CSV table"
    help = "Pictures listed in a CSV file with their class, their classes, or boxes."
    gives = ("label", "labels", "boxes")
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the table and the pictures.",
        json_schema_extra={"path": "folder"},
    )
    file: str = Field(
        "", max_length=1000, description="The table in the folder, such as labels.csv; empty if there is only one."
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        top = open_folder(root, self.folder, "a CSV table")
        name = self.file.strip().replace("\\", "/")
        if top.is_file():
            top, name = top.parent, top.name
        name = name or _only_table(top)
        faults = Faults()
        table = read_table(read_text(top / name, MAX_BYTES, faults, name), name, faults)
        if table is None or not table.rows:
            raise unusable(top / name, "no row", faults.first())
        reader = _Reader(top, name, table, faults)
        for count, row in enumerate(table.rows):
            token.raise_if_cancelled()
            if count % 2000 == 0:
                emit(Progress("Reading the table", count, len(table.rows)))
            reader.take(row)
        return reader.pictures()


def _only_table(top: Path) -> str:
    tables = [name for name in walk(top) if name.lower().endswith((".csv", ".tsv"))]
    shallow = [name for name in tables if name.count("/") == min(one.count("/") for one in tables)]
    if len(shallow) == 1:
        return shallow[0]
    if not tables:
        raise BadInput(f"{top} holds no CSV table.", "Choose the folder that holds it.")
    raise BadInput(f"{top} holds several CSV tables: {', '.join(shallow[:5])}.", "Name the one that is meant as file.")


class _Reader:
    """Gathers the rows of a table by picture."""

    def __init__(self, top: Path, name: str, table: Table, faults: Faults) -> None:
        self._top = top
        self._name = name
        self._kind = table.kind
        self._faults = faults
        self._finder = Finder(top)
        self._found: dict[str, str | None] = {}  # pictures by what the table calls them
        self._sizes: dict[str, tuple[int, int]] = {}
        self._parts: dict[str, int] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._boxes: dict[str, list[tuple[str, tuple[float, float, float, float]]]] = {}
        self._classes: set[str] = set()

    def take(self, row: Row) -> None:
        picture = self._picture(row)
        if picture is None:
            return
        before = (picture in self._words) or (picture in self._boxes)
        taken = self._box(row, picture) if self._kind == "boxes" else self._labels(row, picture)
        if taken and not before:
            self._parts[picture] = self._part(row, picture)

    def _refuse(self, row: Row, why: str) -> bool:
        self._faults.refuse(self._name, f"The row was left out: {why}.", row.line, "row")
        return False

    def _picture(self, row: Row) -> str | None:
        given = row.fields["path"]
        if given not in self._found:
            name = safe_relative(given)
            found = self._finder.find(name, self._name) if name is not None else None
            self._found[given] = found
            if found is not None:
                try:
                    self._sizes[found] = picture_size(self._top / found)
                except BadInput as error:
                    self._found[given] = None
                    self._refuse(row, error.what.removesuffix("."))
                    return None
            if name is None:
                self._refuse(row, "its path is empty or leads out of the folder")
                return None
        found = self._found[given]
        if found is None:
            self._refuse(row, f"the picture {given[:100]} is not there, or cannot be read")
        return found

    def _part(self, row: Row, picture: str) -> int:
        told = row.fields.get("part", "").lower()
        if told and told not in PART_NAMES:
            self._faults.repair(self._name, f"{told[:40]} is no part, so the picture may go into any.", row.line)
        return PART_NAMES.get(told, part_of_folders(picture) if "part" not in row.fields else -1)

    def _labels(self, row: Row, picture: str) -> bool:
        words = [row.fields["label"]]
        if self._kind == "classes":
            words = [word.strip() for word in row.fields["label"].replace("|", ";").split(";")]
            words = list(dict.fromkeys(word for word in words if word))
        elif not words[0]:
            return self._refuse(row, "it has no label")
        if picture in self._words:
            return self._refuse(row, f"{picture} has a row already")
        if not self._named(row, words):
            return False
        self._words[picture] = tuple(words)
        return True

    def _named(self, row: Row, words: list[str]) -> bool:
        if any(len(word) > 200 for word in words):
            return self._refuse(row, "its label has more than 200 characters")
        if len(self._classes | set(words)) > MAX_CLASSES:
            return self._refuse(row, f"there are more than {MAX_CLASSES:,} classes")
        self._classes |= set(words)
        return True

    def _box(self, row: Row, picture: str) -> bool:
        texts = [row.fields[corner] for corner in CORNERS]
        boxes = self._boxes.get(picture, [])
        if not any(texts) and not row.fields["label"]:
            self._boxes[picture] = boxes
            return True
        values = [number(text) for text in texts]
        if None in values:
            wrong = texts[values.index(None)]
            return self._refuse(row, f"{wrong[:40] or 'an empty field'} is no finite number")
        if not row.fields["label"]:
            return self._refuse(row, "it has no label")
        if len(boxes) >= MAX_OBJECTS:
            return self._refuse(row, f"{picture} has more than {MAX_OBJECTS:,} boxes")
        x1, y1, x2, y2 = (value or 0.0 for value in values)
        box, note = usable_box((x1, y1, x2, y2), *self._sizes[picture])
        if box is None:
            self._faults.refuse(self._name, note, row.line, "row")
            return False
        if (row.fields["label"], box) in boxes:
            return self._refuse(row, "it repeats an earlier one")
        if not self._named(row, [row.fields["label"]]):
            return False
        if note:
            self._faults.repair(self._name, note, row.line)
        self._boxes.setdefault(picture, []).append((row.fields["label"], box))
        return True

    def pictures(self) -> PictureSet:
        classes = in_order(self._classes)
        numbers = {name: place for place, name in enumerate(classes)}
        if not classes:
            raise unusable(self._top / self._name, "no row", self._faults.first())
        if self._kind == "boxes":
            entries = [
                Entry(
                    picture,
                    self._sizes[picture],
                    tuple(Marked(numbers[word], box) for word, box in boxes),
                    self._parts[picture],
                )
                for picture, boxes in self._boxes.items()
            ]
            return ObjectPictures(self._top, entries, classes, self._faults, [self._name])
        words = {picture: tuple(sorted(numbers[word] for word in found)) for picture, found in self._words.items()}
        parts = [self._parts[picture] for picture in words]
        return TablePictures(self._top, words, classes, self._faults, parts, self._name, self._kind == "classes")


class TablePictures(FilePictures):
    """Pictures with a class, or several.

    Args:
        words: the classes of each picture.
        source: the table, below `folder`.
        several: whether a picture may have any number of classes.
    """

    def __init__(
        self,
        folder: Path,
        words: dict[str, tuple[int, ...]],
        classes: list[str],
        faults: Faults,
        parts: list[int],
        source: str,
        several: bool,
    ) -> None:
        labels = [found[0] if found else 0 for found in words.values()]
        super().__init__(folder, list(words), classes, labels, faults.all(), prescribed(parts))
        self.gives = ("labels",) if several else ("label", "labels")
        self._words = list(words.values())
        self._source = source

    def annotation(self, index: int) -> Annotation:
        label = int(self.labels[index]) if "label" in self.gives else None
        return Annotation(label, self._words[index])

    def fingerprint(self) -> str:
        text = f"{super().fingerprint()} {file_state(self.folder / self._source)} {self.classes} {self._words}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
