"""Every dataset: found where the user says, refused in words, compared with scikit-learn and torchvision."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.base import DATASETS, parse_source
from engine.datasets.download import fetch
from engine.datasets.spec import Choice
from engine.errors import BadInput, JobCancelled, JobFailed
from engine.events import Progress
from engine.paths import data_dir

RANDOM = np.random.default_rng(0)


def load(id, root=Path(), **options):
    return parse_source(Choice(id=id, options=options)).load(root, lambda event: None, CancelSource().token)


def save(path, value=0, size=(12, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)


@pytest.mark.parametrize("id", sorted(DATASETS))
def test_every_dataset_explains_itself(id):
    declaration = DATASETS.get(id)
    assert declaration.label
    assert declaration.help.endswith(".")
    assert declaration.__doc__
    assert all(field.description for field in declaration.model_fields.values())
    assert declaration() == declaration.model_validate(declaration().model_dump())


@pytest.mark.parametrize(
    ("id", "option", "said"),
    [("shapes", "objects", "Objects in a picture"), ("voc", "from_one", "Pixels count from 1"),
     ("text", "length", "Window length"), ("forecast", "every_step", "Ask at every step"),
     ("forecast", "every", "Window every"), ("series_table", "every", "Window every")],
)  # fmt: skip
def test_options_whose_names_say_too_little_are_called_in_words(id, option, said):
    assert DATASETS.get(id).model_fields[option].title == said


def test_the_text_of_the_shapes_speaks_of_all_of_them():
    from engine.datasets.scenes.solids import SOLIDS

    words = {"circle": "ball"}
    assert all(words.get(name, name) in DATASETS.get("shapes").__doc__.split("\n")[0] for name in SOLIDS)


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    theirs = load_digits()
    ours = load("digits")
    assert ours.classes == tuple("0123456789")
    assert len(ours) == 1797
    assert np.array_equal(ours.labels, theirs.target)
    assert len(set(ours.names)) == 1797
    picture = ours.picture(1234)
    assert picture.shape == (8, 8, 3)
    assert np.abs(picture[:, :, 0] / 255 * 16 - theirs.images[1234]).max() < 0.04
    assert ours.picture(0).max() == 239  # its darkest stroke is 15 of 16
    assert load("digits").fingerprint() == ours.fingerprint()


@pytest.mark.parametrize(
    ("id", "options"),
    [
        ("digits", {}),
        ("digits", {"turns": True}),
        ("shapes", {"count": 3, "shapes": "star, ring"}),
        ("waves", {"count": 3, "kinds": "sine, saw"}),
        ("spectrograms", {"count": 3}),
    ],
)
def test_classes_that_are_known_beforehand(id, options):
    assert parse_source(Choice(id=id, options=options)).known_classes() == len(load(id, **options).classes)


def test_turned_digits_are_further_classes():
    plain, ours = load("digits"), load("digits", turns=True)
    assert plain.fingerprint() == "fef1ca9fbaacca8ea6858d55eb685d52"  # as it has been since the first version
    assert len(ours) == 4 * 1797
    assert len(ours.classes) == len(set(ours.classes)) == 40
    assert ours.classes[3] == "3"
    assert ours.classes[13] == "3 90°"
    assert np.bincount(ours.labels).tolist() == np.tile(np.bincount(plain.labels), 4).tolist()
    upright, right, head = (ours.picture(1797 * quarter + 20) for quarter in range(3))
    assert np.array_equal(right[:, -1], upright[0])  # clockwise: what was on top is on the right
    assert np.array_equal(head, upright[::-1, ::-1])


# -- a folder per class


def test_a_folder_per_class(tmp_path):
    for name in ("dog/b.png", "dog/a.JPG", "cat/x/deep.bmp", "Ant/1.gif"):
        save(tmp_path / "pets" / name, 40)
    (tmp_path / "pets" / "empty").mkdir()
    (tmp_path / "pets" / ".hidden").mkdir()
    (tmp_path / "pets" / "dog" / "notes.txt").write_text("mine")
    (tmp_path / "pets" / "dog" / "Thumbs.db").write_text("")
    ours = load("folder", tmp_path, folder="pets")
    assert ours.classes == ("Ant", "cat", "dog")
    assert dict(zip(ours.names, ours.labels.tolist(), strict=True)) == {
        "Ant/1.gif": 0, "cat/x/deep.bmp": 1, "dog/a.JPG": 2, "dog/b.png": 2,
    }  # fmt: skip
    assert [fault.name for fault in ours.faults] == ["dog/notes.txt", "empty/"]
    assert (ours.fixed == -1).all()
    assert ours.picture(3).shape == (12, 10, 3)
    assert load("folder", Path(), folder=str(tmp_path / "pets")).names == ours.names


def test_folders_that_prescribe_the_parts(tmp_path):
    for part, names in {"Train": "abc", "val": "a", "test": "ab"}.items():
        for name in names:
            save(tmp_path / part / name / "1.png")
    ours = load("folder", tmp_path, folder=".")
    assert ours.classes == ("a", "b", "c")
    assert sorted(zip(ours.names, ours.fixed.tolist(), strict=True)) == [
        ("Train/a/1.png", 0), ("Train/b/1.png", 0), ("Train/c/1.png", 0),
        ("test/a/1.png", 2), ("test/b/1.png", 2), ("val/a/1.png", 1),
    ]  # fmt: skip


def test_a_class_may_be_called_test(tmp_path):
    for name in ("test", "quiz"):
        save(tmp_path / name / "1.png")
    assert load("folder", tmp_path, folder=".").classes == ("quiz", "test")


def test_the_fingerprint_follows_the_files(tmp_path):
    for name in ("a/1.png", "b/1.png"):
        save(tmp_path / name)
    before = load("folder", tmp_path, folder=".").fingerprint()
    assert load("folder", tmp_path, folder=".").fingerprint() == before
    save(tmp_path / "b/1.png", 9, (40, 40))
    changed = load("folder", tmp_path, folder=".").fingerprint()
    assert changed != before
    shutil.move(tmp_path / "b/1.png", tmp_path / "a/2.png")
    assert load("folder", tmp_path, folder=".").fingerprint() not in (before, changed)


@pytest.mark.parametrize(("files", "folder", "sentence"), [
    ((), "", "No picture folder has been chosen"),
    ((), "nowhere", "There is no folder .*nowhere"),
    ((), ".", "holds no pictures"),
    (("1.png", "2.png"), ".", "2 pictures but no class folders"),
    (("train/1.png", "test/2.png"), ".", "2 pictures but no class folders"),
])  # fmt: skip
def test_folders_that_will_not_do(tmp_path, files, folder, sentence):
    for name in files:
        save(tmp_path / name)
    with pytest.raises(BadInput, match=sentence):
        load("folder", tmp_path, folder=folder)


def test_looking_through_a_folder_can_be_cancelled(tmp_path):
    save(tmp_path / "a/1.png")
    source = CancelSource()
    source.cancel()
    with pytest.raises(JobCancelled):
        parse_source(Choice(id="folder", options={"folder": "."})).load(tmp_path, lambda event: None, source.token)


# -- MNIST and its like


def write_idx(path, array, packed=False):
    data = bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    if packed:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(data))
    else:
        path.write_bytes(data)


def write_mnist(folder, packed=False, train=30, test=12):
    for stem, count in (("train", train), ("t10k", test)):
        write_idx(folder / f"{stem}-images-idx3-ubyte", RANDOM.integers(0, 256, (count, 28, 28), np.uint8), packed)
        write_idx(folder / f"{stem}-labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8), packed)


@pytest.mark.parametrize(("id", "name"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_a_local_copy_is_read_as_torchvision_reads_it(tmp_path, id, name):
    import torchvision

    write_mnist(tmp_path / name / "raw")
    theirs = [getattr(torchvision.datasets, name)(tmp_path, train=train) for train in (True, False)]
    for folder in (tmp_path, tmp_path / name / "raw", tmp_path / name):
        ours = load(id, folder=str(folder))
        assert len(ours) == 42
        assert np.array_equal(ours.labels, np.concatenate([part.targets.numpy() for part in theirs]))
        for index in (0, 29, 30, 41):
            part, place = (theirs[0], index) if index < 30 else (theirs[1], index - 30)
            assert np.array_equal(ours.picture(index)[:, :, 2], np.asarray(part[place][0]))
    assert ours.fixed.tolist() == [-1] * 30 + [2] * 12
    if id == "fashion_mnist":
        assert list(ours.classes) == theirs[0].classes
    mixed = load(id, folder=str(tmp_path), published_test=False)
    assert (mixed.fixed == -1).all()


def test_gzipped_files_and_the_projects_own_folder(tmp_path):
    write_mnist(tmp_path / "data", packed=True)
    assert len(load("mnist", tmp_path, folder="data")) == 42


def test_downloads_are_found_again_without_naming_them():
    write_mnist(data_dir() / "datasets" / "MNIST" / "raw", packed=True)
    assert len(load("mnist")) == 42
    with pytest.raises(BadInput, match="Fashion-MNIST is not on this machine"):
        load("fashion_mnist")


@pytest.mark.parametrize("id", ["mnist", "fashion_mnist", "cifar10"])
def test_not_found_says_where_it_looked_and_how_to_bring_it(tmp_path, id):
    with pytest.raises(BadInput) as caught:
        load(id, tmp_path, folder="stick")
    assert DATASETS.get(id).label in caught.value.what
    assert str(tmp_path / "stick") in caught.value.what
    assert "USB stick" in caught.value.advice
    assert all(file in caught.value.advice for file in DATASETS.get(id).files)


@pytest.mark.parametrize("damage", ["cut", "magic", "labels", "class", "gzip"])
def test_damaged_idx_files_are_told(tmp_path, damage):
    write_mnist(tmp_path)
    images, labels = tmp_path / "train-images-idx3-ubyte", tmp_path / "train-labels-idx1-ubyte"
    if damage == "cut":
        images.write_bytes(images.read_bytes()[:-7])
        sentence = r"should hold 23,520 bytes after its header and holds 23,513"
    elif damage == "magic":
        images.write_bytes(b"\x80\x02" + images.read_bytes()[2:])
        sentence = "not an IDX file"
    elif damage == "labels":
        write_idx(labels, np.zeros(3, np.uint8))
        sentence = "30 pictures for 3 labels"
    elif damage == "class":
        write_idx(labels, np.full(30, 11, np.uint8))
        sentence = "go up to 11"
    else:
        write_idx(images, np.zeros((30, 28, 28), np.uint8), packed=True)
        packed = tmp_path / "train-images-idx3-ubyte.gz"
        packed.write_bytes(packed.read_bytes()[:20])
        images.unlink()
        sentence = "damaged or cut off"
    with pytest.raises(BadInput, match=sentence):
        load("mnist", folder=str(tmp_path))


# -- CIFAR-10


def write_cifar(folder, count=4):
    folder.mkdir(parents=True, exist_ok=True)
    images = RANDOM.integers(0, 256, (6 * count, 32, 32, 3), np.uint8)
    labels = (np.arange(6 * count) % 10).astype(np.uint8)
    names = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]
    for number, name in enumerate(names):
        rows = slice(number * count, (number + 1) * count)
        planes = images[rows].transpose(0, 3, 1, 2).reshape(count, -1)
        (folder / name).write_bytes(np.concatenate([labels[rows, None], planes], axis=1).tobytes())
    return images, labels


def test_cifar_in_its_binary_form(tmp_path):
    images, labels = write_cifar(tmp_path / "cifar-10-batches-bin")
    for folder in (tmp_path, tmp_path / "cifar-10-batches-bin"):
        ours = load("cifar10", folder=str(folder))
        assert np.array_equal(ours.labels, labels)
        assert np.array_equal(np.stack([ours.picture(index) for index in range(24)]), images)
        assert ours.fixed.tolist() == [-1] * 20 + [2] * 4
    assert ours.classes[:3] == ("airplane", "automobile", "bird")


def test_cifar_that_is_not_the_published_one_is_never_opened(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        (folder / name).write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    (folder / "batches.meta").write_bytes(b"")
    with pytest.raises(BadInput, match="not the published CIFAR-10"):
        load("cifar10", folder=str(tmp_path))
    shutil.rmtree(folder)
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"no archive")
    with pytest.raises(BadInput, match="checksum differs"):
        load("cifar10", folder=str(tmp_path))


def test_cifar_cut_off(tmp_path):
    write_cifar(tmp_path)
    (tmp_path / "data_batch_2.bin").write_bytes(b"\0" * 3000)
    with pytest.raises(BadInput, match=r"data_batch_2\.bin has 3,000 bytes"):
        load("cifar10", folder=str(tmp_path))


# -- downloads


def serve(monkeypatch, folder, resources):
    """Let torchvision's addresses of MNIST point to a folder."""
    import torchvision

    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [folder.as_uri() + "/"])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)


def test_nothing_is_fetched_unless_asked(tmp_path, monkeypatch):
    served = tmp_path / "served"
    write_mnist(served, packed=True)
    sums = [(path.name, hashlib.md5(path.read_bytes()).hexdigest()) for path in sorted(served.iterdir())]
    serve(monkeypatch, served, sums)
    with pytest.raises(BadInput, match="looked for"):
        load("mnist", tmp_path, folder="mine")
    assert not (tmp_path / "mine").exists()
    assert len(load("mnist", tmp_path, folder="mine", download=True)) == 42
    assert len(list((tmp_path / "mine" / "MNIST" / "raw").iterdir())) == 4
    shutil.rmtree(served)
    assert len(load("mnist", tmp_path, folder="mine", download=True)) == 42  # from what is there


def test_without_a_network_a_download_says_what_to_do(tmp_path, monkeypatch):
    serve(monkeypatch, tmp_path / "nowhere", [("train-images-idx3-ubyte.gz", "0" * 32)])
    with pytest.raises(JobFailed, match=r"train-images-idx3-ubyte\.gz could not be downloaded.*USB stick"):
        load("mnist", tmp_path, folder="mine", download=True)


def test_a_download_is_checked_whole_and_reported(tmp_path):
    served = tmp_path / "served.bin"
    served.write_bytes(bytes(range(256)) * 4000)
    md5 = hashlib.md5(served.read_bytes()).hexdigest()
    events = []
    target = tmp_path / "into" / "file.bin"
    addresses = [(tmp_path / "missing.bin").as_uri(), served.as_uri()]
    fetch(addresses, md5, target, events.append, CancelSource().token)
    assert target.read_bytes() == served.read_bytes()
    assert isinstance(events[-1], Progress)
    assert events[-1].done == events[-1].total == 1_024_000
    assert [path.name for path in target.parent.iterdir()] == ["file.bin"]


def test_a_wrong_download_is_thrown_away(tmp_path):
    (tmp_path / "served.bin").write_bytes(b"something else")
    target = tmp_path / "into" / "file.bin"
    with pytest.raises(JobFailed, match="not what was published"):
        fetch([(tmp_path / "served.bin").as_uri()], "0" * 32, target, lambda event: None, CancelSource().token)
    assert list(target.parent.iterdir()) == []


def test_a_download_can_be_cancelled(tmp_path):
    (tmp_path / "served.bin").write_bytes(b"x" * 3_000_000)
    source = CancelSource()
    target = tmp_path / "into" / "file.bin"
    with pytest.raises(JobCancelled):
        fetch([(tmp_path / "served.bin").as_uri()], "0", target, lambda event: source.cancel(), source.token)
    assert list(target.parent.iterdir()) == []
