"""How many processor threads a model may use while a window is open."""

from __future__ import annotations

import os


def leave_a_core_free() -> int:
    """Let torch use all cores but one in the calling thread, and return that number.

    The window, the camera and the model take turns on the last core otherwise: with two torch threads on two cores the
    model lost a third of its speed waiting for its own other thread.
    """
    import torch

    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    threads = max(1, min(available - 1, torch.get_num_threads()))
    torch.set_num_threads(threads)
    return threads
