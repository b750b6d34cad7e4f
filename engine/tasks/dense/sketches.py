"""Samples with truth and answer, drawn side by side. Pictures are uint8 (H, W, 3) or (H, W), maps without the batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.datasets.annotation import IGNORE
from engine.tasks.base import Sketch
from engine.tasks.dense.colours import (
    beside,
    edge_picture,
    known_edges,
    middle,
    normal_picture,
    region_overlay,
    region_picture,
    restored_picture,
)

_MOST = 4
"""Classes that a tooltip names."""


def region_sketch(picture: np.ndarray, found: np.ndarray, truth: np.ndarray | None, classes: tuple[str, ...]) -> Sketch:
    """Picture, truth and answer; the answer tints the picture where there is no truth."""
    from engine.tasks.dense.confusion import class_iou, mean_of

    regions = found.astype(np.uint8)
    occurring = [classes[number - 1] for number in np.unique(regions) if 0 < number <= len(classes)]
    said = ", ".join(occurring[:_MOST]) + (", …" if len(occurring) > _MOST else "") or "nothing"
    if truth is None:
        seen = middle(picture, *regions.shape)
        return Sketch(region_overlay(seen, regions), said)
    real = middle(truth.astype(np.uint8), *regions.shape)
    labelled = real != IGNORE
    count = len(classes) + 1
    pairs = np.bincount(real[labelled].astype(int) * count + regions[labelled], minlength=count * count)
    each = class_iou(pairs.reshape(count, count))
    score = mean_of(each)
    names = ("background", *classes)
    rows = [f"{names[k]}: {share(each[k])}" for k in range(count) if not np.isnan(each[k])]
    image = beside(picture, region_picture(truth.astype(np.uint8)), region_picture(regions))
    return Sketch(image, f"IoU {share(score)}", said, tip="\n".join(["Picture, truth, answer", *rows]), score=score)


def edge_sketch(picture: np.ndarray, found: np.ndarray, truth: np.ndarray | None, tolerance: float) -> Sketch:
    """Picture, truth and answer in white on black."""
    import torch

    from engine.tasks.dense.edge_measures import best_per_picture, edge_counts

    answer = edge_picture(found)
    if truth is None:
        return Sketch(beside(picture, answer), f"{share(float((found >= 0.5).mean()))} edges")
    real = truth.astype(np.uint8)
    part = torch.from_numpy(np.ascontiguousarray(middle(real, *found.shape)))
    counts = edge_counts(torch.from_numpy(found).float()[None], part[None], tolerance).numpy()
    image, tip = beside(picture, known_edges(real), answer), "Picture, truth, answer"
    if not counts[:, 3].any():
        return Sketch(image, "no edges here", tip=tip)
    score = best_per_picture(counts)
    return Sketch(image, f"F {share(score)}", tip=f"{tip}\nBest F-measure of this picture: {share(score)}", score=score)


def normal_sketch(picture: np.ndarray, found: np.ndarray, truth: np.ndarray | None) -> Sketch:
    """Picture, truth and answer, with the direction as colour."""
    import torch

    from engine.tasks.dense.normal_measures import angles, known

    answer = normal_picture(found)
    if truth is None:
        return Sketch(beside(picture, answer), "surface directions")
    real = truth.transpose(1, 2, 0)
    part = torch.from_numpy(np.ascontiguousarray(middle(real, *found.shape[1:]).transpose(2, 0, 1))).float()[None]
    image, tip = beside(picture, normal_picture(truth), answer), "Picture, truth, answer"
    mask = known(part)
    if not mask.any():
        return Sketch(image, "nothing known", tip=tip)
    error = angles(torch.from_numpy(found)[None], part)[mask]
    mean, median = float(error.mean()), float(error.median())
    tip += f"\nMean {mean:.1f}°, median {median:.1f}°\nRed is to the right, green up, blue towards the viewer"
    return Sketch(image, f"{mean:.1f}° off", f"median {median:.1f}°", tip=tip, score=-mean)


def restored_sketch(picture: np.ndarray, answer: Mapping[str, np.ndarray]) -> Sketch:
    """What was given, the answer, and the picture without noise where that is known."""
    from engine.tasks.dense.restoring import decibels

    restored = restored_picture(answer["restored"])
    if "original" not in answer:
        return Sketch(beside(picture, restored), "restored")
    found, (height, width) = answer["restored"], answer["restored"].shape[1:]
    before, after = (
        float(decibels(np.square(one - middle(answer["original"].transpose(1, 2, 0), height, width)).mean()[None])[0])
        for one in (
            middle(answer["given"].transpose(1, 2, 0), height, width),
            found.transpose(1, 2, 0),
        )
    )
    image = beside(restored_picture(answer["given"]), restored, restored_picture(answer["original"]))
    tip = f"Given, restored, original\nPSNR {before:.1f} dB before and {after:.1f} dB after"
    return Sketch(image, f"{after:.1f} dB", f"{after - before:+.1f} dB", tip=tip, score=after)


def share(value: float) -> str:
    """A share of 1 in percent."""
    return "—" if np.isnan(value) else f"{value * 100:.0f} %"
