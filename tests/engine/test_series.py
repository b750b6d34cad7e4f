"""Sequences: waves to tell apart, courses of time without leaks, text as next characters, and tables of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.base import parse_source
from engine.datasets.sequences.waveforms import FRAME, WAVEFORMS, spectrogram
from engine.datasets.sequences.windows import Windows, sines
from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.paths import resources


def load(id, root=Path(), **options):
    return parse_source(Choice(id=id, options=options)).load(root, lambda event: None, CancelSource().token)


# -- waves


def test_waveforms_agree_with_scipy():
    from scipy import signal

    time = np.arange(0, 400) / 100 + 0.003  # away from the jumps
    theirs = {
        "sine": np.sin(2 * np.pi * time),
        "square": signal.square(2 * np.pi * time),
        "saw": signal.sawtooth(2 * np.pi * time),
        "triangle": signal.sawtooth(2 * np.pi * (time + 0.25), width=0.5),
    }
    for kind, wave in theirs.items():
        assert np.abs(WAVEFORMS[kind](time) - wave).max() < 1e-9, kind


def test_a_chirp_triples_its_frequency():
    wave = WAVEFORMS["chirp"](np.linspace(0, 40, 20000))
    up = np.flatnonzero((wave[:-1] < 0) & (wave[1:] >= 0))
    assert np.diff(up)[0] / np.diff(up)[-1] == pytest.approx(3, rel=0.1)


def test_waves_depend_on_options_and_number_alone():
    ours = load("waves", count=40, length=96)
    assert ours.inputs.shape == (40, 96, 1)
    assert ours.inputs.dtype == np.float32
    assert ours.classes == tuple(WAVEFORMS)
    assert np.array_equal(ours.targets["label"], ours.labels)
    assert set(ours.labels.tolist()) == set(range(5))
    longer = load("waves", count=60, length=96)
    assert np.array_equal(longer.inputs[:40], ours.inputs)
    assert len({row.tobytes() for row in ours.inputs}) == 40
    assert load("waves", count=40, length=96, seed=1).fingerprint() != ours.fingerprint()
    assert load("waves", count=40, length=96).fingerprint() == ours.fingerprint()
    assert load("waves", count=9, kinds="sine, chirp").classes == ("sine", "chirp")
    with pytest.raises(BadInput, match="kinds"):
        load("waves", kinds="sine, cosine")


def test_a_spectrogram_shows_the_frequency():
    # 4 cycles in each window of 32 values: the whole strength of a sine of strength 1 lies at frequency 4.
    wave = np.sin(2 * np.pi * np.arange(160) / 8).astype(np.float32)
    strengths = spectrogram(wave)
    assert strengths.shape == (9, FRAME // 2 + 1)
    assert (strengths.argmax(axis=1) == 4).all()
    assert strengths[:, 4] == pytest.approx(np.ones(9), abs=1e-3)
    assert strengths[:, 12].max() < 0.1
    ours = load("waves", count=5, length=128, view="spectrogram")
    assert ours.inputs.shape == (5, 7, 17)


def test_spectrograms_as_pictures():
    ours = load("spectrograms", count=20, kinds="sine, chirp", noise=0, hum=0)
    assert ours.picture(0).shape == (17, 31, 3)
    # From bottom to top: a sine stays on one row, a chirp climbs.
    for index, label in enumerate(ours.labels.tolist()):
        rows = ours.picture(index)[:, :, 0].argmax(axis=0)
        assert (rows[0] - rows[-1] >= 1) == (label == 1) or rows.min() >= 15


# -- courses of time


@pytest.mark.parametrize("every_step", [False, True])
def test_windows_and_what_follows_by_hand(every_step):
    course = np.arange(20.0)[:, None]
    windows = Windows(steps=3, horizon=2, every=1, every_step=every_step)
    starts, part = windows.starts(20)
    inputs, future = windows.cut(course, starts)
    # Training has the steps 0 to 13, validation 14 to 16 and the test 17 to 19: only training holds windows of 5.
    assert starts.tolist() == list(range(10))
    assert part.tolist() == [0] * 10
    assert inputs[4, :, 0].tolist() == [4, 5, 6]
    assert future[4, :, 0].tolist() == ([6, 7, 8] if every_step else [7, 8])


def test_no_value_of_the_test_is_learned():
    ours = load("forecast", length=1000, steps=20, horizon=5, every=3, noise=1.0)
    assert ours.inputs.shape[1:] == (20, 1)
    assert ours.targets["future"].shape[1:] == (5, 1)
    assert ours.gives == ("future",)
    values = [
        set(np.concatenate([ours.inputs[ours.fixed == part], ours.targets["future"][ours.fixed == part]], 1).flat)
        for part in range(3)
    ]
    assert all(values)
    assert not values[0] & values[1]
    assert not values[0] & values[2]
    assert not values[1] & values[2]
    starts = np.array([int(name.split()[1]) for name in ours.names])
    assert starts[ours.fixed == 0].max() < starts[ours.fixed == 1].min()
    assert starts[ours.fixed == 1].max() < starts[ours.fixed == 2].min()


def test_the_course_is_a_mixture_of_sines_with_a_trend():
    course = sines(20000, 3, waves=4, trend=0, noise=0, seed=5)
    assert course.std(axis=0) == pytest.approx([1, 1, 1], rel=0.03)
    strengths = np.abs(np.fft.rfft(course[:, 0] * np.hanning(20000)))
    peaks = np.flatnonzero((strengths[1:-1] > strengths[:-2]) & (strengths[1:-1] > strengths[2:])) + 1
    strong = peaks[strengths[peaks] > 0.1 * strengths.max()]
    assert 1 <= len(strong) <= 4
    assert ((20000 / strong > 7.9) & (20000 / strong < 65)).all()
    rising = sines(1000, 1, 4, trend=3, noise=0, seed=5) - sines(1000, 1, 4, trend=0, noise=0, seed=5)
    assert rising[[0, -1], 0].tolist() == pytest.approx([-1.5, 1.5])


def test_a_course_too_short_is_refused():
    with pytest.raises(BadInput, match="50 steps"):
        load("forecast", length=50, steps=48, horizon=12)
    with pytest.raises(BadInput, match="fits into the first 70%"):
        load("forecast", length=60, steps=48, horizon=12)


# -- text


def test_the_fables_as_next_characters():
    text = (resources() / "texts" / "fables.txt").read_text("utf-8")
    ours = load("text", length=40, every=5)
    assert ours.classes == tuple(sorted(set(text)))
    assert ours.inputs.dtype == np.int64
    starts = [int(name.split()[1]) - 1 for name in ours.names]
    for row in (0, 100, len(ours) - 1):
        said = "".join(ours.classes[number] for number in ours.inputs[row])
        assert said == text[starts[row] : starts[row] + 40]
        follows = "".join(ours.classes[number] for number in ours.targets["tokens"][row])
        assert follows == text[starts[row] + 1 : starts[row] + 41]
    ends = [max(start for start, part in zip(starts, ours.fixed, strict=True) if part == p) + 41 for p in range(3)]
    begins = [min(start for start, part in zip(starts, ours.fixed, strict=True) if part == p) for p in range(3)]
    assert ends[0] <= begins[1] < ends[1] <= begins[2]
    assert len(load("text", lower=True).classes) < len(ours.classes)


def test_a_text_of_ones_own(tmp_path):
    (tmp_path / "mine.txt").write_bytes(("\ufeff" + "wörter und wörter\r\n" * 30).encode())
    ours = load("text", tmp_path, file="mine.txt", length=10)
    assert ours.classes == ("\n", " ", "d", "e", "n", "r", "t", "u", "w", "ö")
    (tmp_path / "bad.txt").write_bytes(b"one\ntwo\nthr\xffee\n")
    with pytest.raises(BadInput, match=r"Line 3 of bad\.txt"):
        load("text", tmp_path, file="bad.txt")
    with pytest.raises(BadInput, match="There is no file"):
        load("text", tmp_path, file="gone.txt")
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(BadInput, match="too few"):
        load("text", tmp_path, file="short.txt")


# -- tables


def test_a_series_in_each_row(tmp_path):
    rows = ["a,b,kind,c,d", "1,2,up,3,4", "4,3,down,2,1", "", "1,x,up,3,4", "1,2,up,3", "5,6, ,7,8", "0,0,flat,0,0"]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    ours = load("series_table", tmp_path, file="t.csv", label_column="kind", scale=False)
    assert ours.classes == ("down", "flat", "up")
    assert ours.inputs[:, :, 0].tolist() == [[1, 2, 3, 4], [4, 3, 2, 1], [0, 0, 0, 0]]
    assert ours.labels.tolist() == [2, 0, 1]
    assert ours.names == ("line 2", "line 3", "line 8")
    assert [(fault.name, fault.reason) for fault in ours.faults] == [
        ("t.csv, line 6", "The line has 4 cells, and the first line names 5 columns."),
        ("t.csv, line 5", "The column b holds 'x', which is no number."),
        ("t.csv, line 7", "The column kind is empty, so the series has no class."),
    ]
    scaled = load("series_table", tmp_path, file="t.csv", label_column="kind")
    assert scaled.inputs[0, :, 0] == pytest.approx([-1.3416, -0.4472, 0.4472, 1.3416], abs=1e-4)
    assert scaled.inputs[2, :, 0].tolist() == [0, 0, 0, 0]
    pairs = load("series_table", tmp_path, file="t.csv", label_column="kind", scale=False, features=2)
    assert pairs.inputs[0].tolist() == [[1, 2], [3, 4]]


def test_moments_downwards(tmp_path):
    lines = ["time;warm;wet"] + [f"day {t};{t},5;{100 - t}" for t in range(60)]
    lines[31] = "day 30;oops;70"
    (tmp_path / "t.csv").write_text("\n".join(lines))
    ours = load("series_table", tmp_path, file="t.csv", layout="columns", steps=4, horizon=2, scale=False)
    assert ours.features == ("warm", "wet")
    assert ours.inputs[0].tolist() == [[0.5, 100], [1.5, 99], [2.5, 98], [3.5, 97]]
    assert ours.targets["future"][0].tolist() == [[4.5, 96], [5.5, 95]]
    assert [(fault.name, fault.reason) for fault in ours.faults] == [
        ("t.csv, line 32", "The column warm holds 'oops', which is no number.")
    ]
    seen = np.concatenate([ours.inputs[:, :, 1], ours.targets["future"][:, :, 1]], axis=1)
    assert not (seen == 70).any()  # no window reaches across the moment that is missing
    assert (np.diff(seen, axis=1) == -1).all()
    wet = load("series_table", tmp_path, file="t.csv", layout="columns", columns="wet", steps=4, horizon=2)
    # By the training part alone: the steps 0 to 41, of mean 79.5.
    assert wet.inputs[0, 0, 0] == pytest.approx((100 - 79.5) / np.arange(42).std(), rel=1e-5)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("label,a\n", {}, "holds no table"),
        ("label,a,a\nx,1,2\n", {}, "two columns called 'a'"),
        ("name,a\nx,1\n", {}, "no column 'label'"),
        ("label,a\nx,y\n", {}, "No row of t.csv"),
        ("label,a,b,c\nx,1,2,3\n", {"features": 2}, "no steps of 2"),
        ("a,b\nx,y\n", {"layout": "columns"}, "no column of numbers"),
        ("a,b\n1,2\n", {"layout": "columns", "columns": "c"}, "no column 'c'"),
        ("a,b\n1,2\n", {"layout": "columns"}, "has 1 steps"),
        ('label,a\nx,"1\n', {}, "line"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, content, options, words):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(BadInput) as caught:
        load("series_table", tmp_path, file="t.csv", **options)
    assert words in f"{caught.value.what} {caught.value.advice}"


def test_a_table_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(BadInput, match="No table has been chosen"):
        load("series_table", tmp_path)
    with pytest.raises(BadInput, match="There is no file"):
        load("series_table", tmp_path, file="gone.csv")
    (tmp_path / "t.csv").write_bytes(b"label,a\nx,1\ny,\xff\n")
    with pytest.raises(BadInput, match=r"Line 3 of t\.csv"):
        load("series_table", tmp_path, file="t.csv")


def test_a_first_line_of_numbers_is_not_lost_without_a_word(tmp_path):
    rows = [f"{np.sin(step):.3f},{step}.5" for step in range(60)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(rows))
    found = load("series_table", file=str(path), layout="columns", steps=4, horizon=2)
    assert [fault.name for fault in found.faults] == ["t.csv, line 1"]
    assert "put a line of names above it" in found.faults[0].reason
    for names in ("0,1", "1,2", "height,2.5"):
        path.write_text("\n".join([names, *rows]))
        assert load("series_table", file=str(path), layout="columns", steps=4, horizon=2).faults == ()
