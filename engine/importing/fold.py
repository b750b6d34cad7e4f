"""From steps to a drawing: the module calls that they happened in become nested blocks with the modules' names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.ids import free_id
from engine.graph.layout import layout
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec
from engine.importing.elements import surround
from engine.importing.names import short_name, title
from engine.importing.sketch import Sketch, Step, Wire

Source = tuple[int, str]
"""Number of a step, and one of its output ports."""

# A part that holds more of the network than this is opened, since it would hide everything; a row of equal blocks,
# such as the third stage of a deep residual network, may hold more.
_MOST = 0.5
_NEARLY_ALL = 0.8
_END = -1


@dataclass(frozen=True)
class Folded:
    """The drawing, and where each step came to stand in it ("block.inner"); steps that lead nowhere have no place."""

    spec: NetworkSpec
    places: Mapping[int, str]


@dataclass(eq=False)
class _Group:
    """One call of a module that becomes a block, for `each` element or once; the network itself is the outermost."""

    path: str
    parent: _Group | None = None
    each: bool = False
    items: list[_Group | int] = field(default_factory=list)
    inner: dict[str, _Group] = field(default_factory=dict)
    shares: _Group | None = None
    id: str = ""
    entering: tuple[Source, ...] = ()
    leaving: tuple[Source, ...] = ()
    entries: dict[Source, Source] = field(default_factory=dict)
    inputs: dict[Source, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)

    def steps(self) -> Iterator[int]:
        for item in self.items:
            if isinstance(item, _Group):
                yield from item.steps()
            else:
                yield item

    def groups(self) -> Iterator[_Group]:
        """All groups inside, each after those inside it."""
        for item in self.items:
            if isinstance(item, _Group):
                yield from item.groups()
                yield item


def fold(
    sketch: Sketch,
    outputs: Sequence[tuple[str, Wire]],
    name: str,
    kind: Callable[[str], str] = lambda path: "",
    keep: Collection[str] = (),
) -> Folded:
    """Draw the steps.

    Args:
        outputs: the wanted id of each Output node and what feeds it.
        kind: class name of the module at a path; "" for containers, whose blocks are named by their path.
        keep: paths that stay blocks whatever is in them.
    """

    def named(path: str) -> str:
        return kind(path) if path else ""

    live = _live(sketch.steps, [wire for _, wire in outputs])
    surround(sketch.steps[number] for number in live)
    root = _tree(sketch.steps, live)
    _name_elements(root, sketch.steps)
    _tidy(root, sketch.steps, named, keep)
    _join_shared(root, sketch.steps)
    return _Writer(sketch.steps, root, list(outputs), named).write(name)


def _live(steps: list[Step], ends: list[Wire]) -> list[int]:
    """Numbers of the steps that lead to an output, and of all inputs."""
    wanted = {wire.step for wire in ends} | {n for n, step in enumerate(steps) if step.type == INPUT}
    work = list(wanted)
    while work:
        step = steps[work.pop()]
        sources = {wire.step for wire in step.wires} | ({step.shares} if step.shares is not None else set())
        work.extend(sources - wanted)
        wanted |= sources
    return sorted(wanted)


def _tree(steps: list[Step], live: list[int]) -> _Group:
    root = _Group("")
    for number in live:
        group = root
        for call in steps[number].calls:
            if call.key not in group.inner:
                group.inner[call.key] = _Group(call.path, group, call.each)
                group.items.append(group.inner[call.key])
            group = group.inner[call.key]
        group.items.append(number)
    return root


def _name_elements(root: _Group, steps: list[Step]) -> None:
    """A module that is called for each element, by itself, is the block that does so."""
    for group in [group for group in root.groups() if group.each]:
        if not _is_one_step(group, steps):
            first = steps[min(group.steps())]
            raise BadInput(
                f"What is done to each element from {first.path} ({first.type}) on needs results of what it leads to.",
                "Call unflatten and flatten again around what is done to the whole.",
            )
        inner = group.items[0]
        if len(group.items) == 1 and isinstance(inner, _Group) and not inner.each:
            group.path, group.items = inner.path, inner.items
            for item in group.items:
                if isinstance(item, _Group):
                    item.parent = group


def _tidy(root: _Group, steps: list[Step], kind: Callable[[str], str], keep: Collection[str]) -> None:
    """Dissolve what would be no block to look at: a single layer, a block in a block, most of the network."""
    total = sum(1 for _ in root.steps())
    for group in [group for group in root.groups() if not group.each]:
        if (len(group.items) == 1 and group.path not in keep) or not _is_one_step(group, steps):
            _dissolve(group)
    opened = [root]
    while opened:
        outer = opened.pop()
        for group in [
            item for item in outer.items if isinstance(item, _Group) and not item.each and item.path not in keep
        ]:
            kinds = {kind(item.path) if isinstance(item, _Group) else steps[item].type for item in group.items}
            share = sum(1 for _ in group.steps()) / total
            if share > (_MOST if len(kinds) > 1 else _NEARLY_ALL):
                _dissolve(group)
                opened.append(outer)


def _is_one_step(group: _Group, steps: list[Step]) -> bool:
    """Whether the group can be computed as one: no path leaves it and comes back."""
    members = set(group.steps())
    first, last = min(members), max(members)
    if last - first + 1 == len(members):
        return True
    outside: set[int] = set()
    for number in range(first, last + 1):
        sources = {wire.step for wire in steps[number].wires}
        if number not in members:
            if sources & (members | outside):
                outside.add(number)
        elif sources & outside:
            return False
    return True


def _dissolve(group: _Group) -> None:
    """Put what is in a group into the one around it. A group that holds only another takes its content over."""
    parent = group.parent
    if parent is None:
        return
    at = parent.items.index(group)
    parent.items[at : at + 1] = group.items
    for item in group.items:
        if isinstance(item, _Group):
            item.parent = parent
            if len(group.items) == 1:
                item.path = group.path


def _join_shared(root: _Group, steps: list[Step]) -> None:
    """Two calls of one module become two blocks that share; else blocks are opened until sharers stand side by side."""
    while True:
        first: dict[tuple[int, str], _Group] = {}
        homes = {number: root for number in root.items if isinstance(number, int)}
        for group in root.groups():
            homes |= {number: group for number in group.items if isinstance(number, int)}
            owner = first.setdefault((id(group.parent), group.path), group)
            group.shares = None
            if owner is not group and (entries := _twin(owner, group, steps)):
                group.shares, group.entries = owner, entries
        apart = next((pair for pair in _sharers(homes, steps) if pair[0] is not pair[1]), None)
        if apart is None:
            return
        deepest = max(apart, key=lambda group: len(_around(group)))
        if deepest.each:
            name = steps[min(deepest.steps())].path
            raise BadInput(
                f"The weights of {name} or of a layer beside it are used for each element and elsewhere too.",
                "Give the two uses a module that holds nothing else, or weights of their own.",
            )
        _dissolve(deepest)


def _sharers(homes: Mapping[int, _Group], steps: list[Step]) -> Iterator[tuple[_Group, _Group]]:
    """The groups of each two steps that share weights by themselves, not as part of a group that does."""
    for number, home in homes.items():
        owner = steps[number].shares
        if owner is not None and not any(group.shares for group in _around(home)):
            yield home, homes[owner]


def _around(group: _Group) -> list[_Group]:
    """The group and all around it, outwards."""
    found = []
    at: _Group | None = group
    while at is not None:
        found.append(at)
        at = at.parent
    return found


def _twin(owner: _Group, group: _Group, steps: list[Step]) -> dict[Source, Source]:
    """What enters `owner` -> what enters `group` in its place, if that is the same layers, joined alike, with the
    same weights; else nothing."""
    theirs, mine = list(owner.steps()), list(group.steps())
    pairs = dict(zip(theirs, mine, strict=False))
    entries: dict[Source, Source] = {}
    if (
        len(theirs) != len(mine)
        or owner.each != group.each
        or not any(steps[number].shares is not None for number in mine)
    ):
        return {}
    for other, number in pairs.items():
        a, b = steps[other], steps[number]
        if (a.type, a.params, a.ports, len(a.each)) != (b.type, b.params, b.ports, len(b.each)):
            return {}
        if b.shares is not None and b.shares not in (other, a.shares):
            return {}
        for wire, twin in zip(a.wires, b.wires, strict=True):
            here = (twin.step, twin.port)
            if wire.step in pairs:
                if (pairs[wire.step], wire.port) != here:
                    return {}
            elif twin.step in pairs.values() or entries.setdefault((wire.step, wire.port), here) != here:
                return {}
    return entries


class _Writer:
    """Writes the groups down, from the inside out."""

    def __init__(
        self, steps: list[Step], root: _Group, outputs: list[tuple[str, Wire]], kind: Callable[[str], str]
    ) -> None:
        self.steps = steps
        self.root = root
        self.outputs = outputs
        self.kind = kind
        self.ids: dict[int, str] = {}
        self.homes: dict[int, _Group] = {}
        self.blocks: dict[int, NodeSpec] = {}
        for group in (*root.groups(), root):
            for item in group.items:
                if isinstance(item, int):
                    self.homes[item] = group

    def write(self, name: str) -> Folded:
        """The drawing, laid out."""
        for group in (self.root, *self.root.groups()):
            self._name(group)
        self._find_ports()
        spec = layout(self._network(self.root, name))
        return Folded(spec, {number: self._place(number) for number in self.homes})

    def _place(self, number: int) -> str:
        around = [group.id for group in _around(self.homes[number])[:-1]]
        return ".".join([*reversed(around), self.ids[number]])

    def _name(self, group: _Group) -> None:
        # The outputs' names matter more than a layer's.
        taken = {wanted for wanted, _ in self.outputs} if group is self.root else set()
        for item in group.items:
            if isinstance(item, _Group):
                item.id = short_name(item.path, group.path, "block", taken)
                taken.add(item.id)
            else:
                step = self.steps[item]
                self.ids[item] = short_name(step.path, group.path, step.type.lower(), taken)
                taken.add(self.ids[item])

    def _find_ports(self) -> None:
        """What enters and what leaves every group, in order of use and of making."""
        users: dict[Source, list[int]] = {(wire.step, wire.port): [_END] for _, wire in self.outputs}
        for number in self.homes:
            for wire in self.steps[number].wires:
                users.setdefault((wire.step, wire.port), []).append(number)
        groups = list(self.root.groups())
        for group in groups:
            members = set(group.steps())
            inner = [(wire.step, wire.port) for number in sorted(members) for wire in self.steps[number].wires]
            group.entering = tuple(dict.fromkeys(source for source in inner if source[0] not in members))
            made = sorted(source for source in users if source[0] in members)
            group.leaving = tuple(source for source in made if not members.issuperset(users[source]))
        for group in groups:
            # Blocks that share have the same ports: all that any of them needs.
            family = [group, *(other for other in groups if other.shares is group)]
            numbers = [list(one.steps()) for one in family]
            made_by = {n: place for some in numbers for place, n in enumerate(some)}
            ports = sorted({(made_by[step], port) for one in family for step, port in one.leaving})
            for one, some in zip(family if len(family) > 1 else [], numbers, strict=False):
                one.leaving = tuple((some[place], port) for place, port in ports)
            for one in family[1:]:
                one.entering = tuple(one.entries[source] for source in group.entering)

    def _network(self, group: _Group, name: str) -> NetworkSpec:
        taken = {item.id if isinstance(item, _Group) else self.ids[item] for item in group.items}
        many = len(group.entering) > 1
        inputs: dict[Source, str] = {}
        for source in group.entering:
            inputs[source] = free_id("input1" if many else "input", taken)
            taken.add(inputs[source])
        group.inputs = inputs
        nodes = [NodeSpec(id, INPUT) for id in inputs.values()]
        edges: list[EdgeSpec] = []
        ends: list[tuple[NodeSpec, list[tuple[str, Source]]]] = []
        for wanted, source in self._ends(group):
            id = free_id(wanted, taken)
            taken.add(id)
            ends.append((NodeSpec(id, OUTPUT), [("in", source)]))
        group.outputs = [node.id for node, _ in ends]
        for node, into in (*(self._node(item) for item in group.items), *ends):
            nodes.append(node)
            for port, source in into:
                found, out = self._seen(group, source)
                edges.append(EdgeSpec(found, node.id, out, port))
        return NetworkSpec(name, tuple(nodes), tuple(edges))

    def _ends(self, group: _Group) -> list[tuple[str, Source]]:
        if group is self.root:
            return [(wanted, (wire.step, wire.port)) for wanted, wire in self.outputs]
        many = len(group.leaving) > 1
        return [("output1" if many else "output", source) for source in group.leaving]

    def _node(self, item: _Group | int) -> tuple[NodeSpec, list[tuple[str, Source]]]:
        """The node for an item, and what feeds its ports."""
        if isinstance(item, int):
            step = self.steps[item]
            shares = self.ids[step.shares] if step.shares is not None else None
            node = NodeSpec(self.ids[item], step.type, step.params, shares=shares)
            return node, [(port, (wire.step, wire.port)) for port, wire in zip(step.ports, step.wires, strict=True)]
        if item.shares is not None:
            first = item.shares
            node = replace(self.blocks[id(first)], id=item.id, shares=first.id)
            item.outputs, names = first.outputs, list(first.inputs.values())
        else:
            inside = self._network(item, self.kind(item.path) or title(item.path))
            node = self.blocks[id(item)] = NodeSpec(
                item.id, BLOCK, FrozenDict({"each": True} if item.each else {}), subgraph=inside
            )
            names = list(item.inputs.values())
        return node, list(zip(["in", *names[1:]], item.entering, strict=True))

    def _seen(self, level: _Group, source: Source) -> tuple[str, str]:
        """The node and port at which something made elsewhere is found at a level."""
        if source in level.inputs:
            return level.inputs[source], "out"
        number, port = source
        home = self.homes[number]
        if home is level:
            return self.ids[number], port
        child = next(group for group in _around(home) if group.parent is level)
        place = child.leaving.index(source)
        return child.id, child.outputs[place] if place else "out"
