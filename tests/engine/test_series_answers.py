"""What runs that read tables and texts make of a source: their own columns, in the units of their training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.events import Event, Notice
from engine.gallery.base import Drawing
from engine.inference.stream import predict_stream
from tests.helpers.run_folders import run_folder


def asked(run: Path, source: str) -> tuple[list[dict[str, Any]], list[Event]]:
    heard: list[Event] = []
    return list(predict_stream(str(run), source, None, None, heard.append, CancelSource().token)), heard


def mean_of_training(folder: Path) -> Path:
    """A run that answers 0 everywhere, which stands for the mean of what it learned from: the column heat."""
    net = Drawing("Mean")
    last = net.chain(net.input(3, 1), ("Flatten", "flat"), ("Linear", "head", {"out_features": 2}))
    weights = {"head.weight": np.zeros((2, 3)), "head.bias": np.zeros(2)}
    rows = "".join(f"{moment};{10 if moment < 14 else 1000};{moment % 2}\n" for moment in range(20))
    (folder / "learned.csv").write_text(f"time;heat;door\n{rows}", "utf-8")
    options = {
        "file": str(folder / "learned.csv"), "layout": "columns", "columns": "heat", "steps": 3, "horizon": 2,
    }  # fmt: skip
    source = Choice(id="series_table", options=options)
    return run_folder(folder / "run", net.output(last), "forecasting", source=source, weights=weights)


def test_a_forecast_is_in_the_scale_and_of_the_columns_of_the_training(tmp_path: Path) -> None:
    run = mean_of_training(tmp_path)
    table = tmp_path / "new.csv"
    table.write_text("heat,time,wind\n70,1,5\n80,2,5\n90,3,5\n", "utf-8")
    (found,), heard = asked(run, str(table))
    assert found["forecast"] == [[10.0], [10.0]]
    assert not heard
    (tmp_path / "learned.csv").unlink()
    (found,), heard = asked(run, str(table))
    assert found["forecast"] == [[80.0], [80.0]]
    (said,) = heard
    assert isinstance(said, Notice)
    assert "new.csv is scaled by its own values" in said.what
    table.write_text("warmth,time\n70,1\n80,2\n90,3\n", "utf-8")
    with pytest.raises(BadInput, match="no column 'heat'"):
        asked(run, str(table))


def test_a_folder_is_no_text_to_go_on_with(tmp_path: Path) -> None:
    net = Drawing("Next")
    last = net.chain(
        net.input(8),
        ("Embedding", "embed", {"num_embeddings": 3, "embedding_dim": 3}),
        ("Linear", "head", {"out_features": 3}),
    )
    run = run_folder(tmp_path / "c", net.output(last), "characters", ("a", "b", "/"))
    with pytest.raises(BadInput, match="holds no text"):
        asked(run, str(tmp_path))
    (found,), _ = asked(run, "a/b" * 200)
    assert found["text"].startswith("a/b")
