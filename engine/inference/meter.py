"""Frame rate and stage times of the live view, smoothed so that a person can read them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping


class RateMeter:
    """Events per second over the last `window` seconds."""

    def __init__(self, window: float = 2.0) -> None:
        self._window = window
        self._times: deque[float] = deque()

    def tick(self, now: float) -> None:
        """Count one event at `now`, in seconds of any clock that goes on."""
        self._times.append(now)
        while self._times[0] < now - self._window:
            self._times.popleft()

    def rate(self) -> float:
        """Events per second; 0 before the second event."""
        if len(self._times) < 2:
            return 0.0
        spread = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / spread if spread > 0 else 0.0

    def reset(self) -> None:
        self._times.clear()


class StageMeter:
    """Milliseconds of each stage, as a running mean that follows within about ten frames."""

    _SHARE = 0.15

    def __init__(self) -> None:
        self._means: dict[str, float] = {}

    def add(self, stages: Mapping[str, float]) -> None:
        for name, value in stages.items():
            old = self._means.get(name, value)
            self._means[name] = old + self._SHARE * (value - old)

    def means(self) -> dict[str, float]:
        return dict(self._means)

    def reset(self) -> None:
        self._means.clear()
