"""Drawings that nobody would make: analysis never raises, every repair helps, and what is repaired runs."""

from __future__ import annotations

import ast
import pickle
import random
import warnings
from typing import Any

import pytest
import torch

from engine.errors import BadInput
from engine.export.source.generate import generate
from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.graph.topology import inline
from engine.layers.base import LAYERS

VALUES: list[Any] = [0, 1, 2, 3, 5, 7, 16, -1, 10**9, 10**30, 1.5, -0.1, 1e308, True, False, None, "same", "full",
                     "reflect", "zzz", (1, 2), (3, 3), (0,), (2, 2, 2), ((0, 1), (2,)), (), {"a": 1}]  # fmt: skip
SHAPES = [(3, 8, 8), (1, 16, 16), (10,), (4, 1, 1), (2, 5), (2, 3, 4, 5), (3, 12, 9)]
BASES = [
    open_network("lenet5"),
    open_network("lenet5_modern"),
    open_network("perceptron"),
    with_input(open_network("resnet18", num_classes=5), (3, 32, 32)),
]


def random_network(rng: random.Random) -> NetworkSpec:
    """A heap of layers with random settings, joined at random."""
    spec = NetworkSpec("heap")
    types = [*LAYERS, "Nope", "Block"] + 3 * ["Conv2d", "Linear", "Flatten", "Add", "Input", "Output"]
    for _ in range(rng.randrange(1, 14)):
        spec = edits.add_node(spec, random_node(rng, spec, rng.choice(types)))
    ids = list(spec.by_id)
    for _ in range(rng.randrange(22)):
        a, b = rng.choice(ids), rng.choice(ids)
        if ids.index(a) < ids.index(b) or rng.random() < 0.2:
            spec = attempt(spec, lambda s, a=a, b=b: edits.connect(s, EdgeSpec(a, b)))
    return attempt(spec, lambda s: edits.make_block(s, rng.sample(ids, min(3, len(ids))), "blk"))


def random_node(rng: random.Random, spec: NetworkSpec, type: str) -> NodeSpec:
    params: dict[str, Any] = {}
    fields = list(LAYERS.get(type).model_fields) if type in LAYERS else []
    if fields and rng.random() < 0.5:
        params = {name: rng.choice(VALUES) for name in rng.sample(fields, rng.randrange(min(3, len(fields)) + 1))}
    if type == "Input":
        params = {"shape": rng.choice(SHAPES)}
    return NodeSpec(edits.fresh_id(spec, type), type, params, (rng.random() * 500, rng.random() * 500))


def damaged_network(rng: random.Random) -> NetworkSpec:
    """A network of the gallery after a few thoughtless edits."""
    spec = rng.choice(BASES)
    for _ in range(rng.randrange(1, 5)):
        ids = list(spec.by_id)
        one, kind = rng.choice(ids), rng.randrange(7)
        fields = list(LAYERS.get(spec.node(one).type).model_fields) if spec.node(one).type in LAYERS else []
        if kind == 0 and spec.edges:
            node = random_node(rng, spec, rng.choice(list(LAYERS)))
            spec = attempt(spec, lambda s, n=node: edits.insert_on_edge(s, rng.choice(s.edges), n))
        elif kind == 1:
            spec = edits.remove(spec, [one], heal=rng.random() < 0.7)
        elif kind == 2 and spec.edges:
            spec = edits.disconnect(spec, rng.choice(spec.edges))
        elif kind == 3:
            spec = attempt(spec, lambda s, a=one, ids=ids: edits.connect(s, EdgeSpec(a, rng.choice(ids))))
        elif kind == 4:
            spec = edits.swap_type(spec, one, rng.choice(list(LAYERS)))
        elif kind == 5 and fields:
            spec = edits.update_params(spec, one, {rng.choice(fields): rng.choice(VALUES)})
        elif kind == 6 and spec.inputs:
            spec = edits.set_params(spec, spec.inputs[0].id, shape=rng.choice(SHAPES))
    return spec


def attempt(spec: NetworkSpec, edit: Any) -> NetworkSpec:
    try:
        return edit(spec)
    except BadInput:
        return spec


@pytest.mark.parametrize("make", [random_network, damaged_network])
@pytest.mark.parametrize("start", range(0, 60, 15))
def test_whatever_is_drawn_is_explained_repaired_and_run(make: Any, start: int) -> None:
    for seed in range(start, start + 15):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Using padding='same' with even kernel")
            check(make(random.Random(seed)), seed)


def check(spec: NetworkSpec, seed: int) -> None:
    for problem in analyse(spec, classes=4).problems:
        assert problem.message.endswith((".", "?")), (seed, problem)
        assert problem.repairs or problem.severity != "error", (seed, problem)
        for repair in problem.repairs:
            after = analyse(pickle.loads(pickle.dumps(repair)).apply(spec), classes=4)
            same = [
                p
                for p in after.problems
                if (p.kind, p.node, p.message) == (problem.kind, problem.node, problem.message)
            ]
            assert not same, (seed, problem, repair)
    for _ in range(60):
        errors = analyse(spec, classes=4).errors
        if not errors:
            break
        spec = errors[0].repairs[0].apply(spec)
    analysis = analyse(spec, classes=4)
    assert not analysis.errors, (seed, analysis.errors)
    totals = analysis.totals
    # An embedding looks up whole numbers, which the pictures of the run are not; a warning says so where it can know.
    names = any(node.type == "Embedding" for node in inline(spec).nodes)
    if max(totals.parameters / 4, totals.macs / 100, totals.activation_bytes / 100) < 5e5 and not names:
        run(spec, seed)


def run(spec: NetworkSpec, seed: int) -> None:
    """The compiled module and the generated code give what the analysis promised."""
    analysis, net = analyse(spec), compile_network(spec).eval()
    inputs = [torch.randn(2, *analysis.nodes[node.id].output_shape) for node in spec.inputs]  # type: ignore[misc]
    code = generate(spec)
    names: dict[str, Any] = {"__name__": "generated"}
    exec(code, names)
    twin = names[[node.name for node in ast.parse(code).body if isinstance(node, ast.ClassDef)][-1]]().eval()
    twin.load_state_dict(net.state_dict())
    with torch.no_grad():
        ours, theirs = net(*inputs), twin(*inputs)
    ours, theirs = (value if isinstance(value, tuple) else (value,) for value in (ours, theirs))
    promised = [analysis.nodes[node.id].output_shape for node in spec.outputs]
    assert [tuple(value.shape[1:]) for value in ours] == promised, seed
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, equal_nan=True)
