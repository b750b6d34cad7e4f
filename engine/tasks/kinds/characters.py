"""A text, character by character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs, Run
from engine.tasks.fitting import require_inputs, require_outputs, written
from engine.tasks.sequences.guesses import GuessMeter
from engine.tasks.sequences.page import Letter, page
from engine.tasks.sequences.writing import first_character, generate, numbers_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.graph.spec import Shape
    from engine.tasks.report import TaskReport


class CharactersOptions(Settings):
    prompt: str = Field("", max_length=1000, description="How the written text begins; empty for a line of its own.")
    length: int = Field(400, ge=1, le=20_000, description="How many characters are written.")
    temperature: float = Field(
        0.7,
        gt=0,
        le=10,
        description="1 writes as the network expects the text to go on, less keeps to what is likely, more is bold.",
    )


@TASKS.register("characters")
class Characters(Task):
    """The next character after every character of a text; drawn again and again, they make a text of its own.

    The classes are the characters. Answers: "next", int64 (N, T), the likeliest ones, and "nats", float32 (N, T),
    −ln of the probability of the true ones.
    """

    label: ClassVar[str] = "Writing"
    help: ClassVar[str] = "Learn from a text which character comes next, and write on."
    kind: ClassVar[Literal["pictures", "series", "text"]] = "text"
    needs: ClassVar[tuple[str, ...]] = ("tokens",)
    headline: ClassVar[str] = "bits_per_character"
    lower_is_better: ClassVar[bool] = True
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "bits_per_character": ("bits per character", "bit"),
        "perplexity": ("perplexity", ""),
        "accuracy": ("accuracy", "share"),
    }
    Options: ClassVar[type[Settings]] = CharactersOptions
    options: CharactersOptions
    run: Run | None = None
    """The network, where one is at hand when a report is made."""

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        self._window = 0  # characters that the network reads at once; unknown until it is seen

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        if len(sample) != 1:
            raise BadInput("Writing needs a text, and the data holds something else.", "Choose Text on the Data page.")
        require_inputs(inputs, [sample])
        require_outputs(outputs, 1)
        wanted = (sample[0], len(self.classes))
        (found,) = outputs.values()
        if tuple(found) != wanted:
            raise BadInput(
                f"The network's output is {written(found)}, and a text of these characters needs {written(wanted)}.",
                f"Let the recurrent layer give all steps, and end with Linear with {wanted[1]} outputs.",
            )

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """Cross-entropy, the mean over all steps, in nats."""
        return {"cross-entropy": _nats(outputs, batch).mean()}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        (logits,) = outputs.values()
        self._window = batch.inputs[0].shape[1]
        return {"next": logits.argmax(2), "nats": _nats(outputs, batch)}

    def sums(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        (logits,) = outputs.values()
        return {"right": (logits.argmax(2) == batch.targets["tokens"]).float().mean(1).sum()}

    def running(self, sums: Mapping[str, float], count: int) -> Mapping[str, float]:
        return {"accuracy": sums["right"] / count} if count else {}

    def meter(self, full: bool = False) -> Meter:
        return GuessMeter()

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        guessed, true, nats = answer["next"].astype(np.int64), truth["tokens"], answer["nats"]
        letters = [Letter(self.classes[int(picture[0])])]
        letters += [Letter(self.classes[t], bool(g == t)) for g, t in zip(guessed.tolist(), true.tolist(), strict=True)]
        bits = float(nats.mean()) / np.log(2)
        return Sketch(
            page(letters),
            caption=f"{100 * (guessed == true).mean():.0f} % foreseen",
            note=f"{bits:.2f} bits per character",
            tip="Red characters were not the ones that the network held for the likeliest.",
            score=-bits,
        )

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.report import TaskReport

        assert isinstance(meter, GuessMeter)
        words = self.write(self.run) if self.run is not None and self._window else ""
        tables = (meter.by_character(self.classes),)
        return TaskReport(dict(meter.result()), tables=tables, examples=tuple(sketches), words=words)

    def write(self, run: Run, seed: int = 0) -> str:
        """A text by a network in evaluation mode, beginning with the prompt; the same seed gives the same text."""
        import torch

        begun = numbers_of(self.options.prompt, self.classes) or [first_character(self.classes)]
        start = torch.tensor(begun, device=_device(run))
        draw = torch.Generator().manual_seed(seed)
        written = generate(run, start, self.options.length, self.options.temperature, draw, self._window or 1 << 30)
        shown = begun if self.options.prompt else []
        return "".join(self.classes[number] for number in [*shown, *written.tolist()])


def _nats(outputs: Outputs, batch: Batch) -> Tensor:
    """−ln of the probability of every true character: float32, (N, T)."""
    from torch.nn.functional import cross_entropy

    (logits,) = outputs.values()
    return cross_entropy(logits.float().transpose(1, 2), batch.targets["tokens"], reduction="none")


def _device(run: Run) -> torch.device:
    """Where a network computes."""
    import torch

    model = getattr(run, "model", None)
    weights = model.parameters() if isinstance(model, torch.nn.Module) else ()
    return next((weight.device for weight in weights), torch.device("cpu"))
