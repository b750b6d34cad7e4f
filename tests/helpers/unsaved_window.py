"""Opens a window, changes the project, waits until it has been autosaved, says so, and lives on until it is killed."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer

from engine.project import recovery
from gui import theme
from gui.app import make_application
from gui.main_window import MainWindow
from gui.shell.services import Services


def main() -> None:
    app = make_application()
    services = Services()
    theme.apply(app, "light")
    window = MainWindow(services)
    window.show()
    services.settings.update(autosave_seconds=1)
    document = services.document
    document.edit("Rename", document.project.with_(name=sys.argv[1]))

    def look() -> None:
        if any((folder / "autosave.json").exists() for folder in recovery.recovery_dir().iterdir()):
            print("autosaved", flush=True)
            ticker.stop()

    ticker = QTimer(interval=50)
    ticker.timeout.connect(look)
    ticker.start()
    app.exec()


if __name__ == "__main__":
    main()
