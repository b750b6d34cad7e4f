"""Colours for Python code, from the theme."""

from __future__ import annotations

import keyword
import re

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from gui import theme

_TOKEN = re.compile(
    r"(?P<comment>#.*)"
    r'|(?P<string>"""|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')'
    r"|(?P<number>\b\d[\d_]*(?:\.\d+)?(?:e-?\d+)?\b)"
    r"|(?P<word>\b[A-Za-z_]\w*\b)"
)
_TRIPLE = '"""'


class PythonHighlighter(QSyntaxHighlighter):
    """Keywords, names after def and class, strings, numbers, comments; triple-quoted strings over several lines."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._make()
        theme.watcher().changed.connect(self._themed)

    def _themed(self) -> None:
        self._make()
        self.rehighlight()

    def _make(self) -> None:
        t = theme.tokens()
        self._looks = {
            "keyword": _look(t.accent, bold=True),
            "name": _look(t.series[0], bold=True),
            "string": _look(t.success),
            "number": _look(t.series[1]),
            "comment": _look(t.text_muted, italic=True),
        }

    def highlightBlock(self, text: str) -> None:
        start = 0
        if self.previousBlockState() == 1:
            end = text.find(_TRIPLE)
            if end < 0:
                self.setFormat(0, len(text), self._looks["string"])
                self.setCurrentBlockState(1)
                return
            start = end + 3
            self.setFormat(0, start, self._looks["string"])
        self.setCurrentBlockState(0)
        before = ""
        while (match := _TOKEN.search(text, start)) is not None:
            kind, word = match.lastgroup or "", match.group()
            start = match.end()
            if word == _TRIPLE:
                end = text.find(_TRIPLE, start)
                start = len(text) if end < 0 else end + 3
                self.setFormat(match.start(), start - match.start(), self._looks["string"])
                if end < 0:
                    self.setCurrentBlockState(1)
                    return
                continue
            if kind == "word":
                kind = "keyword" if keyword.iskeyword(word) else "name" if before in ("def", "class") else ""
            if kind:
                self.setFormat(match.start(), len(word), self._looks[kind])
            before = word


def _look(colour: str, bold: bool = False, italic: bool = False) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(QColor(colour))
    if bold:
        made.setFontWeight(QFont.Weight.DemiBold)
    made.setFontItalic(italic)
    return made
