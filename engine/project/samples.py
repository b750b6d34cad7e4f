"""The projects that come with the program, as the start page shows them. Never imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.paths import resources


@dataclass(frozen=True)
class Sample:
    """One sample project.

    Attributes:
        id: its folder in `resources/samples`.
        glyph: the icon of its card.
        text: what it learns, of what, and how long that takes on two processor cores.
    """

    id: str
    name: str
    glyph: str
    text: str

    @property
    def folder(self) -> Path:
        return resources() / "samples" / self.id


SAMPLES = (
    Sample(
        "digits",
        "Read digits",
        "image",
        "LeNet-5 learns 1,797 handwritten digits. It is right about 99 of 100 within a minute.",
    ),
    Sample(
        "shapes_detection",
        "Find shapes",
        "search",
        "A small YOLO finds circles, squares and triangles and draws boxes around them. Takes a few minutes.",
    ),
    Sample(
        "shapes_segmentation",
        "Cut out shapes",
        "crop",
        "A U-Net tells for every pixel which shape it belongs to. Takes a few minutes.",
    ),
    Sample("shapes_edges", "Trace edges", "draw", "PixelNet learns where one thing ends, from sampled pixels."),
    Sample(
        "shapes_normals",
        "Feel surfaces",
        "shape",
        "PixelNet learns which way each point of a surface faces, from its shading alone.",
    ),
    Sample(
        "one_shot",
        "Match after one look",
        "compare",
        "A Siamese network compares signs it has never seen after one example of each.",
    ),
    Sample("waves", "Tell waves apart", "motion", "A GRU hears which of five waveforms it is in spite of noise."),
    Sample(
        "clips",
        "See what moves how",
        "video",
        "A CNN and an LSTM tell in which way a shape moves, which no single frame shows.",
    ),
    Sample("forecast", "Look ahead", "train", "An LSTM says how a chaotic series goes on, and beats a linear rule."),
    Sample("text", "Write letter by letter", "edit", "An LSTM reads fables one letter at a time and then writes on."),
    Sample("denoising", "Clean pictures", "filter", "An autoencoder takes the noise out of handwritten digits."),
    Sample("generation", "Make up digits", "sparkle", "Two networks, a forger and a judge, learn from each other."),
)


def available() -> tuple[Sample, ...]:
    """The samples whose project is there."""
    return tuple(sample for sample in SAMPLES if (sample.folder / "project.json").is_file())
