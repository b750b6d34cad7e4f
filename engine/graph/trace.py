"""From a PyTorch module to a drawing, by torch.fx: the layers that we have, exact to the last setting."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn

from engine.errors import BadInput
from engine.graph.edits import inside, make_block, rename
from engine.graph.ids import free_id, numbered, why_not
from engine.graph.layout import layout
from engine.graph.shapes import facts_of, written
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec, Shape
from engine.graph.trace_rules import FUNCTIONS, METHODS, Call, call_params, layer_params, layer_type
from engine.layers.base import parse_layer

_ADDING = (operator.add, operator.iadd, torch.add)
_MULTIPLYING = (operator.mul, operator.imul, torch.mul)
_JOINING = (torch.cat, torch.concat)
_NUMBERS = (operator.add, operator.sub, operator.mul, operator.floordiv, operator.truediv, operator.mod)


@dataclass(frozen=True)
class Traced:
    """A traced module.

    Attributes:
        spec: the drawing.
        names: the module's own names of weights and buffers to those of the compiled drawing.
    """

    spec: NetworkSpec
    names: Mapping[str, str]

    def load(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The module's state dict under the names that the compiled drawing has; what it never uses is left out."""
        return {self.names[key]: value for key, value in state.items() if key in self.names}


def trace(module: nn.Module, *input_shapes: Sequence[int], name: str = "") -> Traced:
    """Draw a module.

    Args:
        module: any module that torch.fx can follow, built of layers that this program has; it is not changed.
        input_shapes: one shape without the batch for each argument of its forward.
        name: the network's name; the class's by default.

    Raises:
        BadInput: it decides by values, or uses operations that no layer stands for; they are named.
    """
    was_training = module.training
    module.eval()
    try:
        tracer = _Tracer()
        graph = tracer.trace(module)
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BadInput(
            f"{type(module).__name__} cannot be traced: {first}.",
            "A forward that branches or loops on values cannot be drawn; take that part out and try again.",
            details=repr(error),
        ) from error
    finally:
        module.train(was_training)
    drawing = _Drawing(module, [tuple(shape) for shape in input_shapes])
    for step in graph.nodes:
        drawing.add(step)
    if drawing.strange:
        listed = ", ".join(dict.fromkeys(drawing.strange))
        raise BadInput(
            f"{type(module).__name__} uses operations that no layer here stands for: {listed}.",
            "Replace them, or add a layer for each.",
        )
    return drawing.finish(name or type(module).__name__)


class _Tracer(fx.Tracer):
    """Stops at PyTorch's own modules and at ours."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return super().is_leaf_module(m, module_qualified_name) or type(m).__module__.startswith("engine.modules")


@dataclass(frozen=True)
class _Wire:
    """A tensor of the traced module: the node that it comes out of, and its shape."""

    node: str
    shape: Shape


class _Batch:
    """Stands for the number of pictures, wherever the module asks for it."""


_BATCH = _Batch()


@dataclass
class _Drawing:
    """The drawing as it grows, and what each fx node has come to be."""

    module: nn.Module
    input_shapes: list[Shape]
    nodes: list[NodeSpec] = field(default_factory=list)
    edges: list[EdgeSpec] = field(default_factory=list)
    values: dict[fx.Node, Any] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)

    def add(self, step: fx.Node) -> None:
        """Take over one step of the traced graph."""
        if any(self.values.get(node) is None for node in step.all_input_nodes):
            self.values[step] = None  # it follows something strange, which is reported already
            return
        args = fx.map_arg(step.args, self.values.__getitem__)
        kwargs = fx.map_arg(step.kwargs, self.values.__getitem__)
        if step.op == "placeholder":
            self.values[step] = self._input(step)
        elif step.op == "output":
            results = args[0] if isinstance(args[0], tuple | list) else (args[0],)
            for wire in results:
                if isinstance(wire, _Wire):
                    self._put(OUTPUT, "output", {}, [wire])
                else:
                    self.strange.append(f"an output that is {type(wire).__name__}")
        elif step.op == "call_module":
            self.values[step] = self._module(step, args)
        elif step.op == "get_attr":
            self._unknown(step, f"the free tensor {step.target}")
        else:
            self.values[step] = self._call(step, args, kwargs)

    def _unknown(self, step: fx.Node, what: str) -> None:
        self.strange.append(what)
        self.values[step] = None

    def _input(self, step: fx.Node) -> _Wire | None:
        place = sum(node.type == INPUT for node in self.nodes)
        if place >= len(self.input_shapes):
            if step.args:
                return step.args[0]  # type: ignore[return-value] # an argument with a default stays at it
            raise BadInput(
                f"{type(self.module).__name__} takes more inputs than the {len(self.input_shapes)} shapes given.",
                "Give one shape for each argument of its forward.",
            )
        return self._put(INPUT, "input", {"shape": self.input_shapes[place]}, [])

    def _module(self, step: fx.Node, args: tuple[Any, ...]) -> _Wire | None:
        path = str(step.target)
        module = self.module.get_submodule(path)
        kind = layer_type(module)
        wires = [arg for arg in args if isinstance(arg, _Wire)]
        if kind is None or len(wires) != len(args):
            self.strange.append(f"{type(module).__name__} ({path})")
            return None
        if path in self.sources.values() and module.state_dict():
            self.strange.append(f"{path}, which is used twice with the same weights")
            return None
        params = layer_params(kind, module)
        wire = self._put(kind, path, params, wires, path)
        if wire is not None and (difference := _differs(module, kind, params, [w.shape for w in wires])):
            self.strange.append(f"{type(module).__name__} ({path}) as {difference}")
        return wire

    def _call(self, step: fx.Node, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        target = step.target
        if not any(isinstance(arg, _Wire) for arg in _flat(args)):
            return _number(target, args)
        own = _own(step)
        first = args[0]
        if target in ("size", "dim", "contiguous") or target is getattr:
            return _asked(str(target) if isinstance(target, str) else args[1], first, args, kwargs)
        if target in _ADDING or target in _MULTIPLYING or target in ("add", "add_", "mul", "mul_"):
            adding = target in _ADDING or str(target).startswith("add")
            if all(isinstance(arg, _Wire) for arg in args) and not kwargs:
                return self._put("Add" if adding else "Multiply", own, {}, list(args))
        elif target in _JOINING:
            dim = args[1] if len(args) > 1 else kwargs.get("dim", 0)
            dim = dim if dim >= 0 else dim + len(args[0][0].shape) + 1
            if len(args[0]) == 1:
                return args[0][0]
            if dim >= 1:
                return self._put("Concatenate", own, {"dim": dim} if dim != 1 else {}, list(args[0]))
        elif target in ("view", "reshape") or target is torch.reshape:
            return self._reshape(step, first, args[1:])
        elif target == "mean" or target is torch.mean:
            return self._mean(step, first, args, kwargs)
        call = METHODS.get(target) if isinstance(target, str) else FUNCTIONS.get(target)
        wire = self._layer_call(own, call, first, args[1:], kwargs) if call else None
        if wire is None:
            self.strange.append(f"{step.op.removeprefix('call_')} {getattr(target, '__name__', target)}")
        return wire

    def _layer_call(
        self, own: str, call: Call, wire: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> _Wire | None:
        params = call_params(call, args, kwargs) if isinstance(wire, _Wire) else None
        return None if params is None else self._put(call.type, own, params, [wire])

    def _reshape(self, step: fx.Node, wire: _Wire, sizes: tuple[Any, ...]) -> _Wire | None:
        if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
            sizes = tuple(sizes[0])
        batch_first = bool(sizes) and (sizes[0] is _BATCH or (sizes[0] == -1 and -1 not in sizes[1:]))
        if not batch_first or not all(isinstance(size, int) for size in sizes[1:]):
            self.strange.append(f"{step.target} that moves the batch")
            return None
        if len(sizes) == 2 and sizes[0] is _BATCH:
            return self._put("Flatten", _own(step, "flatten"), {}, [wire])
        return self._put("Reshape", _own(step, "reshape"), {"shape": tuple(sizes[1:])}, [wire])

    def _mean(self, step: fx.Node, wire: _Wire, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Wire | None:
        dims = args[1] if len(args) > 1 else kwargs.get("dim")
        rank = len(wire.shape) + 1
        wanted = sorted(d % rank for d in dims) if isinstance(dims, list | tuple) else dims
        keep = kwargs.get("keepdim", args[2] if len(args) > 2 else False)
        if rank != 4 or wanted != [2, 3]:
            self.strange.append("mean over other dimensions than height and width")
            return None
        pooled = self._put("AdaptiveAvgPool2d", _own(step, "pool"), {}, [wire])
        if pooled is None or keep:
            return pooled
        return self._put("Flatten", _own(step, "flatten"), {}, [pooled])

    def _put(self, type: str, own: str, params: Mapping[str, Any], wires: list[_Wire], path: str = "") -> _Wire | None:
        """Draw a node for the module or call named `own` and return what comes out of it."""
        id = self._id(own, type)
        facts = facts_of(type, params, [wire.shape for wire in wires])
        if facts.failure is not None:
            given = " and ".join(written(wire.shape) for wire in wires)
            raise BadInput(
                f"{own or type} ({type}) does not work on {given}: {facts.failure.what}", "Trace with another input."
            )
        self.nodes.append(NodeSpec(id, type, params))
        self.edges.extend(EdgeSpec(wire.node, id) for wire in wires)
        self.owners[id] = own
        if path:
            self.sources[id] = path
        return _Wire(id, facts.output_shapes[0])

    def _id(self, own: str, type: str) -> str:
        wanted = re.sub(r"\W", "_", own).strip("_")
        taken = self.owners
        if not wanted or why_not(wanted):
            wanted = f"{type.lower()}_{wanted}".strip("_")
        if why_not(wanted):
            return numbered(type.lower(), taken)
        return free_id(wanted, taken)

    def finish(self, name: str) -> Traced:
        """Pack the nodes of each building block of the module into a block, and lay everything out."""
        spec = NetworkSpec(name, tuple(self.nodes), tuple(self.edges))
        places = {node.id: node.id for node in self.nodes}
        for path, ids in _blocks(self.module, self.owners).items():
            block = free_id(re.sub(r"\W", "_", path), set(spec.by_id))
            try:
                spec = make_block(spec, ids, block)
            except BadInput:
                continue  # a path leaves the block and comes back: its nodes stay in the open
            names: dict[str, str] = {}
            for id in ids:
                short = re.sub(r"\W", "_", self.owners[id].removeprefix(path).strip("."))
                node = spec.node(block).subgraph.node(id)  # type: ignore[union-attr]
                if not short or why_not(short):
                    short = f"{node.type.lower()}_{short}".strip("_")
                names[id] = free_id(short, set(names.values()))
            spec = inside(spec, block, lambda inner, names=names: _renamed(inner, names))  # type: ignore[misc]
            places.update({id: f"{block}.{new}" for id, new in names.items()})
        keys = {}
        for id, path in self.sources.items():
            for key in self.module.get_submodule(path).state_dict():
                keys[f"{path}.{key}"] = f"{places[id]}.{key}"
        return Traced(layout(spec), keys)


def _renamed(spec: NetworkSpec, names: Mapping[str, str]) -> NetworkSpec:
    """Rename nodes at once; by way of interim names, since a new name may be another's old one."""
    interim = {id: f"moving{number}" for number, id in enumerate(names)}
    for old, new in interim.items():
        spec = rename(spec, old, new)
    for old, new in names.items():
        spec = rename(spec, interim[old], free_id(new, set(spec.by_id)))
    return spec


def _blocks(module: nn.Module, owners: Mapping[str, str]) -> dict[str, list[str]]:
    """Which nodes belong together: those of the outermost submodules that are neither lists nor most of the network."""
    found: dict[str, list[str]] = {}
    sizes = Counter(path for own in owners.values() for path in _prefixes(own))
    for id, own in owners.items():
        for path in _prefixes(own):
            part = _submodule(module, path)
            if part is None or isinstance(part, nn.Sequential | nn.ModuleList | nn.ModuleDict):
                continue
            if sizes[path] <= 0.6 * len(owners):
                found.setdefault(path, []).append(id)
                break
    return {path: ids for path, ids in found.items() if len(ids) > 1}


def _prefixes(own: str) -> list[str]:
    """("a.b.c") as ["a", "a.b"]."""
    parts = own.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _submodule(module: nn.Module, path: str) -> nn.Module | None:
    try:
        return module.get_submodule(path)
    except AttributeError:
        return None


def _own(step: fx.Node, name: str = "") -> str:
    """A path for a call: where in the module it happens, and its fx name without the number."""
    stack = list((step.meta.get("nn_module_stack") or {}).values())
    path = str(stack[-1][0]) if stack else ""
    called = name or re.sub(r"_\d+$", "", step.name)
    return f"{path}.{called}".strip(".")


def _flat(args: tuple[Any, ...]) -> list[Any]:
    return [part for arg in args for part in (arg if isinstance(arg, tuple | list) else (arg,))]


def _number(target: Any, args: tuple[Any, ...]) -> Any:
    """Arithmetic on sizes, and picking one of them."""
    if target is operator.getitem:
        return args[0][args[1]]
    if target in _NUMBERS and all(isinstance(arg, int | float) for arg in args):
        return target(*args)
    return None


def _asked(what: str, wire: _Wire, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Answers to size(), shape, dim() and contiguous()."""
    sizes = (_BATCH, *wire.shape)
    if what == "contiguous":
        return wire
    if what == "dim":
        return len(sizes)
    if what == "shape":
        return sizes
    if what == "size":
        which = args[1] if len(args) > 1 else kwargs.get("dim")
        return sizes if which is None else sizes[which]
    return None


def _differs(module: nn.Module, type: str, params: Mapping[str, Any], shapes: list[Shape]) -> str:
    """What the rebuilt module would say differently from the original; "" if they are the same."""
    with torch.device("meta"):
        ours = parse_layer(type, params).build(*shapes)
    ours_text, theirs_text = _described(ours), _described(module)
    if ours_text != theirs_text:
        return theirs_text
    ours_sizes = {key: value.shape for key, value in ours.state_dict().items()}
    theirs_sizes = {key: value.shape for key, value in module.state_dict().items()}
    return "" if ours_sizes == theirs_sizes else theirs_text


def _described(module: nn.Module) -> str:
    """The module's own description in one spelling."""
    text = re.sub(r",?\s*inplace=(True|False)", "", repr(module))
    text = re.sub(r"padding=valid", "padding=(0, 0)", text)
    text = re.sub(r"\((\d+), \1\)", r"\1", text)  # 3 for (3, 3)
    text = re.sub(r"\b(\d+)\.0\b", r"\1", text)
    return re.sub(r",? ?padding=0(?=[,)])", "", text)
