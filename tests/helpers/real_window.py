"""The real window on a real display, with cv2 in the same process, closed once it has been painted."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from engine.opencv import cv2
from gui import app
from gui.main_window import MainWindow


def main() -> int:
    application = app.make_application()
    print("platform", QApplication.platformName(), "opencv", cv2.__version__, flush=True)

    def look() -> None:
        # The window is made inside `run`, so it is looked for until it is there and painted.
        for window in application.topLevelWidgets():
            if isinstance(window, MainWindow) and window.is_painted:
                ticker.stop()
                picture = window.grab().toImage()
                print("painted", not picture.isNull() and picture.width() >= 960, flush=True)
                window.close()

    ticker = QTimer(interval=50)
    ticker.timeout.connect(look)
    ticker.start()
    return app.run()


if __name__ == "__main__":
    sys.exit(main())
