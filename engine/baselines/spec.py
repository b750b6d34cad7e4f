"""Which baseline, as frozen values. Never imports torch, cv2 or scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError

from engine.complaints import words
from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.frozen import thaw

FEATURES = {"hog": "HOG", "lbp": "LBP", "colour": "colour histogram", "pixels": "pixels"}
"""Features of a picture, by id."""
CLASSIFIERS = {"svm": "linear SVM", "rbf": "RBF SVM", "logistic": "logistic regression", "bayes": "naive Bayes"}
"""Classifiers, by id."""
METHODS = {"kmeans": "k-means", "watershed": "watershed"}
"""Ways to divide a picture into regions, by id."""


class PictureBaseline(Settings):
    """A class for every picture: features made by hand, standardised, and a classifier.

    Attributes:
        features: HOG (Dalal and Triggs 2005) counts directions of edges, LBP (Ojala et al. 2002) small patterns, the
            histogram colours (Swain and Ballard 1991); pixels are taken as they are, at most 32×32.
        classifier: see there.
        penalty: the classifier's C: how much a mistake costs beside large weights. Naive Bayes has none.
        most: training pictures that are learned from at most, evenly chosen; an RBF SVM takes time with their square.
    """

    task: ClassVar[str] = "classification"

    features: Literal["hog", "lbp", "colour", "pixels"] = "hog"
    classifier: Literal["svm", "rbf", "logistic", "bayes"] = "svm"
    penalty: float = Field(1.0, gt=0, le=1e6)
    most: int = Field(10_000, ge=2, le=1_000_000)

    @property
    def label(self) -> str:
        """As a person reads it: "HOG + linear SVM"."""
        words = f"{FEATURES[self.features]} + {CLASSIFIERS[self.classifier]}"
        return words[0].upper() + words[1:]


class RegionBaseline(Settings):
    """A class for every pixel: the picture is divided into regions, and every region goes to the most alike class.

    Attributes:
        method: k-means divides by colour, watershed by brightness and by how far pixels lie from the border.
        clusters: of k-means.
        most: training pictures that are looked at at most, evenly chosen.
    """

    task: ClassVar[str] = "segmentation"

    method: Literal["kmeans", "watershed"] = "kmeans"
    clusters: int = Field(4, ge=2, le=32)
    most: int = Field(500, ge=1, le=1_000_000)

    @property
    def label(self) -> str:
        """As a person reads it: "k-means with 4 colours"."""
        return f"k-means with {self.clusters} colours" if self.method == "kmeans" else "Watershed"


BaselineSpec = PictureBaseline | RegionBaseline

USUAL = {
    PictureBaseline.task: ("hog+svm", "hog+rbf", "lbp+svm", "colour+logistic", "pixels+logistic", "pixels+bayes"),
    RegionBaseline.task: ("kmeans+4", "watershed"),
}
"""The baselines that are usually compared with, by the task that they serve; other tasks have none."""
NONE = "There are baselines for classification and for segmentation; this project's task has none."


def require_task(spec: BaselineSpec, task: str) -> None:
    """Raise `BadInput` where a baseline does not learn what a project's task is."""
    if task not in USUAL:
        raise BadInput(NONE, "Leave the baseline out, or choose a task that has some on the Data page.")
    if spec.task != task:
        raise BadInput(
            f"{spec.label} is a baseline for {spec.task}, and the project's task is {task}.",
            f"Choose one for {task}: {', '.join(USUAL[task])}.",
        )


def parse_baseline(text: str) -> BaselineSpec:
    """A baseline from a short text: "hog+svm", "kmeans", "kmeans+6" or "watershed". Raises `BadInput` for others."""
    first, _, second = text.strip().lower().partition("+")
    if first in METHODS and not (second and first == "watershed"):
        if not second:
            return baseline_of({"method": first})
        if second.isdigit():
            return baseline_of({"method": first, "clusters": int(second[:6])})
    elif first in FEATURES and second in CLASSIFIERS:
        return baseline_of({"features": first, "classifier": second})
    raise BadInput(
        f"There is no baseline called {text[:60]!r}.",
        f"Join one of {', '.join(FEATURES)} and one of {', '.join(CLASSIFIERS)} by +, such as hog+svm, or choose "
        f"{' or '.join(METHODS)}.",
    )


def baseline_of(plain: Mapping[str, Any]) -> BaselineSpec:
    """A baseline from the mapping that a run's configuration holds. Raises `BadInput` for an impossible one."""
    kind = RegionBaseline if "method" in plain else PictureBaseline
    try:
        return kind.model_validate(thaw(plain))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "its settings"
        raise BadInput(f"A baseline cannot use {name} = {first.get('input')!r:.60}.", words(first)) from None
