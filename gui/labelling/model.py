"""What the Label page knows: the labels, the current picture, what is chosen in it. Every change is a step of undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import BadInput, VitrineError
from engine.events import Event, Failed, Finished
from engine.labelling import edits, store
from engine.labelling.gather import Gathered
from engine.labelling.proposals import Proposal, accept
from engine.labelling.spec import LabelledPicture, LabelObject, LabelSet, Shape
from gui.context import Context
from gui.labelling.alive import while_alive
from gui.labelling.commands import LabelCommand
from gui.labelling.jobs import ReadLabels, SaveLabels
from gui.runtime.jobs import JobHandle

SAVE_MS = 250
FIRST_CLASS = "object"


class LabelModel(QObject):
    """Follows the project: its labels lie in the folder `labels` of its own folder, and are saved by themselves.

    Signals:
        changed(): `labels` are different now.
        picture_changed(): another picture is the current one.
        chosen_changed(): other objects, another class or another proposal are chosen.
        proposals_changed(): what the model suggests is different now.
        state_changed(): reading or saving began, ended or failed.
        stepped(): a step was made, undone or redone.
    """

    changed = Signal()
    picture_changed = Signal()
    chosen_changed = Signal()
    proposals_changed = Signal()
    state_changed = Signal()
    stepped = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.labels = LabelSet()
        self.file = ""
        self.chosen: tuple[int, ...] = ()
        self.active_class = 0
        self.proposals: tuple[Proposal, ...] = ()
        self.proposal = 0
        self.error: VitrineError | None = None
        self._root: Path | None = None
        self._reading: JobHandle | None = None
        self._saving: JobHandle | None = None
        self._saved = self.labels
        self._timer = QTimer(self, singleShot=True, interval=SAVE_MS)
        self._timer.timeout.connect(self.save)
        context.document.replaced.connect(self._replaced)
        # Not at once: while another project is being opened its folder is there before anybody says that it is another.
        self._move = QTimer(self, singleShot=True, interval=0)
        self._move.timeout.connect(self._moved)
        context.document.state_changed.connect(self._move.start)

    # where it is

    @property
    def folder(self) -> Path:
        """The folder of the labels."""
        return (self._root or self._context.document.folder) / store.FOLDER

    @property
    def reading(self) -> bool:
        return self._reading is not None

    @property
    def saved(self) -> bool:
        """Whether the file holds these labels."""
        return self._saved is self.labels and self._saving is None

    @property
    def picture(self) -> LabelledPicture | None:
        """The labels of the current picture."""
        return self.labels.picture(self.file) if self.file in self.labels.places else None

    @property
    def objects(self) -> tuple[LabelObject, ...]:
        """The objects of the current picture."""
        picture = self.picture
        return picture.objects if picture is not None else ()

    def open(self) -> None:
        """Read the labels of the project unless they are read already."""
        folder = self._context.document.folder
        if self._root == folder:
            return
        self._root, self.error = folder, None
        self._saved = LabelSet()
        self._put(self._saved, "")
        handle = self._context.runner.start(ReadLabels(self.folder), title="Reading the labels", show=False)
        self._reading = handle

        def ended(end: Event) -> None:
            if self._reading is not handle:
                return
            self._reading = None
            if isinstance(end, Finished):
                self._saved = end.result
                self._put(end.result, "")
            elif isinstance(end, Failed):
                self.error = end.error
            self.state_changed.emit()

        handle.ended.connect(while_alive(self, ended))
        self.state_changed.emit()

    def _replaced(self) -> None:
        """Another project is open: what is not written yet goes where it belongs, then the other labels are read."""
        root, labels, before = self._root, self.labels, self._saving
        unsaved = root is not None and self._saved is not labels
        self._timer.stop()
        self._move.stop()
        self._root, self._reading = None, None
        self._saved = LabelSet()
        self._put(self._saved, "")

        def write(_end: object = None) -> None:
            if root is None or not unsaved:
                reopen()
                return
            job = SaveLabels(root / store.FOLDER, labels)
            handle = self._context.runner.start(job, title="Saving the labels", show=False)
            handle.ended.connect(while_alive(self, reopen))

        def reopen(_end: object = None) -> None:
            if root is not None:
                self.open()

        if before is not None and before.running:
            before.ended.connect(while_alive(self, write))
        else:
            write()

    def _moved(self) -> None:
        """The project was saved in another folder; the pictures went along, and what is newest follows."""
        folder = self._context.document.folder
        if self._root is not None and self._root != folder:
            self._root = folder
            if self.labels.pictures or self.labels.classes:
                self._saved = LabelSet()
                self.save()

    # changing

    def edit(
        self,
        label: str,
        change: Callable[[LabelSet], LabelSet],
        *,
        choose: Sequence[int] | None = None,
        merge: str | None = None,
    ) -> bool:
        """Make a step called `label`; False when nothing is different or a person asked for what cannot be.

        Args:
            choose: numbers of the objects chosen afterwards; negative ones count from the end.
            merge: steps with the same key that follow within two seconds become one.
        """
        if self.reading or self.error is not None:
            return False
        before = self.labels
        try:
            after = change(before)
        except BadInput as error:
            self._context.notifier.error(error)
            return False
        if after == before:
            return False
        command = LabelCommand(label, before, after, self._show, self.file, merge)
        self._context.document.undo_stack.push(command)
        if choose is not None:
            count = len(self.objects)
            self.choose(tuple(number % count for number in choose if -count <= number < count))
        return True

    def _show(self, labels: LabelSet, file: str) -> None:
        """Called by the history, forwards and backwards."""
        self._put(labels, file)
        self._timer.start()
        self.stepped.emit()

    def _put(self, labels: LabelSet, file: str) -> None:
        self.labels = labels
        first = labels.pictures[0].file if labels.pictures else ""
        wanted = next((one for one in (file, self.file) if one in labels.places), first)
        self.active_class = min(self.active_class, max(0, len(labels.classes) - 1))
        self.chosen = tuple(n for n in self.chosen if n < len(self.objects)) if wanted == self.file else ()
        self.changed.emit()
        if wanted != self.file:
            self.go_to(wanted)
        else:
            self.chosen_changed.emit()

    def save(self) -> None:
        """Write the labels now; changes that come meanwhile are written after it."""
        self._timer.stop()
        if self._saving is not None or self._root is None or self._saved is self.labels:
            return
        labels, document = self.labels, self._context.document
        handle = self._context.runner.start(SaveLabels(self.folder, labels), title="Saving the labels", show=False)
        self._saving = handle
        root = self._root
        if not document.has_place:
            document.autosave()  # or else a crash would leave labels in a folder that nobody is told of

        def ended(end: Event) -> None:
            self._saving = None
            if isinstance(end, Finished) and self._root == root:
                self._saved = labels
            elif isinstance(end, Failed):
                self._context.notifier.error(end.error)
            if self._saved is not self.labels and self._root == root and not isinstance(end, Failed):
                self._timer.start()
            self.state_changed.emit()

        handle.ended.connect(while_alive(self, ended))
        self.state_changed.emit()

    def flush(self) -> None:
        """The window closes: start writing what is not written yet."""
        self._timer.stop()
        if self._root is not None and self._saved is not self.labels:
            job = SaveLabels(self.folder, self.labels)
            self._context.runner.start(job, title="Saving the labels", show=False)

    # going about

    def go_to(self, file: str) -> None:
        """Make a picture the current one."""
        if file == self.file:
            return
        self.file, self.chosen = file, ()
        self.set_proposals(())
        self.picture_changed.emit()
        self.chosen_changed.emit()

    def go(self, step: int) -> bool:
        """Go on by so many pictures; False at either end."""
        files = [picture.file for picture in self.labels.pictures]
        place = self.labels.places.get(self.file)
        if place is None or not 0 <= place + step < len(files):
            return False
        self.go_to(files[place + step])
        return True

    def choose(self, numbers: Iterable[int]) -> None:
        """Choose objects of the current picture."""
        kept = tuple(dict.fromkeys(n for n in numbers if 0 <= n < len(self.objects)))
        if kept != self.chosen:
            self.chosen = kept
            if len(kept) == 1:
                self.active_class = self.objects[kept[0]].label
            self.chosen_changed.emit()

    def choose_class(self, label: int) -> None:
        """Draw in this class from now on."""
        if 0 <= label < len(self.labels.classes) and label != self.active_class:
            self.active_class = label
            self.chosen_changed.emit()

    # drawing

    def draw(self, what: str, shape: Shape) -> bool:
        """Add an object of the active class; without any class the first one is made along with it."""

        def change(labels: LabelSet) -> LabelSet:
            labels = with_class(labels)
            return edits.add_object(labels, self.file, self.active_class, shape)

        return self.edit(f"Draw {what}", change, choose=(-1,))

    def gather(self, gathered: Gathered, label: str, classes: Sequence[str] = ()) -> None:
        """Take new pictures in, with classes where there are none yet."""

        def change(labels: LabelSet) -> LabelSet:
            for name in classes if not labels.classes else ():
                labels = edits.add_class(labels, name)
            return edits.add_pictures(labels, gathered.pictures)

        empty = not self.labels.pictures
        if self.edit(label, change) and gathered.pictures and not empty:
            self.go_to(gathered.pictures[0].file)

    # proposals

    def set_proposals(self, proposals: Sequence[Proposal]) -> None:
        """Show these suggestions on the current picture."""
        if tuple(proposals) != self.proposals:
            self.proposals, self.proposal = tuple(proposals), 0
            self.proposals_changed.emit()

    def choose_proposal(self, number: int) -> None:
        """Make a suggestion the one that Enter accepts."""
        if self.proposals and number % len(self.proposals) != self.proposal:
            self.proposal = number % len(self.proposals)
            self.proposals_changed.emit()

    def accept(self, every: bool = False, corrected: Shape | None = None) -> bool:
        """Take the chosen suggestion, or all, over as labels; `corrected` replaces the shape of the chosen one."""
        if not self.proposals:
            return False
        taken = self.proposals if every else (self.proposals[self.proposal],)
        if corrected is not None:
            taken = (Proposal(taken[0].name, taken[0].score, corrected),)
        words = f"Accept {len(taken)} proposals" if len(taken) > 1 else f"Accept {taken[0].name}"
        whole = taken[-1].shape is None
        done = self.edit(words, lambda labels: accept(labels, self.file, taken), choose=() if whole or every else (-1,))
        self._drop_proposals(every)
        return done

    def refuse(self, every: bool = False) -> bool:
        """Put the chosen suggestion, or all, away."""
        if not self.proposals:
            return False
        self._drop_proposals(every)
        return True

    def _drop_proposals(self, every: bool) -> None:
        left = () if every else self.proposals[: self.proposal] + self.proposals[self.proposal + 1 :]
        self.proposals = left
        self.proposal = min(self.proposal, max(0, len(left) - 1))
        self.proposals_changed.emit()


def with_class(labels: LabelSet) -> LabelSet:
    """The labels with at least one class."""
    return labels if labels.classes else edits.add_class(labels, FIRST_CLASS)
