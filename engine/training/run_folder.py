"""What lies in a run's folder beside the checkpoints: network, configuration, summary. Never imports torch.

```
network.json   config.json   metrics.csv   checkpoints/last.pt   checkpoints/best.safetensors   report/summary.json
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from engine.datasets.spec import DataSpec
from engine.errors import BadInput
from engine.frozen import FrozenDict, thaw
from engine.graph.spec import NetworkSpec
from engine.project.atomic import write_atomic
from engine.project.lock import FileLock
from engine.project.plain import (
    as_list,
    as_number,
    as_object,
    as_options,
    as_settings,
    as_text,
    read_plain,
    refuse,
    shown,
)
from engine.project.spec import ProjectSpec
from engine.project.store import load_network, save_network
from engine.tasks.base import Task, make_task
from engine.training.spec import TrainingSpec

Status = Literal["running", "finished", "stopped", "failed"]

NETWORK_FILE = "network.json"
CONFIG_FILE = "config.json"
METRICS_FILE = "metrics.csv"
REPORT = "report"
SUMMARY_FILE = "summary.json"
FORMAT = "vitrine-run"
VERSION = 1
MAX_CLASSES = 100_000

_CONFIG = (
    "name",
    "task",
    "classes",
    "data",
    "training",
    "root",
    "created",
    "device",
    "torch",
    "pictures",
    "task_options",
    "baseline",
)


@dataclass(frozen=True)
class RunConfig:
    """Everything but the drawing that a run was made with; its data and preprocessing travel with the weights.

    Attributes:
        name: of the project.
        root: the project's folder when the run was made; see `project_root`.
        device, torch: what it was made with, for the reader.
        pictures: the mark of the pictures and their split; "" in runs that were made without it.
        baseline: settings of the baseline that was fitted, see `engine.baselines.spec`; empty where a network learned.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    data: DataSpec
    training: TrainingSpec
    root: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    device: str = ""
    torch: str = ""
    pictures: str = ""
    task_options: FrozenDict = field(default_factory=FrozenDict)
    baseline: FrozenDict = field(default_factory=FrozenDict)

    def project(self, network: NetworkSpec) -> ProjectSpec:
        """The project as it was when the run was started."""
        return ProjectSpec(self.name, self.task, network, self.data, self.training, self.task_options)

    def make_task(self) -> Task:
        """The run's task. Raises `BadInput` when the file names one that does not exist."""
        return make_task(self.task, self.classes, self.task_options, label_smoothing=self.training.label_smoothing)

    def project_root(self, run_dir: Path) -> Path:
        """Where relative paths of the data start: the project's folder, also after it was copied elsewhere."""
        around = run_dir.resolve().parent.parent
        if (around / "project.json").is_file() or not self.root:
            return around
        return Path(self.root)


@dataclass(frozen=True)
class Summary:
    """How a run ended, or that it goes on. `test` holds its measures on the test pictures."""

    status: Status
    message: str = ""
    best_epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    test: Mapping[str, float] = field(default_factory=dict)


def write_config(run_dir: Path, network: NetworkSpec, config: RunConfig) -> None:
    """Write `network.json` and `config.json`."""
    save_network(network, run_dir / NETWORK_FILE)
    plain = {
        "format": FORMAT,
        "version": VERSION,
        "name": config.name,
        "task": config.task,
        "task_options": thaw(config.task_options),
        "classes": list(config.classes),
        "data": config.data.model_dump(mode="json"),
        "training": config.training.model_dump(mode="json"),
        "root": config.root,
        "created": config.created.isoformat(),
        "device": config.device,
        "torch": config.torch,
        "pictures": config.pictures,
        "baseline": thaw(config.baseline),
    }
    write_atomic(run_dir / CONFIG_FILE, _json(plain))


def read_network(run_dir: Path) -> NetworkSpec:
    """The drawing that the run was made with. Raises `BadInput` naming file and place."""
    return load_network(run_dir / NETWORK_FILE)


def read_config(run_dir: Path) -> RunConfig:
    """The run's configuration. Raises `BadInput` naming the folder, file and place."""
    path = run_dir / CONFIG_FILE
    if not path.is_file():
        raise BadInput(f"{run_dir} is not a run.", f"Give a folder that holds a {CONFIG_FILE}.")
    try:
        return _config(read_plain(path))
    except BadInput as error:
        raise type(error)(f"{path} cannot be used. {error.what}", error.advice, details=error.details) from None


def _config(plain: Any) -> RunConfig:
    as_object(plain, "", ("format", "version", *_CONFIG), _CONFIG[:5])
    if plain.get("format") != FORMAT or plain.get("version") != VERSION:
        refuse("", f"has the format {shown(plain.get('format'))} version {shown(plain.get('version'))}")
    classes = as_list(plain["classes"], "classes")
    if len(classes) > MAX_CLASSES:
        refuse("classes", f"has {len(classes):,} entries, more than {MAX_CLASSES:,}")
    return RunConfig(
        name=as_text(plain["name"], "name", empty=True),
        task=as_text(plain["task"], "task", 100),
        classes=tuple(_class(item, f"classes[{k}]") for k, item in enumerate(classes)),
        data=as_settings(DataSpec, plain["data"], "data"),
        training=as_settings(TrainingSpec, plain["training"], "training"),
        root=as_text(plain.get("root", ""), "root", 10_000, empty=True),
        created=_time(plain.get("created")),
        device=as_text(plain.get("device", ""), "device", empty=True),
        torch=as_text(plain.get("torch", ""), "torch", empty=True),
        pictures=as_text(plain.get("pictures", ""), "pictures", empty=True),
        task_options=as_options(plain.get("task_options", {}), "task_options"),
        baseline=as_options(plain.get("baseline", {}), "baseline"),
    )


def _class(value: Any, where: str) -> str:
    """A class's name; the characters of a text are classes too, and a line break or a tabulator is one of them."""
    return value if value in ("\n", "\t") else as_text(value, where, 1000, empty=True)


def write_summary(run_dir: Path, summary: Summary) -> None:
    (run_dir / REPORT).mkdir(exist_ok=True)
    write_atomic(run_dir / REPORT / SUMMARY_FILE, _json({**vars(summary), "test": dict(summary.test)}))


def read_summary(run_dir: Path) -> Summary:
    """How the run ended; one that says it is running but that nobody holds was killed, so it counts as stopped."""
    path = run_dir / REPORT / SUMMARY_FILE
    summary = _summary(read_plain(path)) if path.is_file() else Summary("running")
    if summary.status == "running" and not in_use(run_dir):
        return Summary("stopped", "It was interrupted.")
    return summary


def _summary(plain: Any) -> Summary:
    as_object(plain, "", tuple(Summary.__dataclass_fields__), ("status",))
    if plain["status"] not in get_args(Status):
        refuse("status", f"cannot be {shown(plain['status'])}")
    test = plain.get("test", {})
    if not isinstance(test, dict):
        refuse("test", f"must be an object, not {shown(test)}")
    return Summary(
        cast(Status, plain["status"]),
        as_text(plain.get("message", ""), "message", 5000, empty=True),
        int(as_number(plain.get("best_epoch", 0), "best_epoch", 1e9)),
        int(as_number(plain.get("epochs", 0), "epochs", 1e9)),
        as_number(plain.get("seconds", 0.0), "seconds", 1e12),
        {str(name): as_number(value, f"test.{name}", 1e300) for name, value in test.items()},
    )


def run_lock(run_dir: Path) -> FileLock:
    """The lock that a training holds on its run, so that no second one writes there."""
    return FileLock(run_dir / ".lock")


def in_use(run_dir: Path) -> bool:
    """Whether a training is writing there, in this process or another."""
    lock = run_lock(run_dir)
    if not lock.path.exists():
        return False
    try:
        return not lock.acquire()
    except BadInput:
        return False  # a folder that may not be written is not being written
    finally:
        lock.release()


def _time(plain: Any) -> datetime:
    try:
        found = datetime.fromisoformat(plain)
    except (TypeError, ValueError):
        refuse("created", f"is not a time: {shown(plain)}")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _json(plain: Mapping[str, Any]) -> bytes:
    return (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
