"""ONNX files: read with care, and turned into layers operator by operator. Nothing in the file is run."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import BadInput
from engine.graph.spec import INPUT, Shape
from engine.importing.job import Imported
from engine.importing.onnx_constants import FOLDED, fold_constant
from engine.importing.onnx_operators.base import OPERATORS, Node, load
from engine.importing.onnx_patterns import Pattern, find_patterns
from engine.importing.onnx_tensors import attribute_value, read_initializers
from engine.importing.sketch import Call, Free, Sketch, Unsupported, Wire
from engine.importing.trace import finish

MAX_BYTES = 2 * 1024**3
MAX_NODES = 50_000
_DOMAINS = ("", "ai.onnx")
_NAMELESS = ("", "main_graph", "main", "torch_jit", "torch-jit-export")
_LEAF = "torch.nn.modules."
_CONTAINER = "torch.nn.modules.container."


def import_onnx(path: Path, shapes: Sequence[Shape] = (), say: Callable[[str], None] = lambda text: None) -> Imported:
    """Read an ONNX file.

    Args:
        shapes: input shapes without the batch, for a file that leaves sizes open.

    Raises:
        BadInput: it is broken, too large or points outside its folder, or uses operators without a layer, which are
            named.
    """
    say(f"Reading {path.name}")
    model = _read(path)
    graph = model.graph
    versions = {entry.domain: entry.version for entry in model.opset_import}
    say("Drawing its operators")
    drawing = _Drawing(path.stem, read_initializers(graph, path), max([versions.get(one, 0) for one in _DOMAINS]))
    drawing.inputs(graph, shapes)
    weights = [name for name, value in drawing.values.items() if isinstance(value, Free)]
    _refuse_unknown(path, graph, weights)
    patterns = find_patterns(graph, drawing.values)
    for node in graph.node:
        drawing.add(node, patterns.get(node.output[0] if node.output else ""))
    drawing.refuse(path)
    outputs = drawing.outputs(graph)
    name = path.stem if graph.name in _NAMELESS else graph.name
    traced = finish(drawing.sketch, outputs, name, drawing.class_name)
    notes = () if traced.values else ("It has no weights of its own.",)
    return Imported(traced.spec, dict(traced.values) or None, notes, "ONNX")


def _read(path: Path) -> Any:
    try:
        import onnx
        import onnx.inliner
    except ImportError:
        raise BadInput(
            "ONNX files need onnx, which this installation lacks.", 'Install it with: pip install "vitrine[onnx]".'
        ) from None
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", "Check the name, or choose another file.")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadInput(
            f"{path.name} has {size / 1024**3:,.1f} GB, more than the 2 GB that an ONNX file can have.",
            "Choose a file whose weights lie beside it.",
        )
    try:
        model = onnx.load(path, load_external_data=False)
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes the parser say
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BadInput(
            f"{path.name} is no intact ONNX file: {first}.", "Export or download it again.", details=repr(error)
        ) from None
    if not model.graph.node:
        raise BadInput(f"{path.name} holds no network.", "Choose an ONNX file with operators in it.")
    if len(model.graph.node) > MAX_NODES:
        raise BadInput(
            f"{path.name} has {len(model.graph.node):,} operators, more than the {MAX_NODES:,} that can be drawn.",
            "Choose a smaller network.",
        )
    return model


def _refuse_unknown(path: Path, graph: Any, known: Iterable[str]) -> None:
    """Name every operator that no layer stands for, all at once."""
    load()
    fixed = {"", *known}
    unknown: Counter[str] = Counter()
    for node in graph.node:
        ours = node.domain in _DOMAINS
        if ours and fixed.issuperset(node.input) and (node.op_type in FOLDED or node.op_type in OPERATORS):
            fixed.update(node.output)  # it can be worked out beforehand
        # An Erf may be part of a GELU; if it is not, it is named when its turn comes.
        elif not ours or (node.op_type not in OPERATORS and node.op_type != "Erf"):
            unknown[node.op_type if ours else f"{node.domain}.{node.op_type}"] += 1
    if unknown:
        listed = ", ".join(f"{name} ({count}×)" if count > 1 else name for name, count in sorted(unknown.items()))
        raise BadInput(
            f"{path.name} uses operators that no layer here stands for: {listed}.",
            f"Supported are {', '.join(sorted(OPERATORS))}.",
        )


class _Drawing:
    """The sketch as it grows, and what each value of the graph has come to be."""

    def __init__(self, name: str, weights: Mapping[str, Free], opset: int) -> None:
        self.sketch = Sketch(name, merged=True)
        self.values: dict[str, Any] = dict(weights)
        self.lost: set[str] = set()
        self.opset = opset
        self.batch: Any = None
        self._classes: dict[str, str] = {}

    def inputs(self, graph: Any, shapes: Sequence[Shape]) -> None:
        """Draw the inputs; some files list their weights among them."""
        wanted = [value for value in graph.input if value.name not in self.values]
        for place, value in enumerate(wanted):
            dims = value.type.tensor_type.shape.dim
            sizes = tuple(int(dim.dim_value) for dim in dims[1:])
            shape = tuple(shapes[place]) if place < len(shapes) else sizes
            if not shape or min(shape) < 1:
                raise BadInput(
                    f"The input {value.name} has no fixed size ({_sizes(dims)}).", "Say it: --input 3,224,224."
                )
            if place == 0 and dims and dims[0].dim_value > 0:
                self.batch = int(dims[0].dim_value)
            name = "input" if len(wanted) == 1 else value.name
            self.values[value.name] = self.sketch.put(INPUT, name, {"shape": shape}, [])[0]

    def add(self, node: Any, pattern: Pattern | None) -> None:
        """Take over one operator; several that are one layer, at the last of them."""
        if any(name in self.lost for name in node.input):
            self.lost.update(node.output)
            return
        if pattern is not None and not pattern.ends_in(node):
            return
        absent = [name for name in node.input if name and name not in self.values]
        if absent and pattern is None:
            raise BadInput(
                f"The operator {node.op_type} reads {absent[0]!r}, which nothing before it makes.",
                "The file is broken or runs in a circle; export it again.",
            )
        try:
            found = self._apply(node, pattern)
        except Unsupported as why:
            self.sketch.strange.append(str(why))
            self.lost.update(node.output)
            return
        results = list(found) if isinstance(found, tuple) and type(found) is tuple else [found]
        for name, value in zip(node.output, results, strict=False):
            self.values[name] = value

    def _apply(self, node: Any, pattern: Pattern | None) -> Any:
        attributes = {one.name: attribute_value(one) for one in node.attribute}
        attributes["batch"] = self.batch
        type = node.op_type if pattern is None else pattern.type
        names = list(node.input) if pattern is None else list(pattern.inputs)
        inputs = [self.values[name] if name else None for name in names]
        path, calls = self._place(node, inputs)
        bias = inputs.pop() if pattern is not None and type == "MatMul" else None
        at = Node(self.sketch, path, calls, type, attributes, len(node.output), self.opset, bias)
        known = [one for one in inputs if isinstance(one, Free)]
        if type in FOLDED and inputs and len(known) == len(inputs):
            return fold_constant(node, known, self.opset)
        if type not in OPERATORS:
            raise Unsupported(type)
        try:
            return OPERATORS[type](at, *inputs)
        except Unsupported as why:
            raise Unsupported(str(why) if path in str(why) else f"{type} ({path}), a {why}") from None
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, RuntimeError) as error:
            # Attributes and inputs that the standard does not allow.
            raise BadInput(
                f"The operator {type} ({path}) is not written as the standard wants it: {error}.",
                "Export the file again.",
                details=repr(error),
            ) from error

    def _place(self, node: Any, inputs: list[Any]) -> tuple[str, tuple[Call, ...]]:
        """The path of a layer and the modules around it: by its weights' names, its scopes, or its own name."""
        keys = [one.key for one in inputs if isinstance(one, Free) and one.key.count(".") >= 1]
        modules, own = self._scopes(node, any(isinstance(one, Free) and one.value.ndim > 0 for one in inputs))
        if keys and re.fullmatch(r"[\w.]+\.(weight|bias|running_mean|running_var)", keys[0]):
            path = keys[0].rpartition(".")[0]
            parts = path.split(".")
            modules = [".".join(parts[:length]) for length in range(1, len(parts))]
        else:
            path = own
        return path, tuple(Call(module, module) for module in modules)

    def _scopes(self, node: Any, weighted: bool) -> tuple[list[str], str]:
        held = {entry.key: entry.value for entry in node.metadata_props}
        scopes = _listed(held.get("pkg.torch.onnx.name_scopes", ""))
        kinds = _listed(held.get("pkg.torch.onnx.class_hierarchy", ""))
        if len(scopes) > 1:
            modules = [scope for scope in scopes[:-1] if scope]
            named = dict(zip(scopes, kinds, strict=False))
            self._classes.update({scope: kind.rpartition(".")[2] for scope, kind in named.items() if scope})
            last = modules[-1] if modules else ""
            kind = named.get(last, "")
            if kind.startswith(_LEAF) and not kind.startswith(_CONTAINER):
                return modules[:-1], last
            return modules, f"{last}.{node.op_type.lower()}".strip(".")
        if "/" not in node.name and self.sketch.steps:
            # Made by an optimiser, which forgets where: it stays with what comes before it.
            modules = [call.path for call in self.sketch.steps[-1].calls]
            return modules, f"{modules[-1] if modules else ''}.{node.op_type.lower()}".strip(".")
        parts = [part for part in node.name.split("/") if part]
        modules, at = [], ""
        for part in parts[:-1]:
            at = part if at and part.startswith(f"{at}.") else f"{at}.{part}".strip(".")
            modules.append(at)
        if weighted and modules:
            return modules[:-1], at  # a layer with weights is a module of its own
        return modules, f"{at}.{node.op_type.lower()}".strip(".")

    def class_name(self, path: str) -> str:
        """The class of the module at a path, if the file tells; containers have none."""
        name = self._classes.get(path, "")
        return "" if name in ("Sequential", "ModuleList", "ModuleDict") else name

    def refuse(self, path: Path) -> None:
        if self.sketch.strange:
            listed = "; ".join(dict.fromkeys(self.sketch.strange))
            raise BadInput(
                f"{path.name} uses operators in a way that no layer here stands for: {listed}.",
                "Export the network without them, or bring in the PyTorch module itself.",
            )

    def outputs(self, graph: Any) -> list[tuple[str, Wire]]:
        found = []
        for value in graph.output:
            wire = self.values.get(value.name)
            if not isinstance(wire, Wire):
                raise BadInput(f"The output {value.name} is no feature map.", "Export the network again.")
            name = re.sub(r"\W", "_", value.name).strip("_") or "output"
            found.append(("output" if len(graph.output) == 1 else name, wire))
        return found


def _listed(text: str) -> list[str]:
    """A list of texts as the exporter writes it, or [] for anything else."""
    try:
        found = ast.literal_eval(text) if text.startswith("[") and len(text) < 20_000 else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _sizes(dims: Any) -> str:
    return "×".join(str(dim.dim_value or dim.dim_param or "?") for dim in dims)
