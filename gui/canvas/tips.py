"""What a tooltip on the drawing says: everything that the card leaves out to stay calm."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QPointF

from gui.canvas.node import NodeItem
from gui.canvas.scene import CanvasScene


def tip_at(scene: CanvasScene, pos: QPointF) -> str:
    """The tooltip for what lies under a point; "" for empty paper."""
    port = scene.port_at(pos)
    if port is not None:
        kind = "input" if port.is_input else "output"
        return f"{escape(port.node)}: {kind} <b>{escape(port.port)}</b><br>Drag to connect."
    item = scene.node_at(pos)
    if item is not None:
        return describe(item)
    edge = scene.edge_at(pos)
    if edge is not None:
        shape = f"<b>{escape(edge.label)}</b> " if edge.label else ""
        return f"{shape}from {escape(edge.spec.source)} to {escape(edge.spec.target)}"
    return ""


def describe(item: NodeItem) -> str:
    """A node in words and numbers, with its problems."""
    card = item.card
    lines = [f"<b>{escape(card.title)}</b> {escape(item.id)}"]
    if card.shares:
        lines.append(f"uses the weights of {escape(card.shares)}")
    if card.each:
        lines.append("applied to each element of its input")
    if card.summary:
        lines.append(escape(card.summary))
    if item.facts.shape != "?":
        lines.append(f"gives {escape(item.facts.shape)}")
    lines.extend(escape(line) for line in item.facts.details)
    if item.card.layers:
        opened = item.kind == "frame"
        lines.append("Double-click folds it" if opened else "Double-click opens it here, Enter goes inside")
    if item.mark is not None:
        lines.extend(f"<b>{item.mark.severity.capitalize()}:</b> {escape(text)}" for text in item.mark.messages)
    return "<br>".join(lines)


def plain(item: NodeItem) -> str:
    """The same for screen readers."""
    parts = [item.card.title, item.id, item.card.summary]
    if item.facts.shape != "?":
        parts.append(f"gives {item.facts.shape}")
    parts.extend(item.facts.details)
    if item.mark is not None:
        parts.extend(item.mark.messages)
    return ", ".join(part for part in parts if part)
