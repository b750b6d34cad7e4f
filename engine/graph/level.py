"""One network, or the inside of one block, with its shapes worked out: what the problem checkers look at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock

from engine.graph.memory import Need, need_of
from engine.graph.ports import input_ports, is_each, is_variadic, output_ports
from engine.graph.receptive import BLIND, Branches, Sight, after, at_input, union
from engine.graph.results import NodeInfo
from engine.graph.shapes import Facts, Failure, facts_of, written
from engine.graph.sharing import alike, family
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec, Shape
from engine.graph.topology import order, reachable
from engine.layers.base import LAYERS


@dataclass(frozen=True, slots=True)
class Signal:
    """What travels along an edge: a shape, and what each value in it sees of the input."""

    shape: Shape
    sight: Sight | None = None


@dataclass(frozen=True)
class Level:
    """A network with what is known about its nodes.

    Attributes:
        entering: for the inside of a block, what comes in by each Input node; None for a whole network.
        order: ids in order of computation, without those on or behind a cycle.
        infos: by id in this level, whatever could be worked out.
        failures: what kept a node from being computed, by its id.
        missing: input ports that nothing feeds, by node id.
        inside: the levels of the blocks whose inputs are known, by the block's id.
        live: ids that contribute to an output; every id when there is no output.
        leaving: what goes out by each Output node.
        weights: shapes of all weights and buffers in it, those that nodes share counted once.
        facts: what the layers say about themselves, by id.
        signals: what leaves each node, by id and port.
    """

    spec: NetworkSpec
    entering: tuple[Signal | None, ...] | None
    order: tuple[str, ...]
    infos: Mapping[str, NodeInfo]
    failures: Mapping[str, Failure]
    missing: Mapping[str, tuple[str, ...]]
    inside: Mapping[str, Level]
    live: frozenset[str]
    leaving: tuple[Signal | None, ...]
    weights: Mapping[str, tuple[Shape, ...]]
    facts: Mapping[str, Facts]
    signals: Mapping[tuple[str, str], Signal]

    @cached_property
    def need(self) -> Need:
        """The memory that it takes to run."""
        return need_of(self)

    def shapes_into(self, id: str) -> tuple[Shape, ...]:
        """Shapes of all inputs of a node, or () if one of them is unknown."""
        info = self.infos.get(id)
        return info.input_shapes if info else ()

    def arriving(self, id: str) -> tuple[EdgeSpec, ...]:
        """The edges into a node, one per input port in order; those of a variadic port as they stand."""
        return arriving(self.spec, self.spec.by_id[id])

    def feeding(self, id: str) -> EdgeSpec | None:
        """The first edge into a node."""
        edges = self.spec.edges_into.get(id, ())
        return edges[0] if edges else None


@dataclass
class _Work:
    """What `resolve` gathers on its way."""

    signals: dict[tuple[str, str], Signal] = field(default_factory=dict)
    infos: dict[str, NodeInfo] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inside: dict[str, Level] = field(default_factory=dict)
    weights: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)


def resolve(spec: NetworkSpec, entering: tuple[Signal | None, ...] | None = None) -> Level:
    """Work out every shape. Layers and blocks that were seen before with the same inputs are not computed again."""
    ordered = order(spec)
    work = _Work()
    entries = {node.id: n for n, node in enumerate(spec.inputs)}
    for id in ordered:
        node = spec.by_id[id]
        if entering is not None and node.type == INPUT:
            _enter(node, entering[entries[id]], work)
            continue
        signals = _gather(spec, node, work)
        if signals is not None:
            _compute(node, signals, work)
    for node in spec.nodes:
        if node.id not in work.infos:
            work.infos[node.id] = NodeInfo(node.id, node.type)
    leaving = tuple(_into(spec, node.id, work) for node in spec.outputs)
    ends = [node.id for node in spec.outputs]
    live = reachable(spec, ends, upstream=True) if ends else frozenset(spec.by_id)
    for node in spec.nodes:
        if node.shares is not None:
            _share(spec, node, live, work)
    return Level(
        spec,
        entering,
        ordered,
        work.infos,
        work.failures,
        work.missing,
        work.inside,
        live,
        leaving,
        work.weights,
        work.facts,
        work.signals,
    )


def _share(spec: NetworkSpec, node: NodeSpec, live: frozenset[str], work: _Work) -> None:
    """Count weights once, and name a node that cannot use those that it shares."""
    owner = spec.by_id.get(node.shares or "")
    carrier = next((id for id in family(spec, node.id) if id in live and id in work.weights), None) if owner else None
    if carrier != node.id:
        work.infos[node.id] = replace(work.infos[node.id], parameters=0, trainable_parameters=0)
    if owner is None or owner.shares is not None or not alike(node, owner):
        work.failures[node.id] = Failure(
            f"it is to use the weights of {node.shares}, "
            + ("which is not there" if owner is None else "which is not the same layer with the same settings")
            + ".",
            "Give it weights of its own.",
            parameter=True,
        )
        return
    ours, theirs = work.weights.get(node.id), work.weights.get(owner.id)
    if ours is None or theirs is None or ours == theirs:
        return
    into = [" and ".join(written(shape) for shape in work.infos[id].input_shapes) for id in (node.id, owner.id)]
    work.failures[node.id] = Failure(
        f"it uses the weights of {owner.id}, which are made for {into[1]}, and gets {into[0]}.",
        f"Feed it the same number of channels as {owner.id}, or give it weights of its own.",
        parameter=True,
    )


def _enter(node: NodeSpec, signal: Signal | None, work: _Work) -> None:
    if signal is None:
        return
    work.signals[node.id, "out"] = signal
    seen = signal.sight.field if signal.sight else None
    work.infos[node.id] = NodeInfo(node.id, node.type, (), signal.shape, (signal.shape,), receptive_field=seen)


def _into(spec: NetworkSpec, id: str, work: _Work) -> Signal | None:
    edges = spec.edges_into.get(id, ())
    return work.signals.get((edges[0].source, edges[0].source_port)) if edges else None


def arriving(spec: NetworkSpec, node: NodeSpec) -> tuple[EdgeSpec, ...]:
    """The edges that feed a node, in the order in which its module takes them."""
    edges = spec.edges_into.get(node.id, ())
    if is_variadic(node):
        return edges
    by_port = {edge.target_port: edge for edge in reversed(edges)}
    return tuple(by_port[port] for port in input_ports(node) if port in by_port)


def _gather(spec: NetworkSpec, node: NodeSpec, work: _Work) -> list[Signal] | None:
    """What arrives at a node, port by port; None if something is missing or not known."""
    wanted = arriving(spec, node)
    ports = input_ports(node)
    lacking = tuple(port for port in ports if not any(edge.target_port == port for edge in wanted))
    if lacking:
        work.missing[node.id] = lacking
        return None
    found = [work.signals.get((edge.source, edge.source_port)) for edge in wanted]
    known = [signal for signal in found if signal is not None]
    return known if len(known) == len(found) else None


def _compute(node: NodeSpec, signals: list[Signal], work: _Work) -> None:
    shapes = tuple(signal.shape for signal in signals)
    if node.type == BLOCK:
        _compute_block(node, signals, shapes, work)
        return
    if node.type not in LAYERS:
        work.infos[node.id] = NodeInfo(node.id, node.type, shapes)
        return
    facts = facts_of(node.type, node.params, shapes)
    if facts.failure is not None:
        work.failures[node.id] = facts.failure
        work.infos[node.id] = NodeInfo(node.id, node.type, shapes)
        return
    work.weights[node.id] = facts.weights
    work.facts[node.id] = facts
    sight = _sight(node, facts, signals)
    for port, shape in zip(output_ports(node), facts.output_shapes, strict=False):
        work.signals[node.id, port] = Signal(shape, sight)
    work.infos[node.id] = NodeInfo(
        node.id,
        node.type,
        shapes,
        facts.output_shapes[0],
        facts.output_shapes,
        facts.parameters,
        facts.trainable_parameters,
        facts.macs,
        facts.activation_bytes,
        sight.field if sight else None,
    )


def _sight(node: NodeSpec, facts: Facts, signals: list[Signal]) -> Sight | None:
    if node.type == INPUT:
        return at_input(facts.output_shapes[0])
    if node.type == OUTPUT:
        return signals[0].sight
    if isinstance(facts.step, Branches):
        ways = zip(facts.step.steps, signals, strict=True)
        return union([after(one, [s.sight], s.shape, facts.output_shapes[0]) for one, s in ways if one is not None])
    heeded = facts.heeded or (True,) * len(signals)
    looked_at = [signal for signal, heeds in zip(signals, heeded, strict=True) if heeds]
    if not looked_at:
        return BLIND
    return after(facts.step, [one.sight for one in looked_at], looked_at[0].shape, facts.output_shapes[0])


def _compute_block(node: NodeSpec, signals: list[Signal], shapes: tuple[Shape, ...], work: _Work) -> None:
    if node.subgraph is None:
        work.infos[node.id] = NodeInfo(node.id, node.type, shapes)
        return
    count = 1
    if is_each(node):
        if any(len(shape) < 2 or shape[0] != shapes[0][0] for shape in shapes):
            _not_for_each(node, shapes, work)
            return
        count = shapes[0][0] if shapes else 1
        signals = [Signal(shape[1:], at_input(shape[1:])) for shape in shapes]
    level = _remembered(node.subgraph, tuple(signals))
    work.inside[node.id] = level
    results = [_for_all(signal, count) if is_each(node) and signal else signal for signal in level.leaving]
    for port, signal in zip(output_ports(node), results, strict=True):
        if signal is not None:
            work.signals[node.id, port] = signal
    parts = [level.infos[id] for id in level.live]
    known = tuple(signal.shape for signal in results if signal is not None)
    complete = len(known) == len(results) and known
    if complete:
        work.weights[node.id] = tuple(shape for id in level.order for shape in level.weights.get(id, ()))
    first = results[0] if results else None
    work.infos[node.id] = NodeInfo(
        node.id,
        node.type,
        shapes,
        first.shape if first else None,
        known if complete else (),
        sum(part.parameters for part in parts),
        sum(part.trainable_parameters for part in parts),
        count * sum(part.macs for part in parts),
        count * sum(part.activation_bytes for part in parts),
        first.sight.field if first and first.sight else None,
    )


def _for_all(signal: Signal, count: int) -> Signal:
    """What leaves a block that is applied to each of `count` elements. What a value sees is told for one element."""
    return Signal((count, *signal.shape))


def _not_for_each(node: NodeSpec, shapes: tuple[Shape, ...], work: _Work) -> None:
    given = " and ".join(written(shape) for shape in shapes)
    work.failures[node.id] = Failure(
        f"it is applied to each element of its input, and {given} has no common first axis to go through.",
        "Feed it a sequence such as frames × channels × height × width, or switch that off.",
    )
    work.infos[node.id] = NodeInfo(node.id, node.type, shapes)


_MEMORY: OrderedDict[tuple[NetworkSpec, tuple[Signal, ...]], Level] = OrderedDict()
_MEMORY_SIZE = 1024
_LOCK = Lock()


def _remembered(spec: NetworkSpec, entering: tuple[Signal, ...]) -> Level:
    """`resolve`, remembering the last thousand blocks."""
    key = (spec, entering)
    with _LOCK:
        level = _MEMORY.get(key)
        if level is not None:
            _MEMORY.move_to_end(key)
            return level
    level = resolve(spec, entering)
    with _LOCK:
        _MEMORY[key] = level
        while len(_MEMORY) > _MEMORY_SIZE:
            _MEMORY.popitem(last=False)
    return level
