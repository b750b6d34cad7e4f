"""NETWORK on the command line: a gallery id, a network file, a project or run folder, or `module:callable`."""

from __future__ import annotations

import difflib
import importlib
import json
import re
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from engine.errors import BadInput
from engine.gallery import GALLERY, open_network
from engine.gallery.base import with_input
from engine.graph.spec import NetworkSpec, Shape
from engine.project.spec import ProjectSpec
from engine.project.store import open_file

_CALLABLE = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*")
_USUAL_INPUT = (3, 224, 224)
HELP = "gallery id, network file, project folder, or module:callable (which is imported and traced)"


@dataclass(frozen=True)
class Opened:
    """A network and where it came from; `path` is set when it was a file or folder."""

    spec: NetworkSpec
    path: Path | None = None
    project: ProjectSpec | None = None


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
    if path.exists():
        if options:
            raise BadInput(f"{text} is a file, and --set is for gallery networks.", "Leave --set out.")
        opened = open_file(path)
        project = opened if isinstance(opened, ProjectSpec) else None
        spec = project.network if project else opened  # type: ignore[assignment]
        return Opened(with_input(spec, shape) if shape else spec, path, project)
    if _CALLABLE.fullmatch(text):
        return Opened(_traced(text, options, shape or _USUAL_INPUT))
    close = difflib.get_close_matches(text, list(GALLERY), n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    raise BadInput(
        f"There is no file, folder or gallery network called {text!r}.", f"{hint}The gallery has {', '.join(GALLERY)}."
    )


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


def _traced(text: str, options: dict[str, Any], shape: Shape) -> NetworkSpec:
    """Import what the person named on the command line, call it, and trace the module that it returns."""
    from torch import nn

    module_name, _, path = text.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        function = reduce(getattr, path.split("."), importlib.import_module(module_name))
    except ImportError as error:
        raise BadInput(f"The module {module_name} could not be imported: {error}.", "Check its name.") from None
    except AttributeError:
        raise BadInput(f"The module {module_name} has no {path}.", "Check the name after the colon.") from None
    if not callable(function):
        raise BadInput(f"{text} cannot be called.", "Name a function or class that returns a torch module.")
    try:
        module = function(**options)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{text} refuses these options: {error}.", "Change what --set passes.") from None
    except OSError as error:
        # torchvision's detectors, for one, fetch the weights of their backbone unless told not to.
        raise BadInput(
            f"{text} wants a file that is not here, such as weights from the internet: {error}.",
            "Tell it to start without them, such as --set weights=null --set weights_backbone=null.",
        ) from None
    if not isinstance(module, nn.Module):
        raise BadInput(
            f"{text} returned {type(module).__name__}, which is no torch module.",
            "Name a function or class that returns one.",
        )
    from engine.importing.trace import trace

    return trace(module, shape, name=path.rpartition(".")[2]).spec
