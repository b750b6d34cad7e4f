"""Write `resources/icons/icons.json`: the outline of every glyph in `gui/theme/glyphs.py`, as SVG path data.

Needs the dev extra's qtawesome, which ships the Material Design Icons font (Apache-2.0, pictogrammers.com).
Run `python docs/make_icons.py` after adding a name.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PySide6.QtCore import QPointF
from PySide6.QtGui import QFont, QGuiApplication, QPainterPath, QRawFont, QTransform

from gui.theme.glyphs import GLYPHS

ROOT = Path(__file__).resolve().parent.parent
SIZE = 24.0  # the em square of the set, in its own units


def main() -> None:
    """Draw every glyph and write the file."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    QGuiApplication(sys.argv[:1])
    found = importlib.util.find_spec("qtawesome")
    assert found is not None
    assert found.origin is not None
    fonts = Path(found.origin).parent / "fonts"
    charmap = json.loads(next(fonts.glob("materialdesignicons6-*.json")).read_text("utf-8"))
    raw = QRawFont(str(next(fonts.glob("materialdesignicons6-*.ttf"))), 512, QFont.HintingPreference.PreferNoHinting)
    made = {name: _outline(raw, int(charmap[glyph], 16)) for name, glyph in sorted(GLYPHS.items())}
    target = ROOT / "resources" / "icons" / "icons.json"
    target.write_text(json.dumps(made, indent=0) + "\n", "utf-8")
    print(f"{len(made)} icons written to {target}")


def _outline(raw: QRawFont, code: int) -> str:
    glyph = raw.glyphIndexesForString(chr(code))[0]
    scale = SIZE / 512
    # The font's ascent puts the em square's top at y = 0.
    path = QTransform.fromScale(scale, scale).map(raw.pathForGlyph(glyph))
    path.translate(QPointF(0.0, raw.ascent() * scale))
    return _svg(path)


def _svg(path: QPainterPath) -> str:
    parts: list[str] = []
    index = 0
    while index < path.elementCount():
        element = path.elementAt(index)
        kind = QPainterPath.ElementType(element.type)
        if kind is QPainterPath.ElementType.CurveToElement:
            points = [path.elementAt(index + offset) for offset in range(3)]
            parts.append("C" + " ".join(f"{_n(point.x)} {_n(point.y)}" for point in points))
            index += 3
            continue
        letter = "M" if kind is QPainterPath.ElementType.MoveToElement else "L"
        parts.append(f"{letter}{_n(element.x)} {_n(element.y)}")
        index += 1
    return "".join(parts)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    main()
