"""What all tasks have in common whose answer is a map: sizes, checks, and training at sampled pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.idle import counts_if
from engine.tasks.base import Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.dense.sizes import enlarged, fits
from engine.tasks.fitting import require_inputs, require_outputs, written

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import NetworkSpec, Shape

# Beyond the places of any list of augmentations, whose draws these must not repeat.
_SLOT = 1 << 16


class PixelOptions(Settings):
    """Options of every task that a PixelNet can do."""

    pixels: int = Field(
        2000,
        ge=0,
        le=1_000_000,
        description="Pixels of each picture to learn from in a step, for networks with a Hypercolumn such as "
        "PixelNet; 0 takes all. Other networks always learn from all.",
        json_schema_extra=counts_if(hypercolumn=[True]),
    )


class MapTask(Task):
    """A task whose answer has a value, or several, for every pixel.

    The first Output is the answer; the network may have further ones where a subclass makes use of them. Where the
    drawing has a Hypercolumn, it is trained at sampled pixels and measured at all of them (Bansal et al. 2017): then
    maps are (N, C, P, 1) and targets (N, P, 1), which every loss takes like maps of that height and width.

    Class variables:
        target: the name of the target that is learned.
        several: whether further outputs are learned from, too.

    Attributes:
        channels: that the network's output must have.
        meaning: what these channels are, in words for a message.
    """

    target: ClassVar[str]
    several: ClassVar[bool] = False
    channels: int
    meaning: str

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        self._sampled = 0  # pixels of each picture in training; 0 for all

    # before the training

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        require_inputs(inputs, [sample])
        if not self.several:
            require_outputs(outputs, 1)
        for id, shape in outputs.items():
            check_map(id, shape, sample, self.channels, self.meaning)

    def training_spec(self, spec: NetworkSpec) -> NetworkSpec:
        from engine.graph.pixels import LAYER, at_pixels

        wanted = getattr(self.options, "pixels", 0)
        self._sampled = 0
        if not wanted or not any(node.type == LAYER for node in spec.nodes):
            return spec
        shape = spec.inputs[0].params.get("shape", ())
        if len(shape) == 3 and shape[1] * shape[2] <= wanted:
            return spec
        self._sampled = wanted
        return at_pixels(spec, wanted)

    # a step

    def feed(self, batch: Batch) -> Batch:
        if not self._sampled or not batch.learning:
            return batch
        from engine.datasets.draws import Draws, sample_keys
        from engine.tasks.dense.pixel_sampling import at_positions, stratified_pixels

        truth = batch.targets[self.target]
        draws = Draws(sample_keys(batch.seed, batch.epoch, batch.indices), _SLOT)
        positions = stratified_pixels(self.strata(truth), self._sampled, draws)
        return batch.with_(
            inputs=(*batch.inputs, positions.float()),
            targets={**batch.targets, self.target: at_positions(truth, positions)},
        )

    def strata(self, truth: Tensor) -> Tensor:
        """Pixel classes (N, H, W) of which every one has its share among the sampled pixels."""
        return truth

    def answer(self, outputs: Outputs, batch: Batch) -> Tensor:
        """The network's answer, float32 (N, C, h, w), enlarged where it is a coarse map of the whole picture."""
        first = next(iter(outputs.values())).float()
        like = batch.targets.get(self.target, batch.inputs[0])
        return enlarged(first, size_of(like))


def size_of(maps: Tensor) -> tuple[int, int]:
    """(height, width) of maps (..., H, W)."""
    return int(maps.shape[-2]), int(maps.shape[-1])


def check_map(id: str, shape: Shape, sample: Shape, channels: int, meaning: str) -> None:
    """Raise `BadInput` unless an output of this shape (C, h, w) has the channels and lies inside the picture."""
    if len(shape) != 3:
        raise BadInput(
            f"The network's output {id!r} has the shape {written(shape)}, and every pixel needs an answer of its own.",
            f"End the network with a convolution with {channels} output channels instead of Flatten and Linear.",
            node=id,
        )
    if shape[0] != channels:
        raise BadInput(
            f"The network's output {id!r} has {shape[0]} channels, and the task needs {channels}: {meaning}.",
            f"Set the last convolution to {channels} output channels.",
            node=id,
        )
    if not fits((shape[1], shape[2]), (sample[-2], sample[-1])):
        raise BadInput(
            f"The network's output {id!r} is {written(shape[1:])} pixels, more than the picture has "
            f"({written(sample[1:])}).",
            "Take out an enlarging layer, or crop the output with CropLike.",
            node=id,
        )
