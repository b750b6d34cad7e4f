"""The registries of rules, and what a rule is given.

A rule is a function of an `At` and of the arguments that the function, method or module is called with; it draws what
the call means and returns what comes out: a `Wire`, a tuple of them, or a plain value. It raises `Unsupported` for what
no layer stands for. Its parameters bear PyTorch's names, so that positions, names and defaults are Python's affair.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

from engine.importing.sketch import Call, Free, Sketch, Unsupported, Weight, Wire

Rule = Callable[..., Any]
R = TypeVar("R", bound=Rule)

FUNCTIONS: dict[Any, Rule] = {}
METHODS: dict[str, Rule] = {}
MODULES: dict[str, Rule] = {}
STOPS: list[str] = []
"""Dotted names of functions of other libraries that are taken as one step, if the library is there."""


@dataclass(frozen=True)
class At:
    """Where a rule draws: the sketch, the name of the call, and the module calls around it."""

    sketch: Sketch
    path: str
    calls: tuple[Call, ...] = ()

    def put(
        self,
        type: str,
        params: Mapping[str, Any],
        *wires: Wire,
        weights: Mapping[str, Free | Tensor | None] | None = None,
        name: str = "",
    ) -> Wire:
        """Draw a layer and return what comes out of it first. `name` replaces the last word of its path."""
        return self.put_all(type, params, *wires, weights=weights, name=name)[0]

    def put_all(
        self,
        type: str,
        params: Mapping[str, Any],
        *wires: Wire,
        weights: Mapping[str, Free | Tensor | None] | None = None,
        name: str = "",
    ) -> tuple[Wire, ...]:
        """The same for a layer with several outputs."""
        for wire in wires:
            if not isinstance(wire, Wire):
                raise Unsupported(f"{type} ({self.path}) of something that is no picture or feature map")
        taken = {
            ours: Weight(free.key, free.value) if isinstance(free, Free) else Weight("", free)
            for ours, free in (weights or {}).items()
            if free is not None
        }
        path = self.path if not name else f"{self.path.rpartition('.')[0]}.{name}".lstrip(".")
        return self.sketch.put(type, path, params, wires, self.calls, taken)


def function(*targets: Any) -> Callable[[R], R]:
    """Decorator: this is what these functions mean; a text names a method of tensors."""

    def file(rule: R) -> R:
        for target in dict.fromkeys(targets):  # PyTorch has several functions under two names
            table: dict[Any, Rule] = METHODS if isinstance(target, str) else FUNCTIONS
            if target in table:
                raise ValueError(f"two rules for {target!r}")
            table[target] = rule
        return rule

    return file


def library_function(name: str) -> Callable[[R], R]:
    """Decorator: what a function of another library means, such as "torchvision.ops.misc.something"."""

    def file(rule: R) -> R:
        STOPS.append(name)
        MODULES[name] = rule
        return rule

    return file


def module(*names: str) -> Callable[[R], R]:
    """Decorator: this is what calls of these module classes mean, by dotted name. It is given the module first."""

    def file(rule: R) -> R:
        MODULES.update(dict.fromkeys(names, rule))
        return rule

    return file


def load() -> None:
    """Import every file of rules."""
    package = importlib.import_module("engine.importing.rules")
    for info in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"engine.importing.rules.{info.name}")


def apply(rule: Rule, at: At, args: Sequence[Any], kwargs: Mapping[str, Any], what: str) -> Any:
    """Call a rule. Arguments that it does not have make the call something that is not known."""
    try:
        bound = inspect.signature(rule).bind(at, *args, **kwargs)
    except TypeError:
        raise Unsupported(f"{what} with these arguments") from None
    return rule(*bound.args, **bound.kwargs)


def only(what: str, **settings: tuple[Any, Any]) -> None:
    """Raise `Unsupported` unless each setting (value, wanted) is as wanted."""
    for name, (value, wanted) in settings.items():
        if value != wanted:
            raise Unsupported(f"{what} with {name}={value!r}")


def axis(dim: int, wire: Wire) -> int:
    """A dimension counted from the front, the batch being 0."""
    rank = len(wire.shape) + 1
    return dim % rank if -rank <= dim < rank else dim
