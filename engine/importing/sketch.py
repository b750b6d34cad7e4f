"""A network as it is taken over: one step per layer, flat, each with the module call that it happened in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from engine.errors import BadInput
from engine.frozen import FrozenDict, freeze
from engine.graph.ports import input_ports, is_variadic, output_ports
from engine.graph.shapes import facts_of, written
from engine.graph.spec import NodeSpec, Shape
from engine.importing.elements import Depth, Elements, join, same


class Unsupported(Exception):
    """Something that no layer stands for; the text names it for the list that the person sees."""


@dataclass(frozen=True)
class Batch:
    """Stands for the number of pictures, or of all their elements, wherever a forward asks for it."""

    each: Depth = ()

    def __repr__(self) -> str:
        return "the batch"


BATCH = Batch()


@dataclass(frozen=True)
class Wire:
    """A tensor that flows.

    Attributes:
        step, port: where it comes out.
        shape: without the batch, and without the axes of the elements that it is read by.
        each: those elements, outermost first.
    """

    step: int
    port: str
    shape: Shape
    each: Depth = ()

    @property
    def batch(self) -> Batch:
        return Batch(self.each) if self.each else BATCH

    def is_batch(self, size: Any) -> bool:
        """Whether a size is that of this wire's batch, not of another's."""
        return isinstance(size, Batch) and same(size.each, self.each)

    def by_element(self, calls: tuple[Call, ...]) -> Wire:
        """The same tensor, its first axis taken into the batch."""
        return replace(self, shape=self.shape[1:], each=(*self.each, Elements(self.shape[0], calls)))

    def whole(self, sizes: Sequence[Any]) -> Wire:
        """The same tensor with its elements on an axis again; `sizes` are those of the batch and of that axis."""
        if not self.each:
            raise Unsupported("unflatten of the batch")
        count = self.each[-1].count
        wire = replace(self, shape=(count, *self.shape), each=self.each[:-1])
        first, second = sizes if len(sizes) == 2 else (None, None)
        if not ((wire.is_batch(first) and second in (count, -1)) or (first == -1 and second == count)):
            raise Unsupported("unflatten of the batch into something else than it was made of")
        return wire


class Sizes(tuple[Any, ...]):
    """The sizes of a wire, batch first; a slice remembers which wire they were read from."""

    of: Wire | None

    def __new__(cls, sizes: Sequence[Any], of: Wire | None = None) -> Sizes:
        made = super().__new__(cls, sizes)
        made.of = of
        return made

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Sizes(found, self.of) if isinstance(key, slice) else found


@dataclass(frozen=True, eq=False)
class Free:
    """A tensor that is there before any picture comes: a weight or a constant.

    Attributes:
        key: its name in the state dict, or "" for a constant that has none.
        trained: whether training changes it.
        spread: whether it has been repeated for every picture, so that its first size stands for the batch.
    """

    key: str
    value: Tensor
    trained: bool = False
    spread: bool = False


@dataclass(frozen=True)
class Call:
    """One call of a module: `key` tells two calls of one module apart, `path` is its name in the network.

    A call with `each` is none of a module, but stands around what is done to each element; it has no path.
    """

    key: str
    path: str
    each: bool = False


@dataclass(frozen=True)
class Weight:
    """Where a weight of ours comes from: the name and the value there, in the shape that ours has."""

    key: str
    value: Tensor


@dataclass
class Step:
    """A layer to be: what it is, what feeds it, and where in the module it happens.

    Attributes:
        path: dotted name, such as "layer1.0.conv1" or "layer1.0.add".
        calls: the module calls around it, outermost first.
        weights: our weight name within the layer -> where it comes from.
        shares: number of the earlier step whose weights it uses again.
        each: the elements that it reads one by one.
    """

    type: str
    params: FrozenDict
    path: str
    wires: tuple[Wire, ...] = ()
    ports: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    weights: Mapping[str, Weight] = field(default_factory=dict)
    shares: int | None = None
    each: Depth = ()


@dataclass
class Sketch:
    """All steps in order of computation, and what could not be taken over.

    Attributes:
        module_name: what messages call the network.
        merged: whether equal weights may have been stored as one, so that one name in two places means little.
        learned: the wires of free tensors that are already drawn, by key and by the elements that read them.
    """

    module_name: str
    merged: bool = False
    steps: list[Step] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    learned: dict[tuple[str, Depth], Wire] = field(default_factory=dict)
    _owners: dict[tuple[str, ...], int] = field(default_factory=dict)

    def put(
        self,
        type: str,
        path: str,
        params: Mapping[str, Any],
        wires: Sequence[Wire],
        calls: tuple[Call, ...] = (),
        weights: Mapping[str, Weight] | None = None,
    ) -> tuple[Wire, ...]:
        """Add a step and return what comes out of it, port by port. Raises `BadInput` if it cannot work there."""
        each = join([wire.each for wire in wires])
        if each is None:
            raise Unsupported("Flatten that takes in the batch")
        frozen = FrozenDict(freeze(params))
        facts = facts_of(type, frozen, [wire.shape for wire in wires])
        if facts.failure is not None:
            given = " and ".join(written(wire.shape) for wire in wires)
            raise BadInput(
                f"{path or type} ({type}) does not work on {given}: {facts.failure.what}", "Import with another input."
            )
        node = NodeSpec("node", type, frozen)
        ports = input_ports(node)
        names = ports * len(wires) if is_variadic(node) else ports[: len(wires)]
        if len(names) != len(wires):
            raise Unsupported(f"{type} ({path}) with {len(wires)} inputs")
        number = len(self.steps)
        step = Step(type, frozen, path, tuple(wires), names, calls, weights or {}, each=each)
        self._share(step, number)
        self.steps.append(step)
        pairs = zip(output_ports(node), facts.output_shapes, strict=True)
        return tuple(Wire(number, port, shape, each) for port, shape in pairs)

    def _share(self, step: Step, number: int) -> None:
        """Weights that an earlier step has are shared with it, provided that the two are alike."""
        used = tuple(sorted(weight.key for weight in step.weights.values() if weight.key))
        if not used:
            return
        earlier = self._owners.setdefault(used, number)
        if earlier == number:
            clash = next((n for keys, n in self._owners.items() if n != number and set(keys) & set(used)), None)
            if clash is not None and not self.merged:
                del self._owners[used]
                self._clash(used, step, self.steps[clash])
            return
        first = self.steps[earlier]
        if self.merged and not (first.type == step.type and first.params == step.params):
            return
        if (first.type, first.params) != (step.type, step.params):
            self._clash(used, step, first)
        step.shares = earlier

    def _clash(self, used: tuple[str, ...], step: Step, first: Step) -> None:
        raise Unsupported(
            f"the weight {used[0]}, which {first.type} ({first.path}) and {step.type} ({step.path}) share"
        )


def trusted_value(weight: Free) -> Weight:
    """A free tensor as the weight of a layer."""
    return Weight(weight.key, weight.value)
