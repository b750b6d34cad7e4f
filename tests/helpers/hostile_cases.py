"""The thousand cases, made from valid files of our own."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.gallery import open_network
from engine.graph.spec import NetworkSpec, NodeSpec, to_plain
from engine.project.store import project_to_plain
from tests.helpers.hostile_corpus import Case, damage, json_cases, mutate, weights_in_disguise
from tests.helpers.small_project import SMALL, small_project


def seeds() -> tuple[list[Any], list[Any]]:
    """Valid projects and valid networks, parsed: small, branching, with blocks, with an unknown layer."""
    block = NodeSpec("block1", "Block", subgraph=replace(SMALL, name="Inside"))
    odd = replace(SMALL, nodes=(*SMALL.nodes, NodeSpec("what1", "FromTheFuture", {"a": [1, {"b": None}]}), block))
    networks = [SMALL, odd, open_network("lenet5_modern"), open_network("lenet5"), open_network("perceptron")]
    projects = [project_to_plain(replace(small_project(), network=network)) for network in (SMALL, odd, networks[2])]
    return projects, [to_plain(network) for network in networks]


def valid_cases(part: str, work: Path) -> list[Case]:
    """Valid files of every kind that this part has; all of them must open."""
    if part == "runs":
        return [Case("valid", kind, _run_writer(_trained(work), "", None)) for kind in ("run", "resume")]
    projects, networks = seeds()
    return [
        Case("valid", kind, _json_writer(name, plain))
        for kind, name, plains in (("project", "project.json", projects), ("network", "network.json", networks))
        for plain in plains
    ]


def cases(part: str, work: Path) -> Iterator[Case]:
    """All hostile cases of one part: "files" are projects and networks, "runs" are runs with their checkpoints."""
    if part == "files":
        projects, networks = seeds()
        yield from json_cases("project", "project.json", projects, 230, 60, seed=1)
        yield from json_cases("network", "network.json", networks, 280, 60, seed=2)
        yield from _blocks_in_blocks()
    else:
        yield from _run_cases(_trained(work))


def _blocks_in_blocks() -> Iterator[Case]:
    for depth in (8, 13, 20):
        plain = to_plain(SMALL)
        for _ in range(depth):
            inner = {key: plain[key] for key in ("name", "nodes", "edges", "groups")}
            plain = {**to_plain(NetworkSpec("Outer")), "nodes": [{"id": "b1", "type": "Block", "subgraph": inner}]}
        yield Case(f"network: {depth} blocks in each other", "network", _json_writer("network.json", plain))


def _json_writer(name: str, plain: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_text(json.dumps(plain), encoding="utf-8")
        return folder / name

    return write


def _trained(work: Path) -> Path:
    """A run of one epoch on the digits, made once per process."""
    from engine.cancel import CancelSource
    from engine.training.job import TrainJob

    run = work / "trained" / "runs" / "run-001"
    if not run.exists():
        TrainJob(small_project(), work / "trained", run)(lambda event: None, CancelSource().token)
    return run


def _run_writer(run: Path, relative: str, data: bytes | None, digest: bool = False) -> Callable[[Path], Path]:
    """Copy the run and replace one file; `digest` lists the new content's SHA-256, as a forger would."""

    def write(folder: Path) -> Path:
        copied = folder / "runs" / "run-001"
        shutil.copytree(run, copied)
        if data is not None:
            (copied / relative).write_bytes(data)
        if data is not None and digest:
            line = f"{hashlib.sha256(data).hexdigest()}  {Path(relative).name}\n"
            (copied / f"{relative}.sha256").write_text(line, encoding="ascii")
        return copied

    return write


def _linked(run: Path, name: str, target: str) -> Callable[[Path], Path]:
    """Copy the run and put a link in the place of one of its files or folders."""

    def write(folder: Path) -> Path:
        copied = _run_writer(run, "", None)(folder)
        place = copied / name
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        place.symlink_to(target)
        (folder.parent / "outside").mkdir()
        return copied

    return write


def _run_cases(run: Path) -> Iterator[Case]:
    chance = random.Random(3)
    for name in ("config.json", "network.json", "report/summary.json"):
        plain = json.loads((run / name).read_bytes())
        for number in range(30):
            data = json.dumps(mutate(plain, chance)).encode("utf-8", "surrogatepass")
            yield Case(f"run: {name} mutated {number}", "run", _run_writer(run, name, data))
    for name in ("config.json", "metrics.csv", "checkpoints/last.pt.sha256", "checkpoints/best.safetensors.sha256"):
        for number in range(12):
            yield Case(
                f"run: {name} damaged {number}",
                "run",
                _run_writer(run, name, damage((run / name).read_bytes(), chance)),
            )
    for name in ("checkpoints", "report", "metrics.csv", "config.json", ".lock", "checkpoints/last.pt"):
        for target in ("/etc/passwd", "../../../outside", ".", "/dev/zero"):
            yield Case(f"resume: {name} is a link to {target}", "resume", _linked(run, name, target))
    yield from _weight_cases(run, chance)
    yield from _checkpoint_cases(run, chance)


def _weight_cases(run: Path, chance: random.Random) -> Iterator[Case]:
    """Weights and checkpoints damaged or replaced, by accident (the digest tells) and by a forger (it does not)."""
    for name, kind in (("checkpoints/best.safetensors", "run"), ("checkpoints/last.pt", "resume")):
        valid = (run / name).read_bytes()
        for number in range(15):
            yield Case(f"{kind}: {name} damaged {number}", kind, _run_writer(run, name, damage(valid, chance)))
        for number in range(35):
            forged = _run_writer(run, name, damage(valid, chance), digest=True)
            yield Case(f"{kind}: {name} forged {number}", kind, forged)
        for label, data in weights_in_disguise().items():
            yield Case(f"{kind}: {name} is {label}", kind, _run_writer(run, name, data, digest=True))


def _checkpoint_cases(run: Path, chance: random.Random) -> Iterator[Case]:
    """A checkpoint that torch reads well, with values that a training did not write."""
    import torch

    state = torch.load(run / "checkpoints" / "last.pt", weights_only=True)
    odd = (
        torch.zeros(0),
        torch.full((3,), float("nan")),
        torch.zeros(2, 2, dtype=torch.int64),
        torch.zeros((), dtype=torch.complex64),
    )
    for number in range(100):
        changed = _changed(state, chance, odd)
        buffer = io.BytesIO()
        torch.save(changed, buffer)
        write = _run_writer(run, "checkpoints/last.pt", buffer.getvalue(), digest=True)
        yield Case(f"resume: checkpoint with odd values {number}", "resume", write)


def _changed(state: Any, chance: random.Random, odd: tuple[Any, ...]) -> Any:
    """`state` with one leaf or branch replaced or removed."""
    way: list[Any] = []
    value = state
    while isinstance(value, dict | list) and value and (not way or chance.random() < 0.8):
        way.append(chance.choice(list(value) if isinstance(value, dict) else range(len(value))))
        value = value[way[-1]]
    new = chance.choice((*odd, None, -1, 10**12, 0.5, float("nan"), float("inf"), "x", [], {}, [1, 2], True))
    return _with(state, way, new, chance.random() < 0.2)


def _with(value: Any, way: list[Any], new: Any, remove: bool) -> Any:
    if not way:
        return new
    copied = value.copy()
    if remove and len(way) == 1:
        del copied[way[0]]
    else:
        copied[way[0]] = _with(copied[way[0]], way[1:], new, remove)
    return copied
