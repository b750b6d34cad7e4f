"""Makes pictures of famous networks for slides, in light and dark: `python docs/network_pictures.py [folder]`.

Each is the drawing as the Build page shows it, with shapes and parameters, painted without a window.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

SCALE = 2.0


@dataclass(frozen=True)
class Slide:
    """One picture: a gallery network, the blocks opened in it, and whether it goes into columns."""

    name: str
    network: str
    opened: tuple[str, ...] = ()
    scope: str = ""
    columns: bool = True


SLIDES = (
    Slide("googlenet", "googlenet"),
    Slide("googlenet-inception3a", "googlenet", opened=("inception3a",), columns=False),
    Slide("inception-module", "googlenet", scope="inception3a", columns=False),
    Slide("densenet121", "densenet121"),
    Slide("densenet121-denseblock1", "densenet121", scope="denseblock1"),
    Slide("unet", "unet", columns=False),
    Slide("pixelnet", "pixelnet", columns=False),
    Slide("resnet50", "resnet50", opened=("layer1",), columns=False),
)


def make(target: Path) -> None:
    """Write the pictures in both themes. Qt's application and the theme's base must be there."""
    from PySide6.QtWidgets import QApplication

    from engine.gallery import open_network
    from engine.graph.analyse import analyse
    from engine.graph.columns import in_columns
    from gui import theme
    from gui.canvas import picture
    from gui.canvas.opening import Opening

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for slide in SLIDES:
        network = open_network(slide.network)
        network = in_columns(network) if slide.columns else network
        opening = Opening(slide.scope, frozenset(slide.opened))
        analysis = analyse(network)
        for mode in ("light", "dark"):
            theme.apply(app, mode)  # type: ignore[arg-type]
            scene = picture.offscreen(network, analysis, opening)
            (target / f"network-{slide.name}-{mode}.png").write_bytes(picture.png(scene, SCALE))
            scene.deleteLater()
    theme.apply(app, "light")


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "pictures"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["VITRINE_HOME"] = home
        from gui.app import make_application

        application = make_application()
        make(target)
        application.processEvents()


if __name__ == "__main__":
    main()
