"""Weights that no computer holds are named, and pooling before the dense layer mends them."""

from __future__ import annotations

from engine.gallery.base import Drawing
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.spec import NetworkSpec


def dense(side: int, outputs: int) -> NetworkSpec:
    net = Drawing("Dense")
    return net.output(
        net.chain(
            net.input(3, side, side),
            ("Flatten", "flat"),
            ("ReLU", "relu1"),
            ("Linear", "fc", {"out_features": outputs}),
        )
    )


def test_a_dense_layer_on_a_large_picture_is_named_with_its_gigabytes_and_mended() -> None:
    spec = dense(2000, 100_000)
    error = next(problem for problem in analyse(spec).problems if problem.severity == "warning")
    assert (error.kind, error.node) == ("too-many-weights", "fc")
    assert "1,200,000,100,000" in error.message  # 3 · 2000² · 100,000 and a bias each
    assert "4,470 GB" in error.message
    mended = error.repairs[0].apply(spec)
    assert not [problem for problem in analyse(mended).problems if problem.severity != "info"]
    assert analyse(mended).totals.parameters == (3 * 49 + 1) * 100_000
    assert compile_network(mended)


def test_the_largest_dense_layers_of_the_literature_are_no_problem() -> None:
    assert "too-many-weights" not in {problem.kind for problem in analyse(dense(224, 512)).problems}
