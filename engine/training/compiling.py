"""Whether `torch.compile` can make a program of a network here."""

from __future__ import annotations

import shutil
import sys

import torch

NO_COMPILER = "There is no C++ compiler on this machine, such as g++."


def compiles() -> bool:
    """Whether `torch.compile` finds the compiler that it needs on this machine."""
    if torch.cuda.is_available():
        return sys.platform == "linux"
    return any(map(shutil.which, ("cl",) if sys.platform == "win32" else ("g++", "clang++")))
