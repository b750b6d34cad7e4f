"""Modules that a person names: "package.module:callable", or "script.py:name". Naming them runs their code."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from engine.errors import BadInput
from engine.graph.spec import Shape

_SHAPE = re.compile(r"\(N((?:, ?\d+)+)\)")


@dataclass(frozen=True)
class Target:
    """What a person named, once its code has run.

    Attributes:
        made: the module, in the state in which the code left it.
        shapes: the input shapes that the code itself names, or ().
        fresh: whether its weights are only start values, since a class was called without anything.
    """

    made: nn.Module
    name: str
    shapes: tuple[Shape, ...] = ()
    fresh: bool = True


def open_target(text: str, options: Mapping[str, Any]) -> Target:
    """Import or run what `text` names, call it with the options unless it is a module already.

    Raises `BadInput` for a name that is not there, code that fails, and results that are no torch module.
    """
    place, _, name = _split(text)
    is_script = place.endswith(".py")
    code = _run_script(Path(place)) if is_script else _imported(place)
    if not name:
        name = _only_network(code, Path(place))
    try:
        found = reduce(getattr, name.split("."), code)
    except AttributeError:
        there = "script" if is_script else "module"
        raise BadInput(f"The {there} {place} has no {name}.", "Check the name after the colon.") from None
    made = found if isinstance(found, nn.Module) else _called(text, found, options)
    fresh = isinstance(found, type)
    return Target(made, name.rpartition(".")[2], _own_shapes(code, type(made)), fresh)


def _split(text: str) -> tuple[str, str, str]:
    """The place and the name; a Windows path has a colon of its own, and a script needs no name."""
    if text.endswith(".py"):
        return text, "", ""
    return text.rpartition(":")


def _imported(place: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return importlib.import_module(place)
    except ImportError as error:
        raise BadInput(f"The module {place} could not be imported: {error}.", "Check its name.") from None
    except Exception as error:
        raise _failed(place, error) from error


def _run_script(path: Path) -> ModuleType:
    if not path.is_file():
        raise BadInput(f"There is no script {path}.", "Check the name, or choose another file.")
    # Never the name of a module that others import.
    name = f"vitrine_script_{re.sub(r'[^A-Za-z0-9_]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"{path} is no Python script.", "Choose a file that ends in .py.")
    code = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.modules[name] = code
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(code)
    except Exception as error:
        del sys.modules[name]
        raise _failed(str(path), error) from error
    finally:
        sys.path.remove(folder)
    _recognise_ours(code, path)
    return code


def _failed(place: str, error: Exception) -> BadInput:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    line = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    return BadInput(
        f"{place} stops with {type(error).__name__}{line}: {first}.",
        "Mend it so that it can be imported.",
        details=repr(error),
    )


def _called(text: str, found: Any, options: Mapping[str, Any]) -> nn.Module:
    if not callable(found):
        raise BadInput(f"{text} cannot be called.", "Name a function or class that returns a torch module.")
    try:
        made = found(**options)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{text} refuses these options: {error}.", "Change what --set passes.") from None
    except OSError as error:
        # torchvision's detectors, for one, fetch the weights of their backbone unless told not to.
        raise BadInput(
            f"{text} wants a file that is not here, such as weights from the internet: {error}.",
            "Tell it to start without them, such as --set weights=null --set weights_backbone=null.",
        ) from None
    except Exception as error:
        raise _failed(text, error) from error
    if not isinstance(made, nn.Module):
        raise BadInput(
            f"{text} returned {type(made).__name__}, which is no torch module.",
            "Name a function or class that returns one.",
        )
    return made


def networks_in(code: ModuleType) -> list[str]:
    """Names of the module classes of a script that no other of its classes uses."""
    own = {
        name: kind
        for name, kind in vars(code).items()
        if isinstance(kind, type) and issubclass(kind, nn.Module) and kind.__qualname__ == name and _is_own(kind, code)
    }
    tree = ast.parse(inspect.getsource(code))
    used = {
        word.id
        for part in tree.body
        if isinstance(part, ast.ClassDef)
        for word in ast.walk(part)
        if isinstance(word, ast.Name) and word.id != part.name
    }
    return [name for name in own if name not in used]


def _is_own(kind: type, code: ModuleType) -> bool:
    return kind.__module__ == code.__name__


def _only_network(code: ModuleType, path: Path) -> str:
    names = networks_in(code)
    if not names:
        raise BadInput(f"{path.name} has no network: no class derived from torch.nn.Module.", "Name an object in it.")
    if len(names) > 1:
        raise BadInput(
            f"{path.name} has {len(names)} networks: {', '.join(names)}.", f"Name one, such as {path}:{names[-1]}."
        )
    return names[0]


def _own_shapes(code: ModuleType, kind: type) -> tuple[Shape, ...]:
    """Input shapes by a constant of the class or the file, or in the class's docstring: "(N, 3, 224, 224) in"."""
    for holder in (kind, code):
        for word in ("INPUT_SHAPES", "INPUT_SHAPE"):
            value = getattr(holder, word, None)
            if isinstance(value, Mapping):
                value = list(value.values())
            if isinstance(value, tuple | list) and value:
                some = value if isinstance(value[0], tuple | list) else [value]
                return tuple(tuple(int(size) for size in shape) for shape in some)
    before, found, _ = (kind.__doc__ or "").partition(" in")
    return tuple(
        tuple(int(size) for size in sizes.split(",") if size.strip())
        for sizes in _SHAPE.findall(before if found else "")
    )


def _recognise_ours(code: ModuleType, path: Path) -> None:
    """Classes that our code generator has copied into the script are the layers that they were copied from."""
    ours = _our_classes()
    for part in ast.parse(path.read_text("utf-8")).body:
        if isinstance(part, ast.ClassDef) and part.name in ours and _body(part) == ours[part.name][1]:
            getattr(code, part.name).__module__ = ours[part.name][0]


def _our_classes() -> dict[str, tuple[str, str]]:
    """Class name -> (the module file of ours that has it, what it does)."""
    found = {}
    folder = Path(__file__).parents[1] / "modules"
    for path in sorted(folder.glob("*.py")):
        for part in ast.parse(path.read_text("utf-8")).body:
            if isinstance(part, ast.ClassDef):
                found[part.name] = (f"engine.modules.{path.stem}", _body(part))
    return found


def _body(part: ast.ClassDef) -> str:
    """What a class does, however it is written and documented."""
    part = ast.parse(ast.unparse(part)).body[0]  # type: ignore[assignment]
    for node in ast.walk(part):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(part)
