"""Makes the README's pictures from the real window: `xvfb-run -a python docs/make_pictures.py [folder]`.

It opens the digits sample, trains it for a few epochs, goes through all pages in light and dark and saves what it sees.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.context import Page

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

SIZE = (1440, 900)
EPOCHS = 14


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "pictures"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["VITRINE_HOME"] = home
        Photographer(target, Path(home)).work()


class Photographer:
    """Drives the window as a person would, waiting on what is shown and never on the clock."""

    def __init__(self, target: Path, home: Path) -> None:
        from gui.app import make_application, open_window
        from gui.shell.services import Services

        self.target = target
        self.home = home
        self.app = make_application()
        self.services = Services()
        self.services.settings.update(theme="light")
        self.window = open_window(self.app, self.services)
        self.window.resize(*SIZE)

    def work(self) -> None:
        from engine import paths

        services = self.services
        self.until(lambda: services.engine.is_ready)
        self.until(lambda: bool(services.gallery.entries))
        self.idle()
        self.both("home")
        services.document.open_copy(paths.resources() / "samples" / "digits", self.home / "Digits")
        self.until(lambda: services.document.has_place)
        project = services.document.project
        services.document.edit(
            "Shorten", project.with_(training=project.training.model_copy(update={"epochs": EPOCHS}))
        )
        self.idle()
        build: Any = self.go("build")
        build.jump("conv2")
        build.drawer.setCurrentWidget(build.drawer.code)
        self.until(lambda: bool(build.drawer.code.text.toPlainText()))
        self.both("build")
        self.go("data")
        self.both("data")
        for seed in (0, 1):
            project = services.document.project
            training = project.training.model_copy(update={"seed": seed, "weight_decay": 0.003 * seed})
            services.document.edit("Another seed", project.with_(training=training))
            self.go("train")
            self.train()
        self.both("train")
        evaluate: Any = self.go("evaluate")
        evaluate.chooser.go.click()
        self.until(lambda: evaluate.evaluation is not None)
        evaluate.matrix.set_current((8, 8))
        self.both("evaluate")
        live: Any = self.go("live")
        live.accept_hint(source="scribble", run=services.runs.runs[-1])
        self.until(lambda: live.stage.pad.isVisible())
        self.scribble(live.stage.pad)
        self.until(lambda: live.panel.answers.bars.result is not None)
        self.both("live")
        self.networks()
        self.window.close()
        self.until(lambda: not self.window.isVisible(), 30)

    def networks(self) -> None:
        """Famous networks on the Build page, and as slides."""
        from network_pictures import make

        services = self.services
        services.gallery.open("resnet18")
        self.until(lambda: "layer1" in services.document.project.network.by_id)
        build: Any = self.go("build")
        build.drawer.setCurrentWidget(build.drawer.problems)
        self.both("build-resnet18")
        services.gallery.open("googlenet")
        self.until(lambda: "inception3a" in services.document.project.network.by_id)
        self.go("build")
        build.view.blocks.toggle("inception3a")
        self.until(lambda: not build.view.blocks.moving)
        build.view.reveal(["inception3a"])
        self.both("build-googlenet")
        make(self.target)

    def train(self) -> None:
        """One run, from its first to its last event."""
        page: Any = self.window.current_page
        self.window.navigate("train", start=True)
        self.until(lambda: page.session.busy, 60)
        self.until(lambda: not page.session.busy, 600)
        self.idle()

    def scribble(self, pad: QWidget) -> None:
        """Write a two with the mouse."""
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        unit, middle = min(pad.width(), pad.height()) / 10, pad.rect().center()
        strokes = ((-2, -2), (-1, -3), (1, -3), (2, -2), (2, -1), (0, 1), (-2, 3), (0, 3), (2, 3))
        points = [middle + QPoint(round(x * unit), round(y * unit)) for x, y in strokes]
        QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=points[0])
        for start, end in pairwise(points):
            for step in range(1, 9):
                QTest.mouseMove(pad, start + (end - start) * step / 8)
        QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=points[-1])

    def go(self, page: str) -> Page:
        self.window.navigate(page)
        self.idle()
        current = self.window.current_page
        assert current is not None
        return current

    def both(self, name: str) -> None:
        """One picture in each theme."""
        from gui import theme

        for mode in ("light", "dark"):
            theme.apply(self.app, mode)
            self.idle()
            self.window.grab().save(str(self.target / f"{name}-{mode}.png"))
        theme.apply(self.app, "light")

    def idle(self) -> None:
        """Until nothing runs that a picture would show half done."""
        for _ in range(5):
            self.app.processEvents()
            self.until(lambda: not self.services.runner.handles, 120)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        from PySide6.QtCore import QDeadlineTimer, QEventLoop

        deadline = QDeadlineTimer(int(seconds * 1000))
        while not condition():
            if deadline.hasExpired():
                raise TimeoutError("the window did not get there")
            self.app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


if __name__ == "__main__":
    main()
