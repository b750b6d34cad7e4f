"""A project that trains in a second, for tests that need a real run."""

from __future__ import annotations

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec

SMALL = NetworkSpec(
    "Small",
    (
        NodeSpec("input1", "Input", {"shape": [1, 8, 8]}),
        NodeSpec("conv1", "Conv2d", {"out_channels": 2, "kernel_size": 3}),
        NodeSpec("flatten1", "Flatten"),
        NodeSpec("linear1", "Linear", {"out_features": 10}),
        NodeSpec("output1", "Output"),
    ),
    tuple(
        EdgeSpec(*pair)
        for pair in (("input1", "conv1"), ("conv1", "flatten1"), ("flatten1", "linear1"), ("linear1", "output1"))
    ),
)


def small_project() -> ProjectSpec:
    """Trains in a second: two filters on the digits as they come, 8×8."""
    return ProjectSpec(
        "Small",
        network=SMALL,
        data=DataSpec(
            preprocess=PreprocessSpec(height=8, width=8), augmentation=(Choice(id="rotate"), Choice(id="noise"))
        ),
        training=TrainingSpec(epochs=1, batch_size=512, device="cpu"),
    )
