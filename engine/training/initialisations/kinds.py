"""The ways to choose start values that the literature knows by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.training.initialisations.base import INITIALISATIONS, Initialisation

if TYPE_CHECKING:
    from torch import Tensor


@INITIALISATIONS.register("usual")
class Usual(Initialisation):
    """What PyTorch gives each layer by itself: evenly spread values that shrink with the number of inputs."""

    label: ClassVar[str] = "As PyTorch does"


@INITIALISATIONS.register("zeros")
class Zeros(Initialisation):
    """All weights 0. Every unit of a layer then computes the same and gets the same gradient, so they stay alike for
    ever and the network learns next to nothing: it is here to be seen.
    """

    label: ClassVar[str] = "Zeros (to see why not)"

    def fill(self, weight: Tensor) -> None:
        weight.zero_()


@INITIALISATIONS.register("normal")
class Normal(Initialisation):
    """Values from a normal distribution with mean 0 and one deviation for all layers, as in AlexNet (0.01)."""

    label: ClassVar[str] = "Normal"

    deviation: float = Field(0.01, gt=0, le=10, description="Standard deviation of the weights.")

    def fill(self, weight: Tensor) -> None:
        from torch import nn

        nn.init.normal_(weight, 0.0, self.deviation)


@INITIALISATIONS.register("xavier")
class Xavier(Initialisation):
    """Variance `2 / (inputs + outputs)`, so that signals and gradients keep their size through tanh and sigmoid layers.

    Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """

    label: ClassVar[str] = "Xavier (Glorot)"

    spread: Literal["uniform", "normal"] = Field("uniform", description="The shape of the distribution.")

    def fill(self, weight: Tensor) -> None:
        from torch import nn

        (nn.init.xavier_uniform_ if self.spread == "uniform" else nn.init.xavier_normal_)(weight)


@INITIALISATIONS.register("kaiming")
class Kaiming(Initialisation):
    """Variance `2 / inputs`: twice as much as for tanh, because ReLU takes half of every signal away.

    He, Zhang, Ren and Sun, 2015, "Delving deep into rectifiers".
    """

    label: ClassVar[str] = "Kaiming (He)"

    spread: Literal["normal", "uniform"] = Field("normal", description="The shape of the distribution.")
    keep: Literal["fan_in", "fan_out"] = Field(
        "fan_in", description="Keep the size of the signals (fan_in) or that of the gradients (fan_out)."
    )

    def fill(self, weight: Tensor) -> None:
        from torch import nn

        make = nn.init.kaiming_normal_ if self.spread == "normal" else nn.init.kaiming_uniform_
        make(weight, mode=self.keep, nonlinearity="relu")


@INITIALISATIONS.register("orthogonal")
class Orthogonal(Initialisation):
    """Rows that stand at right angles to each other, so that a layer neither shrinks nor stretches any direction.

    Saxe, McClelland and Ganguli, 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear networks".
    """

    label: ClassVar[str] = "Orthogonal"

    gain: float = Field(1.0, gt=0, le=10, description="What the rows are multiplied by; √2 suits ReLU.")

    def fill(self, weight: Tensor) -> None:
        from torch import nn

        nn.init.orthogonal_(weight, self.gain)
