"""How much memory a network needs while it runs: what a training step keeps, and the most that is alive at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.graph.cost import FLOAT_BYTES
from engine.graph.ports import is_each, output_ports
from engine.graph.spec import BLOCK, INPUT, OUTPUT, Shape

if TYPE_CHECKING:
    from engine.graph.level import Level


@dataclass(frozen=True, slots=True)
class Leaving:
    """A value that leaves a network: the number of the input whose memory it is, or bytes of its own."""

    entry: int | None
    size: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Need:
    """The memory of one network, or of the inside of one block, for one picture.

    Attributes:
        kept: bytes that autograd keeps of what is made inside and does not leave.
        entries: numbers of the inputs that it keeps.
        peak: the most bytes of what is made inside that are alive at the same time, without gradients.
        leaving: what goes out by each Output.
    """

    kept: int
    entries: frozenset[int]
    peak: int
    leaving: tuple[Leaving, ...]


@dataclass(eq=False)
class _Store:
    """A piece of memory that one or several values are views of."""

    size: int
    entry: int | None = None
    kept: bool = False
    values: int = 0


@dataclass
class _Run:
    """What a forward goes through: where each value lies, who still needs it, how much is alive."""

    places: dict[tuple[str, str], _Store] = field(default_factory=dict)
    makers: dict[tuple[str, str], str] = field(default_factory=dict)
    kept: int = 0
    alive: int = 0
    peak: int = 0

    def put(self, value: tuple[str, str], store: _Store) -> None:
        if store.values == 0 and store.entry is None:
            self.alive += store.size
            self.peak = max(self.peak, self.alive)
        store.values += 1
        self.places[value] = store

    def drop(self, value: tuple[str, str]) -> None:
        store = self.places[value]
        store.values -= 1
        if store.values == 0 and store.entry is None:
            self.alive -= store.size


def need_of(level: Level) -> Need:
    """Go through a level in the order of the compiled network, which forgets each value after its last reader."""
    run = _Run()
    for number, node in enumerate(level.spec.inputs):
        run.put((node.id, "out"), _Store(0, number))
    steps = [id for id in level.order if id in level.live and level.spec.by_id[id].type not in (INPUT, OUTPUT)]
    read_by = {id: [(edge.source, edge.source_port) for edge in level.arriving(id)] for id in steps}
    ends = [(edge.source, edge.source_port) for node in level.spec.outputs for edge in level.arriving(node.id)[:1]]
    last = {value: id for id in steps for value in read_by[id]}
    readers: dict[tuple[str, str], int] = dict.fromkeys(ends, 1)
    for values in read_by.values():
        for value in values:
            readers[value] = readers.get(value, 0) + 1
    for id in steps:
        if any(value not in run.places for value in read_by[id]):
            continue  # beyond a fault nothing is known
        _step(level, id, read_by[id], readers, run)
        made = [(id, port) for port in output_ports(level.spec.by_id[id])]
        for value in dict.fromkeys((*read_by[id], *made)):
            if value in run.places and value not in ends and last.get(value, id) == id:
                run.drop(value)
    stores = set(run.places.values())
    leaving = [run.places[value] for value in ends if value in run.places]
    kept = sum(store.size for store in stores if store.kept and store.entry is None and store not in leaving)
    return Need(
        run.kept + kept,
        frozenset(store.entry for store in stores if store.kept and store.entry is not None),
        run.peak,
        tuple(Leaving(store.entry, store.size, store.kept) for store in leaving),
    )


def _step(
    level: Level, id: str, reads: list[tuple[str, str]], readers: Mapping[tuple[str, str], int], run: _Run
) -> None:
    node = level.spec.by_id[id]
    ports = output_ports(node)
    if node.type == BLOCK:
        if id in level.inside:
            _block(level, id, reads, ports, run)
        return
    if id not in level.facts:
        return  # a fault: nothing is known about it
    held = level.facts[id].held
    for number in held.kept_inputs:
        if number < len(reads):
            run.places[reads[number]].kept = True
    run.kept += held.extra
    again = _works_in_place(level, id, reads, readers, run)
    for number, port in enumerate(ports[: len(held.sizes)]):
        alias = held.aliases[number]
        store = _Store(held.sizes[number]) if alias is None else run.places[reads[alias]]
        store.kept |= number in held.kept_outputs
        # What is written over its input never stands beside it.
        saved = store.size if again else 0
        run.alive -= saved
        run.put((id, port), store)
        run.alive += saved
        run.makers[id, port] = id


def _works_in_place(
    level: Level, id: str, reads: list[tuple[str, str]], readers: Mapping[tuple[str, str], int], run: _Run
) -> bool:
    """Whether the compiled network writes the result over the first input, since nobody else reads that."""
    if not reads or reads[0] not in run.makers or readers[reads[0]] != 1 or not level.facts[id].in_place:
        return False
    shapes = level.shapes_into(id)
    return level.facts[run.makers[reads[0]]].maker and all(shape == shapes[0] for shape in shapes)


def _block(level: Level, id: str, reads: list[tuple[str, str]], ports: tuple[str, ...], run: _Run) -> None:
    node = level.spec.by_id[id]
    inner = level.inside[id].need
    times = level.shapes_into(id)[0][0] if is_each(node) and level.shapes_into(id) else 1
    for number in inner.entries:
        run.places[reads[number]].kept = True
    run.kept += times * inner.kept
    run.peak = max(run.peak, run.alive + times * inner.peak)
    for port, value in zip(ports, inner.leaving, strict=False):
        store = _Store(times * value.size) if value.entry is None else run.places[reads[value.entry]]
        store.kept |= value.kept
        run.put((id, port), store)


def bytes_of(shape: Shape) -> int:
    """Memory of one tensor of this shape, without the batch."""
    total = FLOAT_BYTES
    for size in shape:
        total *= size
    return total
