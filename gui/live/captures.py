"""Where snapshots and recordings go, and the job that writes a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.cancel import CancelToken
from engine.events import Emit
from engine.inference.detections import Outcome
from engine.inference.frame import Frame

FOLDER = "captures"


def capture_path(project: Path, suffix: str) -> Path:
    """A new name in the project's folder of captures, such as `captures/2026-11-21 09-41-07-512.png`."""
    stamp = f"{datetime.now():%Y-%m-%d %H-%M-%S-%f}"[:-3]
    return project / FOLDER / f"{stamp}{suffix}"


@dataclass(frozen=True)
class SaveSnapshot:
    """The job: write one picture, with what was found drawn in unless `threshold` is None."""

    path: Path
    frame: Frame
    outcome: Outcome | None
    threshold: float | None
    hidden: frozenset[int] = frozenset()

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        from engine.inference.overlay import draw
        from engine.inference.recording import save_picture

        image = self.frame.image
        if self.outcome is not None and self.threshold is not None:
            image = draw(self.frame, self.outcome, self.threshold, self.hidden)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(self.path, image)
        return self.path
