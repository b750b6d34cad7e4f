"""The picture without its noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.spec import Settings
from engine.idle import counts_unless
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.dense.noise import NoiseKind
from engine.tasks.dense.task import check_map, size_of
from engine.tasks.fitting import require_inputs, require_outputs

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import NetworkSpec, Shape
    from engine.tasks.report import TaskReport

_LAYER = "Noise"


class DenoisingOptions(Settings):
    noise: NoiseKind = Field(
        "gaussian",
        description="How pictures are spoilt: normal noise on every value, black and white pixels, or black ones; none "
        "for a drawing with a Noise layer of its own. Data that brings clean pictures beside noisy ones needs none.",
    )
    amount: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Standard deviation of the normal noise (0 black, 1 white), or share of pixels hit.",
        json_schema_extra=counts_unless(noise=["none"]),
    )
    noise_on_pairs: bool = Field(
        False,
        description="Add the noise also where the data brings clean pictures beside noisy ones; usually those are "
        "taken as they are.",
        json_schema_extra=counts_unless(noise=["none"], clean=[False]),
    )
    loss: Literal["MSE", "L1", "Huber"] = Field(
        "MSE",
        description="Squared difference, which is what PSNR measures; absolute, which keeps edges sharper; or squared "
        "below 0.1 and absolute above.",
    )


@TASKS.register("denoising")
class Denoising(Task):
    """As many output channels as the picture has, its values from 0 for black to 1 for white.

    The noise of a picture follows from the run's seed, the epoch and the picture; validation and test see the same
    every time. Where the data brings clean pictures beside its noisy ones, no noise is added. A Noise layer of the
    drawing rests while the task itself makes the noise.

    Answers: "restored", float32 (N, C, h, w) in 0..1; with it "given" and "original", (N, C, H, W) in 0..1, where the
    picture without noise is known.
    """

    label: ClassVar[str] = "Denoising"
    help: ClassVar[str] = "Give back the picture without its noise."
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ("clean",)
    headline: ClassVar[str] = "psnr"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "psnr": ("PSNR", "dB"),
        "gain": ("Gain over the noisy picture", "dB"),
        "psnr_given": ("PSNR of the noisy picture", "dB"),
        "ssim": ("SSIM", ""),
    }
    Options: ClassVar[type[Settings]] = DenoisingOptions
    options: DenoisingOptions

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        require_inputs(inputs, [sample])
        require_outputs(outputs, 1)
        ((id, shape),) = outputs.items()
        check_map(id, shape, sample, sample[0], "those of the picture")

    def training_spec(self, spec: NetworkSpec) -> NetworkSpec:
        from engine.graph.edits import set_params

        if self.options.noise != "none":
            for node in spec.nodes:
                if node.type == _LAYER:
                    spec = set_params(spec, node.id, amount=0.0)
        return spec

    def feed(self, batch: Batch) -> Batch:
        from engine.tasks.dense.noise import spoilt

        (inputs,) = batch.inputs
        given = inputs if batch.scale is None else batch.scale.restore(inputs).float() / 255
        paired = "clean" in batch.targets
        original = batch.targets["clean"].float() / 255 if paired else given
        if self.options.noise != "none" and (self.options.noise_on_pairs or not paired):
            given = spoilt(
                given,
                self.options.noise,
                self.options.amount,
                seed=batch.seed,
                epoch=batch.epoch,
                indices=batch.indices,
            )
            inputs = given if batch.scale is None else batch.scale.normalise(given * 255)
        return batch.with_(inputs=(inputs,), targets={**batch.targets, "given": given, "original": original})

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        from torch.nn import functional

        from engine.tasks.dense.sizes import middle_of

        found = self._picture(outputs, batch)
        original = middle_of(batch.targets["original"], found)
        if self.options.loss == "Huber":
            return {"huber": functional.huber_loss(found, original, delta=0.1)}
        if self.options.loss == "L1":
            return {"l1": functional.l1_loss(found, original)}
        return {"mse": functional.mse_loss(found, original)}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        found = {"restored": self._picture(outputs, batch).clamp(0, 1)}
        return found | {name: batch.targets[name] for name in ("given", "original") if name in batch.targets}

    @staticmethod
    def _picture(outputs: Outputs, batch: Batch) -> Tensor:
        from engine.tasks.dense.sizes import enlarged

        (found,) = outputs.values()
        return enlarged(found.float(), size_of(batch.inputs[0]))

    def meter(self, full: bool = False) -> Meter:
        from engine.tasks.dense.restoring import RestoringMeter

        return RestoringMeter(full)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        from engine.tasks.dense.sketches import restored_sketch

        return restored_sketch(picture, answer)

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.dense.reports import restored_report
        from engine.tasks.dense.restoring import RestoringMeter

        assert isinstance(meter, RestoringMeter)
        return restored_report(meter, sketches)
