"""Damaged and hostile files: byte flips, cuts, values that nobody would write, bombs, links and disguised pickles."""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CANARY = "vitrine_canary"  # a module that the guard watches: nothing may import it
OUTSIDE = "outside.txt"

_INNER = {"params", "options"}
# What a mutation puts in the place of a value.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 7, 2**31, 2**63, -(2**63), 10**29, 0.5, -0.0, 1e308, -1e308, 5e-324,
    "", " ", "0", "x" * 300, "x" * 30_000, "__import__", "__class__", "__init__", "os.system", CANARY, f"{CANARY}.run",
    "../../x", "..", "/etc/passwd", "file:///etc/passwd", "C:\\Windows\\x", "\\\\server\\share", "a\nb", "\u202e\u200b",
    "é", "😀", "forward", "self", "class", "training", "{}", "%s%n", "'); import os; #", '"""\nimport os\n"""',
    "Conv2d", "Block", "Input", "Output", [], {}, [[]], [0], [1] * 50, [1e9, 1e9], [-1, -1], {"a": {}}, {"id": "x"},
    {"__class__": "os"}, {"__import__": "os"}, ["__import__('os').system('true')"], [[[[[[[[[[1]]]]]]]]]],
)  # fmt: skip


class Payload:
    """Unpickling this imports the canary and would run a command."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"echo owned > {OUTSIDE}",)


class Import:
    def __reduce__(self) -> tuple[Any, ...]:
        return __import__, (CANARY,)


@dataclass(frozen=True)
class Case:
    """One hostile file: `write` puts it into an empty folder and returns the path to be opened as `kind`."""

    name: str
    kind: str  # "project" | "network" | "run"
    write: Callable[[Path], Path]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a parsed JSON file."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def mutate(plain: Any, chance: random.Random) -> Any:
    """A copy of a parsed file with one to four values replaced, removed, doubled, renamed or added."""
    plain = copy.deepcopy(plain)
    # Half of them break only what a reader cannot know the meaning of, and so come further in.
    deep = chance.random() < 0.5
    for _ in range(chance.randint(1, 4)):
        every = [path for path in places(plain) if path and (not deep or _INNER.intersection(path[:-1]))]
        if not every:
            return chance.choice(VALUES)
        *way, last = chance.choice(every)
        holder = plain
        for step in way:
            holder = holder[step]
        action = chance.choice(("replace", "replace", "replace", "remove", "double", "rename", "add"))
        if action == "replace":
            holder[last] = copy.deepcopy(chance.choice(VALUES))
        elif action == "remove":
            del holder[last]
        elif isinstance(holder, list):
            holder.insert(0, copy.deepcopy(holder[last] if action == "double" else chance.choice(VALUES)))
        elif action == "rename":
            holder[str(chance.choice(VALUES))[:50]] = holder.pop(last)
        else:
            holder[chance.choice(("extra", "__class__", "id", "type"))] = copy.deepcopy(chance.choice(VALUES))
    return plain


def damage(data: bytes, chance: random.Random) -> bytes:
    """A copy with bytes flipped, cut off, removed, doubled or overwritten."""
    bytes_ = bytearray(data)
    action = chance.choice(("flip", "flip", "cut", "remove", "double", "zero", "random"))
    at = chance.randrange(max(len(bytes_), 1))
    if action == "flip":
        for _ in range(chance.randint(1, 8)):
            bytes_[chance.randrange(len(bytes_))] ^= 1 << chance.randrange(8)
    elif action == "cut":
        del bytes_[at:]
    elif action == "remove":
        del bytes_[at : at + chance.randint(1, 64)]
    elif action == "double":
        bytes_[at:at] = bytes_[at : at + chance.randint(1, 64)]
    else:
        length = chance.randint(1, 64)
        bytes_[at : at + length] = bytes(length) if action == "zero" else chance.randbytes(length)
    return bytes(bytes_)


def texts(valid: str) -> dict[str, bytes]:
    """Whole files that are no proper JSON file of ours."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../outside.txt", "x")
    return {
        "empty": b"", "blank": b" \n\t", "null": b"null", "list": b"[]", "object": b"{}", "number": b"7",
        "text": b'"x"', "nul bytes": bytes(1000), "noise": random.Random(1).randbytes(5000),
        "utf-16": valid.encode("utf-16"), "latin-1": '{"é": 1}'.encode("latin-1"),
        "byte order mark": b"\xef\xbb\xbf" + valid.encode(), "two files": (valid + valid).encode(),
        "comment": b"// x\n" + valid.encode(), "trailing comma": b"[1,]", "too large": b" " * (17 * 2**20),
        "many values": b"[" + b"0," * 2**20 + b"0]", "deep lists": b"[" * 100_000,
        "deep and whole": b"[" * 1000 + b"]" * 1000, "deep objects": b'{"a":' * 50_000,
        "brackets in a text": b'"' + b"[" * 9999, "escapes": b'"' + b"\\\\" * 2**20, "quotes": b'\\"' * 2**20,
        "huge float": b'{"format": 1e999}', "long float": b"[0." + b"9" * 10**6 + b"]",
        "huge integer": b"[" + b"9" * 10**6 + b"]", "not a number": b"[NaN]", "infinity": b"[Infinity, -Infinity]",
        "key twice": b'{"format": "a", "format": "b"}', "surrogate": b'{"format": "\\ud800"}',
        "nul in a text": b'{"format": "a\\u0000b"}', "zip": zipped.getvalue(), "gzip bomb": gzip.compress(bytes(10**7)),
        "yaml": b"!!python/object/apply:os.system ['true']", "program": b"\x7fELF" + bytes(500),
        "script": b"import os; os.system('true')",
        **{f"pickle {p}": pickle.dumps(Payload(), p) for p in (0, 2, 4)},
        **{f"pickled import {p}": pickle.dumps(Import(), p) for p in (0, 2, 4)},
    }  # fmt: skip


def special_files(name: str, valid: str) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Things that stand where a file should: links, pipes, devices, folders, holes. POSIX only."""

    def link(target: str) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            (folder / name).symlink_to(target)
            return folder / name

        return make

    def pipe(folder: Path) -> Path:
        os.mkfifo(folder / name)
        return folder / name

    def directory(folder: Path) -> Path:
        (folder / name).mkdir()
        return folder / name

    def hole(folder: Path) -> Path:
        with open(folder / name, "wb") as file:
            file.truncate(2**40)
        return folder / name

    def link_outside(folder: Path) -> Path:
        (folder / "inner").mkdir()
        (folder / "target.json").write_text(valid, encoding="utf-8")
        (folder / "inner" / name).symlink_to(Path("..") / "target.json")
        return folder / "inner" / name

    def missing(folder: Path) -> Path:
        return folder / "nowhere" / name

    yield "link to a system file", link("/etc/passwd")
    yield "link to itself", link(name)
    yield "link to a device", link("/dev/zero")
    yield "link to nothing", link("nowhere")
    yield "link outside", link_outside
    yield "pipe", pipe
    yield "folder", directory
    yield "sparse terabyte", hole
    yield "missing", missing


def _written(name: str, data: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def json_cases(kind: str, name: str, seeds: list[Any], mutated: int, damaged: int, seed: int) -> Iterator[Case]:
    """Hostile forms of a JSON file `name`; `seeds` are valid files, parsed."""
    chance = random.Random(seed)
    valid = json.dumps(seeds[0])
    for label, data in texts(valid).items():
        yield Case(f"{kind}: {label}", kind, _written(name, data))
    if hasattr(os, "mkfifo"):
        for label, write in special_files(name, valid):
            yield Case(f"{kind}: {label}", kind, write)
    for number in range(mutated):
        plain = mutate(chance.choice(seeds), chance)
        data = json.dumps(plain, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
        yield Case(f"{kind}: mutated {number}", kind, _written(name, data))
    for number in range(damaged):
        data = damage(json.dumps(chance.choice(seeds)).encode(), chance)
        yield Case(f"{kind}: damaged {number}", kind, _written(name, data))


def weights_in_disguise() -> dict[str, bytes]:
    """Files that pretend to be checkpoints or weights."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Payload(), 2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
        archive.writestr("../../outside.txt", "owned")
    header = b'{"w":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}'
    return {
        "empty": b"",
        "noise": random.Random(2).randbytes(4096),
        **{f"pickle {p}": pickle.dumps(Payload(), p) for p in (0, 2, 4)},
        **{f"import {p}": pickle.dumps(Import(), p) for p in (0, 2, 4)},
        "pickle in a zip": zipped.getvalue(),
        "dict with a payload": pickle.dumps({"format": "vitrine-checkpoint", "version": 1, "model": Payload()}, 2),
        "safetensors with a huge header": struct.pack("<Q", 2**63) + b"{}",
        "safetensors with a huge tensor": struct.pack("<Q", len(header)) + header + bytes(100),
        "safetensors with a list": struct.pack("<Q", 2) + b"[]",
        "json": b"{}",
    }
