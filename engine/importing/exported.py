"""The second way to a drawing: torch.export, which runs a module once and writes down the operators that it used.

It gets through Python that torch.fx cannot follow, such as loops over lengths and checks of shapes. What runs inside a
module that is a layer here is taken together again as that layer. A saved program (.pt2) goes the same way, without the
modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram

from engine.errors import BadInput
from engine.export.program.capture import quietly
from engine.graph.spec import INPUT, Shape
from engine.importing.job import Imported
from engine.importing.operators import changes_its_input, operator_name, rule_of, with_batch
from engine.importing.rules.base import MODULES, At, apply, load
from engine.importing.rules.layer_modules import differs, fitted, layer_params, layer_type
from engine.importing.sketch import Call, Free, Sketch, Unsupported, Wire
from engine.importing.trace import Traced, class_names, class_path, finish, in_use, named_outputs, refuse_strange

MAX_BYTES = 8 * 1024**3
# No size of a picture or a layer is likely to be this, so it can be told from all others.
_BATCH = 3
_LEAF = "torch.nn.modules."
_ATTENTION = ("torch.nn.modules.activation.MultiheadAttention", "engine.modules.attention.MultiHeadAttention")
_CONTAINER = "torch.nn.modules.container."


def export_module(module: nn.Module, shapes: Sequence[Shape], name: str = "") -> Traced:
    """Draw a module by running it once.

    Raises `BadInput` if torch.export cannot follow it either, or for operators that no layer stands for.
    """
    inputs = tuple(torch.zeros(_BATCH, *shape) for shape in shapes)
    try:
        with in_use(module), quietly(), torch.no_grad():
            program = torch.export.export(module, inputs, strict=False)
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BadInput(
            f"{type(module).__name__} cannot be exported: {first}.",
            "A forward that branches or loops on values cannot be drawn; take that part out and try again.",
            details=repr(error),
        ) from error
    return _draw(program, type(module).__name__, name or type(module).__name__, module)


def import_program(path: Path, say: Callable[[str], None] = lambda text: None) -> Imported:
    """Read a program that torch.export saved. Reading it may run code from the file: only for trusted files."""
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", "Check the name, or choose another file.")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{path.name} is larger than {MAX_BYTES // 1024**3} GB.", "Choose a smaller one.")
    say(f"Reading {path.name}")
    try:
        with quietly():
            program = torch.export.load(path)
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BadInput(
            f"{path.name} is no intact exported program: {first}.",
            "Save it again with torch.export.save, by a PyTorch of the same version.",
            details=repr(error),
        ) from error
    say("Drawing its operators")
    traced = _draw(program, path.stem, path.stem, None)
    return Imported(traced.spec, dict(traced.values) or None, (), "exported program")


def _draw(program: ExportedProgram, called: str, name: str, module: nn.Module | None) -> Traced:
    load()
    drawing = _Drawing(program, called, module)
    needed = _needed(program.graph)
    for step in program.graph.nodes:
        if step in needed:
            drawing.add(step)
    refuse_strange(drawing.sketch)
    outputs = drawing.outputs()
    return finish(drawing.sketch, outputs, name, class_names(module) if module is not None else drawing.class_name)


def _needed(graph: fx.Graph) -> set[fx.Node]:
    """The steps that lead to an output; checks of sizes and the like lead to none."""
    work = [node for node in graph.nodes if node.op in ("output", "placeholder")]
    found = set(work)
    while work:
        for node in work.pop().all_input_nodes:
            if node not in found:
                found.add(node)
                work.append(node)
    return found


class _Drawing:
    """The sketch as it grows, and what each step of the program has come to be."""

    def __init__(self, program: ExportedProgram, name: str, module: nn.Module | None) -> None:
        self.program = program
        self.module = module
        self.sketch = Sketch(name)
        self.values: dict[fx.Node, Any] = {}
        self.lost: set[fx.Node] = set()
        self.batch: Any = None
        self.held = self._tensors()
        self.classes: dict[str, str] = {}
        self.wholes: dict[str, fx.Node] = {}
        """The last step of each module call that is taken as one layer."""
        self.entering: dict[str, list[fx.Node]] = {}
        self._find_wholes()

    def _tensors(self) -> dict[str, Free]:
        """Parameters, buffers and constants by the name of their placeholder."""
        state: Mapping[str, Any] = self.program.state_dict
        found = {}
        for spec in self.program.graph_signature.input_specs:
            if spec.target is None:
                continue
            saved = spec.target in state
            value = state[spec.target] if saved else self.program.constants.get(spec.target)
            if isinstance(value, torch.Tensor):
                trained = isinstance(value, nn.Parameter)
                found[str(spec.arg.name)] = Free(spec.target if saved else "", value.detach(), trained)
        return found

    def _find_wholes(self) -> None:
        """Which calls of modules are layers here, and what goes into each."""
        for step in self.program.graph.nodes:
            for path, kind in _stack(step).values():
                self.classes[path] = kind.rpartition(".")[2]
            key = self._whole(step)
            if key is None:
                continue
            self.wholes[key] = step
            entering = self.entering.setdefault(key, [])
            for source in step.all_input_nodes:
                if self._whole(source) != key and source.name not in self.held and source not in entering:
                    entering.append(source)

    def _whole(self, step: fx.Node) -> str | None:
        """The outermost module call around a step that is one layer here, if the module is at hand."""
        for key, (path, kind) in _stack(step).items():
            if not path:
                continue
            if kind in _ATTENTION:
                return key
            if self.module is None:
                continue
            part = self.module.get_submodule(path)
            known = layer_type(part) is not None or class_path(part) in MODULES
            if known and not isinstance(part, nn.Sequential):
                return key
        return None

    def add(self, step: fx.Node) -> None:
        """Take over one step of the program."""
        if any(node in self.lost for node in step.all_input_nodes):
            self.lost.add(step)
            return
        try:
            if step.op == "placeholder":
                self.values[step] = self._placeholder(step)
            elif step.op == "call_function":
                whole = self._whole(step)
                if whole is None:
                    self.values[step] = self._operator(step)
                elif self.wholes[whole] is step:
                    self.values[step] = self._layer(step, whole)
        except Unsupported as why:
            self.sketch.strange.append(str(why))
            self.lost.add(step)

    def _placeholder(self, step: fx.Node) -> Any:
        if step.name in self.held:
            return self.held[step.name]
        value = step.meta.get("val")
        if not isinstance(value, torch.Tensor):
            return value
        sizes = [int(size) if isinstance(size, int) else size for size in value.shape]
        if self.batch is None and isinstance(sizes[0], int):
            self.batch = sizes[0]
        several = sum(one.kind.name == "USER_INPUT" for one in self.program.graph_signature.input_specs) > 1
        shape = tuple(int(size) for size in sizes[1:])
        return self.sketch.put(INPUT, step.name if several else "input", {"shape": shape}, [])[0]

    def _layer(self, step: fx.Node, key: str) -> Any:
        """All steps of a call of a module that is a layer, as that layer."""
        stack = _stack(step)
        path = stack[key][0]
        outer = list(stack)[: list(stack).index(key)]
        at = At(self.sketch, path, tuple(Call(one, stack[one][0]) for one in outer if stack[one][0]))
        inputs = [self.values[node] for node in self.entering[key]]
        if self.module is None:
            return self._attention(at, key, inputs)
        module = self.module.get_submodule(path)
        rule = MODULES.get(class_path(module))
        if rule is not None:
            several = inputs * 3 if class_path(module).endswith("MultiheadAttention") and len(inputs) == 1 else inputs
            found = apply(rule, at, (module, *several), {}, f"{type(module).__name__} ({path})")
            return found[0] if isinstance(found, tuple) else found
        shapes = [wire.shape for wire in inputs if isinstance(wire, Wire)]
        kind = layer_type(module, shapes)
        if kind is None or len(shapes) != len(inputs):
            raise Unsupported(f"{type(module).__name__} ({path})")
        params = fitted(kind, layer_params(kind, module), shapes)
        weights = {name: Free(f"{path}.{name}", value) for name, value in module.state_dict().items()}
        made = at.put_all(kind, params, *inputs, weights=weights)
        if difference := differs(module, kind, params, shapes):
            raise Unsupported(f"{type(module).__name__} ({path}) as {difference}")
        return made[0] if len(made) == 1 else made

    def _attention(self, at: At, key: str, inputs: list[Any]) -> Any:
        """Attention of a saved program, whose module is not at hand: its weights and its number of heads tell."""
        steps = [node for node in self.program.graph.nodes if key in _stack(node)]
        cores = [node for node in steps if operator_name(node.target) == "scaled_dot_product_attention"]
        if len(cores) != 1 or len(inputs) != 1 or not isinstance(inputs[0], Wire):
            raise Unsupported(f"attention ({at.path}) of several inputs")
        used = {source.name for node in steps for source in node.all_input_nodes if source.name in self.held}
        weights = {self.held[name].key.removeprefix(f"{at.path}."): self.held[name] for name in used}
        heads = cores[0].args[0].meta["val"].shape[-3]
        params: dict[str, Any] = {} if heads == 4 else {"num_heads": int(heads)}
        params |= {} if "in_proj_bias" in weights else {"bias": False}
        return at.put("SelfAttention", params, inputs[0], weights=weights)

    def _operator(self, step: fx.Node) -> Any:
        args = fx.map_arg(step.args, self.values.__getitem__)
        kwargs = fx.map_arg(step.kwargs, self.values.__getitem__)
        name = operator_name(step.target)
        path, calls = self._place(step, name)
        first = args[0] if args else None
        if isinstance(first, Free) and not any(isinstance(one, Wire) for one in args) and name != "expand":
            return _constant(step, args, kwargs, f"{name} ({path}) of a weight")
        rule = rule_of(name)
        if rule is None:
            raise Unsupported(f"{name} ({path})")
        found = apply(
            rule, At(self.sketch, path, calls), with_batch(name, args, self.batch), kwargs, f"{name} ({path})"
        )
        source = step.args[0] if step.args else None
        if isinstance(source, fx.Node) and changes_its_input(step.target):
            self.values[source] = found  # what is read from it later is what it was changed into
        return found

    def _place(self, step: fx.Node, name: str) -> tuple[str, tuple[Call, ...]]:
        """The path of a layer and the calls around it; a module of PyTorch's own gives the layer its name."""
        stack = {key: pair for key, pair in _stack(step).items() if pair[0]}
        calls = [Call(key, path) for key, (path, _) in stack.items()]
        if calls:
            kind = stack[calls[-1].key][1]
            if kind.startswith(_LEAF) and not kind.startswith(_CONTAINER):
                return calls[-1].path, tuple(calls[:-1])
        return f"{calls[-1].path}.{name}" if calls else name, tuple(calls)

    def class_name(self, path: str) -> str:
        name = self.classes.get(path, "")
        return "" if name in ("Sequential", "ModuleList", "ModuleDict") else name

    def outputs(self) -> list[tuple[str, Wire]]:
        """The results in the form in which the module returned them."""
        last = next(node for node in self.program.graph.nodes if node.op == "output")
        found = fx.map_arg(last.args[0], lambda node: self.values.get(node))
        spec = self.program.call_spec.out_spec
        whole = torch.utils._pytree.tree_unflatten(list(found), spec) if spec is not None else found
        try:
            return named_outputs(whole, whole)
        except Unsupported as why:
            raise BadInput(f"{self.sketch.module_name} returns {why}.", "Let its forward return tensors.") from None


def _constant(step: fx.Node, args: Any, kwargs: Any, what: str) -> Any:
    """An operator on tensors that are there before any picture comes, and that no training changes."""
    parts = [part for part in (*args, *kwargs.values()) if isinstance(part, Free)]
    if any(part.trained for part in parts) or not callable(step.target):
        raise Unsupported(what)
    values = fx.node.map_aggregate((args, dict(kwargs)), lambda one: one.value if isinstance(one, Free) else one)
    plain_args, plain_kwargs = values
    found = step.target(*plain_args, **plain_kwargs)
    return Free("", found) if isinstance(found, torch.Tensor) else found


def _stack(step: fx.Node) -> dict[str, tuple[str, str]]:
    """The module calls around a step, outermost first: key -> (path, class)."""
    found = {}
    for key, (path, kind) in (step.meta.get("nn_module_stack") or {}).items():
        text = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
        found[str(key)] = (str(path).removeprefix("L['self']").lstrip("."), text)
    return found
