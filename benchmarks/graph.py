"""Edit latency in a 500-node network, and the compiled forward against the hand-written module.

Prints one JSON object per line: {"benchmark", "value", "unit", "budget", "met", ...}. Run with
`python benchmarks/graph.py`. Ratios are medians over runs that alternate. Everything runs on one thread and is measured
in processor time, so that other programs on the machine disturb little; "wall" is what the clock on the wall said.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torchvision

from engine.export.source.generate import generate
from engine.gallery import open_network
from engine.graph import edits
from engine.graph.analyse import Analysis, analyse, warm_up
from engine.graph.compile import compile_network
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.importing.trace import trace


def report(benchmark: str, value: float, unit: str, budget: float, **more: object) -> None:
    line = {"benchmark": benchmark, "value": round(value, 4), "unit": unit, "budget": budget, "met": value <= budget}
    print(json.dumps(line | more), flush=True)


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def long_network(count: int = 500) -> NetworkSpec:
    """Convolution, normalisation and activation in turn, with a shortcut over every second triple."""
    nodes = [NodeSpec("input", "Input", {"shape": (3, 64, 64)})]
    edges: list[EdgeSpec] = []
    last = joint = "input"
    while len(nodes) < count - 2:
        for type, params in (
            ("Conv2d", {"out_channels": 32, "padding": "same", "bias": False}),
            ("BatchNorm2d", {}),
            ("ReLU", {}),
        ):
            nodes.append(NodeSpec(f"n{len(nodes)}", type, params))
            edges.append(EdgeSpec(last, nodes[-1].id))
            last = nodes[-1].id
        if len(nodes) % 7 == 0 and joint != "input":
            nodes.append(NodeSpec(f"n{len(nodes)}", "Concatenate"))
            edges += [EdgeSpec(last, nodes[-1].id), EdgeSpec(joint, nodes[-1].id)]
            last = nodes[-1].id
        joint = last
    nodes.append(NodeSpec("output", "Output"))
    edges.append(EdgeSpec(last, "output"))
    return NetworkSpec("long", tuple(nodes), tuple(edges))


def edit_latency(edits_made: int = 200) -> None:
    rng = random.Random(0)
    spec = long_network()
    first = seconds(lambda: analyse(spec))
    analysis: Analysis = analyse(spec)
    convolutions = [node.id for node in spec.nodes if node.type == "Conv2d"]
    times, walls = [], []
    for turn in range(edits_made):
        id = rng.choice(convolutions)
        changes = {"kernel_size": rng.choice((1, 3, 5, 7))} if turn % 2 else {"out_channels": rng.randrange(8, 96)}
        spec = edits.set_params(spec, id, **changes)
        start, wall = time.process_time(), time.perf_counter()
        analysis = analyse(spec, analysis)
        times.append(1000 * (time.process_time() - start))
        walls.append(1000 * (time.perf_counter() - wall))
    sizes = []
    for side in (48, 65, 80):
        resized = edits.set_params(spec, "input", shape=(3, side, side))
        sizes.append(1000 * seconds(lambda resized=resized: analyse(resized)))
    nodes = len(spec.nodes)
    wall = round(statistics.median(walls), 2)
    report("one edit until all shapes are right, median", statistics.median(times), "ms", 50, nodes=nodes, wall=wall)
    report("one edit until all shapes are right, worst", max(times), "ms", 300, nodes=nodes, wall=round(max(walls), 2))
    report("another input size, every shape new, worst of 3", max(sizes), "ms", 300, nodes=nodes, first=round(first, 3))


def edits_in_blocks(id: str, edits_made: int = 60) -> None:
    """Edits of layers at any depth of a famous network that is folded into blocks."""
    rng = random.Random(0)
    spec = open_network(id)
    cold = 1000 * seconds(lambda: analyse(spec))
    analysis = analyse(spec)
    places = [one for one, info in analysis.nodes.items() if info.type in ("Conv2d", "Linear", "LayerNorm", "Dropout")]
    times, walls = [], []
    for _ in range(edits_made):
        path, _, node = rng.choice(places).rpartition(".")
        type = analysis.nodes[f"{path}.{node}".strip(".")].type
        changes = {
            "Conv2d": {"bias": rng.random() < 0.5},
            "Linear": {"bias": rng.random() < 0.5},
            "LayerNorm": {"eps": rng.choice((1e-5, 1e-6))},
            "Dropout": {"p": rng.choice((0.0, 0.1, 0.5))},
        }[type]
        spec = edits.inside(spec, path, partial(edits.update_params, id=node, changes=changes))
        start, wall = time.process_time(), time.perf_counter()
        analysis = analyse(spec, analysis)
        times.append(1000 * (time.process_time() - start))
        walls.append(1000 * (time.perf_counter() - wall))
    wall = round(statistics.median(walls), 2)
    more = {"nodes": len(analysis.nodes), "wall": wall}
    report(f"one edit in {id}, median", statistics.median(times), "ms", 50, **more)
    report(f"one edit in {id}, worst", max(times), "ms", 300, **more)
    report(f"{id} for the first time", cold, "ms", 1000, **more)


def broken_edit() -> None:
    """An edit that breaks the long network: every repair offered for it is tried on the whole."""
    spec = long_network()
    analysis = analyse(spec)
    joint = [node.id for node in spec.nodes if node.type == "Concatenate"][5]
    source = spec.edges_into[joint][0].source
    broken = edits.insert_on_edge(spec, EdgeSpec(source, joint), NodeSpec("slip", "MaxPool2d"))
    report("an edit that breaks it, with its repairs", 1000 * seconds(lambda: analyse(broken, analysis)), "ms", 300)


def compiled_forward(name: str, size: int, rounds: int) -> None:
    theirs = getattr(torchvision.models, name)(weights=None).eval()
    traced = trace(theirs, (3, size, size))
    ours = compile_network(traced.spec).eval()
    ours.load_state_dict(traced.load(theirs.state_dict()))
    x = torch.randn(1, 3, size, size)
    with torch.no_grad():
        difference = (ours(x) - theirs(x)).abs().max().item()
        pairs = []
        for turn in range(rounds):  # who goes first alternates too
            if turn % 2:
                pairs.append((seconds(lambda: ours(x)), seconds(lambda: theirs(x))))
            else:
                pairs.append((seconds(lambda: theirs(x)), seconds(lambda: ours(x)))[::-1])
    ratio = statistics.median(mine / other for mine, other in pairs)
    quietest = min(mine for mine, _ in pairs) / min(other for _, other in pairs)
    report(
        f"compiled forward against torchvision's {name}, batch 1",
        ratio,
        "ratio",
        1.02,
        size=size,
        quietest=round(quietest, 4),
        milliseconds=round(1000 * statistics.median(mine for mine, _ in pairs), 2),
        difference=difference,
    )


def other_steps() -> None:
    spec = open_network("resnet18")
    analyse(spec)
    report("compile resnet18", seconds(lambda: compile_network(spec)), "s", 2)
    report("write resnet18 as code", seconds(lambda: generate(spec)), "s", 0.5)


def main() -> None:
    torch.set_num_threads(1)
    # As the window does once the engine is loaded: a full collection with everything imported takes 0.4 s.
    gc.collect()
    gc.freeze()
    report("first use of the meta device, once behind the start page", seconds(warm_up), "s", 5)
    edit_latency()
    broken_edit()
    for id in ("densenet201", "vit_b_16"):
        edits_in_blocks(id)
    for name, size, rounds in (("resnet18", 224, 40), ("resnet152", 224, 12), ("densenet201", 224, 12)):
        compiled_forward(name, size, rounds)
    other_steps()
    gc.unfreeze()


if __name__ == "__main__":
    main()
