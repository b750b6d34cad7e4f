"""Hands for the Augment page's tests."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.project.spec import ProjectSpec
from engine.training.spec import TrainingSpec
from gui.augment.page import AugmentPage
from gui.context import Context


def shapes(task: str = "detection", *augmentation: Choice, batch_size: int = 6) -> ProjectSpec:
    """A few generated scenes of known objects."""
    source = Choice(id="shapes", options={"count": 24, "height": 48, "width": 64, "seed": 3})
    data = DataSpec(
        source=source, augmentation=augmentation, preprocess=PreprocessSpec(height=48, width=64, channels=3)
    )
    return ProjectSpec("Shapes", task=task, data=data, training=TrainingSpec(batch_size=batch_size, seed=11))


def open_page(qtbot, context: Context, project: ProjectSpec) -> AugmentPage:
    """The page with a project's pictures, entered, its engine loaded and its first pictures shown."""
    context.document.edit("Take it", project)
    made = AugmentPage(context)
    qtbot.addWidget(made)
    made.resize(1360, 800)
    made.show()
    qtbot.waitExposed(made)
    context.engine.start()
    made.entered()
    qtbot.waitUntil(lambda: made.model.gallery is not None, timeout=60_000)
    return made


def settled(qtbot, page: AugmentPage) -> None:
    """Wait until what is asked for is what is shown."""
    model = page.model
    qtbot.waitUntil(
        lambda: not model.pending and (model.gallery is not None or model.error is not None), timeout=20_000
    )


def click(widget: QWidget, pos: QPoint | None = None) -> None:
    """Press and release the left button in the middle of a widget, or at `pos`."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=pos or widget.rect().center())


def tick(box: QWidget) -> None:
    """Click on a check box itself."""
    click(box, QPoint(8, box.height() // 2))


def drag_slider(slider: QSlider, share: float, stops: int = 4) -> None:
    """Take the slider's handle with the mouse and pull it to a share of its way."""

    def at(value: float) -> QPoint:
        option = QStyleOptionSlider()
        slider.initStyleOption(option)
        option.sliderPosition = round(value)
        place = slider.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
        )
        return place.center()

    start, end = slider.value(), slider.maximum() * share
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=at(start))
    for stop in range(1, stops + 1):
        QTest.mouseMove(slider, at(start + (end - start) * stop / stops))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=at(end))


def pull(handle: QWidget, onto: QWidget, below: bool) -> None:
    """Drag a card by its handle to just above or below the middle of another one."""
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=handle.rect().center())
    y = onto.height() * 3 // 4 if below else onto.height() // 4
    target = handle.mapFromGlobal(onto.mapToGlobal(QPoint(10, y)))
    QTest.mouseMove(handle, target)
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=target)
