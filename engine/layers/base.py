"""What a layer is: a frozen declaration of its parameters, and how to build the module. Never imports torch.

The inspector form, the palette, the save format, the generated code and the contract test all come from the
declaration. Output shapes are never written down: the meta device answers them from the module that `build` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.complaints import words
from engine.errors import BadInput
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import NodeSpec, Shape

Category = Literal[
    "input", "convolution", "pooling", "activation", "normalisation", "dense", "recurrent", "attention",
    "regularisation", "shape", "merge", "block",
]  # fmt: skip

LAYERS: Registry[type[Layer]] = Registry("layer", "engine.layers")


class Layer(BaseModel):
    """Base of all layers. A subclass's fields are the parameters, each with default, range and `description`.

    The subclass's docstring is the text that a learner reads. Class variables:

        label: what the palette and the card say; PyTorch's name where there is one.
        category: colour and palette section.
        keywords: further words that the palette's search finds.
        icon: name of a glyph of the theme; the category's own unless a layer names a better one.
        inputs, outputs: port names. `variadic` means the single input port takes two or more edges.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: ClassVar[str]
    category: ClassVar[Category]
    keywords: ClassVar[tuple[str, ...]] = ()
    icon: ClassVar[str] = ""
    inputs: ClassVar[tuple[str, ...]] = ("in",)
    outputs: ClassVar[tuple[str, ...]] = ("out",)
    variadic: ClassVar[bool] = False

    def input_ports(self) -> tuple[str, ...]:
        """Names of the ports that take edges; a layer whose ports depend on its settings overrides this."""
        return self.inputs

    def output_ports(self) -> tuple[str, ...]:
        """Names of the ports that edges leave; a layer whose ports depend on its settings overrides this."""
        return self.outputs

    def build(self, *input_shapes: Shape) -> nn.Module:
        """Return the module for inputs of these shapes (without the batch).

        Widths such as `in_channels` come from the shapes. Raises `BadInput` when the shapes cannot work, with the
        numbers in the message; what only PyTorch notices is caught by the caller.
        """
        raise NotImplementedError

    def summary(self) -> str:
        """The second line of the card: what matters, such as "16 filters · 5×5 · stride 1 · same"."""
        return ""

    def formula(self, *input_shapes: Shape) -> str:
        """How the output size and the parameter count come about, with these numbers put in; "" if trivial."""
        return ""


def register(id: str):  # type: ignore[no-untyped-def]
    """Class decorator: file the layer in `LAYERS` under a stable id, with its category's icon if it has none."""

    def file(layer: type[Layer]) -> type[Layer]:
        layer.icon = layer.icon or layer.category
        LAYERS.add(id, layer)
        return layer

    return file


def layer_of(node: NodeSpec) -> Layer:
    """Parse a node's parameters into its layer, or raise `BadInput` that names the node and the parameter."""
    return parse_layer(node.type, node.params, node.id)


def parse_layer(type: str, params: Mapping[str, Any], node: str | None = None) -> Layer:
    declaration = LAYERS.get(type)
    try:
        return declaration.model_validate(dict(params))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        where = f"{node}: " if node else ""
        raise BadInput(
            f"{where}{type} cannot use {name} = {first.get('input')!r}.",
            words(first),
            node=node,
            details=str(error),
        ) from None
