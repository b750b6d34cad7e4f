"""The projects that ship in resources/samples: `python -m tests.helpers.sample_projects` writes them."""

from __future__ import annotations

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.gallery import open_network
from engine.paths import resources
from engine.project.spec import ProjectSpec
from engine.project.store import save_project
from engine.training.spec import TrainingSpec
from tests.helpers import dense_samples, sequence_samples
from tests.helpers.detector_samples import shapes_detection


def digits() -> ProjectSpec:
    """LeNet-5 on scikit-learn's 1,797 handwritten digits, enlarged from 8×8 to the 32×32 that it was made for.

    The split has a seed of its own, so that trainings with other seeds are measured on the same test pictures.
    """
    return ProjectSpec(
        name="Digits",
        network=open_network("lenet5_modern"),
        data=DataSpec(
            source=Choice(id="digits"),
            split=SplitSpec(train=0.7, validation=0.15, test=0.15, seed=0),
            preprocess=PreprocessSpec(height=32, width=32, channels=1),
            augmentation=(
                Choice(id="rotate", options={"degrees": 15.0}),
                Choice(id="shift", options={"horizontal": 0.08, "vertical": 0.08}),
                Choice(id="scale", options={"smallest": 0.85, "largest": 1.15}),
            ),
        ),
        training=TrainingSpec(
            epochs=30,
            batch_size=32,
            optimiser=Choice(id="adam", options={"learning_rate": 0.004}),
            schedule=Choice(id="one_cycle"),
            seed=0,
        ),
    )


SAMPLES = {"digits": digits, "shapes_detection": shapes_detection, **dense_samples.SAMPLES, **sequence_samples.SAMPLES}

if __name__ == "__main__":
    for name, make in SAMPLES.items():
        print(save_project(make(), resources() / "samples" / name))
