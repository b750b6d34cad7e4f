"""The pages in the order of the rail. A page is imported when it is first needed, or in the background before."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from gui.context import Context, Page


@dataclass(frozen=True)
class PageEntry:
    """Where a page is and how the rail shows it before it is imported."""

    id: str
    title: str
    icon: str
    module: str
    name: str
    does: str  # the rail's tooltip

    def make(self, context: Context) -> Page:
        """Import the page and make it. Raises whatever its module raises."""
        made: Page = getattr(importlib.import_module(self.module), self.name)(context)
        return made


_KNOWN = (
    PageEntry("home", "Home", "home", "gui.home.page", "HomePage", "Start a project or go on with one"),
    PageEntry("data", "Data", "data", "gui.data.page", "DataPage", "Choose the pictures to learn from"),
    PageEntry(
        "label", "Label", "label", "gui.labelling.page", "LabelPage", "Draw what is to be learnt on your own pictures"
    ),
    PageEntry(
        "augment", "Augment", "auto", "gui.augment.page", "AugmentPage", "Change training pictures and see it done"
    ),
    PageEntry("build", "Build", "build", "gui.builder.page", "BuildPage", "Draw the network"),
    PageEntry("train", "Train", "train", "gui.training.page", "TrainPage", "Train the network and watch it learn"),
    PageEntry(
        "evaluate",
        "Evaluate",
        "evaluate",
        "gui.evaluation.page",
        "EvaluatePage",
        "See what a network gets right",
    ),
    PageEntry("live", "Live", "live", "gui.live.page", "LivePage", "Watch a network on the camera or a video"),
)


def available() -> tuple[PageEntry, ...]:
    """The pages that this installation has."""
    return tuple(entry for entry in _KNOWN if importlib.util.find_spec(entry.module) is not None)
