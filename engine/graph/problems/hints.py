"""Nothing wrong, but better otherwise: hints about normalisation and missing activations."""

from __future__ import annotations

from collections.abc import Iterator

from engine.graph.problems.base import View, register, title
from engine.graph.repairs import become, put_between, set_param, take_out
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import OUTPUT, Shape

_BATCH_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
_BEFORE_NORM = ("Conv", "Linear")


@register("useless-bias")
def useless_bias(view: View) -> Iterator[Problem]:
    """A bias right before batch normalisation, which subtracts it again."""
    for node in view.spec.nodes:
        if not node.type.startswith(_BEFORE_NORM) or not node.params.get("bias", True):
            continue
        after = view.spec.edges_out_of.get(node.id, ())
        info = view.level.infos[node.id]
        if len(after) != 1 or info.output_shape is None:
            continue
        norm = view.spec.by_id.get(after[0].target)
        if norm is None or norm.type not in _BATCH_NORMS:
            continue
        count = info.output_shape[0]
        yield Problem(
            "info",
            "useless-bias",
            node.id,
            f"The bias of {title(node)} has no effect, because {norm.id} subtracts the mean right after it.",
            f"Switch the bias off and save {count} parameters.",
            (set_param(node.id, "bias", False, f"Switch the bias of {node.id} off"),),
        )


@register("batch-norm-at-the-end")
def batch_norm_at_the_end(view: View) -> Iterator[Problem]:
    """Batch normalisation of the network's answer, or of single values."""
    for node in view.spec.nodes:
        if node.type not in _BATCH_NORMS:
            continue
        info = view.level.infos[node.id]
        after = view.spec.edges_out_of.get(node.id, ())
        if view.top and any(view.spec.by_id[edge.target].type == OUTPUT for edge in after):
            yield Problem(
                "warning",
                "batch-norm-at-the-end",
                node.id,
                f"{title(node)} normalises the network's answer, so every class is pulled to the same mean.",
                "Remove it, or put it before the last layer.",
                (take_out(node.id),),
            )
        elif info.output_shape is not None and info.output_shape[1:] in ((), (1, 1)):
            yield Problem(
                "info",
                "batch-norm-of-one-value",
                node.id,
                f"{title(node)} gets {written(info.output_shape)}, one value per channel and picture, so a batch of "
                "one picture cannot be trained.",
                "Train with batches of 8 pictures or more, or use a group norm, which does not look at the batch.",
                _without_batch(node.id, info.output_shape),
            )


def _without_batch(id: str, shape: Shape) -> tuple[Repair, ...]:
    groups = next(count for count in (32, 16, 8, 4, 2, 1) if shape[0] % count == 0)
    found: list[Repair] = []
    if len(shape) > 1 or shape[0] // groups > 1:
        found.append(become(id, "GroupNorm", {"num_groups": groups}, f"Make {id} a GroupNorm of {groups} groups"))
    return (*found, take_out(id))


@register("linear-after-linear")
def linear_after_linear(view: View) -> Iterator[Problem]:
    """Two dense layers with nothing between them can do no more than one."""
    for edge in view.spec.edges:
        first, second = view.spec.by_id.get(edge.source), view.spec.by_id.get(edge.target)
        if first is None or second is None or first.type != "Linear" or second.type != "Linear":
            continue
        yield Problem(
            "info",
            "linear-after-linear",
            second.id,
            f"{first.id} and {second.id} are Linear layers with no activation between them, which together can do "
            "no more than one.",
            "Insert an activation such as ReLU.",
            (put_between(edge, (("ReLU", {}),), f"Insert a ReLU between {first.id} and {second.id}"),),
        )
