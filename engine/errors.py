"""Errors that reach a person: two sentences, what is wrong and what to change."""

from __future__ import annotations


class VitrineError(Exception):
    """A fault that a person can act on.

    Args:
        what: one sentence that names the thing and says what is wrong with it.
        advice: one sentence that says what to do.
        details: text for the log and the "details" button; never shown unasked.
        node: id of the network node concerned, if any.
    """

    exit_code = 1

    def __init__(self, what: str, advice: str, *, details: str = "", node: str | None = None) -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice
        self.details = details
        self.node = node

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders, and the default would lose the keyword arguments.
        return _rebuild, (type(self), self.what, self.advice, self.details, self.node)


def _rebuild(kind: type[VitrineError], what: str, advice: str, details: str, node: str | None) -> VitrineError:
    return kind(what, advice, details=details, node=node)


class BadInput(VitrineError):
    """A file, option or drawing that the person gave cannot be used as it is."""

    exit_code = 2


class JobFailed(VitrineError):
    """A job could not be carried through although its input was understood."""

    exit_code = 1


class OutOfMemory(JobFailed):
    """The device has no memory left for what a job needs."""


class JobCancelled(Exception):
    """Raised inside a job when its cancel token has been set."""
