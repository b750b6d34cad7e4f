"""Every value of every setting is refused in plain words, or makes a module that generated code makes again."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from pydantic.fields import FieldInfo

from engine.errors import BadInput
from engine.frozen import freeze
from engine.layers.base import LAYERS, parse_layer
from tests.helpers.layer_samples import results_of, sample_inputs
from tests.helpers.rebuilt import rebuilt


def words(annotation: Any) -> Iterator[Any]:
    """The values of the Literals in an annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        yield from typing.get_args(annotation)
        return
    for part in typing.get_args(annotation):
        yield from words(part)


def other_values(field: FieldInfo) -> Iterator[Any]:
    """Values that a field could take instead of its default; not all of them are allowed."""
    usual = field.default
    yield from (word for word in words(field.annotation) if word != usual)
    if isinstance(usual, bool):
        yield not usual
        return
    if isinstance(usual, int):
        yield from (usual + 1, 1, 2, 3)
    elif isinstance(usual, float):
        yield usual / 2
    elif usual is None:
        yield from (2, (12, 13), 0.5, 12)
    elif isinstance(usual, tuple):
        yield from (usual[::-1], usual + usual[:1])
    yield from ((2, 1), (1, 2), (2, 1, 2))


def described(module: torch.nn.Module) -> str:
    """What the module says of itself, with equal pairs as one number."""
    return re.sub(r"\((\d+)(?:, \1)+\)", r"\1", repr(module))


def check_count(formula: str, module: torch.nn.Module, setting: str) -> None:
    """The number of parameters that a formula comes to is the module's."""
    lines = [line for line in formula.splitlines() if line.startswith("parameters")]
    total = sum(weight.numel() for weight in module.parameters())
    if lines:
        assert int(lines[-1].split()[-1].replace(",", "")) == total, setting


@pytest.mark.parametrize("id", [id for id in LAYERS if id not in ("Input", "Output")])
def test_every_setting_works_or_is_refused(id: str) -> None:
    declaration = LAYERS.get(id)
    shapes = tuple(tuple(x.shape[1:]) for x in sample_inputs(id, declaration()))
    for name, field in declaration.model_fields.items():
        for value in other_values(field):
            params = freeze({name: value})
            try:
                layer = parse_layer(id, params)
            except BadInput:
                continue
            if len(layer.input_ports()) != len(declaration().input_ports()):
                continue  # it needs other inputs then
            with torch.device("meta"), torch.no_grad():
                try:
                    ours = layer.build(*shapes).eval()
                except BadInput:
                    continue
                again = rebuilt(id, params, shapes).eval()
                outputs = results_of(ours, [torch.empty(2, *shape) for shape in shapes])
            assert len(outputs) == len(layer.output_ports()), f"{name} = {value}"
            assert isinstance(layer.summary(), str)
            check_count(layer.formula(*shapes), ours, f"{name} = {value}")
            assert described(again) == described(ours), f"{name} = {value}"
            sizes = [{key: part.shape for key, part in one.state_dict().items()} for one in (ours, again)]
            assert sizes[0] == sizes[1], f"{name} = {value}"
