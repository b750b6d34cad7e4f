"""The sample that finds objects: see `tests.helpers.sample_projects`."""

from __future__ import annotations

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec

SHAPES = ("circle", "square", "triangle", "star")
SIDE = 96


def shapes_detection() -> ProjectSpec:
    """A small YOLO on generated solids of four kinds, up to five in a picture, some of them half hidden.

    The split has a seed of its own, so that trainings with other seeds are measured on the same test pictures.
    """
    network = open_network("yolo_small", num_classes=len(SHAPES), channels=32, detections=50, score_threshold=0.05)
    source = {"count": 1400, "height": SIDE, "width": SIDE, "difficulty": "medium", "shapes": ", ".join(SHAPES)}
    return ProjectSpec(
        name="Shapes: boxes",
        task="detection",
        network=with_input(network, (3, SIDE, SIDE)),
        data=DataSpec(
            source=Choice(id="shapes", options=source),
            split=SplitSpec(train=0.7, validation=0.1, test=0.2, seed=0),
            preprocess=PreprocessSpec(height=SIDE, width=SIDE, channels=3, mean=(0.5,), std=(0.25,)),
            augmentation=(Choice(id="flip", options={"horizontal": 0.5, "vertical": 0.5}),),
        ),
        training=TrainingSpec(
            epochs=24,
            batch_size=12,
            optimiser=Choice(id="adamw", options={"learning_rate": 0.002}),
            schedule=Choice(id="one_cycle", options={"rise": 0.1}),
            weight_decay=0.001,
            clip_norm=10.0,
            seed=0,
        ),
    )
