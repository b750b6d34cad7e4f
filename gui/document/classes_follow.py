"""The network follows the data that was just chosen: as many classes, in the same step of undo."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count as numbers
from typing import TYPE_CHECKING

from engine.cancel import CancelToken
from engine.events import Emit, Event, Finished
from engine.project.spec import ProjectSpec
from gui.document.commands import ONE_STEP
from gui.document.document import Document
from gui.runtime.job_runner import JobRunner

if TYPE_CHECKING:
    from engine.graph.spec import NetworkSpec

_numbers = numbers(1)


def step_key(name: str) -> str:
    """A key for `Document.edit` under which the change of the network later joins the choice of the data."""
    return f"{ONE_STEP}{name} {next(_numbers)}"


def follow_classes(document: Document, runner: JobRunner, step: str, classes: int, told: Callable[[], None]) -> None:
    """Let the network tell this many classes, where one repair does it; joins the edit that had the key `step`.

    Nothing happens where the network fits already, where nobody knows how to change it, or when data, task or network
    have become others before that was found out.

    Args:
        told: called after the network was changed.
    """
    project = document.project
    if not classes or not project.network.nodes:
        return
    handle = runner.start(_Suit(project, classes), title="Fitting the network to the classes", show=False)

    def ended(end: Event) -> None:
        now = document.project
        kept = (now.network, now.task, now.data.source) == (project.network, project.task, project.data.source)
        if not isinstance(end, Finished) or not kept or end.result == project.network:
            return
        document.edit("Set the network's number of classes", now.with_(network=end.result), merge=step)
        told()

    handle.ended.connect(ended)


class _Suit:
    """The job: the project's network, made to tell this many classes."""

    def __init__(self, project: ProjectSpec, classes: int) -> None:
        self._project, self._classes = project, classes

    def __call__(self, emit: Emit, token: CancelToken) -> NetworkSpec:
        from engine.project.suiting import suited

        return suited(self._project, self._classes)
