"""Runs that look at no pictures: tables of numbers, volumes, texts, and pictures made of random values."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.cancel import CancelToken
from engine.device import pick_device
from engine.errors import BadInput
from engine.events import Emit, Notice

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Outputs
    from engine.training.runs import Run

Answer = dict[str, Any]
_PICTURES = 16
_RANDOM = re.compile(r"random(?::(\d{1,9}))?")


def reads_no_pictures(folder: Path) -> bool:
    """Whether a run's task is one of these. Raises `BadInput` for a damaged run."""
    from engine.tasks.base import TASKS
    from engine.training.run_folder import read_config, read_network

    task = read_config(folder).task
    if task == "generation":
        return len(read_network(folder).inputs) > 1
    if task == "sequence":
        from engine.inference.runs.clips import reads_clips

        return not reads_clips(read_network(folder))
    return task in TASKS and TASKS.get(task).kind != "pictures"


def predict_series(
    folder: Path,
    source: str,
    limit: int | None,
    save: Path | None,
    token: CancelToken,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    emit: Emit = lambda event: None,
) -> Iterator[Answer]:
    """Yield one plain dict per series, text or picture, numbered by "frame".

    `{"label", "score"}` for each row of a table, and with its "name" for each volume,
    `{"forecast": [[value, ...], ...]}` for the course of a table's columns, `{"text"}` for a beginning of a text, and
    `{"picture": [width, height]}` for each picture made.

    Args:
        source: a .csv for sequences; a .npy, .npz or folder for volumes; a text or a .txt for writing; "random" or
            "random:SEED" for making pictures.
        limit: of rows or pictures; of a text its characters.
        save: a .csv, a .txt, or a folder (or .png for one) of pictures.
        emit: hears `Notice`s.

    Raises `BadInput` when the source fits the run's task in no way.
    """
    from engine.training.runs import load_run

    run = load_run(folder, pick_device(device))
    ways: dict[str, Callable[..., Iterator[Answer]]] = {
        "sequence": _classes,
        "forecasting": _forecast,
        "characters": _text,
        "generation": _pictures,
    }
    if run.config.task not in ways:
        raise BadInput(f"The run {folder.name} does {run.config.task}, which cannot be asked.", "Choose another run.")
    for number, answer in enumerate(ways[run.config.task](run, source, limit, save, token, emit)):
        yield {"frame": number, "time_ms": 0.0, **answer}


def _shape(run: Run) -> tuple[int, ...]:
    return tuple(int(size) for size in run.spec.inputs[0].params["shape"])


def _answers(run: Run, inputs: np.ndarray) -> Outputs:
    """Of the whole batch (N, T, F) float32 or (N, T) int64."""
    import torch

    from engine.training.session import runner

    with torch.inference_mode():
        return runner(run.model, run.spec)(torch.from_numpy(inputs).to(next(run.model.parameters()).device))


def _only(outputs: Outputs) -> Tensor:
    answer = next(iter(outputs.values()))
    if not bool(answer.isfinite().all()):
        raise BadInput("The run answers with numbers that are not finite.", "Check that the table holds usual values.")
    return answer.float().cpu()


def _classes(
    run: Run, source: str, limit: int | None, save: Path | None, token: CancelToken, emit: Emit
) -> Iterator[Answer]:
    """One class for every row: its cells are the values of the steps one after the other. Or for every volume."""
    if len(_shape(run)) == 4:
        yield from _volumes(run, source, limit, save, token, emit)
        return
    steps, features = _shape(run)
    options = run.config.data.source.options
    table, rows = _numbers(source, token, without=str(options.get("label_column", "label")))
    if rows.shape[1] != steps * features:
        raise BadInput(
            f"The rows of {table} hold {rows.shape[1]} values, and the network reads {steps} steps of {features}.",
            f"Give a table with {steps * features} columns of numbers, one series in each row.",
        )
    series = rows[: limit or len(rows)].reshape(-1, steps, features)
    if _scales(run):
        series = _scaled(series, series.mean(1, keepdims=True), series.std(1, keepdims=True))
    found: list[Answer] = []
    for start in range(0, len(series), 256):
        token.raise_if_cancelled()
        chances = _only(_answers(run, series[start : start + 256].astype(np.float32))).softmax(1).numpy()
        for row in chances:
            best = int(row.argmax())
            found.append({"label": run.classes[best], "score": round(float(row[best]), 4)})
            yield found[-1]
    _save_rows(save, ["label", "score"], [[one["label"], one["score"]] for one in found])


def _volumes(
    run: Run, source: str, limit: int | None, save: Path | None, token: CancelToken, emit: Emit
) -> Iterator[Answer]:
    """One class for every volume."""
    from engine.inference.volume_answers import volume_classes

    found = []
    for name, label, score in islice(volume_classes(run, _shape(run), source, token, emit), limit):
        found.append([name, label, round(score, 4)])
        yield {"name": name, "label": label, "score": round(score, 4)}
    _save_rows(save, ["name", "label", "score"], found)


def _forecast(
    run: Run, source: str, limit: int | None, save: Path | None, token: CancelToken, emit: Emit
) -> Iterator[Answer]:
    """How the columns of a table go on after its last row, in their own units."""
    from engine.tasks.sequences.layouts import forecasts

    steps, features = _shape(run)
    names, scale = _learned(run, source, token, emit)
    table, rows = _numbers(source, token, names=names)
    if rows.shape[1] != features or len(rows) < steps:
        raise BadInput(
            f"{table} has {len(rows)} rows and {rows.shape[1]} columns of numbers; the network reads {steps} rows of "
            f"{features}.",
            "Give a table with a column for each value and at least so many moments downwards.",
        )
    mean, spread = scale or (rows.mean(0), rows.std(0))
    window = _scaled(rows, mean, spread)[-steps:]
    answer = _only(_answers(run, window[None].astype(np.float32)))
    shape = tuple(answer.shape[1:])
    after_each = len(shape) == 2 and shape[0] == steps and shape[1] % features == 0
    ahead = (shape[1] if after_each else answer.numel()) // features
    values = forecasts(answer, steps, ahead, features)[0, -1].numpy() * np.where(spread > 0, spread, 1) + mean
    forecast = [[round(float(value), 6) for value in row] for row in values[: limit or len(values)]]
    _save_rows(save, [f"value {number}" for number in range(1, features + 1)], forecast)
    yield {"forecast": forecast}


def _learned(
    run: Run, source: str, token: CancelToken, emit: Emit
) -> tuple[tuple[str, ...], tuple[np.ndarray, np.ndarray] | None]:
    """The columns that a run learned from, () for all, and their means and deviations then; None where nobody knows."""
    from engine.datasets.base import parse_source
    from engine.datasets.sources.series_table import SeriesTable

    data = parse_source(run.config.data.source)
    size = _shape(run)[1]
    plain = np.zeros(size), np.ones(size)
    if not isinstance(data, SeriesTable):
        return (), plain
    try:
        names, mean, spread = data.learned_scale(run.config.project_root(run.folder), token)
    except BadInput as error:
        if data.scale:
            emit(
                Notice(
                    "warning",
                    f"{error.what} So {Path(source).name} is scaled by its own values, not by those learned from.",
                    f"Put {data.file} back where it was when {run.folder.name} was trained.",
                    kind="unknown_scale",
                )
            )
        chosen = tuple(name.strip() for name in data.columns.split(",") if name.strip())
        return chosen, None if data.scale else plain
    return names, (mean, spread) if data.scale else plain


def _text(
    run: Run, source: str, limit: int | None, save: Path | None, token: CancelToken, emit: Emit
) -> Iterator[Answer]:
    """Go on from a beginning."""
    import torch

    from engine.datasets.sources.text import read_text
    from engine.tasks.kinds.characters import CharactersOptions
    from engine.tasks.sequences.writing import first_character, generate, numbers_of
    from engine.training.session import runner

    path = Path(source)
    named = path.suffix.lower() == ".txt"
    if len(path.parts) > 1 and os.path.exists(source) and not (named and path.is_file()):
        raise BadInput(f"{source} holds no text to go on with.", "Give the beginning of a text, or a .txt file.")
    begun = read_text(path) if named and path.is_file() else source
    options = run.config.make_task().options
    assert isinstance(options, CharactersOptions)
    known = numbers_of(begun, run.classes)
    if begun and not known:
        raise BadInput(
            f"None of the characters of {begun[:40]!r} is known to the run.",
            f"Write in the characters that it has learned, such as {''.join(run.classes)[:60]!r}.",
        )
    start = torch.tensor(known or [first_character(run.classes)], device=next(run.model.parameters()).device)
    draw = torch.Generator().manual_seed(run.config.training.seed)
    length, window = limit or options.length, _shape(run)[0]
    written = generate(runner(run.model, run.spec), start, length, options.temperature, draw, window)
    text = "".join(run.classes[number] for number in [*known, *written.tolist()])
    if save is not None:
        from engine.project.atomic import write_atomic

        write_atomic(save, (text + "\n").encode("utf-8"))
    yield {"text": text}


def _pictures(
    run: Run, source: str, limit: int | None, save: Path | None, token: CancelToken, emit: Emit
) -> Iterator[Answer]:
    """Pictures of random values, the same ones for the same seed."""
    import torch

    from engine.inference.recording import is_picture, save_picture
    from engine.tasks.batch import Batch
    from engine.tasks.kinds.generation import Generation
    from engine.training.session import ends, runner

    seed = _RANDOM.fullmatch(source.strip())
    if seed is None:
        raise BadInput(
            f"The run {run.folder.name} makes pictures of random values, not of {source}.",
            "Give random, or random:7 for the pictures of seed 7, as its source.",
        )
    count = limit or _PICTURES
    if save is not None and is_picture(save) and count > 1:
        raise BadInput(f"{save.name} holds one picture.", "Give a folder, or --limit 1.")
    inputs, outputs = ends(run.spec)
    task = run.config.make_task()
    assert isinstance(task, Generation)
    task.check(inputs, outputs, run.preprocessor.input_shape)
    draw = torch.Generator().manual_seed(int(seed[1] or 0))
    device = next(run.model.parameters()).device
    for number in range(count):
        token.raise_if_cancelled()
        given = tuple(torch.randn(1, *shape, generator=draw).to(device) for shape in inputs.values())
        batch = Batch(given, {}, scale=run.preprocessor)
        with torch.inference_mode():
            made = task.decode(runner(run.model, run.spec)(*given), batch)["made"][0].float().cpu().numpy()
        image = np.rint(made.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)[:, :, ::-1]  # (H, W, C) in BGR
        if save is not None:
            save.parent.mkdir(parents=True, exist_ok=True)
            if not is_picture(save):
                save.mkdir(parents=True, exist_ok=True)
            path = save if is_picture(save) else save / f"{number:06d}.png"
            save_picture(path, np.repeat(image, 3, axis=2) if image.shape[2] == 1 else np.ascontiguousarray(image))
        yield {"picture": [image.shape[1], image.shape[0]]}


def _numbers(source: str, token: CancelToken, without: str = "", names: Sequence[str] = ()) -> tuple[str, np.ndarray]:
    """The name of a table, and its columns of numbers, or those of these names: float64, (rows, columns)."""
    from engine.datasets.sequences.table import read_table

    path = Path(source)
    if path.suffix.lower() not in (".csv", ".tsv", ".txt") or not path.is_file():
        raise BadInput(
            f"{source} is no table; this run reads numbers, not cameras or pictures.",
            "Give a CSV file whose first line names the columns.",
        )
    table = read_table(path, token)
    rows = [cells for cells in table.rows if cells]
    places = [table.place(name) for name in names] or [
        at
        for at, name in enumerate(table.columns)
        if name != without and sum(table.number(row[at]) is not None for row in rows) > len(rows) / 2
    ]
    good: list[list[float]] = []
    for cells in rows:
        values = [table.number(cells[at]) for at in places]
        if None in values:
            raise BadInput(
                f"{path.name} has a row in which a number is missing: {', '.join(cells)[:60]}.",
                "Fill in or remove rows with missing numbers.",
            )
        good.append([value for value in values if value is not None])
    if not places or not good:
        raise BadInput(f"{path.name} holds no numbers.", "Give a table with columns of numbers.")
    return path.name, np.array(good, np.float64)


def _scales(run: Run) -> bool:
    """Whether the values were brought to mean 0 and deviation 1 before the training."""
    source = run.config.data.source
    return source.id == "series_table" and bool(source.options.get("scale", True))


def _scaled(values: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.asarray((values - mean) / np.where(spread > 0, spread, 1.0))


def _save_rows(save: Path | None, names: list[str], rows: list[list[Any]]) -> None:
    if save is None:
        return
    from engine.project.atomic import write_atomic

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    write_atomic(save, text.getvalue().encode("utf-8"))
