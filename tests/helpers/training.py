"""Small pictures that can be learned in a second, and the parts of a trainer around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from engine.cancel import CancelSource, CancelToken
from engine.datasets.augment import Augmenter
from engine.datasets.prepare import Part
from engine.datasets.preprocess import Preprocessor
from engine.datasets.spec import Choice, PreprocessSpec
from engine.tasks.kinds.classification import Classification
from engine.training.batches import Held, OrderedBatches, TrainingBatches
from engine.training.callbacks.base import Callback
from engine.training.measuring import Runner
from engine.training.optimisers import make_optimiser
from engine.training.precision import Precision
from engine.training.schedules import Plan, parse_schedule
from engine.training.trainer import Trainer

CLASSES = ("left", "right", "top")
CPU = torch.device("cpu")


def stripes(count: int, seed: int, start: int = 0) -> Part:
    """Grey pictures of 8×8 with noise and one bright edge, which is the class."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 120, (count, 1, 8, 8), generator=generator, dtype=torch.uint8)
    labels = torch.arange(count) % len(CLASSES)
    for image, label in zip(images, labels.tolist(), strict=True):
        edge = (image[0, :, 0], image[0, :, -1], image[0, 0, :])[label]
        edge += 100
    return Part(images, {"label": labels}, np.arange(start, start + count))


def small_net(dropout: float = 0.0) -> nn.Sequential:
    """A network with everything that has a state: convolution, batch normalisation, dropout, linear."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(4 * 36, 3)
    )


def trainer_of(
    model: nn.Module | None = None,
    *,
    train: Part | None = None,
    validation: Part | None = None,
    batch_size: int = 16,
    epochs: int = 5,
    optimiser: Choice | None = None,
    schedule: Choice | None = None,
    augmentation: Sequence[Choice] = (),
    callbacks: Sequence[Callback] = (),
    clip_norm: float | None = None,
    seed: int = 0,
    token: CancelToken | None = None,
    validate: bool = True,
) -> Trainer:
    """A trainer on the stripes; every part can be replaced."""
    model = model or small_net()
    preprocessor = Preprocessor(PreprocessSpec(height=8, width=8))
    held = Held(train or stripes(100, 1), preprocessor, CPU)
    batches = TrainingBatches(held, Augmenter(augmentation, seed) if augmentation else None, batch_size, seed)
    made = make_optimiser(optimiser or Choice(id="adam"), model.named_parameters())
    ordered = OrderedBatches(Held(validation or stripes(30, 2, 100), preprocessor, CPU), 64) if validate else None
    return Trainer(
        run=Runner(model, ["output"]),
        task=Classification(CLASSES),
        optimiser=made,
        schedule=parse_schedule(schedule or Choice(id="constant")).make(made, Plan(epochs, batches.steps)),
        batches=batches,
        validation=ordered,
        precision=Precision("float32", CPU),
        callbacks=callbacks,
        clip_norm=clip_norm,
        seed=seed,
        token=token or CancelSource().token,
    )


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same_bits(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two state dicts agree in every bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
