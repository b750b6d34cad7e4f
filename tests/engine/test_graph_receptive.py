"""Receptive fields agree with the gradient of single values with respect to the picture, in every gallery network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.gallery import GALLERY, open_network
from engine.gallery.base import with_input
from engine.graph.analyse import analyse
from engine.graph.level import Level, resolve
from engine.graph.receptive import Sight
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec
from engine.graph.topology import inline, reachable
from engine.layers.base import LAYERS
from tests.helpers.seen_by_gradient import touched

SWIFT = ("lenet5_modern", "mobilenet_v1", "googlenet", "resnet18")
MOST_LAYERS = 10
SIDE = 97


def network(id: str) -> NetworkSpec:
    """The gallery network for a picture of an odd size, as far as it takes one."""
    spec, smallest = open_network(id), GALLERY.get(id).smallest
    if smallest is None:
        return spec
    sides = smallest if max(smallest) > SIDE else (SIDE, SIDE)
    return with_input(spec, (spec.inputs[0].params["shape"][0], *sides))


def trunk(spec: NetworkSpec) -> NetworkSpec | None:
    """What gives pictures in it: without the dense layers, which hold most of the weights and have no positions."""
    level = resolve(spec)
    pictures = [
        id
        for id in level.order
        if level.spec.by_id[id].type not in (INPUT, OUTPUT) and len(level.infos[id].output_shape or ()) == 3
    ]
    ends = [id for id in pictures if not any(e.target in pictures for e in spec.edges_out_of.get(id, ()))]
    if len(spec.inputs) != 1 or not ends or len(spec.inputs[0].params["shape"]) != 3:
        return None
    nodes = [node for node in spec.nodes if node.type != OUTPUT]
    outputs = [NodeSpec(f"end{number}", OUTPUT) for number in range(len(ends))]
    edges = [edge for edge in spec.edges if spec.by_id[edge.target].type != OUTPUT]
    edges += [EdgeSpec(id, node.id) for id, node in zip(ends, outputs, strict=True)]
    whole = replace(spec, nodes=(*nodes, *outputs), edges=tuple(edges))
    kept = reachable(whole, [node.id for node in outputs], upstream=True)
    return replace(
        whole,
        nodes=tuple(node for node in whole.nodes if node.id in kept),
        edges=tuple(edge for edge in whole.edges if edge.source in kept and edge.target in kept),
    )


def sights(level: Level, path: str = "") -> Iterator[tuple[str, Sight | None]]:
    """What every layer that gives a picture is said to see, at every depth."""
    for id in level.order:
        node = level.spec.by_id[id]
        if node.type == BLOCK and id in level.inside and not node.params.get("each"):
            yield from sights(level.inside[id], f"{path}{id}.")
        elif node.type not in (INPUT, OUTPUT, BLOCK) and id in level.live:
            signal = level.signals.get((id, "out"))
            if signal is not None and len(signal.shape) == 3:
                yield path + id, signal.sight


def compare(id: str) -> int:
    """Check up to ten layers of a network; returns how many values were looked at."""
    spec = trunk(network(id))
    if spec is None:
        pytest.skip(f"{id} has no pictures inside")
    said = dict(sights(resolve(spec)))
    unknown = [name for name, sight in said.items() if sight is None]
    # Regions are cut out where a detector finds something, so that what they see depends on the picture.
    regions = any(LAYERS.get(node.type).__module__.startswith("engine.layers.detection") for node in flat(spec))
    assert regions or not unknown, unknown
    shape, weights = analyse(spec).input, analyse(spec).totals.parameters
    most = MOST_LAYERS if weights < 10_000_000 else MOST_LAYERS // 3
    every = max(len(said) // most, 1)
    chosen = [name for name, sight in said.items() if sight and sight.axes][::-1][::every][:most]
    found = touched(spec, chosen, shape)  # type: ignore[arg-type]
    count = 0
    for name, values in found.items():
        sight = said[name]
        assert sight is not None
        for value in values:
            for axis, place, ends in ((0, "row", ("top", "bottom")), (1, "column", ("left", "right"))):
                taps, size = sight.axes[axis], shape[axis + 1]  # type: ignore[index]
                low, high = taps.low(value[place]), taps.high(value[place])
                measured = (value[ends[0]], value[ends[1]])
                where = f"{id}.{name} {place} {value[place]}: {measured}, said {low} to {high} of {size}"
                assert max(low, 0) <= measured[0], where
                assert measured[1] <= min(high, size - 1), where
                # Within the picture it is exact; beyond its border a stride may leave the last few pixels unread.
                assert measured[0] == low if low >= 0 else measured[0] <= border(sight, axis, size), where
                assert measured[1] == high if high < size else measured[1] >= size - 1 - border(sight, axis, size), (
                    where
                )
            count += 1
    return count


def flat(spec: NetworkSpec) -> list[NodeSpec]:
    return [node for node in inline(spec).nodes if node.type in LAYERS]


def border(sight: Sight, axis: int, size: int) -> int:
    taps = sight.axes[axis]
    jump = taps.advance / len(taps.first)
    return round(jump) if jump else size // 3


@pytest.mark.parametrize("id", SWIFT)
def test_fields_agree_with_gradients(id: str) -> None:
    assert compare(id) >= 5


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("id", [id for id in GALLERY if id not in SWIFT])
def test_fields_agree_with_gradients_in_every_network(id: str) -> None:
    compare(id)


def test_rows_of_maps_of_several_sizes_have_no_common_field() -> None:
    """The coarsest map's wide steps are not taken over as many rows as the finest map has."""
    nodes = analyse(open_network("yolo_small")).nodes
    fields = {id: node.receptive_field for id, node in nodes.items() if node.type in ("AnchorRows", "Concatenate")}

    assert fields["rows_of_all"] is None
    seen = [max(field.size) for field in fields.values() if field is not None]
    assert seen
    assert max(seen) < 1000
