"""How edges run: straight down where they can, otherwise beside the cards in a lane. Pure geometry, never torch.

Positions are all that a drawing stores, so an edge's way is worked out from them alone: first every edge by itself,
then the lanes that would lie on one another are spread, short ones inside.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from engine.graph.layout import NODE_HEIGHT, NODE_WIDTH, ROW

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""What edges go around: left, top, right and bottom of a card, or of the frame of an opened block."""

TURN = float(ROW - NODE_HEIGHT)
"""Height in which an edge bends from a port into its lane."""
_CLEAR = 12.0
"""Least distance between a lane and a card."""
_APART = 10.0
"""Distance between two lanes."""
_HALF = NODE_WIDTH / 2
_STEPS = 12


@dataclass(frozen=True)
class Wire:
    """An edge to be routed: where it starts and ends, and what it comes from (edges of one port may share a lane)."""

    key: Hashable
    origin: Hashable
    start: Point
    end: Point


@dataclass(frozen=True)
class Route:
    """The way of one edge: one S-curve, or a curve into the lane `x`, a straight piece, and a curve out of it."""

    start: Point
    end: Point
    lane: float | None = None
    turn: float = TURN

    @property
    def curves(self) -> tuple[tuple[Point, Point, Point, Point], ...]:
        """Cubic Béziers as (from, control, control, to); between two of them the edge is straight."""
        (sx, sy), (tx, ty) = self.start, self.end
        if self.lane is None:
            bend = max((ty - sy) / 2, min(TURN, abs(tx - sx)))
            return ((self.start, (sx, sy + bend), (tx, ty - bend), self.end),)
        x, turn = self.lane, self.turn
        if ty - sy >= 2 * turn:
            first = (self.start, (sx, sy + turn * 0.6), (x, sy + turn * 0.4), (x, sy + turn))
            last = ((x, ty - turn), (x, ty - turn * 0.4), (tx, ty - turn * 0.6), self.end)
        else:  # upwards, round the cards
            first = (self.start, (sx, sy + TURN), (x, sy + TURN), (x, sy))
            last = ((x, ty), (x, ty - TURN), (tx, ty - TURN), self.end)
        return (first, last)

    @property
    def label(self) -> Point:
        """Where the pill with the shape is centred: on the way's beginning, since all edges of one port carry the same
        shape; between two neighbours in the middle."""
        (sx, sy), (tx, ty) = self.start, self.end
        if self.lane is None and abs(tx - sx) < 1:
            return (sx, (sy + ty) / 2 if 0 < ty - sy <= ROW else sy + TURN / 2)
        return _bezier(self.curves[0], 0.3)

    def moved(self, dx: float, dy: float) -> Route:
        """The same way somewhere else."""
        lane = None if self.lane is None else self.lane + dx
        (sx, sy), (tx, ty) = self.start, self.end
        return Route((sx + dx, sy + dy), (tx + dx, ty + dy), lane, self.turn)

    def points(self) -> list[Point]:
        """The way as a polyline, for hit tests and maps."""
        flat: list[Point] = []
        for curve in self.curves:
            flat.extend(_bezier(curve, step / _STEPS) for step in range(_STEPS + 1))
        return flat


def card(x: float, y: float) -> Box:
    """The box of a card with this centre."""
    return (x - _HALF, y - NODE_HEIGHT / 2, x + _HALF, y + NODE_HEIGHT / 2)


def port_x(index: int, count: int) -> float:
    """Where the port with this number is along the edge of a card, from the middle."""
    return -_HALF + NODE_WIDTH / (count + 1) * (index + 1)


def _bezier(curve: tuple[Point, Point, Point, Point], t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve
    return a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


Known = dict[tuple[Point, Point], tuple[list[Box], Route]]
"""Ways found before, by their ends, with the boxes that stood between."""


@dataclass(frozen=True)
class _Lane:
    """A vertical stretch that edges from one port use."""

    x: float
    top: float
    bottom: float
    origin: Hashable


class Router:
    """Ways around a fixed set of boxes.

    Args:
        known: kept by the caller from one drawing to the next, so that edges around which nothing moved cost little.
    """

    def __init__(self, boxes: Iterable[Box], known: Known | None = None) -> None:
        self._boxes = sorted(boxes, key=lambda box: (box[1], box[0]))
        self._tops = [box[1] for box in self._boxes]
        self._tallest = max((box[3] - box[1] for box in self._boxes), default=0.0)
        self._known = {} if known is None else known

    def route(self, wire: Wire) -> Route:
        """The way of one edge by itself."""
        (_, sy), (_, ty) = wire.start, wire.end
        down = ty - sy >= 8
        between = self._between(sy, ty) if down else self._between(ty - TURN, sy + TURN)
        found = self._known.get((wire.start, wire.end))
        if found is None or found[0] != between:
            found = (between, self._way(wire.start, wire.end, between, down))
            self._known[wire.start, wire.end] = found
        return found[1]

    def _way(self, start: Point, end: Point, between: list[Box], down: bool) -> Route:
        if down and (not between or self._free(Route(start, end), between)):
            return Route(start, end)
        turn = min(TURN, (end[1] - start[1]) / 2) if down else TURN
        return Route(start, end, lane=_lane(start[0], end[0], _blocked(between)), turn=turn)

    def route_all(self, wires: Sequence[Wire]) -> dict[Hashable, Route]:
        """The ways of all edges, with their lanes spread so that edges from different ports do not share one."""
        routes = {wire.key: self.route(wire) for wire in wires}
        taken: list[_Lane] = []
        shared: dict[tuple[Hashable, float], list[Wire]] = {}
        for wire in wires:
            route = routes[wire.key]
            top, bottom = sorted((route.start[1], route.end[1]))
            if route.lane is not None:
                shared.setdefault((wire.origin, route.lane), []).append(wire)
            elif bottom - top > ROW and route.start[0] == route.end[0]:
                taken.append(_Lane(route.start[0], top, bottom, wire.origin))
        lanes = []
        for (origin, x), some in shared.items():
            heights = [y for wire in some for y in (wire.start[1], wire.end[1])]
            lanes.append((_Lane(x, min(heights), max(heights), origin), some))
        for lane, some in sorted(lanes, key=lambda entry: entry[0].bottom - entry[0].top):
            placed = replace(lane, x=self._spread(lane, some[0].start[0], taken))
            taken.append(placed)
            for wire in some:
                routes[wire.key] = replace(routes[wire.key], lane=placed.x)
        return routes

    def _between(self, top: float, bottom: float) -> list[Box]:
        """Boxes of which some part lies strictly between two heights."""
        first = bisect_right(self._tops, top - self._tallest)
        last = bisect_left(self._tops, bottom)
        return [box for box in self._boxes[first:last] if box[3] > top]

    def _free(self, route: Route, boxes: list[Box]) -> bool:
        low, high = sorted((route.start[0], route.end[0]))
        room = _CLEAR / 2
        near = [
            (left - room, top - 2, right + room, bottom + 2)
            for left, top, right, bottom in boxes
            if low < right + room and high > left - room
        ]
        if not near:
            return True
        if low == high:
            return False
        steps = max(_STEPS, int((high - low + route.end[1] - route.start[1]) / 16))
        (curve,) = route.curves
        for step in range(steps + 1):
            px, py = _bezier(curve, step / steps)
            if any(left < px < right and top < py < bottom for left, top, right, bottom in near):
                return False
        return True

    def _spread(self, lane: _Lane, from_x: float, taken: list[_Lane]) -> float:
        """An x for this lane, near its own, that no other lane of these rows has."""
        x = lane.x
        low, high = _gap(x, _blocked(self._between(lane.top, lane.bottom)))
        others = [t.x for t in taken if t.origin != lane.origin and t.top < lane.bottom and t.bottom > lane.top]
        start = (low + high) / 2 if high - low < 6 * _APART else x
        outward = -1.0 if high == x or (low != x and x < from_x) else 1.0
        sides = (outward,) if x in (low, high) and start == x else (outward, -outward)
        for step in range(min(len(others) + 1, 200)):
            for side in sides:
                candidate = start + side * step * _APART
                if low <= candidate <= high and all(abs(t - candidate) >= _APART - 1 for t in others):
                    return candidate
        return start


def _blocked(boxes: Iterable[Box]) -> list[tuple[float, float]]:
    """Stretches of x that boxes take, merged and in order."""
    merged: list[tuple[float, float]] = []
    for low, high in sorted({(left - _CLEAR, right + _CLEAR) for left, _, right, _ in boxes}):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _lane(sx: float, tx: float, blocked: list[tuple[float, float]]) -> float:
    """The free x that costs the least way; of equals the source's own column, else the right one."""
    options = [sx, tx, *(end for stretch in blocked for end in stretch)]
    free = [x for x in options if not any(low < x < high for low, high in blocked)]
    if sx == tx and not blocked:
        return sx + _HALF + _CLEAR
    return min(free, key=lambda x: (abs(x - sx) + abs(x - tx), x != sx, -x))


def _gap(x: float, blocked: list[tuple[float, float]]) -> tuple[float, float]:
    """The free stretch around `x`."""
    low = max((end for _, end in blocked if end <= x), default=float("-inf"))
    high = min((begin for begin, _ in blocked if begin >= x), default=float("inf"))
    return low, high
