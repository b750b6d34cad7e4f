"""Dense layers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.idle import counts_if
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

_KINDS = {3: "a picture", 4: "a volume or clip"}


@register("Linear")
class Linear(Layer):
    """Every output is a weighted sum of all inputs, plus a bias: a dense or fully connected layer.

    It knows nothing of neighbourhood: shuffle the pixels the same way in every picture and it learns just as well. That
    is why it stands at the end, after convolutions. Parameters: out·(in + 1).
    """

    label: ClassVar[str] = "Linear"
    category: ClassVar[Category] = "dense"
    keywords: ClassVar[tuple[str, ...]] = ("dense", "fully connected", "fc", "head")

    out_features: Count = Field(10, description="How many values come out; in the last layer, the number of classes.")
    bias: bool = Field(True, description="Add one trainable number per output.")
    last_dim: bool = Field(
        False, description="Work along the last dimension of a picture with channels last, which is refused otherwise."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        shape = input_shapes[0]
        if len(shape) > 2 and not self.last_dim:
            # PyTorch would quietly work along the width, which is never what a drawing means.
            given = "×".join(str(size) for size in shape)
            raise BadInput(
                f"Linear expects a flat vector but gets {given}, {_KINDS.get(len(shape), 'a block')} of "
                f"{math.prod(shape):,} values.",
                "Insert Flatten before it.",
            )
        return nn.Linear(shape[-1], self.out_features, bias=self.bias)

    def summary(self) -> str:
        return f"{self.out_features:,} outputs" + ("" if self.bias else " · no bias")

    def formula(self, *input_shapes: Shape) -> str:
        width = input_shapes[0][-1]
        total = self.out_features * (width + int(self.bias))
        return f"parameters = {self.out_features}·({width}{' + 1' if self.bias else ''}) = {total:,}"


@register("Bilinear")
class Bilinear(Layer):
    """Every output weighs every product of a value of the first with a value of the second input: aᵀ·W·b + c.

    It asks how two things go together, where Linear on both joined end to end only adds up what each says.
    Parameters: out·(a·b + 1).
    """

    label: ClassVar[str] = "Bilinear"
    category: ClassVar[Category] = "dense"
    keywords: ClassVar[tuple[str, ...]] = ("pair", "product", "interaction", "matching")
    inputs: ClassVar[tuple[str, ...]] = ("first", "second")

    out_features: Count = Field(10, description="How many values come out.")
    bias: bool = Field(True, description="Add one trainable number per output.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        one, other = input_shapes
        if one[:-1] != other[:-1] or len(one) == 3:
            raise BadInput(
                f"Bilinear expects two vectors but gets {shown(one)} and {shown(other)}.",
                "Insert Flatten before it.",
            )
        return nn.Bilinear(one[-1], other[-1], self.out_features, bias=self.bias)

    def summary(self) -> str:
        return f"{self.out_features:,} outputs"

    def formula(self, *input_shapes: Shape) -> str:
        one, other = input_shapes[0][-1], input_shapes[1][-1]
        total = self.out_features * (one * other + int(self.bias))
        return f"parameters = {self.out_features}·({one}·{other}{' + 1' if self.bias else ''}) = {total:,}"


@register("RBFUnits")
class RBFUnits(Layer):
    """Compares its input with learned centres: Σ(x − centre)², small when they are alike, or e^(−β·Σ(x − centre)²).

    A radial basis function network is one such layer with Gaussians and a Linear layer after it (Broomhead and Lowe
    1988). Unlike a Linear unit, which answers everywhere on one side of a plane, it answers near its centre only.
    Parameters: out·in.
    """

    label: ClassVar[str] = "RBFUnits"
    category: ClassVar[Category] = "dense"
    icon: ClassVar[str] = "radial"
    keywords: ClassVar[tuple[str, ...]] = ("radial basis function", "gaussian", "centre", "prototype", "distance")

    out_features: Count = Field(10, description="Number of centres.")
    output: Literal["logits", "distance", "gaussian"] = Field(
        "gaussian", description="Negated squared distance, the squared distance, or a Gaussian of it."
    )
    beta: float = Field(
        1.0,
        gt=0,
        le=1e6,
        description="Narrowness β of the Gaussians.",
        json_schema_extra=counts_if(output=["gaussian"]),
    )
    trained: bool = Field(True, description="Learn the centres; otherwise they stay where they start.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.rbf import RBFUnits as Module

        if len(input_shapes[0]) != 1:
            raise BadInput(f"RBFUnits compares vectors but gets {shown(input_shapes[0])}.", "Insert Flatten before it.")
        return Module(input_shapes[0][0], self.out_features, self.output, self.beta, self.trained)

    def summary(self) -> str:
        return f"{self.out_features} centres · {self.output}"

    def formula(self, *input_shapes: Shape) -> str:
        width = input_shapes[0][0]
        return f"parameters = {self.out_features}·{width} = {self.out_features * width:,}"


@register("RBF")
class RBF(Layer):
    """Compares its input with a fixed picture of each class: Σ(x − code)², small when they are alike.

    LeNet-5 (1998) ends in ten of these, one per digit, each with a 7×12 drawing of the digit as its code, so 84 inputs.
    The codes are not trained. As logits the distance is negated, so that the largest score still wins.
    """

    label: ClassVar[str] = "RBF"
    category: ClassVar[Category] = "dense"
    icon: ClassVar[str] = "radial"
    keywords: ClassVar[tuple[str, ...]] = ("radial basis function", "lenet", "euclidean")

    codes: Literal["digits"] = Field("digits", description="Which fixed drawings to compare with.")
    output: Literal["logits", "distance"] = Field("logits", description="Negated distance, or the distance itself.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.rbf import DigitRBF

        width = input_shapes[0][-1]
        if len(input_shapes[0]) != 1 or width != 84:
            given = "×".join(str(size) for size in input_shapes[0])
            raise BadInput(
                f"RBF compares with drawings of 7×12 = 84 pixels but gets {given}.",
                "Put a Linear layer with 84 outputs before it.",
            )
        return DigitRBF(negate=self.output == "logits")

    def summary(self) -> str:
        return f"10 digit codes · {self.output}"
