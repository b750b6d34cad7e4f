"""Opens hostile files under watch. Run as `python -m tests.helpers.open_hostile FOLDER SLICE`; prints JSON Lines.

An audit hook sees every import, unpickling, command, connection and every file opened for writing, from whatever
library, and stops it; a timer ends the process with a traceback when one file takes too long.
"""

from __future__ import annotations

import ast
import faulthandler
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import VitrineError
from engine.graph.spec import NetworkSpec, to_plain
from engine.project.network_file import load_network, network_from_plain
from engine.project.spec import ProjectSpec
from engine.project.store import load_project, save_project
from tests.helpers.hostile_corpus import Case

LIMIT_S = 20.0

_FORBIDDEN = (
    "pickle.find_class", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate",
    "os.putenv", "os.kill", "shutil.rmtree", "shutil.move", "shutil.copyfile", "subprocess.Popen", "socket.connect",
    "socket.bind", "socket.getaddrinfo", "urllib.Request", "ctypes.dlopen", "webbrowser.open", "code.__new__",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class Violation(RuntimeError):
    """Raised by the audit hook inside whatever was doing it."""


class Guard:
    """Watches while armed. `writable` is the only folder in which files may be made or changed."""

    def __init__(self) -> None:
        self.armed = False
        self.writable: Path | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        what = ""
        if event == "import":
            what = "" if args[0].partition(".")[0] in _KNOWN else f"import of {args[0]}"
        elif event == "open":
            path, mode, flags = args
            writing = bool(flags & _WRITING) if isinstance(flags, int) else any(c in str(mode) for c in "wax+")
            follows = not (isinstance(flags, int) and flags & getattr(os, "O_NOFOLLOW", 0))
            if writing and not isinstance(path, int) and not self._allowed(path, follows):
                what = f"writing of {path}"
        elif event.startswith(_FORBIDDEN) and not (event.startswith("os.") and self._allowed(args[0])):
            what = f"{event} {args[:2]!r}"
        if what:
            self.armed = False  # the report itself opens files
            self.seen.append(what)
            self.armed = True
            raise Violation(what)

    def _allowed(self, path: Any, follows: bool = True) -> bool:
        if self.writable is None or not isinstance(path, str | bytes | os.PathLike):
            return False
        real = os.fsdecode(path)
        folder, name = os.path.split(real)
        real = os.path.realpath(real) if follows else os.path.join(os.path.realpath(folder), name)
        return real == os.devnull or real.startswith(f"{os.path.realpath(self.writable)}{os.sep}")


# Lazy imports of these packages say nothing about the file; whatever else a file brings in, it named itself.
_KNOWN = {
    "torch",
    "engine",
    "numpy",
    "encodings",
    "sympy",
    "mpmath",
    "networkx",
    "torchmetrics",
    "safetensors",
    "pydantic",
}


def follow_network(spec: NetworkSpec) -> None:
    """What the window does with a network that opened: check it, lay it out, write it as code, save it."""
    from engine.export.source.generate import generate
    from engine.graph.analyse import analyse
    from engine.graph.layout import layout

    assert network_from_plain(json.loads(json.dumps(to_plain(spec)))) == spec, "saving loses something"
    layout(spec)
    analysis = analyse(spec)
    if not analysis.errors:
        only_torch(generate(spec))


def only_torch(code: str) -> None:
    """The generated code is classes that import torch and nothing else, whatever the names in the file were."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            allowed = {"torch", "torchvision", "safetensors", "math", "__future__", "collections", "typing"}
            assert {name.partition(".")[0] for name in names} <= allowed, f"the code imports {names}"
    kinds = {type(node).__name__ for node in tree.body}
    assert kinds <= {"Import", "ImportFrom", "ClassDef", "FunctionDef", "Expr", "Assign", "AnnAssign"}, kinds
    calls = [node for node in tree.body if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)]
    assert not calls, "the code does something when it is imported"


def open_project(path: Path, scratch: Path) -> None:
    project: ProjectSpec = load_project(path)
    save_project(project, scratch / "again")
    assert load_project(scratch / "again") == project, "saving loses something"
    follow_network(project.network)


def open_network(path: Path, scratch: Path) -> None:
    follow_network(load_network(path))


def open_run(path: Path, scratch: Path) -> None:
    from engine.training.runs import load_run, run_info

    info = run_info(path)
    assert info.status in ("running", "stopped", "finished", "failed")
    load_run(path)


def resume_run(path: Path, scratch: Path) -> None:
    """Go on with the training in a run whose checkpoint is not to be trusted."""
    from engine.cancel import CancelSource
    from engine.events import Failed
    from engine.job import run_job
    from engine.training.job import TrainJob
    from engine.training.run_folder import read_config, read_network

    project = read_config(path).project(read_network(path))
    longer = project.with_(training=project.training.model_copy(update={"epochs": 2}))
    end = run_job(TrainJob(longer, path, path, resume=True), lambda event: None, CancelSource().token)
    if isinstance(end, Failed):
        raise end.error


OPENERS: dict[str, Callable[[Path, Path], None]] = {
    "project": open_project,
    "network": open_network,
    "run": open_run,
    "resume": resume_run,
}


def attempt(case: Case, folder: Path, guard: Guard) -> dict[str, Any]:
    """Open one case and say how it ended: "opened", "refused", or what went wrong."""
    scratch = folder / "scratch"
    files = folder / "files"
    scratch.mkdir()
    files.mkdir()
    path = case.write(files)
    guard.writable = files if case.kind == "resume" else scratch
    guard.seen.clear()
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    started = time.perf_counter()
    result, detail = "opened", ""
    guard.armed = True
    try:
        OPENERS[case.kind](path, scratch)
    except VitrineError as error:
        result, detail = "refused", str(error)
        if not (error.what.strip() and error.advice.strip()):
            result = "refused without advice"
        if "did not foresee" in error.what:
            result, detail = "unforeseen", error.details
    except BaseException:  # noqa: BLE001 - the point of the test is that there is none
        result, detail = "raised", traceback.format_exc(limit=-6)
    finally:
        guard.armed = False
        faulthandler.cancel_dump_traceback_later()
    if guard.seen:
        result, detail = "violation", "; ".join(guard.seen)
    seconds = time.perf_counter() - started
    return {"name": case.name, "result": result, "detail": detail[-2000:], "seconds": round(seconds, 3)}


def warm_up(cases: list[Case], folder: Path, guard: Guard) -> None:
    """Open valid files unwatched, so that what is imported lazily has been imported."""
    for number, case in enumerate(cases):
        place = folder / f"warm-{number}"
        place.mkdir()
        OPENERS[case.kind](_filled(case, place), place)


def _filled(case: Case, place: Path) -> Path:
    files = place / "files"
    files.mkdir()
    return case.write(files)


def main(work: Path, part: str) -> None:
    from tests.helpers.hostile_cases import cases, valid_cases

    canary = work / "modules"
    canary.mkdir(exist_ok=True)
    (canary / "vitrine_canary.py").write_text("raise SystemExit('a file was allowed to import')\n", encoding="utf-8")
    sys.path.insert(0, str(canary))
    logging.disable(logging.CRITICAL)
    guard = Guard()
    warm_up(valid_cases(part, work), Path(tempfile.mkdtemp(dir=work)), guard)
    for case in cases(part, work):
        folder = Path(tempfile.mkdtemp(dir=work))
        print(json.dumps({"next": case.name}), flush=True)
        print(json.dumps(attempt(case, folder, guard)), flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"done": True}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
