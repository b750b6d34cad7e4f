"""Finding repairs by trying: which setting, which width or which layer in between lets a layer work on what it gets.

No knowledge of single layers, so that every layer there will ever be is helped the same way. What is offered has been
tried on the layer itself; what it does to the rest of the network is tried by `engine.graph.proving`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import isqrt, log, prod
from typing import Any, Literal, get_args, get_origin

from engine.graph.problems.base import View, through, title, try_layer, uneven
from engine.graph.problems.heads import width_setting
from engine.graph.repairs import (
    Steps,
    become,
    default_param,
    put_between,
    set_param,
    spoken_step,
    spoken_value,
    take_out,
)
from engine.graph.results import Problem, Repair
from engine.graph.shapes import Failure
from engine.graph.spec import BLOCK, EdgeSpec, NodeSpec, Shape
from engine.layers.base import LAYERS

Shapes = tuple[Shape, ...]
_MOST_VALUES = 40
_MOST_OFFERED = 3


def unexplained(view: View, explained: set[str | None]) -> Iterator[Problem]:
    """Failures for which no checker has words of its own, in those of the layer."""
    for id, failure in view.level.failures.items():
        node = view.spec.by_id[id]
        if id in explained or node.type == BLOCK:
            continue
        shapes = view.level.shapes_into(id)
        repairs = [*remedies(view, node, shapes), take_out(id)]
        yield Problem("error", _kind(failure), id, f"{title(node)}: {failure.what}", failure.advice, tuple(repairs))


def _kind(failure: Failure) -> str:
    return "collapsed" if failure.what.startswith("Nothing is left") else "impossible"


def remedies(view: View, node: NodeSpec, shapes: Shapes) -> Iterator[Repair]:
    """What would let this one layer work: another form of it, its settings, the widths before it, layers in between."""
    if node.type not in LAYERS or not shapes:
        return
    yield from siblings(node, shapes)
    yield from settings(view, node, shapes)
    yield from widths(view, node, shapes)
    yield from layers_between(view, node, shapes)


def siblings(node: NodeSpec, shapes: Shapes) -> Iterator[Repair]:
    """The same layer for pictures with more or fewer axes: Conv1d for Conv2d."""
    stem = node.type[:-2] if node.type[-2:] in ("1d", "2d", "3d") else node.type
    for name in (f"{stem}{axes}d" for axes in (1, 2, 3)):
        if name == node.type or name not in LAYERS:
            continue
        params = {key: value for key, value in node.params.items() if key in LAYERS.get(name).model_fields}
        if try_layer(name, params, shapes):
            yield become(node.id, name, params)


def settings(view: View, node: NodeSpec, shapes: Shapes) -> list[Repair]:
    """For each setting the value that lets the layer work: what layers of its kind have around it, or the nearest.

    The setting that the complaint speaks of comes first, then the least change.
    """
    fields = LAYERS.get(node.type).model_fields
    said = view.level.failures[node.id].what if node.id in view.level.failures else ""
    found: list[tuple[float, int, Repair]] = []
    for place, (name, declared) in enumerate(fields.items()):
        usual = declared.get_default()
        value = node.params.get(name, usual)
        others = around(view, node, name) if name in node.params else []
        nearest = _candidates(value, usual, declared.annotation, node, shapes)[:_MOST_VALUES]
        given = [usual] if name in node.params else []
        for candidate in dict.fromkeys((*others, *given, *nearest)):
            if candidate == value or uneven({**node.params, name: candidate}):
                continue
            if try_layer(node.type, {**node.params, name: candidate}, shapes) is None:
                continue
            set_back = candidate == usual and name in node.params
            repair = default_param(node.id, name, _back(node.id, name, usual)) if set_back else None
            meant = said.find(name.replace("_", " "))
            far = 0.0 if candidate in others else 0.3 if set_back else 0.5 + _distance(value, candidate)
            order = far + (0.01 * meant if meant >= 0 else 10.0)
            found.append((order, place, repair or set_param(node.id, name, candidate)))
            break
    return [repair for _, _, repair in sorted(found, key=lambda one: one[:2])][:_MOST_OFFERED]


def around(view: View, node: NodeSpec, name: str) -> list[Any]:
    """What other layers of its type on the same level have as this setting, the most frequent first."""
    usual = LAYERS.get(node.type).model_fields[name].get_default()
    values = Counter(
        one.params.get(name, usual) for one in view.spec.nodes if one.type == node.type and one.id != node.id
    )
    return [value for value, _ in values.most_common(3) if value != node.params.get(name, usual)]


def _back(id: str, name: str, usual: Any) -> str:
    return f"Put {name} of {id} back to {spoken_value(usual)}"


def _candidates(value: Any, usual: Any, kind: Any, node: NodeSpec, shapes: Shapes) -> list[Any]:
    """Values worth trying, the nearest first."""
    found: list[Any] = [usual]
    if isinstance(value, bool):
        return [not value]
    found += _choices(kind)
    if isinstance(value, int) or isinstance(usual, int):
        found += _numbers(value if isinstance(value, int) else 1, node, shapes)
    if isinstance(value, tuple) and value and all(isinstance(one, int) for one in value):
        found += _tuples(value, shapes)
    unique = [one for one in dict.fromkeys(found) if one != value]
    return sorted(unique, key=lambda one: _distance(value, one))


def _choices(kind: Any) -> list[Any]:
    """The words and the None that an annotation allows."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [one for part in get_args(kind) for one in ([None] if part is type(None) else _choices(part))]


def _numbers(value: int, node: NodeSpec, shapes: Shapes) -> list[int]:
    """Divisors and multiples of the sizes around, and the neighbours."""
    sizes = {size for shape in shapes for size in shape}
    others = {one for one in node.params.values() if isinstance(one, int) and not isinstance(one, bool) and one > 1}
    found = {0, 1, 2, 3, -1, value - 1, value + 1, value - 2, value // 2, *sizes, *(size - 1 for size in sizes)}
    found |= {len(shape) for shape in shapes}
    for size in sizes:
        found.update(_divisors(size))
    for one in (*others, *sizes):
        found |= {value // one * one, -(-value // one) * one}
    return [one for one in found if one <= 1_000_000]


@lru_cache(maxsize=512)
def _divisors(number: int) -> tuple[int, ...]:
    if number > 1_000_000:
        return ()
    small = [one for one in range(1, isqrt(number) + 1) if number % one == 0]
    return (*small, *(number // one for one in small))


def _tuples(value: tuple[int, ...], shapes: Shapes) -> list[tuple[int, ...]]:
    """Every size in turn left open, made one less or 0, or made to sum up; the dimensions in their order."""
    found: list[tuple[int, ...]] = []
    for place in range(len(value)):
        found += [(*value[:place], one, *value[place + 1 :]) for one in (-1, 0, 1, value[place] - 1)]
        for size in {size for shape in shapes for size in shape}:
            rest = size - sum(value) + value[place]
            if rest > 0:
                found.append((*value[:place], rest, *value[place + 1 :]))
    rank = len(shapes[0])
    found += [tuple(range(1, rank + 1)), tuple(range(rank, 0, -1)), (rank,), value[:rank]]
    return [one for one in found if one]


def _distance(value: Any, candidate: Any) -> float:
    """How large a change is: numbers by their ratio, anything else in between."""
    numbers = (int, float)
    if isinstance(value, numbers) and isinstance(candidate, numbers) and not isinstance(candidate, bool):
        if candidate < 0 or value < 0:
            return 3.0
        return abs(log((candidate + 0.5) / (value + 0.5)))
    if isinstance(value, tuple) and isinstance(candidate, tuple) and len(value) == len(candidate):
        return 0.5 + 0.1 * sum(a != b for a, b in zip(value, candidate, strict=True))
    return 1.0


def widths(view: View, node: NodeSpec, shapes: Shapes) -> Iterator[Repair]:
    """Another number of filters or outputs in the layer that feeds it."""
    wanted = {one for one in node.params.values() if isinstance(one, int) and not isinstance(one, bool) and one > 1}
    wanted |= {one.get_default() for one in LAYERS.get(node.type).model_fields.values() if _is_count(one.get_default())}
    wanted |= {size for shape in shapes for size in shape[:1]}
    for place, edge in enumerate(view.level.arriving(node.id)):
        shape = shapes[place]
        if not shape:
            continue
        channels = shape[0]
        values = {v for w in wanted for v in (w, w * w, channels // w * w, -(-channels // w) * w, 4 * w) if v > 0}
        for value in sorted(values - {channels}, key=lambda one: _distance(channels, one)):
            trial = (*shapes[:place], (value, *shape[1:]), *shapes[place + 1 :])
            if try_layer(node.type, node.params, trial) is None:
                continue
            setting = width_setting(view.level, node.id, edge=edge)
            if setting is not None:
                yield setting(value)
            break


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


def layers_between(view: View, node: NodeSpec, shapes: Shapes) -> Iterator[Repair]:
    """Layers on one of its inputs that bring what comes in into a form that it takes."""
    found = 0
    for place, edge in enumerate(view.level.arriving(node.id)):
        for steps in _forms(shapes[place], shapes[:place] + shapes[place + 1 :]):
            made = through(steps, shapes[place])
            if made is None:
                continue
            trial = (*shapes[:place], made, *shapes[place + 1 :])
            if try_layer(node.type, node.params, trial) is not None:
                yield _between(edge, steps, node.id)
                found += 1
                if found == _MOST_OFFERED:
                    return


def _between(edge: EdgeSpec, steps: Steps, id: str) -> Repair:
    return put_between(edge, steps, f"Insert {' and '.join(spoken_step(step) for step in steps)} before {id}")


def _forms(shape: Shape, others: Shapes) -> Iterable[Steps]:
    """Ways to write the same values differently, those that lose nothing first."""
    flat: Steps = (("Flatten", {}),)
    if len(shape) == 1:
        side = isqrt(shape[0])
        yield from ((("Reshape", {"shape": form}),) for form in ((1, shape[0]), (shape[0], 1), (shape[0], 1, 1)))
        if side * side == shape[0]:
            yield (("Reshape", {"shape": (1, side, side)}),)
    if len(shape) == 2:
        yield (("Transpose", {}),)
        yield (("Unsqueeze", {}),)
        yield flat
        yield (("Mean", {"dims": (1,)}),)
    if len(shape) == 3:
        yield (("Flatten", {"start_dim": 2}), ("Transpose", {}))
        yield flat
        yield (("AdaptiveAvgPool2d", {}), *flat)
    if len(shape) == 4:
        yield (("Flatten", {"start_dim": 1, "end_dim": 2}),)
        yield flat
    for other in others:
        if len(other) == len(shape) == 3:
            yield (("AdaptiveAvgPool2d", {"output_size": other[1:]}),)
            yield (("Upsample", {"size": other[1:]}),)
            yield (("Conv2d", {"out_channels": other[0], "kernel_size": 1}),)
        if len(other) == len(shape) == 1:
            yield (("Linear", {"out_features": other[0]}),)
        if len(other) == len(shape) and prod(other) == prod(shape):
            yield (("Reshape", {"shape": other}),)
