"""NETWORK on the command line: a gallery id, a file or folder of this program, or something to be imported."""

from __future__ import annotations

import difflib
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cancel import CancelSource
from engine.errors import BadInput
from engine.gallery import GALLERY, open_network
from engine.gallery.base import with_input
from engine.graph.spec import NetworkSpec, Shape
from engine.importing.job import can_import, is_target
from engine.project.spec import ProjectSpec
from engine.project.store import open_file

if TYPE_CHECKING:
    from torch import Tensor

HELP = (
    "gallery id, network file, project folder, .onnx or .pt2 file, script.py[:name] or module:callable; "
    "the last three run code, so name only what you trust"
)


@dataclass(frozen=True)
class Opened:
    """A network and where it came from; `path` is set when it was a file or folder of this program.

    Attributes:
        state: the weights that came along with an import, under the names of the compiled network.
        notes: what a person should know about an import.
        how: the way in which it was imported, or "".
    """

    spec: NetworkSpec
    path: Path | None = None
    project: ProjectSpec | None = None
    imported_from: Path | None = None
    state: Mapping[str, Tensor] | None = None
    notes: tuple[str, ...] = ()
    how: str = ""


def add_network(parser: ArgumentParser, name: str = "network", metavar: str = "NETWORK") -> None:
    """Declare NETWORK, `--set` and `--input`."""
    parser.add_argument(name, metavar=metavar, help=HELP)
    parser.add_argument(
        "--set", action="append", default=[], metavar="K=V", help="an option of a gallery network; may be repeated"
    )
    parser.add_argument("--input", metavar="C,H,W", help="the input's shape: channels, height, width")


def open_argument(args: Namespace) -> Opened:
    """Open what the arguments of `add_network` name. Raises `BadInput` that says what was tried."""
    text: str = args.network
    options = parse_options(args.set)
    shape = parse_shape(args.input) if args.input else None
    path = Path(text)
    if text in GALLERY:
        spec = open_network(text, **options)
        return Opened(with_input(spec, shape) if shape else spec)
    if can_import(text):
        return _imported(text, options, shape)
    if path.exists():
        if options:
            raise BadInput(f"{text} is a file, and --set is for gallery networks.", "Leave --set out.")
        opened = open_file(path)
        project = opened if isinstance(opened, ProjectSpec) else None
        spec = project.network if project else opened  # type: ignore[assignment]
        return Opened(with_input(spec, shape) if shape else spec, path, project)
    close = difflib.get_close_matches(text, list(GALLERY), n=1)
    advice = f"Did you mean {close[0]}?" if close else "Check the name, or see what there is with: main.py gallery."
    raise BadInput(f"There is no file, folder or gallery network called {text!r}.", advice)


def parse_options(pairs: list[str]) -> dict[str, Any]:
    """["num_classes=10", "grouped=true"] as {"num_classes": 10, "grouped": True}; what is no JSON stays a text."""
    options: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise BadInput(f"--set {pair} has no form KEY=VALUE.", "Write it like --set num_classes=10.")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


def parse_shape(text: str) -> Shape:
    """ "3,224,224" as (3, 224, 224)."""
    parts = [part.strip() for part in text.split(",")]
    sizes = tuple(int(part) for part in parts if part.isdecimal() and len(part) <= 6)
    if len(sizes) != len(parts) or not all(sizes) or not 1 <= len(sizes) <= 4:
        raise BadInput(
            f"--input {text} is no shape.", "Write channels, height and width as whole numbers, like --input 3,224,224."
        )
    return sizes


def _imported(text: str, options: dict[str, Any], shape: Shape | None) -> Opened:
    """Bring in what the person named on the command line, which is their consent to run it."""
    from engine.importing.job import ImportJob

    if options and not is_target(text):
        raise BadInput(f"{text} is a file, and --set is for gallery networks and callables.", "Leave --set out.")
    shapes = (shape,) if shape else ()
    found = ImportJob(text, trusted=True, options=options, shapes=shapes)(lambda event: None, CancelSource().token)
    path = None if is_target(text) else Path(text)
    return Opened(found.spec, imported_from=path, state=found.state, notes=found.notes, how=found.how)
