"""The user's own labels, drawn on the Label page."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.annotation import BACKGROUND, IGNORE, Annotation, Ring
from engine.datasets.base import DATASETS, DatasetSource, Fault, PictureSet
from engine.datasets.pictures import load_picture
from engine.errors import BadInput
from engine.events import Emit, Progress
from engine.labelling import shapes, store
from engine.labelling.spec import Box, LabelledPicture, LabelObject, LabelSet, Mask, Point, Polygon


@DATASETS.register("labelled")
class Labelled(DatasetSource):
    """Pictures that you have labelled on the Label page: boxes, outlines, painted masks, points and classes.

    Pictures without any label are left out until they are labelled or marked as having nothing in them. What the
    labels can teach follows from what was drawn: boxes for detection, outlines and masks for segmentation, and classes
    of whole pictures for classification.
    """

    label = "Labelled pictures"
    help = "Your own pictures with the labels that you drew on the Label page."
    gives = ("label", "labels", "boxes", "instances", "regions")
    folder: str = Field(
        store.FOLDER,
        max_length=4000,
        description="The folder that holds labels.json and the pictures.",
        json_schema_extra={"path": "folder"},
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> LabelledPictures:
        emit(Progress("Reading the labels"))
        folder = (root / (self.folder.strip() or store.FOLDER)).absolute()
        labels = store.load(folder)
        if not labels.pictures:
            raise BadInput(
                f"There are no labels in {folder}.", "Draw some on the Label page, or choose another folder."
            )
        if not labels.classes:
            raise BadInput(f"The labels in {folder} have no classes.", "Add a class on the Label page and use it.")
        if not any(picture.done for picture in labels.pictures):
            one = len(labels.pictures) == 1
            raise BadInput(
                f"The only picture in {folder} is not labelled yet."
                if one
                else f"None of the {len(labels.pictures):,} pictures in {folder} is labelled yet.",
                f"Label {'it' if one else 'some'} on the Label page.",
            )
        token.raise_if_cancelled()
        return LabelledPictures(folder, labels)


class LabelledPictures(PictureSet):
    """The pictures of a folder that have labels; the others are told as faults."""

    keep = True
    home = f"{store.PICTURES}/"  # which files that are written elsewhere need not be named after

    def __init__(self, folder: Path, labels: LabelSet) -> None:
        self.folder = folder
        self.labelled = tuple(picture for picture in labels.pictures if picture.done)
        self.gives = given(self.labelled)
        left_out = [picture.file for picture in labels.pictures if not picture.done]
        reason = "It has no labels yet; label it, or mark it as finished if there is nothing in it."
        main = np.array([main_class(picture) for picture in self.labelled], np.int64)
        names = [picture.file for picture in self.labelled]
        super().__init__(labels.names, main, names, [Fault(file, reason, thing="unlabelled") for file in left_out])

    def path(self, index: int) -> Path:
        """Where picture `index` lies."""
        return self.folder / self.names[index]

    def picture(self, index: int) -> np.ndarray:
        return load_picture(self.path(index))

    def thumbnail(self, index: int, side: int) -> np.ndarray:
        return load_picture(self.path(index), at_least=side)

    def annotation(self, index: int) -> Annotation:
        return annotation_of(self.labelled[index], self.gives)

    def object_labels(self, index: int) -> np.ndarray:
        objects = self.labelled[index].objects
        return np.array([one.label for one in objects if not isinstance(one.shape, Point)], np.int64)

    def fingerprint(self) -> str:
        code = hashlib.blake2b(str(self.folder).encode("utf-8", "surrogatepass"), digest_size=16)
        code.update("\n".join(self.classes).encode())
        for picture in self.labelled:
            try:
                info = os.stat(self.folder / picture.file)
                state = f"{info.st_size} {info.st_mtime_ns}"
            except OSError:
                state = "gone"
            code.update(f"{picture!r} {state}\n".encode("utf-8", "surrogatepass"))
        return code.hexdigest()


def given(pictures: tuple[LabelledPicture, ...]) -> tuple[str, ...]:
    """What labels can teach, of `TARGETS`: what all of them have, or what lacks only where nothing was to be drawn."""
    drawn = [one.shape for picture in pictures for one in picture.objects]
    found = []
    if pictures and all(len(picture.labels) == 1 for picture in pictures):
        found.append("label")
    if drawn or any(picture.labels for picture in pictures):
        found.append("labels")
    if any(not isinstance(shape, Point) for shape in drawn):
        found.append("boxes")
    if any(isinstance(shape, Polygon | Mask) for shape in drawn):
        found += ["instances", "regions"]
    return tuple(found)


def main_class(picture: LabelledPicture) -> int:
    """The class by which a picture is sorted: its own, else that of most of its objects, else 0."""
    if picture.labels:
        return picture.labels[0]
    if not picture.objects:
        return 0
    return int(np.bincount([one.label for one in picture.objects]).argmax())


def annotation_of(picture: LabelledPicture, gives: tuple[str, ...]) -> Annotation:
    """The labels of one picture. Pixels inside of a bare box are `IGNORE` in the regions: nobody has drawn them."""
    objects = [one for one in picture.objects if not isinstance(one.shape, Point)]
    points = [one for one in picture.objects if isinstance(one.shape, Point)]
    by_pixel = "instances" in gives
    instances, regions = _pixels(picture, objects) if by_pixel else (None, None)
    everything = {*picture.labels, *(one.label for one in picture.objects)}
    return Annotation(
        label=picture.labels[0] if "label" in gives else None,
        labels=tuple(sorted(everything)) if "labels" in gives else None,
        boxes=np.array([shapes.extent(one.shape) for one in objects], np.float32).reshape(-1, 4),
        box_labels=np.array([one.label for one in objects], np.int64),
        outlines=tuple(_outline(one) for one in objects),
        instances=instances,
        regions=regions,
        points=np.array(
            [(one.shape.x, one.shape.y, one.label) for one in points if isinstance(one.shape, Point)], np.float32
        ).reshape(-1, 3),
    )


def _outline(one: LabelObject) -> tuple[Ring, ...]:
    if isinstance(one.shape, Polygon):
        return tuple(np.array(ring, np.float32) for ring in one.shape.rings)
    return ()


def _pixels(picture: LabelledPicture, objects: list[LabelObject]) -> tuple[np.ndarray, np.ndarray]:
    """uint16 and uint8, (H, W): object numbers from 1 and pixel classes; later objects lie above earlier ones."""
    instances = np.zeros((picture.height, picture.width), np.uint16)
    regions = np.full((picture.height, picture.width), BACKGROUND, np.uint8)
    for one in objects:
        if isinstance(one.shape, Box):
            regions[shapes.raster(one.shape, picture.height, picture.width)] = IGNORE
    for number, one in enumerate(objects):
        if not isinstance(one.shape, Box):
            inside = shapes.raster(one.shape, picture.height, picture.width)
            instances[inside] = number + 1
            regions[inside] = one.label + 1
    return instances, regions
