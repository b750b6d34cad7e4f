"""From a PyTorch module to a drawing, by torch.fx: the layers that we have, exact to the last setting."""

from __future__ import annotations

import importlib
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any

import torch
from torch import Tensor, fx, nn

from engine.errors import BadInput
from engine.graph.spec import INPUT, NetworkSpec, Shape
from engine.importing.fold import fold
from engine.importing.rules.base import FUNCTIONS, METHODS, MODULES, STOPS, At, apply, load
from engine.importing.rules.layer_modules import differs, fitted, layer_params, layer_type, underived
from engine.importing.sketch import Batch, Call, Free, Sizes, Sketch, Unsupported, Wire

_NUMBERS = {
    operator.add, operator.sub, operator.mul, operator.floordiv, operator.truediv, operator.mod, operator.neg,
    operator.eq, operator.ne, operator.lt, operator.gt, operator.le, operator.ge, operator.pow, min, max, int, float,
}  # fmt: skip
_IN_PLACE = {operator.iadd, operator.isub, operator.imul, operator.itruediv}
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Traced:
    """A traced module.

    Attributes:
        spec: the drawing.
        names: the module's own names of weights and buffers to those of the compiled drawing.
        shapes: shapes of those weights of ours that the module keeps in another one of as many values.
        constants: our weights that are in no state dict of the module.
        values: all weights that there were at the time of tracing, under our names and in our shapes.
    """

    spec: NetworkSpec
    names: Mapping[str, str]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    constants: Mapping[str, Tensor] = field(default_factory=dict)
    values: Mapping[str, Tensor] = field(default_factory=dict, repr=False)

    def load(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The module's state dict under the names that the compiled drawing has; what it never uses is left out."""
        ours = dict(self.constants)
        for key, value in state.items():
            if key in self.names:
                name = self.names[key]
                ours[name] = value.reshape(self.shapes[name]) if name in self.shapes else value
        return ours


def trace(
    module: nn.Module,
    *input_shapes: Sequence[int],
    name: str = "",
    training: bool = False,
    keep: Collection[str] = (),
) -> Traced:
    """Draw a module.

    Args:
        module: any module that torch.fx can follow, built of layers that this program has; it is not changed.
        input_shapes: one shape without the batch for each argument of its forward.
        name: the network's name; the class's by default.
        training: follow what it does in training, auxiliary outputs included, instead of in use.
        keep: paths of submodules that are to be blocks, even if they hold little or nearly all.

    Raises:
        BadInput: it decides by values, or uses operations that no layer stands for; they are named.
    """
    tracer = _Tracer(autowrap_functions=_stops())
    try:
        with in_use(module, training):
            graph = tracer.trace(module)
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BadInput(
            f"{type(module).__name__} cannot be traced: {first}.",
            "A forward that branches or loops on values cannot be drawn; take that part out and try again.",
            details=repr(error),
        ) from error
    drawing = _Drawing(module, [tuple(shape) for shape in input_shapes])
    for step in graph.nodes:
        drawing.add(step)
    refuse_strange(drawing.sketch)
    return finish(drawing.sketch, drawing.outputs, name or type(module).__name__, class_names(module), keep)


@contextmanager
def in_use(module: nn.Module, training: bool = False) -> Iterator[None]:
    """Put a module into its mode of use, or of training, and every part back into its own mode afterwards."""
    was_training = {part: part.training for part in module.modules()}
    module.train(training)
    try:
        yield
    finally:
        for part, mode in was_training.items():
            part.training = mode


def refuse_strange(sketch: Sketch) -> None:
    """Raise `BadInput` that lists what could not be taken over, if anything."""
    if sketch.strange:
        listed = ", ".join(dict.fromkeys(sketch.strange))
        raise BadInput(
            f"{sketch.module_name} uses operations that no layer here stands for: {listed}.",
            "Replace them, or add a layer for each.",
        )


def finish(
    sketch: Sketch,
    outputs: Sequence[tuple[str, Wire]],
    name: str,
    kind: Callable[[str], str] = lambda path: "",
    keep: Collection[str] = (),
) -> Traced:
    """Fold the steps into a drawing, and say where their weights have gone."""
    if not outputs:
        raise BadInput(f"{sketch.module_name} returns no tensor.", "Let its forward return one.")
    if any(wire.each for _, wire in outputs):
        sketch.strange.append("Flatten that takes in the batch")
        refuse_strange(sketch)
    folded = fold(sketch, outputs, name, kind, keep)
    names: dict[str, str] = {}
    shapes: dict[str, Shape] = {}
    constants: dict[str, Tensor] = {}
    values: dict[str, Tensor] = {}
    for number, place in folded.places.items():
        step = sketch.steps[number]
        for ours, weight in step.weights.items() if step.shares is None else ():
            where = f"{place}.{ours}"
            values[where] = weight.value
            if weight.key:
                names[weight.key] = where
                shapes[where] = tuple(weight.value.shape)
            else:
                constants[where] = weight.value
    return Traced(folded.spec, names, shapes, constants, values)


def class_names(module: nn.Module) -> Callable[[str], str]:
    """Class name of the submodule at a path; "" for containers, which say nothing by their class."""

    def kind(path: str) -> str:
        part = module.get_submodule(path)
        return "" if type(part) in _CONTAINERS else type(part).__name__

    return kind


@cache
def _stops() -> tuple[Callable[..., Any], ...]:
    """The functions of other libraries that are one step each, as far as the libraries are there."""
    load()
    found = []
    for name in STOPS:
        place, _, word = name.rpartition(".")
        try:
            found.append(getattr(importlib.import_module(place), word))
        except (ImportError, AttributeError):
            continue
        FUNCTIONS[found[-1]] = MODULES[name]
    return tuple(found)


class _Tracer(fx.Tracer):
    """Stops at PyTorch's own modules, at ours, and at those that a rule knows as a whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return super().is_leaf_module(m, module_qualified_name) or class_path(m) in MODULES or layer_type(m) is not None


def class_path(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__name__}"


class _Drawing:
    """The sketch as it grows, and what each fx node has come to be."""

    def __init__(self, module: nn.Module, input_shapes: list[Shape]) -> None:
        self.module = module
        self.input_shapes = input_shapes
        self.sketch = Sketch(type(module).__name__)
        self.outputs: list[tuple[str, Wire]] = []
        self.values: dict[fx.Node, Any] = {}
        self.lost: set[fx.Node] = set()
        self.given = 0

    def add(self, step: fx.Node) -> None:
        """Take over one step of the traced graph."""
        if any(node in self.lost for node in step.all_input_nodes):
            self.lost.add(step)  # it follows something strange, which is reported already
            return
        args = fx.map_arg(step.args, self.values.__getitem__)
        kwargs = fx.map_arg(step.kwargs, self.values.__getitem__)
        try:
            if step.op == "placeholder":
                self.values[step] = self._input(step)
            elif step.op == "output":
                self.outputs = named_outputs(step.args[0], args[0])
            elif step.op == "get_attr":
                self.values[step] = self._attribute(str(step.target))
            elif step.op == "call_module":
                self.values[step] = self._module(step, args, kwargs)
            else:
                self.values[step] = self._call(step, args, kwargs)
            for source in _changed(step, self.module):
                self.values[source] = self.values[step]  # what is read from it later is what it was changed into
        except Unsupported as why:
            self.sketch.strange.append(str(why))
            self.lost.add(step)

    def _input(self, step: fx.Node) -> Any:
        if self.given >= len(self.input_shapes):
            if step.args:
                return step.args[0]  # an argument with a default stays at it
            raise BadInput(
                f"{self.sketch.module_name} takes more inputs than the {len(self.input_shapes)} shapes given.",
                "Give one shape for each argument of its forward.",
            )
        shape = self.input_shapes[self.given]
        self.given += 1
        name = "input" if len(self.input_shapes) == 1 else str(step.target)
        return self.sketch.put(INPUT, name, {"shape": shape}, [])[0]

    def _attribute(self, target: str) -> Any:
        value = reduce(getattr, target.split("."), self.module)
        if not isinstance(value, Tensor):
            return value
        saved = target in self.module.state_dict(keep_vars=True)
        return Free(target if saved else "", value.detach(), isinstance(value, nn.Parameter))

    def _module(self, step: fx.Node, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        path = str(step.target)
        module = self.module.get_submodule(path)
        at = At(self.sketch, path, _calls(step)[:-1])
        rule = MODULES.get(class_path(module))
        if rule is not None:
            return apply(rule, at, (module, *args), kwargs, f"{type(module).__name__} ({path})")
        wires = [arg for arg in args if isinstance(arg, Wire)]
        kind = layer_type(module, [wire.shape for wire in wires])
        if kind is None or len(wires) != len(args) or kwargs:
            raise Unsupported(f"{type(module).__name__} ({path})")
        shapes = [wire.shape for wire in wires]
        params = underived(kind, fitted(kind, layer_params(kind, module), shapes), module, shapes)
        weights = {key: Free(f"{path}.{key}", value) for key, value in module.state_dict().items()}
        made = at.put_all(kind, params, *wires, weights=weights)
        if difference := differs(module, kind, params, shapes):
            raise Unsupported(f"{type(module).__name__} ({path}) as {difference}")
        return made[0] if len(made) == 1 else made

    def _call(self, step: fx.Node, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        target = step.target
        parts = _flat((*args, *kwargs.values()))
        what = f"{step.op.removeprefix('call_')} {getattr(target, '__name__', target)}"
        if isinstance(target, type) and issubclass(target, tuple):
            return target(*args, **kwargs)  # a named tuple of results
        if target is getattr:
            return asked(str(args[1]), args[0])
        if target is operator.getitem and not isinstance(args[0], Wire | Free):
            return args[0][args[1]]
        if not any(isinstance(part, Wire) for part in parts):
            return self._constant(step, args, kwargs, what)
        rule = METHODS.get(target) if isinstance(target, str) else FUNCTIONS.get(target)
        if rule is None:
            raise Unsupported(what)
        return apply(rule, At(self.sketch, _own(step), _calls(step)), args, kwargs, what)

    def _constant(self, step: fx.Node, args: tuple[Any, ...], kwargs: Mapping[str, Any], what: str) -> Any:
        """Arithmetic on sizes, and on tensors that are there before any picture comes."""
        parts = _flat((*args, *kwargs.values()))
        if step.target is torch._assert:
            return None
        if step.target == "expand" and isinstance(args[0], Free) and isinstance(args[1], Batch):
            return Free(args[0].key, args[0].value, args[0].trained, spread=True)
        if any(isinstance(part, Batch) for part in parts) or any(isinstance(p, Free) and p.trained for p in parts):
            raise Unsupported(what)
        values = fx.node.map_aggregate(
            (args, dict(kwargs)), lambda part: part.value if isinstance(part, Free) else part
        )
        if step.target in _NUMBERS or any(isinstance(part, Free) for part in parts):
            plain_args, plain_kwargs = values
            if isinstance(step.target, str):
                found = getattr(plain_args[0], step.target)(*plain_args[1:], **plain_kwargs)
            else:
                found = step.target(*plain_args, **plain_kwargs)
            return Free("", found) if isinstance(found, Tensor) else found
        raise Unsupported(what)


def named_outputs(written: Any, found: Any, name: str = "output") -> list[tuple[str, Wire]]:
    """What a forward returns as Output nodes; the keys of a mapping and the fields of a named tuple name them."""
    if isinstance(found, Wire):
        return [(name, found)]
    if isinstance(found, Mapping):
        return [pair for key, value in found.items() for pair in named_outputs(None, value, str(key))]
    if isinstance(found, tuple | list):
        fields = getattr(written, "_fields", None) or getattr(found, "_fields", None)
        if fields is None:
            fields = [name if n == 0 else f"{name}{n + 1}" for n in range(len(found))]
        return [pair for key, value in zip(fields, found, strict=True) for pair in named_outputs(None, value, str(key))]
    if found is None:
        return []
    raise Unsupported(f"an output that is {type(found).__name__}")


def _calls(step: fx.Node) -> tuple[Call, ...]:
    """The module calls that a step happened in, outermost first; a leaf module's own call is the last."""
    stack = step.meta.get("nn_module_stack") or {}
    return tuple(Call(str(key), str(path)) for key, (path, _) in stack.items() if path)


def _own(step: fx.Node) -> str:
    """A path for a call: where in the module it happens, and its fx name without the number."""
    calls = _calls(step)
    called = re.sub(r"_\d+$", "", step.name).strip("_")
    return f"{calls[-1].path}.{called}" if calls else called


def _changed(step: fx.Node, module: nn.Module) -> list[fx.Node]:
    """What a step changes in place: the input of an in-place activation, or the left side of `x += y`."""
    source = step.args[0] if step.args else None
    if not isinstance(source, fx.Node):
        return []
    if step.op == "call_module":
        changes = bool(getattr(module.get_submodule(str(step.target)), "inplace", False))
    else:
        name = step.target if isinstance(step.target, str) else getattr(step.target, "__name__", "")
        changes = step.kwargs.get("inplace") is True or step.target in _IN_PLACE
        changes = changes or (name.endswith("_") and not name.startswith("_"))
    return [source] if changes else []


def _plain(part: Any) -> Any:
    return part.value if isinstance(part, Free) else part


def _flat(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [part for item in value for part in _flat(item)]
    return [value]


def asked(what: str, value: Any) -> Any:
    """Answers to attributes of a tensor."""
    shape = (value.batch, *value.shape) if isinstance(value, Wire) else tuple(value.value.shape)
    if what == "shape":
        return Sizes(shape, value if isinstance(value, Wire) else None)
    if what == "ndim":
        return len(shape)
    if what == "dtype" and isinstance(value, Wire):
        return torch.float32
    if what == "device":
        return torch.device("cpu")
    raise Unsupported(f"the attribute {what} of a tensor")
