"""Pictures that were never there, and pictures drawn again from a code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.draws import Draws, sample_keys
from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.idle import counts_if, counts_unless
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task, Turn
from engine.tasks.batch import Batch, Outputs, Run
from engine.tasks.fitting import require_inputs, written
from engine.tasks.generation.measures import AdversaryMeter, CopyMeter
from engine.tasks.generation.players import ADVICE, DISCRIMINATOR, FAKE, GENERATOR, REAL, Roles, players, roles
from engine.words import percent

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.graph.spec import NetworkSpec, Shape
    from engine.tasks.report import TaskReport

SPREAD = 0.02
_LATENT = 0  # place in the list of draws


class GenerationOptions(Settings):
    range: Literal["-1 to 1", "0 to 1"] = Field(
        "-1 to 1",
        description="Of the values of a picture, for the network as after preprocessing: −1 to 1 with mean 0.5 and "
        "deviation 0.5, for a network that ends in Tanh; 0 to 1 with mean 0 and deviation 1, for one with a Sigmoid.",
    )
    loss: Literal["MSE", "L1", "cross-entropy"] = Field(
        "MSE",
        description="Of an autoencoder: how the picture drawn again is compared; cross-entropy is for 0 to 1. Two "
        "players have losses of their own.",
        json_schema_extra=counts_if(outputs=[1]),
    )
    real_label: float = Field(
        1.0,
        gt=0.5,
        le=1,
        description="What the discriminator is to say of real pictures; 0.9 keeps it from being sure.",
        json_schema_extra=counts_unless(outputs=[1]),
    )


@TASKS.register("generation")
class Generation(Task):
    """A generator against a discriminator, or an autoencoder, whose target is its own input.

    The two players take turns in every step (Goodfellow et al. 2014): the discriminator learns to tell real pictures
    from made ones, −log D(x) − log(1 − D(G(z))), then the generator learns to get past it, −log D(G(z)), the form of
    the loss whose gradient does not vanish while the discriminator is still sure of itself.

    Answers, pictures float32 (N, C, H, W) in 0..1: "made"; "picture", the real one; and with two players "real" and
    "fake", float32 (N,), the probability of being real that the discriminator gives to each.
    """

    label: ClassVar[str] = "Generation"
    help: ClassVar[str] = "Make pictures like those of the data, or squeeze them into a code and draw them again."
    needs: ClassVar[tuple[str, ...]] = ()
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "pixel_distance": ("distance of the pixel statistics", ""),
        "real_for_real": ("real pictures taken for real", "share"),
        "fake_for_real": ("made pictures taken for real", "share"),
        "psnr": ("PSNR", "dB"),
        "mse": ("mean squared error", ""),
    }
    Options: ClassVar[type[Settings]] = GenerationOptions
    options: GenerationOptions

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        self._roles: Roles | None = None  # of a network with two players
        self._players: tuple[tuple[str, ...], tuple[str, ...]] = ((GENERATOR,), (DISCRIMINATOR,))

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        if len(inputs) == len(outputs) == 1:
            (given,), (made,) = inputs.values(), outputs.values()
            if len(given) == 1 and len(made) == 3:
                raise BadInput(
                    "The network makes pictures of random values, and nothing tells it how good they are.", ADVICE
                )
            require_inputs(inputs, [sample])
            if tuple(made) != tuple(sample):
                raise BadInput(
                    f"The network gives {written(made)}, and an autoencoder draws its input again, {written(sample)}.",
                    f"End the network with a picture of {written(sample)}.",
                )
            self._roles = None
            return
        self._roles = roles(inputs, outputs, sample)

    def training_spec(self, spec: NetworkSpec) -> NetworkSpec:
        if len(spec.inputs) > 1:
            self._players = players(spec)
        return spec

    def start_values(self, model: nn.Module, spec: NetworkSpec) -> None:
        """With two players, weights as in the paper of DCGAN: normal with deviation 0.02, around 1 where normalised."""
        import torch

        if self._roles is None:
            return
        for module in model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                torch.nn.init.normal_(module.weight, 1.0, SPREAD)
            elif isinstance(module, torch.nn.modules.conv._ConvNd | torch.nn.Linear):
                torch.nn.init.normal_(module.weight, 0.0, SPREAD)

    def turns(self) -> tuple[Turn, ...]:
        if self._roles is None:
            return (Turn(),)
        generator, discriminator = self._players
        return Turn(DISCRIMINATOR, discriminator), Turn(GENERATOR, generator)

    def feed(self, batch: Batch) -> Batch:
        """Beside the pictures, for two players, standard normal values that follow from seed, epoch and sample."""
        if self._roles is None:
            return batch
        (pictures,) = batch.inputs
        count = int(np.prod(self._roles.latent))
        draws = Draws(sample_keys(batch.seed, batch.epoch, batch.indices), _LATENT)
        latent = draws.normal(count, pictures.device).reshape(len(pictures), *self._roles.latent)
        return batch.with_(inputs=(latent, pictures) if self._roles.latent_first else (pictures, latent))

    def step(self, run: Run, batch: Batch, turn: Turn) -> tuple[Outputs, Mapping[str, Tensor]]:
        from torch.nn.functional import binary_cross_entropy_with_logits, softplus

        outputs = run(*batch.inputs)
        if not turn.name:
            return outputs, self.losses(outputs, batch)
        real, fake = outputs[REAL].float(), outputs[FAKE].float()
        if turn.name == GENERATOR:
            return outputs, {GENERATOR: softplus(-fake).mean()}
        of_real = binary_cross_entropy_with_logits(real, real.new_full(real.shape, self.options.real_label))
        return outputs, {DISCRIMINATOR: of_real + softplus(fake).mean()}

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """Both players' losses as they stand, or how far the pictures drawn again are from the real ones."""
        from torch.nn import functional

        if self._roles is not None:
            real, fake = outputs[REAL].float(), outputs[FAKE].float()
            return {
                DISCRIMINATOR: functional.softplus(-real).mean() + functional.softplus(fake).mean(),
                GENERATOR: functional.softplus(-fake).mean(),
            }
        (made,) = outputs.values()
        (picture,) = batch.inputs
        if self.options.loss == "MSE":
            return {"MSE": functional.mse_loss(made.float(), picture)}
        if self.options.loss == "L1":
            return {"L1": functional.l1_loss(made.float(), picture)}
        sure = self._shares(made).clamp(1e-7, 1 - 1e-7)
        truth = self._shares(picture)
        return {"cross-entropy": -(truth * sure.log() + (1 - truth) * (1 - sure).log()).mean()}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        if self._roles is None:
            (made,), (picture,) = outputs.values(), batch.inputs
            return {"made": self._shares(made), "picture": self._shares(picture)}
        chances = {name: outputs[name].float().sigmoid().flatten(0) for name in (REAL, FAKE)}
        made, picture = outputs[self._roles.made], batch.inputs[self._roles.latent_first]
        return {"made": self._shares(made), "picture": self._shares(picture), **chances}

    def _shares(self, pictures: Tensor) -> Tensor:
        """Pictures in the network's range as 0..1."""
        values = pictures.float()
        return (values + 1) / 2 if self.options.range == "-1 to 1" else values

    def meter(self, full: bool = False) -> Meter:
        return CopyMeter() if self._roles is None else AdversaryMeter()

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        made = _image(answer["made"])
        if FAKE in answer:
            chance = float(answer[FAKE])
            sure = percent(chance, 0)
            tip = f"Made of random values. The discriminator is {sure} sure that it is real."
            return Sketch(made, f"{sure} real", tip=tip, score=chance)
        real = _image(answer["picture"])
        error = float(((answer["made"] - answer["picture"]) ** 2).mean())
        decibels = -10 * np.log10(max(error, 1e-12))
        beside = np.concatenate([real, made], axis=1)
        return Sketch(beside, f"{decibels:.1f} dB", "right: drawn again", tip="Left: the picture.", score=decibels)

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.report import TaskReport

        plots = (meter.shades(),) if isinstance(meter, AdversaryMeter) else ()
        return TaskReport(dict(meter.result()), plots=plots, examples=tuple(sketches))


def _image(picture: np.ndarray) -> np.ndarray:
    """(C, H, W) in 0..1 as uint8 (H, W) or (H, W, 3)."""
    image = np.rint(picture.clip(0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
