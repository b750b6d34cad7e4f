"""Projects that ship in resources/samples: sequences, pairs, and pictures that are made."""

from __future__ import annotations

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.frozen import FrozenDict
from engine.gallery import open_network
from engine.gallery.base import Drawing, with_input
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec


def waves() -> ProjectSpec:
    """A GRU that reads noisy waves value by value and says at the end what kind they were."""
    return ProjectSpec(
        name="Waves",
        task="sequence",
        network=open_network("gru", length=64, features=1, hidden=48, num_classes=5),
        data=DataSpec(source=Choice(id="waves", options={"count": 2000, "length": 64, "noise": 0.1, "hum": 0.1})),
        training=TrainingSpec(
            epochs=40,
            batch_size=64,
            optimiser=Choice(id="adam", options={"learning_rate": 0.01}),
            schedule=Choice(id="one_cycle"),
            clip_norm=1.0,
        ),
    )


def clips() -> ProjectSpec:
    """A convolutional network that looks at each frame, and an LSTM that reads what it says of them."""
    return ProjectSpec(
        name="Clips",
        task="sequence",
        network=open_network("cnn_lstm", length=8, in_channels=1, size=24, num_classes=6),
        data=DataSpec(source=Choice(id="moving_shapes", options={"count": 3000})),
        training=TrainingSpec(
            epochs=10,
            batch_size=64,
            optimiser=Choice(id="adam", options={"learning_rate": 0.003}),
            schedule=Choice(id="one_cycle"),
            initialisation=Choice(id="kaiming"),
            clip_norm=1.0,
        ),
    )


def forecast() -> ProjectSpec:
    """An LSTM on the chaotic course of Mackey and Glass, which no linear function of the past foretells well."""
    course = {"course": "mackey-glass", "trend": 0.0, "noise": 0.02}
    return ProjectSpec(
        name="Forecast",
        task="forecasting",
        network=open_network("lstm", length=48, features=1, hidden=48, num_classes=12),
        data=DataSpec(source=Choice(id="forecast", options=course)),
        training=TrainingSpec(
            epochs=25,
            batch_size=64,
            optimiser=Choice(id="adam", options={"learning_rate": 0.01}),
            schedule=Choice(id="one_cycle"),
            clip_norm=1.0,
        ),
    )


def one_shot() -> ProjectSpec:
    """A Siamese network that recognises digits, and digits turned by quarters, of classes it has never seen.

    Of 40 classes six are kept for validation and six for the test. Classes are unlike in how easily they are mixed up
    (an 8 turned upside down is an 8), so the figure depends on which they are; those of this seed are all different.
    """
    return ProjectSpec(
        name="One shot",
        task="matching",
        task_options=FrozenDict({"loss": "triplet", "margin": 4.0, "ways": 5, "shots": 1, "episodes": 1000}),
        network=with_input(open_network("siamese", encoder="conv4"), (1, 16, 16)),
        data=DataSpec(
            source=Choice(id="digits", options={"turns": True}),
            split=SplitSpec(by="class", seed=2),
            preprocess=PreprocessSpec(height=16, width=16, channels=1),
            augmentation=(
                Choice(id="rotate", options={"degrees": 12.0}),
                Choice(id="shift", options={"horizontal": 0.08, "vertical": 0.08}),
                Choice(id="scale", options={"smallest": 0.88, "largest": 1.12}),
            ),
        ),
        training=TrainingSpec(
            epochs=6,
            batch_size=128,
            optimiser=Choice(id="adam", options={"learning_rate": 0.002}),
            schedule=Choice(id="one_cycle"),
        ),
    )


def generation() -> ProjectSpec:
    """DCGAN on handwritten digits: a generator and a discriminator that learn from each other."""
    return ProjectSpec(
        name="Generation",
        task="generation",
        network=open_network("dcgan", part="both", size=16, width=24, in_channels=1, latent=16),
        data=DataSpec(
            source=Choice(id="digits"),
            split=SplitSpec(train=0.8, validation=0.1, test=0.1),
            preprocess=PreprocessSpec(height=16, width=16, channels=1, mean=(0.5,), std=(0.5,)),
        ),
        training=TrainingSpec(
            epochs=60,
            batch_size=64,
            optimiser=Choice(id="adam", options={"learning_rate": 0.0005, "beta1": 0.5}),
        ),
    )


def text() -> ProjectSpec:
    """An LSTM that learns to write from some short fables, character by character."""
    return ProjectSpec(
        name="Text",
        task="characters",
        task_options=FrozenDict({"prompt": "The ", "length": 400, "temperature": 0.6}),
        network=writer(64, 53, 32, 128),
        data=DataSpec(source=Choice(id="text")),
        training=TrainingSpec(
            epochs=30,
            batch_size=32,
            optimiser=Choice(id="adam", options={"learning_rate": 0.01}),
            schedule=Choice(id="one_cycle"),
            clip_norm=1.0,
        ),
    )


def writer(length: int, characters: int, width: int, hidden: int) -> NetworkSpec:
    """Embedding, LSTM with a state for every step, and the next character at every step."""
    net = Drawing("Writer")
    last = net.chain(
        net.input(length, id="text"),
        ("Embedding", "letters", {"num_embeddings": characters, "embedding_dim": width}),
        ("LSTM", "lstm", {"hidden_size": hidden}),
        ("Dropout", "dropout", {"p": 0.3}),
        ("Linear", "next", {"out_features": characters}),
    )
    return net.output(last)


SAMPLES = {
    "waves": waves,
    "clips": clips,
    "forecast": forecast,
    "one_shot": one_shot,
    "generation": generation,
    "text": text,
}
