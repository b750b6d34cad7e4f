"""The drawing as PNG, SVG and PDF, without a window; levels of detail; the colours of heat."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.errors import BadInput
from engine.graph.analyse import analyse
from engine.graph.spec import NetworkSpec
from gui import theme
from gui.canvas import painting, picture
from gui.canvas.opening import Opening
from tests.helpers.build_page import nested

OPENED = Opening(opened=frozenset({"block1", "block1.core"}))


def test_a_script_gets_a_picture_of_an_opened_network(qapp: QApplication, qtbot: QtBot) -> None:
    network = nested()
    scene = picture.offscreen(network, analyse(network), OPENED)
    assert "block1.core.relu1" in scene.nodes
    assert scene.nodes["block1.conv2d1"].facts.parameters
    image = QImage.fromData(picture.png(scene, 2.0))
    content = scene.content()
    assert (image.width(), image.height()) == (round((content.width() + 48) * 2), round((content.height() + 48) * 2))
    frame = scene.view.frames["block1"]
    inside = image.pixelColor(
        round((frame[0] + 4 - content.left() + 24) * 2), round((frame[1] + 40 - content.top() + 24) * 2)
    )
    assert inside.name() not in (theme.tokens().canvas, theme.tokens().raised)


@pytest.mark.parametrize(("suffix", "start"), [(".pdf", b"%PDF-"), (".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_the_suffix_says_the_kind(qapp: QApplication, suffix: str, start: bytes) -> None:
    data = picture.of_kind(picture.offscreen(nested(), None, OPENED), suffix)
    assert data.startswith(start)
    assert len(data) > 2000


def test_a_pdf_has_one_page_in_vectors(qapp: QApplication) -> None:
    data = picture.pdf(picture.offscreen(nested()))
    assert data.count(b"/Type /Page\n") == 1
    assert b"/Subtype /Image" not in data


def test_pictures_of_nothing_are_refused(qapp: QApplication) -> None:
    with pytest.raises(BadInput, match="nothing to draw"):
        picture.pdf(picture.offscreen(NetworkSpec()))


def test_files_are_painted_as_at_full_size_whatever_their_resolution(qapp: QApplication) -> None:
    from PySide6.QtGui import QPainter

    image = QImage(64, 64, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.scale(0.1, 0.1)
    assert painting.detail(painter) == pytest.approx(0.1)
    with painting.at_life_size():
        assert painting.detail(painter) == 1.0
    painter.end()


def test_heat_goes_from_viridis_dark_to_light() -> None:
    # The ends and the middle of the map as matplotlib 3 has it.
    assert theme.heat_colour(0.0) == "#440154"
    assert theme.heat_colour(0.5) == "#21918c"
    assert theme.heat_colour(1.0) == theme.heat_colour(7.0) == "#fde725"
