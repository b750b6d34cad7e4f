"""What a module does to positions: read from the attributes that PyTorch's modules have in common, or tried out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from engine.graph.receptive import STRAIGHT, UNKNOWN, Branches, Mixing, Step, Taps, Window
from engine.graph.spec import Shape

Build = Callable[..., nn.Module]
Heeded = tuple[bool, ...] | None
"""For each input whether its values matter (a crop takes no more than a size from its second); None if all do."""

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_ADAPTIVE = ("AdaptiveAvgPool", "AdaptiveMaxPool")
# Families of torch.nn.modules whose layers leave every position by itself; the exceptions are asked before.
_POINTWISE = ("activation", "batchnorm", "channelshuffle", "dropout", "instancenorm", "normalization")
# Positions along each axis with which an unknown module is tried out, and the largest trial with its own sizes.
_TRIAL = 9
_LARGEST_TRIAL = 2**20


def step_of(module: nn.Module, before: Sequence[Shape], after: Sequence[Shape], build: Build) -> tuple[Step, Heeded]:
    """The step, and which inputs have a say in what comes out.

    `build` makes the module for other input shapes, for those modules that have to be tried out.
    """
    if type(module).__name__ == "Hypercolumn" and not module.sampled:
        return _columns(before, after[0]), None
    known = _declared(module, before[0], after[0])
    if known is None:
        return _tried(before, after[0], build)
    # What resizes like another picture takes no more than the size from it.
    return known, (True, False) if len(before) == 2 and hasattr(module, "align_corners") else None


def _columns(before: Sequence[Shape], after: Shape) -> Step:
    """The picture gives only its size, and each map is enlarged to it."""
    maps = [Window(tuple(map(partial(_blended, corners=False), one[1:], after[1:]))) for one in before[1:]]
    return Branches((None, *maps))


def _declared(module: nn.Module, before: Shape, after: Shape) -> Step | None:
    """From the module's class and attributes; None if they do not say."""
    axes = len(before) - 1
    kind = type(module)
    name = kind.__name__
    if name in ("Add", "Multiply", "Concatenate", "Identity"):
        return Mixing((False,) * len(before))
    if kind is nn.Flatten:
        return Mixing((False,) * len(before))
    if isinstance(module, nn.Linear | nn.Bilinear):
        return Mixing((*(False,) * axes, True))
    if isinstance(module, nn.RNNBase):
        return Mixing((True,) * len(before))
    if name.startswith(_ADAPTIVE) and len(after) == axes + 1:
        return Window(tuple(map(_adaptive, before[1:], after[1:])))
    if hasattr(module, "align_corners") and hasattr(module, "mode") and len(after) == axes + 1:
        return _resized(module, before[1:], after[1:])
    if isinstance(module, nn.PixelShuffle | nn.PixelUnshuffle):
        return Window(tuple(map(_nearest, before[1:], after[1:])))
    if isinstance(module, _TRANSPOSED):
        return Window(_transposed(module, axes))
    if hasattr(module, "kernel_size"):
        return _window(module, axes, len(after) == axes + 1)
    home, _, family = kind.__module__.rpartition(".")
    if home == "torch.nn.modules" and family in _POINTWISE:
        if isinstance(module, nn.Softmax | nn.LogSoftmax | nn.Softmin):
            dim = module.dim if module.dim is not None else 1
            place = (dim if dim >= 0 else dim + len(before) + 1) - 1
            return Mixing(tuple(index == place for index in range(len(before))))
        if not isinstance(module, nn.MultiheadAttention):
            return Mixing((False,) * len(before))
    return _inner_window(module, before)


def _per_axis(value: object, axes: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * axes
    sizes: tuple[int, ...] = tuple(value)  # type: ignore[arg-type]
    return sizes * axes if len(sizes) == 1 else sizes


def _window(module: nn.Module, axes: int, keeps_rank: bool = True) -> Step:
    kernel = _per_axis(module.kernel_size, axes)
    stride = getattr(module, "stride", None)
    stride = kernel if stride is None else _per_axis(stride, axes)
    dilation = _per_axis(getattr(module, "dilation", 1), axes)
    if not keeps_rank or not len(kernel) == len(stride) == len(dilation) == axes:
        return UNKNOWN
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    padding = getattr(module, "padding", 0)
    if padding == "same":
        padding = tuple((r - 1) // 2 for r in reach)
    elif isinstance(padding, str):
        padding = 0
    before = _per_axis(padding, axes)
    return Window(tuple(Taps((-p,), (r - 1 - p,), s) for r, s, p in zip(reach, stride, before, strict=True)))


def _inner_window(module: nn.Module, before: Shape) -> Step | None:
    """The window of a module's only convolution, if it is made of nothing else that could move positions."""
    inner = list(module.children())
    if len(inner) != 1 or not isinstance(inner[0], nn.Conv1d | nn.Conv2d | nn.Conv3d) or not _cuts(module):
        return None
    axes = len(before) - 1
    step = _window(inner[0], axes)
    if isinstance(step, str) or not isinstance(step, Window):
        return None
    sizes = zip(step.axes, before[1:], strict=True)
    return Window(step.axes, tuple((n - 1 - one.last[0]) // one.advance + 1 for one, n in sizes))


def _cuts(module: nn.Module) -> bool:
    """Whether it says that it cuts the picture into patches."""
    return hasattr(module, "patch_size")


def _adaptive(size: int, wanted: int) -> Taps:
    """⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉ − 1."""
    period = wanted // math.gcd(size, wanted)
    places = range(period)
    return Taps(
        tuple(i * size // wanted for i in places),
        tuple(-(-(i + 1) * size // wanted) - 1 for i in places),
        size * period // wanted,
    )


def _nearest(size: int, wanted: int) -> Taps:
    """⌊i·n/m⌋; where the picture shrinks by a whole factor, all that goes into one place."""
    period = wanted // math.gcd(size, wanted)
    places = range(period)
    width = size // wanted if size % wanted == 0 else 1
    first = tuple(i * size // wanted for i in places)
    return Taps(first, tuple(one + width - 1 for one in first), size * period // wanted)


def _resized(module: nn.Module, before: Shape, after: Shape) -> Step:
    mode = str(module.mode)
    if mode.startswith("nearest"):
        pairs = zip(before, after, strict=True)
        return Window(tuple(Taps(one.first, one.first, one.advance) for one in (_nearest(a, b) for a, b in pairs)))
    if mode not in ("linear", "bilinear", "trilinear"):
        return UNKNOWN
    return Window(tuple(_blended(a, b, bool(module.align_corners)) for a, b in zip(before, after, strict=True)))


def _blended(size: int, wanted: int, corners: bool) -> Taps:
    """The two neighbours between which linear interpolation blends; one where it falls exactly on it."""
    if size == wanted:
        return STRAIGHT
    if corners:
        above, below = (size - 1, max(wanted - 1, 1))
        period = below // math.gcd(above, below)
        spots = [(i * above, below) for i in range(period)]
        advance = above * period // below
    else:
        period = wanted // math.gcd(size, wanted)
        # (i + ½)·n/m − ½ as a fraction with the denominator 2m.
        spots = [((2 * i + 1) * size - wanted, 2 * wanted) for i in range(period)]
        advance = size * period // wanted
    return Taps(tuple(a // b for a, b in spots), tuple(-(-a // b) for a, b in spots), advance)


def _transposed(module: nn.Module, axes: int) -> tuple[Taps, ...]:
    """Output i gathers every input j with i + P − D·k = S·j for some tap k of the kernel."""
    given = (_per_axis(getattr(module, name), axes) for name in ("kernel_size", "stride", "padding", "dilation"))
    found = []
    for kernel, stride, padding, dilation in zip(*given, strict=True):
        first, last = [], []
        for place in range(stride):
            spots = [place + padding - dilation * tap for tap in range(kernel)]
            hit = [spot // stride for spot in spots if spot % stride == 0]
            first.append(min(hit, default=place // stride))
            last.append(max(hit, default=place // stride))
        found.append(Taps(tuple(first), tuple(last), 1))
    return tuple(found)


class _OwnChance(TorchDispatchMode):
    """Lets weights be drawn from a generator of our own, so that a trial does not move anybody's random state."""

    def __init__(self) -> None:
        super().__init__()
        self._chance = torch.Generator().manual_seed(0)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        drawing = func
        if not _takes_generator(func) and "generator" in func.overloadpacket.overloads():
            drawing = func.overloadpacket.generator
        if _takes_generator(drawing):
            return drawing(*args, **{**(kwargs or {}), "generator": self._chance})
        return func(*args, **(kwargs or {}))


def _takes_generator(func: Any) -> bool:
    return any(argument.name == "generator" for argument in func._schema.arguments)


def _tried(before: Sequence[Shape], after: Shape, build: Build) -> tuple[Step, Heeded]:
    """Build the module with real weights, as small as it allows, and look where the value in the middle comes from."""
    for shapes in _trials(before, after):
        if sum(math.prod(shape) for shape in shapes) > _LARGEST_TRIAL:
            continue
        try:
            with torch.device("cpu"), _OwnChance(), torch.enable_grad():
                return _seen(build(*shapes).eval().double(), shapes)
        except Exception:  # noqa: BLE001 - a module that cannot be tried out at this size says nothing, which is allowed
            continue
    return UNKNOWN, None


def _trials(before: Sequence[Shape], after: Shape) -> Iterator[list[Shape]]:
    """Input shapes to try: few positions where the module keeps them, one channel where it moves them."""
    if after[1:] == before[0][1:] and len(after) == 3:
        yield [(shape[0], *(min(size, _TRIAL) for size in shape[1:])) for shape in before]
    elif len(before[0]) == 2:
        yield [(min(shape[0], _TRIAL), *shape[1:]) for shape in before]
    elif len(before[0]) >= 3:
        yield [(1, *shape[1:]) for shape in before]
    yield list(before)


def _seen(module: nn.Module, shapes: Sequence[Shape]) -> tuple[Step, Heeded]:
    chance = torch.Generator().manual_seed(0)
    inputs = [torch.rand((1, *shape), generator=chance, dtype=torch.float64).add_(0.5) for shape in shapes]
    for one in inputs:
        one.requires_grad_()
    output = _first(module(*inputs))
    rank, heeded = len(shapes[0]), [False] * len(shapes)
    along = [False] * rank
    if not output.is_floating_point() or not output.requires_grad:
        return Mixing(tuple(along)), tuple(heeded)
    weights = torch.rand(output.shape, generator=chance, dtype=torch.float64).add_(0.5)
    same = output.shape == shapes[0]
    for dim in range(rank) if same else [None]:
        # One place along the dimension (of all others everything), or one single value where the form changes.
        mask = torch.zeros_like(weights)
        if dim is None:
            mask[tuple(size // 2 for size in output.shape)] = 1
        else:
            mask.select(dim, output.shape[dim] // 2).fill_(1)
        grads = torch.autograd.grad((output * weights * mask).sum(), inputs, retain_graph=True, allow_unused=True)
        for number, grad in enumerate(grads):
            heeded[number] |= grad is not None and bool(grad.abs().sum() > 0)
        touched = [g[0] for g in grads if g is not None and g.shape[1:] == shapes[0]]
        for place in range(rank) if dim is None else [dim]:
            along[place] |= any(_places(one, place) > 1 for one in touched)
    moved = len(output.shape) == rank >= 3 and output.shape[1:] != shapes[0][1:]
    step = _moved(module, shapes, tuple(output.shape)) if moved else Mixing(tuple(along))
    return step, None if all(heeded) else tuple(heeded)


def _first(answer: Any) -> Tensor:
    """The first tensor of an answer, without the batch."""
    tensor: Tensor = answer if isinstance(answer, Tensor) else next(iter(answer))
    return tensor[0]


def _places(grad: Tensor, dim: int) -> int:
    """At how many places along a dimension there is any gradient."""
    return int((grad.movedim(dim, 0).reshape(grad.shape[dim], -1).abs().sum(1) > 0).sum())


def _moved(module: nn.Module, shapes: Sequence[Shape], output: Shape) -> Step:
    """For what cuts off or adds positions and copies the rest: where it begins, told by numbering the positions."""
    taps = []
    for axis in range(1, len(output)):
        size = shapes[0][axis]
        numbers = torch.arange(1.0, size + 1, dtype=torch.float64).reshape([-1] + [1] * (len(output) - 1 - axis))
        others = [torch.ones((1, *shape), dtype=torch.float64) for shape in shapes[1:]]
        with torch.no_grad():
            answer = _first(module(numbers.expand(1, *shapes[0]), *others))
        came = answer.movedim(axis, 0).flatten(1).max(1).values
        at = (came > 0).nonzero().flatten()
        start = came[at] - at - 1
        if len(at) == 0 or (start != start[0]).any() or start[0] != start[0].round():
            return UNKNOWN
        taps.append(Taps((int(start[0]),), (int(start[0]),), 1))
    return Window(tuple(taps))
