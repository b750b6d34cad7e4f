"""Courses of time that follow a rule and yet never repeat."""

from __future__ import annotations

import numpy as np

from engine.cancel import CancelToken

DELAY, GAIN, DECAY, POWER = 17.0, 0.2, 0.1, 10
SMALL_STEP = 10
"""Steps of the calculation in a step of time."""
SETTLING = 500
"""Steps of time after which nothing is left of how it began."""


def mackey_glass(length: int, features: int, trend: float, noise: float, seed: int, token: CancelToken) -> np.ndarray:
    """The course of Mackey and Glass, of deviation 1 before what is added: float64 (length, features).

    dx/dt = 0.2·x(t − 17) / (1 + x(t − 17)¹⁰) − 0.1·x(t), a model of how the number of blood cells is regulated
    ("Oscillation and chaos in physiological control systems", Science 197, 1977), by Euler's method. Every feature has
    a beginning of its own. It rises and falls about every 50 steps, never quite the same, and since the rule is bent,
    no linear function of the past foretells it well.

    Args:
        trend: how much it rises from its first step to its last.
        noise: standard deviation of the noise that is added.

    Raises:
        JobCancelled: the token was set.
    """
    random = np.random.default_rng([seed, 1])
    delay, share = int(DELAY * SMALL_STEP), 1 / SMALL_STEP
    past = 1.2 + 0.2 * random.random((delay, features))  # as a ring: the oldest is where the next goes
    now = past[-1].copy()
    course = np.empty((length, features))
    for step in range((SETTLING + length) * SMALL_STEP):
        if step % 10_000 == 0:
            token.raise_if_cancelled()
        place = step % delay
        before = past[place].copy()
        past[place] = now
        now = now + share * (GAIN * before / (1 + before**POWER) - DECAY * now)
        time, rest = divmod(step, SMALL_STEP)
        if rest == 0 and time >= SETTLING:
            course[time - SETTLING] = now
    clean = (course - course.mean(0)) / course.std(0)
    rising = trend * (np.arange(length) / max(1, length - 1) - 0.5)[:, None]
    return np.asarray(clean + rising + noise * random.standard_normal((length, features)))
