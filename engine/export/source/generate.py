"""From a drawing to PyTorch code that a person would have written: a class per distinct block, loops for repeats.

The code needs torch and nothing of ours: our own modules are copied into it. Its state dict has the keys of the
compiled network, so weights go from one to the other.
"""

from __future__ import annotations

import builtins
import keyword
from dataclasses import dataclass, field

from torch import nn

from engine.errors import BadInput
from engine.export.source.calls import Call, constructor
from engine.export.source.classes import Block, BlockClass, batch, class_title, distinctions, grouped
from engine.export.source.operations import is_operation
from engine.export.source.own_source import Import, import_lines, source_of
from engine.export.source.program import Program, program_of
from engine.export.source.repeats import find_loops
from engine.export.source.text import Bracket, class_words, docstring, literal, plain_text, statement
from engine.gallery import GALLERY
from engine.graph.analyse import analyse
from engine.graph.level import Level, resolve
from engine.graph.spec import BLOCK, INPUT, OUTPUT, NetworkSpec, Shape


def generate(spec: NetworkSpec, *, classes: tuple[str, ...] = (), note: str = "") -> str:
    """Return the source of a module file with one class for the network and one for each distinct block.

    Args:
        classes: names of what the network tells apart, if they are to stand in the file.
        note: a further paragraph for the file's docstring.

    Raises `BadInput` with the first error if the drawing has any.
    """
    analysis = analyse(spec)
    if analysis.errors:
        error = analysis.errors[0]
        raise BadInput(error.message, error.advice, node=error.node)
    level = resolve(spec)
    source = Source()
    main = source.network(level)
    text = f"{about(spec)}\n{analysis.totals.parameters:,} parameters."
    heading = docstring(f"{text}\n\n{plain_text(note)}" if note else text, "")
    shapes = {node.id: level.infos[node.id].output_shape or () for node in spec.inputs}
    body = main.lines(_docstring(level, main.first.program))
    constants = _constants(shapes, classes)
    parts = [*source.texts(), body, _load(main.name)]
    return (
        "\n".join([*heading, "", *source.import_lines(), "", *constants])
        + "".join("\n\n\n" + "\n".join(part) for part in parts)
        + "\n"
    )


def about(spec: NetworkSpec) -> str:
    """The network's name, with its authors and paper if it is of the gallery."""
    entry = next((entry for _, entry in GALLERY.items() if entry.name == spec.name), None)
    if entry is None:
        return f"{plain_text(spec.name) or 'Network'}."
    paper = f", {plain_text(entry.paper)}" if entry.paper else ""
    return f"{plain_text(spec.name)} ({plain_text(entry.authors)}, {entry.year}{paper})."


def _docstring(level: Level, program: Program) -> str:
    """What goes in and comes out; several results by name."""
    ins = ", ".join(batch(shape) for shape in program.entering)
    outs = [batch(signal.shape) for signal in level.leaving if signal]
    if len(outs) > 1:
        outs = [f"{name} {shape}" for name, shape in zip(program.names, outs, strict=True)]
    return f"{plain_text(program.title) or 'Network'}: {ins} in, {', '.join(outs)} out."


def _constants(shapes: dict[str, Shape], classes: tuple[str, ...]) -> list[str]:
    """What whoever reads or imports the file wants to know: the shapes that go in, and the classes."""
    shape = next(iter(shapes.values())) if len(shapes) == 1 else tuple(shapes.values())
    lines = statement("INPUT_SHAPE = " if len(shapes) == 1 else "INPUT_SHAPES = ", literal(shape))
    if classes:
        names = Bracket("(", tuple(literal(plain_text(name)) for name in classes), literal=True)
        lines += statement("CLASSES = ", names)
    return lines


def _load(name: str) -> list[str]:
    return f'''def load(path: str) -> {name}:
    """The network with the weights of a .safetensors or .pt file, ready to use."""
    net = {name}()
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file

        net.load_state_dict(load_file(path))
    else:
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()'''.splitlines()


@dataclass
class Source:
    """What the file consists of besides the network's own class."""

    imports: set[Import] = field(
        default_factory=lambda: {("torch", "", ""), ("torch", "Tensor", ""), ("torch", "nn", "")}
    )
    copied: dict[str, str] = field(default_factory=dict)
    classes: list[BlockClass] = field(default_factory=list)
    taken: set[str] = field(default_factory=lambda: {"F", "torch", "nn", "Tensor", "load", "INPUT_SHAPE", "CLASSES"})
    blocks: dict[int, Block] = field(default_factory=dict)

    def network(self, level: Level) -> BlockClass:
        """Make the classes of all blocks, from the innermost out, and return the network's own."""
        by_height: dict[int, list[Level]] = {}
        _sort(level, by_height, set())
        for one in (one for some in by_height.values() for one in some):
            self._copy(one)
        nodes: dict[int, list[str]] = {}
        for one in (one for some in by_height.values() for one in some):
            for node, inner in one.inside.items():
                nodes.setdefault(id(inner), []).append(node)
        for height in sorted(by_height):
            made = {}
            for one in by_height[height]:
                made[id(one)] = Block(program_of(one, self._call), (), used_as=nodes.get(id(one), []))
            names = frozenset(one.name for one in self.classes)
            for key, block in made.items():
                block.items = find_loops(block.program, names)
                self.blocks[key] = block
            if height == max(by_height):
                break
            self._classify(list(made.values()))
        main = BlockClass(self.named(class_words(level.spec.name)), [self.blocks[id(level)]])
        main.settle()
        return main

    def _call(self, level: Level) -> Call:
        call = self.blocks[id(level)].call
        assert call is not None
        return call

    def _classify(self, blocks: list[Block]) -> None:
        for some in grouped(blocks):
            found = BlockClass(self.named(self._title(some)), some)
            found.settle()
            self.classes.append(found)

    def _title(self, blocks: list[Block]) -> str:
        """The blocks' own name; where a class has it, with what tells them apart, or that of the only node."""
        title = class_title(blocks) or "Block"
        simpler = next((one for one in self.classes if one.name == title), None)
        if simpler is None:
            return title
        nodes = list(dict.fromkeys(node for block in blocks for node in block.used_as))
        names = [title + words for words in distinctions(blocks, simpler)]
        names += [class_words(nodes[0])] if len(nodes) == 1 else []
        return next((name for name in names if name not in self.taken), title)

    def named(self, words: str) -> str:
        """An unused class name."""
        name = words
        if not name or not name[0].isalpha() or keyword.iskeyword(name) or hasattr(builtins, name):
            name = f"Network{name}"
        number, found = 2, name
        while found in self.taken:
            found, number = f"{name}{number}", number + 1
        self.taken.add(found)
        return found

    def _copy(self, level: Level) -> None:
        """Take over the source of our own modules, first of all, so that the classes get names beside theirs."""
        for node in level.spec.nodes:
            if node.type in (INPUT, OUTPUT, BLOCK) or node.id not in level.live:
                continue
            whole = constructor(node.type, node.params, level.shapes_into(node.id))
            for call in [] if is_operation(whole) else _calls(whole):
                if call.package:
                    self.imports.add((call.package, call.callee, ""))
                    self.taken.add(call.callee)
                if call.own is not None:
                    self._copy_class(call.own)

    def _copy_class(self, kind: type[nn.Module]) -> None:
        if kind.__name__ in self.copied:
            return
        imports, texts = source_of(kind)
        self.imports |= set(imports)
        self.copied |= texts
        self.taken |= set(texts)

    def texts(self) -> list[list[str]]:
        """Our own modules, then the blocks' classes."""
        return [*(text.splitlines() for text in self.copied.values()), *(one.lines() for one in self.classes)]

    def import_lines(self) -> list[str]:
        return import_lines(self.imports)


def _calls(call: Call) -> list[Call]:
    """A call and those among its arguments."""
    inner = [argument.value for argument in call.arguments if isinstance(argument.value, Call)]
    return [call, *(deep for one in inner for deep in _calls(one))]


def _sort(level: Level, by_height: dict[int, list[Level]], seen: set[int]) -> int:
    """List a level and those inside it by how many levels are inside them; returns its own number."""
    blocks = [inner for node, inner in level.inside.items() if node in level.live]
    height = max((_sort(inner, by_height, seen) for inner in blocks), default=-1) + 1
    if id(level) not in seen:
        seen.add(id(level))
        by_height.setdefault(height, []).append(level)
    return height
