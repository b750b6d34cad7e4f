"""What the window's own commands do: files, undo, view, training, help. Pages add theirs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from engine.paths import log_dir
from engine.project.samples import SAMPLES, Sample
from gui import theme
from gui.context import Context
from gui.pages import PageEntry
from gui.runtime.jobs import JobHandle

if TYPE_CHECKING:
    from gui.shell.gallery_browser import GalleryBrowser

UNNAMED = "Untitled"
TEXT_SIZES = (80, 90, 100, 110, 125, 150, 175, 200, 250, 300)
FILES = "Vitrine projects and networks (*.json);;All files (*)"


class Commands(QObject):
    """Files the window's actions and carries them out.

    Signals: `palette_wanted()`, `quit_wanted()`.
    """

    palette_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, context: Context, window: QWidget, pages: tuple[PageEntry, ...]) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self.gallery: GalleryBrowser | None = None
        self._file_actions()
        self._edit_actions()
        self._view_actions(pages)
        self._train_actions()
        self._help_actions()

    def _file_actions(self) -> None:
        add, keys = self._context.actions.add, QKeySequence.StandardKey
        add("file.new", "&New project", self.new, shortcut=keys.New, icon="new", tip="Start an empty project")
        add("file.open", "&Open…", self.open, shortcut=keys.Open, icon="open", tip="Open a project or a network file")
        add("file.open_folder", "Open project &folder…", self.open_folder, icon="folder", tip="Open a project's folder")
        add(
            "file.open_sample",
            "Open the digits &sample",
            self.open_sample,
            icon="sparkle",
            tip="Copy the sample of handwritten digits to your projects and open it",
            keywords="example lenet start",
        )
        add(
            "file.gallery",
            "&Gallery of networks…",
            self.browse_gallery,
            shortcut="Ctrl+Shift+N",
            icon="star",
            tip="Read about the famous networks, set their options and open one",
            keywords="famous paper resnet model zoo",
        )
        add("file.save", "&Save", self.save, shortcut=keys.Save, icon="save", tip="Save the project")
        add(
            "file.save_as",
            "Save &as…",
            self.save_as,
            shortcut="Ctrl+Shift+S",
            icon="save_as",
            tip="Save the project, with its runs, in another folder",
        )
        add(
            "file.duplicate",
            "&Duplicate project",
            self._context.document.duplicate,
            icon="duplicate",
            tip="Go on in an unsaved copy of this project",
        )
        add("file.rename", "&Rename project…", self.rename, icon="edit", tip="Give the project another name")
        add("file.quit", "&Quit", self.quit_wanted.emit, shortcut="Ctrl+Q", icon="close", tip="Close Vitrine")

    def browse_gallery(self) -> None:
        """Show the gallery of famous networks in its window."""
        # Not before it is wanted: the first picture of the window must not wait for it.
        from gui.shell.gallery_browser import GalleryBrowser

        if self.gallery is None:
            self.gallery = GalleryBrowser(self._context, self._window)
        self.gallery.show_network()

    def _edit_actions(self) -> None:
        add, stack, keys = self._context.actions.add, self._context.document.undo_stack, QKeySequence.StandardKey
        undo = add("edit.undo", "&Undo", stack.undo, shortcut=keys.Undo, icon="undo", tip="Undo the last step")
        redo = add(
            "edit.redo",
            "&Redo",
            stack.redo,
            shortcut=["Ctrl+Shift+Z", "Ctrl+Y"],
            icon="redo",
            tip="Redo what was undone",
        )

        def label(action: QAction, word: str, step: str) -> None:
            action.setText(f"&{word} {step}".rstrip())
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{word} {step} ({keys})" if step else f"There is nothing to {word.lower()}")

        stack.canUndoChanged.connect(undo.setEnabled)
        stack.canRedoChanged.connect(redo.setEnabled)
        stack.undoTextChanged.connect(lambda step: label(undo, "Undo", step))
        stack.redoTextChanged.connect(lambda step: label(redo, "Redo", step))
        for action, word in ((undo, "Undo"), (redo, "Redo")):
            action.setEnabled(False)
            label(action, word, "")

    def _view_actions(self, pages: tuple[PageEntry, ...]) -> None:
        add = self._context.actions.add
        add(
            "view.palette",
            "&Search or command…",
            self.palette_wanted.emit,
            shortcut=["Ctrl+K", "Ctrl+Shift+P"],
            icon="search",
            tip="Find any command, page, network or project",
        )
        for number, entry in enumerate(pages, 1):
            add(
                f"go.{entry.id}",
                entry.title,
                partial(self._context.navigate, entry.id),
                shortcut=f"Ctrl+{number}",
                icon=entry.icon,
                tip=entry.does,
                keywords="page go to show",
            )
        for mode, text, icon in (
            ("system", "Follow the system", "theme"),
            ("light", "Light", "light"),
            ("dark", "Dark", "dark"),
        ):
            made = add(
                f"view.theme.{mode}",
                text,
                partial(self._context.settings.update, theme=mode),
                icon=icon,
                tip=f"Theme: {text.lower()}",
                keywords="theme colours appearance",
            )
            made.setCheckable(True)
        for id, text, key, step in (
            ("larger", "&Larger text", "Ctrl+=", 1),
            ("smaller", "S&maller text", "Ctrl+-", -1),
            ("normal", "&Normal text size", "Ctrl+0", 0),
        ):
            made = add(f"view.text.{id}", text, partial(self._text, step), shortcut=key, tip=text.replace("&", ""))
            made.setProperty("keywords", "font zoom size")
        add("view.full_screen", "&Full screen", self._full_screen, shortcut="F11", tip="Fill the screen, and back")

    def _train_actions(self) -> None:
        add, navigate = self._context.actions.add, self._context.navigate
        add(
            "train.start",
            "&Start training",
            partial(navigate, "train", start=True),
            shortcut="F5",
            icon="play",
            tip="Train the network on the data of this project",
        )
        add(
            "train.pause",
            "&Pause or resume training",
            partial(navigate, "train", pause=True),
            icon="pause",
            shortcut="F6",
        )
        stop = add(
            "train.stop", "S&top training", partial(navigate, "train", stop=True), icon="stop", shortcut="Shift+F5"
        )
        stop.setEnabled(False)  # until the Train page has something to stop

    def _help_actions(self) -> None:
        add = self._context.actions.add
        add("help.commands", "&Commands and shortcuts", self.palette_wanted.emit, icon="keyboard", shortcut="F1")
        add(
            "help.log",
            "Open the &log folder",
            self._show_log,
            icon="folder",
            tip="Open the folder with the program's log",
        )
        add("help.about", "&About Vitrine", self._about, icon="info")

    # files

    def new(self) -> None:
        self._context.document.new()

    def open(self) -> None:
        dialog = QFileDialog(self._window, "Open a project or a network", str(self._start_folder()))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(FILES)
        self._ask(dialog, self.open_path)

    def open_folder(self) -> None:
        dialog = QFileDialog(self._window, "Open a project folder", str(self._start_folder()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._ask(dialog, self.open_path)

    def open_path(self, path: Path) -> None:
        """Open whatever project or network file is at `path`."""
        self._context.document.open(path)

    def open_sample(self, sample: Sample = SAMPLES[0]) -> None:
        """Open a copy of a sample in the user's folder of projects, so that it can be changed."""
        target = self._context.settings.projects_dir() / sample.name
        self._context.document.open_copy(sample.folder, target)

    def save(self) -> JobHandle | None:
        if not self._context.document.has_place:
            self.save_as()
            return None
        return self._context.document.save()

    def save_as(self) -> None:
        project = self._context.document.project
        stop = self._context.actions["train.stop"]
        if stop.isEnabled():
            # The run would go on in the folder that the project has left.
            self._context.notifier.show(
                "warning",
                "The project cannot move to another folder while it trains.",
                "Stop the training or wait for its end, then save; nothing is lost meanwhile.",
                action=("Stop training", stop.trigger),
            )
            return
        dialog = QFileDialog(self._window, "Save the project as a folder", str(self._start_folder()))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setLabelText(QFileDialog.DialogLabel.FileName, "Folder:")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog, True)
        dialog.selectFile(project.name or UNNAMED)
        self._ask(dialog, self._save_in)

    def _save_in(self, folder: Path) -> None:
        document = self._context.document
        if document.project.name in ("", UNNAMED):
            self._name_project(folder.name)
        document.save_as(folder)

    def rename(self) -> None:
        """Ask for another name of the project."""
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Rename the project")
        dialog.setLabelText("Name:")
        dialog.setTextValue(self._context.document.project.name)
        dialog.textValueSelected.connect(self._name_project)
        dialog.open()

    def _name_project(self, name: str) -> None:
        document = self._context.document
        if name.strip():
            document.edit("Rename the project", document.project.with_(name=name.strip()[:200]))

    def _start_folder(self) -> Path:
        """Where a file dialog begins: the user's projects, once there are any."""
        folder = self._context.settings.projects_dir()
        return folder if folder.is_dir() else Path.home()

    def _ask(self, dialog: QFileDialog, deed: object) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: deed(Path(chosen)))  # type: ignore[operator]
        dialog.open()

    # view and help

    def _text(self, step: int) -> None:
        now = self._context.settings.values.text_percent
        near = min(range(len(TEXT_SIZES)), key=lambda index: abs(TEXT_SIZES[index] - now))
        wanted = 100 if step == 0 else TEXT_SIZES[max(0, min(len(TEXT_SIZES) - 1, near + step))]
        self._context.settings.update(text_percent=wanted)

    def _full_screen(self) -> None:
        window = self._window.window()
        window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _show_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_dir())))

    def _about(self) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("vitrine")
        except PackageNotFoundError:  # run from a folder where it was never installed
            number = ""
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("About Vitrine")
        box.setIconPixmap(theme.icon("network", "accent").pixmap(48, 48))
        box.setText(f"Vitrine {number}".rstrip())
        box.setInformativeText(
            "Draw a vision network, train it, watch it on a live camera and look inside it, offline.\n\n"
            f"Its log is in {log_dir()}."
        )
        box.open()
