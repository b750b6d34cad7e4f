"""Repairs that were tried once stand in the same order after an edit elsewhere, and are tried anew where it matters."""

from __future__ import annotations

import pytest

from engine.graph import analyse as module
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.spec import NetworkSpec
from tests.helpers.gallery_samples import small


def broken() -> NetworkSpec:
    """AlexNet with a convolution that is larger than what comes in."""
    return edits.set_params(small("alexnet"), "conv3", kernel_size=31, padding=0)


def told(spec: NetworkSpec, previous: module.Analysis | None = None) -> list[tuple[str, str | None, list[str]]]:
    found = analyse(spec, previous).problems
    return [(one.kind, one.node, [repair.label for repair in one.repairs]) for one in found]


def test_an_edit_elsewhere_changes_no_order_and_tries_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = broken()
    before = analyse(spec)
    assert before.errors
    elsewhere = edits.move(edits.rename(spec, "conv1", "first"), {"first": (5.0, 5.0)})
    fresh = told(elsewhere)
    tried: list[NetworkSpec] = []
    real = module.errors_of
    monkeypatch.setattr(module, "errors_of", lambda one: tried.append(one) or real(one))
    assert told(elsewhere, before) == fresh
    assert not tried


def test_a_problem_with_other_numbers_is_tried_anew() -> None:
    spec = broken()
    before = analyse(spec)
    other = edits.set_params(spec, "conv3", kernel_size=29)
    assert told(other, before) == told(other)
    mended = before.errors[0].repairs[0].apply(spec)
    assert not analyse(mended, before).errors


def test_a_new_problem_beside_an_old_one_gets_its_proven_repair() -> None:
    spec = broken()
    before = analyse(spec)
    worse = edits.disconnect(spec, spec.edges_into["output"][0])
    at_output = [row for row in told(worse, before) if row[1] == "output"]
    assert at_output
    assert at_output == [row for row in told(worse) if row[1] == "output"]
