"""Small files and small functions. Whoever adds one more method to the heap is told here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE = 400
MAX_WINDOW = 250
MAX_FUNCTION = 50
PRODUCT = ("engine", "gui", "benchmarks", "docs")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> Iterator[Path]:
    yield ROOT / "main.py"
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def code_lines(function: Function, lines: list[str]) -> int:
    """Lines of code in a function, without its docstring, comments, blank lines, and the functions inside it."""
    assert function.end_lineno is not None
    skipped: set[int] = set()
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        skipped.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    for inner in ast.walk(function):
        if inner is not function and isinstance(inner, Function):
            skipped.update(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1))
    texts = (
        lines[number - 1].strip() for number in range(function.lineno, function.end_lineno + 1) if number not in skipped
    )
    return sum(bool(text) and not text.startswith("#") for text in texts)


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources(*PRODUCT, "tests")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE
    }
    assert not long, f"more than {MAX_FILE} lines, so split them by what they do: {long}"


def test_the_main_window_is_no_heap() -> None:
    path = ROOT / "gui" / "main_window.py"
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= MAX_WINDOW, f"{path.name} has {count} lines; what it grew by belongs to a page or to gui/shell"


def test_functions_fit_on_a_screen() -> None:
    long = {}
    for path in sources(*PRODUCT):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, Function) and (count := code_lines(function, lines)) > MAX_FUNCTION:
                long[f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"] = count
    assert not long, f"more than {MAX_FUNCTION} lines of code, so name their parts: {long}"


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py", "legacy.py"}
    found = [str(path.relative_to(ROOT)) for path in sources(*PRODUCT) if path.name in drawers]
    assert not found, f"{found}: name a file after what is in it"
