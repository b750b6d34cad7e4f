"""What a baseline makes of the settings that a project has for its network."""

from __future__ import annotations

from typing import Any

from engine.baselines.spec import BaselineSpec, PictureBaseline
from engine.errors import BadInput
from engine.events import Notice
from engine.frozen import thaw
from engine.project.spec import ProjectSpec
from engine.tasks.base import TASKS, make_task

HONOURED = {PictureBaseline.task: ("class_weights",)}
"""Options of a task that mean the same for its baselines. Any other loss is one that only a network can lower."""


def task_options(project: ProjectSpec, spec: BaselineSpec) -> tuple[dict[str, Any], Notice | None]:
    """The options of the task that are used, and what to tell of those that are not.

    Raises `BadInput` where the project is about something else than the baseline.
    """
    if project.task != spec.task:
        label, wanted = (TASKS.get(id).label.lower() for id in (project.task, spec.task))
        raise BadInput(
            f"{spec.label} is a baseline for {wanted}, and the project's task is {label}.",
            "Choose a baseline for this task, if there is one, or change the task on the Train page.",
        )
    settings = project.training
    made = make_task(project.task, (), project.task_options, label_smoothing=settings.label_smoothing)
    usual = TASKS.get(project.task).Options()
    chosen = {name: value for name, value in made.options if value != getattr(usual, name)}
    used = {name: thaw(value) for name, value in chosen.items() if name in HONOURED.get(spec.task, ())}
    unused = [f"{name.replace('_', ' ')} {value}" for name, value in chosen.items() if name not in used]
    if not unused:
        return used, None
    return used, Notice(
        "info",
        f"{spec.label} is fitted and measured without these settings of the task: {', '.join(unused)}.",
        "They are for networks, so compare its measures with theirs and not its loss.",
        kind="unused_options",
    )
