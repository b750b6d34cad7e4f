"""Whether a training can be started, and if not, why, in words and with the page where that is changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gui.context import Context

if TYPE_CHECKING:
    from engine.graph.results import Problem, Repair

UNFIT = ("head-width", "other-task", "task-fit")
"""Kinds of problems that keep a sound network from being trained on the data of the project."""

_WIDTHS = ("head-width", "task-fit")
"""Those that a single click may put right from here; what is for another task altogether is looked at first."""


@dataclass(frozen=True)
class Obstacle:
    """Why nothing can be trained.

    Attributes:
        what: a sentence for the person.
        passing: it goes by itself, such as an engine that still loads.
        page, hints: where it is changed; "" for nowhere.
        action: the words of the button that leads there, or that makes the repair.
        repair: an edit of the drawing after which the training can start.
    """

    what: str
    passing: bool = False
    page: str = ""
    hints: dict[str, Any] = field(default_factory=dict)
    action: str = ""
    repair: Repair | None = None


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
        return _unfit(other, len(unfit))
    if unfit and not errors and len(unfit) == 1:
        return _unfit(unfit[0], 1)
    if errors or unfit:
        errors += unfit
        count = f"{len(errors)} problems, the first being" if len(errors) > 1 else "a problem"
        return Obstacle(
            f"The network has {count}: {errors[0].message}", False, "build", {"problems": True}, "Show in Build"
        )
    return None


def _unfit(problem: Problem, count: int) -> Obstacle:
    """With the repair, where it is all that is needed; its button then says what to do."""
    if count == 1 and problem.kind in _WIDTHS and problem.repairs:
        repair = problem.repairs[0]
        return Obstacle(problem.message, False, "build", {"problems": True}, repair.label, repair)
    return Obstacle(f"{problem.message} {problem.advice}", False, "build", {"problems": True}, "Show in Build")
