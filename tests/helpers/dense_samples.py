"""Projects that ship in resources/samples: a class, an edge or a direction for every pixel, and clean pictures."""

from __future__ import annotations

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.frozen import FrozenDict
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph import edits
from engine.graph.layout import layout
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec

SIDE = 64


def _shapes(**options: object) -> DataSpec:
    """Generated solids; the split has a seed of its own, so that every training is measured on the same pictures."""
    return DataSpec(
        source=Choice(id="shapes", options={"count": 600, "height": SIDE, "width": SIDE, **options}),
        split=SplitSpec(train=0.7, validation=0.1, test=0.2, seed=0),
        preprocess=PreprocessSpec(height=SIDE, width=SIDE, channels=3, mean=(0.5,), std=(0.25,)),
    )


def _training(epochs: int, rate: float, batch_size: int = 8) -> TrainingSpec:
    return TrainingSpec(
        epochs=epochs,
        batch_size=batch_size,
        optimiser=Choice(id="adam", options={"learning_rate": rate}),
        schedule=Choice(id="one_cycle"),
        seed=0,
    )


def shapes_segmentation() -> ProjectSpec:
    """A U-Net of a fifth of the paper's width and three levels, with batch normalisation for a quick start."""
    network = open_network("unet", num_classes=4, in_channels=3, padded=True, normalised=True, width=12, depth=3)
    return ProjectSpec(
        name="Shapes: regions",
        task="segmentation",
        task_options=FrozenDict({"loss": "cross-entropy + Dice"}),
        network=with_input(network, (3, SIDE, SIDE)),
        data=_shapes(),
        training=_training(16, 0.006),
    )


def _pixelnet(channels: int) -> NetworkSpec:
    """PixelNet on an eighth of VGG-16's widths; one network for edges and directions but for the last layer."""
    options = {"width": 0.125, "mlp": 1024, "drop": 0.0, "normalised": True}
    return with_input(open_network("pixelnet", num_classes=channels, **options), (3, SIDE, SIDE))


def shapes_edges() -> ProjectSpec:
    """Outlines where objects end, but not the ridges and shadows on them."""
    return ProjectSpec(
        name="Shapes: edges",
        task="edges",
        task_options=FrozenDict({"pixels": 500}),
        network=_pixelnet(1),
        data=_shapes(difficulty="medium"),
        training=_training(6, 0.002),
    )


def shapes_normals() -> ProjectSpec:
    """Which way the solids' surfaces face, from their shading and outline."""
    return ProjectSpec(
        name="Shapes: surface normals",
        task="normals",
        task_options=FrozenDict({"pixels": 500}),
        network=_pixelnet(3),
        data=_shapes(),
        training=_training(12, 0.003),
    )


def denoising() -> ProjectSpec:
    """A convolutional autoencoder for digits with normal noise, made by the task: the drawing's own layer is out."""
    network = open_network("denoising_autoencoder", in_channels=1, size=32, width=16)
    return ProjectSpec(
        name="Denoising",
        task="denoising",
        task_options=FrozenDict({"noise": "gaussian", "amount": 0.3}),
        network=layout(edits.remove(network, ["noise"], heal=True)),
        data=DataSpec(
            source=Choice(id="digits"),
            split=SplitSpec(train=0.7, validation=0.15, test=0.15, seed=0),
            preprocess=PreprocessSpec(height=32, width=32, channels=1),
        ),
        training=_training(15, 0.004, 32),
    )


SAMPLES = {
    "shapes_segmentation": shapes_segmentation,
    "shapes_edges": shapes_edges,
    "shapes_normals": shapes_normals,
    "denoising": denoising,
}
