"""The drawing with 700 nodes and 1,200 edges, and DenseNet-201 folded and unfolded: building it, a frame of panning,
zooming and dragging, and an edit's way to the shapes on the screen.

A frame is what it takes to move something and have the view painted, in the interface thread. Budgets: open in less
than 0.5 s, 16.7 ms a frame (60 a second), and 50 ms from an edit until all shapes are right (typical; 300 ms at worst).

Prints one JSON object per line. Run `python benchmarks/canvas.py` (on Linux without a display: under `xvfb-run -a`).
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

NODES, EDGES = 700, 1200
FRAME, OPEN, EDIT, WORST = 16.7, 500.0, 50.0, 300.0
FRAMES = 60


def report(benchmark: str, values: Iterable[float], budget: float, **more: object) -> None:
    ordered = sorted(values)
    middle = statistics.median(ordered)
    line = {
        "benchmark": f"canvas: {benchmark}",
        "value": round(middle, 2),
        "unit": "ms",
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "budget": budget,
        "met": middle <= budget,
    }
    print(json.dumps(line | more), flush=True)


def milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def large_network(nodes: int, edges: int):  # type: ignore[no-untyped-def]
    """A long network with short shortcuts, as in residual and dense networks."""
    from engine.graph.layout import layout
    from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec

    draw = random.Random(0)
    types = ("Conv2d", "BatchNorm2d", "ReLU", "Add")
    made = [NodeSpec("input", "Input", {"shape": (8, 32, 32)})]
    for number in range(1, nodes):
        type = types[number % 4]
        params = {"out_channels": 8, "padding": "same"} if type == "Conv2d" else {}
        made.append(NodeSpec(f"n{number}", type, params))
    ids = [node.id for node in made]
    links = {(a, b) for a, b in pairwise(ids)}
    joints = [index for index in range(8, nodes) if made[index].type == "Add"]
    while len(links) < edges:
        joint = draw.choice(joints)
        links.add((ids[joint - draw.randint(2, 8)], ids[joint]))
    order = {id: number for number, id in enumerate(ids)}
    pairs = sorted(links, key=lambda pair: (order[pair[1]], -order[pair[0]]))
    return layout(NetworkSpec("Large", tuple(made), tuple(EdgeSpec(a, b) for a, b in pairs)))


def wait_for(signal, limit_ms: int = 30_000) -> None:  # type: ignore[no-untyped-def]
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(limit_ms, loop.quit)
    loop.exec()


def frames(page, move: Callable[[int], object], count: int = FRAMES) -> list[float]:  # type: ignore[no-untyped-def]
    """Times of `count` frames, the first few left out since they fill caches."""
    viewport = page.view.viewport()

    def frame(number: int) -> None:
        move(number)
        viewport.repaint()

    return [milliseconds(lambda number=number: frame(number)) for number in range(count + 5)][5:]


def measure_painting(page) -> None:  # type: ignore[no-untyped-def]
    view, scene, viewport = page.view, page.scene, page.view.viewport()
    for zoom, name in ((1.0, "at 100 %"), (0.5, "at 50 %"), (0.12, "far away")):
        view.zoom_to(zoom)
        view.centerOn(0, 3000)
        viewport.repaint()
        report(f"pan {name}", frames(page, lambda n: view.pan(6 if n % 40 < 20 else -6, -9)), FRAME)
    view.fit()
    viewport.repaint()
    report("everything in view, standing still", frames(page, lambda n: viewport.update(), 20), 100.0)
    view.zoom_to(0.4)
    view.centerOn(0, 3000)
    report("zoom", frames(page, lambda n: view.zoom_by(1.04 if n < 35 else 0.96)), FRAME)
    view.zoom_to(1.0)
    item = scene.nodes["n40"]
    view.centerOn(item)
    viewport.repaint()
    start = view.mapFromScene(item.pos() + QPointF(30, 0))
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    drag = frames(page, lambda n: QTest.mouseMove(viewport, start + QPoint(12 + n * 2, n % 9)))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    report("drag a card at 100 %", drag, FRAME)
    page.scene.pick([])


def measure_edits(page, services) -> None:  # type: ignore[no-untyped-def]
    from engine.graph import edits

    network = large_network(500, 800)
    page.editor.open_network(network)
    wait_for(services.checker.analysed)
    apply, shown, whole = [], [], []
    draw = random.Random(1)
    convolutions = [node.id for node in network.nodes if node.type == "Conv2d"]
    for _ in range(15):
        id = draw.choice(convolutions)
        start = time.perf_counter()
        page.editor.apply("Set", lambda spec, id=id: edits.set_params(spec, id, kernel_size=draw.choice((3, 5, 7))))
        apply.append((time.perf_counter() - start) * 1000)
        if not services.checker.up_to_date:
            wait_for(services.checker.analysed)
        whole.append((time.perf_counter() - start) * 1000)
        shown.append(milliseconds(lambda: page.scene.show_analysis(services.checker.analysis)))
    report("an edit of 500 nodes on the canvas", apply, FRAME)
    report("its new shapes on the canvas", shown, FRAME)
    report("from the edit to all shapes right", whole, EDIT, worst=round(max(whole), 1))
    move = [milliseconds(lambda n=n: page.editor.move({convolutions[n]: (400.0, 104.0 * n)})) for n in range(10, 25)]
    report("moving a card to another place among 500", move, EDIT)


def measure_dense(page) -> None:  # type: ignore[no-untyped-def]
    """DenseNet-201 by its blocks and with every layer shown: opening, and frames of moving over it."""
    from engine.gallery import open_network

    network = open_network("densenet201")
    page.editor.open_network(network.__class__())

    def opened() -> None:
        page.editor.open_network(network)
        page.view.show_all()
        page.view.viewport().repaint()

    report("open DenseNet-201, to the first picture", [milliseconds(opened)], OPEN)
    move_about(page, "DenseNet-201 by its blocks", "denseblock1", 500.0)

    def unfolded() -> None:
        page.view.blocks.unfold_all()
        page.view.viewport().repaint()

    report("open all its blocks, to the picture", [milliseconds(unfolded)], OPEN, nodes=len(page.scene.nodes))
    names = [id for id, item in page.scene.nodes.items() if item.kind == "card"]
    move_about(page, "DenseNet-201 with every layer", names[len(names) // 2], page.scene.content().center().y())
    report("fold them again", [milliseconds(page.view.blocks.fold_all)], OPEN)
    blocks = [id for id in page.scene.nodes if page.view.blocks.is_block(id)]
    report("open one block", [milliseconds(lambda id=id: page.view.blocks.toggle(id)) for id in blocks], OPEN)
    page.view.blocks.fold_all()


def move_about(page, name: str, card: str, height: float) -> None:  # type: ignore[no-untyped-def]
    """Pan and zoom at several distances, and drag a card."""
    view, viewport = page.view, page.view.viewport()
    for zoom, distance in ((1.0, "at 100 %"), (0.4, "at 40 %"), (0.12, "far away")):
        view.zoom_to(zoom)
        view.centerOn(page.scene.content().center().x(), height)
        viewport.repaint()
        report(f"pan {name} {distance}", frames(page, lambda n: view.pan(6 if n % 40 < 20 else -6, -9)), FRAME)
    view.zoom_to(0.4)
    view.centerOn(page.scene.content().center().x(), height)
    report(f"zoom {name}", frames(page, lambda n: view.zoom_by(1.04 if n < 35 else 0.96)), FRAME)
    view.zoom_to(1.0)
    item = page.scene.nodes[card]
    view.centerOn(item)
    viewport.repaint()
    start = view.mapFromScene(item.pos() + QPointF(30, 0))
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    drag = frames(page, lambda n: QTest.mouseMove(viewport, start + QPoint(12 + n * 2, n % 9)))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    report(f"drag a card of {name}", drag, FRAME)
    page.scene.pick([])


def main() -> None:
    os.environ.setdefault("VITRINE_HOME", tempfile.mkdtemp(prefix="vitrine-bench-"))
    from gui import theme
    from gui.app import make_application
    from gui.builder.page import BuildPage
    from gui.shell.services import Services

    app = make_application()
    theme.apply(app, "light")
    services = Services()
    page = BuildPage(services.context(lambda page_id, **hints: None))
    page.resize(1360, 820)
    page.show()
    services.engine.start()
    wait_for(services.engine.ready)
    app.processEvents()
    network = large_network(NODES, EDGES)
    start = time.perf_counter()
    page.scene.show_spec(network)
    built = (time.perf_counter() - start) * 1000
    page.view.show_all()
    page.view.viewport().repaint()
    report(f"build {NODES} nodes and {EDGES} edges", [built], 100.0)
    report("open, to the first picture", [(time.perf_counter() - start) * 1000], OPEN)
    from engine.graph.analyse import analyse

    page.scene.show_analysis(analyse(network))
    measure_painting(page)
    measure_dense(page)
    page.scene.show_spec(services.document.project.network)
    measure_edits(page, services)
    services.document.close()
    services.runner.shutdown()


if __name__ == "__main__":
    main()
