"""What an analysis says: facts about every node, totals, problems with their repairs. Values; never imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.graph.spec import NetworkSpec, Shape

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """The part of the network's input that one value of a layer depends on, per axis (height, width).

    Attributes:
        size: extent in input pixels, by arithmetic alone: padding can make it larger than the picture. Where values
            differ, as they do after a picture has been enlarged, that of the ones which see most.
        jump: how many input pixels lie between neighbouring values; 0 where every value sees the same.
        centre: input position that the layer's first value is centred on; negative inside the padding.
    """

    size: tuple[int, ...]
    jump: tuple[float, ...]
    centre: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What is known about one node. For a block, the numbers are sums over the nodes inside.

    Attributes:
        id: the node's id; inside a block "block.inner".
        input_shapes: one per edge that arrives, without the batch; empty while something before it is unknown.
        output_shape: what leaves by the first port, or None while it is unknown.
        output_shapes: what leaves by every port.
        parameters, trainable_parameters: counts of numbers.
        macs: multiply-accumulates for one picture.
        activation_bytes: memory of the outputs for one picture; 0 where they are only another view of the input.
    """

    id: str
    type: str
    input_shapes: tuple[Shape, ...] = ()
    output_shape: Shape | None = None
    output_shapes: tuple[Shape, ...] = ()
    parameters: int = 0
    trainable_parameters: int = 0
    macs: int = 0
    activation_bytes: int = 0
    receptive_field: ReceptiveField | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """A one-click remedy: `apply` is an edit that can be pickled. It raises `BadInput` if the drawing has changed."""

    id: str
    label: str
    apply: Callable[[NetworkSpec], NetworkSpec] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or doubtful, at a node ("block.inner" inside blocks) or, with None, in the whole network.

    Attributes:
        kind: stable word for the sort of problem, such as "missing-input".
        message: one sentence with the numbers of the case.
        advice: one sentence that says what to do.
        repairs: the first is the one that most people want.
    """

    severity: Severity
    kind: str
    node: str | None
    message: str
    advice: str = ""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the nodes that contribute to an output, for one picture.

    Attributes:
        activation_bytes: memory of all outputs together.
        training_bytes: what autograd keeps of a forward in training mode until the backward pass, the picture included:
            a convolution, dense layer, batch norm or pooling keeps its input, ReLU, sigmoid and softmax their output,
            max pooling its switches and dropout its mask besides; adding and joining keep nothing. A value that two
            layers keep counts once. Weights, gradients and the optimiser's state come on top. It is as if the
            picture itself had a gradient, and what a library keeps for its own speed is not known, so that a
            measurement can differ by a few per cent.
        inference_bytes: the most that is alive at the same time when every value is forgotten after its last use and
            activations work in place where that is safe, as in the compiled network; the picture included, the scratch
            memory inside a layer not.
        parameter_bytes: memory of the weights as float32.
    """

    parameters: int = 0
    trainable_parameters: int = 0
    macs: int = 0
    activation_bytes: int = 0
    training_bytes: int = 0
    inference_bytes: int = 0
    parameter_bytes: int = 0


@dataclass(frozen=True)
class Analysis:
    """Everything that is known about a network.

    Attributes:
        nodes: by the ids of the drawing, and by "block.inner" for the nodes inside blocks, at every depth.
        problems: errors first, then warnings, then hints; each in the order of computation.
        input, output: shape of the only input and output; a tuple of shapes if there are several; None if unknown.
    """

    spec: NetworkSpec
    nodes: Mapping[str, NodeInfo]
    problems: tuple[Problem, ...]
    totals: Totals
    input: Shape | tuple[Shape | None, ...] | None
    output: Shape | tuple[Shape | None, ...] | None
    classes: int | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")
