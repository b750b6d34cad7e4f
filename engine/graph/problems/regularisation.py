"""Layers that do nothing, or the wrong thing, with the settings that they have."""

from __future__ import annotations

from collections.abc import Iterator

from engine.graph.problems.base import View, register, title
from engine.graph.repairs import default_param, take_out
from engine.graph.results import Problem
from engine.layers.base import LAYERS

# After these an activation is no second one: they give shares or gates, or nothing.
_NO_ACTIVATION = ("Softmax", "LogSoftmax", "Identity", "GLU")


@register("drops-everything")
def drops_everything(view: View) -> Iterator[Problem]:
    """A dropout that leaves nothing."""
    for node in view.spec.nodes:
        if node.type not in LAYERS or LAYERS.get(node.type).category != "regularisation":
            continue
        if node.params.get("p") == 1:
            usual = LAYERS.get(node.type).model_fields["p"].get_default()
            yield Problem(
                "warning",
                "drops-everything",
                node.id,
                f"{title(node)} drops every value in training (p = 1), so nothing behind it can learn.",
                f"Choose a share below 1; {usual:g} is usual.",
                (default_param(node.id, "p", f"Put p of {node.id} back to {usual:g}"), take_out(node.id)),
            )


@register("frozen-averages")
def frozen_averages(view: View) -> Iterator[Problem]:
    """Batch normalisation whose running averages never move."""
    for node in view.spec.nodes:
        if node.type.startswith("BatchNorm") and node.params.get("momentum") == 0:
            yield Problem(
                "warning",
                "frozen-averages",
                node.id,
                f"The running averages of {title(node)} never move (momentum = 0), so it normalises with mean 0 and "
                "variance 1 when the network is used, unlike in training.",
                "Choose a momentum above 0; 0.1 is usual.",
                (default_param(node.id, "momentum", f"Put momentum of {node.id} back to 0.1"), take_out(node.id)),
            )


@register("activation-after-activation")
def activation_after_activation(view: View) -> Iterator[Problem]:
    """Two activations in a row."""
    for edge in view.spec.edges:
        first, second = view.spec.by_id.get(edge.source), view.spec.by_id.get(edge.target)
        if first is None or second is None or not (_activates(first.type) and _activates(second.type)):
            continue
        again = "the second changes nothing" if first.type == second.type == "ReLU" else "one of them is enough"
        yield Problem(
            "info",
            "activation-after-activation",
            second.id,
            f"{title(first)} and {title(second)} are two activations in a row, and {again}.",
            "Remove one of them, or put a layer with weights between them.",
            (take_out(second.id), take_out(first.id)),
        )


def _activates(type: str) -> bool:
    return type in LAYERS and LAYERS.get(type).category == "activation" and type not in _NO_ACTIVATION
