"""Example inputs fit every network, also one whose Input was left as it came."""

from __future__ import annotations

from engine.graph.compile import compile_network
from engine.graph.example import example_inputs
from tests.helpers.problem_cases import OUT, net


def test_an_input_as_it_is_dropped_has_its_usual_shape() -> None:
    spec = net([("input", "Input"), ("flat", "Flatten"), ("fc", "Linear"), OUT], "input>flat flat>fc fc>output")

    (picture,) = example_inputs(spec, batch=2)

    assert picture.shape == (2, 1, 32, 32)
    assert compile_network(spec)(picture).shape == (2, 10)
