"""Volumes: solids drawn by the program, files and slices of one's own, shown as three cuts, told apart."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.base import DATASETS, SeriesSet, parse_source
from engine.datasets.drawn_frames import GAP, drawn
from engine.datasets.drawn_series import DrawnSeries
from engine.datasets.formats.volumes import MOST_SLICES, Scaling, fitted, read_volume
from engine.datasets.prepare import prepare
from engine.datasets.sequences.solids import LEVELS, SOLIDS, Level
from engine.datasets.sequences.solids import Solids as Recipe
from engine.datasets.spec import Choice, DataSpec
from engine.errors import BadInput, JobCancelled
from engine.gallery import open_network
from engine.gallery.base import Drawing
from engine.graph.analyse import analyse
from engine.inference.predictor import open_predictor
from engine.inference.stream import predict_stream
from engine.project.spec import ProjectSpec
from engine.project.suiting import unsuited
from tests.helpers.run_folders import run_folder

RANDOM = np.random.default_rng(5)


def load(id: str, root: Path = Path(), **options: object) -> SeriesSet:
    found = parse_source(Choice(id=id, options=options)).load(root, lambda event: None, CancelSource().token)
    assert isinstance(found, SeriesSet)
    return found


def saved(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)
    return path


# -- drawn by the program


def test_generated_volumes_follow_from_options_and_number_alone() -> None:
    ours = load("solids", count=24, size=12)
    assert ours.inputs.shape == (24, 1, 12, 12, 12)
    assert ours.inputs.dtype == np.uint8
    assert ours.classes == ("sphere", "cube", "pyramid", "torus")
    assert np.array_equal(load("solids", count=30, size=12).inputs[:24], ours.inputs)
    assert load("solids", count=24, size=12, seed=1).fingerprint() != ours.fingerprint()
    with pytest.raises(BadInput, match="kinds"):
        load("solids", kinds="sphere, egg")
    source = CancelSource()
    with pytest.raises(JobCancelled):
        DATASETS.get("solids")(count=500).load(Path(), lambda event: source.cancel(), source.token)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("sphere", 4 / 3 * np.pi * 0.85**3),
        ("cube", (2 * 0.68) ** 3),
        ("pyramid", 1 / 3 * (0.95 + 0.7) ** 2 * (0.95 + 0.7)),
        ("torus", 2 * np.pi**2 * 0.65 * 0.28**2),
    ],
)
def test_a_body_has_the_content_that_geometry_says(kind: str, content: float) -> None:
    """Whatever its place and turn, in units of its radius; by the formulas of the textbooks."""
    still = Level(noise=0.0, contrast=0.7, tilt=np.pi, radius=(0.34, 0.34))
    for index in range(6):
        volume, label = Recipe((kind,), 40, still, 1).volume(index)
        values = volume.astype(np.float64)
        share = (values - values.min()) / (values.max() - values.min())
        assert label == 0
        assert share.sum() / (0.34 * 40) ** 3 == pytest.approx(content, rel=0.03)


def test_harder_volumes_hide_the_body_better() -> None:
    assert list(LEVELS) == ["easy", "medium", "hard"]
    rough = [
        np.abs(np.diff(Recipe(("cube",), 16, level, 0).volume(1)[0].astype(float))).mean() for level in LEVELS.values()
    ]
    assert rough == sorted(rough)
    assert set(SOLIDS) == {"sphere", "cube", "pyramid", "torus"}


# -- the user's own


def test_files_and_folders_of_slices_in_class_folders(tmp_path: Path) -> None:
    ramp = np.arange(8, dtype=np.uint8)[:, None, None] * np.full((1, 8, 8), 10, np.uint8)
    saved(tmp_path / "bone" / "a.npy", ramp)
    np.savez(tmp_path / "bone" / "b.npz", volume=ramp[::-1], other=np.zeros(3))
    for number in range(12):  # 2 comes before 10
        path = tmp_path / "soft" / "scan" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 10 * number, np.uint8)).save(path)
    ours = load("volumes", tmp_path, folder=".", size=8)
    assert ours.classes == ("bone", "soft")
    assert ours.names == ("bone/a.npy", "bone/b.npz", "soft/scan")
    assert ours.labels.tolist() == [0, 0, 1]
    assert not ours.faults
    assert np.array_equal(ours.inputs[0, 0], ramp)
    assert np.array_equal(ours.inputs[1, 0], ramp[::-1])
    depth = ours.inputs[2, 0, :, 4, 4].astype(int)  # 12 slices become 8
    assert (np.diff(depth) > 8).all()
    assert abs(depth - np.linspace(2.5, 107.5, 8)).max() < 1.5


def test_what_is_no_volume_is_left_out_by_name(tmp_path: Path) -> None:
    saved(tmp_path / "a" / "good.npy", RANDOM.random((9, 10, 11)))
    saved(tmp_path / "a" / "flat.npy", np.zeros((5, 5)))
    saved(tmp_path / "a" / "nan.npy", np.full((4, 4, 4), np.nan))
    saved(tmp_path / "a" / "words.npy", np.full((2, 2, 2), "x"))
    saved(tmp_path / "a" / "long.npy", np.zeros((MOST_SLICES + 1, 2, 2), np.uint8))
    np.savez(tmp_path / "a" / "two.npz", one=np.zeros((4, 4, 4)), two=np.zeros((4, 4, 4)))
    (tmp_path / "a" / "cut.npy").write_bytes((tmp_path / "a" / "good.npy").read_bytes()[:300])
    (tmp_path / "a" / "empty.npy").write_bytes(b"")
    (tmp_path / "a" / "zip.npz").write_bytes(b"PK")
    for folder, sides in (("slices", (8, 9)), ("single", (8,))):
        for number, side in enumerate(sides):
            path = tmp_path / "a" / folder / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(np.zeros((side, side), np.uint8)).save(path)
    saved(tmp_path / "loose.npy", np.zeros((4, 4, 4)))
    ours = load("volumes", tmp_path, folder=".", size=8)
    assert ours.names == ("a/good.npy",)
    reasons = {fault.name: fault.reason for fault in ours.faults}
    for name, word in {
        "a/flat.npy": "three axes", "a/nan.npy": "not finite", "a/words.npy": "plain numbers", "a/long.npy": "limit",
        "a/two.npz": "2 arrays", "a/cut.npy": "no plain array", "a/empty.npy": "no plain array",
        "a/zip.npz": "no plain array", "a/slices": "9×9 pixels", "a/single": "1 slices", "loose.npy": "class",
    }.items():  # fmt: skip
        assert word in reasons.pop(name), name
    assert not reasons


class _Spy:
    ran = False

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return (setattr, (_Spy, "ran", True))  # type: ignore[return-value]


def test_nothing_in_a_file_is_ever_run(tmp_path: Path) -> None:
    trap = np.empty((2, 2, 2), object)
    trap[:] = _Spy()
    path = tmp_path / "trap.npy"
    np.save(path, trap, allow_pickle=True)
    packed = tmp_path / "trap.npz"
    np.savez(packed, volume=trap)
    bare = tmp_path / "bare.npy"
    bare.write_bytes(pickle.dumps(_Spy()))
    for one in (path, packed, bare):
        with pytest.raises(BadInput, match="no plain array of numbers"):
            read_volume(one, 8, Scaling())
    assert not _Spy.ran


def test_values_become_bytes_as_the_words_say(tmp_path: Path) -> None:
    values = np.linspace(-1000, 1000, 5**3).reshape(5, 5, 5)
    path = saved(tmp_path / "v.npy", values)
    own = read_volume(path, 8, Scaling())
    assert (own.min(), own.max()) == (0, 255)
    window = Scaling(0.0, 500.0).bytes_of(values, "v")
    assert np.array_equal(window, np.rint(255 * (values / 500).clip(0, 1)).astype(np.uint8))
    assert not Scaling().bytes_of(np.full((3, 3, 3), 7.5), "even").any()
    as_is = np.array([[[3, 200]]], np.uint8)
    assert np.array_equal(Scaling().bytes_of(as_is, "bytes"), as_is)
    with pytest.raises(BadInput, match="must be above"):
        load("volumes", low=5.0, high=5.0)


def test_every_axis_is_brought_to_the_size() -> None:
    """Means over blocks of two along each axis, where it shrinks by half."""
    volume = RANDOM.integers(0, 256, (8, 16, 12)).astype(np.uint8)
    blocks = volume.reshape(4, 2, 4, 4, 4, 3).mean(axis=(1, 3, 5))
    assert np.abs(fitted(volume, 4).astype(float) - blocks).max() <= 1.5


def test_what_is_no_folder_of_volumes_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has been chosen"):
        load("volumes", tmp_path)
    with pytest.raises(BadInput, match="holds no volumes"):
        load("volumes", tmp_path, folder=".")
    saved(tmp_path / "a.npy", np.zeros((4, 4, 4)))
    with pytest.raises(BadInput, match="1 volume but no class folders"):
        load("volumes", tmp_path, folder=".")


# -- on their way into a network


def test_volumes_reach_the_network_from_0_to_1_and_are_checked_against_it() -> None:
    data = DataSpec(source=Choice(id="solids", options={"count": 40, "size": 8}))
    prepared = prepare(data, Path(), lambda event: None, CancelSource().token)
    assert prepared.train.inputs.dtype == torch.uint8
    assert float(prepared.preprocessor.normalise(prepared.train.inputs).max()) == prepared.train.inputs.max() / 255
    network = open_network("voxnet", num_classes=4)  # 1×32×32×32
    project = ProjectSpec(task="sequence", network=network, data=DataSpec(source=Choice(id="solids")))
    problem = unsuited(project, analyse(network), 4)
    assert problem is not None
    assert "The data is 1×16×16×16 and the network's input 'input' takes 1×32×32×32" in problem.message
    mended = problem.repairs[0].apply(network)
    assert unsuited(project.with_(network=mended), analyse(mended), 4) is None


def test_a_volume_is_shown_as_three_cuts() -> None:
    volume = np.zeros((1, 4, 6, 8), np.uint8)
    volume[0, 2], volume[0, :, 3], volume[0, :, :, 4] = 50, 100, 200
    cuts = drawn(volume)
    assert cuts.shape == (2 * 6 + 3 * GAP, 2 * 8 + 3 * GAP)
    assert cuts[GAP, GAP] == 50, "from above"
    assert cuts[GAP, GAP + 10] == 100, "from the front"
    assert cuts[2 * GAP + 6, GAP] == 200, "from the side"
    ours = load("solids", count=3, size=8)
    assert DrawnSeries(ours).extent == "8×8×8 values each"
    assert DrawnSeries(ours).picture(0).shape == (2 * 8 + 3 * GAP, 2 * 8 + 3 * GAP, 3)


# -- asked


def bright_run(folder: Path) -> Path:
    """Says "full" where the mean of a volume is above 0.5."""
    net = Drawing("Mean")
    last = net.chain(net.input(1, 8, 8, 8), ("Flatten", "flatten"), ("Linear", "fc", {"out_features": 2}))
    weights = {"fc.weight": np.stack([np.zeros(512), np.full(512, 10 / 512)]), "fc.bias": [0.0, -5.0]}
    source = Choice(id="volumes", options={"size": 8, "low": 0.0, "high": 1.0})
    return run_folder(folder, net.output(last), "sequence", ("empty", "full"), source=source, weights=weights)


def test_a_run_is_asked_of_files_and_folders(tmp_path: Path) -> None:
    run = bright_run(tmp_path / "run")
    saved(tmp_path / "v" / "a.npy", np.full((4, 5, 6), 0.9))
    saved(tmp_path / "v" / "b.npy", np.full((4, 5, 6), 0.2))
    (tmp_path / "v" / "c.npy").write_bytes(b"no")

    def ask(source: Path, **options: object) -> list[dict[str, object]]:
        told.clear()
        save = options.get("save")
        return list(predict_stream(str(run), str(source), None, save, told.append, CancelSource().token, device="cpu"))  # type: ignore[arg-type]

    told: list[object] = []
    (one,) = ask(tmp_path / "v" / "a.npy")
    assert (one["name"], one["label"]) == ("a.npy", "full")
    assert one["score"] == pytest.approx(1 / (1 + np.exp(-(10 * round(0.9 * 255) / 255 - 5))), abs=1e-3)
    both = ask(tmp_path / "v", save=tmp_path / "out.csv")
    assert [(line["name"], line["label"]) for line in both] == [("a.npy", "full"), ("b.npy", "empty")]
    assert "c.npy" in told[0].what  # type: ignore[attr-defined]
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[0] == "name,label,score"
    with pytest.raises(BadInput, match="is no volume"):
        ask(tmp_path / "nowhere.mp4")
    with pytest.raises(BadInput, match="reads volumes, not pictures"):
        open_predictor(str(run), "cpu")
