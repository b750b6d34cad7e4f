"""The famous networks, listed in the background, and opening one as a new project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Event, Failed, Finished
from engine.frozen import FrozenDict
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from gui.document.document import Document
from gui.runtime.job_runner import JobRunner
from gui.runtime.notifications import Notifier

if TYPE_CHECKING:
    from engine.gallery.base import GalleryEntry
    from gui.document.thumbnail import Thumbnail


FEATURED = (
    "lenet5_modern", "alexnet", "vgg16", "googlenet", "resnet18", "densenet121", "mobilenet_v2", "efficientnet_b0",
    "unet", "yolo_small", "fasterrcnn_resnet50_fpn", "vit_b_16",
)  # fmt: skip
"""The networks whose cards stand on the start page; the others are in the gallery's own window."""


class Gallery(QObject):
    """Signals: `changed()` when `entries` are there."""

    changed = Signal()

    def __init__(
        self, document: Document, runner: JobRunner, notifier: Notifier, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._runner, self._notifier = document, runner, notifier
        self._asked = False
        self.entries: tuple[GalleryEntry, ...] = ()
        self._thumbnails: Mapping[str, Thumbnail] = {}

    @property
    def featured(self) -> tuple[GalleryEntry, ...]:
        """The entries for the start page, oldest first."""
        return tuple(entry for entry in self.entries if entry.id in FEATURED)

    def thumbnail(self, id: str) -> Thumbnail | None:
        """A featured network as a strip of dots; None for the others."""
        return self._thumbnails.get(id)

    def load(self) -> None:
        """List them, once; importing every family takes a moment."""
        if self._asked:
            return
        self._asked = True
        handle = self._runner.start(_list, title="Reading the gallery", show=False)
        handle.ended.connect(self._listed)

    def open(self, id: str, **options: Any) -> None:
        """Make the network and open it as a new project."""
        handle = self._runner.start(_Make(id, FrozenDict(options)), title="Drawing the network", show=False)
        handle.ended.connect(self._made)

    def _listed(self, end: Event) -> None:
        if isinstance(end, Finished):
            self.entries, self._thumbnails = end.result
            self.changed.emit()
        elif isinstance(end, Failed):
            self._notifier.error(end.error)

    def _made(self, end: Event) -> None:
        if isinstance(end, Failed):
            self._notifier.error(end.error)
        elif isinstance(end, Finished):
            self._document.new(end.result)


def _list(emit: Emit, token: CancelToken) -> tuple[tuple[GalleryEntry, ...], Mapping[str, Thumbnail]]:
    # Imported here: every family and every layer comes with it, and the window is to be painted first.
    from engine.gallery.base import GALLERY, open_network
    from gui.document.thumbnail import thumbnail

    entries = tuple(sorted((entry for _, entry in GALLERY.items()), key=lambda entry: (entry.year, entry.name)))
    strips = {}
    for id in FEATURED:
        token.raise_if_cancelled()
        if id in GALLERY:
            strips[id] = thumbnail(open_network(id))
    return entries, strips


@dataclass(frozen=True)
class _Make:
    id: str
    options: FrozenDict

    def __call__(self, emit: Emit, token: CancelToken) -> ProjectSpec:
        from engine.gallery.base import open_network

        return project_for(open_network(self.id, **self.options))


def project_for(network: NetworkSpec) -> ProjectSpec:
    """A project whose data comes in the size and with the channels that the network's input has."""
    project = ProjectSpec(name=network.name, network=network)
    shape = network.inputs[0].params.get("shape") if network.inputs else None
    if shape and len(shape) == 4:
        return _with_frames(project, tuple(shape))
    if not shape or len(shape) != 3 or shape[0] not in (1, 3):
        return project
    channels, height, width = shape
    size = {"height": height, "width": width, "channels": channels}
    preprocess = project.data.preprocess.model_copy(update=size)
    return project.with_(data=project.data.model_copy(update={"preprocess": preprocess}))


def _with_frames(project: ProjectSpec, shape: tuple[int, ...]) -> ProjectSpec:
    """With generated clips (T, C, H, W), or volumes (1, D, H, W), of this shape; as it is where there are none."""
    from engine.datasets.base import parse_source
    from engine.datasets.spec import Choice

    frames, channels, height, _ = shape
    volumes = Choice(id="solids", options={"size": height})
    clips = Choice(id="moving_shapes", options={"frames": frames, "channels": channels, "size": height})
    for source in (volumes, clips):
        try:
            fits = parse_source(source).known_shape() == shape
        except BadInput:
            continue
        if fits:
            return project.with_(task="sequence", data=project.data.model_copy(update={"source": source}))
    return project
