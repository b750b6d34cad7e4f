"""Patterns that have hurt before, each with the sentence to follow instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("engine/", "gui/", "benchmarks/", "docs/", "main.py")
CODE = (*PRODUCT, "tests/")
TEXT = (*CODE, "resources/", ".ci/", "README.md", "CHANGELOG.md", "pyproject.toml")
SUFFIXES = {".py", ".md", ".toml", ".json", ".svg", ".txt", ""}


@dataclass(frozen=True)
class Rule:
    """`where` are path prefixes, `but` those excepted; `find` yields the offending line numbers."""

    name: str
    instead: str
    where: tuple[str, ...]
    find: Callable[[str, str], Iterator[int]]
    but: tuple[str, ...] = ()


@cache
def parsed(text: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(text)))


def dotted(node: ast.AST) -> str:
    """The dotted name of an expression such as `torch.load`; what is no name is a question mark."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def calls(*names: str, unless: Callable[[ast.Call], bool] = lambda call: False) -> Callable[[str, str], Iterator[int]]:
    """Calls of these; a name that begins with a dot is a method of anything."""

    def find(path: str, text: str) -> Iterator[int]:
        for node in parsed(text) if path.endswith(".py") else ():
            if isinstance(node, ast.Call):
                name = dotted(node.func)
                if any(name == one or (one.startswith(".") and name.endswith(one)) for one in names) and not unless(
                    node
                ):
                    yield node.lineno

    return find


def imports(*names: str) -> Callable[[str, str], Iterator[int]]:
    def find(path: str, text: str) -> Iterator[int]:
        for node in parsed(text) if path.endswith(".py") else ():
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                found = [node.module or ""]
            if any(one.split(".")[0] in names for one in found):
                yield node.lineno  # type: ignore[attr-defined]

    return find


def lines(pattern: str) -> Callable[[str, str], Iterator[int]]:
    compiled = re.compile(pattern)

    def find(path: str, text: str) -> Iterator[int]:
        yield from (number for number, line in enumerate(text.splitlines(), 1) if compiled.search(line))

    return find


def keyword_is(name: str, value: object) -> Callable[[ast.Call], bool]:
    return lambda call: any(
        key.arg == name and isinstance(key.value, ast.Constant) and key.value.value is value for key in call.keywords
    )


def safe_numpy(call: ast.Call) -> bool:
    return all(key.arg != "allow_pickle" for key in call.keywords) or keyword_is("allow_pickle", False)(call)


def only_objects(call: ast.Call) -> bool:
    return all(isinstance(arg, ast.Name) and arg.id == "object" for arg in call.args)


def runs_the_loop(call: ast.Call) -> bool:
    """An application's own loop, and a drag, which has no other way."""
    assert isinstance(call.func, ast.Attribute)
    return dotted(call.func.value).rpartition(".")[2].lower() in {"app", "application", "qapplication", "qapp", "drag"}


def swallowed(path: str, text: str) -> Iterator[int]:
    for node in parsed(text) if path.endswith(".py") else ():
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or all(isinstance(one, ast.Pass) for one in node.body)
        ):
            yield node.lineno


def suppresses_everything(path: str, text: str) -> Iterator[int]:
    for node in parsed(text) if path.endswith(".py") else ():
        if isinstance(node, ast.Call) and dotted(node.func).endswith("suppress"):
            for arg in node.args:
                if dotted(arg) in {"Exception", "BaseException"}:
                    yield node.lineno


def colour_numbers(path: str, text: str) -> Iterator[int]:
    for node in parsed(text) if path.endswith(".py") else ():
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.search(r"#[0-9a-fA-F]{6}\b", node.value)
        ):
            yield node.lineno
        elif isinstance(node, ast.Call) and dotted(node.func).endswith(("QColor", "mkColor", "mkPen", "mkBrush")):
            if node.args and all(isinstance(arg, ast.Constant) for arg in node.args):
                yield node.lineno
        elif (
            isinstance(node, ast.Attribute)
            and dotted(node).startswith("Qt.GlobalColor.")
            and node.attr != "transparent"
        ):
            yield node.lineno


# Put together here, so that this file does not hold what it forbids.
INDEX_OPTION = "-".join(("index", "url"))
PACKAGE_INDEX = r"\.".join(("pypi", "org"))

RULES = [
    Rule(
        "sleeping",
        "Wait for what you wait for: qtbot.waitSignal, qtbot.waitUntil, Event.wait.",
        ("engine/", "gui/", "tests/"),
        calls("time.sleep", "sleep", "qtbot.wait", "QTest.qWait", "QThread.sleep", "QThread.msleep"),
    ),
    Rule(
        "unpickling",
        "Read JSON through engine.project.plain, weights through engine.training.checkpoint.",
        PRODUCT,
        calls(
            "pickle.load",
            "pickle.loads",
            "pickle.Unpickler",
            "joblib.load",
            "marshal.loads",
            "dill.load",
            "shelve.open",
        ),
        # Jobs reach the training process through a pipe that only its own window can write to.
        but=("gui/runtime/process_worker.py",),
    ),
    Rule(
        "torch.load that unpickles",
        "Pass weights_only=True.",
        CODE,
        calls("torch.load", unless=keyword_is("weights_only", True)),
    ),
    Rule("numpy that unpickles", "Leave allow_pickle out.", CODE, calls("np.load", unless=safe_numpy)),
    Rule(
        "running text as code",
        "Parse plain data, or look the name up in a registry.",
        PRODUCT,
        calls("eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "torch.hub.load"),
    ),
    Rule("icons of the desktop", "Take gui.theme.icon(name): bare Linux has no theme.", ("gui/",), calls(".fromTheme")),
    Rule("OpenCV windows", "Show a QImage; cv2.imshow aborts beside Qt.", CODE, calls("cv2.imshow", "cv2.waitKey")),
    Rule(
        "dialogs that block",
        "Use open() and its finished signal, popup() for menus: exec() stops automated use for ever.",
        ("gui/", "tests/"),
        calls(".exec", ".exec_", unless=runs_the_loop),
    ),
    Rule(
        "signals that lose their payload",
        "Declare Signal(object) or Signal(): PySide6 loses dicts and large ints.",
        ("gui/", "tests/"),
        calls("Signal", "QtCore.Signal", unless=only_objects),
    ),
    Rule(
        "cv2 imported directly",
        "from engine.opencv import cv2, which restores what cv2 does to Qt's environment.",
        CODE,
        imports("cv2"),
        but=("engine/opencv.py",),
    ),
    Rule(
        "style sheets outside the theme",
        "Give the widget an object name or property and style it in gui/theme.",
        ("gui/",),
        calls(".setStyleSheet"),
        but=("gui/theme/",),
    ),
    Rule(
        "colours outside the theme",
        "Take them from gui.theme.tokens() or category_colour().",
        ("gui/",),
        colour_numbers,
        but=("gui/theme/",),
    ),
    Rule(
        "fonts outside the theme",
        "Take gui.theme.font(role).",
        ("gui/",),
        calls("QFont", "QtGui.QFont", unless=lambda call: not call.args),
        but=("gui/theme/",),
    ),
    Rule(
        "threads and processes of one's own",
        "Start a job through gui.runtime.job_runner: one runner starts and joins everything.",
        ("engine/", "gui/"),
        calls(
            "threading.Thread",
            "Thread",
            "QThread",
            "ThreadPoolExecutor",
            "ProcessPoolExecutor",
            "multiprocessing.Process",
            "Process",
        ),
        # Headless, a camera's driver needs a thread that can be left behind; no window's runner is there.
        but=("gui/runtime/", "engine/inference/stream.py"),
    ),
    Rule("ending by force", "Cancel and join.", ("engine/", "gui/"), calls(".terminate")),
    Rule("swallowed errors", "Name the exception and tell somebody, or contextlib.suppress the one.", CODE, swallowed),
    Rule("suppressing everything", "Suppress the one exception that is expected.", CODE, suppresses_everything),
    Rule("unfinished work", "Finish it, or leave it out.", TEXT, lines(r"\b(TODO|FIXME|XXX)\b")),
    Rule(
        "paths of one machine",
        "Build paths from engine.paths, or from the test's tmp_path.",
        TEXT,
        lines(r"""(?<![\w.])/(home|root|work|Users|tmp|mnt|opt)/\w|\b[A-Z]:\\\\?Users"""),
    ),
    Rule(
        "a package index by name",
        "Let pip use the index that its user has configured.",
        TEXT,
        lines(f"--(extra-)?{INDEX_OPTION}|{PACKAGE_INDEX}"),
    ),
]


@cache
def files() -> tuple[tuple[str, str], ...]:
    """Paths and texts of everything that is ours; runs and the damaged files of other tests are not."""
    found = []
    for prefix in TEXT:
        path = ROOT / prefix
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(ROOT).as_posix()
            ours = file.suffix in SUFFIXES and not any(
                part in name for part in ("__pycache__", "/runs/", "tests/data/")
            )
            if ours and file.is_file() and file != Path(__file__):
                found.append((name, file.read_text(encoding="utf-8")))
    return tuple(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_banned(rule: Rule) -> None:
    found = [
        f"{name}:{number}"
        for name, text in files()
        if name.startswith(rule.where) and not name.startswith(rule.but or ("?",))
        for number in rule.find(name, text)
    ]
    assert not found, f"{rule.name}: {rule.instead} Found in {', '.join(found)}"


BAD = {
    "sleeping": "qtbot.wait(100)",
    "unpickling": "pickle.load(file)",
    "torch.load that unpickles": "torch.load(path, weights_only=False)",
    "numpy that unpickles": "np.load(path, allow_pickle=True)",
    "running text as code": "eval(text)",
    "icons of the desktop": "QIcon.fromTheme('open')",
    "OpenCV windows": "cv2.imshow('a', b)",
    "dialogs that block": "dialog.exec()",
    "signals that lose their payload": "changed = Signal(dict)",
    "cv2 imported directly": "import cv2",
    "style sheets outside the theme": "self.setStyleSheet(text)",
    "colours outside the theme": "QColor(255, 0, 0)",
    "fonts outside the theme": "QFont('Arial')",
    "threads and processes of one's own": "threading.Thread(target=work)",
    "ending by force": "thread.terminate()",
    "swallowed errors": "try:\n    f()\nexcept OSError:\n    pass",
    "suppressing everything": "with contextlib.suppress(Exception):\n    f()",
    "unfinished work": "# TODO later",
    "paths of one machine": "open('/home/me/x')",
    "a package index by name": f"pip install --{INDEX_OPTION} somewhere x",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_bites(rule: Rule) -> None:
    assert list(rule.find("gui/example.py", BAD[rule.name])), f"{rule.name} does not find {BAD[rule.name]!r}"


def test_what_is_right_is_not_banned() -> None:
    good = (
        "torch.load(path, weights_only=True)\nnp.load(path, allow_pickle=False)\nmodel.eval()\napp.exec()\n"
        "a = Signal()\nb = Signal(object)\nfrom engine.opencv import cv2\nQFont()\nQColor(tokens().text)\n"
    )
    found = {rule.name: list(rule.find("gui/example.py", good)) for rule in RULES}
    assert not any(found.values()), found
