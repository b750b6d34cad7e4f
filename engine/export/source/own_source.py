"""The source of our own modules, so that generated code can carry them along."""

from __future__ import annotations

import ast
import inspect
from functools import lru_cache
from types import ModuleType

from torch import nn

Import = tuple[str, str, str]
"""(module, name in it or "", name here or "")"""

Own = tuple[tuple[Import, ...], dict[str, str]]


def source_of(kind: type[nn.Module]) -> Own:
    """The imports that a class needs, and the texts of its definition and of those that it mentions, by name."""
    module = inspect.getmodule(kind)
    return _own_source(module, kind.__name__) if module is not None else ((), {})


@lru_cache(maxsize=256)
def _own_source(module: ModuleType, name: str) -> Own:
    text = inspect.getsource(module)
    imports, definitions = _parts(ast.parse(text))
    wanted, work = set[str](), [name]
    mentioned: set[str] = set()
    while work:
        one = work.pop()
        if one in wanted or one not in definitions:
            continue
        wanted.add(one)
        here = {node.id for node in ast.walk(definitions[one]) if isinstance(node, ast.Name)}
        mentioned |= here
        work.extend(here)
    needed = tuple(one for one in imports if (one[2] or one[1] or one[0].partition(".")[0]) in mentioned)
    texts = {one: _text(text, node) for one, node in definitions.items() if one in wanted}
    return needed, texts


def _parts(tree: ast.Module) -> tuple[list[Import], dict[str, ast.stmt]]:
    imports: list[Import] = []
    definitions: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            imports += [(alias.name, "", alias.asname or "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports += [(node.module or "", alias.name, alias.asname or "") for alias in node.names]
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            definitions[node.targets[0].id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            definitions[node.target.id] = node
    return imports, definitions


def _text(text: str, node: ast.stmt) -> str:
    """The source of a definition, with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(one.lineno for one in decorators)])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def import_lines(imports: set[Import]) -> list[str]:
    """Import statements, sorted: the standard library, then packages."""
    plain: dict[str, list[str]] = {}
    taken: dict[str, list[str]] = {}
    for module, name, alias in sorted(imports):
        spoken = f"{name or module} as {alias}" if alias else name or module
        (taken if name else plain).setdefault(module, []).append(spoken)
    sections: list[list[str]] = [[], []]
    for module, names in [*sorted(plain.items()), *sorted(taken.items())]:
        line = f"from {module} import {', '.join(names)}" if module in taken and names is taken[module] else ""
        own = module.partition(".")[0] in ("torch", "torchvision", "safetensors")
        sections[own].append(line or f"import {names[0]}")
    return [*sections[0], *([""] if sections[0] else []), *sections[1]]
