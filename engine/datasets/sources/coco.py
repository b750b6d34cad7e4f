"""Pictures with objects marked in COCO's JSON."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.coco import CocoFile
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import Finder, open_folder, walk
from engine.datasets.formats.objects import Entry, ObjectPictures
from engine.errors import BadInput
from engine.events import Emit, Progress


@DATASETS.register("coco")
class CocoSet(DatasetSource):
    """Pictures whose objects are marked with boxes and outlines in the JSON format of the COCO dataset.

    The folder holds the pictures and one or more JSON files. Where the files or their folders are named after parts
    (`instances_train2017.json`, `valid/_annotations.coco.json`), their pictures stay in that part.
    """

    label = "COCO JSON"
    help = "Pictures with boxes and masks in the JSON files that COCO and most labelling tools write."
    gives = ("labels", "boxes", "instances", "regions")
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the pictures and the JSON files.",
        json_schema_extra={"path": "folder"},
    )
    file: str = Field(
        "",
        max_length=1000,
        description="Read only this JSON file in the folder, such as annotations/train.json; empty for all.",
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        def say(text: str) -> None:
            token.raise_if_cancelled()
            emit(Progress(text))

        top = open_folder(root, self.folder, "COCO annotations")
        only = self.file.strip().replace("\\", "/")
        if top.is_file():
            top, only = top.parent, top.name
        say("Looking for annotation files")
        names = [name for name in walk(top) if name.lower().endswith(".json") and only in ("", name)]
        names = _for_objects(names) if not only else names
        if not names:
            raise BadInput(
                f"{top} holds no {only or 'JSON file'}.",
                "Choose the folder with the annotations and the pictures.",
            )
        faults = Faults()
        finder = Finder(top)
        files = []
        for name in names:
            try:
                files.append(CocoFile(top, name, finder, faults, say))
            except BadInput as error:
                faults.refuse(name, error.what)
        classes = list(dict.fromkeys(name for file in files for name in file.categories))
        numbers = {name: number for number, name in enumerate(classes)}
        entries: dict[str, Entry] = {}
        for file in files:
            for entry in file.entries(numbers):
                if entry.name in entries:
                    faults.refuse(file.name, f"The picture {entry.name} is listed a second time, so it was left out.")
                else:
                    entries[entry.name] = entry
        if not entries or not classes:
            raise unusable(top, "no picture with COCO annotations", faults.first())
        return ObjectPictures(top, list(entries.values()), classes, faults, names)


def _for_objects(names: list[str]) -> list[str]:
    """Of COCO's own files only those with objects; captions and keypoints lie beside them."""
    objects = [name for name in names if name.rsplit("/", 1)[-1].startswith("instances")]
    return objects or names
