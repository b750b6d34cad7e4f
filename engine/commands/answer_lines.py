"""The answers of `predict` in words, a line for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.words import figure, percent


def line_of(answer: Mapping[str, Any], frames: bool = True) -> str:
    """One answer as a person reads it.

    Args:
        answer: as `predict_stream` yields it.
        frames: whether it is of a frame, and not of a row, a text or nothing that could be seen.
    """
    if "text" in answer:
        return str(answer["text"])
    when = answer.get("name") or (f"{answer['time_ms'] / 1000:9.3f} s" if frames else "")
    head = f"frame {answer['frame']:>6}  {when}  " if frames else f"{answer['frame'] + 1:>6}  {when}{'  ' * bool(when)}"
    return head + _answer(answer)


def _answer(answer: Mapping[str, Any]) -> str:
    if "detections" in answer:
        return "; ".join(_found(one) for one in answer["detections"]) or "nothing"
    if "label" in answer:
        if "distance" not in answer:
            return f"{answer['label']} {answer['score']:.3f}" if answer["label"] is not None else "no label"
        text = f"{answer['label']} at distance {answer['distance']:.3f}"
        return text if answer.get("known", True) else f"nothing known is near; nearest: {text}"
    if "labels" in answer:
        return ", ".join(f"{one['label']} {one['score']:.3f}" for one in answer["labels"]) or "no label"
    if "classes" in answer:
        return ", ".join(f"{name} {percent(share)}" for name, share in answer["classes"].items())
    if "edges" in answer:
        return f"{percent(answer['edges'])} of the places are edges"
    if "normal" in answer:
        right, down, near = answer["normal"]
        return f"on average the surfaces face {right:+.2f} right, {down:+.2f} down, {near:+.2f} towards you"
    if "picture" in answer:
        size = f"a picture of {answer['picture'][0]}×{answer['picture'][1]} pixels"
        return f"{size}, changed by {answer['change']:.1f} grey levels of 255" if "change" in answer else size
    if "forecast" in answer:
        moments = [" ".join(figure(value) for value in moment) for moment in answer["forecast"]]
        return f"goes on with {'; '.join(moments)}"
    known = ("frame", "name", "time_ms")
    return ", ".join(f"{name} {value}" for name, value in answer.items() if name not in known)


def _found(one: Mapping[str, Any]) -> str:
    return f"{one['label']} {one['score']:.3f} at {', '.join(f'{edge:.0f}' for edge in one['box'])}"
