"""From arguments to an exit status. Imports neither torch nor Qt, so that `--help` and `--version` answer at once."""

from __future__ import annotations

import argparse
import difflib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from engine.commands.base import COMMANDS, FAILED, INTERRUPTED, output
from engine.errors import BadInput, VitrineError
from engine.job import explain
from engine.version import version

log = logging.getLogger(__name__)

_ABOUT = """\
Draw a vision network, train it, watch it on a live camera and look inside it, offline.
Without a command, Vitrine opens its window, with the network file or project folder given, if any."""

Window = Callable[[Path | None], int]


class _Parser(argparse.ArgumentParser):
    """An argument parser that refuses in two sentences."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message[:1].upper()}{message[1:].rstrip('.')}.", f"See: {self.prog} --help.")


def run(arguments: Sequence[str], open_window: Window) -> int:
    """Do what the command line says and return the exit status.

    0 done; 1 a job failed, or `check` still finds errors; 2 bad input; 130 interrupted. Errors are two sentences on
    stderr. `open_window` is called when there is no command.
    """
    try:
        return _dispatch(list(arguments), open_window)
    except VitrineError as error:
        print(error, file=sys.stderr)
        log.debug("%s", error.details)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted; nothing was left half-written. A training goes on with --resume.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except Exception as error:
        # The border to the shell: two sentences instead of a traceback.
        log.debug("unexpected", exc_info=True)
        known = explain(error)
        print(known, file=sys.stderr)
        return known.exit_code


def _dispatch(arguments: list[str], open_window: Window) -> int:
    # The window must be there at once, so it does not wait for the commands to be imported.
    if not arguments:
        return open_window(None)
    first = arguments[0]
    if len(arguments) == 1 and first.endswith(".json"):
        return open_window(_existing(first))
    if not first.startswith("-") and first not in COMMANDS:
        if len(arguments) > 1:
            raise BadInput(f"There is no command called {first!r}.", _known(first))
        return open_window(_existing(first))
    args = _parser().parse_args(arguments)
    if args.command is None:
        raise BadInput("There is no command to do.", _known(""))
    if args.verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    elif not logging.getLogger().handlers:
        # Without a handler Python prints warnings by itself, beside the two sentences.
        logging.getLogger().addHandler(logging.NullHandler())
    with output(args.json) as out:
        return COMMANDS.get(args.command)().run(args, out)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python main.py",
        usage="python main.py [FILE.json | PROJECT | COMMAND ...]",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="See also: python main.py COMMAND --help",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Vitrine {version()}")
    commands = parser.add_subparsers(
        prog="python main.py", dest="command", title="commands", metavar="", parser_class=_Parser
    )
    for name, command in sorted(COMMANDS.items()):
        sub = commands.add_parser(
            name, help=command.help, description=f"{command.help[:1].upper()}{command.help[1:]}.", allow_abbrev=False
        )
        command().arguments(sub)
        sub.add_argument("--json", action="store_true", help="print JSON and nothing else on stdout")
        sub.add_argument("--verbose", action="store_true", help="say on stderr what goes on inside")
    return parser


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise BadInput(f"There is no command, file or folder called {text!r}.", _known(text))
    return path


def _known(text: str) -> str:
    close = difflib.get_close_matches(text, list(COMMANDS), n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}The commands are {', '.join(sorted(COMMANDS))}."
