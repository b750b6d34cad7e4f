"""Whether a drawing can do the task of its project, as a problem among the others. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from engine.datasets.base import DATASETS, parse_source
from engine.errors import BadInput
from engine.graph.edits import set_params
from engine.graph.results import Problem, Repair
from engine.tasks.base import TASKS, make_task
from engine.tasks.fitting import written

if TYPE_CHECKING:
    from engine.graph.results import Analysis
    from engine.graph.spec import NetworkSpec, Shape
    from engine.project.spec import ProjectSpec

KIND = "task-fit"


def unsuited(project: ProjectSpec, analysis: Analysis, classes: int | None) -> Problem | None:
    """What keeps the project's network, free of errors, from its task; None for nothing, or while that is not known.

    Args:
        analysis: of the project's network.
        classes: how many the data has; None while nobody has looked.
    """
    if analysis.errors or project.task not in TASKS or not project.network.nodes:
        return None
    kind = TASKS.get(project.task).kind
    network = project.network
    shapes = {node.id: analysis.nodes[node.id].output_shape for node in (*network.inputs, *network.outputs)}
    if classes is None or any(shape is None for shape in shapes.values()):
        return None
    known = {id: tuple(shape) for id, shape in shapes.items() if shape is not None}
    inputs = {node.id: known[node.id] for node in network.inputs}
    outputs = {node.id: known[node.id] for node in network.outputs}
    size = project.data.preprocess
    first = next(iter(inputs.values()), ())
    sample = (size.channels, size.height, size.width) if kind == "pictures" else _sample(project) or first
    try:
        task = make_task(project.task, tuple(f"class {k + 1}" for k in range(classes)), project.task_options)
        task.check(inputs, outputs, sample)
    except BadInput as error:
        repairs = () if kind == "pictures" else _repairs(network, inputs, sample)
        return Problem("warning", KIND, error.node, error.what, error.advice, repairs)
    return None


def _sample(project: ProjectSpec) -> tuple[int, ...] | None:
    """The shape of a sequence, clip or volume of the project's data; None where only reading it tells."""
    source = project.data.source
    try:
        return parse_source(source).known_shape() if source.id in DATASETS else None
    except BadInput:
        return None  # an option that cannot be is told where it is set


def _repairs(network: NetworkSpec, inputs: Mapping[str, Shape], sample: Shape) -> tuple[Repair, ...]:
    """Give the only Input the shape of the data, where it has another and the drawing has no errors then."""
    from engine.graph.analyse import analyse

    if len(inputs) != 1 or tuple(sample) in inputs.values():
        return ()
    change = partial(_reshaped, next(iter(inputs)), sample)
    if analyse(change(network)).errors:
        return ()
    return (Repair("input-shape", f"Set the input's shape to {written(sample)}", change),)


def _reshaped(node: str, shape: Shape, spec: NetworkSpec) -> NetworkSpec:
    return set_params(spec, node, shape=shape)
