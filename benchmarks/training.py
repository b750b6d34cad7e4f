"""Training throughput: our trainer against a bare loop on tensors, and against a DataLoader with PIL transforms.

All contestants train the same network on the same digits with the same number of threads, in turns of a second
within one run, so that a busy machine hits them alike; a ratio compares the faster half of the turns of each. Ours
does all that it does in the program: it measures, tells events, writes metrics and checkpoints. The bare loop trains
and validates, and nothing else. "processor" is the same ratio in processor time, which other programs disturb less.

Prints one JSON object per line. Run with `python benchmarks/training.py [--threads N] [--turns N]`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import models, transforms
from torchvision.datasets import ImageFolder

from engine.cancel import CancelSource
from engine.datasets.prepare import Prepared, prepare
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec, SplitSpec
from engine.errors import JobCancelled
from engine.gallery import open_network
from engine.graph.compile import compile_network
from engine.graph.edits import set_params
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.tasks.kinds.classification import Classification
from engine.training.callbacks.base import Callback
from engine.training.callbacks.best import BestWeights
from engine.training.session import make_callbacks, make_trainer
from engine.training.spec import TrainingSpec
from engine.training.trainer import EpochResult, Trainer

RATE = 1e-3
LOOP_BUDGET = 0.95
LOADER_BUDGET = 2.0
# Epochs of LeNet-5 in a turn, which then takes a second: a checkpoint is due after so long, whoever used the time.
EPOCHS = 8
AUGMENTATION = (
    Choice(id="rotate", options={"degrees": 10.0}),
    Choice(id="shift", options={"horizontal": 0.1, "vertical": 0.1}),
    Choice(id="scale", options={"smallest": 0.9, "largest": 1.1}),
)


Turn = tuple[float, float]
"""Seconds on the clock, and seconds of processor time."""


class Contestant(ABC):
    """Trains some epochs when it is its turn."""

    @abstractmethod
    def epoch(self) -> None: ...

    def turn(self, epochs: int) -> Turn:
        start, worked = time.perf_counter(), time.process_time()
        for _ in range(epochs):
            self.epoch()
        return time.perf_counter() - start, time.process_time() - worked

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what it holds."""


class Waiting(Callback):
    """Lets the trainer, which runs in a thread of its own, go on for an epoch at a time."""

    def __init__(self) -> None:
        self.go, self.done = threading.Event(), threading.Event()

    def started(self, trainer: Trainer) -> None:
        self._wait()

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        self.done.set()
        self._wait()

    def _wait(self) -> None:
        self.go.wait()
        self.go.clear()


class Ours(Contestant):
    """The trainer with every callback, writing into a run folder."""

    def __init__(self, network: NetworkSpec, prepared: Prepared, batch: int, augmented: bool, folder: Path) -> None:
        settings = TrainingSpec(
            epochs=100_000,
            batch_size=batch,
            optimiser=Choice(id="adam", options={"learning_rate": RATE}),
            device="cpu",
        )
        data = DataSpec(augmentation=AUGMENTATION if augmented else ())
        (folder / "checkpoints").mkdir(parents=True)
        self._told = 0
        self._source = CancelSource()
        self._waiting = Waiting()
        trainer = make_trainer(
            ProjectSpec(network=network, data=data, training=settings),
            prepared,
            Classification(prepared.classes),
            compile_network(network),
            [*make_callbacks(settings, folder, self._tell, BestWeights()), self._waiting],
            self._source.token,
        )
        self._thread = threading.Thread(target=self._train, args=(trainer, torch.get_num_threads()))
        self._thread.start()

    def _train(self, trainer: Trainer, threads: int) -> None:
        torch.set_num_threads(threads)
        with contextlib.suppress(JobCancelled):
            trainer.fit(100_000)

    def _tell(self, event: object) -> None:
        self._told += 1

    def epoch(self) -> None:
        self._waiting.go.set()
        self._waiting.done.wait()
        self._waiting.done.clear()

    def close(self) -> None:
        self._source.cancel()
        self._waiting.go.set()
        self._thread.join()


class Bare(Contestant):
    """What one writes by hand in twenty lines: pictures as float tensors, validation after the epoch."""

    def __init__(self, model: nn.Module, prepared: Prepared, batch: int, fused: bool = False) -> None:
        self._model = model
        self._images = prepared.train.inputs.float() / 255  # (N, C, H, W)
        self._labels = prepared.train.labels
        self._unseen = prepared.validation.inputs.float() / 255
        self._answers = prepared.validation.labels
        self._batch = batch
        self._optimiser = torch.optim.Adam(model.parameters(), lr=RATE, fused=fused or None)

    def epoch(self) -> None:
        self._model.train()
        order = torch.randperm(len(self._labels))
        total = 0.0
        for chosen in order.split(self._batch):
            self._optimiser.zero_grad()
            loss = functional.cross_entropy(self._model(self._images[chosen]), self._labels[chosen])
            loss.backward()
            self._optimiser.step()
            total += loss.item()
        self._model.eval()
        with torch.no_grad():
            right = sum(
                int((self._model(x).argmax(1) == y).sum())
                for x, y in zip(self._unseen.split(256), self._answers.split(256), strict=True)
            )
        assert total >= 0
        assert right >= 0


class Loader(Contestant):
    """What tutorials write: a folder of pictures, PIL transforms and a DataLoader, in the process of the loop."""

    def __init__(self, model: nn.Module, prepared: Prepared, batch: int, folder: Path) -> None:
        for place, (index, label) in enumerate(
            zip(prepared.train.indices, prepared.train.labels.tolist(), strict=True)
        ):
            path = folder / str(label) / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(prepared.samples.picture(index)).save(path)
        transform = transforms.Compose(
            [
                transforms.Grayscale(),
                transforms.Resize((32, 32)),
                transforms.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1)),
                transforms.ToTensor(),
            ]
        )
        self._model = model
        self._loader = DataLoader(ImageFolder(folder, transform), batch, shuffle=True)
        self._optimiser = torch.optim.Adam(model.parameters(), lr=RATE)

    def epoch(self) -> None:
        self._model.train()
        for images, labels in self._loader:
            self._optimiser.zero_grad()
            loss = functional.cross_entropy(self._model(images), labels)
            loss.backward()
            self._optimiser.step()


def lenet() -> nn.Module:
    """LeNet-5 (modern) by hand."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def compare(ours: Contestant, others: dict[str, Contestant], turns: int, epochs: int) -> dict[str, list[Turn]]:
    """The times of every turn of so many epochs, all contestants one after the other in every round."""
    everyone = {"ours": ours, **others}
    for contestant in everyone.values():
        contestant.epoch()  # the first use of a kernel costs more
    seconds: dict[str, list[Turn]] = {name: [] for name in everyone}
    for turn in range(turns):
        # Every other round backwards, so that nobody is always first after the change.
        for name in sorted(everyone, reverse=bool(turn % 2)):
            seconds[name].append(everyone[name].turn(epochs))
    for contestant in everyone.values():
        contestant.close()
    return seconds


def faster_half(turns: list[Turn], kind: int) -> float:
    """The mean of the faster half: what other programs added to the rest says nothing about a loop."""
    times = sorted(turn[kind] for turn in turns)
    return statistics.mean(times[: max(1, len(times) // 2)])


def report(what: str, seconds: dict[str, list[Turn]], other: str, budget: float, pictures: int, threads: int) -> None:
    ratio, processor = (faster_half(seconds[other], k) / faster_half(seconds["ours"], k) for k in (0, 1))
    line = {
        "benchmark": what,
        "value": round(ratio, 3),
        "unit": "ratio",
        "budget": budget,
        "met": ratio >= budget,
        "processor": round(processor, 3),
        "pictures_per_second": round(pictures / faster_half(seconds["ours"], 0)),
        "theirs": round(pictures / faster_half(seconds[other], 0)),
        "threads": threads,
        "turns": len(seconds["ours"]),
    }
    print(json.dumps(line), flush=True)


def prepared_digits(channels: int, train: float) -> Prepared:
    data = DataSpec(
        split=SplitSpec(train=train, validation=0.1, test=round(0.9 - train, 3)),
        preprocess=PreprocessSpec(height=32, width=32, channels=1 if channels == 1 else 3),
    )
    return prepare(data, Path(), lambda event: None, CancelSource().token)


def lenet_on_digits(turns: int, threads: int, folder: Path) -> None:
    digits, network = prepared_digits(1, 0.8), open_network("lenet5_modern")
    count = len(digits.train)
    plain = compare(
        Ours(network, digits, 64, False, folder / "plain"),
        {"bare": Bare(lenet(), digits, 64), "fused": Bare(lenet(), digits, 64, fused=True)},
        turns,
        EPOCHS,
    )
    count *= EPOCHS
    report("LeNet-5 training against a bare loop on tensors", plain, "bare", LOOP_BUDGET, count, threads)
    report("the same with a fused optimiser in the bare loop", plain, "fused", LOOP_BUDGET, count, threads)
    loader = Loader(lenet(), digits, 64, folder / "pictures")
    moved = compare(Ours(network, digits, 64, True, folder / "moved"), {"loader": loader}, max(4, turns // 3), EPOCHS)
    what = "LeNet-5 training with augmentation against a DataLoader with PIL transforms"
    report(what, moved, "loader", LOADER_BUDGET, count, threads)


def resnet_on_digits(turns: int, threads: int, folder: Path) -> None:
    digits = prepared_digits(3, 0.2)
    network = set_params(open_network("resnet18", num_classes=10), "input", shape=[3, 32, 32])
    bare, fused = (Bare(models.resnet18(num_classes=10), digits, 32, fused=kind) for kind in (False, True))
    seconds = compare(Ours(network, digits, 32, False, folder / "resnet"), {"bare": bare, "fused": fused}, turns, 1)
    what = "ResNet-18 training at 32×32 against a bare loop on tensors"
    report(what, seconds, "bare", LOOP_BUDGET, len(digits.train), threads)
    report(
        "the same with a fused optimiser in the bare loop", seconds, "fused", LOOP_BUDGET, len(digits.train), threads
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="torch threads of every contestant")
    parser.add_argument("--turns", type=int, default=12, help="turns of each contestant")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        lenet_on_digits(options.turns, options.threads, Path(folder))
        resnet_on_digits(max(4, options.turns // 2), options.threads, Path(folder))


if __name__ == "__main__":
    main()
