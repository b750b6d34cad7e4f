"""From a drawing to PyTorch code that a person would have written: submodules by name, a forward in a straight line.

The code needs torch and nothing of ours: our own modules are copied into it. Its state dict has the keys of the
compiled network, so weights go from one to the other.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import keyword
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any

import torch
from torch import nn

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.analyse import analyse
from engine.graph.level import Level, resolve
from engine.graph.ports import output_ports
from engine.graph.shapes import written
from engine.graph.spec import BLOCK, INPUT, OUTPUT, NetworkSpec, NodeSpec, Shape
from engine.layers.base import parse_layer

_LINE = 110


def generate(spec: NetworkSpec) -> str:
    """Return the source of a module file with one class for the network and one for each distinct block.

    Raises `BadInput` with the first error if the drawing has any.
    """
    errors = analyse(spec).errors
    if errors:
        raise BadInput(errors[0].message, errors[0].advice, node=errors[0].node)
    level = resolve(spec)
    source = _Source()
    _copy_own_modules(level, source)
    main = source.name_class(spec.name)
    body = _class(level, main, source, _docstring(spec, level))
    imports = "\n".join(_sorted_imports(source.imports))
    parts = [*source.copied.values(), *source.classes, body]
    return f'"""{_plain_text(spec.name)}."""\n\n{imports}\n\n\n' + "\n\n\n".join(parts) + "\n"


@dataclass
class _Source:
    """What the file consists of besides the network's own class."""

    imports: set[str] = field(default_factory=lambda: {"import torch", "from torch import nn"})
    copied: dict[str, str] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    by_body: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=lambda: {"F", "torch", "nn"})

    def name_class(self, text: str) -> str:
        """An unused class name made of the words of `text`: "Basic block" becomes BasicBlock."""
        words = re.findall(r"[A-Za-z0-9]+", text)
        name = "".join(word[0].upper() + word[1:] for word in words)
        if not name or not name[0].isalpha() or keyword.iskeyword(name) or hasattr(builtins, name):
            name = f"Network{name}"
        number, found = 2, name
        while found in self.taken:
            found, number = f"{name}{number}", number + 1
        self.taken.add(found)
        return found

    def copy(self, kind: type[nn.Module]) -> None:
        """Take over the source of one of our own modules, with what it needs."""
        module = inspect.getmodule(kind)
        if module is None or kind.__name__ in self.copied:
            return
        imports, texts = _own_source(module, kind.__name__)
        self.imports |= set(imports)
        self.copied |= texts
        self.taken |= set(texts)


def _docstring(spec: NetworkSpec, level: Level) -> str:
    ins = ", ".join(_batch(level.infos[node.id].output_shape) for node in spec.inputs)
    outs = ", ".join(_batch(signal.shape) for signal in level.leaving if signal)
    return f"{_plain_text(spec.name)}: {ins} in, {outs} out."


def _plain_text(text: str) -> str:
    return " ".join(text.replace("\\", "/").replace('"', "'").split())


def _batch(shape: Shape | None) -> str:
    return f"(N, {', '.join(str(size) for size in shape)})" if shape else "(N, ...)"


def _sorted_imports(imports: set[str]) -> list[str]:
    """Standard library first, then torch."""
    ours = sorted((line for line in imports if "torch" in line), key=lambda line: (line.startswith("from"), line))
    theirs = sorted(line for line in imports if "torch" not in line)
    return [*theirs, *([""] if theirs else []), *ours]


def _class(level: Level, name: str, source: _Source, docstring: str) -> str:
    """The source of the class for a network or the inside of a block."""
    steps = [
        level.spec.by_id[id]
        for id in level.order
        if id in level.live and level.spec.by_id[id].type not in (INPUT, OUTPUT)
    ]
    lines = [f"class {name}(nn.Module):", f'    """{docstring}"""', "", "    def __init__(self) -> None:"]
    lines.append("        super().__init__()")
    for node in steps:
        lines += _folded(f"        self.{node.id} = {_made(level, node, source)}")
    inputs = ", ".join(f"{node.id}: torch.Tensor" for node in level.spec.inputs)
    many = len(level.spec.outputs) > 1
    answer = "tuple[torch.Tensor, ...]" if many else "torch.Tensor"
    lines += ["", f"    def forward(self, {inputs}) -> {answer}:"]
    lines += [f"        {line}" for line in _forward(level, steps)]
    return "\n".join(lines)


def _folded(line: str) -> list[str]:
    """A statement, with its arguments on lines of their own if it is too long for one."""
    if len(line) <= _LINE:
        return [line]
    head, _, rest = line.partition("(")
    arguments = textwrap.wrap(rest.removesuffix(")"), _LINE - 12, break_long_words=False, break_on_hyphens=False)
    return [f"{head}(", *(f"            {part}" for part in arguments), "        )"]


def _made(level: Level, node: NodeSpec, source: _Source) -> str:
    """The expression that makes a node's module."""
    if node.type == BLOCK:
        return f"{_block_class(level.inside[node.id], node, source)}()"
    shapes = level.shapes_into(node.id)
    kind, arguments = constructor(node.type, node.params, shapes)
    if kind.__module__.startswith("torch."):
        return f"nn.{kind.__name__}({arguments})"
    return f"{kind.__name__}({arguments})"


def _copy_own_modules(level: Level, source: _Source) -> None:
    """Copy our own modules first, so that the classes of the drawing get names beside theirs."""
    for id in level.order:
        node = level.spec.by_id[id]
        if id in level.inside:
            _copy_own_modules(level.inside[id], source)
        elif id in level.live and node.type not in (INPUT, OUTPUT):
            kind, _ = constructor(node.type, node.params, level.shapes_into(id))
            if not kind.__module__.startswith("torch."):
                source.copy(kind)


def _block_class(level: Level, node: NodeSpec, source: _Source) -> str:
    """The class for a block; blocks that come out alike share one."""
    title = node.subgraph.name if node.subgraph else node.id
    shapes = ", ".join(written(signal.shape) for signal in level.entering or () if signal)
    docstring = f"{_plain_text(title)} for {shapes}."
    body = _class(level, "NAME", source, docstring)
    if body not in source.by_body:
        name = source.name_class(title)
        source.by_body[body] = name
        source.classes.append(body.replace("class NAME(", f"class {name}(", 1))
    return source.by_body[body]


def _forward(level: Level, steps: list[NodeSpec]) -> list[str]:
    """One line per step. What only the next line needs is called x; what is needed later has its node's name."""
    spec = level.spec
    passing = next(name for name in ("x", "h", "y", "passing") if name not in spec.by_id)
    names = {(node.id, "out"): node.id for node in spec.inputs}
    ends = [level.arriving(node.id)[0] for node in spec.outputs]
    users: dict[tuple[str, str], list[int]] = {}
    for number, node in enumerate(steps):
        for edge in level.arriving(node.id):
            users.setdefault((edge.source, edge.source_port), []).append(number)
    for edge in ends:
        users.setdefault((edge.source, edge.source_port), []).append(len(steps))
    lines = []
    for number, node in enumerate(steps):
        arguments = ", ".join(names[edge.source, edge.source_port] for edge in level.arriving(node.id))
        ports = output_ports(node)
        if len(ports) == 1:
            only_next = users.get((node.id, ports[0]), []) == [number + 1]
            names[node.id, ports[0]] = passing if only_next else node.id
        else:
            names.update({(node.id, port): f"{node.id}_{port}" for port in ports})
        left = ", ".join(names[node.id, port] for port in ports)
        shapes = ", ".join(_batch(shape) for shape in level.infos[node.id].output_shapes)
        lines.append(f"{left} = self.{node.id}({arguments})  # {shapes}")
    lines.append("return " + ", ".join(names[edge.source, edge.source_port] for edge in ends))
    return lines


def constructor(type: str, params: Mapping[str, Any], shapes: tuple[Shape, ...]) -> tuple[type[nn.Module], str]:
    """The class of a layer's module, and the arguments of a call that makes an equal one."""
    return _constructor(type, params if isinstance(params, FrozenDict) else FrozenDict(params), shapes)


@lru_cache(maxsize=16_384)
def _constructor(type: str, params: FrozenDict, shapes: tuple[Shape, ...]) -> tuple[type[nn.Module], str]:
    with torch.device("meta"):
        module = parse_layer(type, params).build(*shapes)
    return module.__class__, _arguments(module)


def _arguments(module: nn.Module) -> str:
    """The arguments that the module was made with, read back from its attributes; defaults are left out."""
    words = []
    for place, (name, parameter) in enumerate(inspect.signature(type(module)).parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or not hasattr(module, name):
            continue
        value, default = getattr(module, name), parameter.default
        if isinstance(value, torch.Tensor) or (value is None and isinstance(default, bool)):
            value = value is not None
        if _same(value, default) or (default is None and name == "stride" and value == module.kernel_size):
            continue
        positional = default is inspect.Parameter.empty and place < 2 and name != "kernel_size"
        # PyTorch's own take one number for an equal pair; ours need not.
        short = name in _SIZES and type(module).__module__.startswith("torch.")
        words.append(_spoken(value, short) if positional else f"{name}={_spoken(value, short)}")
    return ", ".join(words)


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, tuple) and isinstance(default, int) and not isinstance(default, bool):
        return all(part == default for part in value)
    return type(value) is type(default) and value == default


_SIZES = ("kernel_size", "stride", "padding", "dilation", "output_size", "output_padding")


def _spoken(value: Any, short: bool) -> str:
    """A value in Python; equal pairs as one number if `short`."""
    if short and isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return repr(value[0])
    return repr(tuple(value) if isinstance(value, torch.Size) else value)


@lru_cache(maxsize=256)
def _own_source(module: ModuleType, name: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The imports of a module file, and the source of one of its definitions with the others that it mentions."""
    text = inspect.getsource(module)
    tree = ast.parse(text)
    imports = []
    definitions: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            definitions[node.targets[0].id] = node
    wanted, work = set[str](), [name]
    mentioned: set[str] = set()
    while work:
        one = work.pop()
        if one in wanted or one not in definitions:
            continue
        wanted.add(one)
        here = {node.id for node in ast.walk(definitions[one]) if isinstance(node, ast.Name)}
        mentioned |= here
        work.extend(here)
    needed = tuple(ast.unparse(node) for node in imports if _bound(node) & mentioned)
    texts = {one: ast.get_source_segment(text, node) or "" for one, node in definitions.items() if one in wanted}
    return needed, texts


def _bound(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The names that an import brings in."""
    return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
