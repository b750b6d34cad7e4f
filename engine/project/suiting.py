"""Whether a drawing can do the task of its project, as a problem among the others. Never imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.graph.results import Problem
from engine.tasks.base import TASKS, make_task

if TYPE_CHECKING:
    from engine.graph.results import Analysis
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
    sample = (size.channels, size.height, size.width) if kind == "pictures" else first
    try:
        task = make_task(project.task, tuple(f"class {k + 1}" for k in range(classes)), project.task_options)
        task.check(inputs, outputs, sample)
    except BadInput as error:
        return Problem("warning", KIND, error.node, error.what, error.advice)
    return None
