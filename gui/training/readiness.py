"""Whether a training can be started, and if not, why, in words and with the page where that is changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gui.context import Context

UNFIT = ("head-width", "other-task", "task-fit")
"""Kinds of problems that keep a sound network from being trained on the data of the project."""


@dataclass(frozen=True)
class Obstacle:
    """Why nothing can be trained.

    Attributes:
        what: a sentence for the person.
        passing: it goes by itself, such as an engine that still loads.
        page, hints: where it is changed; "" for nowhere.
        action: the words of the button that leads there.
    """

    what: str
    passing: bool = False
    page: str = ""
    hints: dict[str, Any] = field(default_factory=dict)
    action: str = ""


def obstacle(context: Context) -> Obstacle | None:
    """The first thing that stands in the way of a training, or None."""
    network = context.document.project.network
    if not network.nodes:
        return Obstacle("There is no network yet. Draw one, or open one from the gallery.", False, "build", {}, "Build")
    if not context.engine.is_ready:
        if context.engine.error is not None:
            return Obstacle(str(context.engine.error))
        return Obstacle("The engine is still loading.", passing=True)
    if not context.checker.up_to_date or context.checker.analysis is None:
        return Obstacle("The network is being checked.", passing=True)
    problems = context.checker.analysis.problems
    errors = [problem for problem in problems if problem.severity == "error"]
    # What does not fit the data is no error of the drawing, but nothing can be learned with it.
    unfit = [problem for problem in problems if problem.kind in UNFIT]
    whole = ("other-task", "task-fit")
    if not errors and any(problem.kind in whole for problem in unfit):
        other = next(problem for problem in unfit if problem.kind in whole)
        return Obstacle(f"{other.message} {other.advice}", False, "build", {"problems": True}, "Show in Build")
    if errors or unfit:
        errors += unfit
        count = f"{len(errors)} problems, the first being" if len(errors) > 1 else "a problem"
        return Obstacle(
            f"The network has {count}: {errors[0].message}", False, "build", {"problems": True}, "Show in Build"
        )
    return None
