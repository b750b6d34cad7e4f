"""Runs generated sources in a process that has neither this program nor a network: see `alone`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

# For each name given: imports NAME.py, loads NAME.weights.safetensors through its own load(), feeds it NAME.in and
# writes NAME.out. Whatever opens a socket ends it.
CHILD = """
import importlib.util, json, socket, sys
def refuse(*args, **kwargs):
    raise SystemExit("a socket was opened")
socket.socket.connect = socket.socket.bind = socket.getaddrinfo = refuse
import torch
from safetensors.torch import load_file, save_file
for name in json.load(open("names.json")):
    spec = importlib.util.spec_from_file_location(name, name + ".py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    net = module.load(name + ".weights.safetensors")
    given = load_file(name + ".in")
    with torch.no_grad():
        found = net(*(given[str(k)] for k in range(len(given))))
    found = found if isinstance(found, tuple) else (found,)
    save_file({str(k): one.contiguous() for k, one in enumerate(found)}, name + ".out")
    del net, found
loaded = {name.partition(".")[0] for name in sys.modules} & {"engine", "gui", "PySide6"}
assert not loaded, loaded
"""


@dataclass(frozen=True)
class Case:
    """A network to be run from its source: code, the module that it was made from, and inputs."""

    code: str
    net: nn.Module
    inputs: Sequence[Tensor]


def alone(cases: Mapping[str, Case], folder: Path) -> dict[str, tuple[Tensor, ...]]:
    """What each source answers, by name; all run in one fresh process, with the weights of the modules."""
    for name, case in cases.items():
        (folder / f"{name}.py").write_text(case.code, encoding="utf-8")
        save_file(
            {k: v.contiguous().clone() for k, v in case.net.state_dict().items()},
            folder / f"{name}.weights.safetensors",
        )
        save_file({str(k): x.contiguous() for k, x in enumerate(case.inputs)}, folder / f"{name}.in")
    (folder / "names.json").write_text(json.dumps(list(cases)))
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", CHILD],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = {}
    for name in cases:
        tensors = load_file(folder / f"{name}.out")
        found[name] = tuple(tensors[str(k)] for k in range(len(tensors)))
    return found


def answers(net: nn.Module, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """What a module gives, as a tuple."""
    with torch.no_grad():
        found = net(*inputs)
    return found if isinstance(found, tuple) else (found,)
