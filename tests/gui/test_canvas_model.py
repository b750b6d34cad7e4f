"""2,000 random edits with undo and redo in between: the spec stays equal to a model, and the canvas to the spec."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.graph import edits
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from gui.canvas.card import card_of
from gui.canvas.editor import Editor
from gui.canvas.numbers import shape
from gui.canvas.port import PortRef
from gui.canvas.scene import CanvasScene
from gui.canvas.view import CanvasView
from gui.context import Context

STEPS = 2000
PLAIN = ("Conv2d", "ReLU", "MaxPool2d", "BatchNorm2d", "Dropout", "Linear", "Flatten")


@dataclass
class Model:
    """A drawing in plain dicts and lists, written without looking at the engine's edits."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def add(self, id: str, type: str, position: tuple[float, float]) -> None:
        self.nodes[id] = {"type": type, "params": {}, "position": position}

    def connect(self, a: str, b: str) -> None:
        if (a, b) in self.edges:
            return
        if self.nodes[b]["type"] != "Add":
            for index, (_, target) in enumerate(self.edges):
                if target == b:
                    self.edges[index] = (a, b)
                    return
        self.edges.append((a, b))

    def disconnect(self, a: str, b: str) -> None:
        self.edges.remove((a, b))

    def remove(self, ids: list[str]) -> None:
        for id in ids:
            feeding = next((a for a, b in self.edges if b == id and a != id), None)
            if feeding is not None:
                healed: list[tuple[str, str]] = []
                for a, b in self.edges:
                    pair = (feeding, b) if a == id and b != id else (a, b)
                    if pair not in healed:
                        healed.append(pair)
                self.edges = healed
        for id in ids:
            del self.nodes[id]
        self.edges = [(a, b) for a, b in self.edges if a not in ids and b not in ids]

    def insert(self, a: str, b: str, id: str, type: str, position: tuple[float, float]) -> None:
        index = self.edges.index((a, b))
        self.add(id, type, position)
        self.edges[index : index + 1] = [(a, id), (id, b)]

    def rename(self, old: str, new: str) -> None:
        self.nodes = {new if id == old else id: node for id, node in self.nodes.items()}
        self.edges = [(new if a == old else a, new if b == old else b) for a, b in self.edges]

    def same_as(self, spec: NetworkSpec) -> bool:
        nodes = {n.id: {"type": n.type, "params": dict(n.params), "position": n.position} for n in spec.nodes}
        edges = [(e.source, e.target) for e in spec.edges]
        return list(nodes.items()) == list(self.nodes.items()) and edges == self.edges


class Player:
    """Makes the same random move in the model and through the editor, and keeps the model's own history."""

    def __init__(self, editor: Editor, seed: int) -> None:
        self.editor = editor
        self.draw = random.Random(seed)
        self.history = [Model()]
        self.at = 0
        self.count = 0

    @property
    def model(self) -> Model:
        return self.history[self.at]

    def play(self) -> None:
        stack = self.editor.document.undo_stack
        roll = self.draw.random()
        if roll < 0.16 and stack.canUndo():
            for _ in range(min(self.draw.randint(1, 4), stack.index())):
                stack.undo()
                self.at -= 1
            return
        if roll < 0.28 and stack.canRedo():
            stack.redo()
            self.at += 1
            return
        before = copy.deepcopy(self.model)
        depth = stack.index()
        moves: list[Callable[[Model], None]] = [
            self.add, self.add, self.add, self.connect, self.connect, self.connect, self.disconnect, self.delete,
            self.move, self.move, self.insert, self.rename, self.set_params, self.align, self.duplicate,
        ]  # fmt: skip
        self.draw.choice(moves)(before)
        if stack.index() > depth:
            self.history[self.at + 1 :] = [before]
            self.at += 1

    def some(self, model: Model, most: int = 4) -> list[str]:
        ids = list(model.nodes)
        chosen = set(self.draw.sample(ids, min(len(ids), self.draw.randint(1, most))))
        return [id for id in ids if id in chosen]

    def place(self) -> tuple[float, float]:
        self.count += 1
        return float(self.count % 12 * 240), float(self.count // 12 * 120)  # nobody else stands there

    def add(self, model: Model) -> None:
        type = self.draw.choice((*PLAIN, "Add"))
        place = self.place()
        id = self.editor.add(type, place)
        assert id is not None
        assert id not in model.nodes
        model.add(id, type, self.editor.spec.node(id).position)
        taken = any(node.position == place for node in self.editor.spec.nodes if node.id != id)
        assert taken or self.editor.spec.node(id).position[0] == place[0]

    def connect(self, model: Model) -> None:
        if len(model.nodes) < 2:
            return
        a, b = self.draw.sample(list(model.nodes), 2)
        source, target = PortRef(a, "out", is_input=False), PortRef(b, "in", is_input=True)
        if self.editor.can_connect(source, target):
            self.editor.connect(source, target)
            model.connect(a, b)

    def disconnect(self, model: Model) -> None:
        if model.edges:
            a, b = self.draw.choice(model.edges)
            self.editor.disconnect([EdgeSpec(a, b)])
            model.disconnect(a, b)

    def delete(self, model: Model) -> None:
        if len(model.nodes) > 12:
            ids = self.some(model, 3)
            self.editor.scene.pick(ids)
            self.editor.delete_selection()
            model.remove(ids)

    def move(self, model: Model) -> None:
        for_all = {id: self.place() for id in self.some(model)} if model.nodes else {}
        if for_all:
            self.editor.move(for_all)
            for id, place in for_all.items():
                model.nodes[id]["position"] = place

    def insert(self, model: Model) -> None:
        if model.edges:
            a, b = self.draw.choice(model.edges)
            type, place = self.draw.choice(PLAIN), self.place()
            id = edits.fresh_id(self.editor.spec, type)
            node = NodeSpec(id, type, position=place)
            self.editor.apply("Insert", lambda spec: edits.insert_on_edge(spec, EdgeSpec(a, b), node))
            model.insert(a, b, id, type, place)

    def rename(self, model: Model) -> None:
        if model.nodes:
            self.count += 1
            old, new = self.draw.choice(list(model.nodes)), f"named_{self.count}"
            self.editor.rename(old, new)
            model.rename(old, new)

    def set_params(self, model: Model) -> None:
        convs = [id for id, node in model.nodes.items() if node["type"] == "Conv2d"]
        if convs:
            id, value = self.draw.choice(convs), self.draw.randint(1, 7)
            self.editor.apply("Set", lambda spec: edits.set_params(spec, id, kernel_size=value))
            model.nodes[id]["params"]["kernel_size"] = value

    def align(self, model: Model) -> None:
        ids = self.some(model) if model.nodes else []
        if len(ids) > 1:
            self.editor.scene.pick(ids)
            self.editor.align("left")
            left = min(model.nodes[id]["position"][0] for id in ids)
            for id in ids:
                model.nodes[id]["position"] = (left, model.nodes[id]["position"][1])

    def duplicate(self, model: Model) -> None:
        if not model.nodes or len(model.nodes) > 40:
            return
        ids = self.some(model)
        self.editor.scene.pick(ids)
        before = set(model.nodes)
        self.editor.duplicate_selection()
        spec = self.editor.spec
        fresh = [node for node in spec.nodes if node.id not in before]
        names = dict(zip(ids, [node.id for node in fresh], strict=True))
        for old, node in zip(ids, fresh, strict=True):
            model.nodes[node.id] = {**copy.deepcopy(model.nodes[old]), "position": node.position}
        model.edges += [(names[a], names[b]) for a, b in model.edges if a in names and b in names]


def same_on_canvas(scene: CanvasScene, spec: NetworkSpec) -> None:
    assert set(scene.nodes) == set(spec.by_id)
    for id, node in spec.by_id.items():
        item = scene.nodes[id]
        assert (item.x(), item.y()) == node.position, id
        assert item.spec == node
        assert item.card == card_of(node)
        assert item.scene() is scene
    assert set(scene.edges) == set(spec.edges)
    for edge, line in scene.edges.items():
        assert line.route.start == scene.nodes[edge.source].port_position(edge.source_port, is_input=False)
        assert line.route.end == scene.nodes[edge.target].port_position(edge.target_port, is_input=True)


@pytest.fixture
def editor(context: Context, qtbot: QtBot) -> Iterator[Editor]:
    scene = CanvasScene()
    made = Editor(context.document, scene, context.notifier)
    view = CanvasView(scene, made)
    qtbot.addWidget(view)
    context.document.changed.connect(lambda change: scene.show_spec(change.after.network))
    yield made
    # A handler that is cut off in mid-air would be called while the scene is torn down.
    context.document.changed.disconnect()


@pytest.mark.parametrize("seed", [1])
def test_two_thousand_random_edits(editor: Editor, context: Context, seed: int) -> None:
    from engine.graph.analyse import analyse

    told: list[object] = []
    context.notifier.shown.connect(told.append)
    player = Player(editor, seed)
    analysis = None
    for step in range(STEPS):
        player.play()
        assert player.model.same_as(editor.spec), f"step {step}"
        if step % 10 == 0:
            same_on_canvas(editor.scene, editor.spec)
        if step % 100 == 0:
            analysis = analyse(editor.spec, analysis)
            editor.scene.show_analysis(analysis)
            fresh = analyse(editor.spec)
            for edge, item in editor.scene.edges.items():
                assert item.label == shape(fresh.nodes[edge.source].output_shape)
    assert not told, "an edit was refused"
    assert len(editor.spec.nodes) > 12
    stack = context.document.undo_stack
    while stack.canUndo():
        stack.undo()
    assert editor.spec == NetworkSpec()
    same_on_canvas(editor.scene, NetworkSpec())
    while stack.canRedo():
        stack.redo()
    assert player.history[-1].same_as(editor.spec)
    same_on_canvas(editor.scene, editor.spec)
