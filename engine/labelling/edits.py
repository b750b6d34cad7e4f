"""Changes of labels: every one takes a frozen value and gives another, so that undoing is going back to the first.

Pictures are meant by their file and objects by their number. A change of a picture that is not there raises
`KeyError`, of an object that is not there `IndexError`; what a person can get wrong raises `BadInput`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.errors import BadInput
from engine.labelling import shapes
from engine.labelling.spec import (
    COLOURS,
    MAX_CLASSES,
    MAX_CORNERS,
    MAX_NAME,
    MAX_OBJECTS,
    MAX_PICTURES,
    Corner,
    LabelClass,
    LabelledPicture,
    LabelObject,
    LabelSet,
    Mask,
    Polygon,
    Shape,
)


def add_pictures(labels: LabelSet, pictures: Iterable[LabelledPicture]) -> LabelSet:
    """Put pictures at the end; those whose file is there already stay as they are."""
    fresh = {one.file: one for one in pictures if one.file not in labels.places}
    if len(labels.pictures) + len(fresh) > MAX_PICTURES:
        raise BadInput(f"A set of labels holds {MAX_PICTURES:,} pictures at most.", "Take fewer pictures at a time.")
    return labels.with_(pictures=(*labels.pictures, *fresh.values()))


def remove_picture(labels: LabelSet, file: str) -> LabelSet:
    """Take a picture with its labels out of the set; its file stays."""
    number = labels.places[file]
    return labels.with_(pictures=labels.pictures[:number] + labels.pictures[number + 1 :])


def add_object(labels: LabelSet, file: str, label: int, shape: Shape) -> LabelSet:
    """Put an object on top, clipped to the picture. Nothing changes when nothing of it is left."""
    picture = labels.picture(file)
    kept = shapes.tidied(shape, picture.width, picture.height)
    if kept is None:
        return labels
    if len(picture.objects) >= MAX_OBJECTS:
        raise BadInput(f"{file} has {MAX_OBJECTS:,} objects already, the most for one picture.", "Remove some first.")
    made = LabelObject(_known(labels, label), _storable(kept))
    return _put(labels, replace(picture, objects=(*picture.objects, made)))


def reshape(labels: LabelSet, file: str, number: int, shape: Shape) -> LabelSet:
    """Give an object another shape; nothing changes when nothing of it would be left."""
    picture = labels.picture(file)
    kept = shapes.tidied(shape, picture.width, picture.height)
    if kept is None:
        return labels
    return _with_object(labels, picture, number, replace(picture.objects[number], shape=_storable(kept)))


def move(labels: LabelSet, file: str, numbers: Sequence[int], dx: float, dy: float) -> LabelSet:
    """Shift objects together, at most to the picture's border."""
    picture = labels.picture(file)
    group = [picture.objects[number].shape for number in numbers]
    if not group:
        return labels
    step = shapes.allowed(group, dx, dy, picture.width, picture.height)
    for number, shape in zip(numbers, group, strict=True):
        labels = reshape(labels, file, number, shapes.moved(shape, *step))
    return labels


def remove_objects(labels: LabelSet, file: str, numbers: Iterable[int]) -> LabelSet:
    """Take objects out of a picture."""
    picture = labels.picture(file)
    gone = {range(len(picture.objects))[number] for number in numbers}
    kept = tuple(one for number, one in enumerate(picture.objects) if number not in gone)
    return _put(labels, replace(picture, objects=kept))


def relabel(labels: LabelSet, file: str, numbers: Iterable[int], label: int) -> LabelSet:
    """Give objects another class."""
    _known(labels, label)
    for number in numbers:
        picture = labels.picture(file)
        labels = _with_object(labels, picture, number, replace(picture.objects[number], label=label))
    return labels


def paint(
    labels: LabelSet, file: str, number: int | None, label: int, path: Sequence[Corner], radius: float
) -> LabelSet:
    """Add a stroke of the brush to the mask that is object `number`, or make a new object of it when None."""
    picture = labels.picture(file)
    painted = shapes.stroke(path, radius, picture.height, picture.width)
    if number is not None:
        painted |= shapes.raster(_mask(picture, number), picture.height, picture.width)
    mask = shapes.mask_of(painted)
    if mask is None:
        return labels
    return add_object(labels, file, label, mask) if number is None else reshape(labels, file, number, mask)


def erase(labels: LabelSet, file: str, number: int, path: Sequence[Corner], radius: float) -> LabelSet:
    """Take a stroke away from a mask; the object goes when nothing of it is left."""
    picture = labels.picture(file)
    left = shapes.raster(_mask(picture, number), picture.height, picture.width)
    left &= ~shapes.stroke(path, radius, picture.height, picture.width)
    mask = shapes.mask_of(left)
    return remove_objects(labels, file, (number,)) if mask is None else reshape(labels, file, number, mask)


def set_labels(labels: LabelSet, file: str, chosen: Iterable[int]) -> LabelSet:
    """Say which classes the whole picture has."""
    kept = tuple(sorted({_known(labels, label) for label in chosen}))
    return _put(labels, replace(labels.picture(file), labels=kept))


def set_checked(labels: LabelSet, file: str, checked: bool) -> LabelSet:
    """Say that a picture is finished, even if nothing is in it."""
    return _put(labels, replace(labels.picture(file), checked=checked))


def copy_objects(labels: LabelSet, source: str, target: str) -> LabelSet:
    """Put the objects of one picture on another as well, clipped to it."""
    for one in labels.picture(source).objects:
        labels = add_object(labels, target, one.label, one.shape)
    return labels


def add_class(labels: LabelSet, name: str) -> LabelSet:
    """Add a class in the hue that the fewest have."""
    if len(labels.classes) >= MAX_CLASSES:
        raise BadInput(f"There are {MAX_CLASSES} classes already, the most that labels have.", "Remove one first.")
    used = [one.colour for one in labels.classes]
    colour = min(range(COLOURS), key=lambda hue: (used.count(hue), hue))
    return labels.with_(classes=(*labels.classes, LabelClass(_checked_name(labels, name), colour)))


def rename_class(labels: LabelSet, label: int, name: str) -> LabelSet:
    """Give a class another name."""
    before = labels.classes[_known(labels, label)]
    if name.strip() == before.name:
        return labels
    others = labels.with_(classes=labels.classes[:label] + labels.classes[label + 1 :])
    made = replace(before, name=_checked_name(others, name))
    return labels.with_(classes=(*labels.classes[:label], made, *labels.classes[label + 1 :]))


def remove_class(labels: LabelSet, label: int) -> LabelSet:
    """Take a class away, with all objects of it."""
    _known(labels, label)

    def lower(one: int) -> int:
        return one - (one > label)

    pictures = tuple(
        replace(
            picture,
            objects=tuple(replace(one, label=lower(one.label)) for one in picture.objects if one.label != label),
            labels=tuple(lower(one) for one in picture.labels if one != label),
        )
        for picture in labels.pictures
    )
    return LabelSet(labels.classes[:label] + labels.classes[label + 1 :], pictures)


def _known(labels: LabelSet, label: int) -> int:
    if not 0 <= label < len(labels.classes):
        raise IndexError(f"there is no class {label} of {len(labels.classes)}")
    return label


def _storable(shape: Shape) -> Shape:
    if isinstance(shape, Polygon) and sum(map(len, shape.rings)) > MAX_CORNERS:
        raise BadInput(
            f"An outline has {MAX_CORNERS:,} corners at most.",
            "Take fewer corners, or paint the object with the brush.",
        )
    return shape


def _checked_name(labels: LabelSet, name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME or any(mark < " " for mark in name):
        raise BadInput(
            f"{name[:40] or 'An empty text'} cannot be the name of a class.",
            f"Give it one line of at most {MAX_NAME} characters.",
        )
    if name.casefold() in {one.name.casefold() for one in labels.classes}:
        raise BadInput(f"There is a class called {name} already.", "Choose that one, or another name.")
    return name


def _mask(picture: LabelledPicture, number: int) -> Mask:
    shape = picture.objects[number].shape
    if not isinstance(shape, Mask):
        raise ValueError(f"object {number} is no mask")
    return shape


def _with_object(labels: LabelSet, picture: LabelledPicture, number: int, made: LabelObject) -> LabelSet:
    number = range(len(picture.objects))[number]
    objects = (*picture.objects[:number], made, *picture.objects[number + 1 :])
    return _put(labels, replace(picture, objects=objects))


def _put(labels: LabelSet, picture: LabelledPicture) -> LabelSet:
    number = labels.places[picture.file]
    if labels.pictures[number] == picture:
        return labels
    return labels.with_(pictures=(*labels.pictures[:number], picture, *labels.pictures[number + 1 :]))
