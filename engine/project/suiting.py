"""Whether a drawing can do the task of its project, as a problem among the others. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from engine.datasets.base import DATASETS, parse_source
from engine.errors import BadInput
from engine.graph.class_width import Columns, class_settings, with_settings
from engine.graph.edits import set_params
from engine.graph.results import Problem, Repair
from engine.tasks.base import TASKS, Task, make_task
from engine.tasks.dense.task import MapTask
from engine.tasks.detection.drawing import check_drawing
from engine.tasks.detection.families import class_columns, family_of, setting
from engine.tasks.detection.task import ObjectTask
from engine.tasks.fitting import written

if TYPE_CHECKING:
    from engine.graph.results import Analysis
    from engine.graph.spec import NetworkSpec, Shape
    from engine.project.spec import ProjectSpec

KIND = "task-fit"
HEAD_REPAIRS = ("set-out_features", "set-out_channels")
"""Those that set a classifier's width without adding layers."""
RESIZE = "set-classes"
"""The repair that sets how many classes a network tells."""

Ends = tuple[Mapping[str, "Shape"], Mapping[str, "Shape"]]
"""The shapes of a network's inputs and of its outputs, by id."""


def unsuited(project: ProjectSpec, analysis: Analysis, classes: int | None) -> Problem | None:
    """What keeps the project's network, free of errors, from its task; None for nothing, or while that is not known.

    Args:
        analysis: of the project's network.
        classes: how many the data has; None while nobody has looked.
    """
    if analysis.errors or project.task not in TASKS or not project.network.nodes:
        return None
    if classes is None:
        return None
    known = _ends(project.network, analysis)
    sample = _sample(project, known) if known is not None else None
    if known is None or sample is None:
        return None
    try:
        task = make_task(project.task, tuple(f"class {k + 1}" for k in range(classes)), project.task_options)
    except BadInput as error:
        return Problem("warning", KIND, error.node, error.what, error.advice)
    try:
        _check(task, project.network, known, sample)
    except BadInput as error:
        repairs = () if task.kind == "pictures" else _reshaping(project.network, known[0], sample)
        repairs += _resizing(task, project.network, analysis, known, sample)
        return Problem("warning", KIND, error.node, error.what, error.advice, repairs)
    return None


def suited(project: ProjectSpec, classes: int) -> NetworkSpec:
    """The project's network made to tell this many classes, where it can be; else as it is.

    Nothing is changed in a drawing that has errors, or that suits the task already.
    """
    from engine.graph.analyse import analyse

    network = project.network
    if project.task == "classification":
        found = analyse(network, classes=classes)
        problem = next((one for one in found.problems if one.kind == "head-width"), None)
        names: tuple[str, ...] = HEAD_REPAIRS
    else:
        found = analyse(network)
        problem = unsuited(project, found, classes)
        names = (RESIZE,)
    repair = next((one for one in problem.repairs if one.id in names), None) if problem else None
    return network if repair is None or found.errors else repair.apply(network)


def _ends(network: NetworkSpec, analysis: Analysis) -> Ends | None:
    """The shapes of the inputs and of the outputs, by id; None while one of them is not known."""
    shapes = {node.id: analysis.nodes[node.id].output_shape for node in (*network.inputs, *network.outputs)}
    known = {id: tuple(shape) for id, shape in shapes.items() if shape is not None}
    if len(known) != len(shapes):
        return None
    return {node.id: known[node.id] for node in network.inputs}, {node.id: known[node.id] for node in network.outputs}


def _check(task: Task, network: NetworkSpec, ends: Ends, sample: Shape) -> None:
    """Raise `BadInput` unless a network with these ends can do the task."""
    task.check(*ends, sample)
    if isinstance(task, ObjectTask):
        check_drawing(network, family_of(ends[1], len(task.classes)))


def _sample(project: ProjectSpec, ends: Ends) -> Shape:
    """The shape of a picture, sequence, clip or volume of the project; where only reading it tells, the first input."""
    if TASKS.get(project.task).kind == "pictures":
        size = project.data.preprocess
        return (size.channels, size.height, size.width)
    return _known_shape(project) or next(iter(ends[0].values()), ())


def _known_shape(project: ProjectSpec) -> tuple[int, ...] | None:
    """The shape of a sequence, clip or volume of the project's data; None where only reading it tells."""
    source = project.data.source
    try:
        return parse_source(source).known_shape() if source.id in DATASETS else None
    except BadInput:
        return None  # an option that cannot be is told where it is set


def _resizing(task: Task, network: NetworkSpec, analysis: Analysis, ends: Ends, sample: Shape) -> tuple[Repair, ...]:
    """Set how many classes the network tells, where it is sound then and suits the task."""
    from engine.graph.analyse import analyse

    wanted, label = _wanted(task, network, ends[1])
    changes = class_settings(network, analysis, wanted)
    if not changes:
        return ()
    changed = with_settings(network, changes)
    found = analyse(changed, analysis)
    after = _ends(changed, found)
    if found.errors or after is None:
        return ()
    try:
        _check(task, changed, after, sample)
    except BadInput:
        return ()
    return (Repair(RESIZE, label, partial(with_settings, changes=changes)),)


def _wanted(task: Task, network: NetworkSpec, outputs: Mapping[str, Shape]) -> tuple[tuple[Columns, ...], str]:
    """The values of the outputs that stand for classes, and the words for a button that sets their number."""
    count = len(task.classes)
    if isinstance(task, ObjectTask):
        columns = class_columns(network, outputs, count)
        background = any(one.after > count for one in columns) and "classes" not in outputs
        return columns, setting(count, background)
    if isinstance(task, MapTask):
        maps = tuple(Columns(id, shape[0], task.channels) for id, shape in outputs.items() if len(shape) == 3)
        if task.id == "segmentation":
            return maps, setting(count, background=True)
        return maps, f"Set the number of output channels to {task.channels}"
    flat = tuple(Columns(id, shape[0], count) for id, shape in outputs.items() if len(shape) == 1)
    return flat, setting(count, background=False)


def _reshaping(network: NetworkSpec, inputs: Mapping[str, Shape], sample: Shape) -> tuple[Repair, ...]:
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
