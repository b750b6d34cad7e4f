"""The user's own settings: one small JSON file, read once at the start and written in the background."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from PySide6.QtCore import QByteArray, QObject, QTimer, Signal

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed
from engine.paths import config_dir
from engine.project.atomic import write_atomic
from gui.runtime.job_runner import JobRunner

log = logging.getLogger(__name__)

RECENT = 12
_DELAY_MS = 400
_MOST_BYTES = 1_000_000


class Values(BaseModel):
    """Everything that is kept. Unknown keys are dropped, so that an older program opens a newer file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    theme: Literal["system", "light", "dark"] = "system"
    text_percent: int = Field(100, ge=80, le=300)
    autosave_seconds: int = Field(5, ge=1, le=3600)
    recent: tuple[str, ...] = Field((), max_length=100)
    projects: str = ""
    geometry: str = ""
    layouts: dict[str, str] = Field(default_factory=dict, max_length=500)
    choices: dict[str, str] = Field(default_factory=dict, max_length=500)


class Settings(QObject):
    """Read at the start; every change is saved shortly after, by a job.

    Signals:
        changed(): some value is different now.
    """

    changed = Signal()

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self.path = config_dir() / "settings.json"
        self.fault = ""
        self.values = self._read()
        self._timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._timer.timeout.connect(self.flush)

    def update(self, **changes: Any) -> None:
        """Change values by name. Raises `ValidationError` for one that is out of range."""
        new = Values.model_validate({**self.values.model_dump(), **changes})
        if new != self.values:
            self.values = new
            self._timer.start()
            self.changed.emit()

    def layout(self, key: str) -> QByteArray | None:
        """What `QSplitter.saveState` or `saveGeometry` gave under `key`, or None."""
        kept = self.values.layouts.get(key)
        return QByteArray.fromBase64(kept.encode("ascii")) if kept else None

    def set_layout(self, key: str, state: QByteArray) -> None:
        """Keep the place of panels under `key`."""
        text = bytes(state.toBase64().data()).decode("ascii")
        self.update(layouts={**self.values.layouts, key: text})

    def choice(self, key: str, default: str = "") -> str:
        """A small choice that a page wants to find again, such as the last camera."""
        return self.values.choices.get(key, default)

    def set_choice(self, key: str, value: str) -> None:
        self.update(choices={**self.values.choices, key: value})

    def add_recent(self, folder: Path) -> None:
        """Put a project at the head of the recent ones."""
        path = str(folder)
        self.update(recent=(path, *(kept for kept in self.values.recent if kept != path))[:RECENT])

    def forget_recent(self, folder: str) -> None:
        self.update(recent=tuple(kept for kept in self.values.recent if kept != folder))

    def projects_dir(self) -> Path:
        """Where new projects are put unless the user says otherwise."""
        return Path(self.values.projects) if self.values.projects else Path.home() / "Vitrine"

    def flush(self) -> None:
        """Write now, in the background."""
        self._timer.stop()
        handle = self._runner.start(_Write(self.path, self.values), title="Saving settings", show=False)
        handle.ended.connect(_written)

    def _read(self) -> Values:
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                raise ValueError("the file is too large")
            return Values.model_validate(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return Values()
        except (OSError, ValueError, ValidationError) as error:
            # Nobody can start a program whose settings must be right first.
            self.fault = f"{self.path}: {error}"
            log.warning("settings not read: %s", self.fault)
            return Values()


class _Write:
    def __init__(self, path: Path, values: Values) -> None:
        self._path = path
        self._values = values

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path, (self._values.model_dump_json(indent=1) + "\n").encode("utf-8"))


def _written(end: Event) -> None:
    if isinstance(end, Failed):
        log.warning("settings not saved: %s", end.error)
